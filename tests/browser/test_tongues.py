"""The walker's app in other languages than ours: chosen, kept without a network, counted right, whole, and from right to left."""

import json
import re
from collections.abc import Iterator
from gettext import c2py  # type: ignore[attr-defined]
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app import tongues
from tests.browser.pocket import Phone
from tests.browser.walking import AT_THE_TUNNEL, STOPS, Planned

TARGET = 48
# What a screen may show that no catalogue has: the walk's own words, languages' names, codes, months, makers' names.
WALKS_OWN = [*STOPS, "Aftenvandring i Aalborg Øst"]
LOOSE = """([own]) => {
  const shown = (one) => one.checkVisibility() && !one.closest("option, [lang]:not(html), [dir=auto], script, style, .maplibregl-map, code, .code");
  const found = [];
  const bare = (text) => own.reduce((rest, one) => rest.replaceAll(one, ""), text.replaceAll("\\u00ad", "")).replace(/\\b\\d+\\. [A-Z][a-zä]+ \\d{4}\\b|iPhone|Android|Chrome|Samsung Internet|Sprog · Language/g, "");
  for (const one of document.querySelectorAll("#app *")) {
    if (!shown(one)) continue;
    const own = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data);
    const said = [...own, ...["aria-label", "placeholder", "title", "alt"].map((name) => one.getAttribute(name) ?? "")];
    found.push(...said.map((text) => bare(text).trim()).filter((text) => /[aeiou]/i.test(text)));
  }
  return [...new Set(found)];
}"""
# Whose words are wider than their place, or stick out of the screen.
CUT = """() => [...document.querySelectorAll("#app :is(h1, h2, h3, p, span, small, button, a, label, summary, li, b)")]
  .filter((one) => one.checkVisibility() && one.textContent.trim() && !one.closest(".hidden, .maplibregl-map, [popover]"))
  .filter((one) => {
    const { left, right } = one.getBoundingClientRect();
    const hides = getComputedStyle(one).overflowX !== "visible";
    const parent = one.closest("button, .tile, .chip, .button")?.getBoundingClientRect();
    return left < -1 || right > innerWidth + 1 || (hides && one.scrollWidth > one.clientWidth + 1)
      || (parent && (right > parent.right + 1 || left < parent.left - 1));
  })
  .map((one) => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 60)}`)"""
WIDE = "document.documentElement.scrollWidth > innerWidth"


def walker(browser: Browser, **what: Any) -> BrowserContext:
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "timezone_id": "Europe/Copenhagen",
               "permissions": ["geolocation"], "geolocation": AT_THE_TUNNEL, "color_scheme": "dark"}  # fmt: skip
    return browser.new_context(**{**options, **what})


@pytest.fixture
def arabic(planned: Planned, browser: Browser) -> Iterator[Page]:
    """A phone that asks for Arabic, and where our two languages are next to each other after it, on the walk's screen."""
    context = walker(browser, locale="ar-SY")
    page = context.new_page()
    page.goto(planned.walk["join_url"])
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    yield page
    context.close()


def lands(page: Page, planned: Planned, name: str) -> Page:
    page.goto(f"{planned.server.url}/app/#/{name}")
    expect(page.locator("#screen h1")).to_be_visible()
    return page


