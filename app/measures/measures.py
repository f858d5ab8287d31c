"""The measures of a walk as they are: what is to be done, by whom, by when, what was answered, and every step so far.

Hides the tables. Promises reading only, the same number of queries however many measures there are, and no walker's name:
whoever changed a measure is an official with a role, and stands in its history alone, which is no part of what is public.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from app.models import Ground, Measure, MeasureStep, Observation, Partner, PartnerLink, Photo, Stop, User, Walk
from app.pages import local

KINDS = ("upkeep", "small_works", "project", "together", "police", "looked_into", "impossible")
MONEY = ("none", "running", "applied")
STATUSES = ("proposed", "accepted", "doing", "done", "refused", "other_owner")
CLOSED = frozenset({"done", "refused"})
PRIORITIES = (1, 2, 3)
SEEN = frozenset({"approved", "public"})  # what a photo's review says once somebody has looked at it


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `by`: the e-mail of who made it, or the partner's name where it came by a link; `changes`: field →
    (before, after). Names that are no field: "notes" (ids), "word" (why it was passed on), "said" (at a meeting on the day
    "meeting"), "beside" (an answer that came when another one had just been given: {field: [held, offered]})."""

    at: datetime
    by: str
    by_link: bool
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A measure with everything about it. `stop`: the stop's number; `partner`: its name; `adrift`: it is open and nobody
    answers for it; `observation_ids`: the notes it rests on; `taken_back`: how many of them their authors have deleted;
    `proof`: the state of the proof photo, "" without one; `proof_seen`: whether somebody has looked at that photo."""

    id: str
    walk_id: str
    number: int
    version: int
    place: str
    stop_id: str | None
    stop: int | None
    lat: float | None
    lon: float | None
    problem: str
    measure: str
    kind: str
    partner_id: str | None
    partner: str
    adrift: bool
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
    proof_photo_id: str | None
    proof: str
    proof_seen: bool
    revisit: bool
    continues_id: str | None
    created_at: datetime
    removed_at: datetime | None
    observation_ids: tuple[str, ...]
    taken_back: int
    steps: tuple[Step, ...]

    @property
    def is_open(self) -> bool:
        return self.status not in CLOSED

    def late(self, today: date) -> bool:
        return self.is_open and self.deadline is not None and self.deadline < today


def of_walk(tx: Session, walk_id: str, *, removed: bool = False) -> tuple[Told, ...]:
    """The walk's measures by their numbers; `removed`: also those that were taken out of the plan."""
    wanted = select(Measure).where(Measure.walk_id == walk_id)
    if not removed:
        wanted = wanted.where(col(Measure.removed_at).is_(None))
    return told(tx, tx.exec(wanted.order_by(col(Measure.number))).all())


def numbered(tx: Session, walk_id: str, number: int) -> Told | None:
    """One of them, even if it was removed."""
    found = tx.exec(select(Measure).where(Measure.walk_id == walk_id, Measure.number == number)).all()
    return next(iter(told(tx, found)), None)


def told(tx: Session, rows: Sequence[Measure]) -> tuple[Told, ...]:
    """These measures with everything about them, in the same order."""
    ids = [row.id for row in rows]
    partners = {one.id: one for one in _in(tx, Partner, Partner.id, {row.partner_id for row in rows})}
    stops = {one.id: one.number for one in _in(tx, Stop, Stop.id, {row.stop_id for row in rows})}
    proofs = {one.id: one for one in _in(tx, Photo, Photo.id, {row.proof_photo_id for row in rows})}
    notes, steps = _grounds(tx, ids), _steps(tx, ids)
    return tuple(
        _told(row, partners, stops, proofs, notes.get(row.id, ()), tuple(steps.get(row.id, ()))) for row in rows
    )


def today_of(walk: Walk, moment: datetime) -> date:
    """The day it is where the walk is."""
    return local(moment, walk.timezone).date()


