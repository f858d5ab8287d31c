"""A measure that goes on with one of the walk before: which it can be, and where its story goes on.

Hides that the two belong to different walks. Promises that of a walk which somebody may not read nothing is told here, not
even that there is one: neither to choose from nor in a measure's story. Reads only.
"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.access import guards
from app.access.guards import WalkReader
from app.earth import metres
from app.i18n import gettext as _
from app.measures import measures
from app.measures.measures import Told
from app.measures.proposal import Proposal
from app.models import Measure, Walk

NEAR_M = 30  # the same place, if it is no farther off


@dataclass(frozen=True)
class Link:
    """A measure of another walk: `title` of the walk, the measure's number and place, the address of its page."""

    title: str
    number: int
    place: str
    status: str
    path: str


def earlier(tx: Session, reader: WalkReader) -> tuple[Told, ...]:
    """The measures of the walk that this one follows, those taken out too, as far as the reader may read that walk."""
    before = tx.get(Walk, reader.walk.follows_id) if reader.walk.follows_id else None
    found = guards.reading(tx, reader.person, before) if before else None
    return measures.of_walk(tx, found.walk.id, removed=True) if found else ()


def choices(found: tuple[Told, ...], held: str | None) -> list[tuple[str, str]]:
    """Which of them a measure can go on with, (id, name): what is in the plan, and what it goes on with already."""
    return [(one.id, called(one)) for one in found if not one.removed_at or one.id == held]


def called(one: Told) -> str:
    name = f"{one.number}. {one.place}"
    return _("%(name)s (taken out of the plan)", name=name) if one.removed_at else name


def proposed(found: tuple[Told, ...], made: Proposal) -> str:
    """The id of the one open measure that was promised at the same place; "" where there is none, or several."""
    here = [one for one in found if one.is_open and not one.removed_at and _is_there(one, made)]
    return here[0].id if len(here) == 1 else ""


def _is_there(one: Told, made: Proposal) -> bool:
    if made.stop_id and one.place.casefold() == made.place.casefold():
        return True
    if one.lat is None or one.lon is None or made.lat is None or made.lon is None:
        return False
    return metres([one.lon, one.lat], [made.lon, made.lat]) <= NEAR_M


def goes_on_from(tx: Session, reader: WalkReader, told: Told) -> Link | None:
    """The measure of the walk before that this one goes on with."""
    return next(iter(_links(tx, reader, [told.continues_id] if told.continues_id else [])), None)


def goes_on_as(tx: Session, reader: WalkReader, told: Told) -> list[Link]:
    """The measures of later walks that go on with this one."""
    wanted = select(Measure.id).where(Measure.continues_id == told.id, col(Measure.removed_at).is_(None))
    return _links(tx, reader, list(tx.exec(wanted.order_by(col(Measure.created_at), col(Measure.id))).all()))


def _links(tx: Session, reader: WalkReader, ids: list[str]) -> list[Link]:
    found = []
    for measure_id in ids:
        one = tx.get(Measure, measure_id)
        walk = tx.get(Walk, one.walk_id) if one else None
        if one and walk and guards.reading(tx, reader.person, walk):
            found.append(Link(walk.title, one.number, one.place, one.status, f"/walks/{walk.id}/measures/{one.number}"))
    return found
