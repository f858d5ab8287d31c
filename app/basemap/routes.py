"""The maps over HTTP: the operator's base map under the pages' maps, and each walk's own for its phones.

Hides where a file lies and whose tiles are passed on. Promises what a PMTiles reader needs: byte ranges (206), an ETag that
changes with the file, and an answer that a browser may keep. The base map is only for those who are signed in, and for
residents with the link to a walk that takes marks, to whom only tiles around that walk are passed on; a walk's map is for
whoever knows its name, which nobody can guess, and holds nothing but public map data. Nothing is there where no base map
is configured.
"""

import gzip
import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from app.access.guards import Reader, address_of, etag_matches
from app.basemap.around import box_around, tiles_within
from app.basemap.cutting import lines_of
from app.basemap.tileserver import DEEPEST, NotReached
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import Walk
from app.problems import Problem, TryAgain
from app.sync.protocol import BASE
from app.walks import marks

router = APIRouter(tags=["map"])

# The reader of the file notices a new ETag by itself, so a day is safe and spares a request for each tile.
_KEPT = {"Cache-Control": "private, max-age=86400", "Vary": "Cookie, Authorization"}
_TILE_KEPT = {"Cache-Control": "private, max-age=3600", "Vary": "Cookie, Authorization, Accept-Encoding"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_NEAR_M, _NEAR_TILES = 5_000, 2  # around a walk, and at each zoom so many tiles more: what a screen shows beside it
_WIDE = 14  # the deepest zoom under a walk that has no place yet; the pages enlarge it
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

    walk = await run_in_threadpool(_may_mark, request, code, db)
    _check(request, z, x, y)
    if not await run_in_threadpool(_lies_near, db, walk, z, x, y):
        return Response(status_code=204, headers=_TILE_KEPT)
    return await _passed_on(request, z, x, y)


@router.get(f"{BASE}/maps/{{sha256}}.pmtiles", response_class=Response, responses={200: _DESCRIBED, 206: _DESCRIBED})
@router.head(f"{BASE}/maps/{{sha256}}.pmtiles", include_in_schema=False)
def walks_map(request: Request, sha256: str) -> Response:
    """A walk's own map by the SHA-256 of its content, or the range of it that was asked for."""
    path = request.app.state.maps.path(sha256)
    if path is None:
        request.app.state.cutter.cut_again(sha256)
        raise Problem("not-found")
    headers = _FOREVER | {"ETag": f'"{sha256}"'}
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _sent(path, headers)


def _may_mark(request: Request, code: str, db: Db) -> Walk:
    """Raises walk-not-found (404), too-many-attempts (429)."""
    limited = request.app.state.settings.rate_limits == "on"
    return marks.walk_behind(db, code, address_of(request), limited=limited)


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


def _check(request: Request, z: int, x: int, y: int) -> None:
    """Raises not-found (404) where there is no such tile."""
    if request.app.state.tiles is None or not (0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z):
        raise Problem("not-found")


def _lies_near(db: Database, walk: Walk, z: int, x: int, y: int) -> bool:
    """Whether whoever looks at the walk's surroundings needs this tile: nobody has our tile server for the whole world."""
    with db.read() as tx:
        lines = lines_of(tx, walk)
    if not lines:
        return z <= _WIDE
    across, down = tiles_within(box_around(lines, _NEAR_M), z)
    return across.start - _NEAR_TILES <= x < across.stop + _NEAR_TILES and (
        down.start - _NEAR_TILES <= y < down.stop + _NEAR_TILES
    )


async def _passed_on(request: Request, z: int, x: int, y: int) -> Response:
    """Waits without a thread of those that answer phones."""
    _check(request, z, x, y)
    try:
        content = await request.app.state.tiles.passed_on(z, x, y)
    except NotReached:
        raise TryAgain(_("The map's server does not answer just now. Everything else works without it.")) from None
    kept = dict(_TILE_KEPT)
    if content is None:
        return Response(status_code=204, headers=kept)
    if "gzip" in request.headers.get("accept-encoding", ""):
        kept["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, headers=kept, media_type="application/vnd.mapbox-vector-tile")
