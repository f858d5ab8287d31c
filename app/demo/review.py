"""What the demo walk's coordinator has decided about its notes so far: most are released, some still wait to be tried.

Hides that it is decided by the very functions that the review's page calls, so that each step has its history and its undo.
Promises that the sensitive note, two more and all photos wait, so that whoever looks has something to decide.
"""

from collections.abc import Sequence

from sqlmodel import Session, select

from app.access.guards import Person, reading
from app.models import Membership, User, Walk
from app.review import deciding
from app.review.deciding import Seen

RELEASED = (0, 1, 3, 4, 5, 7, 8, 11)  # which of NOTES
MERGED = (1, 2)  # the one that leads, and the one that feels otherwise about the same tunnel
FIRST = {1: 1, 3: 1, 7: 2, 8: 3}  # priorities


def make(tx: Session, walk: Walk, person: User, notes: Sequence[str]) -> None:
    """`notes`: the ids of NOTES, in their order."""
    roles = tx.exec(select(Membership).where(Membership.user_id == person.id)).all()
    reader = reading(tx, Person(person, tuple(roles)), walk)
    if reader is None:  # somebody has taken the coordinator's role away since
        return
    lead, other = (Seen(notes[number], 0, 1) for number in MERGED)
    deciding.merge(tx, reader, lead, [other])
    for number in RELEASED:
        steps = [("release", deciding.release())]
        if number in FIRST:
            steps.insert(0, ("priority", deciding.rank(FIRST[number])))
        deciding.decide(tx, reader, Seen(notes[number], 0, 1), *steps)
