"""Pages of people who sign in, without JavaScript: each is there to read, offers nothing that does nothing, and its forms work."""

import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from app.access import people, signin
from app.db import Database
from app.demo.walk import make
from app.schema import migrate_to_newest
from tests.running import Server

FILES = re.compile(
    r"\.(pdf|csv|ics|geojson|json|svg|xlsx|gpkg|zip|atom|txt|jpg|webp)$|/export|\.mvt$|/app/|^/api/|/sign-out"
)
# A button belongs to a form or unfolds something; what only a script understands is shown by that script.
USELESS = """() => [...document.querySelectorAll("button, [role=button]")]
  .filter((button) => button.checkVisibility() && !button.closest("form, details > summary") && !button.form && !button.popoverTargetElement)
  .map((button) => button.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demo walk: reviewed, with measures, answers and an edition."""
    server = Server(tmp_path_factory.mktemp("demo") / "var", TRYG_RATE_LIMITS="off")
    server.data.mkdir(parents=True)
    migrate_to_newest(server.settings)
    db = Database(server.database)
    make(db, server.vault, server.settings)
    db.close()
    yield server.start()
    server.stop()


@pytest.fixture
def plain(demo: Server, browser: Browser) -> Iterator[Page]:
    """The browser of a coordinator who is an administrator too, with JavaScript turned off."""
    db = Database(demo.database)
    with db.write() as tx:
        people.add(tx, "ida@kommune.example", "coordinator", cleared=True)
        link = signin.new_link(tx, people.add(tx, "ida@kommune.example", "admin"), demo.url)
    db.close()
    with browser.new_context(
        java_script_enabled=False, locale="da-DK", viewport={"width": 390, "height": 844}
    ) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Log ind", exact=True).click()
        page.wait_for_url(f"{demo.url}/")
        yield page


def kind(address: str) -> str:
    """Addresses that differ in ids and questions alone are of one kind."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+", "…", urlsplit(address).path)


def test_every_page_is_there_to_read_and_offers_nothing_that_does_nothing(plain: Page, demo: Server) -> None:
    waiting, seen, useless = [f"{demo.url}/"], {""}, {}
    while waiting:
        address = waiting.pop(0)
        if kind(address) in seen:
            continue
        seen.add(kind(address))
        answer = plain.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert plain.locator("h1").first.is_visible(), address
        assert len(plain.locator("main").inner_text()) > 80, address
        if idle := plain.evaluate(USELESS):
            useless[kind(address)] = idle
        for link in plain.locator("a[href]:not([download])").evaluate_all("(all) => all.map((one) => one.href)"):
            if link.startswith(demo.url) and not FILES.search(urlsplit(link).path):
                waiting.append(urldefrag(link)[0])
    assert len(seen) > 30
    assert not useless


def test_forms_are_sent_and_what_comes_back_says_so(plain: Page) -> None:
    plain.get_by_role("link", name="Planlæg en vandring").click()
    plain.get_by_label("Navn på vandringen").fill("Uden scripts")
    plain.get_by_role("button", name="Videre til planen").click()
    expect(plain.get_by_role("heading", name="Uden scripts")).to_be_visible()
    plain.get_by_label("Mødested").fill("Kilden")
    plain.get_by_role("button", name=re.compile("^Gem")).first.click()
    expect(plain.get_by_label("Mødested")).to_have_value("Kilden")
    plain.get_by_role("button", name="Åbn vandringen").click()
    plain.get_by_text("Luk vandringen").click()
    plain.get_by_role("button", name="Luk nu").click()
    expect(plain.get_by_role("button", name="Åbn igen")).to_be_visible()
    plain.get_by_role("button", name="Menu", exact=True).click()
    plain.get_by_role("button", name="English", exact=True).click()
    expect(plain.get_by_label("Meeting point")).to_have_value("Kilden")


def test_on_a_phone_the_top_is_one_row_with_everything_behind_one_button(plain: Page) -> None:
    top, menu = plain.get_by_role("banner"), plain.get_by_role("navigation", name="Hovedmenu")
    for width in (390, 320):
        plain.set_viewport_size({"width": width, "height": 640})
        box = top.bounding_box()
        assert box
        assert box["height"] < 70
        expect(menu).to_be_hidden()
        plain.get_by_role("button", name="Menu", exact=True).click()
        expect(menu.get_by_role("link", name="Vejledning")).to_be_in_viewport(ratio=1)
        expect(top.get_by_role("button", name="Log ud")).to_be_in_viewport(ratio=1)
        plain.keyboard.press("Escape")
        expect(menu).to_be_hidden()
    plain.set_viewport_size({"width": 1280, "height": 900})
    expect(menu).to_be_visible()
    expect(plain.get_by_role("button", name="Menu", exact=True)).to_be_hidden()
