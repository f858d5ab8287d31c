"""The access log of these tests, on a bare database or behind a whole application."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from app.access import people, signin
from app.db import Database
from app.models import Access
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.report.evening import Evening


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An up-to-date database without rows."""
    opened = Database(database_url)
    yield opened
    opened.close()


def logged(db: Database, *whats: str) -> list[Access]:
    """The entries, or those that say one of these, the oldest first."""
    with db.read() as tx:
        wanted = select(Access).order_by(col(Access.number))
        return list(tx.exec(wanted.where(col(Access.what).in_(whats)) if whats else wanted).all())


def told(db: Database, *whats: str) -> list[tuple[str, str, str]]:
    """(who, what, about) of these entries."""
    return [(one.who, one.what, one.about) for one in logged(db, *whats)]


@pytest.fixture
def key_of(stage: Stage) -> Callable[..., tuple[str, dict[str, str]]]:
    """Somebody with this role: (how the log calls their script, its headers)."""

    def make(role: str, organisation: str = "Aalborg Kommune", **more: Any) -> tuple[str, dict[str, str]]:
        with stage.db.write() as tx:
            person = people.add(tx, f"{role}@kommune.example", role, organisation, **more)
            return f"key:{person.id}", {"Authorization": f"Bearer {people.new_key(tx, person)}"}

    return make


def signed_in(stage: Stage, role: str) -> tuple[Browser, str]:
    """(somebody's browser, how the log calls them)."""
    with stage.db.write() as tx:
        person = people.add(tx, f"{role}9@kommune.example", role, "Aalborg Kommune")
        link = signin.new_link(tx, person, "http://testserver")
    browser = Browser(stage)
    browser.open_link(link)
    return browser, f"person:{person.id}"


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)
