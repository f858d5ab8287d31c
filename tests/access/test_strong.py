"""Roles that come in by passkey or their work's sign-in alone: no code lets them in, and nobody is locked out by that."""

from collections.abc import Callable
from typing import Any

import pytest

from app.access import people
from app.models import Membership, Passkey
from app.settings import WrongSetting, load
from tests.access.conftest import Browser
from tests.access.mailbox import Mailbox
from tests.cast import Clock, Stage
from tests.running import Server

EMAIL = "ida@kommune.example"
Add = Callable[..., str]


@pytest.fixture
def stage_settings(mail_port: int) -> dict[str, Any]:
    mail = {"smtp_url": f"smtp://127.0.0.1:{mail_port}"}
    return mail | {"strong_sign_in": "admin, coordinator", "base_url": "http://localhost"}


def ask(browser: Browser, email: str = EMAIL) -> str:
    reply = browser.post("/sign-in", data={"email": email})
    assert reply.status_code == 200, reply.text
    assert "er koden på vej" in reply.text, "a stranger learns nothing of anybody's role"
    return reply.text


@pytest.mark.parametrize("role", ["admin", "coordinator"])
def test_a_code_is_not_sent_and_the_letter_says_what_to_do(
    add: Add, visitor: Browser, mailbox: Mailbox, role: str
) -> None:
    add(EMAIL, role)
    ask(visitor)
    letter = mailbox.wait()
    assert letter
    assert letter["Subject"] == "Du logger ind uden kode"
    assert not any(sign.isdigit() for sign in letter.get_content())
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": "000000"}).status_code == 422


def test_other_roles_come_in_with_a_code(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "organiser")
    ask(visitor)
    mailbox.wait()
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).headers["location"] == "/"


def test_a_code_that_was_sent_before_the_role_was_given_lets_nobody_in(
    stage: Stage, add: Add, visitor: Browser, mailbox: Mailbox
) -> None:
    add(EMAIL, "organiser")
    ask(visitor)
    mailbox.wait()
    with stage.db.write() as tx:
        user = people.by_email(tx, EMAIL)
        assert user
        tx.add(Membership(user_id=user.id, role="admin"))
    reply = visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()})
    assert reply.status_code == 422
    assert visitor.get("/").status_code == 303


def test_who_has_no_other_way_in_yet_adds_a_passkey_without_signing_in_once_more(
    stage: Stage, add: Add, visitor: Browser, clock: Clock
) -> None:
    visitor.open_link(add(EMAIL, "admin"))
    clock.advance(minutes=30)
    assert 'data-adding="yes"' in visitor.get("/account").text
    assert visitor.post("/account/passkeys/challenge", headers={"Accept": "application/json"}).status_code == 200
    with stage.db.write() as tx:
        user = people.by_email(tx, EMAIL)
        assert user
        tx.add(Passkey(id="idas", user_id=user.id, public_key="x"))
    assert visitor.post("/account/passkeys/challenge", headers={"Accept": "application/json"}).status_code == 401


def test_a_first_link_leads_to_ones_own_passkeys_and_a_later_one_to_where_it_should(
    stage: Stage, add: Add, visitor: Browser
) -> None:
    assert visitor.open_link(add(EMAIL, "admin"), then="/people") == "/account#passkeys"
    page = visitor.get("/account").text
    assert "Lav din egen vej ind nu." in page
    assert 'data-adding="yes"' in page
    with stage.db.write() as tx:
        user = people.by_email(tx, EMAIL)
        assert user
        tx.add(Passkey(id="idas", user_id=user.id, public_key="x"))
    assert "Lav din egen vej ind nu." not in visitor.get("/account").text
    assert Browser(stage).open_link(add(EMAIL, "admin"), then="/people") == "/people"


def test_the_last_admin_who_has_lost_everything_comes_in_by_a_link_from_the_server(tmp_path: Any) -> None:
    server = Server(tmp_path / "var", TRYG_STRONG_SIGN_IN="admin,coordinator")
    server.environment["TRYG_BASE_URL"] = server.url = server.url.replace("127.0.0.1", "localhost")
    added = server.tryg("user", "add", EMAIL, "--role", "admin")
    assert added["sign_in_url"].startswith(f"{server.url}/sign-in/link?key=")


def test_the_invitations_code_lets_them_in_once(stage: Stage, visitor: Browser, add: Add, mailbox: Mailbox) -> None:
    admin = Browser(stage)
    admin.open_link(add("ada@kommune.example", "admin"))
    given = {"email": EMAIL, "role": "coordinator", "organisation": stage.walk.organisation_id}
    assert admin.post("/people/invitations", data=given).status_code == 303
    mailbox.wait()
    _link, code = mailbox.invitation()
    reply = visitor.post("/sign-in", data={"email": EMAIL, "code": code, "invited": "yes"})
    assert reply.headers["location"] == "/account#passkeys"
    again = Browser(stage).post("/sign-in", data={"email": EMAIL, "code": code, "invited": "yes"})
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"strong_sign_in": "king"}, "must be roles"),
        ({"strong_sign_in": "admin"}, "TRYG_OIDC_ISSUER"),
        ({"strong_sign_in": "admin", "base_url": "http://vandring.example.dk"}, "TRYG_OIDC_ISSUER"),
        ({"strong_sign_in": "admin", "base_url": "https://10.0.0.1"}, "TRYG_OIDC_ISSUER"),
    ],
)
def test_what_would_let_nobody_in_stops_the_start(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(WrongSetting, match=sentence) as wrong:
        load(**given)
    assert str(wrong.value).startswith("TRYG_STRONG_SIGN_IN ")


def test_where_passkeys_or_a_municipalitys_sign_in_work_it_may_be_asked_for() -> None:
    assert load(strong_sign_in="admin", base_url="https://vandring.example.dk").strong_roles == {"admin"}
    oidc = {f"oidc_{part}": "x" for part in ("client_id", "client_secret", "name")}
    there = load(strong_sign_in="admin,coordinator", oidc_issuer="https://login.kommune.example", **oidc)
    assert there.strong_roles == {"admin", "coordinator"}
