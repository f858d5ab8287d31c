"""What is cut from the ground: small whatever the way, done at once, and the same wherever the same is cut."""

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from app.basemap.archive import Archive, put_together
from app.basemap.cut import MOST_BYTES, cut
from tests.maps import CREDIT, ROUTE, header, helsinki


class City:
    """A ground where each tile is as large as asked, and no two are alike."""

    mark, zooms, layers = "city", (0, 16), [{"id": "road", "fields": {}}]

    def __init__(self, tile_bytes: int) -> None:
        from pmtiles.tile import Compression, TileType

        self.kind, self.packed, self._bytes = TileType.MVT, Compression.GZIP, tile_bytes

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        return random.Random(f"{z} {x} {y}").randbytes(self._bytes)


LONG = [[9.9 + step * 0.002, 57.0 + step * 0.0005] for step in range(60)]  # some 8 km


@pytest.mark.parametrize(("tile_bytes", "deepest"), [(2_000, 16), (60_000, 14), (120_000, 13), (400_000, 12)])
def test_the_deepest_zooms_go_first_where_a_map_would_be_too_large(tile_bytes: int, deepest: int) -> None:
    content = cut([LONG], City(tile_bytes), CREDIT)
    assert content is not None
    assert len(content) <= MOST_BYTES
    assert header(content)["max_zoom"] == deepest
    assert header(content)["min_zoom"] == 12


def test_no_way_however_long_makes_a_map_that_is_too_large_or_takes_for_ever() -> None:
    for way in ([[-179.9, -85], [179.9, 85]], [[9.9, 57.0]] * 5000, [[9.9, 57.0, 14.5]], [[180, 90], [180, -90]]):
        began = time.monotonic()
        content = cut([way], City(3_000), CREDIT)
        assert content is None or len(content) <= MOST_BYTES
        assert time.monotonic() - began < 10


@pytest.mark.alone
def test_cutting_a_map_is_done_before_anybody_wonders() -> None:
    """Under a second where nothing else runs (`make bench`); a slow machine is no failure."""
    watch = [[24.9494 - step * 0.0000013, 60.17312 + (step % 7) * 0.00001] for step in range(5000)]
    for way in (ROUTE, watch):
        archive = Archive(helsinki())
        began = time.monotonic()
        assert cut([way], archive, CREDIT)
        assert time.monotonic() - began < 3
        archive.close()


def test_copies_of_one_base_map_are_one_whenever_they_were_written(tmp_path: Path) -> None:
    marks = []
    for name, written in (("here", 1_000_000_000), ("there", 1_500_000_000)):
        os.utime(shutil.copy(helsinki(), tmp_path / name), (written, written))
        archive = Archive(tmp_path / name)
        marks.append(archive.mark)
        archive.close()
    assert marks[0] == marks[1]
    archive = Archive(tmp_path / "here")
    other = put_together({(12, 1, 1): b"x"}, archive.kind, archive.packed, (9, 56, 10, 57), {})
    (tmp_path / "other").write_bytes(other)
    archive.close()
    archive = Archive(tmp_path / "other")
    assert archive.mark not in marks
    archive.close()
