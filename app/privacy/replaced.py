"""A photo that was blurred on the phone comes in, and the one it was made from goes for good.

Hides what "made from" rests on: the declaration of the blurred one names the earlier (`replaces`). Promises that the earlier photo
is erased in the very step in which the blurred one is kept, never before: while only the words of it are here, nothing is lost.
What the note's newest text still names stays, and so does what no phone has sent. Files go after the commit; what a crash leaves
of them is swept away by the next run of the rules (app/privacy/erasing.py).
"""

import logging
from collections.abc import Collection
from pathlib import Path

from sqlmodel import Session, col, select

from app.db import Database
from app.models import Observation, Photo, Walk
from app.photos.vault import Vault
from app.privacy import erasing, receipts
from app.report import press

log = logging.getLogger("tryg")


def erase(tx: Session, photo: Photo) -> None:
    """The photo is kept now: erase those it replaces, their rows and whatever was decided about them; a receipt stands for it."""
    if not photo.replaces:
        return
    note = tx.get_one(Observation, photo.observation_id, with_for_update=True, populate_existing=True)
    going = set(photo.replaces) - set(note.photo_ids)
    gone = erasing.Gone()
    owners = erasing.photos([one.id for one in erasing.declared(tx, [note.id]) if one.id in going], tx, gone)
    if gone:
        erasing.tell(tx, erasing.held(tx, owners))
        receipts.keep(tx, gone.receipt("blurred", f"participant:{note.participant_id}", tx.get_one(Walk, note.walk_id)))


def forget(db: Database, vault: Vault, photo: Photo, printed: Path | None) -> None:
    """After the commit: the files of those that were erased for this photo, and what was printed of them. What a disk refuses
    now goes with the next sweep."""
    if not photo.replaces:
        return
    with db.read() as tx:
        wanted = select(Photo.id).where(col(Photo.id).in_(photo.replaces), col(Photo.erased_at).is_not(None))
        erased = tx.exec(wanted.where(Photo.observation_id == photo.observation_id)).all()
    try:
        for photo_id in erased:
            vault.forget(photo_id)
        if erased and printed:
            press.empty(printed, db)
    except OSError:
        log.exception("the files of a photo that was replaced are not erased yet")


def left(every: Collection[Photo], named: Collection[str]) -> set[str]:
    """Which of these photos, of one walk, should have been erased for a blurred one that is here; `named`: by notes as they are now."""
    known = {one.id: one.observation_id for one in every}
    return {
        earlier
        for one in every
        if one.state != "expected"
        for earlier in one.replaces
        if known.get(earlier) == one.observation_id and earlier not in named
    }
