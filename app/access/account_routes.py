"""One's own sign-in: what one may do here, the passkeys one has, and where one is signed in.

Hides HTTP alone. Promises that whoever ends the session they are in is led to the sign-in page, and that ending something
twice does it once.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import select

from app import pages
from app.access import browser, passkeys, people, sessions, signin
from app.access.fresh import may_enrol, once_more
from app.access.roles import Account
from app.db import Db
from app.models import Identity

router = APIRouter(tags=["access"])


@router.get("/account")
def get_account(request: Request, person: Account, db: Db) -> Response:
    settings = request.app.state.settings
    with db.read() as tx:
        given: dict[str, Any] = {
            "roles": people.roles_of(tx, person.user),
            "places": sessions.of(tx, person.user, person.session, settings),
            "passkeys": passkeys.of(tx, person.user),
            "identities": tx.exec(select(Identity).where(Identity.user_id == person.user.id)).all(),
            "fresh": may_enrol(tx, person, settings),
            "once_more": once_more("/account#passkeys"),
            "must_enrol": signin.must_enrol(tx, person.user, settings.strong_roles),
        }
    given |= {"origin": passkeys.origin(settings), "elsewhere": settings.oidc_name}
    device = sessions.device_of(request.headers.get("user-agent", ""))
    return pages.render(request, "access/account.html", device=device, **given)


@router.get("/account/presence", status_code=204)
def get_presence(person: Account) -> None:
    """Whether one is signed in still; to ask is no use of it. Raises sign-in-first (401)."""


@router.post("/account/presence", status_code=204)
def post_presence(request: Request, person: Account) -> None:
    """A page says that somebody is there: asking is what keeps the sign-in (app/access/awake.py)."""
    browser.own_form(request)


@router.post("/account/sessions/{session_name}/removal")
def post_session_removal(request: Request, person: Account, db: Db, session_name: str) -> Response:
    browser.own_form(request)
    with db.write() as tx:
        sessions.left(tx, person.user.id, sessions.end_one(tx, person.user, session_name))
    if person.session[: sessions.NAMED_BY] == session_name:
        return _out(request)
    return RedirectResponse("/account#sessions", 303, headers=pages.PRIVATE)


@router.post("/account/sessions/removal")
def post_sessions_removal(request: Request, person: Account, db: Db) -> Response:
    """Signs the person out everywhere, here too."""
    browser.own_form(request)
    with db.write() as tx:
        sessions.left(tx, person.user.id, sessions.end_all(tx, person.user))
    return _out(request)


@router.post("/account/passkeys/{passkey_id}/removal")
def post_passkey_removal(request: Request, person: Account, db: Db, passkey_id: str) -> Response:
    browser.own_form(request)
    with db.write() as tx:
        passkeys.remove(tx, person.user, passkey_id)
    return RedirectResponse("/account#passkeys", 303, headers=pages.PRIVATE)


def _out(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303, headers=pages.PRIVATE)
    browser.drop_session(request, answer)
    answer.headers["Clear-Site-Data"] = browser.CACHE
    return answer
