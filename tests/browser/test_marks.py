"""Residents mark places in a browser: by a tap, by their position or by a stop; what they put they can take back."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.access import people, signin
from app.db import Database
from app.models import Stop, Walk
from app.walks import walks
from tests.browser.reading import assert_readable
from tests.running import Server


@dataclass
class Marked:
    """A planned walk that takes marks."""

    server: Server
    db: Database
    walk: Walk

    @property
    def url(self) -> str:
        return f"{self.server.url}/marks/{self.walk.code}"

    def sign_in(self, page: Page) -> None:
        with self.db.write() as tx:
            link = signin.new_link(tx, people.add(tx, "ida@kommune.example", "coordinator"), self.server.url)
        page.goto(link)
        page.get_by_role("button", name="Log ind", exact=True).click()
        page.wait_for_url(f"{self.server.url}/")


@pytest.fixture
def marked(shared_server: Server) -> Iterator[Marked]:
    db = Database(shared_server.database)
    stops = [Stop(walk_id="", number=1, name="Kilden", lat=57.040, lon=9.980),
             Stop(walk_id="", number=2, name="Tunnelen", lat=57.042, lon=9.984)]  # fmt: skip
    with db.write() as tx:
        walk = walks.create(tx, "Aftenvandring", planned=True, stops=stops, marks_open=True)
    yield Marked(shared_server, db, walk)
    db.close()


@pytest.fixture
def resident(marked: Marked, page: Page) -> Page:
    page.goto(marked.url)
    return page


def mine(page: Page) -> Any:
    return page.locator("#mine li")


def put(page: Page, valence: str) -> None:
    page.get_by_label(valence, exact=True).check()
    page.get_by_role("button", name="Sæt mærket").click()
    expect(page.get_by_role("status").filter(has_text="Dit mærke er på kortet.")).to_be_visible()


def test_a_tap_on_the_map_puts_a_mark_that_can_be_taken_back_after_a_reload(resident: Page) -> None:
    expect(resident.locator("tryg-map[state=drawn] canvas")).to_be_visible()
    box = resident.locator("tryg-map canvas").bounding_box()
    assert box
    resident.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    expect(resident.get_by_label("Eller bredde- og længdegrad")).to_have_value(re.compile(r"57\.04\d+, 9\.98\d+"))
    expect(resident.locator(".map-chosen")).to_be_visible()
    resident.get_by_label("Et par ord").fill("Ingen lys.")
    put(resident, "Utryg")
    expect(resident.locator(".map-chosen")).to_have_count(0)
    expect(resident.get_by_text("1 mærke", exact=True)).to_be_visible()
    resident.reload()
    expect(mine(resident)).to_have_count(1)
    with resident.expect_download() as download:
        resident.get_by_role("button", name="Hent dem som fil").click()
    [taken] = json.loads(download.value.path().read_text("utf-8"))["marks"]
    assert (taken["note"], taken["valence"]) == ("Ingen lys.", "unsafe")
    expect(resident.get_by_role("status").filter(has_text="Filen har alt")).to_be_visible()
    mine(resident).get_by_role("button", name="Tag det tilbage").click()
    expect(resident.get_by_role("status").filter(has_text="Mærket er taget tilbage.")).to_be_visible()
    expect(mine(resident)).to_have_count(0)
    expect(resident.get_by_text("Ingen endnu.")).to_be_visible()


def test_a_stop_or_the_phones_position_will_do(resident: Page) -> None:
    resident.get_by_label("Ved et af stoppene").select_option("2. Tunnelen")
    put(resident, "Tryg")
    expect(mine(resident).first).to_contain_text("2. Tunnelen")
    resident.context.grant_permissions(["geolocation"])
    resident.context.set_geolocation({"latitude": 57.0401, "longitude": 9.9801})
    resident.get_by_role("button", name="Brug min position").click()
    expect(resident.get_by_text("Din position står nedenfor.")).to_be_visible()
    put(resident, "Utryg")
    expect(mine(resident)).to_have_count(2)
    expect(resident.get_by_text("2 mærker", exact=True)).to_be_visible()


def test_what_is_missing_is_said_beside_it_and_nothing_typed_is_lost(resident: Page) -> None:
    resident.get_by_label("Et par ord").fill("Ingen lys.")
    resident.get_by_role("button", name="Sæt mærket").click()
    expect(resident.get_by_text("Vælg, om her føles trygt eller utrygt.")).to_be_visible()
    expect(resident.get_by_text("Sig hvor: tryk på kortet")).to_be_visible()
    expect(resident.get_by_label("Et par ord")).to_have_value("Ingen lys.")


def test_a_mark_whose_answer_was_lost_is_there_once(resident: Page, marked: Marked) -> None:
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    resident.route(marked.url, lose, times=1)
    resident.get_by_label("Eller bredde- og længdegrad").fill("57.041, 9.981")
    resident.get_by_label("Utryg", exact=True).check()
    resident.get_by_role("button", name="Sæt mærket").click()
    expect(resident.get_by_role("status").filter(has_text="Intet net lige nu.")).to_be_visible()
    put(resident, "Utryg")
    expect(resident.get_by_text("1 mærke", exact=True)).to_be_visible()


def test_without_scripts_the_form_puts_the_mark(
    marked: Marked, browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    with browser.new_context(**browser_context_args, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(marked.url)
        page.get_by_label("Tryg", exact=True).check()
        page.get_by_label("Ved et af stoppene").select_option("1. Kilden")
        page.get_by_role("button", name="Sæt mærket").click()
        expect(page.get_by_text("Dit mærke er på kortet.")).to_be_visible()
        expect(page.get_by_text("1 mærke", exact=True)).to_be_visible()


def test_an_organiser_makes_a_stop_of_a_mark(resident: Page, marked: Marked) -> None:
    resident.get_by_label("Eller bredde- og længdegrad").fill("57.041, 9.981")
    resident.get_by_label("Et par ord").fill("Ingen lys.")
    put(resident, "Utryg")
    marked.sign_in(resident)
    resident.goto(f"{marked.server.url}/walks/{marked.walk.id}/plan")
    resident.get_by_role("link", name="Beboernes mærker").click()
    expect(resident.get_by_text("Ingen lys.")).to_be_visible()
    resident.get_by_role("button", name="Skjul").click()
    expect(resident.get_by_text("(1 skjult)")).to_be_visible()
    resident.get_by_role("button", name="Lav et stop her").click()
    expect(resident.locator("#stop-3").get_by_label("Sted på kortet")).to_have_value("57.041, 9.981")


@pytest.mark.once
@pytest.mark.parametrize(("scheme", "language"), [("light", "da"), ("dark", "en")])
def test_axe_finds_nothing_wrong_and_nothing_needs_sideways_scrolling(
    resident: Page, marked: Marked, scheme: Any, language: str
) -> None:
    resident.emulate_media(color_scheme=scheme)
    resident.get_by_label("Eller bredde- og længdegrad").fill("57.041, 9.981")
    resident.get_by_label("Et par ord").fill("Etmegetlangtordudenmellemrum" * 6)
    put(resident, "Utryg")
    marked.sign_in(resident)
    if language == "en":
        resident.get_by_role("button", name="Menu", exact=True).click()
        resident.get_by_role("button", name="English").click()
    for address in (marked.url, f"{marked.server.url}/walks/{marked.walk.id}/marks"):
        resident.goto(address)
        expect(resident.locator("tryg-map[state=drawn] canvas")).to_be_visible()
        resident.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert_readable(resident, address)
