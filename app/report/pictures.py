"""The pictures of an edition as answers: its map and its photos, for its readers and for whoever reads it before them.

Hides where they lie. Promises that a photo which was taken out answers as one that never was.
"""

from typing import Any

from fastapi import Request, Response

from app import pages
from app.db import Database
from app.models import Edition, Walk
from app.photos.vault import Vault
from app.problems import Problem
from app.report import picture, public


def photo(db: Database, vault: Vault, edition: Edition, name: str, *, thumbnail: bool = False) -> Any:
    """A photo of the edition, piece by piece. Raises photo-unknown (404), the same for one that was taken out."""
    with db.read() as tx:
        photo_id = public.photo_of(tx, edition, name)
    if photo_id is None or vault.size(photo_id, thumbnail=thumbnail) is None:
        raise Problem("photo-unknown")
    return vault.pieces(photo_id, thumbnail=thumbnail)


def drawing(
    request: Request, db: Database, walk: Walk, edition: Edition, shape: picture.Shape, headers: dict[str, str]
) -> Response:
    state = request.app.state
    with db.read() as tx:
        content = public.shown(tx, walk, edition, alone=True).content
    found = picture.drawn(state.maps, walk.map_sha256, content, state.settings.basemap_credit, shape)
    if found is None:
        raise Problem("not-found")
    return Response(found, media_type="image/svg+xml", headers=pages.HEADERS | headers)
