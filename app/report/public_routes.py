"""The public page at /r/{slug} over HTTP: the report, its picture and photos, the feed of answers, a request to take something down.

Hides addresses and caching. Promises that an address with nothing to read answers as one that never was; that every answer is
what may be read now, so that something taken out is gone with the next look; and that it all works without a script.
"""

import hashlib
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from app import i18n, pages
from app.access import guards, limits
from app.access.guards import etag_matches
from app.db import Database, Db
from app.i18n import language
from app.models import Edition, Walk
from app.problems import Problem
from app.report import feed, freezing, picture, public, takedown
from app.report.forms import OwnForm
from app.report.pictures import drawing, photo
from app.report.public import Shown
from app.report.public_page import values

router = APIRouter(tags=["public"])

# Kept by browsers and what lies between, but asked for each time whether it is still so. Nothing says Vary: Cookie, which would
# leave a CDN a copy for each visitor: who is signed in changes nothing, and a language that somebody chose is another ETag.
_ASKED = {"Cache-Control": "public, no-cache"}


@router.get("/r/{slug}", response_class=HTMLResponse)
@router.head("/r/{slug}", include_in_schema=False)
def get_report(request: Request, slug: str, db: Db) -> Response:
    """The newest released edition, its measures as they are now."""
    shown = _shown(db, slug)
    etag = _etag(shown, language(), pages.asset("css/desk.css"))
    headers = {"ETag": etag, "Vary": "Accept-Language"} | _ASKED
    if etag_matches(request, etag):
        return Response(status_code=304, headers=headers)
    answer = pages.render(request, "report/public.html", **values(shown, f"/r/{slug}"))
    answer.headers.update(headers)
    return answer


@router.get("/r/{slug}/edition.json", response_class=Response)
@router.head("/r/{slug}/edition.json", include_in_schema=False)
def get_data(request: Request, slug: str, db: Db) -> Response:
    """The edition as data: its SHA-256 is the one on the page, as long as nothing has been taken out of it."""
    shown = _shown(db, slug)
    headers = {"ETag": _etag(shown, "json")} | _ASKED
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{slug}-{shown.edition.number}.json"'
    return Response(freezing.canonical(shown.content), media_type="application/json", headers=headers)


@router.get("/r/{slug}/answers.atom", response_class=Response)
@router.head("/r/{slug}/answers.atom", include_in_schema=False)
def get_answers(request: Request, slug: str, db: Db) -> Response:
    """What was answered, as a feed, in the walk's language."""
    shown = _shown(db, slug)
    headers = {"ETag": _etag(shown, "atom")} | _ASKED
    if etag_matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    with i18n.use(shown.walk.language):
        content = feed.atom(shown, f"{request.app.state.settings.base_url}/r/{slug}")
    return Response(content, media_type=feed.KIND, headers=headers)


@router.get("/r/{slug}/photos/{name}.jpg", response_class=Response)
def get_photo(request: Request, slug: str, name: str, db: Db, small: bool = False) -> Response:
    with db.read() as tx:
        _walk, edition = public.behind(tx, slug)
    return photo(request, db, edition, name, _ASKED, thumbnail=small)


@router.get("/r/{slug}/map-{shape}.svg", response_class=Response)
def get_map(request: Request, slug: str, shape: picture.Shape, db: Db) -> Response:
    with db.read() as tx:
        walk, edition = public.behind(tx, slug)
    return drawing(request, db, walk, edition, shape, _ASKED)


@router.get("/r/{slug}/takedown")
def get_takedown(request: Request, slug: str, db: Db, sent: str = "") -> Response:
    with db.read() as tx:
        walk, edition = public.behind(tx, slug)
    return _form(request, walk, edition, {"sent": bool(sent)})


@router.post("/r/{slug}/takedown")
def post_takedown(request: Request, slug: str, db: Db, form: OwnForm, afterwards: BackgroundTasks) -> Response:
    """Keeps a request, then tells those who lead the walk. Raises too-many-attempts (429)."""
    settings, address = request.app.state.settings, guards.address_of(request)
    typed = {name: str(form.get(name, "")) for name in ("text", "contact")}
    with db.read() as tx:
        walk, edition = public.behind(tx, slug)
    try:
        with db.write() as tx:
            limits.counted(tx, settings, limits.TAKEDOWNS, address)
            limits.counted(tx, settings, limits.TAKEDOWNS_OF_ALL, walk.id)
            takedown.ask(tx, walk, edition.number, **typed)
            told = takedown.readers(tx, walk)
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        errors = {one["field"]: one["message"] for one in wrong.more["errors"]}
        return _form(request, walk, edition, {"typed": typed, "errors": errors}, 422)
    afterwards.add_task(takedown.tell, told, walk, f"{settings.base_url}/walks/{walk.id}/release#asked", settings)
    return RedirectResponse(f"/r/{slug}/takedown?sent=1", 303, headers=pages.PRIVATE)


def _form(request: Request, walk: Walk, edition: Edition, given: dict[str, Any], status: int = 200) -> Response:
    known = {"typed": {"text": "", "contact": ""}, "errors": {}, "sent": False} | given
    return pages.render(
        request, "report/takedown.html", status, title=edition.frozen["public"]["walk"]["title"], slug=walk.slug,
        most=takedown.TEXT, most_contact=takedown.CONTACT, **known,
    )  # fmt: skip


def _shown(db: Database, slug: str) -> Shown:
    with db.read() as tx:
        return public.shown(tx, *public.behind(tx, slug))


def _etag(shown: Shown, *told: str) -> str:
    return '"' + hashlib.sha256("\n".join((shown.mark, *told)).encode()).hexdigest()[:32] + '"'
