"""The overview across walks over HTTP: the page, what its map shows, and files of what is asked for.

Hides what stands on the page at once and what is left to "show all". Promises that the page reads without a script, that the
files hold what the page's filter leaves, and that everything is asked of `overview` as the reader may have it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlmodel import col, select

from app import pages
from app.access.across import Across, theirs
from app.access.guards import Person
from app.basemap import basemap_of
from app.db import Database, Db
from app.models import Walk, now
from app.overview import exports, overview, words
from app.overview.asked import Asked, asked
from app.overview.overview import Overview
from app.privacy import looking
from app.streaming import Made

router = APIRouter(tags=["overview"])

Wanted = Annotated[Asked, Depends(asked)]
FIRST = {"walks": 20, "waiting": 8, "places": 15}  # rows before "show all"
ALL = "all"


@router.get("/overview", response_class=HTMLResponse)
def show(request: Request, person: Across, db: Db, wanted: Wanted, whole: str = "") -> Response:
    """`whole`: the list that is shown to its end: walks waiting places; all: each of them, for paper."""
    looking.read(request, person, "overview")
    told, settings = _look(db, person, wanted), request.app.state.settings
    first = {name: None if whole in (name, ALL) else most for name, most in FIRST.items()}
    there = {"walks": len(told.walks), "waiting": len(told.open), "places": len(told.places)}
    is_cut = any(most is not None and there[name] > most for name, most in first.items())
    return pages.render(
        request, "overview/overview.html", told=told, wanted=wanted, first=first, is_cut=is_cut, words=words, choices=words.choices(told), ages=overview.AGES, walks={walk.id: walk for walk in told.walks},
        basemap=basemap_of(settings)["src"], credit=settings.basemap_credit, query=wanted.query(),
    )  # fmt: skip


@router.get("/overview/walks.geojson", response_class=Response)
def as_places(person: Across, db: Db, wanted: Wanted) -> Response:
    """Where the walks were, for the page's map."""
    return _geojson(exports.on_map(_look(db, person, wanted), words.on_map))


@router.get("/overview/routes.geojson", response_class=Response)
def as_lines(person: Across, db: Db, wanted: Wanted) -> Response:
    """Where they went, for the same map."""
    with db.read() as tx:
        there = {walk.id for walk in overview.look(tx, person, wanted, now()).walks}
        rows = tx.exec(select(Walk.id, Walk.route).where(theirs(person), col(Walk.route).is_not(None))).all()
    return _geojson(exports.lines(route for walk_id, route in rows if walk_id in there))


@router.get("/overview/measures.csv", response_class=Response)
def as_table(request: Request, person: Across, db: Db, wanted: Wanted) -> Response:
    """One row for each measure, for a spreadsheet."""
    looking.exported(request, person, "measures.csv", of=wanted.query())
    return _csv(exports.measures_table(_look(db, person, wanted), request.app.state.settings.base_url), "tiltag")


@router.get("/overview/places.csv", response_class=Response)
def as_places_table(request: Request, person: Across, db: Db, wanted: Wanted) -> Response:
    """One row for each walk on which a place of several walks was named."""
    looking.exported(request, person, "places.csv", of=wanted.query())
    return _csv(exports.places_table(_look(db, person, wanted), request.app.state.settings.base_url), "steder")


@router.get("/overview/measures.geojson", response_class=Response)
def as_geojson(
    request: Request,
    person: Across,
    db: Db,
    wanted: Wanted,
    crs: Annotated[str, Query(pattern="^(4326|25832)$")] = "4326",
) -> Response:
    """The measures for maps. `crs`: 4326, degrees (RFC 7946), or 25832, metres."""
    looking.exported(request, person, "measures.geojson", of=wanted.query())
    told, base_url = _look(db, person, wanted), request.app.state.settings.base_url
    answer = _geojson(exports.measures_geojson(told, base_url, on_grid=crs == "25832"))
    answer.headers["Content-Disposition"] = 'attachment; filename="tiltag.geojson"'
    return answer


def _look(db: Database, person: Person, wanted: Asked) -> Overview:
    with db.read() as tx:
        return overview.look(tx, person, wanted, now())


def _geojson(told: bytes) -> Response:
    return Response(told, media_type="application/geo+json", headers=pages.PRIVATE)


def _csv(told: Any, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Made(told, media_type="text/csv; charset=utf-8", headers=pages.PRIVATE | named)
