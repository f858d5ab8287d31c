"""Ways in: a one-time link that opening does not use up, and a code by e-mail that only works where it should."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select, update

from app.access import routes, signin
from app.models import FailedTry, SignIn
from tests.access.conftest import Browser
from tests.access.mailbox import Mailbox
from tests.cast import Clock, Stage
from tests.phone import Phone

EMAIL = "ida@kommune.example"
Add = Callable[..., str]


@pytest.fixture
def stage_settings(mail_port: int) -> dict[str, Any]:
    return {"smtp_url": f"smtp://127.0.0.1:{mail_port}"}


def ask(browser: Browser, email: str = EMAIL, **more: str) -> str:
    reply = browser.post("/sign-in", data={"email": email, **more})
    assert reply.status_code == 200, reply.text
    return reply.text


def test_a_link_is_not_used_up_by_opening_it(add: Add, visitor: Browser) -> None:
    url = add(EMAIL, "coordinator")
    for _scanner in range(3):
        assert EMAIL in visitor.get(url).text
    assert visitor.open_link(url) == "/"
    assert visitor.get("/").status_code == 200


def test_a_link_works_once(add: Add, visitor: Browser, stage: Stage) -> None:
    url = add(EMAIL, "coordinator")
    visitor.open_link(url)
    other = Browser(stage)
    page = other.get(url)
    assert page.status_code == 410
    assert "brugt eller for gammelt" in page.text
    assert EMAIL not in page.text
    pressed = other.post("/sign-in/link", data={"key": url.partition("key=")[2]})
    assert pressed.status_code == 410
    assert other.get("/").status_code == 303


def test_a_button_pressed_twice_leads_on(add: Add, visitor: Browser) -> None:
    url = add(EMAIL, "coordinator")
    assert visitor.open_link(url) == visitor.open_link(url) == "/"


def test_a_link_lasts_a_day(add: Add, visitor: Browser, clock: Clock) -> None:
    early, late = add(EMAIL, "coordinator"), add("bo@kommune.example", "coordinator")
    clock.advance(hours=23.9)
    visitor.open_link(early)
    clock.advance(hours=0.2)
    assert visitor.get(late).status_code == 410


def test_a_code_comes_by_mail_and_works_once(add: Add, visitor: Browser, stage: Stage, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    assert "er koden på vej" in ask(visitor, " Ida@Kommune.example ", next="/walks/x/report")
    assert mailbox.letters[0]["To"] == EMAIL
    code = mailbox.code()
    reply = visitor.post(
        "/sign-in", data={"email": EMAIL, "code": f" {code[:3]} {code[3:]} ", "next": "/walks/x/report"}
    )
    assert (reply.status_code, reply.headers["location"]) == (303, "/walks/x/report")
    assert visitor.get("/").status_code == 200
    again = Browser(stage).post("/sign-in", data={"email": EMAIL, "code": code})
    assert again.status_code == 422


def test_a_code_lasts_ten_minutes(add: Add, visitor: Browser, mailbox: Mailbox, clock: Clock) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    clock.advance(minutes=10.1)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 422


def test_a_code_is_void_after_five_wrong_tries(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    code = mailbox.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _try in range(5):
        reply = visitor.post("/sign-in", data={"email": EMAIL, "code": wrong})
        assert (reply.status_code, "passer ikke" in reply.text) == (422, True)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": code}).status_code == 422
    ask(visitor, again="yes", code=wrong)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 303


def test_a_stranger_can_neither_wear_out_nor_use_up_somebodys_codes(
    add: Add, visitor: Browser, mailbox: Mailbox, stage: Stage
) -> None:
    add(EMAIL, "coordinator")
    stranger = Browser(stage)
    for _time in range(20):  # more codes than one address gets
        ask(stranger)
    assert len(mailbox.letters) == signin.CODES_AT_ONCE
    with stage.db.write() as tx:  # the stranger is elsewhere
        tx.exec(update(FailedTry).values(address="192.0.2.7"))
    ask(visitor)
    for _try in range(9):
        assert stranger.post("/sign-in", data={"email": EMAIL, "code": "000000"}).status_code == 422
        assert Browser(stage).post("/sign-in", data={"email": EMAIL, "code": "000000"}).status_code == 422
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 303


def test_a_code_works_only_in_the_browser_that_asked_for_it(
    add: Add, visitor: Browser, mailbox: Mailbox, stage: Stage
) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    thief = Browser(stage)
    ask(thief, "nobody@kommune.example")
    reply = thief.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()})
    assert reply.status_code == 422
    assert "en anden browser" in reply.text
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 303


def test_codes_for_one_person_end_for_a_day_however_many_addresses_ask(
    add: Add, visitor: Browser, mailbox: Mailbox, stage: Stage, clock: Clock
) -> None:
    add(EMAIL, "coordinator")
    key = stage.app.state.settings.signing_key()

    def asked(address: str) -> bool:
        with stage.db.write() as tx:
            return signin.new_code(tx, EMAIL, key, "asker", address) is not None

    for household in range(12):
        assert sum(asked(f"192.0.2.{household}") for _time in range(7)) == signin.CODES_AT_ONCE
    clock.advance(minutes=11)
    assert Phone(stage.http, "AAAAAAAA").try_to_join().status_code == 404
    assert not asked("192.0.2.99"), "a wrong code for a walk forgets what counts for a day"
    clock.advance(days=1, seconds=1)
    assert asked("192.0.2.99")


def test_an_earlier_code_still_works_when_a_new_one_was_asked_for(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    first = mailbox.code()
    ask(visitor)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": first}).status_code == 303
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 422


def test_somebody_elses_code_does_not_fit(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    add("bo@kommune.example", "admin")
    ask(visitor)
    assert visitor.post("/sign-in", data={"email": "bo@kommune.example", "code": mailbox.code()}).status_code == 422


def test_an_unknown_address_gets_the_same_answer_and_no_letter(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")

    def without_time(page: str, email: str) -> str:
        return re.sub(r"kl\. \d\d\.\d\d", "", page).replace(email, "X")

    known, unknown = ask(visitor), ask(visitor, "nobody@kommune.example")
    assert without_time(known, EMAIL) == without_time(unknown, "nobody@kommune.example")
    assert [letter["To"] for letter in mailbox.letters] == [EMAIL]
    for email in (EMAIL, "nobody@kommune.example"):
        reply = visitor.post("/sign-in", data={"email": email, "code": "000000"})
        assert without_time(reply.text, email) == without_time(
            visitor.post("/sign-in", data={"email": "third@x.example", "code": "000000"}).text, "third@x.example"
        )


def test_an_unknown_address_gets_its_answer_in_the_same_time(
    add: Add, visitor: Browser, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)  # the first time of everything takes longer
    monkeypatch.setattr(routes, "STEP_S", 0.5)
    for email in (EMAIL, "nobody@kommune.example"):
        for code in ("", "000000"):
            begun = time.perf_counter()
            visitor.post("/sign-in", data={"email": email, "code": code})
            assert time.perf_counter() - begun >= 0.5, (email, code)


def test_a_mailbox_is_not_filled_by_a_stranger(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    pages = {re.sub(r"kl\. \d\d\.\d\d", "", ask(visitor)) for _time in range(8)}
    assert len(pages) == 1
    assert len(mailbox.letters) == 5


def test_a_mail_server_that_is_down_is_told_and_nothing_is_lost(add: Add, visitor: Browser, stage: Stage) -> None:
    add(EMAIL, "coordinator")
    for email in (EMAIL, "nobody@kommune.example"):
        reply = visitor.post("/sign-in", data={"email": email})
        assert reply.status_code == 503
        assert "E-mailen kan ikke sendes lige nu." in reply.text
        assert email in reply.text
    with stage.db.read() as tx:
        assert not [way for way in tx.exec(select(SignIn)).all() if way.kind == "code"]


def test_asking_again_works_once_the_mail_server_is_back(
    add: Add, visitor: Browser, request: pytest.FixtureRequest
) -> None:
    add(EMAIL, "coordinator")
    assert visitor.post("/sign-in", data={"email": EMAIL}).status_code == 503
    mailbox: Mailbox = request.getfixturevalue("mailbox")
    ask(visitor)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 303


def test_guessing_from_one_address_ends_for_ten_minutes(
    add: Add, visitor: Browser, mailbox: Mailbox, clock: Clock
) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    for number in range(30):
        assert visitor.post("/sign-in", data={"email": f"{number}@x.example", "code": "000000"}).status_code == 422
    stopped = visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()})
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["Retry-After"]) <= 600
    clock.advance(minutes=10, seconds=1)
    ask(visitor)
    assert visitor.post("/sign-in", data={"email": EMAIL, "code": mailbox.code()}).status_code == 303


def test_asking_for_codes_is_limited_for_known_and_unknown_alike(add: Add, visitor: Browser, mailbox: Mailbox) -> None:
    add(EMAIL, "coordinator")
    for number in range(30):
        ask(visitor, EMAIL if number % 2 else "nobody@kommune.example")
    for email in (EMAIL, "nobody@kommune.example"):
        assert visitor.post("/sign-in", data={"email": email}).status_code == 429


@pytest.mark.parametrize(
    "email", ["", "ida", "ida@", "@x", "a b@x.example", "a@b\r\nBcc: c@d", "a@b,c@d", "æ" * 300 + "@x"]
)
def test_what_is_no_address_is_told_beside_the_field(visitor: Browser, email: str) -> None:
    reply = visitor.post("/sign-in", data={"email": email})
    assert reply.status_code == 422
    assert "Det er ikke en e-mailadresse." in reply.text


def test_what_is_over_is_forgotten(add: Add, visitor: Browser, mailbox: Mailbox, stage: Stage, clock: Clock) -> None:
    add(EMAIL, "coordinator")
    ask(visitor)
    visitor.post("/sign-in", data={"email": EMAIL, "code": "000000"})
    clock.advance(days=2, minutes=1)
    visitor.open_link(add(EMAIL, "coordinator"))
    with stage.db.read() as tx:
        assert tx.exec(select(FailedTry)).all() == []
        assert len(tx.exec(select(SignIn)).all()) == 1
