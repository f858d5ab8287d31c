"""Ten tabs and the installed app send each note once, and none of them can hold up the others for long."""

import time
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error

from tests.browser.pocket import Phone, picture
from tests.browser.test_sync import SENT, on_the_server, wait_until
from tests.running import Server

TABS = 11  # the installed app is one more page of the same origin


@pytest.fixture
def tabs(phone: Phone, context: BrowserContext, phone_on: Any, shared_server: Server) -> list[Phone]:
    """All of them opened, sending by themselves, with nothing left to do."""
    tabs = [phone, *(phone_on(context.new_page(), shared_server) for _ in range(TABS - 1))]
    for tab in tabs:
        tab.run("sync.start()")
    for tab in tabs:
        wait_until(tab, "sync.status().confirmed", 90)  # who comes late in the line looks again after a minute
    return tabs


def test_eleven_tabs_send_each_note_and_each_photo_once(tabs: list[Phone]) -> None:
    for number, tab in enumerate(tabs):
        tab.run("await save({note: given[0]}, [given[1]])", f"fra fane {number}", picture(colour=(number, 9, 9)))
    for tab in tabs:
        wait_until(tab, f"{SENT} && sync.status().confirmed")
    puts = [path for tab in tabs for kind in ("observations", "photos") for path in tab.paths(kind)]
    print(f"\n{TABS} tabs, {TABS} notes, {TABS} photos: {len(puts)} uploads")
    assert len(puts) == len(set(puts)) == 2 * TABS
    assert len(on_the_server(tabs[0])) == TABS


def stuck_in_an_upload(tabs: list[Phone], *notes: str) -> Phone:
    """Saves the notes in one tab; the tab whose turn it is hangs in the first upload from then on, and is returned."""
    stuck: list[Phone] = []

    def hang(tab: Phone) -> None:
        tab.page.route("**/api/v1/observations/*", lambda _never: stuck.append(tab))

    for tab in tabs:
        hang(tab)
    tabs[-1].run("for (const note of given) await save({note})", *notes)
    for _ in range(300):
        if stuck:
            break
        tabs[0].page.wait_for_timeout(100)
    for tab in tabs:
        if tab is not stuck[0]:
            tab.page.unroute("**/api/v1/observations/*")
    assert len(stuck) == 1, "one sends, the others wait"
    return stuck[0]


def test_the_queue_goes_on_at_once_when_the_tab_that_sends_is_closed_or_crashes(tabs: list[Phone]) -> None:
    for end in ("closed", "crashed"):
        busy = stuck_in_an_upload(tabs, f"{end} 1", f"{end} 2")
        tabs.remove(busy)
        if end == "closed":
            busy.page.close()
        else:
            with pytest.raises(Error):
                busy.page.goto("chrome://crash")
        began = time.monotonic()
        wait_until(tabs[0], SENT)
        print(f"\n{end}: the others went on within {time.monotonic() - began:.1f} s")
        assert time.monotonic() - began < 10
    notes = [note["note"] for note in on_the_server(tabs[0])]
    assert sorted(notes) == ["closed 1", "closed 2", "crashed 1", "crashed 2"]


def test_a_tab_that_hangs_is_waited_for_two_minutes_and_then_passed(tabs: list[Phone]) -> None:
    for tab in tabs[2:]:
        tab.page.close()
    del tabs[2:]
    busy = stuck_in_an_upload(tabs, "hænger")
    [awake] = [tab for tab in tabs if tab is not busy]
    wait_until(awake, "(await store.tally()).waiting === 1")
    awake.run("const later = Date.now() + given[0]; Date.now = () => later", 110_000)
    awake.run("document.dispatchEvent(new Event('visibilitychange'))")
    assert awake.phases() == ["saved"]
    awake.run("const later = Date.now() + given[0]; Date.now = () => later", 20_000)
    awake.run("document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(awake, SENT)
    assert len(awake.paths("observations")) == 1
    assert [note["note"] for note in on_the_server(awake)] == ["hænger"]
