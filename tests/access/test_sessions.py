"""Being signed in: the cookie, its end, and forms that other sites would like to post."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.models import UserSession
from tests.access.conftest import Browser
from tests.cast import Clock, Stage, make_settings

SignedIn = Callable[..., Browser]


def cookie(browser: Browser, url: str) -> str:
    """The Set-Cookie header of signing in with a link."""
    reply = browser.post("/sign-in/link", data={"key": url.partition("key=")[2]})
    return str(reply.headers["set-cookie"])


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(visitor: Browser, add: Callable[..., str]) -> None:
    flags = {flag.strip().lower() for flag in cookie(visitor, add("ida@x.example", "admin")).split(";")[1:]}
    assert flags == {"httponly", "path=/", "samesite=lax"}


def test_behind_https_the_cookie_is_bound_to_this_host(
    stage: Stage, visitor: Browser, add: Callable[..., str], tmp_path: Any
) -> None:
    stage.app.state.settings = make_settings(tmp_path, base_url="https://vandring.example")
    said = cookie(visitor, add("ida@x.example", "admin"))
    assert said.startswith("__Host-tryg_session=")
    assert "Secure" in said
    assert "domain" not in said.lower()


def test_only_the_hash_of_the_session_is_kept(stage: Stage, signed_in: SignedIn) -> None:
    secret = signed_in("admin").cookies["tryg_session"]
    with stage.db.read() as tx:
        [kept] = tx.exec(select(UserSession)).all()
    assert secret not in str(kept.model_dump())
    assert len(secret) >= 43


def test_a_session_ends_after_twelve_hours(signed_in: SignedIn, clock: Clock) -> None:
    browser = signed_in("admin")
    for _half_hour in range(23):
        clock.advance(minutes=30)
        assert browser.get("/").status_code == 200
    clock.advance(minutes=31)
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session_for_good(stage: Stage, signed_in: SignedIn) -> None:
    browser = signed_in("admin")
    kept = browser.cookies["tryg_session"]
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    assert browser.get("/").status_code == 303
    thief = Browser(stage)
    thief.cookies.set("tryg_session", kept)
    assert thief.get("/").status_code == 303


def test_signing_in_anew_makes_a_new_session_and_ends_the_old(stage: Stage, signed_in: SignedIn, add: Any) -> None:
    browser = signed_in("admin")
    before = browser.cookies["tryg_session"]
    browser.open_link(add("bo@x.example", "organiser"))
    assert browser.cookies["tryg_session"] != before
    with stage.db.read() as tx:
        assert len(tx.exec(select(UserSession)).all()) == 1


def test_a_session_planted_before_signing_in_is_worth_nothing(stage: Stage, visitor: Browser, add: Any) -> None:
    visitor.cookies.set("tryg_session", "planted-by-somebody-else-0123456789abcdefghi")
    visitor.open_link(add("ida@x.example", "admin"))
    thief = Browser(stage)
    thief.cookies.set("tryg_session", "planted-by-somebody-else-0123456789abcdefghi")
    assert thief.get("/").status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link", "/sign-out", "/language"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_form_is_refused(stage: Stage, signed_in: SignedIn, path: str, headers: dict[str, str]) -> None:
    browser = signed_in("admin")
    for name in ("sec-fetch-site", "origin"):
        del browser.headers[name]
    reply = browser.post(path, data={"email": "a@b.example", "language": "en", "key": "x"}, headers=headers)
    assert reply.status_code == 403
    assert "set-cookie" not in reply.headers
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "javascript:alert(1)",
        "/x\r\nY: z",
        "/\t/e",
    ],
)
def test_nobody_is_sent_to_another_site(visitor: Browser, add: Any, wish: str) -> None:
    assert visitor.open_link(add("ida@x.example", "admin"), then=wish) == "/"
    assert visitor.post("/language", data={"language": "en", "next": wish}).headers["location"] == "/"
    assert visitor.get("/sign-in", params={"next": wish}).headers["location"] == "/"


def test_the_language_is_the_browsers_until_somebody_chooses(visitor: Browser) -> None:
    assert '<html lang="da"' in visitor.get("/sign-in").text
    assert '<html lang="en"' in visitor.get("/sign-in", headers={"Accept-Language": "en-GB,da;q=0.5"}).text
    reply = visitor.post("/language", data={"language": "en", "next": "/sign-in?next=%2Fx"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=%2Fx")
    assert '<html lang="en"' in visitor.get("/sign-in").text
    visitor.post("/language", data={"language": "tlh"})
    assert '<html lang="en"' in visitor.get("/sign-in").text


def test_every_page_is_dressed_against_strangers(visitor: Browser, signed_in: SignedIn) -> None:
    pages = [
        visitor.get("/sign-in"),
        visitor.get("/nothing/here"),
        visitor.get("/sign-in/link?key=x"),
        signed_in("admin").get("/"),
    ]
    for page in pages:
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert " style=" not in page.text
        assert "<script>" not in page.text
