"""What partners are told by e-mail: once a week what is open, and once before and after each deadline."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from app.db import Database
from app.measures import courier, letters
from app.models import Sent
from app.settings import Settings
from tests.access.mailbox import Mailbox, mail_server
from tests.cast import Clock, make_settings
from tests.measures.conftest import Plan
from tests.running import free_port

MONDAY = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)  # 08.30 in Denmark


@dataclass
class Courier:
    db: Database
    settings: Settings

    def send_due(self) -> int:
        return courier.send_due(self.db, self.settings, threading.Event())


@pytest.fixture
def mail_port() -> int:
    return free_port()


@pytest.fixture
def box(mail_port: int) -> Iterator[Mailbox]:
    with mail_server(mail_port) as box:
        yield box


@pytest.fixture
def post(plan: Plan, mail_port: int, tmp_path: Path) -> Courier:
    """A courier with a real mail server to go to; the server's own has none, and waits a minute before it looks."""
    settings = make_settings(
        tmp_path / "var", plan.stage.app.state.settings.database_url, smtp_url=f"smtp://127.0.0.1:{mail_port}"
    )
    return Courier(plan.stage.db, settings)


def routed(plan: Plan, clock: Clock, email: str = "vej@kommune.example", **typed: Any) -> Any:
    """A measure that has been its partner's since the Friday before."""
    clock.moment = MONDAY - timedelta(days=3)
    desk, vej = plan.signed_in("coordinator"), plan.partner(email=email)
    given = {"partner": vej.id, "place": "Tunnelen", "measure": "Skift lampen", "deadline": "2027-03-01"} | typed
    plan.make(desk, plan.note(note="Birthe siger, den er mørk."), **given)
    return desk, vej


def test_on_monday_each_partner_hears_once_what_is_open(plan: Plan, clock: Clock, box: Mailbox, post: Courier) -> None:
    _desk, vej = routed(plan, clock)
    link = plan.link(vej)
    assert post.send_due() == 0  # it is Friday
    clock.moment = MONDAY
    assert post.send_due() == 1
    letter = box.wait(1)
    assert letter
    assert letter["To"] == "vej@kommune.example"
    assert letter["Subject"] == "1 tiltag venter på jer"
    text = letter.get_content()
    assert "Nyt: 1. Tunnelen – Skift lampen – 1.\N{NO-BREAK SPACE}marts 2027" in text
    assert f"http://testserver{link}" in text
    assert "Birthe" not in text
    assert post.send_due() == 0
    clock.advance(days=3)
    assert post.send_due() == 0
    clock.advance(days=4)
    assert post.send_due() == 1


def test_what_was_routed_after_monday_waits_for_the_next_one(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier
) -> None:
    clock.moment = MONDAY + timedelta(days=1)
    plan.make(
        plan.signed_in("coordinator"), partner=plan.partner(email="vej@kommune.example").id, deadline="2027-03-01"
    )
    assert post.send_due() == 0
    clock.moment = MONDAY + timedelta(days=7)
    assert post.send_due() == 1


def test_before_seven_in_the_morning_nobody_is_written_to(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier
) -> None:
    routed(plan, clock)
    clock.moment = MONDAY.replace(hour=4)
    assert post.send_due() == 0


def test_a_deadline_is_called_to_mind_once_before_and_once_after(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier
) -> None:
    desk, vej = routed(plan, clock, deadline="2026-12-10")
    plan.make(desk, partner=vej.id, place="Stien", deadline="2026-12-09")
    clock.moment = datetime(2026, 12, 2, 9, tzinfo=UTC)  # Wednesday; the week's letter is due too
    assert post.send_due() == 2
    assert sorted(str(one["Subject"]) for one in box.letters) == ["2 tiltag venter på jer", "En frist inden for en uge"]
    clock.moment = datetime(2026, 12, 3, 9, tzinfo=UTC)
    assert post.send_due() == 1  # the other one's
    assert "Tunnelen" in box.letters[-1].get_content()
    assert "Stien" not in box.letters[-1].get_content()
    assert post.send_due() == 0
    clock.moment = datetime(2026, 12, 11, 9, tzinfo=UTC)
    before = len(box.letters)
    post.send_due()
    subjects = [str(one["Subject"]) for one in box.letters[before:]]
    assert "2 frister er gået" in subjects
    clock.moment = datetime(2026, 12, 12, 9, tzinfo=UTC)
    assert post.send_due() == 0


