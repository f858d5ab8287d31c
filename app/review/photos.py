"""What a reviewer decides about photos: fit to be shown, for nobody but whoever took it, or blurred in parts.

Hides versions and history, as `deciding` does for words. Promises that a photo which nobody has approved stays unseen, so
that nothing unseen is ever public; that each decision is undone while nothing was decided about the photo since; and that
what was blurred is erased once the note is released.
"""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from app.access.guards import WalkReader
from app.db import Database, may_rest, next_seq
from app.i18n import gettext as _
from app.models import Decision, Observation, Photo, Review, new_id, now
from app.photos import blurring
from app.photos.vault import Vault
from app.problems import Problem
from app.review.deciding import Gone, Refused

Boxes = Sequence[Sequence[float]]  # x, y, width, height, parts of 1
STATES = {"approve": "approved", "refuse": "refused"}


class PhotoChanged(Exception):
    """Somebody else has decided about the photo meanwhile; nothing was kept. `note_id`: which note it is of."""

    def __init__(self, note_id: str) -> None:
        super().__init__(note_id)
        self.note_id = note_id


def decide(tx: Session, reader: WalkReader, what: str, seen: Sequence[tuple[str, int]]) -> list[Decision]:
    """Approve or refuse photos of one note; `seen`: each with the version that was looked at. Nothing where it is so.

    Raises PhotoChanged, Gone, Refused, not-found (404)."""
    photos, note = held(tx, reader, [photo_id for photo_id, _version in seen])
    versions, wanted = dict(seen), STATES[what]
    if all(photo.review == wanted for photo in photos):
        return []
    if any(photo.review_version != versions[photo.id] for photo in photos):
        raise PhotoChanged(note.id)
    if any(photo.state != "ready" for photo in photos):
        raise Refused(_("The photo is not here yet. Nobody can say yet what is on it."))
    together, made = new_id() if len(photos) > 1 else None, []
    for photo in photos:
        before = state_of(photo)
        photo.review = wanted
        made.append(note_down(tx, reader, photo, note, what, before, together))
    tell(tx, note)
    return made


def blur(tx: Session, reader: WalkReader, vault: Vault, photo_id: str, version: int, boxes: Boxes) -> list[Decision]:
    """Blur these parts of a photo and no others; nothing where it is so. What is blurred can be brought back until the note
    is released. Raises PhotoChanged, Gone, Refused, not-found (404), TryAgain."""
    [photo], note = held(tx, reader, [photo_id])
    wanted = [list(box) for box in boxes]
    if photo.blurs == wanted:
        return []
    if photo.review_version != version:
        raise PhotoChanged(note.id)
    if photo.state != "ready" or photo.review == "public":
        raise Refused(_("The photo cannot be blurred now."))
    lost = [box for box in photo.blurs if box not in wanted]
    if lost and not (reader.sensitive and blurring.restorable(vault, photo.id)):
        raise Refused(_("What is blurred cannot be brought back."))
    before = state_of(photo)
    photo.blurs = wanted
    if photo.review == "approved":
        photo.review = "unseen"  # another picture than the one that was approved
    return [note_down(tx, reader, photo, note, "blur", before)]


def uncover(db: Database, made: blurring.Version) -> None:
    """After the commit: serve what the decision uncovers, unless somebody has decided otherwise since: whoever was slow here puts
    nothing over what was covered meanwhile. Raises TryAgain."""
    if not made.uncovers:
        return
    with db.write() as tx:
        may_rest(tx)
        photo = tx.get_one(Photo, made.photo_id, with_for_update=True)
        if photo.blurs == made.boxes and photo.erased_at is None:
            made.kept()


def settle(tx: Session, vault: Vault, note_ids: Iterable[str]) -> None:
    """What was blurred in the photos of those of these notes that are released is erased for good. Raises TryAgain."""
    released = select(Observation).join(Review, col(Review.observation_id) == col(Observation.id))
    released = released.where(col(Observation.id).in_(list(note_ids)), Review.state == "released")
    ids = [photo_id for note in tx.exec(released).all() for photo_id in note.photo_ids]
    photos = tx.exec(select(Photo).where(col(Photo.id).in_(ids))).all() if ids else []
    may_rest(tx)
    for photo in photos:
        if blurring.restorable(vault, photo.id):
            blurring.erase(vault, photo.id)


