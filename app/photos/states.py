"""What becomes of a photo, in the database: expected → stored → ready, or unreadable.

Hides that a photo's state is part of its observation: whoever follows the walk's changes is told of it. Promises that a
step is taken once, however many ask for it at once, and is committed when the function returns. Never touches a file.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select, update

from app.db import Database, next_seq
from app.models import Observation, Photo, now

LONGEST_PAUSE_S = 600


def arrived(
    db: Database, photo_id: str, size: int, and_then: Callable[[Session, Photo], None] = lambda _tx, _photo: None
) -> tuple[Photo, bool]:
    """expected → stored, `size` in bytes, and in the same step what follows from it; the photos it replaces are held too. The
    photo as it is now, and whether this call took the step. Raises TryAgain."""
    with db.write() as tx:
        if replaces := tx.get_one(Photo, photo_id).replaces:
            both = select(Photo.id).where(col(Photo.id).in_([photo_id, *replaces])).order_by(col(Photo.id))
            tx.exec(both.with_for_update()).all()
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        is_new = photo.state == "expected" and photo.erased_at is None
        if is_new:
            photo.state, photo.bytes, photo.stored_at = "stored", size, now()
            and_then(tx, photo)
            _tell(tx, photo)
        return photo, is_new


def cleaned(db: Database, photo_id: str, width: int, height: int) -> bool:
    """stored → ready; width and height in pixels. Whether it may be kept: not where it was erased meanwhile. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        if photo.state == "stored":
            photo.state, photo.width, photo.height, photo.ready_at = "ready", width, height, now()
            _tell(tx, photo)
        return photo.erased_at is None


def refused(db: Database, photo_id: str) -> None:
    """stored → unreadable. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        if photo.state == "stored":
            photo.state = "unreadable"
            _tell(tx, photo)


def lost(db: Database, photo_id: str) -> None:
    """Back to expected, because its file is gone: whoever made the photo may send it once more, as it was taken, and it waits to
    be looked at again. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        photo.state, photo.stored_at, photo.ready_at = "expected", None, None
        if photo.review != "unseen" or photo.blurs:
            photo.review, photo.blurs = "unseen", []
            photo.review_version += 1
        _tell(tx, photo)


def postponed(db: Database, photo_id: str) -> None:
    """Stays stored, and waits longer each time before the next try. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        if photo.state != "stored":  # another server has cleaned it
            return
        photo.tries += 1
        photo.retry_at = now() + timedelta(seconds=min(2**photo.tries, LONGEST_PAUSE_S))


def forgive(db: Database) -> None:
    """No photo waits any longer: what hindered its cleaning may have gone with the restart. Raises TryAgain."""
    with db.read() as tx:
        if tx.exec(select(Photo.id).where(Photo.state == "stored", Photo.tries > 0).limit(1)).first() is None:
            return
    with db.write() as tx:
        tx.exec(update(Photo).where(col(Photo.state) == "stored").values(tries=0, retry_at=None))


def next_to_clean(db: Database, taken: Collection[str]) -> str | None:
    """The id of the next photo, none of those `taken`: those tried least often first, and of them the one that has
    waited longest. None where none is due. Raises TryAgain."""
    due = or_(col(Photo.retry_at).is_(None), col(Photo.retry_at) <= now())
    waiting = select(Photo.id).where(Photo.state == "stored", due, col(Photo.id).not_in(taken))
    with db.read() as tx:
        return tx.exec(waiting.order_by(col(Photo.tries), col(Photo.stored_at)).limit(1)).first()


@contextmanager
def claimed(db: Database, photo_id: str) -> Iterator[bool]:
    """Whether the photo is the caller's to clean while this lasts: no other server's, on whatever machine, and still stored.

    A server that is killed has claimed nothing any more. Raises TryAgain."""
    with db.alone(UUID(photo_id).int % 2**63) as free:
        if free and not db.sqlite:
            with db.read() as tx:
                free = tx.exec(select(Photo.state).where(Photo.id == photo_id)).first() == "stored"
        yield free


def of_those_ready(db: Database, ids: Collection[str]) -> list[str]:
    """Which of these photos are ready. Raises TryAgain."""
    with db.read() as tx:
        return list(tx.exec(select(Photo.id).where(col(Photo.id).in_(ids), Photo.state == "ready")).all())


def _tell(tx: Session, photo: Photo) -> None:
    # The note's row is held before the walk's, as everywhere: on PostgreSQL two who wait for each other would be told off.
    walk_id = tx.exec(select(Observation.walk_id).where(Observation.id == photo.observation_id).with_for_update()).one()
    seq = next_seq(tx, walk_id)
    tx.exec(update(Observation).where(col(Observation.id) == photo.observation_id).values(seq=seq))
