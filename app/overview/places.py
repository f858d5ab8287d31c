"""Places that were named on several walks: the same stop, or notes that lie close together.

Hides how places are told apart: a place is a stop, or the first note that lies far from all others; what lies within NEAR_M
of it, or is a stop of the same name in the neighbourhood, is the same place. Promises that a row of notes along a path never
runs together into one place, and that a name alone joins nothing across town. Never says which place is worse.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.earth import metres

NEAR_M = 40.0  # as near as phones tell places apart among houses
SAME_NAME_M = 250.0  # stops of one name this near each other are one place that was pointed at from two sides
_CELL = NEAR_M / 111_195  # degrees of latitude
_WIDE = _CELL / math.cos(math.radians(75))  # degrees of longitude
_FEEL = ("unsafe", "mixed", "safe", "none")


@dataclass(frozen=True, slots=True)
class Spot:
    """A stop of a walk, or (`stop_id` "") where a note lies. `order`: of the walks, the oldest first; `home`: whose walk and
    in which area: where a place is not known, names are compared within it."""

    walk_id: str
    order: int
    home: tuple[str | None, str]
    stop_id: str
    name: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class Visit:
    """What was noted there on one walk, by how it felt."""

    walk_id: str
    order: int
    notes: Counter[str]


@dataclass(frozen=True)
class Named:
    """A place of several walks. `name`: the newest stop's, "" where it is none; `visits`: the oldest first."""

    name: str
    lat: float | None
    lon: float | None
    visits: tuple[Visit, ...]

    @property
    def notes(self) -> int:
        return sum(visit.notes.total() for visit in self.visits)


@dataclass(eq=False)
class _Place:
    home: tuple[str | None, str]
    lat: float | None
    lon: float | None
    name: str = ""
    notes: dict[str, Counter[str]] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)

    def note(self, spot: Spot, valence: str, number: int) -> None:
        self.notes.setdefault(spot.walk_id, Counter())[valence] += number
        self.orders[spot.walk_id] = spot.order


class _Ground:
    """All places found so far, by where they are and by name."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[_Place]] = {}
        self._names: dict[str, list[_Place]] = {}
        self.all: list[_Place] = []

    def near(self, lat: float, lon: float) -> _Place | None:
        """The nearest place within NEAR_M."""
        best, far = None, NEAR_M
        for place in self._around(lat, lon):
            away = metres([lon, lat], [place.lon, place.lat])  # type: ignore[list-item]  # only places on the ground are in cells
            if away <= far:
                best, far = place, away
        return best

    def called(self, spot: Spot) -> _Place | None:
        """A place of the same name in the neighbourhood; where one of them has no place, in the same area."""
        for place in self._names.get(_key(spot.name), ()):
            if None in (place.lat, spot.lat):
                if place.home == spot.home and spot.home[1]:
                    return place
            elif metres([place.lon, place.lat], [spot.lon, spot.lat]) <= SAME_NAME_M:  # type: ignore[list-item]
                return place
        return None

    def add(self, spot: Spot) -> _Place:
        place = _Place(spot.home, spot.lat, spot.lon)
        self.all.append(place)
        if spot.lat is not None and spot.lon is not None:
            self._cells.setdefault(_cell(spot.lat, spot.lon), []).append(place)
        return place

    def name(self, place: _Place, spot: Spot) -> None:
        """It is called so too, and from now on first."""
        place.name = spot.name or place.name
        known = self._names.setdefault(_key(spot.name), [])
        if spot.name and place not in known:
            known.append(place)
        if place.lat is None and spot.lat is not None and spot.lon is not None:
            place.lat, place.lon = spot.lat, spot.lon
            self._cells.setdefault(_cell(spot.lat, spot.lon), []).append(place)

    def _around(self, lat: float, lon: float) -> Iterator[_Place]:
        row, column = _cell(lat, lon)
        for down in (row - 1, row, row + 1):
            for across in (column - 1, column, column + 1):
                yield from self._cells.get((down, across), ())


def repeated(stops: Sequence[Spot], notes: Iterable[tuple[Spot, str, int]]) -> list[Named]:
    """The places with notes of several walks, by name. `stops`, and `notes` each with how it felt and how many they are: the
    oldest walk first."""
    ground, at = _Ground(), dict[str, _Place]()
    for stop in stops:
        here = ground.near(stop.lat, stop.lon) if stop.lat is not None and stop.lon is not None else None
        place = here or ground.called(stop) or ground.add(stop)
        ground.name(place, stop)
        at[stop.stop_id] = place
    for spot, valence, number in notes:
        known = at.get(spot.stop_id)
        if known is None and spot.lat is not None and spot.lon is not None:
            known = ground.near(spot.lat, spot.lon) or ground.add(spot)
        if known is not None:
            known.note(spot, valence, number)
    found = [_named(place) for place in ground.all if len(place.notes) > 1]
    return sorted(found, key=lambda one: (not one.name, one.name.casefold(), one.visits[-1].order))


def felt(notes: Counter[str]) -> list[tuple[str, int]]:
    """(how it felt, how many) where there are any."""
    return [(key, notes[key]) for key in _FEEL if notes[key]]


def _named(place: _Place) -> Named:
    visits = sorted(
        (Visit(walk_id, place.orders[walk_id], notes) for walk_id, notes in place.notes.items()),
        key=lambda one: one.order,
    )
    return Named(place.name, place.lat, place.lon, tuple(visits))


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _cell(lat: float, lon: float) -> tuple[int, int]:
    """A piece of ground at least NEAR_M long and wide, as far north as 75 degrees: what is near lies in it or beside it."""
    return math.floor(lat / _CELL), math.floor(lon / _WIDE)
