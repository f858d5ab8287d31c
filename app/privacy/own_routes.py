"""The phone's own data over the wire: see it, take it out, erase it.

Hides nothing but HTTP. The phone's secret opens these also when the walk is closed, or filed away.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.access import guards, limits
from app.access.phones import Walker
from app.db import Db
from app.privacy import own
from app.streaming import Made
from app.sync.protocol import BASE, Erased, Uuid

router = APIRouter(prefix=BASE, tags=["phone"])

NOT_KEPT = {"Cache-Control": "no-store"}
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": {}},
        "description": "data.json, each photo as photos/<id>.jpg, each recording as recordings/<id>.…",
    }
}


@router.get("/participants/{participant_id}/data", response_class=JSONResponse)
def get_data(participant_id: Uuid, who: Walker, db: Db) -> Response:
    """Everything that is held of this phone: its notes with their history, photos, recordings, track and voices."""
    guards.walker_is(who, participant_id)
    with db.read() as tx:
        return JSONResponse(own.held(tx, who), headers=NOT_KEPT)


@router.get("/participants/{participant_id}/data.zip", response_class=Response, responses=_ZIP)
def get_archive(participant_id: Uuid, request: Request, who: Walker, db: Db) -> Response:
    """The same as a file, with the photos and recordings."""
    guards.walker_is(who, participant_id)
    limits.count(request, limits.FILES, who.id)
    headers = NOT_KEPT | {"Content-Disposition": 'attachment; filename="tryghedsvandring.zip"'}
    pieces = own.archive(db, request.app.state.vault, who)
    return Made(pieces, media_type="application/zip", headers=headers)


@router.put("/participants/{participant_id}/erasure")
def put_erasure(participant_id: Uuid, request: Request, who: Walker, db: Db) -> Erased:
    """Erase all that this phone has made, for good. The same answer when it is asked again."""
    guards.walker_is(who, participant_id)
    return own.erase(db, request.app.state.vault, request.app.state.settings, who)
