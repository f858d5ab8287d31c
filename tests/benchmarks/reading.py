"""How long the server takes for a report's page: 60 and 5,000 notes, opened again, one filter further."""

from pathlib import Path

import httpx

from tests.benchmarks.client import waits
from tests.benchmarks.ground import reading, walk
from tests.benchmarks.table import Row

TIMES = 30


def measure(folder: Path) -> list[Row]:
    with reading(folder) as (server, http):
        few, many = walk(server, http, 60, 0), walk(server, http, 5_000, 0)
        return [
            _row(http, f"/walks/{few}/report", "the report's page, 60 notes", 60),
            _row(http, f"/walks/{many}/report", "… 5,000 notes", 250),
            _row(http, f"/walks/{many}/report?valence=unsafe&page=3", "… filtered, third page", 250),
            _row(http, f"/walks/{many}/report/places.geojson", "… its places for the map", None),
        ]


def _row(http: httpx.Client, path: str, name: str, promise: float | None) -> Row:
    """95 of 100 askings are answered within this time."""
    return Row(name, waits(http, path, TIMES)[int(0.95 * TIMES)] * 1000, "ms", promise=promise)
