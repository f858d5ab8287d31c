"""A script that once could not be fetched: some browsers do not ask for it again as long as the page lives.

Chromium and WebKit do, so that a network stands in for those that do not: it fails until the page begins anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.mapped import planned_with_map
from tests.browser.walking import Evening, Planned
from tests.running import Server

pytestmark = pytest.mark.once


class OnlyOnce:
    """A browser that never asks again for a script that failed, as long as its page lives; `fails`: the scripts do."""

    def __init__(self, page: Page) -> None:
        self.fails, self.pages = False, 0
        page.route(
            re.compile(r"/(later|pocket)-[^/]*\.js"), lambda route: route.abort() if self.fails else route.continue_()
        )
        page.route(re.compile(r"/app/(?!assets/)"), self._begin)  # workers' files lie within the app

    def _begin(self, route: Route) -> None:
        self.fails = False
        self.pages += 1
        route.continue_()


@pytest.fixture
def unkept(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A page of a browser that keeps no app."""
    context = browser.new_context(**browser_context_args, service_workers="block")
    yield context.new_page()
    context.close()


def test_a_screen_that_failed_once_comes_when_it_is_asked_for_again_and_the_draft_stays(
    planned: Planned, unkept: Page
) -> None:
    once = OnlyOnce(unkept)
    evening = Evening(planned, unkept).join()
    evening.begin("Utryg").write("Ord, der ikke må gå tabt").page.get_by_role("link", name="Luk").click()
    once.fails = True
    for _ in range(2):
        unkept.context.set_offline(True)
        unkept.get_by_role("link", name="Kort", exact=True).click()
        expect(evening.said).to_contain_text("Der er ikke net lige nu.")
    assert once.pages == 1, "without a network the page stays"
    unkept.context.set_offline(False)
    unkept.get_by_role("link", name="Kort", exact=True).click()
    expect(unkept.locator(".map[data-state=drawn]")).to_be_visible()
    assert once.pages == 2
    unkept.get_by_role("link", name="Rute", exact=True).click()
    unkept.get_by_role("link", name="Skriv videre").click()
    expect(unkept.get_by_role("textbox", name="Note", exact=True)).to_have_value("Ord, der ikke må gå tabt")


def test_what_looks_after_the_map_comes_when_the_network_is_back(
    mapped: Server,
    unkept: Page,
    tmp_path: Path,
) -> None:
    once = OnlyOnce(unkept)
    night = Evening(planned_with_map(mapped, tmp_path), unkept)
    unkept.goto(night.walk["join_url"])
    once.fails = True
    night.button("Gå med").click()
    kit = unkept.locator(".ready")
    expect(kit).to_contain_text(
        "Kortet er her ikke endnu. Noter klarer sig uden. Det bliver hentet, så snart der er net."
    )
    unkept.route("**/healthz", lambda route: route.abort())
    unkept.evaluate("void setInterval(() => dispatchEvent(new Event('online')), 300)")
    for _ in range(2):  # the second is asked when the first is known to have failed
        unkept.wait_for_event("requestfailed", lambda request: "healthz" in request.url)
    assert once.pages == 1
    unkept.unroute("**/healthz")
    expect(kit).to_contain_text("Kortet er ved at blive hentet")
    expect(kit).not_to_contain_text("Kortet er her ikke endnu.")
    assert once.pages == 2