def test_a_deadline_that_is_moved_is_called_to_mind_anew(plan: Plan, clock: Clock, box: Mailbox, post: Courier) -> None:
    routed(plan, clock, deadline="2026-12-02")
    clock.moment = MONDAY
    assert post.send_due() == 2
    desk = plan.signed_in("coordinator")
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", deadline="2026-12-04")
    assert post.send_due() == 1


def test_what_is_done_or_taken_out_or_of_an_ended_partner_is_called_to_nobodys_mind(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier
) -> None:
    desk, vej = routed(plan, clock, deadline="2026-12-02")
    clock.moment = MONDAY
    desk = plan.signed_in("coordinator")
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", status="done")
    assert post.send_due() == 0
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", status="doing")
    desk.press(f"{plan.at}/1/removal")
    assert post.send_due() == 0
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/removal", back="yes")
    desk.open("/partners").press(f"/partners/{vej.id}/ending")
    assert post.send_due() == 0
    assert not box.letters


def test_people_with_an_account_get_it_in_their_language_and_with_their_own_way_in(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier
) -> None:
    _desk, vej = routed(plan, clock, email="")
    plan.signed_in("partner", partner=vej.id)
    with plan.stage.db.write() as tx:
        user = letters.partners.accounts(tx, vej.id)[0]
        user.language = "en"
        tx.add(user)
    clock.moment = MONDAY
    assert post.send_due() == 1
    assert box.letters[0]["Subject"] == "1 measure waits for you"
    assert "Read and answer: http://testserver/partner" in box.letters[0].get_content()
    assert "/p/" not in box.letters[0].get_content()


def test_a_letter_that_is_refused_is_not_counted_as_sent(plan: Plan, clock: Clock, box: Mailbox, post: Courier) -> None:
    routed(plan, clock)
    clock.moment = MONDAY
    box.refusing = "451 later"
    assert post.send_due() == 0
    assert box.refused == 1
    box.refusing = ""
    assert post.send_due() == 0  # not at once again, whoever asks
    clock.moment += letters.HELD + timedelta(seconds=1)
    assert post.send_due() == 1


def test_while_there_is_no_mail_server_letters_wait(plan: Plan, clock: Clock, mail_port: int, post: Courier) -> None:
    routed(plan, clock)
    clock.moment = MONDAY
    assert post.send_due() == 0
    with plan.stage.db.read() as tx:
        assert not tx.exec(select(Sent)).all()
    with mail_server(mail_port) as box:
        assert post.send_due() == 1
        assert box.letters


def test_two_servers_send_one_letter(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier, every_database: str
) -> None:
    routed(plan, clock)
    clock.moment = MONDAY
    with plan.stage.db.read() as tx:
        due = letters.due(tx, clock.moment)
    assert post.send_due() == 1
    assert courier.send(post.db, post.settings, due[0]) is False  # the other one had looked before, and comes too late
    assert len(box.letters) == 1


def test_a_letter_over_which_a_server_died_is_sent_by_the_next(
    plan: Plan, clock: Clock, box: Mailbox, post: Courier, every_database: str
) -> None:
    routed(plan, clock)
    clock.moment = MONDAY
    with plan.stage.db.write() as tx:
        assert letters.claim(tx, letters.due(tx, clock.moment)[0], clock.moment)
    assert post.send_due() == 0  # somebody has it in hand
    clock.advance(minutes=16)
    assert post.send_due() == 1
    clock.advance(minutes=16)
    assert post.send_due() == 0
    assert len(box.letters) == 1
