"""The sheets for a walk over HTTP: poster and paper form, for whoever may plan it.

Hides how a file is named and kept from caches. Promises that nothing is printed for somebody who may not plan the walk.
"""

from typing import Literal

from fastapi import APIRouter, Request, Response

from app import pages
from app.access.guards import PlannedWalk
from app.basemap.picture import Shown, on_own_map
from app.db import Db
from app.models import Stop, Walk
from app.walks import printing
from app.walks.walks import stops_of

router = APIRouter(tags=["walks"])


@router.get("/walks/{walk_id}/poster.pdf", response_class=Response)
def get_poster(request: Request, walk: PlannedWalk, db: Db, size: Literal["a4", "a5"] = "a4") -> Response:
    """The poster, to be hung up."""
    with db.read() as tx:
        stops = stops_of(tx, walk.id)
    content = printing.poster(walk, stops, request.app.state.settings, size, _map(request, walk, stops))
    return _sheet(content, f"plakat-{size}-{walk.code}")


@router.get("/walks/{walk_id}/paper-form.pdf", response_class=Response)
def get_paper_form(request: Request, walk: PlannedWalk, db: Db) -> Response:
    """The form for whoever comes without a phone."""
    with db.read() as tx:
        stops = stops_of(tx, walk.id)
    content = printing.paper_form(walk, stops, request.app.state.settings, _map(request, walk, stops))
    return _sheet(content, f"papirskema-{walk.code}")


def _map(request: Request, walk: Walk, stops: list[Stop]) -> str | None:
    """The walk's way and stops on its own map; None where it has none."""
    numbered = [
        (str(stop.number), [stop.lon, stop.lat]) for stop in stops if stop.lat is not None and stop.lon is not None
    ]
    shown = Shown((walk.route or {}).get("coordinates", []), numbered, [])
    credit = request.app.state.settings.basemap_credit
    return on_own_map(request.app.state.maps, walk.map_sha256, shown, credit, *printing.MAP_MM)


def _sheet(content: bytes, name: str) -> Response:
    """Shown in the browser, which prints it. Without the pages' CSP: browsers' own PDF viewers choke on it."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'} | pages.PRIVATE
    return Response(content, media_type="application/pdf", headers=headers)
