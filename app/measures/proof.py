"""The photo that shows a measure done: it comes in as every photo does, and is shown clean or not at all.

Hides that it is kept as a photo of the first note it rests on, which no revision of that note names: so the cleaning, the
backup and their promises hold for it too, and no walker's screen has it. Promises that its bytes as they came are never
served, that an earlier one stays in the history, and that a partner's becomes public only once somebody has looked at it.
"""

from collections.abc import Iterator
from typing import BinaryIO

from sqlmodel import select

from app.db import Database
from app.i18n import gettext as _
from app.measures import changing
from app.measures.changing import By
from app.models import Ground, Measure, Photo, new_id, now
from app.photos import arrival
from app.photos.vault import PIECE, Vault
from app.problems import Problem, TryAgain, invalid


def keep(db: Database, vault: Vault, measure: Measure, file: BinaryIO, limit: int, by: By, *, seen: bool) -> None:
    """Keep a photo as the measure's proof; it is shown once it has been cleaned. `limit`: bytes; `seen`: whoever brings it
    may let it through themselves. Raises Problem (413, 415, 422), TryAgain."""
    arriving, photo_id = vault.arrive(), new_id()
    try:
        while piece := file.read(PIECE):
            arriving.write(piece)
            if arriving.size > limit:
                raise arrival.too_large(limit)
        if not arriving.size:
            raise invalid(("photo", _("Choose a photo first.")))
        kind = arrival.judge(arriving)
        arriving.keep(photo_id)
        try:
            with db.write() as tx:
                held = changing.hold(tx, measure)
                note_id = tx.exec(select(Ground.observation_id).where(Ground.measure_id == held.id)).first()
                if note_id is None:
                    raise Problem("not-found")
                tx.add(
                    Photo(
                        id=photo_id,
                        observation_id=note_id,
                        sha256=arriving.sha256,
                        bytes=arriving.size,
                        type=kind,
                        state="stored",
                        stored_at=now(),
                        review="approved" if seen else "unseen",
                    )
                )
                tx.flush()
                changing.change(tx, held, held.version, {"proof_photo_id": photo_id}, by)
        except BaseException:
            if not _may_be_kept(db, photo_id):
                vault.erase_original(photo_id)
            raise
    finally:
        arriving.close()


def _may_be_kept(db: Database, photo_id: str) -> bool:
    """A commit that nobody waited for any longer may have come about; where that cannot be seen, the file stays."""
    try:
        with db.read() as tx:
            return tx.get(Photo, photo_id) is not None
    except TryAgain:
        return True


def approve(db: Database, measure: Measure, photo_id: str) -> None:
    """Somebody has looked at that photo: it may become public. Raises changed-meanwhile (409) where another one is there now."""
    with db.write() as tx:
        photo = tx.get(Photo, photo_id, with_for_update=True)
        if photo is None or changing.hold(tx, measure).proof_photo_id != photo_id:
            raise Problem(
                "changed-meanwhile", _("Another photo has come meanwhile. Look at it before you let it through.")
            )
        if photo is not None and photo.review == "unseen":
            photo.review = "approved"
            photo.review_version += 1
            changing.hold(tx, measure).version += 1


def pieces(db: Database, vault: Vault, measure: Measure) -> Iterator[bytes]:
    """The clean photo. Raises photo-unknown, photo-not-ready (404), TryAgain."""
    with db.read() as tx:
        photo = tx.get(Photo, measure.proof_photo_id or "")
    if photo is None:
        raise Problem("photo-unknown")
    opened = vault.opened(photo.id) if photo.state == "ready" else None
    if opened is None:
        raise Problem("photo-not-ready", retry_after=5)
    return opened.pieces()
