"""The sea, put together from coastlines: OpenStreetMap draws its edge only, with the land on the left.

Hides the geometry. Promises an area of water only where the lines say so without contradiction: where a coastline is cut
off or runs the wrong way, the ground is left as it is rather than flooded. Works on plain degrees, which is fine for
asking on which side of a line something is.
"""

from collections.abc import Iterator
from math import hypot
from typing import Any

Points = list[tuple[float, float]]  # lon, lat
Box = tuple[float, float, float, float]  # west, south, east, north
_ASIDE = 1e-6  # how far from a line its two sides are looked at: a tenth of a metre, in degrees
_SHORT = 0.005  # how far before the edge an extract may have lost a coastline's last points: some 400 m, in degrees


def sea(coasts: list[Points], box: Box) -> Iterator[dict[str, Any]]:
    """The parts of `box` that are sea, as GeoJSON polygons."""
    from shapely import STRtree, union_all
    from shapely.geometry import LineString, Point, mapping
    from shapely.geometry import box as rectangle
    from shapely.ops import linemerge, polygonize

    frame = rectangle(*box)
    lines = [cut for coast in coasts if len(coast) > 1 for cut in _lines(LineString(coast).intersection(frame))]
    lines = [LineString(_to_the_edge(list(line.coords), box)) for line in _lines(linemerge(lines))] if lines else []
    if not lines:
        return
    faces = list(polygonize(union_all([frame.exterior, *lines])))
    tree, wet, dry = STRtree(faces), [0.0] * len(faces), [0.0] * len(faces)
    for line in lines:
        (x, y), (across, up), length = _middle_of_longest(list(line.coords))
        for votes, side in ((wet, 1), (dry, -1)):
            beside = Point(x + side * up * _ASIDE, y - side * across * _ASIDE)
            for found in tree.query(beside, predicate="within"):
                votes[found] += length
    for face, water, land in zip(faces, wet, dry, strict=True):
        if water and not land:
            yield mapping(face)


def _lines(shape: Any) -> list[Any]:
    parts = getattr(shape, "geoms", [shape])
    return [part for part in parts if part.geom_type == "LineString" and not part.is_empty]


def _to_the_edge(line: Points, box: Box) -> Points:
    """A line whose open ends are drawn on to the edge of the box, where that is near."""
    return line if line[0] == line[-1] else [*_on(line[0], box), *line, *_on(line[-1], box)]


def _on(end: tuple[float, float], box: Box) -> Points:
    x, y = end
    west, south, east, north = box
    edges = [(x - west, (west, y)), (east - x, (east, y)), (y - south, (x, south)), (north - y, (x, north))]
    far, place = min(edges)
    return [place] if 0 < far < _SHORT else []


def _middle_of_longest(points: list[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float], float]:
    """The middle of a line's longest straight piece, its direction (of length 1) and its length."""
    best = max(range(len(points) - 1), key=lambda at: hypot(*_step(points, at)))
    (x, y), (dx, dy) = points[best], _step(points, best)
    length = hypot(dx, dy)
    return (x + dx / 2, y + dy / 2), (dx / length, dy / length), length


def _step(points: list[tuple[float, float]], at: int) -> tuple[float, float]:
    return points[at + 1][0] - points[at][0], points[at + 1][1] - points[at][1]
