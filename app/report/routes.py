"""The report over HTTP: the page, and its files for scripts, spreadsheets and maps.

Hides addresses, filters in the query and what a reader's browser holds already. Promises that every answer went through
the guard of the walk, that the database is let go of before the first byte is sent, and that a filter holds for files as
it does for the page.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from app import pages
from app.access import limits
from app.access.guards import ReaderOfWalk, WalkReader, etag_matches
from app.basemap import basemap_of
from app.db import Database, Db
from app.i18n import language
from app.photos.vault import Vault
from app.privacy import looking
from app.problems import Problem
from app.report import comparison, exports, geopackage, issued, page, since_files, spreadsheet, tracks, words
from app.report.filters import Filter, wanted
from app.report.report import Report, build, version
from app.report.shelf import Shelf
from app.report.since_files import Beside
from app.streaming import Made, Piece

router = APIRouter(tags=["report"])

Wanted = Annotated[Filter, Depends(wanted)]
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept-Language"}
_KINDS = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "since.csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _file(kind: str) -> dict[str, Any]:
    described = {"content": {_KINDS[kind].split(";")[0]: {}}, "description": "the notes asked for, as a file"}
    return {"response_class": Response, "responses": {200: described}}


@router.get("/walks/{walk_id}/report", response_class=HTMLResponse)
@router.head("/walks/{walk_id}/report", include_in_schema=False)
def show(
    request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted, page_number: Annotated[int, Query(alias="page")] = 1
) -> Response:
    """The report as a page."""
    looking.report(request, reader, "report")
    with db.read() as tx:
        earlier, is_public = since_files.for_reader(tx, reader), issued.released(tx, reader.walk.id) is not None
    then = earlier.facts if earlier else ()
    told = (
        reader.person.user.id,
        language(),
        pages.asset("css/desk.css"),
        pages.asset("js/report.js"),
        str(is_public),
        *then,
    )
    etag, report = _read(request, reader, db, *told)
    if report is None:
        return Response(status_code=304, headers={"ETag": etag} | pages.PRIVATE)
    beside: dict[str, Any] = {"since": None}
    if earlier and not asked:  # of some of the notes nothing could be compared
        with db.read() as tx:
            found = since_files.beside(tx, earlier, report)
        beside = {"earlier_walk": earlier.walk.id, "since": found and found.view}
    answer = pages.render(
        request,
        "report/report.html",
        plans=reader.plans,
        is_public=is_public,
        **_shown(request, reader, report, asked, page_number),
        **beside,
    )
    answer.headers["ETag"] = etag
    return answer


@router.get("/walks/{walk_id}/report.geojson", **_file("geojson"))
@router.head("/walks/{walk_id}/report.geojson", include_in_schema=False)
def as_geojson(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """RFC 7946: one Feature for each note."""
    return _sent(request, reader, db, asked, "geojson", exports.geojson)


@router.get("/walks/{walk_id}/report/places.geojson", **_file("geojson"))
def as_places(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """Every place for the page's map, which filters them itself: less than report.geojson, and no contract."""
    looking.report(request, reader, "report")
    etag, report = _read(request, reader, db, "places")
    if report is None:
        return Response(status_code=304, headers={"ETag": etag} | _PRIVATE)
    return Response(exports.places(report), headers={"ETag": etag} | _PRIVATE, media_type=_KINDS["geojson"])


