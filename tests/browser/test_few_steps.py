"""How few taps three tasks take, counted as they are made: a walker's first note, the next one, a coordinator's released report.

A tap is one press on what is on the screen; opening a link and writing nothing cost none. Nothing is reached by an address that
the page before does not offer.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.walking import Evening
from tests.running import Server


class Taps:
    """Presses, and counts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, *targets: Locator) -> None:
        for target in targets:
            target.click()
            self.made += 1


def the_note(night: Evening) -> tuple[Locator, Locator, Locator]:
    return (
        night.page.get_by_role("link", name="Ny note", exact=True),
        night.page.get_by_role("radio", name="Tryg", exact=True),
        night.button("Gem"),
    )


def test_from_the_invitation_to_the_first_saved_note_it_takes_at_most_five_taps(night: Evening) -> None:
    tap = Taps()
    night.page.goto(night.walk["join_url"])
    tap(night.page.get_by_role("button", name="Gå med", exact=True), *the_note(night))
    expect(night.said).to_contain_text("Gemt på telefonen")
    assert tap.made <= 5


def test_from_the_opened_app_to_a_saved_note_it_takes_at_most_three_taps_without_a_network_too(night: Evening) -> None:
    night.join().ready().offline()
    night.page.goto(night.url)
    tap = Taps()
    tap(*the_note(night))
    expect(night.said).to_contain_text("Gemt på telefonen")
    assert tap.made <= 3


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[Server, dict[str, Any]]]:
    """The demo walk as it comes, and what was printed with it."""
    server = Server(tmp_path / "var", TRYG_RATE_LIMITS="off")
    told = server.tryg("demo")
    yield server.start(), told
    server.stop()


def test_from_signing_in_to_the_demo_walks_released_report_it_takes_at_most_twelve_steps(
    demo: tuple[Server, dict[str, Any]], browser: Browser
) -> None:
    """Both persons' steps together: one asks for it, another reads and releases it."""
    _server, told = demo
    tap = Taps()
    first, second = (browser.new_context(locale="da-DK").new_page() for _ in range(2))
    first.goto(told["sign_in_url"])
    tap(first.get_by_role("button", name="Log ind", exact=True))
    tap(first.get_by_role("link", name="Udgaver", exact=True))
    tap(first.get_by_role("button", name="Bed om frigivelse"))
    expect(first.get_by_role("link", name=re.compile("^Åbn udgave"))).to_be_visible()
    second.goto(told["second_sign_in_url"])
    tap(second.get_by_role("button", name="Log ind", exact=True))
    expect(second.locator("#reading [type=checkbox]").first).to_be_visible()
    tap(*second.locator("#reading [type=checkbox]").all())
    tap(second.get_by_role("button", name=re.compile("^Frigiv udgave")))
    expect(second.get_by_text("Alle kan læse den", exact=True)).to_be_visible()
    print(f"{tap.made} steps")
    assert tap.made <= 12
    for page in (first, second):
        page.context.close()
