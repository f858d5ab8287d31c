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
from app.models import Walk
from app.report.report import Observation, Report

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
    rows = tuple(Row(number, name, (notes, notes)) for number, name, notes in _by_stop(report))
    return Comparison(sides, rows, _full(sides), twice=False)


def of_two(earlier: Report, later: Report, valence: str) -> Comparison:
    """The notes of one valence on two walks, the earlier first."""
    sides = (_side(earlier, valence), _side(later, valence))
    then, since = _by_stop(earlier), _by_stop(later)
    known = {name.casefold(): notes for _number, name, notes in then}
    names = {name.casefold() for _number, name, _notes in since}
    rows = [Row(number, name, (known.get(name.casefold()), notes)) for number, name, notes in since]
    gone = [Row(None, name, (notes, None)) for _number, name, notes in then if name.casefold() not in names]
    between = [row for row in rows if not row.name]
    return Comparison(sides, (*(row for row in rows if row.name), *gone, *between), _full(sides), twice=True)


def few(notes: Counter[str] | None) -> bool:
    return notes is not None and notes.total() < FEW


def _side(report: Report, valence: str) -> Side:
    return Side(report, valence, len(_of(report, valence)))


def _of(report: Report, valence: str) -> list[Observation]:
    return [seen for seen in report.observations if seen.valence == valence and seen.lat is not None]


def _by_stop(report: Report) -> list[tuple[int | None, str, Counter[str]]]:
    """Number, name and notes by valence of each stop; what lies between them last, without a name."""
    counted: dict[int | None, Counter[str]] = {stop.number: Counter() for stop in report.stops} | {None: Counter()}
    for seen in report.observations:
        counted[seen.stop][seen.valence or "none"] += 1
    return [*((stop.number, stop.name, counted[stop.number]) for stop in report.stops), (None, "", counted[None])]


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
