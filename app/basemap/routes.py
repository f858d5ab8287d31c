"""The maps over HTTP: the operator's base map under the pages' maps, and each walk's own for its phones.

Hides where a file lies and whose tiles are passed on. Promises what a PMTiles reader needs: byte ranges (206), an ETag that
changes with the file, and an answer that a browser may keep. The base map is only for those who are signed in, and for
residents with the link to a walk that takes marks; a walk's map is for whoever knows its name, which nobody can guess, and
holds nothing but public map data. Nothing is there where no base map is configured.
"""

import gzip
import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from app.access.guards import Reader, address_of, etag_matches
from app.basemap.tileserver import NotReached
from app.db import Db
from app.i18n import gettext as _
from app.problems import Problem, TryAgain
from app.sync.protocol import BASE
from app.walks import marks

router = APIRouter(tags=["map"])

# The reader of the file notices a new ETag by itself, so a day is safe and spares a request for each tile.
_KEPT = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie, Authorization"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_DESCRIBED = {"content": {"application/vnd.pmtiles": {}}, "description": "a PMTiles archive, whole or a range of it"}
_TILE = {"content": {"application/vnd.mapbox-vector-tile": {}}, "description": "a vector tile"}
_NO_TILE = {"description": "nothing is there"}


@router.get("/basemap.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head("/basemap.pmtiles", include_in_schema=False)
def basemap(request: Request, _person: Reader) -> Response:
    """The PMTiles file, or the range of it that was asked for."""
    return _file(request)


@router.get("/marks/{code}/basemap.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head("/marks/{code}/basemap.pmtiles", include_in_schema=False)
def basemap_for_residents(request: Request, code: str, db: Db) -> Response:
    """The same, under the map that residents put marks on."""
    _may_mark(request, code, db)
    return _file(request)


@router.get(f"{BASE}/tiles/{{z}}/{{x}}/{{y}}.mvt", response_class=Response, responses={200: _TILE, 204: _NO_TILE})
async def tile(request: Request, z: int, x: int, y: int, _person: Reader) -> Response:
    """A tile of the operator's tile server, passed on."""
    return await _passed_on(request, z, x, y)


@router.get("/marks/{code}/tiles/{z}/{x}/{y}.mvt", response_class=Response, responses={200: _TILE, 204: _NO_TILE})
async def tile_for_residents(request: Request, code: str, z: int, x: int, y: int, db: Db) -> Response:
    """The same, under the map that residents put marks on."""
    from starlette.concurrency import run_in_threadpool

    await run_in_threadpool(_may_mark, request, code, db)
    return await _passed_on(request, z, x, y)


@router.get(f"{BASE}/maps/{{sha256}}.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head(f"{BASE}/maps/{{sha256}}.pmtiles", include_in_schema=False)
def walks_map(request: Request, sha256: str) -> Response:
    """A walk's own map by the SHA-256 of its content, or the range of it that was asked for."""
    path = request.app.state.maps.path(sha256)
    if path is None:
        raise Problem("not-found")
    headers = _FOREVER | {"ETag": f'"{sha256}"'}
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _sent(path, headers)


def _may_mark(request: Request, code: str, db: Db) -> None:
    """Raises walk-not-found (404), too-many-attempts (429)."""
    limited = request.app.state.settings.rate_limits == "on"
    marks.walk_behind(db, code, address_of(request), limited=limited)


def _file(request: Request) -> Response:
    path = request.app.state.settings.basemap_file
    if path is None:
        raise Problem("not-found")
    answer = _sent(path, _KEPT)
    if etag_matches(request, answer.headers["etag"]):
        kept = {name: answer.headers[name] for name in ("etag", "cache-control", "vary")}
        return Response(status_code=304, headers=kept)
    return answer


def _sent(path: os.PathLike[str], headers: dict[str, str]) -> FileResponse:
    try:
        found = os.stat(path)
    except OSError:
        raise Problem("not-found") from None
    return FileResponse(path, headers=headers, media_type="application/vnd.pmtiles", stat_result=found)


async def _passed_on(request: Request, z: int, x: int, y: int) -> Response:
    """Waits without a thread of those that answer phones."""
    tiles = request.app.state.tiles
    if tiles is None or not (0 <= z <= 20 and 0 <= x < 2**z and 0 <= y < 2**z):
        raise Problem("not-found")
    try:
        content = await tiles.passed_on(z, x, y)
    except NotReached:
        raise TryAgain(_("The map's server does not answer just now. Everything else works without it.")) from None
    kept = {"Cache-Control": "private, max-age=3600", "Vary": "Cookie, Authorization, Accept-Encoding"}
    if content is None:
        return Response(status_code=204, headers=kept)
    if "gzip" in request.headers.get("accept-encoding", ""):
        kept["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, headers=kept, media_type="application/vnd.mapbox-vector-tile")
