"""Everything an organisation's walks have come to, in one frozen object: walks, measures, and places named more than once.

Hides the tables. Promises the same number of queries however many walks, notes and measures there are; that a note is
counted only for who could read it in its walk's report; and an order by time or alphabet alone: nothing here says which
place or area is worse, and there is no number that could be sorted by.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from app.access.across import readable, theirs
from app.access.guards import Person, WalkReader
from app.i18n import gettext as _
from app.measures.measures import CLOSED, KINDS, today_of
from app.models import Edition, Measure, Organisation, Partner, Stop, Walk
from app.overview import heard, places
from app.overview.asked import NOBODY, Asked
from app.overview.heard import Heard
from app.overview.places import Named, Spot
from app.pages import local

SOON_DAYS = 14
AGES = ("late", "soon", "later", "none")
Middle = tuple[float, float]  # latitude, longitude
FEW = 5  # on fewer than this, no number stands; as where two walks are compared
_OF_MEASURE = ("id", "number", "place", "lat", "lon", "problem", "measure", "kind", "partner_id", "unit", "deadline", "money",
               "priority", "status", "reason", "answer", "answered_at", "done_at", "ticket")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """A measure. `age` of an open one: late soon later none; "" of one that is closed. `days`: from the walk until it was
    told to be done."""

    id: str
    walk_id: str
    number: int
    stop: int | None
    place: str
    lat: float | None
    lon: float | None
    problem: str
    measure: str
    kind: str
    partner_id: str | None
    partner: str
    unit: str
    deadline: date | None
    money: str
    priority: int
    status: str
    reason: str
    answer: str
    answered_at: datetime | None
    done_at: datetime | None
    ticket: str
    age: str
    days: int | None
    today: date

    @property
    def state(self) -> str:
        """done open not_possible: as three kinds of outcome."""
        if self.status == "refused" or (self.kind == "impossible" and self.status != "done"):
            return "not_possible"
        return "done" if self.status == "done" else "open"


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk. `notes`: those its reader sees; `lat`, `lon`: the middle of its stops, or where its route begins; `measures`: done open
    not_possible; `slug`: where everybody reads of it, "" where nobody does yet."""

    id: str
    title: str
    area: str
    day: date
    state: str
    notes: int
    lat: float | None
    lon: float | None
    measures: Counter[str]
    slug: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one partner, by age; `partner_id` None: for nobody yet."""

    partner_id: str | None
    name: str
    ages: Counter[str]


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one kind ("" all): how many were done, and in how many days; no days where they are fewer than FEW."""

    kind: str
    number: int
    median: float | None
    shortest: int | None
    longest: int | None


@dataclass(frozen=True)
class Overview:
    """`walks`: the newest first; `measures`: what is due first; `places`: by name; `partners`: (id, name) to choose from."""

    walks: tuple[Walked, ...]
    measures: tuple[Due, ...]
    places: tuple[Named, ...]
    areas: tuple[str, ...]
    years: tuple[int, ...]
    partners: tuple[tuple[str, str], ...]
    cleared: bool

    @property
    def open(self) -> tuple[Due, ...]:
        return tuple(one for one in self.measures if one.age)

    def waiting(self) -> list[Waiting]:
        """What is open by who answers for it, by the alphabet; what nobody answers for comes last."""
        counted: dict[str | None, Counter[str]] = {}
        names: dict[str | None, str] = {}
        for one in self.open:
            counted.setdefault(one.partner_id, Counter())[one.age] += 1
            names[one.partner_id] = one.partner
        rows = [Waiting(key, names[key], ages) for key, ages in counted.items()]
        return sorted(rows, key=lambda row: (row.partner_id is None, row.name.casefold()))

    def pace(self) -> list[Pace]:
        """In how many days things were done: all of them, then each kind in the order of kinds."""
        done = [(one.kind, one.days) for one in self.measures if one.days is not None]
        rows = [_pace("", [days for _kind, days in done])]
        rows += [_pace(kind, [days for other, days in done if other == kind]) for kind in KINDS]
        return [row for row in rows if row.number]


