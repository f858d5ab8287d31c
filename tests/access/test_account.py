"""One's own sign-in: where one is signed in, in words; ended one by one or everywhere; and never with a script's key."""

import re
from collections.abc import Callable

import pytest
from sqlmodel import select

from app.access import people, sessions
from app.models import Passkey, UserSession
from tests.access.conftest import Browser
from tests.cast import Clock, Stage

SignedIn = Callable[..., Browser]
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox, Android"),
        (SAFARI, "Safari, iPhone"),
        (EDGE, "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15", "Safari, Mac"),
        ("python-httpx/0.28", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_as_people_call_it(user_agent: str, words: str) -> None:
    assert sessions.device_of(user_agent) == words


@pytest.fixture
def two(stage: Stage, add: Callable[..., str]) -> tuple[Browser, Browser]:
    """One person's computer and telephone, both signed in."""
    computer, telephone = Browser(stage), Browser(stage)
    computer.headers["user-agent"], telephone.headers["user-agent"] = EDGE, SAFARI
    for browser in (computer, telephone):
        browser.open_link(add("ida@kommune.example", "coordinator"))
    return computer, telephone


def named(browser: Browser) -> list[str]:
    """What the page calls the sessions, in its order."""
    return re.findall(r"/account/sessions/([0-9a-f]+)/removal", browser.get("/account").text)


def test_the_page_says_where_one_is_signed_in_and_which_is_here(two: tuple[Browser, Browser]) -> None:
    computer, _telephone = two
    page = computer.get("/account").text
    assert re.findall(r"<li class=\"row between\"><div><b>([^<]+)</b>", page) == ["Edge, Windows", "Safari, iPhone"]
    assert page.index("Edge, Windows") < page.index("Her</span>") < page.index("Safari, iPhone")
    assert "ida@kommune.example" in page
    assert "Tovholder" in page


def test_the_telephone_is_signed_out_from_the_computer(two: tuple[Browser, Browser]) -> None:
    computer, telephone = two
    for _time in range(2):
        reply = computer.post(f"/account/sessions/{named(telephone)[0] if _time == 0 else 'gone'}/removal")
        assert reply.headers["location"] == "/account#sessions"
    assert telephone.get("/").status_code == 303
    assert len(named(computer)) == 1


def test_ending_the_session_one_is_in_leads_to_the_sign_in_page(two: tuple[Browser, Browser]) -> None:
    computer, telephone = two
    reply = computer.post(f"/account/sessions/{named(computer)[0]}/removal")
    assert reply.headers["location"] == "/sign-in"
    assert reply.headers["clear-site-data"] == '"cache"', "what it kept of photos goes, too"
    assert computer.get("/").status_code == 303
    assert telephone.get("/").status_code == 200


def test_signing_out_everywhere_ends_them_all_and_nobody_elses(
    two: tuple[Browser, Browser], signed_in: SignedIn
) -> None:
    computer, telephone = two
    other = signed_in("coordinator", email="bo@kommune.example")
    assert computer.post("/account/sessions/removal").headers["location"] == "/sign-in"
    assert [browser.get("/").status_code for browser in (computer, telephone, other)] == [303, 303, 200]


def test_nobody_ends_somebody_elses_session_or_removes_their_passkey(
    stage: Stage, two: tuple[Browser, Browser], signed_in: SignedIn
) -> None:
    computer, _telephone = two
    with stage.db.write() as tx:
        ida = people.by_email(tx, "ida@kommune.example")
        assert ida
        tx.add(Passkey(id="idas", user_id=ida.id, public_key="x"))
    other = signed_in("admin", email="bo@kommune.example")
    for path in (f"sessions/{named(computer)[0]}", "passkeys/idas"):
        assert other.post(f"/account/{path}/removal").status_code == 303
    assert computer.get("/account").status_code == 200
    with stage.db.read() as tx:
        assert tx.get(Passkey, "idas")
    assert computer.post("/account/passkeys/idas/removal").headers["location"] == "/account#passkeys"
    with stage.db.read() as tx:
        assert tx.get(Passkey, "idas") is None


def test_when_a_session_was_last_used_is_written_every_five_minutes_at_most(
    stage: Stage, signed_in: SignedIn, clock: Clock
) -> None:
    browser = signed_in("coordinator")

    def seen() -> float:
        browser.get("/")
        with stage.db.read() as tx:
            moment = tx.exec(select(UserSession)).one().seen_at
        assert moment
        return round((clock.moment - moment).total_seconds())

    assert seen() == 0
    clock.advance(minutes=4)
    assert seen() == 240
    clock.advance(minutes=2)
    assert seen() == 0


def test_a_page_is_read_all_the_same_while_the_database_cannot_be_written(
    stage: Stage, signed_in: SignedIn, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in("coordinator")
    clock.advance(minutes=10)
    monkeypatch.setattr("app.db.TURN_S", 0.01)
    with stage.db.write():
        assert browser.get("/").status_code == 200


def test_a_scripts_key_opens_nothing_of_ones_own_sign_in(stage: Stage, key_of: Callable[..., dict[str, str]]) -> None:
    key = key_of("admin")
    assert stage.http.get("/", headers=key).status_code == 200
    assert stage.http.get("/account", headers=key).status_code == 403
    for path in ("sessions/removal", "passkeys/challenge", "passkeys", "passkeys/x/removal", "sessions/x/removal"):
        assert stage.http.post(f"/account/{path}", headers=key, json={}).status_code == 403, path


@pytest.mark.parametrize(
    "path", ["/account/sessions/removal", "/account/sessions/x/removal", "/account/passkeys/x/removal",
             "/account/passkeys/challenge", "/account/passkeys", "/sign-in/passkey", "/sign-in/passkey/challenge"]
)  # fmt: skip
def test_another_sites_page_changes_nothing(signed_in: SignedIn, path: str) -> None:
    browser = signed_in("admin")
    assert browser.post(path, json={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/account").status_code == 200


def test_an_endless_answer_is_cut_off(signed_in: SignedIn) -> None:
    browser = signed_in("admin")
    for path in ("/account/passkeys", "/sign-in/passkey"):
        assert browser.post(path, content=b"[" * 100_000).status_code == 413
