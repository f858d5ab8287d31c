"""The walker's screens: the names people and screen readers find, the keyboard, contrast, size, and words for every change."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import STOPPED
from tests.browser.walking import Evening, Planned

pytestmark = pytest.mark.once

SCREENS = ("join", "walk", "question", "why", "pin", "blur", "notes", "map", "help")
TARGET = 48  # CSS pixels
AAA_ON_CAPTURE = {"color-contrast-enhanced": {"enabled": True}}


@pytest.fixture
def show(night: Evening, tmp_path: Path) -> Callable[[str], Page]:
    """Opens a screen by its name; the walker has joined and written one note, except on the first."""
    return lambda name: open_screen(night, name, tmp_path)


@pytest.fixture(scope="module", params=SCREENS)
def shown(
    request: pytest.FixtureRequest, planned: Planned, browser: Browser, browser_context_args: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Page]]:  # fmt: skip
    """A screen's name and a page on which it is open, for all tests that only look at it."""
    context = browser.new_context(**browser_context_args)
    stopped: list[str] = []
    context.on("console", lambda said: stopped.append(said.text) if STOPPED.search(said.text) else None)
    yield (
        request.param,
        open_screen(Evening(planned, context.new_page()), request.param, tmp_path_factory.mktemp("screen")),
    )
    context.close()
    assert not stopped


def open_screen(night: Evening, name: str, folder: Path) -> Page:
    page = night.page
    if name == "join":
        page.goto(night.url)
        expect(page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
        return page
    night.join()
    if name == "walk":
        return night.ready().page
    night.begin()
    if name == "question":
        return page
    if name == "pin":
        page.get_by_role("button", name="Skift sted", exact=True).click()
        page.get_by_role("button", name="Flyt prikken på kortet").click()
        expect(page.locator(".map[data-state=drawn]")).to_be_visible()
        return page
    page.get_by_role("radio", name="Utryg", exact=True).check()
    page.get_by_role("button", name="Adfærd og uro").click()
    page.get_by_role("checkbox", name="Vild kørsel").check()
    night.write("Knallerter kører hurtigt her.")
    if name == "why":
        return page
    if name == "blur":
        Image.effect_noise((400, 300), 90).save(folder / "gade.png")
        night.add_photos(folder / "gade.png").button("Slør nr. 1").click()
        night.button("Ansigt").click()
        night.button("Nummerplade").click()
        expect(page.locator(".photo .mark")).to_have_count(2)
        return page
    night.save()
    if name == "notes":
        night.notes()
    elif name == "map":
        page.get_by_role("link", name="Kort", exact=True).click()
        expect(page.locator(".map[data-state=drawn]")).to_be_visible()
        page.get_by_role("button", name="Vis på kortet: Stop 1").click()
    else:
        page.get_by_role("link", name="Hjælp", exact=True).click()
        expect(page.get_by_role("heading", name="Indstillinger")).to_be_visible()
    return page


NAMES = {
    "join": [("textbox", "Kode"), ("button", "Gå med")],
    "walk": [("link", "Ny note"), ("link", "Noter")],
    "question": [("radio", "Utryg"), ("radio", "Tryg"), ("radio", "Både-og")]
    + [("button", name) for name in ("Billede", "Skriv", "Gem")],
    "why": [("textbox", "Note"), ("textbox", "Forslag"), ("radio", "Tryg")]
    + [("button", name) for name in ("Billede", "Skriv", "Gem")],
    "pin": [("button", "Brug stedet"), ("link", "Fortryd")],
    "blur": [("button", name) for name in ("Boks", "Pensel", "Nummerplade", "Fortryd", "Slør 2 steder", "Boks 1")],
    "notes": [("button", "Send nu"), ("link", "Ny note")],
    "map": [("link", "Ny note"), ("link", "Noter"), ("link", "Rute"), ("button", "Find mig")],
}


def test_each_name_of_the_contract_is_there_once(shown: tuple[str, Page]) -> None:
    screen, page = shown
    for role, name in NAMES.get(screen, ()):
        expect(page.get_by_role(role, name=name, exact=True)).to_have_count(1)  # type: ignore[arg-type]


def test_no_screen_has_a_barrier_that_a_machine_can_find(shown: tuple[str, Page]) -> None:
    screen, page = shown
    rules = AAA_ON_CAPTURE if screen in ("question", "why") else {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is caught on its way
        found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


SMALL = """(least) => [...document.querySelectorAll("#screen :is(button, .button, select, summary, label, textarea, input)")]
    .filter((el) => el.getClientRects().length && !el.matches("label:not(:has(input)), label input"))
    .map((el) => ({ text: el.textContent.trim() || el.id, box: el.getBoundingClientRect() }))
    .filter(({ box }) => box.height < least || box.width < least)
    .map(({ text, box }) => `${text}: ${box.width} x ${box.height}`)"""


def test_everything_to_press_is_large_enough_for_a_cold_thumb(shown: tuple[str, Page]) -> None:
    _screen, page = shown
    assert page.evaluate(SMALL, TARGET) == []


CUT_OFF = """() => [...document.querySelectorAll("#screen *")]
    .filter((el) => el.getClientRects().length && !el.closest(".hidden, .map-frame") && getComputedStyle(el).opacity !== "0")
    .filter((el) => el.getBoundingClientRect().right > innerWidth + 1 || el.getBoundingClientRect().left < -1)
    .map((el) => el.outerHTML.slice(0, 120))"""


def test_narrow_phones_and_large_text_need_no_sideways_scrolling(shown: tuple[str, Page]) -> None:
    """The last on its page, which it leaves narrow."""
    _screen, page = shown
    for width, text in ((320, 100), (390, 200)):
        page.set_viewport_size({"width": width, "height": 640})
        page.evaluate("percent => { document.documentElement.style.fontSize = `${percent}%` }", text)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []


def test_a_note_takes_three_taps(night: Evening) -> None:
    night.join()
    taps = [
        night.page.get_by_role("link", name="Ny note", exact=True),
        night.page.get_by_role("radio", name="Tryg", exact=True),
        night.button("Gem"),
    ]
    for tap in taps:
        tap.click()
    expect(night.said).to_contain_text("Gemt på telefonen")
    night.notes()
    expect(night.page.locator(".note")).to_have_count(1)


def test_safe_weighs_as_much_as_unsafe(show: Callable[[str], Page]) -> None:
    page = show("question")
    boxes = [page.locator(f"label[data-valence={valence}]").bounding_box() for valence in ("unsafe", "safe", "mixed")]
    sizes = {(round(box["width"]), round(box["height"])) for box in boxes if box}
    assert len(sizes) == 1


def test_save_is_never_grey_and_says_what_is_missing(show: Callable[[str], Page], night: Evening) -> None:
    page = show("question")
    expect(night.button("Gem")).to_be_enabled()
    night.button("Gem").click()
    expect(night.said).to_contain_text("Vælg, hvordan stedet føles")
    expect(page.get_by_role("radio", name="Utryg", exact=True)).to_be_focused()
    page.get_by_role("radio", name="Tryg", exact=True).check()
    expect(night.said).not_to_contain_text("Vælg, hvordan stedet føles")


def test_a_note_can_be_made_with_the_keyboard_alone(night: Evening) -> None:
    page = night.join().page
    page.get_by_role("link", name="Ny note", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^Ny note"))).to_be_focused()
    tab_to(page, "input[name=valence]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Tryg", exact=True)).to_be_checked()
    tab_to(page, ".tile")
    page.keyboard.press("Enter")
    tab_to(page, ".factors input")
    page.keyboard.press("Space")
    tab_to(page, ".dock .lamp")
    page.keyboard.press("Enter")
    expect(night.said).to_contain_text("Gemt på telefonen")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not get to {selector}")


def test_a_category_unfolds_beneath_its_tile_and_counts_what_was_chosen(show: Callable[[str], Page]) -> None:
    page = show("why")
    tile = page.get_by_role("button", name="Adfærd og uro")
    expect(tile).to_have_attribute("aria-expanded", "true")
    expect(tile).to_contain_text("1 valgt")
    expect(page.get_by_text("Beskriv stedet, ikke personen.")).to_be_visible()
    tile_box, factors_box = tile.bounding_box(), page.locator(".factors").bounding_box()
    assert tile_box
    assert factors_box
    assert 0 < factors_box["y"] - (tile_box["y"] + tile_box["height"]) < 24
    page.get_by_role("button", name="Belysning").click()
    expect(tile).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("checkbox")).to_have_count(6)


@pytest.mark.parametrize("screen", ["walk", "question", "notes", "help"])
def test_112_and_114_are_within_reach_while_walking(show: Callable[[str], Page], screen: str) -> None:
    page = show(screen)
    page.get_by_role("button", name="112", exact=True).click()
    expect(page.get_by_role("link", name=re.compile("Ring 112"))).to_have_attribute("href", "tel:112")
    expect(page.get_by_role("link", name=re.compile("Ring 114"))).to_have_attribute("href", "tel:114")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=re.compile("Ring 112"))).to_be_hidden()


