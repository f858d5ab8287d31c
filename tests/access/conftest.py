"""Browsers and keys of the people who sign in."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.access import people, routes, signin
from app.models import Edition, Invitation, Mark, Measure, Membership, Partner, Takedown, new_id, now
from app.report import edition as editions
from app.report.freezing import digest
from tests.access.mailbox import Mailbox, mail_server
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.running import free_port

PAGE = {"Accept": "text/html,application/xhtml+xml"}
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}


def walked(stage: Stage) -> dict[str, str]:
    """The names of a walk, a note, a photo and a mark that exist, and of what invited() adds."""
    phone, picture = stage.phone(), Picture(jpeg())
    note = phone.note(picture)
    phone.sync()
    mark = Mark(id=new_id(), walk_id=stage.walk.id, secret_hash="", valence="safe", lat=57.04, lon=9.98)
    with stage.db.write() as tx:
        tx.add(mark)
    return {
        "walk_id": stage.walk.id,
        "organisation_id": stage.walk.organisation_id or "",
        "observation_id": note,
        "photo_id": picture.id,
        "recording_id": picture.id,
        "participant_id": phone.id,
        "track_id": new_id(),
        "mark_id": mark.id,
    } | invited(stage)


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
        partner = Partner(organisation_id=organisation, owner="vej", name="Vej og Park")
        tx.add(partner)
        tx.flush()
        measure = Measure(
            walk_id=stage.walk.id,
            number=1,
            place="Tunnelen",
            problem="Mørk",
            partner_id=partner.id,
            created_by=people_[0].id,
        )
        tx.add(measure)
        tx.flush()
        frozen = editions.frozen(tx, stage.walk)
        edition = Edition(
            walk_id=stage.walk.id, number=1, frozen=frozen, sha256=digest(frozen["public"]), written_by=people_[0].id
        )
        asked = Takedown(walk_id=stage.walk.id, edition=1, text="Et navn")
        tx.add_all([edition, asked])
    none = {"session_name": "none", "passkey_id": "none", "user_id": people_[0].id, "link_id": "none"}
    none |= {"number": "1", "measure_id": measure.id, "partner_id": partner.id}
    none |= {
        "edition": "1",
        "takedown_id": asked.id,
        "name": "1.1-1",
        "shape": "wide",
        "slug": "ingen",
        "role": "walker",
    }
    return {"membership_id": role.id, "invitation_id": letter.id} | none


class Browser(TestClient):
    """A browser with its own cookies; it does not follow redirects, so that tests see them."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.app, headers=PAGE | OURS, follow_redirects=False, raise_server_exceptions=False)
        self.portal = stage.http.portal  # the server that runs, as in Stage.browser
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
    """Adds a person; the one-time link: `add("ida@kommune.example", "coordinator", "Aalborg Kommune")`. A partner answers
    for the first one there is in the organisation."""

    def do(email: str, role: str, organisation: str = "", *, cleared: bool = False) -> str:
        with stage.db.write() as tx:
            user = people.add(tx, email, role, organisation, cleared=cleared)
            tx.flush()
            if role == "partner":
                held = tx.exec(select(Membership).where(Membership.user_id == user.id)).one()
                there = tx.exec(select(Partner).where(Partner.organisation_id == held.organisation_id)).first()
                held.partner_id = there.id if there else None
            return signin.new_link(tx, user, "http://testserver")

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


@pytest.fixture
def mail_port() -> int:
    return free_port()


@pytest.fixture
def mailbox(mail_port: int) -> Iterator[Mailbox]:
    """A mail server that runs; without asking for it, nobody listens there."""
    with mail_server(mail_port) as box:
        yield box
