"""The map that tests look at: the demo's, as `make` built it, and what can be read from any map's bytes.

Hides where it lies. Promises a sentence where it was not built: tests are not skipped for want of it.
"""

import gzip
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from pmtiles.reader import MemorySource, Reader, all_tiles

from app.demo.ground import MAP, is_built

# A way through the park and the tunnel in it, as in the demo; [lon, lat]
ROUTE = [[24.9494, 60.17312], [24.94532, 60.17298], [24.94317, 60.17301], [24.9427, 60.17437], [24.9442, 60.17442]]
CREDIT = "© OpenStreetMap contributors"


def helsinki() -> Path:
    """The middle of Helsinki in our own schema, zooms 10 to 16."""
    assert is_built(MAP), "the demo's map was not built: make map"
    return MAP


def header(content: bytes) -> dict[str, Any]:
    return dict(Reader(MemorySource(content)).header())


def metadata(content: bytes) -> dict[str, Any]:
    return dict(Reader(MemorySource(content)).metadata())


def tiles(content: bytes) -> dict[tuple[int, int, int], bytes]:
    """Every tile, unpacked, by zoom, column and row."""
    return {where: gzip.decompress(tile) for where, tile in all_tiles(MemorySource(content))}


def things(content: bytes, layer: str, zoom: int = 16) -> list[dict[str, Any]]:
    """What a layer holds at a zoom: each thing's properties; what lies in several tiles comes several times."""
    found = []
    for (z, _x, _y), tile in tiles(content).items():
        if z == zoom:
            found += mapbox_vector_tile.decode(tile).get(layer, {"features": []})["features"]
    return [dict(feature["properties"]) for feature in found]
