"""The way to a municipality's own sign-in, and the way back.

Hides what the browser carries there and back. Promises that whatever fails is told on the sign-in page, where the other
ways in still stand.
"""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app import pages
from app.access import browser, elsewhere, limits, sessions
from app.db import Db
from app.problems import Problem
from app.settings import Settings

router = APIRouter(tags=["access"])

NOTE = "elsewhere"


@router.get("/sign-in/elsewhere")
def get_elsewhere(request: Request, next: str = "/", fresh: str = "") -> Response:
    """Leads to the municipality's sign-in; `fresh`: which shall ask who it is, even of somebody it knows. Raises not-found
    (404) where there is none."""
    settings = _settings(request)
    limits.count(request, limits.WAYS_IN)  # each may ask the provider, and wait for it
    try:
        going = elsewhere.depart(settings, fresh=bool(fresh))
    except elsewhere.NotReached:
        return _told(request, "down", next)
    answer = RedirectResponse(going.address, 303, headers=pages.PRIVATE)
    kept = {"state": going.state, "nonce": going.nonce, "verifier": going.verifier, "fresh": "yes" if fresh else ""}
    browser.keep_note(request, answer, NOTE, next=browser.own_path(next), **kept)
    return answer


@router.get("/sign-in/elsewhere/return")
def get_return(request: Request, db: Db) -> Response:
    """Where the municipality's sign-in sends people back to."""
    settings, asked = _settings(request), browser.note(request, NOTE)
    then = asked.pop("next", "/")
    try:
        arrival = elsewhere.arrive(settings, asked, dict(request.query_params))
    except elsewhere.NotReached:
        return _told(request, "down", then)
    except elsewhere.NotBelieved:
        return _told(request, "cancelled" if request.query_params.get("error") else "odd", then)
    before, device = browser.session_secret(request), request.headers.get("user-agent", "")
    with db.write() as tx:
        user = elsewhere.person(tx, arrival)
        secret = sessions.begin(tx, user, settings.session_hours, device, before, way="elsewhere") if user else ""
    if user is None:
        return _told(request, "stranger", then)
    answer = RedirectResponse(browser.own_path(then), 303, headers=pages.PRIVATE)
    browser.keep_session(request, answer, secret)
    browser.drop_note(request, answer, NOTE)
    return answer


def _told(request: Request, what: str, then: str) -> Response:
    """To the sign-in page, which has a sentence for it; what was asked is not answered twice."""
    address = "/sign-in?" + urlencode({"elsewhere": what, "next": browser.own_path(then)})
    answer = RedirectResponse(address, 303, headers=pages.PRIVATE)
    browser.drop_note(request, answer, NOTE)
    return answer


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    if not settings.oidc_issuer:
        raise Problem("not-found")
    return settings
