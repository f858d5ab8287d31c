"""The model of the promise: phones, a bad network, a server that is restarted, and what must be true when all has gone through.

`Evening` is one walk, played step by step by Hypothesis: phones write, edit, delete and send; requests are lost, cut,
repeated and delayed; the server is killed; the walk closes. `all_is_there()` then lets everything through and compares
the server's rows, files and feed with what the phones hold. It knows the wire contract and nothing of the server's code
but its tables, which it only reads.
"""

import hashlib
import io
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from PIL import Image
from sqlmodel import col, func, select

from app.db import Database
from app.models import Agreement, Observation, Participant, Photo, Revision, Walk
from app.walks import walks
from tests.phone import Phone, Picture, jpeg
from tests.reliability.lossy import FATES, Lossy
from tests.running import Server

PHONES = 3
FEW = 3  # notes; a phone that has so many edits more than it writes
SEEDS = st.integers(0, 2**32 - 1)
CLOCKS = (
    "2026-11-24T19:32:11.120+01:00",
    "1970-01-01T00:00:00Z",
    "2031-01-01T00:00:00+14:00",
    "2026-11-24T18:00:00-00:30",
)
WORDS = ("Lampen er slukket.", "Her er rart.", "Busken skal klippes 🌳", "=1+1", "æøå " * 40, "")
FACTORS = (["lighting.outage"], [], ["behaviour.harassment"], ["lighting.outage", "from.the.future"])


@dataclass
class World:
    """One server, reached straight (`http`) and through the bad network (`wire`); what happened on all evenings, and in how many steps."""

    server: Server
    db: Database
    wire: Lossy
    http: httpx.Client
    bad: httpx.Client
    counted: Counter[str] = field(default_factory=Counter)
    steps: int = 0

    @property
    def photos(self) -> Path:
        return self.server.data / "photos"


