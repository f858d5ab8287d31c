"""Notes a second, each on disk before its receipt, from 8 and from 32 phones at once, beside SQLite's own one-row transactions."""

import time
from pathlib import Path

import httpx
import pysqlite3.dbapi2 as sqlite

from tests.benchmarks import client
from tests.benchmarks.table import Row
from tests.phone import CAPTURED, FIX, Phone, new_id
from tests.running import Server

NOTES = 4_000
WORDS = "Lampen midt i tunnelen er slukket, og man kan ikke se, om der står nogen, før man er halvvejs."


def measure(folder: Path) -> list[Row]:
    raw = _raw(folder / "raw.sqlite")
    server = Server(folder / "var", TRYG_RATE_LIMITS="off").start()
    rows = []
    try:
        code = server.tryg("walk", "create", "--title", "Belastning")["code"]
        for phones in (8, 32):
            client.send(server.url, _piles(server, code, phones, 400))
            piles = _piles(server, code, phones, NOTES)
            taken = client.send(server.url, piles)
            assert set(taken.statuses) == {201}, taken.statuses
            rows += [
                Row(
                    f"notes kept, {phones} phones at once",
                    taken.rate,
                    "/s",
                    raw=raw,
                    reach=0.45 if phones == 32 else None,
                ),
                Row(
                    "… the slowest of a hundred waits",
                    taken.part(0.99) * 1000,
                    "ms",
                    promise=60 if phones == 32 else None,
                ),
            ]
    finally:
        server.stop()
    return rows


def _piles(server: Server, code: str, phones: int, notes: int) -> list[list[bytes]]:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        joined = [Phone(http, code).join() for _number in range(phones)]
    return [[put(server, phone) for _note in range(notes // phones)] for phone in joined]


def put(server: Server, phone: Phone) -> bytes:
    """The request that sends a new note."""
    said = {
        "walk_id": phone.walk["id"],
        "rev": 1,
        "captured_at": CAPTURED,
        "valence": "unsafe",
        "note": WORDS,
        "fix": FIX,
    }
    headers = phone.key | {"Content-Type": "application/json"}
    return client.put(server.url, f"/api/v1/observations/{new_id()}", headers, said)


def _raw(file: Path) -> float:
    """Rows a second that SQLite keeps one by one, as safely, from one connection and with nothing around it."""
    db = sqlite.connect(str(file), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE note (id TEXT PRIMARY KEY, words TEXT)")
    rows = [(new_id(), WORDS * 5) for _number in range(NOTES)]
    began = time.perf_counter()
    for row in rows:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO note VALUES (?, ?)", row)
        db.execute("COMMIT")
    seconds = time.perf_counter() - began
    db.close()
    return NOTES / seconds
