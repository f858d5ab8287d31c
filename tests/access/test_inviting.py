"""Inviting people: who gives whom which role, who takes it away, and who sees it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.access import people
from app.models import Membership
from tests.access.conftest import Browser
from tests.access.inviting import NEW, OURS, THEIRS, invite, letter, place_of, role_id, roles_of
from tests.cast import Stage

SignedIn = Callable[..., Browser]


@pytest.fixture
def stage_settings(mail_port: int) -> dict[str, Any]:
    return {"smtp_url": f"smtp://127.0.0.1:{mail_port}"}


@pytest.mark.parametrize(
    ("role", "gives"),
    [("coordinator", {"organiser", "partner"}), ("admin", {"organiser", "coordinator", "partner", "admin"})],
)
def test_each_gives_the_roles_they_may_in_their_own_organisation_alone(
    stage: Stage, signed_in: SignedIn, role: str, gives: set[str]
) -> None:
    browser = signed_in(role, OURS)
    for given in people.ROLES:
        assert invite(browser, NEW, given).status_code == (303 if given in gives else 422), given
        assert invite(browser, "x@x.example", given, where=place_of(stage, THEIRS)).status_code == 422
        assert invite(browser, "x@x.example", given, where="everywhere").status_code == 422
    assert {held for held, _place, _cleared in roles_of(stage)} == gives
    assert roles_of(stage, "x@x.example") == []


def test_an_admin_of_all_organisations_gives_every_role_everywhere(stage: Stage, signed_in: SignedIn) -> None:
    browser = signed_in("admin")
    assert invite(browser, NEW, "coordinator", where=place_of(stage, THEIRS)).status_code == 303
    assert invite(browser, NEW, "admin", where="everywhere").status_code == 303
    assert set(roles_of(stage)) == {("admin", "", False), ("coordinator", THEIRS, False)}


def test_nobody_raises_themselves(stage: Stage, signed_in: SignedIn) -> None:
    browser = signed_in("coordinator", OURS)
    reply = invite(browser, "coordinator@kommune.example", "organiser")
    assert reply.status_code == 422
    assert "Du kan ikke give dig selv en rolle." in reply.text
    admin = signed_in("admin", OURS)
    assert invite(admin, "admin@kommune.example", "admin", where="everywhere").status_code == 422
    assert roles_of(stage, "admin@kommune.example") == [("admin", OURS, False)]


def test_the_last_admin_stays(stage: Stage, signed_in: SignedIn) -> None:
    browser = signed_in("admin", OURS)
    mine = role_id(stage, "admin@kommune.example", "admin")
    reply = browser.post(f"/people/roles/{mine}/removal")
    assert reply.status_code == 422
    assert "Det er den sidste administrator." in reply.text
    invite(browser, NEW, "admin")
    assert browser.post(f"/people/roles/{mine}/removal").status_code == 303
    assert roles_of(stage, "admin@kommune.example") == []
    assert browser.get("/people").headers["location"] == "/sign-in?next=%2Fpeople"


def test_two_admins_who_take_each_others_role_away_do_not_both_succeed(
    every_database: str, stage: Stage, signed_in: SignedIn
) -> None:
    from threading import Barrier, Thread

    pairs = [signed_in("admin", OURS, email=f"{name}@kommune.example") for name in ("ada", "ole")]
    ids = [role_id(stage, f"{name}@kommune.example", "admin") for name in ("ole", "ada")]
    start, told = Barrier(2), []

    def take(browser: Browser, role: str) -> None:
        start.wait()
        told.append(browser.post(f"/people/roles/{role}/removal").status_code)

    threads = [Thread(target=take, args=pair) for pair in zip(pairs, ids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(303) == 1, told
    with stage.db.read() as tx:
        assert len([one for one in tx.exec(select(Membership)).all() if one.role == "admin"]) == 1


def test_a_role_taken_away_holds_at_once_and_can_be_given_back(
    stage: Stage, signed_in: SignedIn, visitor: Browser
) -> None:
    coordinator = signed_in("coordinator", OURS)
    nina = signed_in("organiser", OURS, cleared=True, email=NEW)
    assert nina.get(f"/walks/{stage.walk.id}/plan").status_code == 200
    gone = coordinator.post(f"/people/roles/{role_id(stage, NEW, 'organiser')}/removal")
    assert nina.get(f"/walks/{stage.walk.id}/plan").status_code == 303, "whoever has no role is signed out"
    assert "Fortryd" in coordinator.get(gone.headers["location"]).text
    assert coordinator.post("/people/roles").status_code == 303
    assert roles_of(stage) == [("organiser", OURS, True)]
    stranger = signed_in("coordinator", THEIRS, email="tove@randers.example")
    stranger.post("/people/roles")  # has taken nothing away, so gives nothing back
    assert roles_of(stage) == [("organiser", OURS, True)]


def test_another_organisations_people_are_neither_seen_nor_touched(stage: Stage, signed_in: SignedIn) -> None:
    coordinator = signed_in("coordinator", OURS)
    invite(coordinator)
    there = f"/people/roles/{role_id(stage, NEW, 'organiser')}/removal"
    sending = f"/people/invitations/{letter(stage).id}/sending"
    for role in ("coordinator", "admin"):
        stranger = signed_in(role, THEIRS, email=f"{role}@randers.example")
        page = stranger.get("/people")
        assert (page.status_code, NEW in page.text) == (200, False)
        assert stranger.post(there).status_code == 404
        assert stranger.post(sending).status_code == 404
    everywhere = signed_in("admin", email="drift@kommune.example")
    assert NEW in everywhere.get("/people").text
    assert "drift@kommune.example" in coordinator.get("/people").text  # who may read everything is no secret
    theirs = role_id(stage, "drift@kommune.example", "admin")
    assert coordinator.post(f"/people/roles/{theirs}/removal").status_code == 404


def test_a_coordinator_takes_no_coordinator_or_admin_away(stage: Stage, signed_in: SignedIn) -> None:
    coordinator = signed_in("coordinator", OURS)
    for role in ("coordinator", "admin"):
        signed_in(role, OURS, email=f"other-{role}@kommune.example")
        held = role_id(stage, f"other-{role}@kommune.example", role)
        assert coordinator.post(f"/people/roles/{held}/removal").status_code == 403


def test_what_was_typed_comes_back_with_a_sentence(stage: Stage, signed_in: SignedIn) -> None:
    coordinator = signed_in("coordinator", OURS)
    wrong = invite(coordinator, "ida@", "organiser")
    assert (wrong.status_code, "Det er ikke en e-mailadresse." in wrong.text, "ida@" in wrong.text) == (422, True, True)
    none = coordinator.post("/people/invitations", data={"email": NEW, "organisation": place_of(stage, OURS)})
    assert (none.status_code, "Vælg mindst én rolle." in none.text, NEW in none.text) == (422, True, True)
    for role in ("king", "x" * 5000, "a\0b"):
        assert invite(coordinator, NEW, role).status_code == 422
    assert invite(coordinator, NEW, "organiser", where="no such\0 place").status_code == 422
    assert roles_of(stage) == []


def test_a_person_who_is_known_gets_a_further_role_and_keeps_the_others(stage: Stage, signed_in: SignedIn) -> None:
    signed_in("partner", THEIRS, email=NEW)
    invite(signed_in("coordinator", OURS), NEW, "organiser")
    assert set(roles_of(stage)) == {("partner", THEIRS, False), ("organiser", OURS, False)}
    with stage.db.write() as tx:  # and the command still puts one role in the place of all
        people.add(tx, NEW, "partner")
    assert roles_of(stage) == [("partner", "", False)]


def test_a_script_and_another_sites_form_invite_nobody(
    stage: Stage, signed_in: SignedIn, key_of: Callable[..., dict[str, str]]
) -> None:
    key = key_of("admin")
    assert stage.http.get("/people", headers=key).status_code == 403
    assert stage.http.post("/people/invitations", headers=key, data={"email": NEW}).status_code == 403
    admin = signed_in("admin")
    reply = admin.post("/people/invitations", data={"email": NEW}, headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 403
    assert roles_of(stage) == []
