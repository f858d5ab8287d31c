"""What the tests of inviting do again and again."""

import time
from collections.abc import Callable
from typing import Any

from sqlmodel import select

from app.access import people
from app.models import Invitation
from tests.access.conftest import Browser
from tests.cast import Stage

OURS, THEIRS = "Aalborg Kommune", "Randers Kommune"
NEW = "nina@samraad.example"


def invite(browser: Browser, email: str = NEW, *roles: str, where: str = "", **more: str) -> Any:
    place = where or place_of(browser.stage, OURS)
    given = {"email": email, "role": list(roles or ("organiser",)), "organisation": place, **more}
    return browser.post("/people/invitations", data=given)


def place_of(stage: Stage, name: str) -> str:
    with stage.db.write() as tx:
        return people.organisation_named(tx, name).id


def roles_of(stage: Stage, email: str = NEW) -> list[tuple[str, str, bool]]:
    with stage.db.read() as tx:
        user = people.by_email(tx, email)
        return [(role.role, place, role.cleared) for role, place in people.roles_of(tx, user)] if user else []


def role_id(stage: Stage, email: str, role: str) -> str:
    with stage.db.read() as tx:
        user = people.by_email(tx, email)
        assert user
        return next(held.id for held, _place in people.roles_of(tx, user) if held.role == role)


def letter(stage: Stage) -> Invitation:
    with stage.db.read() as tx:
        return tx.exec(select(Invitation)).one()


def until(stage: Stage, true: Callable[[], bool]) -> None:
    """Waits until the postman has brought it about."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
