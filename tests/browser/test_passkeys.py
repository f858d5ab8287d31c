"""Passkeys in a real Chromium with its virtual authenticator: added, used, removed; copies and refusals let nobody in."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, Page, expect
from sqlmodel import select

from app.access import people, signin
from app.db import Database
from app.models import Passkey
from tests.phone import new_id
from tests.running import Server


@pytest.fixture(scope="module")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a name: browsers bind passkeys to names, never to numbers."""
    server = Server(tmp_path_factory.mktemp("passkeys") / "var", TRYG_RATE_LIMITS="off")
    server.url = server.url.replace("127.0.0.1", "localhost")
    server.environment["TRYG_BASE_URL"] = server.url
    server.start()
    yield server
    server.stop()


class Desk:
    """Somebody's page with an authenticator that holds passkeys and asks for no finger."""

    def __init__(self, page: Page, server: Server, email: str = "") -> None:
        self.page, self.server, self.email = page, server, email or f"{new_id()}@kommune.example"
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.device = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def held(self) -> list[dict[str, Any]]:
        return self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.device})["credentials"]  # type: ignore[no-any-return]

    def sign_in_by_link(self, email: str = "") -> None:
        db = Database(self.server.database)
        with db.write() as tx:
            link = signin.new_link(tx, people.add(tx, email or self.email, "coordinator"), self.server.url)
        db.close()
        self.page.goto(link)
        self.page.get_by_role("button", name="Log ind", exact=True).click()
        self.page.wait_for_url(f"{self.server.url}/")

    def add(self, name: str = "") -> None:
        self.page.goto(f"{self.server.url}/account")
        if name:
            self.page.get_by_label("Enhedens navn").fill(name)
        self.page.get_by_role("button", name="Tilføj adgangsnøgle").click()

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Menu", exact=True).click()
        self.page.get_by_role("banner").get_by_role("button", name="Log ud", exact=True).click()
        self.page.wait_for_url(f"{self.server.url}/sign-in")

    def use(self) -> None:
        self.page.get_by_role("button", name="Log ind med adgangsnøgle").click()


@pytest.fixture
def desk(page: Page, named_server: Server) -> Desk:
    return Desk(page, named_server)


@pytest.fixture
def with_passkey(desk: Desk) -> Desk:
    """Somebody who has added a passkey, and signed out."""
    desk.sign_in_by_link()
    desk.add()
    expect(desk.page.get_by_role("button", name="Fjern adgangsnøglen")).to_be_visible()
    desk.sign_out()
    return desk


def post(page: Page, path: str, body: Any) -> tuple[int, Any]:
    """What the server says to a call that the page makes."""
    call = """async ([path, body]) => { const r = await fetch(path, {method: "POST", body: JSON.stringify(body)});
        return [r.status, await r.json()]; }"""
    status, told = page.evaluate(call, [path, body])
    return status, told


def test_a_passkey_is_added_named_used_and_removed(desk: Desk) -> None:
    page = desk.page
    desk.sign_in_by_link()
    desk.add("Idas telefon")
    expect(page.get_by_text("Idas telefon")).to_be_visible()
    assert len(desk.held()) == 1
    desk.sign_out()
    page.goto(f"{desk.server.url}/sign-in?next=/account")
    desk.use()
    page.wait_for_url(f"{desk.server.url}/account")
    expect(page.get_by_text("Sidst brugt")).to_be_visible()
    page.get_by_role("button", name="Fjern adgangsnøglen Idas telefon").click()
    expect(page.get_by_text("Idas telefon")).to_have_count(0)
    desk.sign_out()
    desk.use()
    expect(page.get_by_role("alert")).to_contain_text("Adgangsnøglen kunne ikke bruges.")


def test_a_passkey_is_called_as_its_device_unless_somebody_says_otherwise(with_passkey: Desk) -> None:
    with_passkey.use()
    with_passkey.page.wait_for_url(f"{with_passkey.server.url}/")
    with_passkey.page.goto(f"{with_passkey.server.url}/account")
    expect(with_passkey.page.locator("#passkeys").get_by_text("Chrome, Linux").first).to_be_visible()