def look(tx: Session, person: Person, asked: Asked, at: datetime) -> Overview:
    """The overview as `person` may have it, of what is asked for."""
    readers = readable(tx, person)
    chosen = [reader for reader in readers if asked.takes(reader.walk.area, _day(reader.walk).year)]
    by_id = {reader.walk.id: reader for reader in chosen}
    stops = _stops(tx, person, by_id)
    middles = _middles(tx, stops)
    notes = heard.heard(tx, person, by_id)
    order = {reader.walk.id: number for number, reader in enumerate(reversed(chosen))}
    called = _called(tx, person)
    every = _measures(tx, person, by_id, called, at)
    measures = tuple(one for one in every if asked.wants(one.partner_id, one.status, bool(one.age)))
    counted = Counter[str]()
    for note in notes:
        counted[note.walk_id] += note.number
    released = select(Edition.walk_id).join(Walk, col(Walk.id) == col(Edition.walk_id)).where(theirs(person))
    public = set(tx.exec(released.where(Edition.state == "released")).all())
    outcomes = {walk_id: Counter[str]() for walk_id in by_id}
    for one in measures:
        outcomes[one.walk_id][one.state] += 1
    return Overview(
        walks=tuple(
            _walked(reader.walk, middles.get(reader.walk.id), counted, outcomes, reader.walk.id in public)
            for reader in chosen
        ),
        measures=tuple(sorted(measures, key=lambda one: _due(one, order))),
        places=tuple(_repeated(by_id, order, stops, notes)),
        areas=tuple(sorted({reader.walk.area for reader in readers if reader.walk.area}, key=str.casefold)),
        years=tuple(sorted({_day(reader.walk).year for reader in readers}, reverse=True)),
        partners=_partners(every, called),
        cleared=all(reader.sensitive for reader in readers),
    )


def _day(walk: Walk) -> date:
    """The day of the walk, where it was; of one without a day, the day it was made."""
    return local(walk.starts_at or walk.created_at, walk.timezone).date()


def _walked(
    walk: Walk, middle: Middle | None, notes: Counter[str], measures: dict[str, Counter[str]], is_public: bool
) -> Walked:
    return Walked(
        id=walk.id,
        title=walk.title,
        area=walk.area,
        day=_day(walk),
        state=walk.state,
        notes=notes[walk.id],
        lat=middle[0] if middle else None,
        lon=middle[1] if middle else None,
        measures=measures[walk.id],
        slug=walk.slug or "" if is_public else "",
    )


def _stops(tx: Session, person: Person, by_id: dict[str, WalkReader]) -> dict[str, list[Any]]:
    """The stops of each walk, in its order."""
    wanted = select(Stop.id, Stop.walk_id, Stop.number, Stop.name, Stop.lat, Stop.lon)  # type: ignore[call-overload]
    here = wanted.join(Walk, col(Walk.id) == col(Stop.walk_id)).where(theirs(person)).order_by(Stop.number)
    found: dict[str, list[Any]] = {walk_id: [] for walk_id in by_id}
    for row in tx.exec(here).all():
        if row.walk_id in found:
            found[row.walk_id].append(row)
    return found


def _middles(tx: Session, stops: dict[str, list[Any]]) -> dict[str, Middle]:
    """Where each walk is: in the middle of its stops, or where its route begins if none has a place."""
    found = {}
    for walk_id, row in stops.items():
        if placed := [(stop.lat, stop.lon) for stop in row if stop.lat is not None and stop.lon is not None]:
            found[walk_id] = (
                sum(lat for lat, _lon in placed) / len(placed),
                sum(lon for _lat, lon in placed) / len(placed),
            )
    if nowhere := stops.keys() - found.keys():
        first = col(Walk.route)["coordinates"][0]
        wanted = select(Walk.id, first[0].as_float(), first[1].as_float()).where(
            col(Walk.id).in_(nowhere), col(Walk.route).is_not(None)
        )
        found |= {walk_id: (lat, lon) for walk_id, lon, lat in tx.exec(wanted).all() if lat is not None}
    return found


