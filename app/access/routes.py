"""The pages by which people come in and go out, and the other language.

Hides nothing but HTTP and the limits on trying. Promises that opening a link never uses it up (mail scanners open links):
only the button on its page does; and that known and unknown addresses get the same answer.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.background import BackgroundTask

from app import pages
from app.access import browser, forms, guards, passkeys, people, sessions, signin
from app.access.fresh import is_fresh, once_more
from app.access.mail import NoMail, Post
from app.db import Db
from app.i18n import gettext as _
from app.models import User, now
from app.problems import Problem
from app.settings import Settings

router = APIRouter(tags=["access"])

Text = Annotated[forms.Text, Form(max_length=2000)]
STEP_S = 0.25  # an answer about an address comes at a multiple of this: looking up one that we know takes longer


async def _in_even_time() -> AsyncIterator[None]:
    """Hides how long the route took. Waits without holding a thread."""
    begun = time.perf_counter()
    yield
    await asyncio.sleep(STEP_S - (time.perf_counter() - begun) % STEP_S)


@router.get("/sign-in")
def get_sign_in(
    request: Request, db: Db, next: str = "/", invited: str = "", elsewhere: str = "", fresh: str = ""
) -> Response:
    """`invited`: with a code from a letter, which nobody has to ask for; `elsewhere`: what became of another way in;
    `fresh`: once more, for whoever is signed in but not just now."""
    person = guards.signed_in(request, db)
    if person:
        with db.read() as tx:
            if not fresh or is_fresh(tx, person):
                return _go(next)
    wrong = _elsewhere(_settings(request).oidc_name, elsewhere)
    stage: dict[str, Any] = {
        "asked": bool(invited),
        "invited": bool(invited),
        "fresh": bool(fresh and person),
        "elsewhere_wrong": wrong,
    }
    return _page(request, then=next, email=person.user.email if person else "", **stage)


@router.post("/sign-in", dependencies=[Depends(_in_even_time, scope="function")])
def post_sign_in(
    request: Request,
    db: Db,
    email: Text = "",
    code: Text = "",
    again: Text = "",
    invited: Text = "",
    next: Text = "/",
    fresh: Text = "",
) -> Response:
    """Asks for a code where none is given (or a new one is wanted), else signs in with it."""
    browser.own_form(request)
    try:
        people.address(email)
    except Problem as wrong:
        return _page(request, 422, then=next, email=email, fresh=bool(fresh), wrong_email=wrong.detail)
    if again or not (code.strip() or invited):
        return _send_code(request, db, email, next, fresh=bool(fresh))
    with db.write() as tx:
        _not_guessing(request, tx, "sign-in")
        asker = browser.note(request, "asking").get("asker", "")
        settings = _settings(request)
        user = signin.use_code(tx, email, code, settings.signing_key(), asker, settings.strong_roles)
        if user:
            return _come_in(request, tx, user, next, "code")
        guards.count_try(tx, "sign-in", guards.address_of(request))
    wrong_code = _("This code does not fit, is too old, or was asked for in another browser. Look at the newest e-mail, or ask for a new code.")  # fmt: skip
    return _page(
        request,
        422,
        then=next,
        email=email,
        asked=True,
        invited=bool(invited),
        fresh=bool(fresh),
        wrong_code=wrong_code,
    )


@router.get("/sign-in/link")
def get_link(request: Request, db: Db, key: str = "", next: str = "/") -> Response:
    with db.read() as tx:
        user = signin.whose_link(tx, key)
    return _link_page(request, user, key, next)


@router.post("/sign-in/link")
def post_link(request: Request, db: Db, key: Text = "", next: Text = "/") -> Response:
    browser.own_form(request)
    with db.write() as tx:
        user = signin.use_link(tx, key)
        if user:
            return _come_in(request, tx, user, next, "link")
    if guards.signed_in(request, db):  # the button was pressed twice
        return _go(next)
    return _link_page(request, None, key, next)


@router.post("/sign-out")
def post_sign_out(request: Request, db: Db) -> Response:
    browser.own_form(request)
    secret = browser.session_secret(request)
    if secret:
        with db.write() as tx:
            sessions.sign_out(tx, secret)
    answer = _go("/sign-in")
    browser.drop_session(request, answer)
    answer.headers["Clear-Site-Data"] = browser.CACHE
    return answer


@router.post("/language")
def post_language(request: Request, language: Text = "", next: Text = "/") -> Response:
    browser.own_form(request)
    answer = _go(next)
    browser.keep_language(request, answer, language)
    return answer


def _elsewhere(name: str, what: str) -> str:
    """The sentence for what became of the sign-in at `name`."""
    sentences = {
        "down": _("%(name)s's sign-in does not answer just now. Try again in a few minutes, or use a code by e-mail."),
        "cancelled": _("You did not sign in at %(name)s. Try again, or use a code by e-mail."),
        "odd": _("The sign-in at %(name)s took too long, or was begun in another window. Try once more."),
        "stranger": _("%(name)s knows you, but nobody has invited you here. Ask the coordinator to invite the e-mail address that you use at work."),
    }  # fmt: skip
    return sentences[what] % {"name": name} if name and what in sentences else ""


def _send_code(request: Request, db: Db, email: str, then: str, *, fresh: bool) -> Response:
    """The same answer in the same time, whether or not we know the address."""
    with db.read() as tx:
        _not_guessing(request, tx, "code")
    try:
        post = Post(_settings(request))
    except NoMail:
        return _page(request, 503, then=then, email=email, fresh=fresh, no_mail=True)
    asker = browser.note(request, "asking").get("asker") or secrets.token_urlsafe(16)
    address = guards.address_of(request)
    with db.write() as tx:
        guards.count_try(tx, "code", address)
        settings = _settings(request)
        code = signin.new_code(tx, email, settings.signing_key(), asker, address, settings.strong_roles)
    answer = _page(request, then=then, email=email, asked=True, fresh=fresh, until=now() + signin.CODE_LASTS)
    browser.keep_note(request, answer, "asking", asker=asker)
    answer.background = BackgroundTask(post.send, people.address(email), code)
    return answer


def _come_in(request: Request, tx: Session, user: User, then: str, way: str) -> Response:
    before = browser.session_secret(request)
    device = request.headers.get("user-agent", "")
    secret = sessions.begin(tx, user, _settings(request).session_hours, device, before, way=way)
    enrols = signin.must_enrol(tx, user, _settings(request).strong_roles)
    answer = _go("/account#passkeys" if enrols else then)
    browser.keep_session(request, answer, secret)
    return answer


def _not_guessing(request: Request, tx: Session, purpose: str) -> None:
    """Raises too-many-attempts (429) after too many tries from one address, unless limits are off."""
    if _settings(request).rate_limits == "on":
        guards.not_guessing(tx, purpose, guards.address_of(request))


def _page(request: Request, status: int = 200, *, then: str, email: str = "", **more: object) -> Response:
    stages: dict[str, object] = {
        "asked": False,
        "invited": False,
        "fresh": False,
        "until": None,
        "no_mail": False,
        "void_link": False,
        "wrong_email": "",
        "wrong_code": "",
    }
    settings = _settings(request)
    stages |= {"origin": passkeys.origin(settings), "elsewhere": settings.oidc_name, "elsewhere_wrong": ""}
    next_path, hours = browser.own_path(then), settings.session_hours
    # where the other language is shown: a form has no address
    here = once_more(next_path) if more.get("fresh") else "/sign-in?" + urlencode({"next": next_path})
    given = {"next": next_path, "email": email, "hours": hours, "path": here} | stages | more
    given |= {"idle": settings.session_idle_minutes, "strong": settings.strong_roles}
    return pages.render(request, "access/signin.html", status, **given)


def _link_page(request: Request, user: User | None, key: str, then: str) -> Response:
    if user is None:
        return _page(request, 410, then=then, void_link=True)
    return pages.render(request, "access/link.html", user=user, key=key, next=browser.own_path(then))


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(browser.own_path(path), 303, headers=pages.PRIVATE)


def _settings(request: Request) -> Settings:
    return request.app.state.settings  # type: ignore[no-any-return]
