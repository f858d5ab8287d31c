"""Everything breaks at random, under many phones; then it is counted. `python -m tests.reliability.chaos MINUTES` is `make chaos`.

Hides who breaks what when: app processes are killed or told to end, PostgreSQL is stopped at once or throws out its
connections, the S3 store is killed, each on its own and so at the same time as the others; all are started again a little
later. Promises real processes, phones that do as the contract says and no more, and that the count at the end is of every
note and photo: there once, at its newest revision, as it was sent, and every receipt kept. It ends with 1 where one is not.
"""

import io
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image
from sqlmodel import Session, col, select

from app.db import Database
from app.models import Observation, Photo, Revision, Walk
from app.photos.vault import Vault, vault_of
from app.settings import Settings
from tests.objects import Weed, object_store
from tests.phone import LostOnTheWay, Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.postgres import Cluster, cluster
from tests.reliability.installation import Installation, installation, phones

PHONES, WALKS, SERVERS = 50, 3, 2
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

    def told(self) -> str:
        happened = ", ".join(f"{what} {count}" for what, count in sorted(self.counted.items()))
        door = self.whole.door
        answers = (
            f"{dict(sorted(door.statuses.items()))}, {door.broken} broken off, the longest after {self.longest_s:.1f} s"
        )
        return f"{happened}; the servers' answers: {answers}"


# The phones


@contextmanager
def walking(run: Run, count: int) -> Iterator[list["Hand"]]:
    """So many phones in a few walks of this run. They join as soon as they can."""
    run.before = set(_vault(run).files())
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
            self._try(self._send)
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


# What breaks


def _apps(run: Run, chance: random.Random, of_them: int) -> None:
    """One server is killed, or told to end, and started again; where its database is gone it ends, and is started again."""
    server = run.whole.servers[of_them]
    while not run.over.wait(chance.uniform(1, 8)):
        told = chance.random() < 0.3
        (server.stop if told else server.kill)()
        run.counted["servers told to end" if told else "servers killed"] += 1
        run.over.wait(chance.uniform(0, 3))
        begin(run, server)


def begin(run: Run, server: Any) -> None:
    while True:
        try:
            server.start()
            return
        except AssertionError:  # as a container that is started again whenever it ends
            run.counted["servers that could not start yet"] += 1
            server.kill()
            time.sleep(0.5)


def _database(run: Run, chance: random.Random, database: Cluster) -> None:
    while not run.over.wait(chance.uniform(2, 12)):
        if chance.random() < 0.5:
            with suppress(psycopg.Error):
                run.counted["connections thrown out"] += database.throw_out()
            continue
        database.stop()
        run.counted["PostgreSQL stopped at once"] += 1
        run.over.wait(chance.uniform(0, 4))
        database.start()


def _store(run: Run, chance: random.Random, store: Weed) -> None:
    while not run.over.wait(chance.uniform(5, 20)):
        store.kill()
        run.counted["S3 store killed"] += 1
        run.over.wait(chance.uniform(0, 4))
        store.start()


def _reader(run: Run, chance: random.Random) -> None:
    """Somebody who reads reports all the while."""
    run.whole.tryg("user", "add", "ida@kommune.example", "--role", "coordinator", "--organisation", "Aalborg Kommune")
    key = {"Authorization": f"Bearer {run.whole.tryg('user', 'key', 'ida@kommune.example')['key']}"}
    with phones(run.whole.door.url, "") as [line]:
        while not run.over.wait(0.5):
            path = (
                f"/walks/{chance.choice(run.walks)['walk_id']}/report{chance.choice(('', '.geojson', '.csv', '.zip'))}"
            )
            with suppress(LostOnTheWay):
                reply = line.network.send("GET", path, headers=key)
                run.counted[f"reports read: {reply.status_code}"] += 1
                if reply.status_code not in (200, 503):
                    run.wrong.append(f"{path}: {reply.status_code} {reply.text[:300]}")


# What is there in the end


