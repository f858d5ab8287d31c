"""Inviting people: who may, what the letter brings, and what happens while no letter can be sent."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import select

from app.access import invitations, people, postman, signin
from app.db import Database
from app.models import Invitation, Membership, SignIn
from tests.access.conftest import Browser
from tests.access.mailbox import Mailbox, mail_server
from tests.cast import Clock, Stage
from tests.running import free_port

OURS, THEIRS = "Aalborg Kommune", "Randers Kommune"
NEW = "nina@samraad.example"
SignedIn = Callable[..., Browser]


@pytest.fixture
def mail_port() -> int:
    return free_port()


@pytest.fixture
def stage_settings(mail_port: int) -> dict[str, Any]:
    return {"smtp_url": f"smtp://127.0.0.1:{mail_port}"}


@pytest.fixture
def mailbox(mail_port: int) -> Iterator[Mailbox]:
    with mail_server(mail_port) as box:
        yield box


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


def test_an_invited_person_comes_in_by_the_letters_link(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, visitor: Browser
) -> None:
    coordinator = signed_in("coordinator", OURS)
    assert invite(coordinator, " Nina@Samraad.example ", "organiser", "partner", cleared="yes").status_code == 303
    sent = mailbox.wait()
    assert sent
    assert (sent["To"], sent["Subject"]) == (NEW, "Du er inviteret til Tryghedsvandring")
    assert "coordinator@kommune.example inviterer dig" in sent.get_content()
    link, _code = mailbox.invitation()
    assert visitor.open_link(link) == "/"
    assert visitor.get(f"/walks/{stage.walk.id}/plan").status_code == 200
    assert roles_of(stage) == [("organiser", OURS, True), ("partner", OURS, False)]
    assert "Har sagt ja" in coordinator.get("/people").text


def test_the_letters_code_works_at_the_sign_in_page_in_any_browser(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, visitor: Browser
) -> None:
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    link, code = mailbox.invitation()
    assert "Kode fra invitationen" in visitor.get("/sign-in?invited=yes").text
    written = code.lower().replace("-", " ").replace("0", "o")
    reply = visitor.post("/sign-in", data={"email": NEW, "code": written, "invited": "yes"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    other = Browser(stage)
    assert other.post("/sign-in", data={"email": NEW, "code": code}).status_code == 422
    assert other.get(link).status_code == 410  # whoever is in needs neither any longer


def test_the_code_of_a_letter_is_kept_as_a_hash_alone(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    link, code = mailbox.invitation()
    with stage.db.read() as tx:
        kept = str([row.model_dump() for table in (SignIn, Invitation) for row in tx.exec(select(table)).all()])
    assert code.replace("-", "") not in kept
    assert link.partition("key=")[2].partition("&")[0] not in kept


def test_link_and_code_last_a_week(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, visitor: Browser, clock: Clock
) -> None:
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    link, code = mailbox.invitation()
    until(stage, lambda: letter(stage).sent_at is not None)
    clock.advance(days=6.9)
    assert visitor.get(link).status_code == 200
    clock.advance(days=0.2)
    assert visitor.get(link).status_code == 410
    assert visitor.post("/sign-in", data={"email": NEW, "code": code}).status_code == 422
    assert "koden er for gammel nu" in signed_in("coordinator", OURS).get("/people").text


def test_guessing_at_a_letters_code_ends_and_six_digits_do_not_wear_it_out(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "LETTER_TRIES", 8)
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    _link, code = mailbox.invitation()
    for _try in range(10):
        assert visitor.post("/sign-in", data={"email": NEW, "code": "000000"}).status_code == 422
    with stage.db.read() as tx:
        assert [way.tries for way in tx.exec(select(SignIn)).all() if way.kind == "letter-code"] == [0]
    for _try in range(8):
        assert visitor.post("/sign-in", data={"email": NEW, "code": "AAAA-AAAA"}).status_code == 422
    assert visitor.post("/sign-in", data={"email": NEW, "code": code}).status_code == 422
    ordinary = visitor.post("/sign-in", data={"email": NEW})  # and nobody is locked out by it
    assert ordinary.status_code == 200
    mailbox.wait(letters=2)
    assert visitor.post("/sign-in", data={"email": NEW, "code": mailbox.code()}).status_code == 303


def test_a_letter_waits_while_the_mail_server_is_down_says_so_and_goes_off_when_it_is_back(
    stage: Stage, signed_in: SignedIn, clock: Clock, request: pytest.FixtureRequest
) -> None:
    coordinator = signed_in("coordinator", OURS)
    invite(coordinator)
    until(stage, lambda: letter(stage).tries > 0)
    page = coordinator.get("/people").text
    assert "e-mailen kan ikke sendes lige nu" in page
    assert re.search(r"Prøves igen\s+kl\.\s+\d\d\.\d\d", page), page
    mailbox: Mailbox = request.getfixturevalue("mailbox")
    stage.app.state.postman.kick()
    assert not mailbox.letters  # it is not time yet
    clock.advance(seconds=61)
    stage.app.state.postman.kick()
    mailbox.wait()
    until(stage, lambda: letter(stage).sent_at is not None)
    assert "Sendt" in coordinator.get("/people").text


def test_the_pauses_between_tries_grow_to_half_an_hour(stage: Stage, signed_in: SignedIn, clock: Clock) -> None:
    invite(signed_in("coordinator", OURS))
    pauses = []
    for number in range(1, 8):
        until(stage, lambda number=number: letter(stage).tries >= number)  # type: ignore[misc]
        due = letter(stage).retry_at
        assert due
        pauses.append(round((due - clock.moment).total_seconds() / 60))
        clock.moment = due
        stage.app.state.postman.kick()
    assert pauses == [1, 2, 4, 8, 15, 30, 30]


def test_one_who_does_not_want_to_wait_presses_the_button(
    stage: Stage, signed_in: SignedIn, request: pytest.FixtureRequest
) -> None:
    coordinator = signed_in("coordinator", OURS)
    invite(coordinator)
    until(stage, lambda: letter(stage).tries > 0)
    mailbox: Mailbox = request.getfixturevalue("mailbox")
    assert coordinator.post(f"/people/invitations/{letter(stage).id}/sending").status_code == 303
    mailbox.wait()


def test_a_letter_that_is_refused_holds_up_no_other(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    mailbox.refusing = "550 no such box"
    coordinator = signed_in("coordinator", OURS)
    invite(coordinator)
    mailbox.wait(letters=0, refused=1)
    mailbox.refusing = ""
    invite(coordinator, "bo@samraad.example")
    sent = mailbox.wait()
    assert sent
    assert sent["To"] == "bo@samraad.example"
    assert "e-mailen kan ikke sendes lige nu" in coordinator.get("/people").text


def test_a_letter_that_nobody_takes_is_given_up_after_a_week_and_says_so(
    stage: Stage, signed_in: SignedIn, clock: Clock
) -> None:
    invite(signed_in("coordinator", OURS))
    until(stage, lambda: letter(stage).tries > 0)
    clock.advance(days=7.1)
    with stage.db.read() as tx:
        assert invitations.next_due(tx) is None
    assert "Kunne ikke sendes i en uge." in signed_in("coordinator", OURS).get("/people").text


def test_several_servers_send_a_letter_once(
    every_database: str, stage: Stage, signed_in: SignedIn, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [postman.Postman(stage.db, stage.app.state.settings) for _number in range(3)]
    for other in others:
        other.start()
    coordinator = signed_in("coordinator", OURS)
    for number in range(6):
        invite(coordinator, f"{number}@samraad.example")
        for other in others:
            other.kick()
    mailbox.wait(letters=6)
    for other in others:
        other.stop()
    assert sorted(sent["To"] for sent in mailbox.letters) == [f"{number}@samraad.example" for number in range(6)]


def test_one_letter_is_claimed_once(every_database: str, stage: Stage, signed_in: SignedIn) -> None:
    stage.app.state.postman.stop()
    invite(signed_in("coordinator", OURS))
    with stage.db.read() as tx:
        due = invitations.next_due(tx)
    assert due
    with stage.db.write() as tx:
        first = invitations.claim(tx, due.id)
    with stage.db.write() as tx:
        assert invitations.claim(tx, due.id) is None
    assert first
    assert first.tries == 1
    stage.app.state.postman = postman.Postman(stage.db, stage.app.state.settings)


def test_a_server_that_dies_between_claim_and_sending_sends_it_later(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, clock: Clock
) -> None:
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    until(stage, lambda: letter(stage).sent_at is not None)
    with stage.db.write() as tx:  # as the row stands after such a death
        row = tx.get_one(Invitation, letter(stage).id)
        row.sent_at, row.retry_at = None, clock.moment
    stage.app.state.postman.kick()
    mailbox.wait(letters=2)


def test_a_letter_pressed_for_twice_goes_off_once(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    coordinator = signed_in("coordinator", OURS)
    invite(coordinator)
    mailbox.wait()
    until(stage, lambda: letter(stage).sent_at is not None)
    coordinator.post(f"/people/invitations/{letter(stage).id}/sending")
    invite(coordinator)
    assert letter(stage).sent_at is not None
    assert len(mailbox.letters) == 1


def test_no_letter_goes_to_somebody_who_has_come_in_meanwhile(
    stage: Stage, signed_in: SignedIn, visitor: Browser, clock: Clock
) -> None:
    invite(signed_in("coordinator", OURS))
    until(stage, lambda: letter(stage).tries > 0)
    with stage.db.write() as tx:
        user = people.by_email(tx, NEW)
        assert user
        link = signin.new_link(tx, user, "http://testserver")
    visitor.open_link(link)
    clock.advance(hours=1)
    with stage.db.read() as tx:
        assert invitations.next_due(tx) is None


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
    assert browser.get("/people").status_code == 403


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
    assert nina.get(f"/walks/{stage.walk.id}/plan").status_code == 404
    assert "Fortryd" in coordinator.get(gone.headers["location"]).text
    assert coordinator.post("/people/roles").status_code == 303
    assert roles_of(stage) == [("organiser", OURS, True)]
    assert nina.get(f"/walks/{stage.walk.id}/plan").status_code == 200
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


def test_the_letter_speaks_the_language_of_whoever_invites(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    coordinator = signed_in("coordinator", OURS)
    coordinator.post("/language", data={"language": "en"})
    invite(coordinator)
    sent = mailbox.wait()
    assert sent
    assert sent["Subject"] == "You are invited to Tryghedsvandring"
    assert f"for {OURS}" in sent.get_content()


def test_a_letter_survives_the_servers_end(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    stage.app.state.postman.stop()
    invite(signed_in("coordinator", OURS))
    assert not mailbox.letters
    other = Database(stage.app.state.settings.database)
    again = postman.Postman(other, stage.app.state.settings)
    again.start()
    mailbox.wait()
    again.stop()
    other.close()
