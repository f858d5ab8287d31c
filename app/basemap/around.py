"""Which tiles lie around a way: the squares of the web's map that come within some metres of a line.

Hides Web Mercator and its tiles. Promises every tile that is near enough, a few at the corners that are not quite, and an
end where the way is too long for a small map. A line is a list of GeoJSON positions [lon, lat]; a single one is a place.
"""

from itertools import pairwise
from math import atan, cos, degrees, log, pi, radians, sinh, tan

from app.earth import RADIUS_M
from app.earth import metres as between

Line = list[list[float]]
Tile = tuple[int, int, int]  # zoom, column, row
Segment = tuple[float, float, float, float, float]  # from and to, in parts of the world's width; how near is near
_STEP_M = 25  # a watch's points lie closer; that far a line is taken to be straight, and the way around it made wider
_EDGE = 85.05  # the latitude at which Web Mercator ends


def tiles_around(lines: list[Line], metres: float, deepest: int, most: int) -> dict[int, list[Tile]]:
    """By zoom, 0 to `deepest`, the tiles within `metres` of the lines; no zoom with more than `most`, nor any below it."""
    segments = [piece for line in lines for piece in _segments(line, metres)]
    found: dict[int, list[Tile]] = {}
    level = [((0, 0, 0), segments)] if segments else []
    for zoom in range(deepest + 1):
        if not level or len(level) > most:
            break
        found[zoom] = [tile for tile, _near in level]
        level = [(tile, near) for above in level for tile in _four(above[0]) if (near := _near(tile, above[1]))]
    return found


def box_around(lines: list[Line], metres: float) -> tuple[float, float, float, float]:
    """West, south, east and north of what lies within `metres` of the lines, in degrees."""
    segments = [piece for line in lines for piece in _segments(line, metres)]
    west, east = (choose(choose(s[0], s[2]) + side * s[4] for s in segments) for choose, side in ((min, -1), (max, 1)))
    north, south = (
        choose(choose(s[1], s[3]) + side * s[4] for s in segments) for choose, side in ((min, -1), (max, 1))
    )
    return max(-180.0, west * 360 - 180), latitude(south), min(180.0, east * 360 - 180), latitude(north)


def tiles_within(box: tuple[float, float, float, float], zoom: int) -> tuple[range, range]:
    """Columns and rows of the tiles of a zoom in a box (west, south, east, north)."""
    (left, bottom), (right, top) = mercator(*box[:2]), mercator(*box[2:])
    size = 2**zoom
    return range(int(left * size), int(right * size) + 1), range(int(top * size), int(bottom * size) + 1)


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Where a place is on the web's map: 0, 0 is its north-west corner, 1, 1 the south-east one."""
    phi = radians(max(-_EDGE, min(_EDGE, lat)))
    return lon / 360 + 0.5, 0.5 - log(tan(phi / 2 + pi / 4)) / (2 * pi)


def latitude(y: float) -> float:
    """The latitude of a row of the web's map, 0 to 1."""
    return degrees(atan(sinh(pi * (1 - 2 * y))))


def _segments(line: Line, metres: float) -> list[Segment]:
    thinned = line[:1]
    for point in line[1:]:
        if between(thinned[-1], point) >= _STEP_M:
            thinned.append(point)
    points = [(mercator(lon, lat), lat) for lon, lat, *_height in thinned]
    pairs = list(pairwise(points)) or [(point, point) for point in points]
    return [(*a, *b, _width(metres + _STEP_M, max(abs(one), abs(other)))) for (a, one), (b, other) in pairs]


def _width(metres: float, lat: float) -> float:
    """So many metres at a latitude, as a part of the world's width."""
    return metres / (2 * pi * RADIUS_M * cos(radians(min(_EDGE, lat))))


def _four(tile: Tile) -> list[Tile]:
    z, x, y = tile
    return [(z + 1, 2 * x + right, 2 * y + down) for down in (0, 1) for right in (0, 1)]


def _near(tile: Tile, segments: list[Segment]) -> list[Segment]:
    """Those segments that come near the tile; one of them where all of the tile is near to it."""
    z, x, y = tile
    size = 0.5**z
    left, top = x * size, y * size
    found = []
    for piece in segments:
        if _crosses(piece, left, top, size):
            found.append(piece)
            across, down = abs(piece[0] - left - size / 2), abs(piece[1] - top - size / 2)
            if max(across, down) + size / 2 <= piece[4]:
                return [piece]
    return found


def _crosses(piece: Segment, left: float, top: float, size: float) -> bool:
    """Whether a segment meets the square, made wider on all sides by what is near (Liang and Barsky's clipping)."""
    x, y, to_x, to_y, wide = piece
    begins, ends = 0.0, 1.0
    for start, step, low, high in (
        (x, to_x - x, left - wide, left + size + wide),
        (y, to_y - y, top - wide, top + size + wide),
    ):
        if step == 0:
            if not low <= start <= high:
                return False
            continue
        enters, leaves = sorted(((low - start) / step, (high - start) / step))
        begins, ends = max(begins, enters), min(ends, leaves)
        if begins > ends:
            return False
    return True
