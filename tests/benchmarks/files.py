"""How long the files of a report take, beside the raw limit of the same bytes: CSV and GeoJSON of 2,000 notes, GeoPackage and
Excel, ZIPs of 200 and of 1,000 photos, a PDF of 60 notes with photos."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pysqlite3.dbapi2 as sqlite

from tests.benchmarks import client
from tests.benchmarks.ground import reading, walk
from tests.benchmarks.table import Row
from tests.benchmarks.used import Memory
from tests.running import Server

NOTES, PRINTED = 2_000, 60
TIMES = 5


def measure(folder: Path) -> list[Row]:
    """Medians of what a reader waits for until the last byte, over HTTP."""
    with reading(folder) as (server, http):
        many, printed = walk(server, http, NOTES, 0), walk(server, http, PRINTED, PRINTED)
        key = {"Authorization": http.headers["Authorization"]}
        raw = _middle(lambda: _selected(server, many)) * 1000
        first = client.fetch(server.url, f"/walks/{many}/report.csv", key).whole * 1000
        rows = [
            Row(f"{NOTES} notes as CSV", _ms(server, many, key, "csv"), "ms", promise=100, raw=raw, times=3),
            Row("… for the first to ask after a change", first, "ms"),
            Row("… as GeoJSON", _ms(server, many, key, "geojson"), "ms", promise=60, raw=raw, times=3),
            Row("… as GeoPackage", _ms(server, many, key, "gpkg"), "ms"),
            Row("… as Excel", _ms(server, many, key, "xlsx"), "ms"),
        ]
        for photos in (200, 1_000):
            rows += _zip(server, walk(server, http, photos, photos), key, photos)
        return rows + _pdf(http, printed)


def _middle(take: Callable[[], float]) -> float:
    return sorted(take() for _time in range(TIMES))[TIMES // 2]


def _ms(server: Server, walk_id: str, key: dict[str, str], kind: str) -> float:
    return _middle(lambda: client.fetch(server.url, f"/walks/{walk_id}/report.{kind}", key).whole) * 1000


def _selected(server: Server, walk_id: str) -> float:
    """The same rows out of the database and into JSON, and nothing else."""
    db = sqlite.connect(str(server.data / "tryg.sqlite"))
    db.row_factory = sqlite.Row
    began = time.perf_counter()
    rows = db.execute("SELECT * FROM observation WHERE walk_id = ? ORDER BY captured_utc, id", (walk_id,))
    json.dumps([dict(row) for row in rows])
    seconds = time.perf_counter() - began
    db.close()
    return seconds


def _zip(server: Server, walk_id: str, key: dict[str, str], photos: int) -> list[Row]:
    """Each is compared with the same bytes through a socket, right after it."""
    with Memory(server) as memory:
        taken = [(client.fetch(server.url, f"/walks/{walk_id}/report.zip", key)) for _time in range(TIMES)]
    raw = _middle(lambda: client.copied(taken[0].size))
    whole, first = (sorted(getattr(one, what) for one in taken)[TIMES // 2] * 1000 for what in ("whole", "first"))
    return [
        Row(f"{photos} photos of 300 KB as ZIP", whole, "ms", raw=raw * 1000, times=1.5),
        Row("… its first byte", first, "ms", promise=50),
        Row("… memory it takes", memory.peak_mb - memory.before_mb, "MB", promise=30),
    ]


def _pdf(http: httpx.Client, walk_id: str) -> list[Row]:
    """The first asker waits for the printing, all others get the file."""
    began = time.perf_counter()
    answer = http.get(f"/walks/{walk_id}/report.pdf")
    first = time.perf_counter() - began
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-"), answer.text[:200]
    began = time.perf_counter()
    http.get(f"/walks/{walk_id}/report.pdf").raise_for_status()
    again = time.perf_counter() - began
    size = len(answer.content) / 1e6
    return [
        Row(f"{PRINTED} notes with photos as PDF", first, "s", promise=2.0),
        Row("… its size", size, "MB", promise=5.0),
        Row("… asked for again", again, "s"),
    ]
