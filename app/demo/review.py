"""What the demo walk's coordinator has decided about its notes so far: most are released, some still wait to be tried.

Hides that it is decided by the very functions that the review's page calls, so that each step has its history and its undo.
Promises that one of each kind is there: merged, hidden with a reason, released with a name struck out; and that two
sensitive notes, two others and a photo wait, so that whoever looks has something to decide.
"""

from collections.abc import Sequence

from sqlmodel import Session, select

from app.access.guards import Person, WalkReader, reading
from app.demo.content import NOTES
from app.models import Membership, Photo, User, Walk
from app.review import deciding, photos
from app.review.deciding import Seen

RELEASED = (0, 1, 3, 4, 5, 7, 8, 11)  # which of NOTES
MERGED = (1, 2)  # the one that leads, and the one that feels otherwise about the same tunnel
HIDDEN = {12: "Den handler om en person"}
STRUCK = {13: "Kirsten Holm"}
FIRST = {1: 1, 3: 1, 7: 2, 8: 3}  # priorities
UNSEEN = {"square"}  # the photo that waits: its note waits, too


def make(tx: Session, walk: Walk, person: User, notes: Sequence[str]) -> None:
    """`notes`: the ids of NOTES, in their order."""
    who = reader(tx, walk, person)
    if who is None:
        return
    lead, other = (Seen(notes[number], 0, 1) for number in MERGED)
    deciding.merge(tx, who, lead, [other])
    for number in RELEASED:
        steps = [("release", deciding.release())]
        if number in FIRST:
            steps.insert(0, ("priority", deciding.rank(FIRST[number])))
        deciding.decide(tx, who, Seen(notes[number], 0, 1), *steps)
    for number, because in HIDDEN.items():
        deciding.decide(tx, who, Seen(notes[number], 0, 1), ("hide", deciding.hide(because)))
    for number, name in STRUCK.items():
        at = NOTES[number]["note"].index(name)
        strike = deciding.redact({"note": [(at, at + len(name))]})
        deciding.decide(tx, who, Seen(notes[number], 0, 1), ("redact", strike), ("release", deciding.release()))


def approve(tx: Session, walk: Walk, person: User, photo_ids: Sequence[str]) -> None:
    """Those of the photos that are ready and wait."""
    who = reader(tx, walk, person)
    for photo_id in photo_ids:
        photo = tx.get(Photo, photo_id)
        if who and photo and photo.state == "ready" and photo.review == "unseen":
            photos.decide(tx, who, "approve", [(photo.id, photo.review_version)])


def reader(tx: Session, walk: Walk, person: User) -> WalkReader | None:
    """How the person reads the walk; None where somebody has taken the person's role away since."""
    roles = tx.exec(select(Membership).where(Membership.user_id == person.id)).all()
    return reading(tx, Person(person, tuple(roles)), walk)
