"""Phones at work on an installation that may break: they make notes and photos, and send them until each has its receipt.

Hides the waiting and trying again. Promises that they do as the contract says and no more: 503 and a dead line mean "again",
a receipt must name what it is for, and anything else is written down as wrong.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.photos.vault import Vault, vault_of
from app.settings import Settings
from tests.phone import LostOnTheWay, Phone, Picture, jpeg
from tests.reliability.installation import Installation, phones

PHONES, WALKS = 50, 3
PAUSE_S = (0.05, 1.5)  # how long a phone waits until it goes on
MOST_BYTES = 80_000  # of a photo


@dataclass
class Run:
    """What happened. `over`: nothing breaks any more; `counted`: by kind; `wrong`: what may not be."""

    whole: Installation
    over: threading.Event = field(default_factory=threading.Event)
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    walks: list[dict[str, str]] = field(default_factory=list)
    before: set[str] = field(default_factory=set)  # files that were in the store already
    longest_s: float = 0.0

    def vault(self) -> Vault:
        """The place of the photos, as the servers have it."""
        given = {name.removeprefix("TRYG_").lower(): value for name, value in self.whole.photos.items()}
        return vault_of(Settings(data=self.whole.folder / "counting", **given))  # type: ignore[arg-type]

    def told(self) -> str:
        happened = ", ".join(f"{what} {count}" for what, count in sorted(self.counted.items()))
        door = self.whole.door
        answers = (
            f"{dict(sorted(door.statuses.items()))}, {door.broken} broken off, the longest after {self.longest_s:.1f} s"
        )
        return f"{happened}; the servers' answers: {answers}"


@contextmanager
def walking(run: Run, count: int) -> Iterator[list["Hand"]]:
    """So many phones in a few walks of this run. They join as soon as they can."""
    run.before = set(run.vault().files())
    run.walks = [run.whole.tryg("walk", "create", "--title", f"Vandring {number}", "--organisation", "Aalborg Kommune")
                 for number in range(WALKS)]  # fmt: skip
    codes = [walk["code"] for walk in run.walks]
    with ExitStack() as lines:
        hands = [Hand(run, lines.enter_context(phones(run.whole.door.url, codes[number % WALKS]))[0], number)
                 for number in range(count)]  # fmt: skip
        yield hands


class Hand:
    """A walker: makes notes and photos, changes and deletes some, and sends them until each has its receipt."""

    def __init__(self, run: Run, phone: Phone, number: int) -> None:
        self.run, self.phone, self.number = run, phone, number
        self.chance = random.Random(f"hand {number}")
        self.seen: dict[str, dict[str, Any]] = {}
        self.cursor = 0
        self.colours: dict[str, tuple[int, int, int]] = {}

    def walk(self) -> None:
        """Until nothing breaks any more."""
        while not self.run.over.is_set():
            if self.phone.walk:
                self._make_something()
            if self._try(self._send) or self.phone.walk:
                self._try(self._look)
            self.run.over.wait(self.chance.uniform(*PAUSE_S))

    def finish(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not (self._try(self._send) and self._try(self._look)):
            assert time.monotonic() < deadline, f"phone {self.number} could not send everything"
            time.sleep(self.chance.uniform(*PAUSE_S) / 5)

    def _make_something(self) -> None:
        phone, chance = self.phone, self.chance
        kind = chance.random()
        if kind < 0.6 or not phone.made:
            phone.note(
                *(self._picture() for _one in range(chance.choice((0, 0, 1, 2)))),
                note=f"{self.number}: {chance.random()}",
            )
        elif kind < 0.95:
            phone.edit(chance.choice(list(phone.made)), note=f"Rettet {self.number}: {chance.random()}")
        else:
            phone.edit(chance.choice(list(phone.made)), deleted=True)

    def _picture(self) -> Picture:
        colour = (self.chance.randrange(256), self.chance.randrange(256), self.chance.randrange(256))
        # As large as a phone's, and quick to clean: what follows a picture's end is not looked at.
        picture = Picture(jpeg(32, 24, colour) + self.chance.randbytes(self.chance.randrange(MOST_BYTES)))
        self.colours[picture.id] = colour
        return picture

    def _try(self, what: Callable[[], None]) -> bool:
        try:
            what()
        except LostOnTheWay:
            self.run.counted["tries of phones in vain"] += 1
            return False
        return True

    def _send(self) -> None:
        """What is left, words first; the first trouble ends it, as on a phone."""
        phone = self.phone
        if not phone.walk:
            phone.walk = self._answer(phone.try_to_join)["walk"]
        for note, body in phone.made.items():
            if phone.receipts.get(note, {}).get("rev") != body["rev"]:
                phone.receipts[note] = receipt = self._answer(lambda note=note: phone.put(note))  # type: ignore[misc]
                if (receipt["id"], receipt["rev"]) != (note, body["rev"]):
                    self.run.wrong.append(f"a receipt for something else: {receipt}")
        for picture in phone.pictures.values():
            if picture.id not in phone.arrived:
                receipt = self._answer(lambda picture=picture: phone.put_picture(picture.id))  # type: ignore[misc]
                if (receipt["id"], receipt["sha256"]) != (picture.id, picture.declared()["sha256"]):
                    self.run.wrong.append(f"a receipt for other bytes: {receipt}")
                phone.arrived.add(picture.id)

    def _answer(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """What the server says once it has kept it. Raises LostOnTheWay where it is not, or perhaps not."""
        began = time.monotonic()
        reply = ask()
        self.run.longest_s = max(self.run.longest_s, time.monotonic() - began)
        if reply.status_code == 503:
            if reply.json().get("type") != "/problems/try-again" or int(reply.headers["Retry-After"]) < 1:
                self.run.wrong.append(f"503 without a word: {reply.text}")
            raise LostOnTheWay
        if reply.status_code not in (200, 201):
            self.run.wrong.append(
                f"{reply.request.method} {reply.request.url.path}: {reply.status_code} {reply.text[:300]}"
            )
            raise LostOnTheWay
        return reply.json()  # type: ignore[no-any-return]

    def _look(self) -> None:
        """What has changed in the walk since the last time, from that number on."""
        path = f"/walks/{self.phone.walk['id']}/changes"
        while True:
            page = self._answer(lambda: self.phone.get(path, params={"after": self.cursor, "limit": 100}))
            for change in page["changes"]:
                self.seen[change["id"]] = change
            self.cursor = page["next"]
            if not page["more"]:
                return
