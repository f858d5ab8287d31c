"""A whole installation on one machine: PostgreSQL, an S3 store, several `tryg serve` on them, and a door before them.

Hides what they tell each other. Promises real processes with real sockets, one secret for all servers, a data folder for
each, and that nothing of it is left running. What breaks and mends is in tests/reliability/chaos.py.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.objects import Store, as_variables
from tests.phone import LostOnTheWay, Network, Phone
from tests.reliability.door import Door
from tests.running import Server

SECRET = "for-the-tests-of-this-machine-alone-and-long-enough"
TRY_S = 15.0  # how long a phone waits for an answer; the contract's ten seconds and some


class Line(Network):
    """A phone's line to the door: what breaks off is lost on the way, whichever side it was."""

    def send(self, method: str, path: str, **more: object) -> httpx.Response:
        try:
            return super().send(method, path, **more)
        except httpx.TransportError as trouble:
            raise LostOnTheWay from trouble


class Installation:
    """`door`, `servers`, and the address of what they share."""

    def __init__(self, folder: Path, database_url: str, store: Store, count: int = 2, **more: str) -> None:
        self.folder, self.database_url, self.store = folder, database_url, store
        self.door, self._made = Door().start(), 0
        self.photos = as_variables(store.settings())
        self.environment = {
            "TRYG_DATABASE_URL": database_url, "TRYG_SECRET": SECRET, "TRYG_BASE_URL": self.door.url, "TRYG_RATE_LIMITS": "off",
        } | self.photos | more  # fmt: skip
        self.servers = [self.another(Server) for _number in range(count)]

    def another(self, kind: type[Server]) -> Server:
        """One server more, not started and not behind the door yet."""
        folder = self.folder / f"app{self._made}"
        folder.mkdir(parents=True)
        self._made += 1
        return kind(folder, **self.environment)

    def start(self) -> "Installation":
        for server in self.servers:
            server.start()
        self.door.servers = [server.port for server in self.servers]
        return self

    def stop(self) -> None:
        for server in self.servers:
            server.kill()
        self.door.stop()

    def tryg(self, *arguments: str) -> dict[str, str]:
        return self.servers[0].tryg(*arguments)  # type: ignore[no-any-return]

    def said(self) -> str:
        """What all of them wrote to their logs, also those that are gone."""
        return "".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("app*.log")))


@contextmanager
def installation(folder: Path, database_url: str, store: Store, count: int = 2, **more: str) -> Iterator[Installation]:
    whole = Installation(folder, database_url, store, count, **more)
    try:
        yield whole.start()
    finally:
        whole.stop()


@contextmanager
def phones(url: str, code: str, count: int = 1) -> Iterator[list[Phone]]:
    """Phones with a line of their own to the door; not joined."""
    with ExitStack() as lines:
        made = []
        for _number in range(count):
            # One connection for each request: the next one may meet another server.
            http = lines.enter_context(httpx.Client(base_url=url, headers={"Connection": "close"}, timeout=TRY_S))
            phone = Phone(http, code)
            phone.network = Line(http)
            made.append(phone)
        yield made
