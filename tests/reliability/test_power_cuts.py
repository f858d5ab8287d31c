"""The plug is pulled, again and again, in the middle of everything."""

import hashlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlmodel import col, func, select

from app.db import Database
from app.models import Observation, Photo, Revision
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.reliability.conftest import Joined
from tests.running import Server

pytestmark = pytest.mark.embedded

CUTS = 50
PHONES = 4


def write_until(cut: threading.Event, busy: threading.Event, phone: Phone, chance: random.Random) -> None:
    """Notes, edits and photos, one after another, and what was acknowledged, until the line is dead; `busy` from the
    first photo on."""
    while not cut.is_set():
        new = chance.random() < 0.8 or not phone.made
        picture = Picture(jpeg(32, 32, (chance.randrange(256), 1, 2)) + chance.randbytes(chance.randrange(800_000)))
        note = phone.note(picture) if new else chance.choice(list(phone.made))
        if not new:
            phone.edit(note, note=f"Rettet {chance.random()}")
        try:
            phone.receipts[note] = phone.put(note).json()
            if new and phone.put_picture(picture.id).status_code == 201:
                phone.arrived.add(picture.id)
                busy.set()
        except (httpx.TransportError, ValueError):
            return


def everything_acknowledged_is_there(server: Server, phones: list[Phone], db: Database) -> int:
    """How many receipts were compared."""
    with db.read() as tx:
        revisions = {(one, rev) for one, rev in tx.exec(select(Revision.observation_id, Revision.rev)).all()}
        states = {photo.id: photo for photo in tx.exec(select(Photo)).all()}
    for phone in phones:
        assert {(note, receipt["rev"]) for note, receipt in phone.receipts.items()} <= revisions
        for picture in phone.arrived:
            assert states[picture].state in ("stored", "ready"), states[picture]
            assert file_of(server, phone.pictures[picture])
    return sum(len(phone.receipts) + len(phone.arrived) for phone in phones)


def file_of(server: Server, picture: Picture) -> bool:
    """Whether the photo is on the disk: as it came, or clean."""
    folder = server.data / "photos"
    clean = folder / "kept" / picture.id[-2:] / f"{picture.id}.jpg"
    try:
        original = (folder / "incoming" / picture.id[-2:] / picture.id).read_bytes()
    except FileNotFoundError:
        return clean.exists()
    return hashlib.sha256(original).hexdigest() == hashlib.sha256(picture.data).hexdigest()


def test_the_plug_is_pulled_fifty_times_and_everything_acknowledged_is_there(
    start_server: Callable[..., Server], joined: Joined
) -> None:
    server = start_server(TRYG_RATE_LIMITS="off")
    phones, chance = joined(server, PHONES), random.Random(50)
    db, new, halves = Database(server.database), server.data / "photos" / "new", 0
    with ThreadPoolExecutor(PHONES) as pool:
        for _number in range(CUTS):
            cut, busy = threading.Event(), threading.Event()
            sending = [pool.submit(write_until, cut, busy, phone, random.Random(chance.random())) for phone in phones]
            assert busy.wait(30)
            cut.wait(chance.uniform(0, 0.15))  # the moment is what is tried out
            server.kill()
            halves += len(list(new.iterdir()))
            cut.set()
            for one in sending:
                one.result(30)
            server.start()
            compared = everything_acknowledged_is_there(server, phones, db)
    assert halves, "no cut was in the middle of a photo"
    until(lambda: not list(new.iterdir()))  # swept by the start, without a hand
    for phone in phones:
        phone.receipts.clear()
        phone.arrived.clear()
        phone.sync()
    made, pictures = sum(len(phone.made) for phone in phones), sum(len(phone.pictures) for phone in phones)
    with db.read() as tx:
        assert tx.exec(select(func.count()).select_from(Observation)).one() == made
        assert tx.exec(select(func.count()).where(col(Photo.state) != "expected")).one() == pictures
        newest = dict(tx.exec(select(Observation.id, Observation.note)).all())
        until(lambda: not tx.exec(select(Photo.id).where(Photo.state == "stored")).all() or tx.rollback())
    assert newest == {note: told["note"] for phone in phones for note, told in phone.made.items()}
    kept = sorted(path.name for path in (server.data / "photos").rglob("*.jpg") if "thumbnail" not in path.name)
    assert kept == sorted(f"{picture}.jpg" for phone in phones for picture in phone.pictures)
    print(
        f"{CUTS} cuts, {halves} half-written files, {compared} receipts compared; after a full resend {made} notes and {pictures} photos, each once"
    )
    assert "Traceback" not in server.said()
    db.close()