class Evening(RuleBasedStateMachine):
    """One walk on a bad network. `world` is set by whoever runs it."""

    world: World

    @initialize()
    def begin(self) -> None:
        with self.world.db.write() as tx:
            self.walk = walks.create(tx, "Aftenvandring")
        self.phones = [Phone(self.world.http, self.walk.code).join() for _number in range(PHONES)]
        self.reader = Phone(self.world.http, self.walk.code).join()
        for phone in self.phones:
            phone.network.http = self.world.bad
        self.history: dict[str, dict[int, dict[str, Any]]] = {}
        self.colours: dict[str, tuple[int, int, int]] = {}
        self.voices: dict[tuple[int, str], bool] = {}
        self.mirror: dict[str, dict[str, Any]] = {}
        self.cursor = 0
        self.world.counted["evenings"] += 1

    # On the phone: nothing is sent

    @rule(who=st.integers(0, PHONES - 1), seed=SEEDS, pictures=st.integers(0, 2))
    def write(self, who: int, seed: int, pictures: int) -> None:
        chance, phone = random.Random(seed), self.phones[who]
        if len(phone.made) >= FEW and chance.random() < 0.7:
            return self.edit_one(chance)
        self.count("written")
        new = [self.picture() for _number in range(pictures)]
        note = phone.note(
            *new, note=chance.choice(WORDS), factors=chance.choice(FACTORS), captured_at=chance.choice(CLOCKS)
        )
        self.history[note] = {1: phone.made[note]}

    @precondition(lambda self: any(phone.made for phone in self.phones))
    @rule(seed=SEEDS)
    def edit(self, seed: int) -> None:
        self.edit_one(random.Random(seed))

    def edit_one(self, chance: random.Random) -> None:
        phone, note = chance.choice([(phone, note) for phone in self.phones for note in phone.made])
        told = phone.made[note]
        if told["rev"] - 1 in self.history[note] and chance.random() < 0.25:
            self.count("set back")  # to what it held before the last edit, as from its maker's own backup
            phone.made[note] = self.history[note][told["rev"] - 1]
            return
        self.count("edited")
        self.change(phone, note, chance.choice((
            {"note": f"Rettet {chance.random()}"}, {"deleted": True}, {"deleted": False}, {"factors": chance.choice(FACTORS)},
            {"photos": told["photos"][1:]}, {"photos": self.back_in(phone, note)}, {"pin": {"lat": 57.05, "lon": 9.92}},
        )))  # fmt: skip

    # Over the network

    @precondition(lambda self: any(phone.made for phone in self.phones))
    @rule(seed=SEEDS, fate=st.sampled_from(FATES))
    def send_words(self, seed: int, fate: str) -> None:
        self.meet(fate, seed)
        phone, note = random.Random(seed).choice([(phone, note) for phone in self.phones for note in phone.made])
        self.say(phone, note)

    @precondition(lambda self: any(phone.pictures for phone in self.phones))
    @rule(seed=SEEDS, fate=st.sampled_from(FATES))
    def send_photo(self, seed: int, fate: str) -> None:
        self.meet(fate, seed)
        chance = random.Random(seed)
        all_of_them = [(phone, one) for phone in self.phones for one in phone.pictures]
        in_turn = [(phone, one) for phone, one in all_of_them if phone.owner[one] in phone.receipts]
        self.show(*chance.choice(in_turn if in_turn and chance.random() < 0.8 else all_of_them))

    @precondition(lambda self: any(phone.made for phone in self.phones))
    @rule(seed=SEEDS, fate=st.sampled_from(FATES))
    def agree(self, seed: int, fate: str) -> None:
        chance = random.Random(seed)
        author, note = chance.choice([(who, note) for who, phone in enumerate(self.phones) for note in phone.made])
        voter = (author + chance.randint(1, PHONES - 1)) % PHONES
        self.voices[voter, note] = chance.random() < 0.7
        self.meet(fate, seed)
        self.voice(voter, note)

    @precondition(lambda self: self.world.wire.late)
    @rule(seed=SEEDS)
    def something_late_arrives(self, seed: int) -> None:
        self.count("arrived late")
        self.world.wire.deliver(seed % len(self.world.wire.late))

    @rule(seed=SEEDS, limit=st.integers(1, 9))
    def elsewhere(self, seed: int, limit: int) -> None:
        """Somebody reads on; now and then the walk is closed or opened, the server ended or killed and started again."""
        dice = random.Random(seed)
        chance, either = dice.random(), dice.random() < 0.5
        if chance < 0.008:
            self.count("server ended and started" if either else "server killed and started")
            (self.world.server.stop if either else self.world.server.kill)()
            self.world.server.start()
        elif chance < 0.4:
            self.count("walk closed or opened")
            with self.world.db.write() as tx:
                (walks.close if either else walks.open_walk)(tx, tx.get_one(Walk, self.walk.id))
        else:
            self.count("read on")
            self.follow(limit, pages=1)

    def teardown(self) -> None:
        if hasattr(self, "cursor"):  # else it never began
            self.all_is_there()

    # How a phone sends

    def count(self, what: str) -> None:
        self.world.counted[what] += 1
        self.world.steps += 1

    def meet(self, fate: str, seed: int) -> None:
        self.count(f"sent: {fate}")
        self.world.wire.fate, self.world.wire.cut = fate, (seed % 97) / 97

    def picture(self) -> Picture:
        number = len(self.colours) + 1
        colour = (number * 37 % 256, number * 91 % 256, number * 151 % 256)
        made = Picture(jpeg(16, 16, colour, quality=95, comment=str(number).encode()))
        self.colours[made.id] = colour
        return made

    def change(self, phone: Phone, note: str, content: dict[str, Any]) -> None:
        phone.edit(note, **content)
        self.history[note][phone.made[note]["rev"]] = phone.made[note]

    def back_in(self, phone: Phone, note: str) -> list[dict[str, Any]]:
        return [picture.declared() for picture in phone.pictures.values() if phone.owner[picture.id] == note]

    def say(self, phone: Phone, note: str) -> bool:
        """Send a note's words; whether its newest revision is acknowledged."""
        sent = phone.made[note]
        try:
            reply = phone.put(note)
        except httpx.TransportError:
            return False
        if reply.status_code == 409:
            assert reply.json()["type"] == "/problems/same-revision-different-content", reply.text
            phone.made[note] = {**sent, "rev": reply.json()["receipt"]["rev"] + 1}
            self.history[note][phone.made[note]["rev"]] = phone.made[note]
            return False
        assert reply.status_code in (200, 201, 503), reply.text
        if reply.status_code == 503:
            return False
        receipt = reply.json()
        assert (receipt["id"], receipt["rev"] >= sent["rev"]) == (note, True)
        if receipt["rev"] > sent["rev"]:  # it is ahead of a phone that was set back: ours is said on top of it
            phone.made[note] = {**sent, "rev": receipt["rev"] + 1}
            self.history[note][phone.made[note]["rev"]] = phone.made[note]
            return False
        phone.receipts[note] = receipt
        return True

    def show(self, phone: Phone, picture: str) -> bool:
        """Send a photo; whether it is acknowledged."""
        try:
            reply = phone.put_picture(picture)
        except httpx.TransportError:
            return False
        if reply.status_code in (404, 422, 503):
            problem = reply.json()["type"].removeprefix("/problems/")
            assert problem in ("observation-unknown", "photo-undeclared", "try-again"), reply.text
            return False
        assert reply.status_code in (200, 201), reply.text
        assert reply.json()["sha256"] == hashlib.sha256(phone.pictures[picture].data).hexdigest()
        phone.arrived.add(picture)
        return True

    def voice(self, who: int, note: str) -> bool:
        """Send a voice; whether it counts."""
        phone = self.phones[who]
        body = {"agrees": self.voices[who, note]}
        try:
            reply = phone.network.send("PUT", f"/api/v1/observations/{note}/agreement", json=body, headers=phone.key)
        except httpx.TransportError:
            return False
        assert reply.status_code in (200, 404, 503), reply.text
        return reply.status_code == 200

    def follow(self, limit: int, pages: int = 10**6) -> None:
        """Read on in the changes, and keep the newest of each record."""
        for _page in range(pages):
            query = {"after": self.cursor, "limit": limit}
            page = self.reader.get(f"/walks/{self.walk.id}/changes", params=query).json()
            numbers = [change["seq"] for change in page["changes"]]
            assert numbers == sorted(set(numbers))
            assert all(number > self.cursor for number in numbers)
            assert page["next"] >= self.cursor
            assert len(numbers) <= limit
            self.mirror |= {change.get("id", "walk"): change for change in page["changes"]}
            self.cursor = page["next"]
            if not page["more"]:
                return

    # When everything has gone through

    def all_is_there(self) -> None:
        """Let everything through, then compare. Fails with what differs."""
        for _number in range(len(self.world.wire.late)):
            self.world.wire.deliver(0)
        for phone in self.phones:
            phone.network.http = self.world.http
            for note in phone.made:
                assert self.say(phone, note) or self.say(phone, note) or self.say(phone, note), phone.made[note]
            for picture in phone.pictures:
                if any(one["id"] == picture for one in phone.made[phone.owner[picture]]["photos"]):
                    assert self.show(phone, picture)
        for who, note in self.voices:
            self.voice(who, note)  # last: all notes are there by now; what is hidden stays unheard
        self.rows_are_the_phones()
        self.files_are_the_phones()
        self.every_reader_sees_the_same()
        assert set(self.world.wire.statuses) <= {200, 201, 400, 404, 409, 422, 503}, self.world.wire.statuses

    def rows_are_the_phones(self) -> None:
        made = {note: told for phone in self.phones for note, told in phone.made.items()}
        with self.world.db.read() as tx:
            rows = tx.exec(select(Observation).where(Observation.walk_id == self.walk.id)).all()
            assert sorted(row.id for row in rows) == sorted(made)
            for row in rows:
                newest = tx.get_one(Revision, (row.id, row.rev)).content
                assert newest | {"rev": row.rev} == newest | made[row.id]
                assert (row.note, row.deleted) == (made[row.id]["note"], made[row.id].get("deleted", False))
            per_phone = (
                select(Participant.id, func.count(col(Observation.id))).join(Observation).group_by(Participant.id)
            )
            counts = dict(tx.exec(per_phone.where(Participant.walk_id == self.walk.id)).all())
            assert counts == {phone.id: len(phone.made) for phone in self.phones if phone.made}
            for note, told in made.items():
                heard = tx.exec(select(func.count()).where(Agreement.observation_id == note, Agreement.agrees)).one()
                hidden = told.get("deleted") or "behaviour.harassment" in told["factors"]
                assert hidden or heard == sum(agrees for (_who, one), agrees in self.voices.items() if one == note)
        self.world.counted["notes compared"] += len(made)

    def files_are_the_phones(self) -> None:
        """Of a photo not yet cleaned, every byte; of a clean one, its sum as it came and the picture that is shown."""
        for phone in self.phones:
            for picture in phone.pictures.values():
                with self.world.db.read() as tx:
                    row = tx.get(Photo, picture.id)
                wanted = any(one["id"] == picture.id for one in phone.made[phone.owner[picture.id]]["photos"])
                if row is None or row.state == "expected":
                    assert not wanted
                    assert picture.id not in phone.arrived
                    continue
                assert row.sha256 == hashlib.sha256(picture.data).hexdigest()
                self.world.counted["photos compared"] += 1
                original = self.world.photos / "incoming" / picture.id[-2:] / picture.id
                clean = self.world.photos / "kept" / picture.id[-2:] / f"{picture.id}.jpg"
                try:
                    assert original.read_bytes() == picture.data
                except FileNotFoundError:
                    seen = Image.open(io.BytesIO(clean.read_bytes())).convert("RGB").getpixel((8, 8))
                    told = self.colours[picture.id]
                    assert all(abs(a - b) < 16 for a, b in zip(seen, told, strict=True)), (seen, told)  # type: ignore[arg-type]

    def every_reader_sees_the_same(self) -> None:
        """Who followed all evening, who begins now, and who comes back to any cursor."""
        while True:  # photos may become ready in between; then it is looked at once more
            self.follow(limit=500)
            before = self.cursor
            whole = {change.get("id", "walk"): change for change in self.reader.changes(limit=17)}
            parts = {
                after: self.reader.changes(after=after, limit=50)
                for after in {before // 3, before // 2, max(0, before - 1)}
            }
            self.follow(limit=500)
            if self.cursor == before:
                break
        assert as_read(self.mirror.values()) == as_read(whole.values())
        for after, part in parts.items():
            assert as_read(part) == as_read(change for change in whole.values() if change["seq"] > after)


def as_read(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Oldest first, without what a change of the walk tells of the moment it is read in."""
    told = [{**one, "walk": {**one["walk"], "seq": 0}} if "walk" in one else one for one in changes]
    return sorted(told, key=lambda change: int(change["seq"]))
