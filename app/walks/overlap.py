"""Walks at the same time: told to whoever plans, never forbidden.

Hides how long a walk lasts where nobody has said. Promises only walks of the same organisation that the person may read.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from app.access.guards import Person, readers
from app.models import Walk
from app.walks.draft import USUAL_LENGTH

MOST = 5  # named; more would say no more
_LONGEST = timedelta(days=1)


def overlapping(tx: Session, person: Person, walk: Walk) -> list[Walk]:
    """The other walks of its organisation at its time, the first to begin first; none where it has no time yet."""
    if walk.starts_at is None:
        return []
    ends_at = walk.ends_at or walk.starts_at + USUAL_LENGTH
    near = select(Walk).where(
        Walk.id != walk.id,
        Walk.organisation_id == walk.organisation_id,  # none: those of nobody in particular
        col(Walk.starts_at) < ends_at,
        col(Walk.starts_at) > walk.starts_at - _LONGEST,
        Walk.state != "archived",
    )
    at_its_time = [
        other
        for other in tx.exec(near.order_by(col(Walk.starts_at))).all()
        if other.starts_at and (other.ends_at or other.starts_at + USUAL_LENGTH) > walk.starts_at
    ]
    return [reader.walk for reader in readers(tx, person, at_its_time)][:MOST]
