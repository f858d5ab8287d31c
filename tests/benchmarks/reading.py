"""How long the server takes for a report's page and files: 60 and 5,000 notes, first opening, opened again, one filter further."""

from pathlib import Path

import httpx

from tests.benchmarks.client import waits
from tests.benchmarks.files import _walk
from tests.benchmarks.table import Row
from tests.running import Server

TIMES = 30


def measure(folder: Path) -> list[Row]:
    server = Server(folder / "var", TRYG_RATE_LIMITS="off").start()
    try:
        server.tryg("user", "add", "laeser@example.dk", "--role", "coordinator")
        key = server.tryg("user", "key", "laeser@example.dk")["key"]
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as http:
            few, many = _walk(server, http, 60, 0), _walk(server, http, 5_000, 0)
            return [
                _row(http, f"/walks/{few}/report", "the report's page, 60 notes", 60),
                _row(http, f"/walks/{many}/report", "… 5,000 notes", 250),
                _row(http, f"/walks/{many}/report?valence=unsafe&page=3", "… filtered, third page", 250),
                _row(http, f"/walks/{many}/report/places.geojson", "… its places for the map", None),
            ]
    finally:
        server.stop()


def _row(http: httpx.Client, path: str, name: str, promise: float | None) -> Row:
    """95 of 100 askings are answered within this time."""
    return Row(name, waits(http, path, TIMES)[int(0.95 * TIMES)] * 1000, "ms", promise=promise)