def test_the_same_device_is_not_added_twice(with_passkey: Desk) -> None:
    with_passkey.use()
    with_passkey.page.wait_for_url(f"{with_passkey.server.url}/")
    with_passkey.add()
    expect(with_passkey.page.get_by_text("Enheden har allerede en adgangsnøgle til dig.")).to_be_visible()


def test_whoever_is_not_recognised_by_their_device_does_not_come_in(with_passkey: Desk) -> None:
    verified = {"authenticatorId": with_passkey.device, "isUserVerified": False}
    with_passkey.cdp.send("WebAuthn.setUserVerified", verified)
    with_passkey.use()
    expect(with_passkey.page.get_by_role("alert")).to_contain_text("Ingen adgangsnøgle blev brugt.")
    with_passkey.page.goto(f"{with_passkey.server.url}/")
    expect(with_passkey.page).to_have_url(f"{with_passkey.server.url}/sign-in?next=%2F")


def test_a_copy_of_a_passkey_is_noticed_by_its_counter(with_passkey: Desk) -> None:
    for _time in range(2):
        with_passkey.use()
        with_passkey.page.wait_for_url(f"{with_passkey.server.url}/")
        with_passkey.sign_out()
    [copy] = with_passkey.held()
    where = {"authenticatorId": with_passkey.device}
    with_passkey.cdp.send("WebAuthn.removeCredential", where | {"credentialId": copy["credentialId"]})
    with_passkey.cdp.send("WebAuthn.addCredential", where | {"credential": copy | {"signCount": 1}})
    with_passkey.use()
    expect(with_passkey.page.get_by_role("alert")).to_contain_text("Adgangsnøglen kunne ikke bruges.")


def test_an_answer_lets_somebody_in_once_even_with_its_challenge_beside_it(with_passkey: Desk) -> None:
    page, made = with_passkey.page, list[dict[str, Any]]()
    page.route("**/sign-in/passkey", lambda route: (made.append(route.request.post_data_json), route.abort()))
    with_passkey.use()
    expect(page.get_by_role("alert")).to_contain_text("Adgangsnøglen kunne ikke bruges.")
    page.unroute("**/sign-in/passkey")
    note = next(cookie for cookie in page.context.cookies() if cookie["name"] == "tryg_passkey")
    assert post(page, "/sign-in/passkey", made[0])[0] == 200
    with_passkey.page.goto(f"{with_passkey.server.url}/")
    with_passkey.sign_out()
    db = Database(with_passkey.server.database)
    with db.write() as tx:  # so that its counter does not give it away, as that of many passkeys does not
        for held in tx.exec(select(Passkey)).all():
            held.sign_count = 0
    db.close()
    assert post(page, "/sign-in/passkey", made[0])[0] == 422  # the note was taken back
    page.context.add_cookies([note])  # type: ignore[list-item]
    assert post(page, "/sign-in/passkey", made[0])[0] == 422
    page.goto(f"{with_passkey.server.url}/")
    expect(page).to_have_url(f"{with_passkey.server.url}/sign-in?next=%2F")


def test_a_challenge_that_somebody_began_adds_no_passkey_to_somebody_else(desk: Desk) -> None:
    desk.sign_in_by_link()
    desk.page.goto(f"{desk.server.url}/account")
    made: list[dict[str, Any]] = []
    desk.page.route("**/account/passkeys", lambda route: (made.append(route.request.post_data_json), route.abort()))
    desk.page.get_by_role("button", name="Tilføj adgangsnøgle").click()
    expect(desk.page.locator("#passkeys").get_by_role("alert")).to_be_visible()
    desk.page.unroute("**/account/passkeys")
    desk.page.goto(f"{desk.server.url}/account")
    desk.sign_out()
    bos = f"{new_id()}@kommune.example"
    desk.sign_in_by_link(bos)
    assert post(desk.page, "/account/passkeys", made[0])[0] == 422
    db = Database(desk.server.database)
    with db.read() as tx:
        bo = people.by_email(tx, bos)
        assert bo
        assert not tx.exec(select(Passkey).where(Passkey.user_id == bo.id)).all()
    db.close()