def numbers_by_note(found: Iterable[Told]) -> dict[str, tuple[int, ...]]:
    """Which measures rest on each note."""
    numbers: dict[str, tuple[int, ...]] = {}
    for one in found:
        for note_id in one.observation_ids:
            numbers[note_id] = (*numbers.get(note_id, ()), one.number)
    return numbers


def mark(tx: Session, walk_id: str) -> list[Any]:
    """What is another list whenever of_walk() would be, for a report's version."""
    rows = tx.exec(
        select(Measure.number, Measure.version, Partner.name, Partner.ended_at)
        .join(Partner, col(Partner.id) == col(Measure.partner_id), isouter=True)
        .where(Measure.walk_id == walk_id)
        .order_by(col(Measure.number))
    ).all()
    return [[number, version, name, str(ended)] for number, version, name, ended in rows]


def _told(
    row: Measure,
    partners: dict[str, Partner],
    stops: dict[str, int],
    proofs: dict[str, Photo],
    notes: Sequence[tuple[str, bool]],
    steps: tuple[Step, ...],
) -> Told:
    partner = partners.get(row.partner_id or "")
    proof = proofs.get(row.proof_photo_id or "")
    is_open = row.status not in CLOSED and row.removed_at is None
    same = {name: getattr(row, name) for name in Measure.model_fields if name in Told.__dataclass_fields__}
    return Told(
        **same,
        stop=stops.get(row.stop_id or ""),
        partner=partner.name if partner else "",
        adrift=is_open and (partner is None or partner.ended_at is not None),
        proof=proof.state if proof else "",
        proof_seen=proof is not None and proof.review in SEEN,
        observation_ids=tuple(note_id for note_id, _gone in notes),
        taken_back=sum(gone for _id, gone in notes),
        steps=steps,
    )


def _grounds(tx: Session, ids: Sequence[str]) -> dict[str, tuple[tuple[str, bool], ...]]:
    """The notes of each measure, in the order they were made, each with whether its author has deleted it."""
    rows = [
        row
        for some in _batches(ids)
        for row in tx.exec(
            select(Ground.measure_id, Ground.observation_id, Observation.deleted)
            .join(Observation, col(Observation.id) == col(Ground.observation_id))
            .where(col(Ground.measure_id).in_(some))
            .order_by(col(Observation.captured_utc), col(Observation.id))
        ).all()
    ]
    found: dict[str, tuple[tuple[str, bool], ...]] = {}
    for measure_id, note_id, gone in rows:
        found[measure_id] = (*found.get(measure_id, ()), (note_id, gone))
    return found


def _steps(tx: Session, ids: Sequence[str]) -> dict[str, list[Step]]:
    """The steps of each measure, the first one first."""
    found: dict[str, list[Step]] = {}
    for some in _batches(ids):
        rows = tx.exec(
            select(MeasureStep, User.email, Partner.name)
            .join(User, col(User.id) == col(MeasureStep.user_id), isouter=True)
            .join(PartnerLink, col(PartnerLink.id) == col(MeasureStep.link_id), isouter=True)
            .join(Partner, col(Partner.id) == col(PartnerLink.partner_id), isouter=True)
            .where(col(MeasureStep.measure_id).in_(some))
            .order_by(col(MeasureStep.at), col(MeasureStep.id))
        ).all()
        for step, email, partner in rows:
            by_link = step.link_id is not None
            said = Step(step.at, (partner if by_link else email) or "", by_link, step.changes)
            found.setdefault(step.measure_id, []).append(said)
    return found


def _in(tx: Session, table: Any, column: Any, ids: set[str | None]) -> list[Any]:
    wanted = sorted(one for one in ids if one)
    return [row for some in _batches(wanted) for row in tx.exec(select(table).where(col(column).in_(some))).all()]


def _batches(ids: Sequence[str], most: int = 500) -> list[Sequence[str]]:
    """A database takes only so many values in one question."""
    return [ids[at : at + most] for at in range(0, len(ids), most)]
