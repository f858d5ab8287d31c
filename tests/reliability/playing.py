"""Plays evenings of the model, as many steps as asked for: the same ones each time in the tests, new ones in `make soak`.

`python -m tests.reliability.playing MINUTES` is `make soak`: it plays new evenings until the time is over, and prints what
happened; it ends with 1 and the steps that led there where the promise was broken.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from app.db import Database
from tests.reliability.lossy import Lossy
from tests.reliability.model import Evening, World
from tests.running import Server

STEPS = 150  # an evening
ALWAYS = settings(
    stateful_step_count=STEPS, deadline=None, database=None, phases=(Phase.generate,), print_blob=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@contextmanager
def world(folder: Path, database_url: str = "") -> Iterator[World]:
    """A server of its own behind a bad network."""
    settings = {"TRYG_DATABASE_URL": database_url} if database_url else {}
    server = Server(folder / "var", TRYG_RATE_LIMITS="off", **settings).start()
    wire = Lossy(server.port).start()
    db = Database(database_url or f"sqlite:///{server.data / 'tryg.sqlite'}")
    # One connection for each request on the bad network, so that each meets a fate of its own.
    bad = httpx.Client(base_url=f"http://127.0.0.1:{wire.port}", headers={"Connection": "close"}, timeout=20)
    good = httpx.Client(base_url=server.url, timeout=20, transport=httpx.HTTPTransport(retries=2))
    try:
        with good, bad:
            yield World(server, db, wire, good, bad)
    finally:
        wire.stop()
        db.close()
        server.stop()


def play(place: World, steps: int, beginning: int | None = None) -> None:
    """At least `steps` steps more; the same ones for the same `beginning`, new ones for none. Raises AssertionError with
    the steps that led there where something was lost, doubled or changed."""
    goal = place.steps + steps
    while place.steps < goal:

        class Played(Evening):
            world = place

        if beginning is not None:
            Played = seed(beginning * 1_000_000 + goal - place.steps)(Played)  # type: ignore[misc]
        evenings = -(-(goal - place.steps) // STEPS)
        run_state_machine_as_test(Played, settings=settings(ALWAYS, max_examples=evenings))


def told(place: World) -> str:
    """What happened, for people."""
    happened = ", ".join(f"{what} {count}" for what, count in sorted(place.counted.items()))
    return f"{place.steps} steps: {happened}; the server's answers: {dict(sorted(place.wire.statuses.items()))}"


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    until = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="tryg-soak-") as folder, world(Path(folder)) as place:
        while time.monotonic() < until:
            play(place, 5_000)
            print(told(place), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
