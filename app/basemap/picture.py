"""A map that stands still, for paper: drawn as SVG from the tiles we hold, without network or browser.

Hides how tiles become strokes, and how many are taken for the size. Promises that it can be read in grey, too: what matters
is told by shape, number and darkness; that it says how long a metre is, where north is and whose data it is; and that a
ground which cannot be read gives no picture rather than half of one.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import atan2, cos, degrees, floor, log2, pi, radians
from typing import Any

from app.basemap.archive import Archive, Unreadable
from app.basemap.around import Line, mercator
from app.basemap.kept import Maps
from app.basemap.mvt import Thing, things, unpacked
from app.basemap.schemas import in_our_words
from app.earth import RADIUS_M

log = logging.getLogger("tryg")

UNIT = 10  # of the drawing in a millimetre
_ACROSS = 4.5  # tiles on the longer side: enough detail, and few enough to be drawn at once
_MOST_TILES = 200  # where the map has no zoom that is small enough: a stop typed far away
_TILE_BYTES = 8 * 1024 * 1024  # unpacked
_EDGE_M = 90  # what is shown beyond the way
_LEAST_M = 350  # on the shorter side
_STRAIGHT = ("M", "L")
_FACE = "IBM Plex Sans"

GROUND, INK = "#f6f3ec", "#10212b"
LAND = {
    "grass": "#dde7d2", "wood": "#cbdabf", "farm": "#ecead6", "residential": "#efebe4", "industrial": "#e7e3de",
    "commercial": "#ece5e0", "sand": "#f0e8cf", "playground": "#d3e4c6", "pitch": "#d3e4c6", "cemetery": "#d5dfcc",
    "parking": "#ebe9e6",
}  # fmt: skip
WATER, HOUSE, HOUSE_EDGE, RAIL, EDGE = "#aec8d8", "#d3ccc2", "#aaa297", "#7d7d7d", "#958e84"
# class: (width of its surface in millimetres at zoom 16, how it is drawn)
ROADS = {
    "motorway": (2.6, "road"), "main": (2.2, "road"), "street": (1.6, "road"), "pedestrian": (1.3, "road"),
    "service": (0.8, "road"), "track": (0.45, "way"), "cycleway": (0.45, "way"), "path": (0.4, "way"), "steps": (0.7, "steps"),
}  # fmt: skip
_DASHES = {"way": "9 5", "steps": "3 3"}
_PLACES = {"park", "square", "station"}
VALENCES = {"unsafe": "#8a2c0a", "safe": "#004f77", "mixed": INK}


@dataclass(frozen=True)
class Shown:
    """What is drawn on the ground: the way, the stops by number, notes by valence; places are [lon, lat]."""

    route: Line
    stops: list[tuple[str, list[float]]]
    notes: list[tuple[str, list[float]]]


def on_own_map(maps: Maps, sha256: str | None, shown: Shown, credit: str, width: float, height: float) -> str | None:
    """The picture on a walk's own map, so many millimetres large; None where the walk has none, or it cannot be read."""
    path = maps.path(sha256 or "")
    if path is None:
        return None
    try:
        ground = Archive(path)
        try:
            return picture(ground, shown, credit, width, height)
        finally:
            ground.close()
    except (Unreadable, ValueError) as wrong:
        log.error("No picture of the map %s: %s", sha256, wrong)
        return None


def picture(ground: Archive, shown: Shown, credit: str, width: float, height: float) -> str | None:
    """The SVG; None where nothing is to be shown. Raises Unreadable, ValueError."""
    places = [*shown.route, *(place for _name, place in [*shown.stops, *shown.notes])]
    if not places:
        return None
    view = _View(places, width * UNIT, height * UNIT, ground.zooms)
    if view.number > _MOST_TILES and len(shown.route) > 1:  # without the stop that somebody typed far away
        view = _View(shown.route, width * UNIT, height * UNIT, ground.zooms)
    if view.number > _MOST_TILES:
        raise ValueError("its places lie too far from each other for one sheet")
    under = _Under(view)
    for tile in view.tiles():
        if packed := ground.tile(*tile):
            under.take(tile, in_our_words(things(unpacked(packed, _TILE_BYTES))))
    w, h = round(width * UNIT), round(height * UNIT)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{width}mm" height="{height}mm">',
        f'<rect width="{w}" height="{h}" fill="{GROUND}"/>',
        *under.drawn(),
        *_over(view, shown),
        *_frame(view, credit),
        "</svg>",
    ]
    return "".join(parts)