def test_dark_chosen_on_a_light_phone_is_dark_from_the_first_moment(show: Callable[[str], Page]) -> None:
    page = show("help")
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Mørkt", exact=True).click()
    page.add_init_script(
        """new MutationObserver(() => {
          const shown = document.querySelector('#screen h1');
          if (shown && !globalThis.first) globalThis.first = getComputedStyle(document.documentElement).backgroundColor;
        }).observe(document, { childList: true, subtree: true })"""
    )
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("globalThis.first") == "rgb(10, 17, 21)"


def test_the_phones_language_decides_and_a_switch_changes_it(planned: Planned, browser: Browser) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(planned.walk["join_url"])
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("combobox", name="Sprog · Language").select_option("Dansk")
    expect(page.get_by_role("button", name="Gå med", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "da"
    page.reload()
    expect(page.get_by_role("textbox", name="Kode", exact=True)).to_have_value(re.compile("^.{4}-.{4}$"))
    page.context.close()


@pytest.mark.parametrize(("hour", "theme"), [("12:00", "auto"), ("18:30", "night")])
def test_the_screen_turns_dark_when_the_sun_has_set_at_the_walk(night: Evening, hour: str, theme: str) -> None:
    night.page.clock.install(time=f"2026-11-26T{hour}:00+01:00")
    night.join()
    expect(night.page.locator("html")).to_have_attribute("data-theme", theme)
