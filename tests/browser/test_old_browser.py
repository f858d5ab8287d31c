"""A browser in which the app does not start: it says which ones work, and leads to help and to the paper form."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.running import Server

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
# What a browser of before would do: lack something, not understand the script, or not run it at all.
OLD: dict[str, Callable[[Page], Any]] = {
    "lacks what the app is made with": lambda page: page.add_init_script("delete globalThis.WeakMap"),
    "does not understand the script": lambda page: page.route(re.compile(r"/assets/app-[^/]*\.js$"), not_understood),
}


def not_understood(route: Route) -> None:
    route.fulfill(body="let of = #;", content_type="text/javascript")


def told(page: Page, url: str) -> None:
    page.goto(f"{url}/app/")
    help_ = page.get_by_role("link", name="Hjælp og papir")
    expect(help_).to_be_visible()
    expect(page.locator(".old")).to_have_css("opacity", "1")
    for name in ("Chrome 111", "Firefox 114", "Safari 16.4"):
        expect(page.locator("#screen")).to_contain_text(name)
    help_.click()
    expect(page.get_by_role("heading", name="En gammel telefon eller browser")).to_be_in_viewport()
    expect(page.locator("article")).to_contain_text("Så bed om papirskemaet")


@pytest.mark.parametrize("why", OLD)
def test_an_old_browser_is_told_which_ones_work_and_what_to_do_instead(
    page: Page, shared_server: Server, why: str
) -> None:
    OLD[why](page)
    told(page, shared_server.url)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_so_is_one_without_scripts(page: Page, shared_server: Server) -> None:
    page.goto(f"{shared_server.url}/app/")
    expect(page.get_by_role("link", name="Hjælp og papir")).to_be_visible()
    expect(page.locator("#screen")).to_contain_text("JavaScript")


def test_where_the_app_starts_nothing_of_it_is_seen(page: Page, shared_server: Server) -> None:
    page.goto(f"{shared_server.url}/app/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".old")).to_have_count(0)


def test_what_it_says_is_what_the_app_is_built_for() -> None:
    target = re.search(r"\btarget: \[(.+)\]", (ROOT / "vite.config.js").read_text("utf-8"))
    assert target
    versions = re.findall(r'"[a-z]+([\d.]+)"', target[1])
    for told_in in ("templates/walker/shell.html", "docs/guide/da/walker.md", "docs/guide/en/walker.md"):
        said = (ROOT / told_in).read_text("utf-8")
        assert all(re.search(rf"\b{re.escape(version)}\b", said) for version in versions), told_in
