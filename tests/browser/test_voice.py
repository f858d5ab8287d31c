"""A walker speaks instead of writing: real recordings of a made-up microphone, offline, through a closed tab, up to the server."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserType, Page, expect

from tests.browser.test_plan import sign_in
from tests.browser.walking import Evening, Planned

MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
def loud(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    planned: Planned,
) -> Iterator[Evening]:
    """A walker whose phone has a microphone that beeps, and has joined."""
    arguments = [*browser_type_launch_args.get("args", []), *MICROPHONE]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": arguments})
    page = browser.new_context(**browser_context_args).new_page()
    night = Evening(planned, page)
    night.page.context.grant_permissions(["geolocation", "microphone"])
    yield night.join().ready()
    browser.close()


def speak(night: Evening, seconds: int = 2) -> None:
    night.button("Indtal i stedet for at skrive").click()
    expect(night.page.get_by_role("timer")).to_contain_text(f"{seconds} af 60 sekunder")


def player(page: Page, number: int = 1) -> Any:
    return page.locator(f'audio[aria-label="Optagelse {number}"]')


def held(night: Evening) -> list[tuple[str, str, float, int]]:
    """(type, state, seconds, bytes) of the recordings that the server knows."""
    return night.server.rows("SELECT type, state, seconds, bytes FROM photo WHERE seconds IS NOT NULL ORDER BY id")


def test_what_is_said_offline_is_heard_again_saved_and_arrives(loud: Evening) -> None:
    before = len(held(loud))
    loud.offline().begin("Utryg")
    speak(loud)
    loud.button("Stop optagelsen").click()
    expect(player(loud.page)).to_be_visible()
    loud.page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    loud.save().offline(False)
    loud.wait(lambda: [row[1] for row in held(loud)[before:]] == ["kept"])
    [(kind, _state, seconds, size)] = held(loud)[before:]
    assert kind == "audio/webm"
    assert 1.5 <= seconds <= 6
    assert 1000 < size < 100_000


def test_save_in_the_middle_of_a_word_stops_first_and_loses_nothing(loud: Evening) -> None:
    before = len(held(loud))
    loud.begin("Tryg")
    speak(loud, 3)
    loud.save()
    loud.wait(lambda: [row[1] for row in held(loud)[before:]] == ["kept"])
    assert held(loud)[before:][0][2] >= 2.5


def test_what_was_said_before_the_phone_died_is_in_the_draft(loud: Evening) -> None:
    loud.begin("Utryg")
    speak(loud, 5)
    url, context = loud.url, loud.page.context
    loud.page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(f"{url}#/note/new")
    expect(player(page)).to_be_visible()
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")


def test_a_recording_is_taken_out_and_back_and_a_deleted_note_takes_it_along(loud: Evening) -> None:
    before = len(held(loud))
    loud.begin("Utryg")
    for number in (1, 2):
        speak(loud)
        loud.button("Stop optagelsen").click()
        expect(player(loud.page, number)).to_be_visible()
    take_out = loud.page.locator(".spoken button")
    take_out.first.click()
    expect(player(loud.page, 2)).to_have_count(0)
    loud.button("Fortryd").click()
    expect(player(loud.page, 2)).to_be_visible()
    take_out.last.click()
    loud.save()
    loud.wait(lambda: len(held(loud)) == before + 1)
    loud.page.wait_for_timeout(300)
    assert len(held(loud)) == before + 1


def test_without_a_microphone_one_is_told_what_to_do_and_goes_on_writing(night: Evening) -> None:
    night.join().ready().begin("Utryg")
    night.button("Indtal i stedet for at skrive").click()
    expect(night.page.get_by_text("Mikrofonen kan ikke bruges.")).to_be_visible()
    night.write("Det regner.").save()
    night.received_at_last("Det regner.", 1)


def test_a_reviewer_listens_and_writes_down_what_is_said(loud: Evening, page: Page) -> None:
    loud.begin("Utryg")
    speak(loud)
    loud.save()
    loud.wait(lambda: "kept" in [row[1] for row in held(loud)])
    sign_in(page, loud.server, "ida@kommune.example")
    page.goto(f"{loud.server.url}/walks/{loud.walk['walk_id']}/review?lane=recordings")
    page.locator("audio").evaluate("(audio) => { audio.preload = 'auto'; audio.load(); }")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    page.get_by_label("Det, der bliver sagt").fill("Lampen ved tunnelen blinker.")
    page.get_by_role("button", name="Gem det nedskrevne").click()
    expect(page.get_by_role("status")).to_contain_text("Optagelsen er skrevet ned")
    loud.received_at_last("Lampen ved tunnelen blinker.", 1)
