"""The operator's base map, drawn under the report's map.

Hides where the file lies. Promises what a PMTiles reader needs: byte ranges (206), an ETag that changes with the file, and
an answer that a browser may keep. Only for those who are signed in, and for residents with the link to a walk that takes
marks; nothing is there where no base map is configured.
"""

import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from app.access.guards import Reader, address_of, etag_matches
from app.db import Db
from app.problems import Problem
from app.walks import marks

router = APIRouter(tags=["report"])

# The reader of the file notices a new ETag by itself, so a day is safe and spares a request for each tile.
_KEPT = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie, Authorization"}
_DESCRIBED = {"content": {"application/vnd.pmtiles": {}}, "description": "a PMTiles archive, whole or a range of it"}


@router.get("/basemap.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head("/basemap.pmtiles", include_in_schema=False)
def basemap(request: Request, _person: Reader) -> Response:
    """The PMTiles file, or the range of it that was asked for."""
    return _file(request)


@router.get("/marks/{code}/basemap.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head("/marks/{code}/basemap.pmtiles", include_in_schema=False)
def basemap_for_residents(request: Request, code: str, db: Db) -> Response:
    """The same, under the map that residents put marks on."""
    limited = request.app.state.settings.rate_limits == "on"
    marks.walk_behind(db, code, address_of(request), limited=limited)
    return _file(request)


def _file(request: Request) -> Response:
    path = request.app.state.settings.basemap
    try:
        found = os.stat(path)
    except OSError:
        raise Problem("not-found") from None
    answer = FileResponse(path, headers=_KEPT, media_type="application/vnd.pmtiles", stat_result=found)
    if etag_matches(request, answer.headers["etag"]):
        kept = {name: answer.headers[name] for name in ("etag", "cache-control", "vary")}
        return Response(status_code=304, headers=kept)
    return answer
