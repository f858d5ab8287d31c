"""What becomes of a photo, in the database: expected → stored → ready, or unreadable.

Hides that a photo's state is part of its observation: whoever follows the walk's changes is told of it. Promises that a
step is taken once, however many ask for it at once, and is committed when the function returns. Never touches a file.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select, update

from app.db import Database, next_seq
from app.models import Observation, Photo, now

LONGEST_PAUSE_S = 600


# Asked for each photo, and so without the rows' objects: while many arrive, what the server does beside receipts costs receipts.
_NAMED = select(Photo.replaces).where(Photo.id == bindparam("photo"))
_ARRIVED = (
    update(Photo)
    .where(col(Photo.id) == bindparam("photo"), col(Photo.state) == "expected", col(Photo.erased_at).is_(None))
    .values(state=bindparam("become"), bytes=bindparam("size"), stored_at=bindparam("at"))
    .returning(col(Photo.observation_id))
)
_CLEANED = (
    update(Photo)
    .where(col(Photo.id) == bindparam("photo"), col(Photo.state) == "stored")
    .values(state="ready", width=bindparam("wide"), height=bindparam("high"), ready_at=bindparam("at"))
    .returning(col(Photo.observation_id), col(Photo.erased_at))
)
_ERASED = select(Photo.erased_at).where(Photo.id == bindparam("photo"))
_WALK_OF = select(Observation.walk_id).where(Observation.id == bindparam("of")).with_for_update()
_NUMBERED = update(Observation).where(col(Observation.id) == bindparam("of")).values(seq=bindparam("number"))


def arrived(
    db: Database, photo_id: str, size: int, and_then: Callable[[Session, Photo], None] = lambda _tx, _photo: None,
    state: str = "stored",
) -> tuple[Photo, bool]:  # fmt: skip
    """expected → stored, or `state`, `size` in bytes, and in the same step what follows from it; the photos it replaces are held too. The
    photo as it is now, and whether this call took the step. Raises TryAgain."""
    with db.write() as tx:
        connection = tx.connection()
        if replaces := connection.execute(_NAMED, {"photo": photo_id}).scalar_one():
            both = select(Photo.id).where(col(Photo.id).in_([photo_id, *replaces])).order_by(col(Photo.id))
            tx.exec(both.with_for_update()).all()
        given = {"photo": photo_id, "size": size, "at": now(), "become": state}
        note_id = connection.execute(_ARRIVED, given).scalar()
        photo = tx.get_one(Photo, photo_id)
        if note_id is not None:
            and_then(tx, photo)
            _tell(tx, note_id)
        return photo, note_id is not None


def cleaned(db: Database, photo_id: str, width: int, height: int) -> bool:
    """stored → ready; width and height in pixels. Whether it may be kept: not where it was erased meanwhile. Raises TryAgain."""
    with db.write() as tx:
        connection = tx.connection()
        given = {"photo": photo_id, "wide": width, "high": height, "at": now()}
        made = connection.execute(_CLEANED, given).first()
        if made is None:
            return connection.execute(_ERASED, {"photo": photo_id}).scalar_one() is None
        _tell(tx, made.observation_id)
        return made.erased_at is None


def refused(db: Database, photo_id: str) -> bool:
    """stored → unreadable. Whether what remains of it may be kept: not where it was erased meanwhile. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        if photo.state == "stored":
            photo.state = "unreadable"
            _tell(tx, photo.observation_id)
        return photo.erased_at is None


def lost(db: Database, photo_id: str) -> None:
    """Back to expected, because its file is gone: whoever made the photo may send it once more, as it was taken, and it waits to
    be looked at again. Raises TryAgain."""
    with db.write() as tx:
        photo = tx.get_one(Photo, photo_id, with_for_update=True)
        photo.state, photo.stored_at, photo.ready_at = "expected", None, None
        if photo.review != "unseen" or photo.blurs:
            photo.review, photo.blurs = "unseen", []
            photo.review_version += 1
        _tell(tx, photo.observation_id)


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


def due(db: Database, taken: Collection[str], most: int) -> list[str]:
    """The ids of the next photos to clean, none of those `taken`: those tried least often first, and of them the ones that
    have waited longest. Raises TryAgain."""
    waits = or_(col(Photo.retry_at).is_(None), col(Photo.retry_at) <= now())
    waiting = select(Photo.id).where(Photo.state == "stored", waits, col(Photo.id).not_in(taken))
    with db.read() as tx:
        return list(tx.exec(waiting.order_by(col(Photo.tries), col(Photo.stored_at)).limit(most)).all())


_STATE = select(Photo.state).where(Photo.id == bindparam("photo"))


@contextmanager
def claimed(db: Database, photo_id: str) -> Iterator[bool]:
    """Whether the photo is the caller's to clean while this lasts: no other server's, on whatever machine, nor cleaned by one.

    A server that is killed has claimed nothing any more. Raises TryAgain."""
    with db.alone(UUID(photo_id).int % 2**63) as free:
        if free and not db.sqlite:  # there is one server there, and it has just looked
            with db.read() as tx:
                free = tx.connection().execute(_STATE, {"photo": photo_id}).scalar() == "stored"
        yield free


def of_those_ready(db: Database, ids: Collection[str]) -> list[str]:
    """Which of these photos are ready. Raises TryAgain."""
    with db.read() as tx:
        return list(tx.exec(select(Photo.id).where(col(Photo.id).in_(ids), Photo.state == "ready")).all())


def _tell(tx: Session, note_id: str) -> None:
    # The note's row is held before the walk's, as everywhere: on PostgreSQL two who wait for each other would be told off.
    connection = tx.connection()
    walk_id = connection.execute(_WALK_OF, {"of": note_id}).scalar_one()
    connection.execute(_NUMBERED, {"of": note_id, "number": next_seq(tx, walk_id)})
