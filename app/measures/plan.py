"""What the pages of a walk's measures show: the list and its filters, a measure's form, the notes to choose from.

Hides how a measure, a proposal or what was typed becomes one form's values. Promises that somebody sees only notes that
are for them, and that every list says how many it has left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, func, or_, select

from app.access.guards import WalkReader
from app.access.notes import shown
from app.i18n import gettext as _
from app.measures import continuing, measures, partners, proposal, words
from app.measures.draft import Draft
from app.measures.measures import Told
from app.measures.proposal import Proposal, Source
from app.models import Observation, Photo, Stop
from app.taxonomy import owners
from app.walks.walks import stops_of

SHOWS = ("open", "late", "adrift", "closed", "all")
LISTED = 200  # notes to choose from at once; a stop's are fewer


@dataclass(frozen=True)
class Pick:
    """A note to choose, or one that a measure rests on: `measures`: the numbers of those that rest on it already;
    `photos`: the ids of those that are ready."""

    note: Source
    photos: tuple[str, ...]
    measures: tuple[int, ...]


def listed(found: Sequence[Told], show: str, partner: str, today: date) -> list[Told]:
    """Those of the measures that are asked for."""
    return [one for one in found if _is(one, show, today) and partner in ("", one.partner_id or "none")]


def counts(found: Sequence[Told], today: date) -> dict[str, int]:
    return {show: sum(_is(one, show, today) for one in found) for show in SHOWS}


def _is(one: Told, show: str, today: date) -> bool:
    if show == "late":
        return one.late(today)
    if show == "adrift":
        return one.adrift
    return show == "all" or one.is_open == (show == "open")


def picks(tx: Session, reader: WalkReader, notes: Sequence[Observation]) -> list[Pick]:
    """These notes as they are shown; the reader may see all of them."""
    numbers = measures.numbers_by_note(measures.of_walk(tx, reader.walk.id))
    ids = [photo_id for note in notes for photo_id in note.photo_ids]
    ready = set[str]()
    for at in range(0, len(ids), 500):
        some = select(Photo.id).where(col(Photo.id).in_(ids[at : at + 500]), Photo.state == "ready")
        ready |= set(tx.exec(some).all())
    return [
        Pick(one, tuple(photo_id for photo_id in one.photo_ids if photo_id in ready), numbers.get(one.id, ()))
        for one in proposal.sources(tx, reader.walk, notes)
    ]


def to_choose(tx: Session, reader: WalkReader, stop: str) -> tuple[list[Pick], int]:
    """The notes of a stop ("": of all, "none": of none) that somebody may choose from, and how many come after them."""
    wanted = select(Observation).where(Observation.walk_id == reader.walk.id, col(Observation.deleted).is_(False))
    at = next((one.id for one in stops_of(tx, reader.walk.id) if str(one.number) == stop), "")
    if stop:  # a reviewer may have moved it there, or away
        own = col(Observation.stop_id).is_(None) if stop == "none" else col(Observation.stop_id) == at
        wanted = wanted.where(or_(own, col(Observation.shown).is_not(None)))
    in_order = wanted.order_by(col(Observation.captured_utc), col(Observation.id))
    rows: list[Observation] = []
    looked_at = 0
    while len(rows) < LISTED and (some := tx.exec(in_order.offset(looked_at).limit(2 * LISTED)).all()):
        here = [row for row in some if not stop or (shown(row).stop_id or "none") == (at or "none")]
        seen = [row for row in here if reader.sees(row)][: LISTED - len(rows)]
        rows += seen
        looked_at += some.index(seen[-1]) + 1 if seen and len(rows) == LISTED else len(some)
    everything = tx.exec(select(func.count()).select_from(wanted.subquery())).one()
    return picks(tx, reader, rows), everything - looked_at


def choices(tx: Session, reader: WalkReader, held: Told | None) -> list[tuple[str, str]]:
    """Who can answer for a measure, (value, name): the partners there are, then the usual owners who are none yet; first
    one who has been ended, where the measure is still theirs."""
    there = partners.of_organisation(tx, reader.walk.organisation_id, ended=True)
    now = [one for one in there if one.ended_at is None]
    gone = [
        (one.id, _("%(name)s (ended)", name=one.name))
        for one in there
        if one.ended_at and held and one.id == held.partner_id
    ]
    made = {one.owner for one in there}
    return (
        gone
        + [(one.id, one.name) for one in now]
        + [(f"owner:{code}", words.owner(code)) for code in owners() if code not in made]
    )


def names(tx: Session, reader: WalkReader) -> dict[str, str]:
    """What the ids in a history are called."""
    there = partners.of_organisation(tx, reader.walk.organisation_id, ended=True)
    before = {one.id: continuing.called(one) for one in continuing.earlier(tx, reader)}
    stops = {one.id: f"{one.number}. {one.name}" for one in stops_of(tx, reader.walk.id)}
    return {one.id: one.name for one in there} | stops | before


def of_told(told: Told) -> dict[str, str]:
    """A measure as its form shows it."""
    texts = {name: str(getattr(told, name) or "") for name in ("place", "problem", "measure", "kind", "unit", "money", "priority", "status", "reason", "answer", "ticket")}  # fmt: skip
    return texts | {
        "partner": told.partner_id or "",
        "stop": told.stop_id or "",
        "point": words.degrees(told.lat, told.lon) if told.lat is not None and told.lon is not None else "",
        "deadline": told.deadline.isoformat() if told.deadline else "",
        "revisit": "yes" if told.revisit else "",
        "continues": told.continues_id or "",
    }


def of_proposal(tx: Session, reader: WalkReader, made: Proposal) -> dict[str, str]:
    """A proposal as the form shows it."""
    usual = partners.of_owner(tx, reader.walk.organisation_id, made.owner) if made.owner else None
    there = {value for value, _name in choices(tx, reader, None)}
    partner = next((one for one in (made.partner_id, usual and usual.id, f"owner:{made.owner}") if one in there), "")
    return {
        "place": made.place, "stop": made.stop_id or "", "problem": made.problem, "measure": made.measure, "kind": made.kind,
        "point": words.degrees(made.lat, made.lon) if made.lat is not None and made.lon is not None else "",
        "partner": partner or "", "unit": "", "deadline": made.deadline.isoformat(), "money": "none", "priority": str(made.priority),
        "status": "proposed", "reason": "", "answer": "", "ticket": "", "revisit": "yes",
        "continues": continuing.proposed(continuing.earlier(tx, reader), made),
    }  # fmt: skip


def of_draft(draft: Draft, under: dict[str, str]) -> dict[str, str]:
    """What was typed, over what the form had."""
    return under | {name: str(value) for name, value in draft.fields.items()}


def stops_chosen(tx: Session, reader: WalkReader) -> list[Stop]:
    return stops_of(tx, reader.walk.id)


def differences(held: dict[str, str], wanted: dict[str, str], said: Any) -> list[tuple[str, str, str]]:
    """(field, theirs, mine) of what two people wrote at once; `said(name, value)`: a form's value in words."""
    return [
        (
            words.field({"partner": "partner_id", "stop": "stop_id", "continues": "continues_id"}.get(name, name)),
            said(name, held[name]),
            said(name, value),
        )
        for name, value in wanted.items()
        if name in held and name != "point" and held[name] != value
    ]