def test_arabic_runs_from_right_to_left_and_stays_without_a_network(planned: Planned, arabic: Page) -> None:
    page = arabic
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    remark = page.locator("#unchecked")
    expect(remark).to_contain_text("لم يراجع هذه الترجمة")
    expect(remark.locator("[lang=en]")).to_contain_text("has checked the translation")
    page.locator("#join").evaluate("form => form.requestSubmit()")
    expect(page.locator(".dock .lamp")).to_be_visible()
    assert ("ar",) in planned.server.rows("SELECT language FROM participant")
    expect(page.locator("#ready[data-ok=true]")).to_be_visible()
    assert not page.evaluate(WIDE)
    name, sos = page.locator(".bar h1").bounding_box(), page.locator(".bar .sos").bounding_box()
    assert name
    assert sos
    assert sos["x"] + sos["width"] <= name["x"], "112 stands where the line ends: on the left"
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("خط السير", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.context.set_offline(False)


@pytest.mark.once
def test_in_arabic_arrows_turn_and_the_map_does_not(planned: Planned, arabic: Page) -> None:
    page = arabic
    page.locator("#join").evaluate("form => form.requestSubmit()")
    expect(page.locator(".dock .lamp")).to_be_visible()
    lands(page, planned, "map")
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    assert (
        page.locator(".bar .square .icon").evaluate("one => getComputedStyle(one).transform")
        == "matrix(-1, 0, 0, 1, 0, 0)"
    )
    assert page.locator(".maplibregl-map").evaluate("one => getComputedStyle(one).direction") == "ltr"
    assert not page.evaluate(WIDE)
    for control in page.locator(".maplibregl-ctrl-group button, .map > .find").all():
        box = control.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= TARGET
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        control.click(trial=True)  # nothing lies over it
    lands(page, planned, "note/new")
    lands(page, planned, "note/new/place")
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    cross, frame = page.locator(".map .cross").bounding_box(), page.locator(".map").bounding_box()
    assert cross
    assert frame
    assert abs(cross["x"] + cross["width"] / 2 - frame["x"] - frame["width"] / 2) < 1, (
        "the cross marks the map's middle"
    )
    assert not page.evaluate(WIDE)


@pytest.mark.once
def test_every_text_of_the_main_screens_is_translated_and_longer_ones_fit_on_320_pixels(
    planned: Planned, browser: Browser
) -> None:
    context = walker(browser, locale="de-DE", viewport={"width": 320, "height": 640}, service_workers="block")
    words = json.dumps(tongues.pseudo())

    def stretched(route: Route) -> None:
        route.fulfill(body=f"export default {words}", content_type="text/javascript")

    context.route(re.compile(r"/assets/de-[0-9a-f]+\.js$"), stretched)
    page = context.new_page()
    page.goto(planned.walk["join_url"])
    faults: dict[str, Any] = {}

    def look(name: str) -> None:
        if loose := page.evaluate(LOOSE, [WALKS_OWN]):
            faults[f"{name}: untranslated"] = loose
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 640})
            if (cut := page.evaluate(CUT)) or page.evaluate(WIDE):
                faults[f"{name}: does not fit on {width}"] = cut

    expect(page.locator("#join")).to_be_visible()
    expect(page.locator("main h1")).to_have_text(re.compile("^⟦.*~⟧$"))
    look("join")
    page.locator("#join").evaluate("form => form.requestSubmit()")
    expect(page.locator(".dock .lamp")).to_be_visible()
    look("walk")
    page.locator(".dock .lamp").click()
    expect(page.locator(".choose")).to_be_visible()
    look("question")
    page.locator(".choose input").first.check()
    tiles = page.locator(".tile")
    for at in range(tiles.count()):
        tiles.nth(at).click()
        expect(page.locator("#factors")).to_be_visible()
        look(f"why {at}")
    page.locator(".factors input").first.check()
    page.locator(".dock .lamp, .dock .primary").last.click()
    expect(page.locator("#said .toast")).to_be_visible()
    look("saved")
    for name in ("notes", "help", "map", "others"):
        lands(page, planned, name)
        look(name)
    context.close()
    assert not faults


@pytest.mark.once
@pytest.mark.parametrize("language", ["ar", "pl", "uk"])
def test_a_number_gets_the_form_that_its_language_wants(phone: Phone, language: str) -> None:
    content = tongues.path_of(language).read_bytes()
    forms = tongues.read(content)[("{n} note is only on this phone.", None)].string
    sums = c2py(tongues.header_of(content)["plural-forms"].partition("plural=")[2].rstrip(" ;"))
    numbers = [0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 21, 22, 25, 100, 101, 102, 103, 111, 112, 125]
    said = phone.run(
        'await i18n.chooseLanguage(given[0]); return given[1].map((n) => i18n.plural(n, "{n} note is only on this phone.", "—"))',
        language, numbers,
    )  # fmt: skip
    assert said == [forms[sums(n)].replace("{n}", str(n)) for n in numbers]


@pytest.mark.once
@pytest.mark.parametrize(
    ("language", "far", "day", "time"),
    [
        ("da", "1,8 km", "5.\N{NO-BREAK SPACE}november 2026", "19.32"),
        ("en", "1.8 km", "5\N{NO-BREAK SPACE}November 2026", "19:32"),
        ("de", "1,8 km", "5.\N{NO-BREAK SPACE}November 2026", "19:32"),
        ("uk", "1,8 км", "5\N{NO-BREAK SPACE}листопада 2026", "19:32"),
        ("ar", "1.8 كم", "5\N{NO-BREAK SPACE}نوفمبر 2026", "19:32"),
    ],
)
def test_distances_days_and_hours_are_written_as_the_language_does(
    phone: Phone, language: str, far: str, day: str, time: str
) -> None:
    told = phone.run(
        """await i18n.chooseLanguage(given[0]); const when = "2026-11-05T19:32:00+01:00";
        return [i18n.distanceText(1800), i18n.date(when), i18n.time(when)]""",
        language,
    )
    assert [told[0], told[1].removesuffix(" р."), told[2]] == [far, day, time]
