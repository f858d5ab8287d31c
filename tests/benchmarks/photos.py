"""Notes with a photo of 400 KB a second, to the receipts of both, from 8 phones at once while earlier photos are cleaned at idle
priority; and how many photos of 1,600 pixels a second become ready when nothing else is asked."""

import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from sqlmodel import func, select

from app.db import Database
from app.models import Photo
from tests.benchmarks import client, pictures
from tests.benchmarks.table import Row
from tests.phone import Phone, Picture, content_digest
from tests.running import Server

PHONES, EACH = 8, 40
PATIENCE_S = 600.0


def measure(folder: Path) -> list[Row]:
    photos = pictures.streets(PHONES * EACH)
    kept = pictures.kept_at_best(folder / "raw", photos, PHONES)
    server = Server(folder / "var", TRYG_RATE_LIMITS="off", TRYG_PHOTO_WORKERS=str(pictures.CORES)).start()
    db = Database(f"sqlite:///{server.data / 'tryg.sqlite'}")
    try:
        code = server.tryg("walk", "create", "--title", "Belastning")["code"]
        client.send(server.url, piles(server, code, photos[:PHONES], PHONES))  # it has its processes and threads
        until_ready(db, PHONES)
        taken = client.send(server.url, piles(server, code, photos, PHONES))
        assert set(taken.statuses) == {201}, taken.statuses
        left = waiting(db)
        began = time.perf_counter()
        until_ready(db, PHONES + len(photos))
        ready = left / (time.perf_counter() - began)
    finally:
        db.close()
        server.stop()
    size = sum(map(len, photos)) / len(photos) / 1000
    return [
        Row(f"notes with a photo of {size:.0f} KB, {PHONES} phones", taken.rate / 2, "/s", raw=kept, reach=0.35),
        Row("… the slowest of a hundred waits", taken.part(0.99) * 1000, "ms"),
        Row(
            f"photos made ready, {pictures.CORES} processes",
            ready,
            "/s",
            raw=pictures.decoded_at_best(photos),
            reach=0.8,
        ),
    ]


def piles(server: Server, code: str, photos: Sequence[bytes], phones: int) -> list[list[bytes]]:
    """What so many phones send, each on a connection of its own: a note, its photo, the next note."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        joined = [Phone(http, code).join() for _number in range(phones)]
    return [
        [sent for data in photos[number::phones] for sent in both(server, phone, Picture(data))]
        for number, phone in enumerate(joined)
    ]


def both(server: Server, phone: Phone, picture: Picture) -> list[bytes]:
    note_id = phone.note(picture)
    words = {"Content-Type": "application/json"}
    bytes_ = {"Content-Type": picture.type, "Content-Digest": content_digest(picture.data)}
    path = f"/api/v1/observations/{note_id}"
    return [
        client.put(server.url, path, phone.key | words, phone.made[note_id]),
        client.request("PUT", server.url, f"{path}/photos/{picture.id}", phone.key | bytes_, picture.data),
    ]


def waiting(db: Database) -> int:
    """Photos that are not cleaned yet."""
    with db.read() as tx:
        return tx.exec(select(func.count()).select_from(Photo).where(Photo.state == "stored")).one()


def until_ready(db: Database, count: int) -> None:
    """Waits until so many photos are ready, and none is anything else."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with db.read() as tx:
            states = dict(tx.exec(select(Photo.state, func.count()).group_by(Photo.state)).all())
        if states == {"ready": count}:
            return
        time.sleep(0.05)
    raise AssertionError(f"photos were not cleaned within {PATIENCE_S:.0f} s: {states}")
