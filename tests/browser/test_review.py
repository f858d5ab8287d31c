"""The review in a browser: 60 notes by the keyboard alone, on a phone by touch, without scripts, and two at once."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import assert_readable
from tests.browser.test_plan import sign_in
from tests.browser.walking import Planned, plan
from tests.phone import FIX, Phone, Picture, jpeg
from tests.photos.pictures import until

DESK = {"width": 1280, "height": 900}


@pytest.fixture
def walked(shared_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """A walk of one's own, so that its queue is one's own."""
    return plan(shared_server, tmp_path_factory.mktemp("review"))


@pytest.fixture
def noted(walked: Planned) -> Callable[..., Phone]:
    """Sends notes to that walk: `noted("first", "second", factors=[…])`, or so many with a number in their words."""

    def send(*said: str, pictures: int = 0, **content: Any) -> Phone:
        with httpx.Client(base_url=walked.server.url, timeout=30) as http:
            phone = Phone(http, walked.walk["code"]).join()
            stops = {stop["number"]: stop["id"] for stop in phone.walk["stops"]}
            for number, note in enumerate(said):
                shots = [Picture(jpeg(640, 480, (40, 90, 100 + number))) for _ in range(pictures)]
                phone.note(*shots, **{"stop_id": stops[number % 3 + 1], "note": note, **content})
            phone.sync()
            for shot in phone.pictures:
                address = f"{walked.server.url}/api/v1/photos/{shot}"
                until(lambda address=address: httpx.get(address, headers=phone.key).status_code == 200)
            return phone

    return send


@pytest.fixture
def review(page: Page, walked: Planned) -> Callable[..., Page]:
    def open_it(query: str = "", size: dict[str, int] = DESK) -> Page:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        sign_in(page, walked.server, "ida@kommune.example")
        page.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/review{query}")
        return page

    return open_it


def states(walked: Planned) -> dict[str, str]:
    address = f"{walked.server.url}/walks/{walked.walk['walk_id']}/report.geojson"
    answer = httpx.get(address, headers={"Authorization": f"Bearer {walked.key}"}).raise_for_status()
    return {one["properties"]["note"]: one["properties"]["review"] for one in answer.json()["features"]}


def test_sixty_notes_are_released_by_the_keyboard_alone(
    walked: Planned, noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted(*(f"Note nummer {number}." for number in range(60)))
    page = review()
    began = time.monotonic()
    for left in range(60, 0, -1):
        expect(page.get_by_role("link", name=f"Venter {left}")).to_be_visible()
        page.keyboard.press("f")
    expect(page.get_by_text("60 af 60 noter er gennemset")).to_be_visible()
    print(f"60 notes released by keys in {time.monotonic() - began:.1f} s")
    assert set(states(walked).values()) == {"released"}


def test_keys_go_on_hide_strike_rank_and_undo(
    walked: Planned, noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted("Den første", "Den anden", "Den tredje")
    page = review()
    keys, words = page.keyboard, lambda: page.locator("#note .words").first
    expect(words()).to_have_text("»Den første«")
    keys.press("j")
    expect(words()).to_have_text("»Den anden«")
    keys.press("k")
    expect(words()).to_have_text("»Den første«")
    keys.press("1")
    expect(page.locator("#queue [aria-current=true]").last).to_contain_text("prioritet 1")
    keys.press("s")
    expect(page.get_by_role("checkbox", name="Den", exact=True)).to_be_focused()
    keys.press("Tab")
    keys.press("Space")
    page.get_by_role("button", name="Streg kun over").click()
    expect(page.locator("mark.redacted")).to_have_count(1)
    keys.press("z")
    expect(words()).to_have_text("»Den første«")
    keys.press("h")
    expect(page.get_by_role("radio", name="Den handler om en person")).to_be_focused()
    keys.press("Enter")
    expect(words()).to_have_text("»Den anden«")
    assert "Den første" not in states(walked)
    keys.press("z")
    expect(words()).to_have_text("»Den første«")
    assert states(walked)["Den første"] == "waiting"


def test_notes_that_are_alike_are_merged_by_one_key_and_parted(
    walked: Planned, noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted("Mørkt i tunnelen", stop_id=None, fix=FIX, factors=["lighting.outage"])
    noted("Lyset virker ikke", stop_id=None, fix=FIX, factors=["lighting.outage"])
    page = review()
    expect(page.get_by_role("heading", name="1 note ligner")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="2 stemmer")).to_be_visible()
    assert sorted(states(walked).values()) == ["merged", "waiting"]
    page.get_by_role("button", name="Skil ad igen").click()
    expect(page.get_by_role("heading", name="1 note ligner")).to_be_visible()


def test_on_a_phone_a_note_with_a_name_is_struck_and_released_by_touch(
    walked: Planned, noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted("Peter Hansen har ringet om lampen.")
    noted("Bænken er god.", pictures=2)
    page = review("?lane=sensitive", {"width": 390, "height": 844})
    page.get_by_role("button", name="Streg over og frigiv", exact=True).tap()
    expect(page.get_by_role("status").first).to_contain_text("Frigivet")
    assert states(walked)["[…] har ringet om lampen."] == "released"
    page.get_by_role("link", name="Gå videre med billederne").tap()
    page.get_by_role("button", name="Godkend alle 2 billeder").tap()
    expect(page.get_by_text("Billedet er godkendt").first).to_be_visible()
    small = """() => [...document.querySelectorAll("main button, main .button, main a.chip, main summary, .queue a")]
      .filter(one => one.checkVisibility()).map(one => [one.textContent.trim(), one.getBoundingClientRect().height])
      .filter(([, height]) => height < 47.5)"""
    assert page.evaluate(small) == []


def test_the_map_and_the_place_of_the_list_stay_from_note_to_note(
    noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted(*(f"Note nummer {number}." for number in range(40)))
    page = review()
    page.evaluate("document.querySelector('tryg-map').mine = true; document.getElementById('queue').scrollTop = 300")
    before = page.locator("#note").bounding_box()
    page.keyboard.press("f")
    expect(page.get_by_role("link", name="Venter 39")).to_be_visible()
    assert page.evaluate("document.querySelector('tryg-map').mine")
    after = page.locator("#note").bounding_box()
    assert before
    assert after
    assert (before["x"], before["y"]) == (after["x"], after["y"]), "nothing jumps"


def test_two_at_once_see_each_others_work_and_overwrite_nothing(
    browser: Browser, browser_context_args: dict[str, Any], walked: Planned, noted: Callable[..., Phone],
    review: Callable[..., Page],
) -> None:  # fmt: skip
    noted("Den første", "Den anden")
    mine = review()
    theirs = browser.new_context(**{**browser_context_args, "viewport": DESK}).new_page()
    sign_in(theirs, walked.server, "bo@kommune.example")
    theirs.goto(mine.url)
    theirs.keyboard.press("h")
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_role("link", name="Venter 1")).to_be_visible()
    mine.get_by_role("button", name="Frigiv noten").click()
    expect(mine.get_by_role("alert")).to_contain_text("Noten er ændret, siden du åbnede den")
    expect(mine.get_by_role("alert")).to_contain_text("bo kl.")
    mine.keyboard.press("j")
    expect(mine.locator("#note .words").first).to_have_text("»Den anden«")
    theirs.get_by_role("button", name="Frigiv noten").click()
    expect(theirs.get_by_role("link", name="Venter 0")).to_be_visible()
    expect(mine.get_by_role("link", name="Venter 0")).to_be_visible()
    theirs.context.close()


def test_without_scripts_each_decision_is_a_form(
    browser: Browser, browser_context_args: dict[str, Any], walked: Planned, noted: Callable[..., Phone]
) -> None:
    noted("Den første", "Den anden")
    plain = browser.new_context(**browser_context_args, java_script_enabled=False).new_page()
    sign_in(plain, walked.server, "uden@kommune.example")
    plain.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/review")
    plain.get_by_role("button", name="Frigiv noten").click()
    expect(plain.locator("#note .words").first).to_have_text("»Den anden«")
    plain.locator("summary", has_text="Skjul").click()
    plain.get_by_role("button", name="Skjul noten").click()
    expect(plain.get_by_text("Her venter ikke noget.").first).to_be_visible()
    plain.get_by_role("button", name="Fortryd").click()
    expect(plain.locator("#note .words").first).to_have_text("»Den anden«")
    assert states(walked) == {"Den første": "released", "Den anden": "waiting"}
    plain.context.close()


def test_without_a_network_nothing_is_decided_and_it_is_said(
    walked: Planned, noted: Callable[..., Phone], review: Callable[..., Page]
) -> None:
    noted("Den første")
    page = review()
    page.context.set_offline(True)
    page.keyboard.press("f")
    expect(page.get_by_role("status").first).to_contain_text("Intet er afgjort")
    page.context.set_offline(False)
    page.keyboard.press("f")
    expect(page.get_by_text("1 af 1 note er gennemset")).to_be_visible()


@pytest.mark.once
@pytest.mark.parametrize(("scheme", "language"), [("light", "da"), ("dark", "en")])
def test_axe_finds_nothing_wrong_and_nothing_needs_sideways_scrolling(
    noted: Callable[..., Phone], review: Callable[..., Page], scheme: Any, language: str
) -> None:
    noted("Peter Hansen har ringet om lampen.", "Kort", "Uden billede", factors=["lighting.outage"], pictures=1)
    page = review("?lane=sensitive")
    page.emulate_media(color_scheme=scheme)
    if language == "en":
        page.get_by_role("button", name="English").click()
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert_readable(page, "review")