def _called(tx: Session, person: Person) -> dict[str, str]:
    """What partners are called: with the organisation where somebody looks across several, and whether they were ended."""
    several = tx.exec(select(func.count(func.distinct(Walk.organisation_id))).where(theirs(person))).one() > 1
    wanted = select(Partner.id, Partner.name, Partner.ended_at, Organisation.name).join(
        Organisation, col(Organisation.id) == col(Partner.organisation_id), isouter=True
    )
    called = {}
    for partner_id, name, ended, place in tx.exec(wanted).all():
        whole = f"{name}, {place}" if several and place else name
        called[partner_id] = _("%(name)s (ended)", name=whole) if ended else whole
    return called


def _measures(
    tx: Session, person: Person, by_id: dict[str, WalkReader], called: dict[str, str], at: datetime
) -> list[Due]:
    kept = (Measure.walk_id, Stop.number.label("stop"), *(getattr(Measure, name) for name in _OF_MEASURE))  # type: ignore[attr-defined]
    wanted = (
        select(*kept)
        .join(Walk, col(Walk.id) == col(Measure.walk_id))
        .join(Stop, col(Stop.id) == col(Measure.stop_id), isouter=True)
        .where(theirs(person), col(Measure.removed_at).is_(None))
    )
    rows = tx.connection().execute(wanted).all()
    days = {walk_id: (_day(reader.walk), today_of(reader.walk, at)) for walk_id, reader in by_id.items()}
    return [_one(row, by_id[row.walk_id].walk, called, *days[row.walk_id]) for row in rows if row.walk_id in by_id]


def _one(row: Any, walk: Walk, called: dict[str, str], day: date, today: date) -> Due:
    done = row.status == "done" and row.done_at is not None
    return Due(
        walk_id=row.walk_id,
        stop=row.stop,
        **{name: getattr(row, name) for name in _OF_MEASURE},
        partner=called.get(row.partner_id or "", ""),
        age="" if row.status in CLOSED else age(row.deadline, today),
        days=max(0, (local(row.done_at, walk.timezone).date() - day).days) if done else None,
        today=today,
    )


def age(deadline: date | None, today: date) -> str:
    """late soon later none."""
    if deadline is None:
        return "none"
    left = (deadline - today).days
    return "late" if left < 0 else "soon" if left <= SOON_DAYS else "later"


def _due(one: Due, order: dict[str, int]) -> tuple[bool, bool, date, int, int]:
    """What is open and due first; then what has no deadline; then what is closed. Of one day, the oldest walk first."""
    return (not one.age, one.deadline is None, one.deadline or date.max, order[one.walk_id], one.number)


def _partners(measures: Sequence[Due], called: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Who answers for something here, by the alphabet."""
    there = {one.partner_id for one in measures if one.partner_id}
    named = sorted(((one, called.get(one, "")) for one in there), key=lambda one: one[1].casefold())
    return (*named, *([(NOBODY, "")] if any(one.partner_id is None for one in measures) else []))


def _repeated(
    by_id: dict[str, WalkReader], order: dict[str, int], stops: dict[str, list[Any]], notes: Sequence[Heard]
) -> list[Named]:
    home = {key: (reader.walk.organisation_id, reader.walk.area.casefold()) for key, reader in by_id.items()}
    oldest_first = sorted(by_id, key=lambda walk_id: order[walk_id])
    known = [
        Spot(walk_id, order[walk_id], home[walk_id], stop.id, stop.name, stop.lat, stop.lon)
        for walk_id in oldest_first
        for stop in stops[walk_id]
    ]
    said = [
        (Spot(one.walk_id, order[one.walk_id], home[one.walk_id], one.stop_id, "", one.lat, one.lon), one.valence, one.number)
        for one in sorted(notes, key=lambda one: order[one.walk_id])
    ]  # fmt: skip
    return places.repeated(known, said)


def _pace(kind: str, days: list[int]) -> Pace:
    """The median of an even number lies between the two in the middle."""
    few, days = len(days) < FEW, sorted(days)
    half = len(days) // 2
    median = None if few else (days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2)
    return Pace(kind, len(days), median, None if few else days[0], None if few else days[-1])
