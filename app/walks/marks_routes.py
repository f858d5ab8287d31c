"""Marks before the walk over HTTP: the residents' page behind its link, and the page of those who plan the walk.

Hides what a script gets where a person gets a page. Promises that trying out codes here is limited as it is for joining,
with the same count; that residents see places and feelings but nobody's words; that what was typed comes back.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from app import pages
from app.access import forms, guards
from app.access.guards import PlannedWalk, Reader
from app.basemap import basemap_of
from app.db import Database, Db
from app.models import Mark, Stop, Walk, new_id
from app.privacy import looking
from app.problems import Problem
from app.walks import invitation, marks
from app.walks.marks import Typed
from app.walks.walks import stops_of

router = APIRouter(tags=["walks"])

LISTED = 100  # marks on one page of the list
Text = Annotated[forms.Text, Form()]
OWN_FORM = [Depends(guards.own_form)]


# Residents, with the link


@router.get("/marks/{code}")
def get_marks(request: Request, code: str, db: Db) -> Response:
    return _residents_page(request, _walk_of(request, db, code), db, Typed())


@router.get("/marks/{code}/marks.geojson", response_class=JSONResponse)
def get_marks_on_map(request: Request, code: str, db: Db) -> Response:
    """Every mark that is not hidden, without words: a Feature each (RFC 7946)."""
    walk = _walk_of(request, db, code)
    with db.read() as tx:
        return _geojson(marks.on_map(marks.of_walk(tx, walk.id), words=False))


@router.post("/marks/{code}", dependencies=OWN_FORM)
def post_mark(
    request: Request, code: str, db: Db,
    id: Text = "", secret: Text = "", valence: Text = "", place: Text = "", stop: Text = "", note: Text = "",
) -> Response:  # fmt: skip
    """Puts a mark; the same id and secret again: the newest words hold. A script (Accept: application/json) gets `id`,
    a person the page. Raises walk-not-found (404), too-many-attempts (429), invalid (422), not-yours (403)."""
    walk = _walk_of(request, db, code)
    typed = Typed(id.lower(), secret, valence, place, stop, note)
    address = guards.address_of(request)
    by_script = "application/json" in request.headers.get("accept", "")
    try:
        with db.write() as tx:
            where = marks.check(tx, walk, typed)
            if tx.get(Mark, typed.id) is None:
                if request.app.state.settings.rate_limits == "on":
                    guards.not_guessing(tx, "mark", address)
                guards.count_try(tx, "mark", address)
            new = marks.keep(tx, walk, typed, where)
    except Problem as wrong:
        if by_script or wrong.code != "invalid":
            raise
        return _residents_page(request, walk, db, typed, 422)
    if by_script:
        return JSONResponse({"id": typed.id}, 201 if new else 200, headers=pages.PRIVATE)
    return RedirectResponse(f"/marks/{walk.code}?put=1#put", 303, headers=pages.PRIVATE)


@router.delete("/marks/{code}/{mark_id}", status_code=204, dependencies=OWN_FORM)
def delete_mark(request: Request, code: str, mark_id: str, db: Db) -> Response:
    """Takes one's own mark back; its secret comes as `Authorization: Bearer`. Gone already is gone."""
    walk = _walk_of(request, db, code, taking_back=True)
    secret = request.headers.get("authorization", "").removeprefix("Bearer ")
    with db.write() as tx:
        marks.take_back(tx, walk, mark_id.lower(), secret)
    return Response(status_code=204, headers=pages.PRIVATE)


@router.get("/marks/{code}/own/{mark_id}", response_class=JSONResponse)
def get_own_mark(request: Request, code: str, mark_id: str, db: Db) -> Response:
    """All that is held of one's own mark; its secret comes as `Authorization: Bearer`. Raises not-found (404) where there is none
    (any more), not-yours (403)."""
    walk = _walk_of(request, db, code, taking_back=True)
    secret = request.headers.get("authorization", "").removeprefix("Bearer ")
    with db.read() as tx:
        mark = marks.own(tx, walk, mark_id.lower(), secret)
    if mark is None:
        raise Problem("not-found")
    return JSONResponse(marks.told(mark), headers=pages.PRIVATE)


def _walk_of(request: Request, db: Database, code: str, *, taking_back: bool = False) -> Walk:
    limited = request.app.state.settings.rate_limits == "on"
    return marks.walk_behind(db, code, guards.address_of(request), limited=limited, taking_back=taking_back)


def _residents_page(request: Request, walk: Walk, db: Database, typed: Typed, status: int = 200) -> Response:
    with db.read() as tx:
        stops = stops_of(tx, walk.id)
        found = marks.placed(marks.of_walk(tx, walk.id), stops)
    # Without a script the browser mints no id: then this page's holds, and the mark cannot be taken back.
    typed.id, typed.secret = typed.id or new_id(), typed.secret or new_id()
    known = {"typed": typed, "listed": found[:LISTED], "put": "put" in request.query_params, "most": marks.NOTE}
    shown = _shown(request, walk, stops, found, base=f"/marks/{walk.code}")
    return pages.render(request, "walks/mark.html", status, **known, **shown)


