"""Who has just signed in: what changes who gets in asks for that once more, however long a sign-in lasts.

Hides that a session is made anew at each sign-in, so that its age says when somebody has shown who they are. Promises that
whoever has not is led to the sign-in page and from there back. Never asked for what only shuts somebody out: ending sessions and
removing passkeys must go quickly.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlmodel import Session

from app.access.awake import FRESH
from app.access.guards import Person
from app.access.roles import Account, Inviter
from app.access.signin import must_enrol
from app.db import Db
from app.i18n import gettext as _
from app.models import UserSession, now
from app.problems import Problem
from app.settings import Settings


def is_fresh(tx: Session, person: Person) -> bool:
    """Whether `person` signed in within FRESH, in this browser."""
    session = tx.get(UserSession, person.session) if person.session else None
    return session is not None and session.created_at > now() - FRESH


def once_more(back: str) -> str:
    """The address at which one signs in once more, and is led to the path `back`."""
    return "/sign-in?" + urlencode({"fresh": "yes", "next": back})


def may_enrol(tx: Session, person: Person, settings: Settings) -> bool:
    """Whether `person` may add a passkey now: having just signed in; or without, where there is no way to sign in once more."""
    return is_fresh(tx, person) or must_enrol(tx, person.user, settings.strong_roles)


def account(request: Request, person: Account, db: Db) -> Person:
    """Somebody at their own sign-in who may add a passkey. Raises what roles.account() raises, sign-in-again (401)."""
    with db.read() as tx:
        if not may_enrol(tx, person, request.app.state.settings):
            raise _again("/account#passkeys")
    return person


FreshAccount = Annotated[Person, Depends(account)]


def inviter(person: Inviter, db: Db) -> Person:
    """Somebody who may invite people, and has just signed in. Raises what roles.inviter() raises, sign-in-again (401)."""
    with db.read() as tx:
        if not is_fresh(tx, person):
            raise _again("/people")
    return person


FreshInviter = Annotated[Person, Depends(inviter)]


def _again(back: str) -> Problem:
    return Problem("sign-in-again", _("Sign in once more, then do it again."), back=back)