def boxes_before(tx: Session, decision_id: str, reader: WalkReader) -> tuple[str, Boxes, Boxes] | None:
    """(the photo, what was blurred in it before, and since) where that decision blurred one; else None."""
    step = tx.get(Decision, decision_id)
    if (
        step is None
        or step.walk_id != reader.walk.id
        or not reader.sensitive
        or step.what != "blur"
        or step.undone_at
        or step.photo_id is None
    ):
        return None
    return step.photo_id, step.before["blurs"], step.after["blurs"]


def undo(tx: Session, reader: WalkReader, decision_id: str, vault: Vault) -> list[Decision]:
    """Take a decision about photos back, with what was decided in the same step; nothing where that is done.

    Raises Refused where somebody decided since, or where what was blurred is erased; not-found (404)."""
    asked = tx.get(Decision, decision_id)
    if asked is None or asked.walk_id != reader.walk.id or asked.photo_id is None:
        raise Problem("not-found")
    if (
        asked.what == "blur"
        and not asked.undone_at
        and not (reader.sensitive and blurring.restorable(vault, asked.photo_id))
    ):
        raise Refused(_("What is blurred cannot be brought back."))
    wanted = select(Decision).where(Decision.together == asked.together if asked.together else Decision.id == asked.id)
    steps = list(tx.exec(wanted).all())
    photos, note = held(tx, reader, [str(step.photo_id) for step in steps])
    for step in steps:
        tx.refresh(step)
    if all(step.undone_at for step in steps):
        return []
    for photo, step in ((photo, step) for photo in photos for step in steps if step.photo_id == photo.id):
        newest = tx.exec(
            select(Decision.id)
            .where(Decision.photo_id == photo.id, col(Decision.undone_at).is_(None))
            .order_by(col(Decision.id).desc())
            .limit(1)
        ).first()
        if newest != step.id or photo.review == "public":
            raise Refused(_("Something was decided about this photo since. Undo that first."))
        photo.review, photo.blurs = step.before["review"], step.before["blurs"]
        photo.review_version += 1
        step.undone_at, step.undone_by = now(), reader.person.user.id
    tell(tx, note)
    return steps


def state_of(photo: Photo) -> dict[str, object]:
    return {"review": photo.review, "blurs": photo.blurs, "version": photo.review_version}


def held(tx: Session, reader: WalkReader, ids: Sequence[str], *, lock: bool = True) -> tuple[list[Photo], Observation]:
    """Photos of one note, locked before it as everywhere. Raises Gone, not-found (404)."""
    wanted = select(Photo).where(col(Photo.id).in_(list(ids))).order_by(Photo.id)
    wanted = wanted.with_for_update() if lock else wanted
    photos = list(tx.exec(wanted.execution_options(populate_existing=True)).all())
    if not photos or len(photos) < len(set(ids)) or len({photo.observation_id for photo in photos}) > 1:
        raise Problem("not-found")
    note = tx.get_one(Observation, photos[0].observation_id, with_for_update=lock, populate_existing=True)
    if note.walk_id == reader.walk.id and (note.deleted or any(photo.id not in note.photo_ids for photo in photos)):
        raise Gone
    if not reader.judges(note):
        raise Problem("not-found")
    return photos, note


def note_down(
    tx: Session, reader: WalkReader, photo: Photo, note: Observation, what: str, before: dict[str, object],
    together: str | None = None,
) -> Decision:  # fmt: skip
    photo.review_version += 1
    step = Decision(walk_id=note.walk_id, observation_id=note.id, photo_id=photo.id, user_id=reader.person.user.id,
                    what=what, together=together, before=before, after=state_of(photo))  # fmt: skip
    tx.add(step)
    return step


def tell_of(tx: Session, note_id: str) -> None:
    tell(tx, tx.get_one(Observation, note_id))


def tell(tx: Session, note: Observation) -> None:
    """Whoever follows the walk hears of it."""
    tx.flush()
    note.seq = next_seq(tx, note.walk_id)
    tx.flush()
