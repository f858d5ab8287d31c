"""A sign-in that nobody uses: said before it ends and when it has, in a real browser whose clock is wound on; nothing typed is lost."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.running import Server

MINUTES = 5  # as the server is told
SOON, OVER = "Du bliver logget ud om lidt.", "Du er logget ud."


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that ends sign-ins early, and the live page of a walk that goes on."""
    server = Server(tmp_path_factory.mktemp("awake") / "var", TRYG_SESSION_IDLE_MINUTES=str(MINUTES)).start()
    walk = server.tryg("walk", "create", "--title", "Aftentur")
    yield server, f"{server.url}/walks/{walk['walk_id']}/live"
    server.stop()


def come_in(page: Page, server: Server) -> None:
    page.goto(server.tryg("user", "add", "ida@kommune.example", "--role", "admin")["sign_in_url"])
    page.get_by_role("button", name="Log ind", exact=True).click()
    page.wait_for_url(f"{server.url}/")


def test_one_is_told_before_and_stays_by_a_button_and_after_the_end_nothing_typed_is_lost(
    page: Page, hasty: tuple[Server, str]
) -> None:
    server, _live = hasty
    page.clock.install()
    come_in(page, server)
    page.goto(f"{server.url}/people")
    page.get_by_label("Personens e-mail").fill("nina@kommune.example")
    told = page.locator("#awake")
    expect(told).to_be_hidden()
    page.clock.run_for((MINUTES - 1) * 60_000)
    expect(told).to_contain_text(SOON)
    with page.expect_response("**/account/presence") as answer:
        told.get_by_role("button", name="Bliv logget ind").click()
    assert answer.value.status == 204
    expect(told).to_be_hidden()

    beside = page.context.new_page()
    beside.goto(f"{server.url}/account")
    beside.get_by_role("button", name="Log ud alle steder").click()
    beside.wait_for_url(f"{server.url}/sign-in")
    page.clock.run_for((MINUTES + 1) * 60_000)
    expect(told).to_contain_text(OVER)
    come_in(beside, server)
    expect(told).to_be_hidden()
    expect(page.get_by_label("Personens e-mail")).to_have_value("nina@kommune.example")


def test_an_open_live_page_keeps_the_sign_in_and_another_open_page_does_not(
    page: Page, hasty: tuple[Server, str]
) -> None:
    server, live = hasty
    page.clock.install()
    come_in(page, server)
    heard = list[str]()
    page.on("request", lambda asked: heard.append(asked.method) if asked.url.endswith("/account/presence") else None)
    page.goto(live)
    page.clock.run_for(3 * MINUTES * 60_000)
    expect(page.locator("#awake")).to_be_hidden()
    assert heard.count("POST") >= 6, heard
    page.goto(f"{server.url}/account")
    heard.clear()
    page.clock.run_for((MINUTES + 1) * 60_000)
    expect(page.locator("#awake")).to_contain_text(SOON)  # the server's own clock was not wound on
    assert "POST" not in heard
