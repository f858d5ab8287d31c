"""Every page and state of tests/pages.py, for everybody: axe's every rule, narrow, enlarged, in forced colours, without motion, by
keyboard alone, and as a screen reader has it; and valid HTML, by the checker that the W3C uses (vnu). What a single page does beyond
that stands in its own tests."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import reading
from tests.pages import PLACES, WALKER, Place, World, world

Shown = tuple[Place, Page]
NAMED = [place.name for place in PLACES]
PHONE = [place for place in PLACES if place.who == WALKER]
VNU = Path(__file__).parents[2] / "node_modules/vnu-jar/build/dist/vnu.jar"
WRONG = '<!doctype html><html lang="da"><title>x</title><p><ul><li id="a"><li id="a"></ul></p>'


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("everyone")) as made:
        yield made


@pytest.fixture(scope="module")
def heard(everything: World, browser: Browser) -> Iterator[list[str]]:
    """What browsers said was stopped, or has failed, on any page."""
    everything.said.clear()
    yield everything.said
    for context in everything.contexts.values():
        context.close()


@pytest.fixture(scope="module", params=PLACES, ids=NAMED)
def by_day(request: pytest.FixtureRequest, everything: World, heard: list[str], browser: Browser) -> Shown:
    """In Danish, light."""
    return request.param, everything.open(browser, request.param, "da")


@pytest.mark.once
def test_a_screen_reader_finds_its_way(by_day: Shown) -> None:
    """From the accessibility tree: one place where the page begins, one main heading, a name for all that is pressed."""
    place, page = by_day
    tree = page.locator("body").aria_snapshot()
    assert len(re.findall(r"^ *- main", tree, re.M)) == 1, tree
    assert len(re.findall(r"\[level=1\]", tree)) == 1, tree
    assert ("- banner" in tree) == (place.template != "gathering/table.html"), (
        "the wall at the coffee table has no room for it"
    )
    nameless = re.findall(
        r"^ *- (?:link|button|textbox|combobox|checkbox|radio|img|switch|slider|region|dialog)(?: \[[^\]]*\])*:?$",
        tree,
        re.M,
    )
    assert not nameless, (place.name, nameless, tree)
    if place.who == WALKER:
        assert re.search(r"^- status", tree, re.M), "what is said aloud has its place before anything is said"


@pytest.mark.once
def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(by_day: Shown) -> None:
    place, page = by_day
    assert reading.unreached(page) == [], place.name
    assert reading.unseen_focus(page) == [], place.name


@pytest.mark.once
def test_in_forced_colours_focus_and_state_are_seen(by_day: Shown) -> None:
    place, page = by_day
    page.emulate_media(forced_colors="active")
    assert reading.unseen_focus(page) == [], place.name
    assert reading.unseen_state(page) == [], place.name
    page.emulate_media(forced_colors="none")


@pytest.mark.once
def test_nothing_moves_where_movement_is_not_wanted(by_day: Shown) -> None:
    place, page = by_day
    assert page.evaluate(reading.MOVING) == [], place.name


@pytest.mark.once
def test_nothing_is_cut_off_at_320_pixels_or_in_text_twice_as_large(by_day: Shown) -> None:
    """320 pixels are 1280 at 400 %."""
    place, page = by_day
    reading.assert_fits(page, place.name)


@pytest.mark.once
def test_axe_finds_nothing_in_danish_by_day_and_by_night(by_day: Shown) -> None:
    """The last on its page."""
    reading.assert_no_barrier_in_any_light(by_day[1], by_day[0].name)


@pytest.fixture(scope="module", params=PLACES, ids=NAMED)
def by_night(request: pytest.FixtureRequest, everything: World, heard: list[str], browser: Browser) -> Shown:
    """In English, dark."""
    return request.param, everything.open(browser, request.param, "en", "dark")


@pytest.mark.once
def test_axe_finds_nothing_in_english_by_night_and_by_day(by_night: Shown) -> None:
    reading.assert_no_barrier_in_any_light(by_night[1], by_night[0].name)


@pytest.fixture(scope="module", params=PHONE, ids=[place.name for place in PHONE])
def in_arabic(request: pytest.FixtureRequest, everything: World, heard: list[str], browser: Browser) -> Shown:
    return request.param, everything.open(browser, request.param, "ar", "dark")


@pytest.mark.once
def test_in_arabic_the_phone_runs_from_right_to_left_without_a_barrier(in_arabic: Shown) -> None:
    place, page = in_arabic
    assert page.evaluate("[document.documentElement.dir, document.documentElement.lang]") == ["rtl", "ar"]
    reading.assert_no_barrier(page, place.name)
    reading.assert_fits(page, place.name)


def test_every_page_is_valid_html_and_the_checker_sees_what_is_not(
    everything: World, heard: list[str], browser: Browser, tmp_path: Path
) -> None:
    """Style sheets are for Biome: vnu does not know container queries yet. Opens each page, wherever its rows and photos lie."""
    for place in PLACES:
        if place.name not in everything.markup:  # where this test runs alone
            everything.open(browser, place, "da")
        (tmp_path / f"{place.name}.html").write_text(everything.markup[place.name], "utf-8")
    (tmp_path / "wrong.html").write_text(WRONG, "utf-8")
    found = defaultdict(list)
    how = ["--format", "json", "--exit-zero-always", "--stdout", "--skip-non-html"]
    done = subprocess.run(["java", "-Xss4m", "-jar", str(VNU), *how, str(tmp_path)], capture_output=True, text=True, timeout=300, check=True)  # fmt: skip
    for one in json.loads(done.stdout)["messages"]:
        if one["type"] == "error" or one.get("subType") == "warning":
            found[Path(one["url"]).stem].append(f"{one.get('lastLine')}: {one['message']} {one.get('extract', '')}")
    assert len(found.pop("wrong")) >= 2
    assert not found


def test_no_page_said_that_something_failed_or_was_stopped(heard: list[str]) -> None:
    """The last, so that it has heard of all of them."""
    assert not heard
