"""A walk's own map, cut from the base map: what lies around its way, small enough for every phone.

Hides which tiles those are, and what is left out where they are too many. Promises at most MOST_BYTES, whatever the way: the
deepest zooms go first; the same way and the same base map give the same bytes; and None where the base map has nothing
there. Never asks how a walk is kept.
"""

import hashlib
import json
from typing import Any, Protocol

from app.basemap.archive import put_together
from app.basemap.around import Line, Tile, box_around, tiles_around

VERSION = 1  # grows when the same way should get another map than before
AROUND_M = 400  # what can be seen, and the next way home
ZOOMS = (12, 16)
MOST_BYTES = 2_000_000  # a phone with one bar loads that in a minute
MOST_TILES = 1_500  # of one zoom; a directory of more would not fit where readers look for it


class Ground(Protocol):
    """What a map is cut from: our own file, or somebody's tile server."""

    mark: str
    zooms: tuple[int, int]

    @property
    def layers(self) -> list[Any]: ...

    @property
    def kind(self) -> Any: ...

    @property
    def packed(self) -> Any: ...

    def tile(self, z: int, x: int, y: int) -> bytes | None: ...


def mark_of(lines: list[Line], ground: Ground, credit: str) -> str:
    """What a map of these lines would be cut from, in a few letters."""
    told = json.dumps([VERSION, AROUND_M, MOST_BYTES, credit, ground.mark, lines])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def cut(lines: list[Line], ground: Ground, credit: str) -> bytes | None:
    """The map around the lines as a PMTiles file; None where the ground has nothing there. Raises what `ground.tile` does."""
    last = min(ZOOMS[1], ground.zooms[1])
    first = max(min(ZOOMS[0], last), ground.zooms[0])
    box = box_around(lines, AROUND_M)
    around = tiles_around(lines, AROUND_M, last, MOST_TILES)
    told = {"name": "Tryghedsvandring", "type": "baselayer", "format": "pbf", "attribution": credit}
    best, tiles, size = None, dict[Tile, bytes](), 0
    for zoom in range(first, last + 1):
        for tile in around.get(zoom, []):
            content = ground.tile(*tile)
            if content:
                tiles[tile] = content
                size += len(content)
            if size > 4 * MOST_BYTES:  # even with many alike
                return best
        if not tiles:
            continue
        whole = put_together(tiles, ground.kind, ground.packed, box, told | {"vector_layers": ground.layers})
        if len(whole) > MOST_BYTES or len(tiles) > 4 * MOST_TILES:
            return best
        best = whole
    return best