@router.get("/walks/{walk_id}/report.csv", **_file("csv"))
@router.head("/walks/{walk_id}/report.csv", include_in_schema=False)
def as_table(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """One row for each note, for a spreadsheet."""
    return _sent(request, reader, db, asked, "csv", exports.table)


@router.get("/walks/{walk_id}/report.json", **_file("json"))
@router.head("/walks/{walk_id}/report.json", include_in_schema=False)
def as_json(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """Walk, numbers, stops, route, notes, and as `since` the walk before beside this one, where no filter is asked for."""

    def made(report: Report, since: Beside | None) -> Iterator[bytes]:
        return exports.whole(report, since.told if since else None)

    return _sent_beside(request, reader, db, asked, "json", made)


@router.get("/walks/{walk_id}/report.zip", **_file("zip"))
@router.head("/walks/{walk_id}/report.zip", include_in_schema=False)
def as_bundle(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """The other files and the photos in one."""
    vault: Vault = request.app.state.vault

    def made(report: Report, since: Beside | None) -> Iterator[Piece]:
        return exports.bundle(report, vault.opened, since.told if since else None)

    return _sent_beside(request, reader, db, asked, "zip", made)


@router.get("/walks/{walk_id}/report.gpkg", **_file("gpkg"))
@router.head("/walks/{walk_id}/report.gpkg", include_in_schema=False)
def as_geopackage(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """Notes, measures, stops and route for QGIS, on EPSG:25832."""
    return _sent(request, reader, db, asked, "gpkg", geopackage.geopackage)


@router.get("/walks/{walk_id}/report.xlsx", **_file("xlsx"))
@router.head("/walks/{walk_id}/report.xlsx", include_in_schema=False)
def as_workbook(request: Request, reader: ReaderOfWalk, db: Db, asked: Wanted) -> Response:
    """Notes, measures, stops, numbers and the walk before for Excel, in the reader's language."""

    def made(report: Report, since: Beside | None) -> Iterator[bytes]:
        return spreadsheet.workbook(report, since.view if since else None)

    return _sent_beside(request, reader, db, asked, "xlsx", made, language())


@router.get("/walks/{walk_id}/report/since.csv", **_file("csv"))
@router.head("/walks/{walk_id}/report/since.csv", include_in_schema=False)
def as_since_table(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """This walk beside the one before, a row for each place. Not-found (404) where there is no walk before."""

    with db.read() as tx:
        if since_files.for_reader(tx, reader) is None:
            raise Problem("not-found")

    def made(_report: Report, since: Beside | None) -> Iterator[bytes]:
        return exports.since_table(since.told) if since else iter(())

    return _sent_beside(request, reader, db, Filter(), "since.csv", made)


@router.get("/walks/{walk_id}/report/comparison", response_class=HTMLResponse)
def compare(
    request: Request,
    reader: ReaderOfWalk,
    db: Db,
    beside: Annotated[str, Query(alias="with", max_length=36)] = "",
    valence: Literal["safe", "unsafe"] = "unsafe",
) -> Response:
    """Two maps beside each other: safe and unsafe, or this walk and another `with` which it belongs together."""
    with db.read() as tx:
        others = comparison.related(tx, reader.person, reader.walk)
        other = next((one for one in others if one.walk.id == beside), None)
        if beside and other is None:
            raise Problem("not-found")
        asked = [one for one in (reader, other) if one]
        for one in asked:
            looking.report(request, one, "comparison")
        asked.sort(key=lambda one: (one.walk.starts_at or one.walk.created_at, one.walk.id))
        reports = [build(tx, one.walk.id, sensitive=one.sensitive, base_url="") for one in asked]
    shown = comparison.of_two(reports[0], reports[1], valence) if other else comparison.of_one(reports[0])
    return pages.render(
        request, "report/comparison.html", walk=reader.walk, plans=reader.plans, shown=shown, others=others, beside=beside,
        valence=valence, link=f"/walks/{reader.walk.id}/report", words=words, comparison=comparison, page=page,
        points=page.stop_points, basemap=basemap_of(request.app.state.settings),
    )  # fmt: skip


def _read(request: Request, reader: WalkReader, db: Database, *told: str) -> tuple[str, Report | None]:
    """(the ETag, the whole report); no report where the caller holds this version already. `told`: what else the answer
    depends on."""
    shelf: Shelf = request.app.state.shelf
    with db.read() as tx:
        now = version(tx, reader.walk.id)
        parts = (now, str(reader.sensitive), *told)
        etag = '"' + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32] + '"'
        if etag_matches(request, etag):
            return etag, None
        base_url = request.app.state.settings.base_url or str(request.base_url).rstrip("/")
        return etag, shelf.report(tx, reader.walk.id, now, sensitive=reader.sensitive, base_url=base_url)


def _sent_beside(
    request: Request,
    reader: WalkReader,
    db: Database,
    asked: Filter,
    kind: str,
    written: Callable[[Report, Beside | None], Iterator[Piece]],
    *told: str,
) -> Response:
    """A file that tells of the walk before too, where all notes are asked for: of some nothing could be compared."""
    with db.read() as tx:
        earlier = None if asked else since_files.for_reader(tx, reader)

    def made(report: Report) -> Iterator[Piece]:
        with db.read() as tx:
            found = since_files.beside(tx, earlier, report)
        return written(report, found)

    return _sent(request, reader, db, asked, kind, made, *told, *(earlier.facts if earlier else ()))


def _sent(
    request: Request,
    reader: WalkReader,
    db: Database,
    asked: Filter,
    kind: str,
    written: Callable[[Report], Iterator[Piece]],
    *told: str,
) -> Response:
    etag, report = _read(request, reader, db, *told)
    headers = {"ETag": etag} | _PRIVATE
    if report is None:
        return Response(status_code=304, headers=headers)
    looking.exported(request, reader.person, kind, reader.walk, of=etag, sensitive=reader.sensitive)
    headers["Content-Disposition"] = f'attachment; filename="{exports.file_name(report, kind)}"'
    shown = asked.of(report)
    if request.method == "HEAD":  # the length is known only when all has been written
        answer = Response(headers=headers, media_type=_KINDS[kind])
        del answer.headers["Content-Length"]
        return answer
    limits.count(request, limits.FILES, reader.person.user.id)
    return Made(written(shown), exports.LARGE, headers=headers, media_type=_KINDS[kind])


def _chosen_area(report: Report, asked: Filter) -> tuple[str, int] | None:
    """The area asked for, as it is written, and how many notes would be in it without the other filters."""
    return (asked.area.words, sum(1 for _seen in asked.within(report))) if asked.area else None


def _shown(request: Request, reader: WalkReader, report: Report, asked: Filter, page_number: int) -> dict[str, Any]:
    """What the template is filled with."""
    path = f"/walks/{reader.walk.id}/report"
    query, settings = asked.query(), request.app.state.settings
    shown = asked.of(report)
    notes, number, last = page.pages(page.listed(shown), page_number)
    begun, ended = words.walked(report)
    return {
        "report": report,
        "begun": begun,
        "ended": ended,
        "stop_points": page.stop_points(report),
        "tracks": tracks.on_map(report.tracks),
        "stop_name": partial(words.stop_name, report=report),
        "numbers": report.numbers,
        "found": len(shown.observations),
        "places": page.places(shown, notes),
        "choices": asked.choices(report),
        "filtered": bool(asked),
        "area": _chosen_area(report, asked),
        "voices": shown.voices(),
        "page_number": number,
        "pages": last,
        "link": path,
        "query": f"?{query}" if query else "",
        "address": page.addresses(report, path),
        "sensitive": reader.sensitive,
        "basemap": basemap_of(settings)["src"],
        "credit": settings.basemap_credit,
        "page": page,
        "words": words,
    }  # fmt: skip
