"""The live page of whoever leads a walk: what has arrived, whom to wait for, and the buttons that open, pause and close.

Hides how the page stays current: as a stream of events, or asked for again and again; both bring the same parts of the
page, drawn once from the templates that the whole page is made of, so that it works without a script by loading it anew.
Promises that nothing here says where anybody is: the map has the places of notes, without a time or a phone.
"""

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app import pages
from app.access import guards
from app.access.guards import PlannedWalk, ReaderOfWalk, WalkReader, etag_matches
from app.basemap import basemap_of
from app.db import Database, Db
from app.i18n import gettext as _
from app.i18n import language, ngettext, use
from app.models import Walk
from app.privacy import looking
from app.problems import Problem, TryAgain
from app.sync.protocol import utc
from app.walks import walks
from app.walks.following import Followers, View
from app.walks.live import Live, PhoneSeen, look, signature
from app.walks.places import Places

router = APIRouter(tags=["walks"])

PARTS = ("now", "missing", "figures", "phones", "stops")


def followers(db: Database, hears: Callable[[], bool]) -> Followers:
    """Those who follow walks in this process; `hears`: as Followers asks."""

    def sign(walk_id: str) -> Any:
        with db.read() as tx:
            return signature(tx, walk_id)

    def draw(walk_id: str, view: View) -> str:
        with db.read() as tx, use(view.language):
            walk = tx.get(Walk, walk_id)
            if walk is None:
                raise Problem("not-found")
            return json.dumps(_news(look(tx, walk, sensitive=view.sensitive)))

    return Followers(sign, draw, hears)


@router.get("/walks/{walk_id}/live")
def get_live(walk: PlannedWalk, reader: ReaderOfWalk, request: Request, db: Db) -> Response:
    looking.report(request, reader, "live")
    with db.read() as tx:
        seen = look(tx, walk, sensitive=reader.sensitive)
    points = [{"number": at.stop.number, "name": at.stop.name, "lat": at.stop.lat, "lon": at.stop.lon}
              for at in seen.stops if at.stop and at.stop.lat is not None]  # fmt: skip
    ground = basemap_of(request.app.state.settings)
    return pages.render(request, "walks/live.html", points=points, basemap=ground, map=_map(seen), **_words(seen))


@router.get("/walks/{walk_id}/live.json")
def get_news(walk: PlannedWalk, reader: ReaderOfWalk, db: Db) -> Response:
    """The page's parts as they are now, for a page that no events reach."""
    with db.read() as tx:
        news = json.dumps(_news(look(tx, walk, sensitive=reader.sensitive)))
    return Response(news, media_type="application/json", headers=pages.PRIVATE)


@router.get("/walks/{walk_id}/live.geojson")
def get_places(walk: PlannedWalk, reader: ReaderOfWalk, request: Request) -> Response:
    """The places of the notes that have arrived, for the page's map; never where a phone is."""
    looking.report(request, reader, "live")
    places: Places = request.app.state.places
    headers = pages.PRIVATE
    if etag_matches(request, tag := _tag(walk.seq, reader)):
        return Response(status_code=304, headers=headers | {"ETag": tag})
    seq, found = places.of(walk, sensitive=reader.sensitive)
    return Response(found, media_type="application/geo+json", headers=headers | {"ETag": _tag(seq, reader)})


@router.get("/walks/{walk_id}/live/events", response_class=Response)
async def get_events(walk: PlannedWalk, reader: ReaderOfWalk, request: Request, db: Db) -> Response:
    """The same, as server-sent events, whenever something has changed. Raises TryAgain (503) where too many follow."""
    following: Followers = request.app.state.followers
    allowed = partial(_still, request, db, reader)
    return following.stream(walk.id, View(language(), reader.sensitive), allowed)


@router.post("/walks/{walk_id}/pause")
def post_pause(request: Request, walk: PlannedWalk, db: Db, paused: Annotated[str, Form()] = "") -> Response:
    """Has a break (`paused=yes`), or goes on. Notes are taken in all the while."""
    guards.own_form(request)
    with db.write() as tx:
        walks.pause(tx, tx.get_one(Walk, walk.id, with_for_update=True), paused == "yes")
    return to_live(walk)