class _View:
    """The part of the world that is drawn, and where a place is on the drawing."""

    def __init__(self, places: Line, width: float, height: float, zooms: tuple[int, int]) -> None:
        points = [mercator(*place[:2]) for place in places]
        xs, ys = [x for x, _y in points], [y for _x, y in points]
        self.lat = (min(p[1] for p in places) + max(p[1] for p in places)) / 2
        metre = 1 / (2 * pi * RADIUS_M * cos(radians(self.lat)))  # in parts of the world's width
        across = max(max(xs) - min(xs) + 2 * _EDGE_M * metre, _LEAST_M * metre)
        down = max(max(ys) - min(ys) + 2 * _EDGE_M * metre, _LEAST_M * metre)
        self.scale = min(width / across, height / down)  # units in the world's width
        self.left = (min(xs) + max(xs)) / 2 - width / self.scale / 2
        self.top = (min(ys) + max(ys)) / 2 - height / self.scale / 2
        self.width, self.height = width, height
        self.metre = metre * self.scale  # units in a metre
        wanted = floor(log2(_ACROSS * self.scale / max(width, height)))
        self.zoom = max(zooms[0], min(zooms[1], wanted))

    def at(self, place: list[float]) -> tuple[float, float]:
        return self.on(*mercator(*place[:2]))

    def on(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    @property
    def number(self) -> int:
        """How many tiles() are."""
        across, down = self._spans()
        return len(across) * len(down)

    def tiles(self) -> Iterable[tuple[int, int, int]]:
        across, down = self._spans()
        return ((self.zoom, x, y) for x in across for y in down)

    def _spans(self) -> tuple[range, range]:
        size = 2**self.zoom
        spans = ((self.left, self.width), (self.top, self.height))
        ends = [(floor(start * size), floor((start + wide / self.scale) * size) + 1) for start, wide in spans]
        across, down = (range(max(0, first), min(size, last)) for first, last in ends)
        return across, down

    @property
    def mm(self) -> float:
        """How wide a line of a millimetre at zoom 16 is drawn here: thinner on a map of a larger part."""
        return max(0.35, min(1.3, 2.2 * self.metre / UNIT * 10)) * UNIT


class _Under:
    """The ground, collected from tiles and put in order: what covers land, water, houses, rails, roads, names."""

    def __init__(self, view: _View) -> None:
        self._view = view
        self._fills: dict[str, list[str]] = {colour: [] for colour in (*LAND.values(), WATER, HOUSE)}
        self._rails: list[str] = []
        self._streams: list[str] = []
        self._squares: list[str] = []
        self._places: dict[str, tuple[float, float]] = {}
        self._roads: dict[str, list[str]] = {kind: [] for kind in ROADS}
        self._names: dict[str, tuple[float, float, float, float, bool]] = {}  # the longest straight piece of each name

    def take(self, tile: tuple[int, int, int], layers: dict[str, list[Thing]]) -> None:
        for thing in layers.get("land", []):
            self._fill(LAND.get(str(thing.about.get("kind")), ""), thing, tile)
        for thing in layers.get("water", []):
            if thing.kind == 3:
                self._fill(WATER, thing, tile)
            elif thing.kind == 2:
                self._streams.append(self._path(thing, tile))
        for thing in layers.get("building", []):
            self._fill(HOUSE, thing, tile)
        self._rails += [self._path(thing, tile) for thing in layers.get("rail", []) if not thing.about.get("tunnel")]
        for thing in layers.get("road", []):
            kind = str(thing.about.get("class"))
            if kind in ROADS and thing.kind == 3:
                self._squares.append(self._path(thing, tile))
            elif kind in ROADS and thing.kind == 2:
                self._roads[kind].append(self._path(thing, tile))
                self._name(thing, tile, ROADS[kind][0] >= 1.3)
        for thing in layers.get("place", []):
            if thing.kind == 1 and thing.about.get("kind") in _PLACES and thing.parts:
                self._places[str(thing.about.get("name"))] = self._on(thing.parts[0][0], tile)
        for thing in layers.get("street", []):
            self._name(thing, tile, thing.kind == 2)

    def drawn(self) -> Iterable[str]:
        mm = self._view.mm
        for colour, paths in self._fills.items():
            if not paths:
                continue
            edge = f' stroke="{HOUSE_EDGE}" stroke-width="{0.12 * mm:.1f}"' if colour == HOUSE else ""
            yield f'<path fill="{colour}"{edge} fill-rule="evenodd" d="{"".join(paths)}"/>'
        if self._squares:
            yield f'<path fill="#ffffff" stroke="{EDGE}" stroke-width="{0.15 * mm:.1f}" fill-rule="evenodd" d="{"".join(self._squares)}"/>'
        yield _stroke(self._streams, WATER, 0.6 * mm)
        yield _stroke(self._rails, RAIL, 0.35 * mm)
        roads = [(kind, *ROADS[kind]) for kind in reversed(ROADS) if self._roads[kind]]
        for kind, wide, how in roads:
            if how == "road":
                yield _stroke(self._roads[kind], EDGE, (wide + 0.4) * mm)
        for kind, wide, how in roads:
            colour = "#ffffff" if how == "road" else "#6d665d"
            dashes = f' stroke-dasharray="{_DASHES[how]}"' if how in _DASHES else ""
            yield _stroke(self._roads[kind], colour, wide * mm, dashes)
        yield from self._said()

    def _on(self, place: tuple[float, float], tile: tuple[int, int, int]) -> tuple[float, float]:
        z, x, y = tile
        return self._view.on((x + place[0]) / 2**z, (y + place[1]) / 2**z)

    def _path(self, thing: Thing, tile: tuple[int, int, int]) -> str:
        return "".join(_line([self._on(place, tile) for place in part]) for part in thing.parts)

    def _fill(self, colour: str, thing: Thing, tile: tuple[int, int, int]) -> None:
        if colour and thing.kind == 3:
            self._fills[colour].append(self._path(thing, tile))

    def _name(self, thing: Thing, tile: tuple[int, int, int], is_street: bool) -> None:
        name = thing.about.get("name")
        if not isinstance(name, str) or not is_street:
            return
        for part in thing.parts:
            points = [self._on(place, tile) for place in part]
            for (x, y), (to_x, to_y) in pairwise(points):
                is_seen = 0 < x + to_x < 2 * self._view.width and 0 < y + to_y < 2 * self._view.height
                before = self._names.get(name)
                if not is_seen:
                    continue
                if before is None or (to_x - x) ** 2 + (to_y - y) ** 2 > _squared(before):
                    self._names[name] = (x, y, to_x, to_y, True)

    def _said(self) -> Iterable[str]:
        """Names along the longest straight piece of their streets, where there is room, each once."""
        taken: list[tuple[float, float, float]] = []
        size = 2.5 * UNIT
        for name, (x, y) in sorted(self._places.items()):
            need = 0.6 * size * len(name)
            if need / 2 < x < self._view.width - need / 2 and size < y < self._view.height - size:
                taken.append((x, y, need))
                yield _text(name, x, y, size, "#3f5a33", weight=600)
        for name, (x, y, to_x, to_y, _street) in sorted(self._names.items(), key=lambda one: -_squared(one[1])):
            length, need = _squared((x, y, to_x, to_y, True)) ** 0.5, 0.55 * size * len(name)
            middle_x, middle_y = (x + to_x) / 2, (y + to_y) / 2
            # Along the street, with its own height besides.
            wide, high = (abs(step) * need / length / 2 + size if length else 0 for step in (to_x - x, to_y - y))
            inside = wide < middle_x < self._view.width - wide and high < middle_y < self._view.height - high
            if length < 0.8 * need or not inside or len(taken) > 40:
                continue
            if any((middle_x - a) ** 2 + (middle_y - b) ** 2 < ((need + c) / 2) ** 2 for a, b, c in taken):
                continue
            taken.append((middle_x, middle_y, need))
            yield _text(name, middle_x, middle_y, size, turn=_turn(to_x - x, to_y - y))


def _over(view: _View, shown: Shown) -> Iterable[str]:
    """The way, the notes and the stops, above everything."""
    way = [_line([view.at(place) for place in shown.route])] if len(shown.route) > 1 else []
    yield _stroke(way, "#ffffff", 2.4 * UNIT)
    yield _stroke(way, INK, 1.3 * UNIT)
    for valence, place in shown.notes:
        yield _mark(valence, *view.at(place), 1.7 * UNIT)
    for number, place in shown.stops:
        x, y = view.at(place)
        size = 3.6 if len(number) < 3 else 2.9
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.9 * UNIT}" fill="{INK}" stroke="#ffffff" stroke-width="{0.6 * UNIT}"/>'
        )
        yield _text(number, x, y, size * UNIT, "#ffffff", halo=False, weight=700)