@pytest.mark.parametrize("answer", [{}, {"answer": {}}, {"answer": {"id": "x\0"}}, {"answer": {"id": "\ud800"}}, {"answer": "x"}, [], "x",
                                    {"answer": {"id": "AAAA", "rawId": "AAAA", "response": {}, "type": "public-key"}}])  # fmt: skip
def test_what_is_no_answer_gets_a_sentence(desk: Desk, answer: Any) -> None:
    desk.page.goto(f"{desk.server.url}/sign-in")
    assert post(desk.page, "/sign-in/passkey/challenge", {})[0] == 200
    status, told = post(desk.page, "/sign-in/passkey", answer)
    assert (status, bool(told["detail"])) == (422, True)
    desk.sign_in_by_link()
    assert post(desk.page, "/account/passkeys/challenge", {})[0] == 200
    assert post(desk.page, "/account/passkeys", answer)[0] == 422


def test_the_button_is_hidden_where_the_browser_knows_no_passkeys(page: Page, named_server: Server) -> None:
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{named_server.url}/sign-in")
    expect(page.get_by_label("Din e-mail")).to_be_visible()
    expect(page.get_by_role("button", name="Log ind med adgangsnøgle")).to_be_hidden()


def test_the_button_is_not_there_where_the_address_is_a_number(page: Page, shared_server: Server) -> None:
    page.goto(f"{shared_server.url}/sign-in")
    expect(page.get_by_role("button", name="Log ind med adgangsnøgle")).to_have_count(0)


def test_signing_out_everywhere_signs_out_the_other_browser_too(
    desk: Desk, browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    desk.sign_in_by_link()
    other = Desk(browser.new_context(**browser_context_args).new_page(), desk.server, desk.email)
    other.sign_in_by_link()
    other.page.goto(f"{desk.server.url}/account")
    expect(other.page.locator("#sessions li")).to_have_count(2)
    other.page.get_by_role("button", name="Log ud alle steder").click()
    other.page.wait_for_url(f"{desk.server.url}/sign-in")
    desk.page.goto(f"{desk.server.url}/account")
    expect(desk.page).to_have_url(f"{desk.server.url}/sign-in?next=%2Faccount")
    other.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_have_no_faults_that_a_machine_can_find_and_bear_large_text(desk: Desk, scheme: Any) -> None:
    page = desk.page
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{desk.server.url}/sign-in")
    look_at(page)
    page.goto(f"{desk.server.url}/sign-in?invited=yes")
    look_at(page)
    desk.sign_in_by_link()
    page.goto(f"{desk.server.url}/walks/new")
    page.get_by_label("Navn på vandringen").fill("Aftenvandring")
    page.get_by_role("button", name="Videre til planen").click()
    page.get_by_role("link", name="Hvem leder den?").click()
    expect(page.get_by_role("button", name=f"Tag af vandringen: {desk.email}")).to_be_visible()
    look_at(page)
    for path in ("/account", "/people"):
        page.goto(f"{desk.server.url}{path}")
        look_at(page)


def look_at(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    for width, size in ((320, "100%"), (390, "200%")):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", size)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")


def test_somebody_is_invited_and_a_role_taken_away_and_given_back_with_the_keyboard_alone(desk: Desk) -> None:
    page = desk.page
    desk.sign_in_by_link()
    page.goto(f"{desk.server.url}/people")
    guest = f"{new_id()}@samraad.example"
    page.get_by_label("Personens e-mail").press_sequentially(guest)
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Arrangør planlægger")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Send invitationen").press("Enter")
    row = page.get_by_role("row").filter(has_text=guest)
    expect(row).to_contain_text("Arrangør")
    page.get_by_role("button", name=f"Tag væk fra {guest}: Arrangør").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Rollen er taget væk.")
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Fortryd").press("Enter")
    expect(row).to_contain_text("Arrangør")
