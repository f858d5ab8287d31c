"""Another site's page cannot act through the browser of somebody who is signed in here: every route that changes anything."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.access import signin
from app.access.guards import secret_hash
from app.models import Partner, PartnerLink, SignIn, User, now
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.security.everything import everything

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What the browser says of a page elsewhere; the last as an old browser says it.
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
]
JOINING = "/api/v1/participants/{participant_id}"  # by the walk's code; it looks at no cookie
SHARING = "/app/share"  # from the phone's other apps, where no service worker takes it; it looks at no cookie and keeps nothing
ROLES = ("coordinator", "admin", "partner")


@pytest.mark.parametrize("elsewhere", ELSEWHERE, ids=["cross-site", "same-site", "opaque"])
def test_no_form_of_another_site_is_taken_by_any_route(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser], elsewhere: dict[str, str]
) -> None:
    browsers = {role: signed_in(role, "Aalborg Kommune") for role in ROLES}
    wrong, refused = [], set()
    for method, path in everything(methods=CHANGES):
        if path in (JOINING, SHARING):
            continue
        answers = set()
        for role, browser in browsers.items():
            headers = {name: value for name, value in elsewhere.items() if value}
            browser.headers = {"Accept": "application/json", **headers}
            reply = browser.request(method, path.format_map(filled), data={"next": "/", "email": "a@b.example"})
            answers.add(reply.status_code)
            if reply.status_code not in {401, 403, 404} or "set-cookie" in reply.headers:
                wrong.append((method, path, role, reply.status_code))
        if 403 in answers:
            refused.add((method, path))
    assert not wrong
    # What phones send needs their secret in a header, which no other site's page can add.
    assert {path for method, path in set(everything(methods=CHANGES)) - refused if not path.startswith("/api/v1/")} == {
        SHARING
    }


def test_what_phones_send_is_not_taken_from_a_signed_in_browser_without_their_secret(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser]
) -> None:
    browser = signed_in("coordinator", "Aalborg Kommune")
    for method, path in everything(methods=CHANGES):
        if path.startswith("/api/v1/") and path != JOINING:
            reply = browser.request(method, path.format_map(filled), json={})
            assert reply.status_code == 401, (method, path)


SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks)", "Accept": "*/*"}


@pytest.mark.parametrize("kind", ["link", "letter"])
def test_a_mail_scanner_uses_up_no_link(stage: Stage, visitor: Browser, add: Any, kind: str) -> None:
    """It opens each link, with and without a browser's ways, many times; then the person comes."""
    link = add("ida@kommune.example", "coordinator", "Aalborg Kommune")
    if kind == "letter":
        with stage.db.write() as tx:
            ida = tx.exec(select(User).where(User.email == "ida@kommune.example")).one()
            link, _code = signin.new_letter(tx, ida, "http://testserver", b"k" * 32)
    for method in ("HEAD", "GET", "OPTIONS", "GET", "HEAD"):
        reply = Browser(stage).request(method, link, headers=SCANNER)
        assert "set-cookie" not in reply.headers
        assert reply.status_code in {200, 405}
    with stage.db.read() as tx:
        assert all(one.used_at is None for one in tx.exec(select(SignIn)).all())
    assert visitor.open_link(link) == "/"


def test_a_mail_scanner_uses_up_no_partners_link(stage: Stage, filled: dict[str, str]) -> None:
    secret = "s" * 43
    with stage.db.write() as tx:
        partner, made_by = tx.exec(select(Partner)).one(), tx.exec(select(User)).first()
        assert made_by
        tx.add(
            PartnerLink(
                partner_id=partner.id,
                created_by=made_by.id,
                secret_hash=secret_hash(secret),
                expires_at=now() + timedelta(days=9),
            )
        )
    for method in ("HEAD", "GET", "GET"):
        Browser(stage).request(method, f"/p/{secret}", headers=SCANNER)
    browser = Browser(stage)
    assert browser.get(f"/p/{secret}").headers["location"] == "/partner"
    assert browser.get("/partner").status_code == 200
