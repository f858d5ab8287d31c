"""A school's whole evening at once: 80 phones send 30 notes and 30 photos each, with the limits of real life. All are stored
once, nobody is refused, in little memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from sqlmodel import func, select

from app.db import Database
from app.models import Observation
from tests.benchmarks import client, photos, pictures
from tests.benchmarks.table import Row
from tests.benchmarks.used import Memory
from tests.phone import Phone, Picture
from tests.running import Server

PHONES, EACH = 80, 30
MEMORY_MB = 300.0


def measure(folder: Path) -> list[Row]:
    """Raises AssertionError where anything is refused, missing or double."""
    taken_along = pictures.streets(PHONES)
    server = Server(folder / "var").start()
    db = Database(f"sqlite:///{server.data / 'tryg.sqlite'}")
    try:
        code = server.tryg("walk", "create", "--title", "Belastning")["code"]
        with httpx.Client(base_url=server.url, timeout=60) as http:
            phones = [Phone(http, code).join() for _number in range(PHONES)]
        with Memory(server) as memory:
            taken = client.send(server.url, [_evening(server, phone, taken_along) for phone in phones])
            photos.until_ready(db, PHONES * EACH)
        with db.read() as tx:
            kept = tx.exec(select(func.count()).select_from(Observation)).one()
    finally:
        db.close()
        server.stop()
    assert set(taken.statuses) == {201}, taken.statuses
    assert kept == PHONES * EACH, kept
    return [
        Row(f"{PHONES} phones, {EACH} notes and photos each, all receipts", taken.seconds, "s"),
        Row("… the slowest of a hundred waits", taken.part(0.99) * 1000, "ms"),
        Row("… memory of the server and its photo worker, at most", memory.peak_mb, "MB", promise=MEMORY_MB),
    ]


def _evening(server: Server, phone: Phone, taken_along: Sequence[bytes]) -> Iterator[bytes]:
    for number in range(EACH):
        yield from photos.both(server, phone, Picture(taken_along[number]))
