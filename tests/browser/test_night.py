"""At night: nothing ever flashes white, red stays red, the thumb reaches what matters, and a glove hits it."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.walking import Evening

pytestmark = pytest.mark.once

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
GLOVE_PX = 48  # the smallest target
DARKEST_WHITE = 90  # of 255: what the ground, and its lines, may have of any colour at night
SHAPES = 3.0
RED = (
    5.0  # what text has in red; pure red on pure black has 5.25, and there is no more without green, blue or more light
)
DIM = 0.3  # of white: the most that anything shines in red; a pure red is 0.21
PROMISED = ["paper", "surface", "raised", "sunken"]
TINTED = ["unsafe", "safe", "mixed", "done", "wait", "fail"]

RECTS = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, label:has(input), input:not([hidden])")]
  .filter(one => one.checkVisibility({opacityProperty: true, visibilityProperty: true}) && !one.closest("label:not(:scope)") && !one.closest("[popover]"))
  .filter(one => !(one.matches("a") && getComputedStyle(one).display === "inline"))
  .map(one => { const {x, y, width, height} = one.getBoundingClientRect();
    return {name: (one.getAttribute("aria-label") || one.textContent || one.id).trim(), x, y, width, height}; })"""


@pytest.fixture(params=["light", "dark"])
def phone_dressed(request: pytest.FixtureRequest, night: Evening) -> Evening:
    """A walker's phone whose system is light, or dark."""
    night.page.emulate_media(color_scheme=request.param)
    return night.join()


def wear(page: Page, dress: str) -> None:
    page.evaluate("dress => localStorage.setItem('theme', JSON.stringify(dress))", dress)
    page.reload()
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()


def luminance(colour: tuple[int, ...]) -> float:
    """WCAG 2.2's relative luminance, 0 to 1."""
    parts = [part / 255 for part in colour[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture
def frames(night: Evening) -> Iterator[list[Image.Image]]:
    """Every picture that Chromium paints of the page from now on."""
    painted: list[Image.Image] = []
    line = night.page.context.new_cdp_session(night.page)

    def take(told: dict[str, Any]) -> None:
        painted.append(Image.open(io.BytesIO(base64.b64decode(told["data"]))).convert("RGB"))
        line.send("Page.screencastFrameAck", {"sessionId": told["sessionId"]})

    line.on("Page.screencastFrame", take)
    line.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})
    yield painted
    line.detach()


@pytest.mark.parametrize("dress", ["night", "red"])
def test_nothing_flashes_white_at_the_start_nor_between_screens_whatever_the_phone_prefers(
    phone_dressed: Evening, frames: list[Image.Image], dress: str
) -> None:
    page = phone_dressed.page
    wear(page, dress)
    page.wait_for_function("document.fonts.status === 'loaded'")
    frames.clear()
    page.reload()
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    for screen in ("#/note/new", "#/walk", "#/notes", "#/help"):
        page.evaluate("hash => { location.hash = hash }", screen)
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_function("hash => location.hash === hash", arg=screen)
    phone_dressed.wait(lambda: len(frames) > 4)
    ground = [frame.crop((2, 0, 3, frame.height)).getextrema() for frame in frames]  # of each colour: least and most
    brightest = max(most for frame in ground for _least, most in frame)  # type: ignore[misc]
    assert brightest < DARKEST_WHITE


def test_a_browser_that_does_not_wait_for_scripts_shows_dark_first(night: Evening) -> None:
    page = night.page
    page.emulate_media(color_scheme="light")
    page.route("**/assets/app-*.js", lambda asked: asked.abort())
    page.goto(night.url)
    assert (
        page.evaluate("[document.documentElement, document.body].map(one => getComputedStyle(one).backgroundColor)")
        == ["rgb(10, 17, 21)"] * 2
    )


def test_the_screen_turns_dark_after_dusk_at_the_walks_place_on_a_light_phone(night: Evening) -> None:
    page = night.page
    page.emulate_media(color_scheme="light")
    page.clock.install(time="2026-11-26T12:00:00+01:00")
    night.join()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(242, 245, 245)"
    page.clock.fast_forward("05:00:00")
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 17, 21)"


def test_red_is_red_dim_and_still_read(night: Evening) -> None:
    page = night.join().page
    wear(page, "red")
    sheet = TOKENS.read_text("utf-8")
    names = sorted(set(re.findall(r"(--[\w-]+):\s+(?:light-dark\(|#)", sheet)))
    assert len(names) > 30
    told = page.evaluate(
        """names => { const probe = document.body.appendChild(document.createElement("i"));
          return Object.fromEntries(names.map(name => { probe.style.color = `var(${name})`; return [name.slice(2), getComputedStyle(probe).color]; })); }""",
        names,
    )
    colours = {name: tuple(int(part) for part in re.findall(r"\d+", value)) for name, value in told.items()}
    for name, (red, green, blue, *_) in colours.items():
        assert max(green, blue) <= red / 2, f"--{name} is not red"
        assert luminance((red, green, blue)) <= DIM, f"--{name} is not dim"
    for ground in PROMISED:
        for ink in ("ink", "ink-2", "link", *TINTED):
            assert contrast(colours[ink], colours[ground]) >= RED, f"--{ink} on --{ground}"
        for edge in ("line-strong", "focus-outer", "lamp"):
            assert contrast(colours[edge], colours[ground]) >= SHAPES, f"--{edge} on --{ground}"
    for kind in TINTED:
        assert contrast(colours[kind], colours[f"{kind}-tint"]) >= RED
        assert contrast(colours["ink-2"], colours[f"{kind}-tint"]) >= RED
    for kind in ("unsafe", "safe", "mixed", "fail", "action", "lamp"):
        assert contrast(colours[f"on-{kind}"], colours[kind]) >= RED, f"--on-{kind}"