def _mark(valence: str, x: float, y: float, size: float) -> str:
    """Unsafe is a triangle, safe a circle, mixed a half-filled square, as everywhere."""
    colour = VALENCES.get(valence, INK)
    edge = f'stroke="#ffffff" stroke-width="{0.45 * UNIT}"'
    if valence == "safe":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{colour}" {edge}/>'
    if valence == "unsafe":
        corners = f"{x:.1f},{y - 1.2 * size:.1f} {x + 1.15 * size:.1f},{y + 0.9 * size:.1f} {x - 1.15 * size:.1f},{y + 0.9 * size:.1f}"
        return f'<polygon points="{corners}" fill="{colour}" {edge} paint-order="stroke"/>'
    left, top, side = x - size, y - size, 2 * size
    half = f"{left:.1f},{top:.1f} {left:.1f},{top + side:.1f} {left + side:.1f},{top + side:.1f}"
    square = f'<rect x="{left:.1f}" y="{top:.1f}" width="{side:.1f}" height="{side:.1f}" fill="#ffffff" stroke="{colour}" stroke-width="{0.4 * UNIT}"/>'
    return f'{square}<polygon points="{half}" fill="{colour}"/>'


def _frame(view: _View, credit: str) -> Iterable[str]:
    """Scale bar, north, credit."""
    width, height = view.width, view.height
    long = next((m for m in (2000, 1000, 500, 200, 100, 50, 20) if m * view.metre <= width / 4), 10)
    bar, x, y = long * view.metre, 4 * UNIT, height - 4 * UNIT
    said = f"{long} m" if long < 1000 else f"{long // 1000} km"
    yield _box(x - 2 * UNIT, y - 6.5 * UNIT, bar + 4 * UNIT, 8.5 * UNIT)
    yield f'<path d="M{x:.1f} {y - 1.6 * UNIT:.1f}V{y:.1f}H{x + bar:.1f}V{y - 1.6 * UNIT:.1f}" fill="none" stroke="{INK}" stroke-width="{0.5 * UNIT}"/>'
    yield _text(said, x + bar / 2, y - 3.6 * UNIT, 3.2 * UNIT, halo=False)
    middle, top = width - 7 * UNIT, 3 * UNIT
    yield _box(middle - 4 * UNIT, top - 1 * UNIT, 8 * UNIT, 13 * UNIT)
    arrow = f"{middle:.1f},{top:.1f} {middle + 2.4 * UNIT:.1f},{top + 6.5 * UNIT:.1f} {middle:.1f},{top + 5 * UNIT:.1f} {middle - 2.4 * UNIT:.1f},{top + 6.5 * UNIT:.1f}"
    yield f'<polygon points="{arrow}" fill="{INK}"/>'
    yield _text("N", middle, top + 9 * UNIT, 3.6 * UNIT, halo=False, weight=700)
    size = 2.6 * UNIT
    wide = 0.55 * size * len(credit) + 3 * UNIT
    yield _box(width - wide, height - 4.4 * UNIT, wide, 4.4 * UNIT)
    yield _text(credit, width - wide / 2, height - 2.2 * UNIT, size, halo=False)


