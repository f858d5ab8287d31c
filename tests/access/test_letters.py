"""The letter of an invitation: what it brings, how long, how often it is sent, and where it waits while it cannot be."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from app.access import invitations, people, postman, signin
from app.db import Database
from app.models import Invitation, SignIn
from tests.access.conftest import Browser
from tests.access.inviting import NEW, OURS, invite, letter, roles_of, until
from tests.access.mailbox import Mailbox
from tests.cast import Clock, Stage

SignedIn = Callable[..., Browser]


@pytest.fixture
def stage_settings(mail_port: int) -> dict[str, Any]:
    return {"smtp_url": f"smtp://127.0.0.1:{mail_port}"}


def look(stage: Stage) -> None:
    """Has the queue of letters looked at now."""
    with stage.db.write() as tx:
        stage.app.state.jobs.ask(tx, postman.TASK)


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
    look(stage)
    assert not mailbox.letters  # it is not time yet
    clock.advance(seconds=61)
    look(stage)
    mailbox.wait()
    until(stage, lambda: letter(stage).sent_at is not None)
    assert "Sendt" in coordinator.get("/people").text


def test_the_pauses_between_tries_grow_to_half_an_hour(stage: Stage, signed_in: SignedIn, clock: Clock) -> None:
    stage.app.state.jobs.stop()
    invite(signed_in("coordinator", OURS))
    pauses = []
    for _try in range(7):
        with stage.db.write() as tx:
            claimed = invitations.claim(tx, letter(stage).id)
        assert claimed
        assert claimed.retry_at
        pauses.append(round((claimed.retry_at - clock.moment).total_seconds() / 60))
        clock.moment = claimed.retry_at
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
    stopping = threading.Event()

    def another() -> None:
        while not stopping.wait(0.01):
            postman.send_due(stage.db, stage.app.state.settings, stopping)

    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(another) for _number in range(3)]
        coordinator = signed_in("coordinator", OURS)
        for number in range(6):
            invite(coordinator, f"{number}@samraad.example")
        mailbox.wait(letters=6)
        stopping.set()
    assert not [other.exception() for other in others if other.exception()]
    assert sorted(sent["To"] for sent in mailbox.letters) == [f"{number}@samraad.example" for number in range(6)]


def test_one_letter_is_claimed_once(every_database: str, stage: Stage, signed_in: SignedIn) -> None:
    stage.app.state.jobs.stop()
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


def test_a_server_that_dies_between_claim_and_sending_sends_it_later(
    stage: Stage, signed_in: SignedIn, mailbox: Mailbox, clock: Clock
) -> None:
    invite(signed_in("coordinator", OURS))
    mailbox.wait()
    until(stage, lambda: letter(stage).sent_at is not None)
    with stage.db.write() as tx:  # as the row stands after such a death
        row = tx.get_one(Invitation, letter(stage).id)
        row.sent_at, row.retry_at = None, clock.moment
    look(stage)
    mailbox.wait(letters=2)
    until(stage, lambda: letter(stage).sent_at is not None)
    assert len(mailbox.letters) == 2


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


def test_the_letter_speaks_the_language_of_whoever_invites(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    coordinator = signed_in("coordinator", OURS)
    coordinator.post("/language", data={"language": "en"})
    invite(coordinator)
    sent = mailbox.wait()
    assert sent
    assert sent["Subject"] == "You are invited to Tryghedsvandring"
    assert f"for {OURS}" in sent.get_content()


def test_a_letter_survives_the_servers_end(stage: Stage, signed_in: SignedIn, mailbox: Mailbox) -> None:
    stage.app.state.jobs.stop()
    invite(signed_in("coordinator", OURS))
    assert not mailbox.letters
    other = Database(stage.app.state.settings.database)
    postman.send_due(other, stage.app.state.settings, threading.Event())
    assert len(mailbox.letters) == 1
    other.close()
