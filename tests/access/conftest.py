"""Browsers and keys of the people who sign in."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.access import people, routes, signin
from app.models import Invitation, Membership, now
from tests.cast import Stage

PAGE = {"Accept": "text/html,application/xhtml+xml"}
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}


def invited(stage: Stage) -> dict[str, str]:
    """The names of what stands on the page of those who invite: somebody's role, somebody else's invitation, both in
    the walk's organisation. Their letters wait, so that no test needs a mail server."""
    with stage.db.write() as tx:
        organisation = stage.walk.organisation_id
        people_ = [people.add(tx, f"{name}@samraad.example", "organiser", "Aalborg Kommune") for name in ("per", "pia")]
        role = tx.exec(select(Membership).where(Membership.user_id == people_[0].id)).one()
        letter = Invitation(
            user_id=people_[1].id, invited_by=people_[0].id, organisation_id=organisation, retry_at=now() + timedelta(days=1)
        )  # fmt: skip
        tx.add(letter)
    none = {"session_name": "none", "passkey_id": "none", "user_id": people_[0].id}
    return {"membership_id": role.id, "invitation_id": letter.id} | none


class Browser(TestClient):
    """A browser with its own cookies; it does not follow redirects, so that tests see them."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.app, headers=PAGE | OURS, follow_redirects=False, raise_server_exceptions=False)
        self.stage = stage

    def open_link(self, url: str, then: str = "") -> str:
        """Press the button on a one-time link's page; where it leads."""
        key = parse_qs(urlsplit(url).query)["key"][0]
        reply = self.post("/sign-in/link", data={"key": key} | ({"next": then} if then else {}))
        assert reply.status_code == 303, reply.text
        return str(reply.headers["location"])


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in answers at once; the tests that look at time set it back."""
    monkeypatch.setattr(routes, "STEP_S", 0.001)


@pytest.fixture
def add(stage: Stage) -> Callable[..., str]:
    """Adds a person; the one-time link: `add("ida@kommune.example", "coordinator", "Aalborg Kommune")`."""

    def do(email: str, role: str, organisation: str = "", *, cleared: bool = False) -> str:
        with stage.db.write() as tx:
            return signin.new_link(tx, people.add(tx, email, role, organisation, cleared=cleared), "http://testserver")

    return do


@pytest.fixture
def visitor(stage: Stage) -> Browser:
    """The browser of somebody who is not signed in."""
    return Browser(stage)


@pytest.fixture
def signed_in(stage: Stage, add: Callable[..., str]) -> Callable[..., Browser]:
    """The browser of a person who is signed in: `signed_in("coordinator")`."""

    def do(role: str, organisation: str = "", *, cleared: bool = False, email: str = "") -> Browser:
        browser = Browser(stage)
        browser.open_link(add(email or f"{role}@kommune.example", role, organisation, cleared=cleared))
        return browser

    return do


@pytest.fixture
def key_of(stage: Stage, add: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """The header of a person's script: `key_of("coordinator")`."""

    def do(role: str, organisation: str = "", *, cleared: bool = False) -> dict[str, str]:
        email = f"script-{role}@kommune.example"
        add(email, role, organisation, cleared=cleared)
        with stage.db.write() as tx:
            person = people.by_email(tx, email)
            assert person is not None
            return {"Authorization": f"Bearer {people.new_key(tx, person)}"}

    return do
