"""A group is split into teams by the keyboard, and a walker chooses one on the phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.access import people, signin
from app.db import Database
from app.models import Stop, Walk
from app.walks import walks
from tests.browser.reading import assert_readable
from tests.photos.pictures import until
from tests.running import Server


@pytest.fixture
def walk(shared_server: Server) -> Iterator[Walk]:
    db = Database(shared_server.database)
    stops = [
        Stop(walk_id="", number=number, name=name) for number, name in enumerate(("Kilden", "Tunnelen", "Torvet"), 1)
    ]
    with db.write() as tx:
        made = walks.create(tx, "Aftenvandring", stops=stops)
    yield made
    db.close()


@pytest.fixture
def desk(page: Page, shared_server: Server, walk: Walk) -> Page:
    """The page of the walk's teams, of a coordinator."""
    db = Database(shared_server.database)
    with db.write() as tx:
        link = signin.new_link(tx, people.add(tx, "ida@kommune.example", "coordinator"), shared_server.url)
    db.close()
    page.goto(link)
    page.get_by_role("button", name="Log ind", exact=True).click()
    page.wait_for_url(f"{shared_server.url}/")
    page.goto(f"{shared_server.url}/walks/{walk.id}/teams")
    return page


def reloaded(page: Page) -> str:
    page.reload()
    return page.content()


def test_a_team_has_its_own_order_and_a_walker_chooses_it(
    desk: Page, browser: Browser, browser_context_args: dict[str, Any], shared_server: Server, walk: Walk
) -> None:
    desk.get_by_label("Hvor mange hold?").fill("2")
    desk.get_by_role("button", name="Del gruppen").press("Enter")
    first = desk.locator(".teams-list > li").first
    first.get_by_label("Holdets navn").fill("Nord")
    first.get_by_text("Ændr rækkefølgen").press("Enter")
    first.get_by_role("button", name="Begynd her, 3. Torvet").press("Enter")
    north = desk.locator(".teams-list > li:target")  # where it stands by its new name
    expect(north.get_by_label("Holdets navn")).to_have_value("Nord")
    expect(north.get_by_text("3 → 1 → 2")).to_be_visible()
    north.get_by_role("button", name="Ned, 1. Kilden").press("Enter")
    expect(north.get_by_text("3 → 2 → 1")).to_be_visible()
    with browser.new_context(**browser_context_args) as context:
        phone = context.new_page()
        phone.goto(f"{shared_server.url}/app/?walk={walk.code}")
        phone.get_by_role("button", name="Gå med").click()
        expect(phone.locator(".stops li b")).to_have_text(["Kilden", "Tunnelen", "Torvet"])
        phone.get_by_label("Mit hold").select_option("Nord")
        expect(phone.locator(".stops li b")).to_have_text(["Torvet", "Tunnelen", "Kilden"])
        until(lambda: "1 har valgt det" in reloaded(desk))


@pytest.mark.once
@pytest.mark.parametrize(("scheme", "language"), [("light", "da"), ("dark", "en")])
def test_axe_finds_nothing_wrong_and_nothing_needs_sideways_scrolling(desk: Page, scheme: Any, language: str) -> None:
    desk.emulate_media(color_scheme=scheme)
    for step in ("empty", "split"):
        if step == "split":
            desk.get_by_role("button", name="Del gruppen").click()
            if language == "en":
                desk.get_by_role("button", name="Menu").click()  # it is narrow since the step before
                desk.get_by_role("button", name="English").click()
            desk.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert_readable(desk, step)