def test_red_alone_is_read_no_better_than_the_capture_is_in_red(night: Evening) -> None:
    assert contrast((255, 0, 0), (0, 0, 0)) < 5.26, "7:1 is beyond red: it takes another dress"
    page = night.join().page
    wear(page, "red")
    night.begin()
    for step in ("question", "why"):
        if step == "why":
            page.get_by_role("radio", name="Utryg", exact=True).check()
            expect(page.locator(".tile").first).to_be_visible()
        rules = {"color-contrast-enhanced": {"enabled": True}}
        found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
        seen = {one["id"]: one["nodes"] for one in found.response["violations"]}
        assert list(seen) == ["color-contrast-enhanced"], found.generate_report()
        ratios = {
            str(node["target"]): node["any"][0]["data"]["contrastRatio"] for node in seen["color-contrast-enhanced"]
        }
        assert not {where: ratio for where, ratio in ratios.items() if ratio < RED}


def test_red_is_chosen_in_the_help_and_stays(night: Evening) -> None:
    page = night.join().page
    page.get_by_role("link", name="Hjælp", exact=True).click()
    page.get_by_role("button", name="Dæmpet rødt", exact=True).click()
    expect(page.get_by_role("button", name="Dæmpet rødt", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("html")).to_have_attribute("data-theme", "red")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "red")


def test_without_the_red_dress_it_is_night(night: Evening) -> None:
    page = night.join().page
    page.emulate_media(color_scheme="light")
    page.evaluate("navigator.serviceWorker.ready.then(one => one.unregister())")
    page.context.route("**/assets/beside-*", lambda asked: asked.abort())
    wear(page, "red")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 17, 21)"


@pytest.mark.parametrize(("dress", "dimmed"), [("night", "brightness(0.6)"), ("red", "grayscale(1)"), ("day", "none")])
def test_photos_do_not_blind_anybody_at_night_and_are_whole_when_tapped(
    night: Evening, picture: Path, dress: str, dimmed: str
) -> None:
    page = night.join().page
    wear(page, dress)
    night.begin("Utryg").add_photos(picture)
    photo = page.locator(".shots .thumb img")
    expect(photo).to_be_visible()
    assert str(photo.evaluate("one => getComputedStyle(one).filter")).startswith(dimmed)
    page.locator(".shots .thumb").tap()
    expect(photo).to_have_css("filter", "none")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (800, 600), (250, 250, 250)).save(tmp_path / "white.jpg")
    return tmp_path / "white.jpg"


@pytest.mark.parametrize("screen", ["#/walk", "#/note/new", "#/notes", "#/help"])
def test_a_glove_hits_every_target(night: Evening, screen: str) -> None:
    page = night.join().page
    page.evaluate("hash => { location.hash = hash }", screen)
    page.wait_for_function("hash => location.hash === hash && document.querySelector('#screen h1')", arg=screen)
    if screen == "#/note/new":
        page.get_by_role("radio", name="Utryg", exact=True).check()
        expect(page.locator(".tile").first).to_be_visible()
    found = page.evaluate(RECTS)
    assert len(found) > 3
    assert [one for one in found if min(one["width"], one["height"]) < GLOVE_PX - 0.5] == []
    overlapping = [
        (one["name"], other["name"])
        for at, one in enumerate(found)
        for other in found[at + 1 :]
        if min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"]) > 1
        and min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"]) > 1
        and not _in_the_dock(page, one["name"], other["name"])
    ]
    assert overlapping == []


def _in_the_dock(page: Page, *names: str) -> bool:
    """Whether one of them stands in the bar or the dock, beneath which the screen scrolls."""
    frame = " ".join(page.locator(".dock, .bar, #said").all_inner_texts()) + " Tilbage Luk"
    return any(name.split("\n")[0] in frame for name in names)


def test_what_one_does_most_is_under_the_thumb(night: Evening) -> None:
    page = night.join().page
    middle = 844 / 2
    for screen, names in {
        "#/walk": ["Ny note"],
        "#/note/new": ["Gem", "Skriv", "Billede"],
        "#/notes": ["Send nu", "Ny note"],
    }.items():
        page.evaluate("hash => { location.hash = hash }", screen)
        for name in names:
            main = page.locator(".dock").get_by_text(name, exact=True)
            expect(main).to_be_visible()
            box = main.bounding_box()
            assert box
            assert box["y"] > middle, f"{name} on {screen}"
    page.evaluate("location.hash = '#/note/new'")
    expect(page.locator(".choose.tall label")).to_have_count(3)
    lowest = page.locator(".choose.tall label").nth(2).bounding_box()
    assert lowest
    assert lowest["y"] > middle


BUZZES = (
    """() => { window.felt = []; Object.defineProperty(navigator, "vibrate", {value: beats => felt.push(beats)}); }"""
)


@pytest.mark.parametrize(("moving", "felt"), [("no-preference", [60]), ("reduce", [])])
def test_a_saved_note_is_felt_where_movement_is_welcome_and_nothing_else_is(
    night: Evening, moving: Any, felt: list[int]
) -> None:
    page = night.page
    page.emulate_media(reduced_motion=moving)
    night.join()
    page.evaluate(BUZZES)
    night.begin("Utryg").write("Lampen er gået ud")
    assert page.evaluate("felt") == []
    night.save()
    assert page.evaluate("felt") == felt
