"""Every answer of every route carries what a browser needs to know, whoever asks and whatever becomes of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx import Response

from app.settings import WrongSetting, load
from tests.access.conftest import Browser
from tests.cast import Clock, Stage
from tests.security.everything import asked

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# What a caller, or a proxy that passes on too much, says of where it came to: nothing of it may come back.
LIES = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
        "X-Original-URL": "/evil.example", "Forwarded": "host=evil.example"}  # fmt: skip
FOR_ALL = ("/.well-known/", "/static/dist/", "/guide/pictures/", "/api/v1/maps/", "/r/")  # may lie in shared caches
ASKED_AGAIN = ("/app/", "/sw.js")  # the same for everybody, and asked for each time


def wrong(reply: Response, path: str, *, https: bool = False) -> list[str]:
    """What this answer lacks."""
    headers, found = reply.headers, []
    for name, value in EVERYWHERE.items():
        # A link's secret goes in no header at all, not even to ourselves.
        if headers.get(name) != value and (name, headers.get(name)) != ("referrer-policy", "no-referrer"):
            found.append(f"{name}: {headers.get(name)}")
    policy = headers.get("content-security-policy", "")
    is_pdf = headers.get("content-type") == "application/pdf"  # browsers' own viewers choke on more
    if "unsafe" in policy or "*" in policy or "http" in policy or ("default-src 'none'" not in policy and not is_pdf):
        found.append(f"policy: {policy}")
    for rule in (
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action ",
        *([] if is_pdf else ["object-src 'none'"]),
    ):
        if rule not in policy:
            found.append(f"policy without {rule}: {policy}")
    if "text/html" in headers.get("content-type", ""):
        for rule in ("script-src 'self';", "require-trusted-types-for 'script'", "trusted-types "):
            if rule not in f"{policy};":
                found.append(f"page's policy without {rule}: {policy}")
    elif "content-type" in headers and "javascript" not in headers["content-type"] and "script-src" in policy:
        found.append(f"a policy for pages, on what is none: {policy}")
    powers = headers.get("permissions-policy", "")
    microphone = "microphone=(self)" if path.startswith("/app/") else "microphone=()"  # where a note may be spoken
    if "camera=()" not in powers or microphone not in powers:
        found.append(f"powers: {powers}")
    kept = headers.get("cache-control", "")
    if path.startswith(FOR_ALL) and reply.status_code < 400:
        known = "public" in kept or "no-store" in kept
    elif path.startswith(ASKED_AGAIN):
        known = kept in {"no-cache", "no-store"}
    else:
        known = "no-store" in kept or "private" in kept
    if not known:
        found.append(f"kept: {kept}")
    if ("strict-transport-security" in headers) != https:
        found.append(f"https: {headers.get('strict-transport-security')}")
    return found


def test_every_route_answers_nobody_somebody_and_a_coordinator_with_all_headers(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser]
) -> None:
    lacking = []
    statuses = set()
    nobody, somebody = Browser(stage), signed_in("coordinator", "Aalborg Kommune")
    for browser, accept in ((nobody, "text/html"), (nobody, "application/json"), (somebody, "text/html")):
        for method, path, reply in asked(browser, filled, {"Accept": accept} | LIES):
            assert "evil.example" not in reply.text + str(reply.headers), (method, path)
            statuses.add(reply.status_code)
            lacking += [(method, path, reply.status_code, what) for what in wrong(reply, path)]
    assert not lacking
    assert statuses >= {200, 303, 308, 401, 403, 404, 405, 422}


class TestBehindHttps:
    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {"base_url": "https://testserver"}

    def test_browsers_come_back_over_https_alone_and_every_cookie_is_bound_to_this_host(
        self, stage: Stage, add: Callable[..., str], key_of: Callable[..., dict[str, str]]
    ) -> None:
        browser = Browser(stage)
        browser.base_url = "https://testserver"
        key = urlsplit(add("ida@kommune.example", "coordinator", "Aalborg Kommune")).query.partition("key=")[2]
        said = [
            browser.get("/app/"), browser.get("/nowhere"), browser.post("/sign-in", data={"email": "x@y.example"}),
            browser.post("/language", data={"language": "en"}), browser.post("/sign-in/passkey/challenge"),
            browser.post("/sign-in/link", data={"key": key}), browser.get("/"), browser.post("/sign-out"),
        ]  # fmt: skip
        cookies = [cookie for reply in said for cookie in reply.headers.get_list("set-cookie")]
        assert len(cookies) >= 3
        for cookie in cookies:
            assert cookie.startswith("__Host-tryg_")
            for flag in ("; Secure", "; HttpOnly", "; SameSite=lax", "; Path=/"):
                assert flag.lower() in cookie.lower(), cookie
            assert "domain" not in cookie.lower()
        for reply in said:
            assert reply.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert said[6].status_code == 200, "the session is in"
        assert browser.get("/").status_code == 303, "signed out"


def test_an_answer_that_failed_has_them_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("app.access.routes._page", broken)
    reply = Browser(stage).get("/sign-in")
    assert reply.status_code == 500
    assert not wrong(reply, "/sign-in")
    assert "broken" not in reply.text


def test_no_answer_lets_another_site_read_it(stage: Stage, filled: dict[str, str]) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    walk = f"/api/v1/walks/{filled['walk_id']}"
    for path in ("/", "/sign-in", "/app/", "/sw.js", walk, f"{walk}/changes", "/r/ingen", "/openapi.json"):
        for method in ("GET", "OPTIONS"):
            reply = Browser(stage).request(method, path, headers=asking)
            assert not [name for name in reply.headers if name.startswith("access-control-")], (method, path)


def test_there_is_no_security_txt_where_nobody_is_named(stage: Stage) -> None:
    assert stage.http.get("/.well-known/security.txt").status_code == 404


class TestWithAContact:
    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {"security_contact": "https://kommune.example/sikkerhed"}

    def test_it_says_where_a_hole_is_reported_and_until_when_that_holds(self, stage: Stage, clock: Clock) -> None:
        for moment, until in ((datetime(2026, 11, 26, tzinfo=UTC), "2027-05"), (datetime(2026, 6, 30, tzinfo=UTC), "2026-12"),
                              (datetime(2026, 12, 31, tzinfo=UTC), "2027-06"), (datetime(2027, 1, 1, tzinfo=UTC), "2027-07")):  # fmt: skip
            clock.moment = moment
            said = stage.http.get("/.well-known/security.txt").text.splitlines()
            assert said[0] == "Contact: https://kommune.example/sikkerhed"
            assert said[1] == f"Expires: {until}-01T00:00:00Z"
            assert said[3] == "Canonical: http://testserver/.well-known/security.txt"


@pytest.mark.parametrize(
    "wrong_setting",
    [{"trusted_proxies": "*"}, {"trusted_proxies": "10.0.0.1, proxy.example"}, {"security_contact": "us@kommune.example"},
     {"security_contact": "https://a.example/\nExpires: never"}],
)  # fmt: skip
def test_a_setting_that_would_open_something_stops_the_start(wrong_setting: dict[str, str]) -> None:
    with pytest.raises(WrongSetting, match=f"TRYG_{next(iter(wrong_setting)).upper()} must"):
        load(**wrong_setting)


def test_proxies_are_addresses_and_networks() -> None:
    assert load(trusted_proxies="127.0.0.1, ::1,10.0.0.0/8").trusted_proxies
