"""What the browser asks while somebody adds a passkey, or signs in with one.

Hides where the challenge waits: in a note that the browser carries. Promises that an answer of any size and shape gets a
sentence, and that a passkey is added only to the person who began.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from app import pages
from app.access import browser, limits, passkeys, sessions
from app.access.fresh import FreshAccount
from app.access.roles import Account
from app.db import Db
from app.i18n import gettext as _
from app.problems import Problem, invalid
from app.sync.protocol import clean

router = APIRouter(tags=["access"])

ANSWER_BYTES = 64 * 1024  # an answer with the longest certificates has a few thousand


async def _answer(request: Request) -> dict[str, Any]:
    """The JSON object that our own page sends. Raises not-allowed (403), body-too-large (413), invalid (422)."""
    browser.own_form(request)
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > ANSWER_BYTES:
            raise Problem("body-too-large", headers={"Connection": "close"})
    try:
        given = clean(json.loads(raw))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise invalid(("body", _("This cannot be read as JSON.")))
    return given


Answer = Annotated[dict[str, Any], Depends(_answer)]


@router.post("/account/passkeys/challenge")
def post_adding(request: Request, person: FreshAccount, db: Db) -> Response:
    """What to make a passkey from, for whoever has just signed in: without it none can be added."""
    browser.own_form(request)
    challenge = passkeys.new_challenge()
    with db.read() as tx:
        held = passkeys.of(tx, person.user)
    options = passkeys.for_adding(request.app.state.settings, person.user, held, challenge)
    answer = JSONResponse(options, headers=pages.PRIVATE)
    browser.keep_note(request, answer, "adding", challenge=challenge, user=person.user.id)
    return answer


@router.post("/account/passkeys")
def post_passkey(request: Request, person: Account, db: Db, answer: Answer) -> Response:
    """Keeps the passkey that was made: `answer` of the browser, and its `name`."""
    note = browser.note(request, "adding")
    mine = note.get("user") == person.user.id
    challenge = note.get("challenge", "") if mine else ""
    name = str(answer.get("name") or "").strip()
    with db.write() as tx:
        passkeys.add(tx, request.app.state.settings, person.user, _object(answer), challenge, name)
    done = JSONResponse({"next": "/account#passkeys"}, 201, headers=pages.PRIVATE)
    browser.drop_note(request, done, "adding")
    return done


@router.post("/sign-in/passkey/challenge")
def post_challenge(request: Request) -> Response:
    """What to sign in with."""
    browser.own_form(request)
    limits.count(request, limits.WAYS_IN)
    challenge = passkeys.new_challenge()
    answer = JSONResponse(passkeys.for_signing_in(request.app.state.settings, challenge), headers=pages.PRIVATE)
    browser.keep_note(request, answer, "passkey", challenge=challenge)
    return answer


@router.post("/sign-in/passkey")
def post_sign_in(request: Request, db: Db, answer: Answer) -> Response:
    """Signs in whoever the browser's `answer` is from; leads to `next`."""
    settings = request.app.state.settings
    challenge = browser.note(request, "passkey").get("challenge", "")
    before, device = browser.session_secret(request), request.headers.get("user-agent", "")
    with db.write() as tx:
        user = passkeys.use(tx, settings, _object(answer), challenge)
        secret = sessions.begin(tx, user, settings.session_hours, device, before, way="passkey")
    done = JSONResponse({"next": browser.own_path(str(answer.get("next") or ""))}, headers=pages.PRIVATE)
    browser.keep_session(request, done, secret)
    browser.drop_note(request, done, "passkey")
    return done


def _object(answer: dict[str, Any]) -> dict[str, Any]:
    given = answer.get("answer")
    return given if isinstance(given, dict) else {}
