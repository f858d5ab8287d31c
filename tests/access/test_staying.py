"""How long a sign-in lasts that nobody uses, and what asks for a fresh one: nothing that was typed is lost by either."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, select

from app.access import people
from app.access.guards import secret_hash
from app.models import Access, Membership, User, UserSession
from tests.access.conftest import Browser
from tests.cast import Clock, Stage

SignedIn = Callable[..., Browser]
OURS, THEIRS = "Aalborg Kommune", "Randers Kommune"
NEW = "nina@kommune.example"


def signed_out(browser: Browser) -> bool:
    return bool(browser.get("/account/presence", headers={"Accept": "application/json"}).status_code == 401)


def test_a_sign_in_that_nobody_uses_ends_after_an_hour_and_one_in_use_goes_on(
    stage: Stage, signed_in: SignedIn, clock: Clock
) -> None:
    idle, busy = signed_in("coordinator", OURS), signed_in("coordinator", OURS, email="bo@kommune.example")
    for _round in range(2):
        clock.advance(minutes=31)
        assert busy.get("/").status_code == 200
    assert signed_out(idle)
    assert idle.get("/").headers["location"] == "/sign-in?next=%2F"
    assert idle.post("/account/presence").status_code == 401, "it does not come back to life"
    with stage.db.read() as tx:
        assert tx.exec(select(UserSession)).all(), "nobody else is signed out"


def test_a_page_that_says_somebody_is_there_keeps_the_sign_in_and_asking_does_not(
    signed_in: SignedIn, clock: Clock
) -> None:
    seen, asking = signed_in("coordinator", OURS), signed_in("coordinator", OURS, email="bo@kommune.example")
    for _minutes in range(0, 120, 20):
        clock.advance(minutes=20)
        assert seen.post("/account/presence").status_code == 204
        asking.get("/account/presence")
    assert not signed_out(seen)
    assert signed_out(asking)


@pytest.mark.parametrize("what", ["live.json", "live.geojson", "review/state"])
def test_what_a_page_asks_for_by_itself_is_nobodys_use(
    stage: Stage, signed_in: SignedIn, clock: Clock, what: str
) -> None:
    browser = signed_in("coordinator", OURS)
    clock.advance(minutes=50)
    assert browser.get(f"/walks/{stage.walk.id}/{what}").status_code == 200
    clock.advance(minutes=11)
    assert browser.get(f"/walks/{stage.walk.id}/{what}", headers={"Accept": "application/json"}).status_code == 401


def test_another_sites_page_keeps_nobodys_sign_in(signed_in: SignedIn, clock: Clock) -> None:
    browser = signed_in("coordinator", OURS)
    assert browser.post("/account/presence", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_the_page_of_ones_sign_ins_says_when_each_ends_and_lists_none_that_has(
    signed_in: SignedIn, clock: Clock
) -> None:
    old, new = (signed_in("coordinator", OURS) for _each in range(2))
    clock.advance(minutes=40)
    assert len(re.findall("/account/sessions/[0-9a-f]+/removal", new.get("/account").text)) == 2
    clock.advance(minutes=40)
    assert len(re.findall("/account/sessions/[0-9a-f]+/removal", new.get("/account").text)) == 1
    assert signed_out(old)


class TestShort:
    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {"session_idle_minutes": 5}

    def test_the_operator_says_how_long(self, signed_in: SignedIn, clock: Clock) -> None:
        browser = signed_in("admin")
        for _round in range(3):
            clock.advance(minutes=2)
            assert not browser.get("/").is_redirect
        clock.advance(minutes=5.1)
        assert signed_out(browser)
        assert 'data-minutes="5"' in signed_in("admin").get("/").text


# Once more


def fresh_page(reply: Any, then: str) -> dict[str, str]:
    """The form of signing in once more, to which `reply` leads, and which leads to `then`."""
    assert reply.status_code == 303, reply.text
    where = urlsplit(reply.headers["location"])
    assert (where.path, parse_qs(where.query)) == ("/sign-in", {"fresh": ["yes"], "next": [then]})
    return {"fresh": "yes", "next": then}


def test_a_passkey_is_added_only_by_who_has_just_signed_in(signed_in: SignedIn, clock: Clock) -> None:
    browser = signed_in("coordinator", OURS)
    assert 'data-adding="yes"' in browser.get("/account").text
    clock.advance(minutes=11)
    page = browser.get("/account").text
    assert 'data-adding="yes"' not in page
    assert "/sign-in?fresh=yes&amp;next=%2Faccount%23passkeys" in page
    reply = browser.post("/account/passkeys/challenge", headers={"Accept": "application/json"})
    assert (reply.status_code, reply.json()["type"]) == (401, "/problems/sign-in-again")
    assert reply.json()["back"] == "/account#passkeys"
    assert "tryg_adding" not in browser.cookies
    again = browser.get("/sign-in?fresh=yes&next=/account%23passkeys").text
    assert "Log ind en gang til" in again
    assert 'value="coordinator@kommune.example"' in again
    assert browser.get("/sign-in?next=/account").is_redirect, "who only wants to sign in is in already"


def test_who_signs_in_once_more_comes_back_and_is_asked_no_second_time(
    signed_in: SignedIn, add: Callable[..., str], clock: Clock
) -> None:
    browser = signed_in("coordinator", OURS)
    clock.advance(minutes=11)
    then = browser.open_link(add("coordinator@kommune.example", "coordinator", OURS), then="/account#passkeys")
    assert then == "/account#passkeys"
    assert browser.post("/account/passkeys/challenge").status_code != 401
    assert browser.get("/sign-in?fresh=yes&next=/people").headers["location"] == "/people"
    for wish in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "/\t/evil.example",
        "/x\r\nY: z",
    ):
        assert browser.get("/sign-in", params={"fresh": "yes", "next": wish}).headers["location"] == "/"
    clock.advance(minutes=11)
    page = browser.get("/sign-in", params={"fresh": "yes", "next": "//evil.example"}).text
    assert "evil.example" not in page


def test_an_invitation_waits_for_a_fresh_sign_in_and_what_was_typed_comes_back(
    stage: Stage, signed_in: SignedIn, add: Callable[..., str], clock: Clock
) -> None:
    browser = signed_in("admin", OURS)
    clock.advance(minutes=11)
    typed = {
        "email": NEW,
        "role": ["organiser", "coordinator"],
        "organisation": stage.walk.organisation_id,
        "cleared": "yes",
    }
    fresh_page(browser.post("/people/invitations", data=typed), "/people")
    with stage.db.read() as tx:
        assert people.by_email(tx, NEW) is None, "nobody was given anything"
    browser.open_link(add("admin@kommune.example", "admin", OURS), then="/people")
    page = browser.get("/people").text
    assert f'value="{NEW}"' in page
    for box in ('value="organiser" checked', 'value="coordinator" checked', 'value="yes" checked'):
        assert box in page
    assert NEW not in browser.get("/people").text, "once"
    assert browser.post("/people/invitations", data=typed).headers["location"] == "/people"
    with stage.db.read() as tx:
        assert people.by_email(tx, NEW)


def test_what_one_person_typed_is_not_shown_to_who_signs_in_instead(
    stage: Stage, signed_in: SignedIn, add: Callable[..., str], clock: Clock
) -> None:
    browser = signed_in("admin", OURS)
    clock.advance(minutes=11)
    browser.post(
        "/people/invitations", data={"email": NEW, "role": "organiser", "organisation": stage.walk.organisation_id}
    )
    browser.open_link(add("bo@kommune.example", "admin", OURS))
    assert NEW not in browser.get("/people").text


def test_roles_are_taken_and_given_back_by_who_has_just_signed_in(
    stage: Stage, signed_in: SignedIn, clock: Clock
) -> None:
    signed_in("organiser", OURS, email=NEW)
    browser = signed_in("coordinator", OURS)
    with stage.db.read() as tx:
        held = tx.exec(select(Membership).where(Membership.role == "organiser")).one()
    clock.advance(minutes=11)
    fresh_page(browser.post(f"/people/roles/{held.id}/removal"), "/people")
    fresh_page(browser.post("/people/roles"), "/people")
    with stage.db.read() as tx:
        assert tx.get(Membership, held.id)


def test_shutting_out_asks_for_no_fresh_sign_in(signed_in: SignedIn, clock: Clock) -> None:
    browser = signed_in("coordinator", OURS)
    clock.advance(minutes=30)
    assert browser.post("/account/passkeys/none/removal").headers["location"] == "/account#passkeys"
    assert browser.post("/account/sessions/removal").headers["location"] == "/sign-in"


# Others' sign-ins


def of(stage: Stage, email: str) -> User:
    with stage.db.read() as tx:
        found = people.by_email(tx, email)
        assert found
        return found


def test_an_admin_signs_somebody_of_the_organisation_out_and_the_log_tells_of_it(
    stage: Stage, signed_in: SignedIn
) -> None:
    admin = signed_in("admin", OURS)
    lost, kept = (signed_in("organiser", OURS, email=NEW) for _each in range(2))
    nina = of(stage, NEW)
    there = f"/people/{nina.id}/sessions"
    assert there in admin.get("/people").text
    page = admin.get(there).text
    assert NEW in page
    name = secret_hash(lost.cookies["tryg_session"])[:16]
    assert f"{there}/{name}/removal" in page
    assert lost.cookies["tryg_session"] not in page
    assert admin.post(f"{there}/{name}/removal").headers["location"] == there
    assert (signed_out(lost), signed_out(kept), signed_out(admin)) == (True, False, False)
    assert admin.post(f"{there}/removal").headers["location"] == there
    assert signed_out(kept)
    assert "Ingen steder lige nu." in admin.get(there).text
    with stage.db.read() as tx:
        wanted = select(Access).where(Access.what == "signed-somebody-out")
        told = tx.exec(wanted.order_by(col(Access.number))).all()
    assert [(one.who, one.about, one.detail) for one in told] == [
        (f"person:{of(stage, 'admin@kommune.example').id}", f"person:{nina.id}", {"sessions": which}) for which in ("one", "all")
    ]  # fmt: skip
    assert {one.organisation_id for one in told} == {stage.walk.organisation_id}
    assert "Loggede en anden ud" in admin.get("/log").text


def test_nobody_signs_out_another_organisations_people(stage: Stage, signed_in: SignedIn) -> None:
    ours = signed_in("admin", OURS)
    cast = {
        "theirs@x.example": ("organiser", THEIRS, 404),
        "everywhere@x.example": ("admin", "", 404),
    }
    for email, (role, place, status) in cast.items():
        other = signed_in(role, place, email=email)
        there = f"/people/{of(stage, email).id}/sessions"
        name = secret_hash(other.cookies["tryg_session"])[:16]
        for reply in (ours.get(there), ours.post(f"{there}/removal"), ours.post(f"{there}/{name}/removal")):
            assert reply.status_code == status
        assert not signed_out(other)
    both = signed_in("organiser", OURS, email=NEW)
    with stage.db.write() as tx:
        there_too = people.organisation_named(tx, THEIRS)
        people.give(tx, tx.get_one(User, of(stage, NEW).id), "organiser", there_too.id)
    assert ours.post(f"/people/{of(stage, NEW).id}/sessions/removal").status_code == 403
    assert f"/people/{of(stage, NEW).id}/sessions" not in ours.get("/people").text
    assert not signed_out(both)
    everywhere = signed_in("admin", email="drift@x.example")
    assert everywhere.post(f"/people/{of(stage, NEW).id}/sessions/removal").status_code == 303
    assert signed_out(both)


def test_one_persons_session_is_not_ended_by_naming_it_under_another(stage: Stage, signed_in: SignedIn) -> None:
    everywhere, theirs = signed_in("admin", OURS), signed_in("organiser", THEIRS, email="theirs@x.example")
    signed_in("organiser", OURS, email=NEW)
    name = secret_hash(theirs.cookies["tryg_session"])[:16]
    assert everywhere.post(f"/people/{of(stage, NEW).id}/sessions/{name}/removal").status_code == 303
    assert not signed_out(theirs)
