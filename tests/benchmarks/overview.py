"""How long the overview across walks takes: 200 walks, 10,000 notes, 1,000 measures, over HTTP."""

from pathlib import Path

import httpx
from sqlmodel import select

from app.db import Database
from app.models import User
from tests.benchmarks.client import waits
from tests.benchmarks.table import Row
from tests.overview.organisation import fill
from tests.running import Server

WALKS, NOTES, MEASURES, TIMES = 200, 10_000, 1_000, 5


def measure(folder: Path) -> list[Row]:
    """The median of what a coordinator waits for, page and file."""
    server = Server(folder / "var").start()
    try:
        server.tryg("user", "add", "laeser@example.dk", "--role", "coordinator")
        key = server.tryg("user", "key", "laeser@example.dk")["key"]
        db = Database(f"sqlite:///{server.data / 'tryg.sqlite'}")
        with db.write() as tx:
            fill(tx, None, tx.exec(select(User)).one(), walks=WALKS, notes=NOTES, measures=MEASURES)
        db.close()
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
            return [_row(http, "/overview", f"overview of {WALKS} walks, {NOTES} notes", 0.5),
                    _row(http, "/overview/measures.csv", f"… its {MEASURES} measures as CSV", None)]  # fmt: skip
    finally:
        server.stop()


def _row(http: httpx.Client, path: str, name: str, promise: float | None) -> Row:
    return Row(name, waits(http, path, TIMES)[TIMES // 2], "s", promise=promise)