@router.post("/walks/{walk_id}/sharing")
def post_sharing(request: Request, walk: PlannedWalk, db: Db, sharing: Annotated[str, Form()] = "") -> Response:
    """Whether the walkers see each other's notes (`sharing=yes`)."""
    guards.own_form(request)
    with db.write() as tx:
        walks.share(tx, tx.get_one(Walk, walk.id), sharing == "yes")
    return to_live(walk)


@router.post("/walks/{walk_id}/tracks")
def post_tracks(request: Request, walk: PlannedWalk, db: Db, tracks: Annotated[str, Form()] = "") -> Response:
    """Whether the teams may record where they go (`tracks=yes`); the switch stands beside the plan."""
    guards.own_form(request)
    with db.write() as tx:
        walks.ask_for_tracks(tx, tx.get_one(Walk, walk.id, with_for_update=True), tracks == "yes")
    return RedirectResponse(f"/walks/{walk.id}/plan#tracks", 303, headers=pages.PRIVATE)


def _tag(seq: int, reader: WalkReader) -> str:
    return f'"{seq}{"-all" if reader.sensitive else ""}"'


def to_live(walk: Walk) -> Response:
    return RedirectResponse(f"/walks/{walk.id}/live", 303, headers=pages.PRIVATE)


def _still(request: Request, db: Database, reader: WalkReader) -> bool:
    """Whether the follower may go on, and to see the same; a database that is busy says nothing about that."""
    try:
        found = guards.still_plans(request, db, reader.walk.id)
    except TryAgain:
        return True
    return found is not None and found.sensitive == reader.sensitive


def _news(seen: Live) -> dict[str, Any]:
    words = _words(seen)
    drawn = {name: pages.environment().get_template(f"walks/live/{name}.html").render(words) for name in PARTS}
    return {"at": pages.clock(seen.at, seen.walk.timezone), "time": utc(seen.at), "map": _map(seen), "parts": drawn}


def _map(seen: Live) -> str:
    """The address of the places, another one whenever they may be others."""
    return f"/walks/{seen.walk.id}/live.geojson?seq={seen.walk.seq}"


def _words(seen: Live) -> dict[str, Any]:
    """What the templates of the parts ask for."""
    return {
        "live": seen,
        "walk": seen.walk,
        "role": lambda key: _(walks.ROLES[key]),
        "called": _called,
        "names": _names,
        "ago": partial(_ago, seen),
        "waiting": _waiting,
    }


def _called(phone: PhoneSeen) -> str:
    """ "Karen", "Resident, team North": how to call out for whoever has this phone."""
    if phone.name:
        return phone.name
    role = _(walks.ROLES[phone.role])
    return _("%(role)s, team %(team)s", role=role, team=phone.team) if phone.team else role


def _names(phones: tuple[PhoneSeen, ...]) -> str:
    """ "Karen; Resident, team North (2)": whom to call out for, each once."""
    counted = Counter(_called(phone) for phone in phones)
    return "; ".join(who if number == 1 else f"{who} ({number})" for who, number in counted.items())


def _ago(seen: Live, phone: PhoneSeen) -> str:
    """When a phone was last heard: "just now", "4 min. ago", "at 19.22"."""
    minutes = int((seen.at - phone.heard_at).total_seconds() // 60)
    if minutes < 2:
        return _("just now")
    if minutes < 60:
        return ngettext("%(num)s min. ago", "%(num)s min. ago", minutes)
    if minutes < 12 * 60:
        return _("at %(time)s", time=pages.clock(phone.heard_at, seen.walk.timezone))
    return pages.day(phone.heard_at, seen.walk.timezone)


def _waiting(phone: PhoneSeen) -> str:
    """ "2 notes and 1 photo"; empty where it holds nothing, or never said so."""
    said = []
    if phone.waiting_notes:
        said.append(ngettext("%(num)s note", "%(num)s notes", phone.waiting_notes))
    if phone.waiting_photos:
        said.append(ngettext("%(num)s photo or recording", "%(num)s photos or recordings", phone.waiting_photos))
    return _(" and ").join(said)
