"""A recording over HTTP: heard by who may hear it, and by nobody else.

Promises that a recording is given to the cleared reviewers of its note's walk alone, because nobody knows what is said in it;
that each look is logged before the first byte; and that a browser takes it for sound, whatever it holds, and keeps no copy.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.access.reviewers import Reviewer
from app.db import Db
from app.models import Observation, Photo
from app.photos import sending
from app.privacy import looking
from app.problems import Problem, TryAgain
from app.sync.protocol import RECORDING_TYPES

router = APIRouter(tags=["review"])
PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Accept-Ranges": "bytes",
}


@router.get("/walks/{walk_id}/review/recordings/{recording_id}")
def get_recording(
    request: Request, recording_id: Annotated[str, Path(pattern="^[0-9a-f-]{36}$")], reader: Reviewer, db: Db
) -> Response:
    """The sound, or the range of it that was asked for. Raises not-found (404), not-allowed (403), TryAgain."""
    with db.read() as tx:
        sound = tx.get(Photo, recording_id)
        note = tx.get(Observation, sound.observation_id) if sound else None
    if sound is None or note is None or sound.seconds is None or not reader.judges(note):
        raise Problem("not-found")
    if not reader.sensitive:
        raise Problem("not-allowed")
    if sound.erased_at or sound.state != "kept" or sound.id not in note.recording_ids:
        raise Problem("not-found")
    looking.heard(request, reader.person, sound.id, reader.walk)
    opened = request.app.state.vault.opened_original(sound.id)
    if opened is None:  # the record was restored from a backup before the file was
        raise TryAgain()
    kind = sound.type if sound.type in RECORDING_TYPES else "application/octet-stream"
    named = {"Content-Disposition": f'attachment; filename="{sound.id}.{kind.rpartition("/")[2]}"'}
    return sending.sent(request, opened, f'"{sound.id}"', PRIVATE | named, kind)
