"""Two maps side by side: where it felt safe and where unsafe on one walk, or the same walk before and after, by day and dark.

Hides which walks belong together, whose stops are the same place, and how dark a map must be so that both can be compared.
Promises that like stands beside like: both maps have one scale, where light differs it is said, and what rests on fewer
than FEW notes is told in words, never as a number or a colour. Never a score for a place. Made from Reports alone.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from app.access import guards
from app.access.guards import Person, WalkReader
from app.earth import metres
from app.i18n import gettext as _
from app.models import Walk
from app.report import words
from app.report.report import Observation, Report, Stop

FEW = 5  # fewer notes than this are words
NEAR_M = 60  # notes as near as this thicken each other; static/js/elements/layers.js draws as far
SAME_M = 30  # a stop of another name that is no farther off is the same place
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
    """A place with its notes by valence on each side; None: the walk had no such stop. `number`: the stop's on the later
    walk, `was`: on the earlier one, None where it is no stop there."""

    number: int | None
    name: str
    notes: tuple[Counter[str] | None, Counter[str] | None]
    was: int | None = None


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


def before(tx: Session, person: Person, walk: Walk) -> WalkReader | None:
    """How `person` reads the walk that `walk` follows; None where there is none, or it is not for them."""
    found = tx.get(Walk, walk.follows_id) if walk.follows_id else None
    return guards.reading(tx, person, found) if found and found.state != "archived" else None


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
    found = rows(earlier.stops, _by_stop(earlier), later.stops, _by_stop(later))
    return Comparison(sides, tuple(found), _full(sides), twice=True)


def rows(
    earlier: Sequence[Stop], then: Mapping[int | None, Counter[str]], later: Sequence[Stop], now: Mapping[int | None, Counter[str]]
) -> list[Row]:  # fmt: skip
    """Every place of the later walk, then those that only the earlier one had, then what lies between the stops. `then`,
    `now`: the notes by the stops' numbers."""
    was = _same_places(earlier, later)
    here = [
        Row(stop.number, stop.name, (then[was[stop.number]] if stop.number in was else None, now[stop.number]), was.get(stop.number))
        for stop in later
    ]  # fmt: skip
    gone = [
        Row(None, stop.name, (then[stop.number], None), stop.number)
        for stop in earlier
        if stop.number not in was.values()
    ]
    return [*here, *gone, Row(None, "", (then[None], now[None]))]


def in_words(notes: Mapping[str, int]) -> str:
    """Few voices without their numbers: "Few voices: unsafe, both"."""
    felt = [words.valence(valence).lower() for valence in words.VALENCES if notes.get(valence)]
    return _("Few voices: %(feelings)s", feelings=", ".join(felt))


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
    with one name it is the nearest; where that is not known, the next in order. One that has got another name is where it
    was."""
    near = sorted(
        (not named, apart, abs(one.number - other.number), one.number, other.number)
        for one in earlier
        for other in later
        if (named := one.name.casefold() == other.name.casefold()) | ((apart := _apart(one, other)) <= SAME_M)
    )
    same: dict[int, int] = {}
    for _other_name, _metres, _places, before, after in near:
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
