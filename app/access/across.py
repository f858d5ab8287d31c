"""Who looks across walks, and at which: the part of `guards` that only the overview asks.

Promises that organisers have the walks they lead and those that nobody leads, coordinators and admins all of their
organisation's, and partners none; of each walk's notes they count those they could read in its report.
"""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import func, true
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.access import guards
from app.access.guards import READ, Person, Reader, WalkReader
from app.models import Walk
from app.problems import Problem


def looking_across(person: Reader) -> Person:
    """Somebody who reads walks as a whole. Raises sign-in-first (401), not-allowed (403)."""
    if not any(role.role in READ for role in person.memberships):
        raise Problem("not-allowed")
    return person


Across = Annotated[Person, Depends(looking_across)]


def theirs(person: Person) -> Any:
    """The condition on Walk that leaves the walks of their organisations; which of those they read is for readable()."""
    places = {role.organisation_id for role in person.memberships if role.role in READ}
    return true() if None in places else col(Walk.organisation_id).in_(sorted(filter(None, places)))


def readable(tx: Session, person: Person) -> list[WalkReader]:
    """Every walk they may read, without its route, the newest first; in two queries."""
    newest = func.coalesce(Walk.starts_at, Walk.created_at).desc()
    without_route = defer(col(Walk.route))  # type: ignore[arg-type]  # SQLModel calls every column Mapped
    found = tx.exec(select(Walk).options(without_route).where(theirs(person)).order_by(newest, col(Walk.id))).all()
    return guards.readers(tx, person, found)