def _shown(
    request: Request, walk: Walk, stops: list[Stop], found: list[marks.Placed], *, base: str = ""
) -> dict[str, Any]:
    """`base`: where the operator's map is for whoever reads the page."""
    settings = request.app.state.settings
    points = [{"number": stop.number, "name": stop.name, "lat": stop.lat, "lon": stop.lon}
              for stop in stops if stop.lat is not None]  # fmt: skip
    return {
        "walk": walk, "stops": [stop for stop in stops if stop.lat is not None], "points": points, "all": len(found),
        "by_stop": marks.by_stop(found), "basemap": basemap_of(settings, base)["src"],
        "credit": settings.basemap_credit,
    }  # fmt: skip


def _geojson(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers=pages.PRIVATE, media_type="application/geo+json")


# Those who plan the walk


@router.get("/walks/{walk_id}/marks")
def get_walks_marks(request: Request, walk: PlannedWalk, person: Reader, db: Db, page: int = 1) -> Response:
    looking.read(request, person, "marks", walk)
    with db.read() as tx:
        stops = stops_of(tx, walk.id)
        found = marks.placed(marks.of_walk(tx, walk.id, hidden=True), stops)
    last = max(1, -(-len(found) // LISTED))
    page = min(max(page, 1), last)
    visible = [one for one in found if not one.mark.hidden]
    known: dict[str, Any] = {
        "listed": found[(page - 1) * LISTED : page * LISTED], "page_number": page, "pages": last,
        "hidden": len(found) - len(visible), "link": marks.marks_url(walk, request.app.state.settings),
    }  # fmt: skip
    return pages.render(request, "walks/marks.html", **known, **_shown(request, walk, stops, visible))


@router.get("/walks/{walk_id}/marks.geojson", response_class=JSONResponse)
def get_walks_marks_on_map(request: Request, walk: PlannedWalk, person: Reader, db: Db) -> Response:
    """Every mark that is not hidden, with its words."""
    looking.read(request, person, "marks", walk)
    with db.read() as tx:
        return _geojson(marks.on_map(marks.of_walk(tx, walk.id), words=True))


@router.get("/walks/{walk_id}/marks/qr.svg", response_class=Response)
def get_marks_qr(request: Request, walk: PlannedWalk) -> Response:
    code = invitation.qr_of(marks.marks_url(walk, request.app.state.settings))
    return Response(code, media_type="image/svg+xml", headers=pages.PRIVATE)


@router.post("/walks/{walk_id}/marks/opening", dependencies=OWN_FORM)
def post_marks_opening(walk: PlannedWalk, db: Db) -> Response:
    """From now on residents with the link may put marks."""
    return _switch(walk, db, on=True)


@router.post("/walks/{walk_id}/marks/closure", dependencies=OWN_FORM)
def post_marks_closure(walk: PlannedWalk, db: Db) -> Response:
    """No more marks; those that are there stay for whoever plans the walk."""
    return _switch(walk, db, on=False)


@router.post("/walks/{walk_id}/marks/{mark_id}/hiding", dependencies=OWN_FORM)
def post_hiding(walk: PlannedWalk, mark_id: str, db: Db, page: Text = "1") -> Response:
    """Out of residents' sight; it can be shown again."""
    return _hide(walk, mark_id, db, page, hidden=True)


@router.post("/walks/{walk_id}/marks/{mark_id}/showing", dependencies=OWN_FORM)
def post_showing(walk: PlannedWalk, mark_id: str, db: Db, page: Text = "1") -> Response:
    return _hide(walk, mark_id, db, page, hidden=False)


@router.post("/walks/{walk_id}/marks/{mark_id}/stop", dependencies=OWN_FORM)
def post_stop_at_mark(walk: PlannedWalk, mark_id: str, db: Db) -> Response:
    """Makes a stop where the mark is, and leads to it in the plan, to be given a name."""
    with db.write() as tx:
        stop = marks.make_stop(tx, walk.id, marks.of_id(tx, walk.id, mark_id))
    return RedirectResponse(f"/walks/{walk.id}/plan#stop-{stop.number}", 303, headers=pages.PRIVATE)


def _switch(walk: Walk, db: Database, *, on: bool) -> Response:
    with db.write() as tx:
        tx.get_one(Walk, walk.id).marks_open = on
    return RedirectResponse(f"/walks/{walk.id}/marks", 303, headers=pages.PRIVATE)


def _hide(walk: Walk, mark_id: str, db: Database, page: str, *, hidden: bool) -> Response:
    with db.write() as tx:
        marks.of_id(tx, walk.id, mark_id).hidden = hidden
    at = f"?page={page}" if page.isdecimal() and len(page) < 5 and page != "1" else ""
    return RedirectResponse(f"/walks/{walk.id}/marks{at}#n-{mark_id.lower()}", 303, headers=pages.PRIVATE)