def count(run: Run, hands: list[Hand]) -> None:
    """Compares everything with everything. What is wrong goes to `run.wrong`."""
    db = Database(run.whole.database_url)
    try:
        until(lambda: not _waiting(db), 180)  # a photo that becomes ready is a change of its note
        until(lambda: not list(_vault(run).originals()), 60)  # what a photo came with goes, without a restart
        for hand in hands:
            hand._look()
        with db.read() as tx:
            _notes(run, hands, tx)
            _photos(run, hands, tx)
        _files(run, hands, _vault(run))
        _followed(run, hands)
    finally:
        db.close()


def _vault(run: Run) -> Vault:
    given = {name.removeprefix("TRYG_").lower(): value for name, value in run.whole.photos.items()}
    return vault_of(Settings(data=run.whole.folder / "counting", **given))  # type: ignore[arg-type]


def _waiting(db: Database) -> bool:
    with db.read() as tx:
        return tx.exec(select(Photo.id).where(Photo.state == "stored")).first() is not None


def _notes(run: Run, hands: list[Hand], tx: Session) -> None:
    made = {note: (hand, body) for hand in hands for note, body in hand.phone.made.items()}
    walks = [walk["walk_id"] for walk in run.walks]
    held = {row.id: row for row in tx.exec(select(Observation).where(col(Observation.walk_id).in_(walks))).all()}
    if held.keys() != made.keys():
        run.wrong.append(f"notes: {len(made.keys() - held.keys())} lost, {len(held.keys() - made.keys())} from nowhere")
    told = tx.exec(select(Revision).where(col(Revision.observation_id).in_(held))).all()
    history = {(row.observation_id, row.rev): row for row in told}
    numbers = Counter((held[note].walk_id, held[note].seq) for note in held)
    run.wrong += [f"one number twice: {number}" for number, times in numbers.items() if times > 1]
    for note, (hand, body) in made.items():
        row, receipt = held.get(note), hand.phone.receipts[note]
        if row is None:
            continue
        said = (row.rev, row.note, row.deleted, row.photo_ids)
        meant = (body["rev"], body["note"], body.get("deleted", False), [one["id"] for one in body["photos"]])
        if said != meant:
            run.wrong.append(f"a note is not as it was written: {said} for {meant}")
        kept = history.get((note, receipt["rev"]))
        if kept is None or kept.seq != receipt["seq"]:
            run.wrong.append(f"a receipt is broken: {receipt}")
    run.counted["notes"], run.counted["revisions"] = len(made), len(history)
    highest = dict(tx.exec(select(Walk.id, Walk.seq)).all())
    run.wrong += [f"a number beyond its walk's: {key}" for key in numbers if key[1] > highest[key[0]]]


def _photos(run: Run, hands: list[Hand], tx: Session) -> None:
    made = {picture.id: (hand.phone.owner[picture.id], picture.declared())
            for hand in hands for picture in hand.phone.pictures.values()}  # fmt: skip
    notes = [note for hand in hands for note in hand.phone.made]
    held = {row.id: row for row in tx.exec(select(Photo).where(col(Photo.observation_id).in_(notes))).all()}
    if held.keys() != made.keys():
        run.wrong.append(
            f"photos: {len(made.keys() - held.keys())} lost, {len(held.keys() - made.keys())} from nowhere"
        )
    for photo, (note, declared) in made.items():
        row = held.get(photo)
        if row and (row.observation_id, row.sha256, row.bytes, row.state) != (
            note,
            declared["sha256"],
            declared["bytes"],
            "ready",
        ):
            run.wrong.append(f"a photo is not as it was taken: {row}")
    run.counted["photos"] = len(made)
    run.counted["photo bytes"] = sum(declared["bytes"] for _note, declared in made.values())


