"""Where somebody else is signed in: for an admin of everywhere they hold a role, who may sign them out there.

Hides HTTP alone. Promises that whoever is signed out so is told of in the access log, with who did it. Never says more of a
browser than its owner's own page does.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app import pages
from app.access import browser, people, sessions
from app.access.guards import Person
from app.access.roles import Account, Overseen, ShutOut
from app.db import Db
from app.privacy import trail

router = APIRouter(tags=["access"])


@router.get("/people/{user_id}/sessions")
def get_sessions(request: Request, theirs: ShutOut, person: Account, db: Db) -> Response:
    with db.read() as tx:
        places = sessions.of(tx, theirs.user, person.session, request.app.state.settings)
        held = people.roles_of(tx, theirs.user)
    return pages.render(request, "access/sessions.html", user=theirs.user, places=places, roles=held)


@router.post("/people/{user_id}/sessions/{session_name}/removal")
def post_removal(request: Request, theirs: ShutOut, person: Account, db: Db, session_name: str) -> Response:
    browser.own_form(request)
    with db.write() as tx:
        sessions.end_one(tx, theirs.user, session_name)
        _tell(tx, person, theirs, "one")
    return _back(theirs)


@router.post("/people/{user_id}/sessions/removal")
def post_removals(request: Request, theirs: ShutOut, person: Account, db: Db) -> Response:
    """Signs them out everywhere."""
    browser.own_form(request)
    with db.write() as tx:
        sessions.end_all(tx, theirs.user)
        _tell(tx, person, theirs, "all")
    return _back(theirs)


def _tell(tx: Session, person: Person, theirs: Overseen, which: str) -> None:
    place, about = trail.sole_organisation(theirs.memberships), f"person:{theirs.user.id}"
    trail.record(
        tx, trail.by(person.user.id), "signed-somebody-out", organisation_id=place, about=about, sessions=which
    )


def _back(theirs: Overseen) -> Response:
    return RedirectResponse(f"/people/{theirs.user.id}/sessions", 303, headers=pages.PRIVATE)