def _box(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#ffffff" fill-opacity="0.88"/>'
    )


def _text(
    said: str,
    x: float,
    y: float,
    size: float,
    colour: str = INK,
    *,
    halo: bool = True,
    weight: int = 500,
    turn: float = 0.0,
) -> str:
    """Words with their middle at a place. The halo is drawn beneath as words of its own: not every reader knows paint-order.
    What cannot be printed is left out: a control character makes a drawing that nobody can read."""
    said = escape("".join(sign for sign in said if sign.isprintable()))
    turned = f' transform="rotate({turn:.1f} {x:.1f} {y:.1f})"' if turn else ""
    at = f'x="{x:.1f}" y="{y + 0.36 * size:.1f}" text-anchor="middle" font-family="{_FACE}" font-size="{size:.1f}" font-weight="{weight}"{turned}'
    words = f'<text {at} fill="{colour}">{said}</text>'
    if not halo:
        return words
    under = (
        f'<text {at} fill="none" stroke="#ffffff" stroke-width="{0.3 * size:.1f}" stroke-linejoin="round">{said}</text>'
    )
    return under + words


def _stroke(paths: list[str], colour: str, wide: float, more: str = "") -> str:
    if not paths:
        return ""
    ends = "butt" if more else "round"
    return f'<path fill="none" stroke="{colour}" stroke-width="{wide:.1f}" stroke-linecap="{ends}" stroke-linejoin="round"{more} d="{"".join(paths)}"/>'


def _line(points: list[tuple[float, float]]) -> str:
    return "".join(f"{_STRAIGHT[min(at, 1)]}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))


def _squared(piece: tuple[Any, ...]) -> float:
    return float((piece[2] - piece[0]) ** 2 + (piece[3] - piece[1]) ** 2)


def _turn(across: float, down: float) -> float:
    """The angle of a line in degrees, so that what is written along it does not stand on its head."""
    angle = degrees(atan2(down, across))
    return angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