def _files(run: Run, hands: list[Hand], vault: Any) -> None:
    """Each picture and its thumbnail lie in the store, nothing else does, and each is the one that was taken."""
    colours = {picture: colour for hand in hands for picture, colour in hand.colours.items()}
    expected = {name for picture in colours for name in vault.names(picture, original=False)}
    there = set(vault.files()) - run.before
    if there != expected:
        run.wrong.append(f"files: {sorted(expected - there)[:5]} are missing, {sorted(there - expected)[:5]} too many")

    def differs(picture: str) -> str:
        shown = vault.opened(picture, thumbnail=False)
        if shown is None:
            return f"no picture {picture}"
        with Image.open(io.BytesIO(b"".join(shown.pieces()))) as opened:
            pixel = opened.convert("RGB").getpixel((16, 12))
        off = max(abs(ours - theirs) for ours, theirs in zip(pixel, colours[picture], strict=True))  # type: ignore[arg-type]
        return f"another picture: {picture} has {pixel} for {colours[picture]}" if off > 12 else ""

    with ThreadPoolExecutor(4) as pool:
        run.wrong += [told for told in pool.map(differs, colours) if told]


def _followed(run: Run, hands: list[Hand]) -> None:
    """Whoever has followed a walk from number to number has seen the same as whoever begins now."""
    for number in range(min(WALKS, len(hands))):
        fresh = {change["id"]: change for change in hands[number].phone.changes()}
        for hand in hands[number::WALKS]:
            own = set(hand.phone.made)
            seen, now = (_others(changes, own) for changes in (hand.seen, fresh))
            if seen != now:
                told = [(note, seen.get(note), now.get(note)) for note in seen | now if seen.get(note) != now.get(note)]
                run.wrong.append(f"phone {hand.number} has seen something else: {told[:3]}")


def _others(changes: dict[str, dict[str, Any]], own: set[str]) -> dict[str, Any]:
    """What others wrote, as it was read; photos apart, for becoming ready is no change."""
    return {
        note: (change["seq"], change.get("rev"), change.get("note"))
        for note, change in changes.items()
        if note not in own
    }


def play(
    folder: Path, database: Cluster, url: str, store: Weed, minutes: float, phones_: int = PHONES, chance: str = "chaos"
) -> Run:
    """All of it, on a database of that cluster and a store of which nobody else needs anything meanwhile; what happened and
    what is wrong. The same `chance` breaks the same things after the same pauses."""
    with installation(folder, url, store, SERVERS) as whole:
        run = Run(whole)
        with walking(run, phones_) as hands, ThreadPoolExecutor(phones_ + 8) as pool:
            breaking = [
                *(pool.submit(_apps, run, random.Random(f"{chance} {one}"), one) for one in range(SERVERS)),
                pool.submit(_database, run, random.Random(f"{chance} database"), database),
                pool.submit(_store, run, random.Random(f"{chance} store"), store),
                pool.submit(_reader, run, random.Random(f"{chance} reader")),
            ]
            walking_ = [pool.submit(hand.walk) for hand in hands]
            wait(breaking + walking_, minutes * 60, FIRST_COMPLETED)  # sooner only where one has failed
            run.over.set()
            for one in breaking + walking_:
                one.result(120)
            for one in [pool.submit(hand.finish, 120) for hand in hands]:
                one.result(240)
            count(run, hands)
        run.wrong += whole.door.failures
        if "Traceback" in whole.said():
            run.wrong.append(whole.said())
        return run


def main() -> int:
    minutes, chance = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0, f"{time.time():.0f}"
    with (
        tempfile.TemporaryDirectory(prefix="tryg-chaos-") as folder,
        cluster() as database,
        object_store() as store,
        database.database() as url,
    ):
        run = play(Path(folder), database, url, store, minutes, chance=chance)
    print(f"{minutes:g} minutes, {PHONES} phones, chance {chance}: {run.told()}")
    for wrong in run.wrong:
        print(wrong, file=sys.stderr)
    print("something is wrong" if run.wrong else "each note and photo once, as it was sent; every receipt kept")
    return bool(run.wrong)


if __name__ == "__main__":
    sys.exit(main())
