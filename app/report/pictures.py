"""The pictures of an edition as answers: its map and its photos, for its readers and for whoever reads it before them.

Hides where they lie. Promises that a photo which was taken out answers as one that never was.
"""

import hashlib
import json

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.access.guards import etag_matches
from app.db import Database
from app.models import Edition, Walk
from app.photos.vault import Vault
from app.problems import Problem
from app.report import picture, public


def photo(
    request: Request, db: Database, edition: Edition, name: str, headers: dict[str, str], *, thumbnail: bool = False
) -> Response:
    """A photo of the edition, or 304. Raises photo-unknown (404), the same for one that was taken out."""
    vault: Vault = request.app.state.vault
    with db.read() as tx:
        found = public.photo_of(tx, edition, name)
    if found is None:
        raise Problem("photo-unknown")
    # Another one once it was blurred; never the photo's id, which none of an edition's readers has.
    facts = json.dumps([edition.id, name, found.id, found.blurs, thumbnail])
    headers = {"ETag": f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'} | headers
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    opened = vault.opened(found.id, thumbnail=thumbnail)
    if opened is None:
        raise Problem("photo-unknown")
    return StreamingResponse(opened.pieces(), media_type="image/jpeg", headers=headers)


def drawing(
    request: Request, db: Database, walk: Walk, edition: Edition, shape: picture.Shape, headers: dict[str, str]
) -> Response:
    state = request.app.state
    with db.read() as tx:
        content = public.shown(tx, walk, edition, alone=True).content
    found = picture.drawn(state.maps, walk.map_sha256, content, state.settings.basemap_credit, shape)
    if found is None:
        raise Problem("not-found")
    headers = {"ETag": f'"{hashlib.sha256(found.encode()).hexdigest()[:32]}"'} | headers
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(found, media_type="image/svg+xml", headers=headers)
