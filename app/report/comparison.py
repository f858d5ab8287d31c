"""Two maps side by side: where it felt safe and where unsafe on one walk, or the same walk before and after, by day and dark.

Hides which walks belong together, whose stops are the same place, and how dark a map must be so that both can be compared.
Promises that like stands beside like: both maps have one scale, where light differs it is said, and what rests on fewer
than FEW notes is told in words, never as a number or a colour. Never a score for a place. Made from Reports alone.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from app.access import guards
from app.access.guards import Person, WalkReader
from app.earth import metres
from app.models import Walk
from app.report.report import Observation, Report, Stop

FEW = 5  # fewer notes than this are words
NEAR_M = 60  # notes as near as this thicken each other; static/js/elements/layers.js draws as far
_DEGREE_M = 111_195


@dataclass(frozen=True)
class Side:
    """One of the two maps: the notes of `valence` in `report`, that `number` of them have a place."""

    report: Report
    valence: str
    number: int

    @property
    def few(self) -> bool:
        return self.number < FEW


@dataclass(frozen=True)
class Row:
    """A place with its notes by valence on each side; None: the walk had no such stop. `few`: so many that count."""

    number: int | None
    name: str
    notes: tuple[Counter[str] | None, Counter[str] | None]


@dataclass(frozen=True)
class Comparison:
    """`full`: so many notes within NEAR_M are as dark as a map gets; `twice`: two walks, not one."""

    sides: tuple[Side, Side]
    rows: tuple[Row, ...]
    full: int
    twice: bool

    @property
    def in_other_light(self) -> bool:
        first, second = (side.report.walk["light"] for side in self.sides)
        return self.twice and bool(first and second) and first != second


def related(tx: Session, person: Person, walk: Walk) -> list[WalkReader]:
    """The walks that `walk` goes back to or is a pair of, and those that came of it, as far as `person` may read them."""
    found = (
        select(Walk).where(or_(Walk.id == walk.follows_id, Walk.follows_id == walk.id)).order_by(col(Walk.created_at))
    )
    return guards.readers(tx, person, tx.exec(found).all())


def of_one(report: Report) -> Comparison:
    """Where it felt safe beside where it felt unsafe."""
    sides = (_side(report, "safe"), _side(report, "unsafe"))
    notes = _by_stop(report)
    rows = [Row(number, name, (here, here)) for number, name, here in _named(report, notes)]
    between = Row(None, "", (notes[None], notes[None]))
    return Comparison(sides, (*rows, between), _full(sides), twice=False)


def of_two(earlier: Report, later: Report, valence: str) -> Comparison:
    """The notes of one valence on two walks, the earlier first."""
    sides = (_side(earlier, valence), _side(later, valence))
    then, since = _by_stop(earlier), _by_stop(later)
    was = _same_places(earlier.stops, later.stops)
    rows = [
        Row(number, name, (then[was[number]] if number in was else None, notes))
        for number, name, notes in _named(later, since)
    ]
    gone = [
        Row(None, name, (notes, None)) for number, name, notes in _named(earlier, then) if number not in was.values()
    ]
    between = Row(None, "", (then[None], since[None]))
    return Comparison(sides, (*rows, *gone, between), _full(sides), twice=True)


def few(notes: Counter[str] | None) -> bool:
    return notes is not None and notes.total() < FEW


def _side(report: Report, valence: str) -> Side:
    return Side(report, valence, len(_of(report, valence)))


def _of(report: Report, valence: str) -> list[Observation]:
    return [seen for seen in report.observations if seen.valence == valence and seen.lat is not None]


def _by_stop(report: Report) -> dict[int | None, Counter[str]]:
    """The notes by valence of each stop, by its number; None: what lies between them."""
    counted: dict[int | None, Counter[str]] = {stop.number: Counter() for stop in report.stops} | {None: Counter()}
    for seen in report.observations:
        counted[seen.stop][seen.valence or "none"] += 1
    return counted


def _named(report: Report, notes: dict[int | None, Counter[str]]) -> list[tuple[int, str, Counter[str]]]:
    return [(stop.number, stop.name, notes[stop.number]) for stop in report.stops]


def _same_places(earlier: Sequence[Stop], later: Sequence[Stop]) -> dict[int, int]:
    """By the number of a later stop that of the earlier one which is the same place: it has the same name, and of several
    with one name it is the nearest; where that is not known, the next in order."""
    near = sorted(
        (_apart(one, other), abs(one.number - other.number), one.number, other.number)
        for one in earlier
        for other in later
        if one.name.casefold() == other.name.casefold()
    )
    same: dict[int, int] = {}
    for _metres, _places, before, after in near:
        if after not in same and before not in same.values():
            same[after] = before
    return same


def _apart(one: Stop, other: Stop) -> float:
    """Metres; infinite where one of them has no place."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return math.inf
    return metres([one.lon, one.lat], [other.lon, other.lat])


def _full(sides: Sequence[Side]) -> int:
    return max(FEW, *(_thickest(_of(side.report, side.valence)) for side in sides))


def _thickest(notes: Iterable[Observation]) -> int:
    """How many notes lie in the fullest square with sides of NEAR_M."""
    squares = Counter(
        (
            math.floor(seen.lat * _DEGREE_M / NEAR_M),
            math.floor(seen.lon * _DEGREE_M * math.cos(math.radians(round(seen.lat, 2))) / NEAR_M),
        )
        for seen in notes
        if seen.lat is not None and seen.lon is not None
    )
    return max(squares.values(), default=0)
