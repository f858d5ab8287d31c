"""A photo comes in, by the wire or out of a phone's copy: whether it may, and how its bytes become the photo.

Hides the order of the checks. Promises that a photo, or a recording, is kept only when its bytes are those that were declared and
begin as a picture, or as sound, that file, folder and record are on disk when keep() returns, that it is kept once, however often it comes, and that
nothing is kept of the photo it was blurred from (app/privacy/replaced.py).
Knows nothing of HTTP.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Row, bindparam
from sqlmodel import Session, col, select

from app.db import Database
from app.i18n import gettext as _
from app.models import Observation, Participant, Photo, Walk
from app.photos import header, states
from app.photos.vault import Arriving, Digest, Vault
from app.privacy import replaced
from app.problems import Problem, TryAgain
from app.sync.protocol import PHOTO_PIXELS, RECORDING_BYTES

# What every photo of every phone asks, twice, without the rows' objects: a note's and a walk's are large.
_FACTS = (
    select(  # type: ignore[call-overload]
        Observation.participant_id, col(Observation.erased_at).label("note_erased"), col(Walk.state).label("walk"),
        Photo.observation_id, col(Photo.erased_at).label("photo_erased"), Photo.state,
        Photo.seconds,
    )
    .select_from(Observation)
    .join(Walk, col(Walk.id) == col(Observation.walk_id))
    .join(Photo, col(Photo.id) == bindparam("photo"), isouter=True)
    .where(Observation.id == bindparam("note"))
)  # fmt: skip
_HELD = select(Photo.state, Photo.sha256, Photo.seconds).where(Photo.id == bindparam("photo"))


def admitted(
    tx: Session, who: Participant | Row[Any], observation_id: str, photo_id: str, *, sound: bool | None = False
) -> bool:
    """Whether the photo, or the recording (`sound`; None: whichever it is), is here already. Raises Problem where it may not come: 403, 404, 410, 422."""
    facts = tx.connection().execute(_FACTS, {"note": observation_id, "photo": photo_id}).first()
    if facts is None:
        raise Problem("observation-unknown", _("The note's words come first; the phone sends them and then the photo."))
    if facts.participant_id != who.id:
        raise Problem("not-yours")
    if facts.walk == "archived":
        raise Problem("walk-archived")
    if who.erased_at or facts.note_erased or facts.photo_erased:
        raise Problem("erased", _("This has been erased here, and it stays so. Nothing of it was taken in."))
    if facts.observation_id != observation_id or sound not in (None, facts.seconds is not None):
        raise Problem("photo-undeclared", _("The phone sends the newest text of the note and then the photo again."))
    return bool(facts.state != "expected")


def keep(
    db: Database, vault: Vault, photo_id: str, arriving: Digest, claimed: str | None = None, printed: Path | None = None
) -> tuple[Photo, bool]:  # fmt: skip
    """The photo, durably kept, and whether that is news. `claimed`: the SHA-256, in hex, that the sender gave on the way;
    `printed`: where printed reports lie, which may hold a photo that this one replaces.

    Raises Problem (409, 413, 415, 422), TryAgain."""
    if claimed is not None and claimed != arriving.sha256:
        raise mismatch()
    with db.read() as tx:
        held = tx.connection().execute(_HELD, {"photo": photo_id}).one()
        photo = tx.get_one(Photo, photo_id) if held.state != "expected" else None
    same = held.sha256 == arriving.sha256
    if photo is not None:
        if not same:
            raise Problem("photo-differs", _("A photo with this number is kept already, and it stays."))
        replaced.forget(db, vault, photo, printed)  # where the server ended in the midst of it the first time
        return photo, False
    if not same:
        raise mismatch()
    if not isinstance(arriving, Arriving):  # one was here when this one began to come, which was only compared with it
        raise TryAgain()
    is_sound = held.seconds is not None
    kind = judge_sound(arriving) if is_sound else judge(arriving)

    def and_then(tx: Session, here: Photo) -> None:
        replaced.erase(tx, here)
        here.type = kind if is_sound else here.type

    arriving.keep(photo_id)
    photo, is_new = states.arrived(db, photo_id, arriving.size, and_then, "kept" if is_sound else "stored")
    replaced.forget(db, vault, photo, printed)
    if photo.erased_at:
        vault.forget(photo_id)  # while it was coming in
        raise Problem("erased", _("This has been erased here, and it stays so. Nothing of it was taken in."))
    if photo.state == "ready" and not is_new:
        vault.erase_original(photo_id)  # a repeat at the same moment was cleaned already; this is its copy
    return photo, is_new


def mismatch() -> Problem:
    """The bytes are not those that were declared."""
    return Problem("digest-mismatch", _("The photo that came is not the one the phone meant; it is sent again."))


def judge_sound(arriving: Arriving) -> str:
    """Which kind of recording it is, by its bytes alone. Raises photo-too-large (413), not-a-recording (415)."""
    if arriving.size > RECORDING_BYTES:
        raise Problem("photo-too-large", _("A recording may be at most 1 MB."))
    kind = header.sound_of(arriving.file)
    if kind is None:
        raise Problem("not-a-recording", _("Recordings are WebM, Ogg or MPEG-4; this file is none of them."))
    return kind


def too_large(limit: int, *, hang_up: bool = False) -> Problem:
    """More than `limit` bytes; `hang_up` where the rest of them will not be read."""
    detail = _("A photo may be at most %(most)s MB.") % {"most": f"{limit / 1024 / 1024:.0f}"}
    return Problem("photo-too-large", detail, headers={"Connection": "close"} if hang_up else None)


def judge(arriving: Arriving) -> str:
    """Which kind of picture it is, by its bytes alone. Raises not-a-photo (415), too-many-pixels (413)."""
    kind = header.kind_of(arriving.file)
    if kind is None:
        raise Problem("not-a-photo", _("Photos are JPEG, PNG, WebP or HEIC; this file is none of them."))
    most = header.most_of(kind, PHOTO_PIXELS)
    if (header.pixels(arriving.file, kind) or 0) > most:
        said = _("A photo may have at most %(most)s megapixels.") % {"most": most // 1_000_000}
        raise Problem("too-many-pixels", said)
    return kind
