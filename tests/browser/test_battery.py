"""The battery: how long a phone measures its position in an evening's walk, with a clock that is wound on by hand."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.walking import Evening

pytestmark = pytest.mark.once

MINUTE = 60_000
MOST_S = 15 * 60

# A receiver that needs 3 seconds for its first fix, and 8 for a good one; each watch is counted by the page's own clock.
RECEIVER = """() => {
    const since = new Map();
    let counted = 0, last = 0;
    const here = { latitude: 57.0528, longitude: 9.9257, altitude: null, heading: null, speed: null };
    globalThis.watched = () => ({ seconds: [...since.values()].reduce((sum, { began }) => sum + Date.now() - began, counted) / 1000,
        watches: since.size, precise: [...since.values()].every((one) => one.precise) });
    Geolocation.prototype.watchPosition = function (found, _failed, options) {
        const [id, began] = [++last, Date.now()];
        const tick = () => {
            const age = Date.now() - began;
            if (age >= 3000) found({ coords: { ...here, accuracy: age >= 8000 ? 8 : 40 }, timestamp: Date.now() });
        };
        since.set(id, { began, precise: options.enableHighAccuracy, timer: setInterval(tick, 1000) });
        return id;
    };
    Geolocation.prototype.clearWatch = function (id) {
        if (!since.has(id)) return;
        clearInterval(since.get(id).timer);
        counted += Date.now() - since.get(id).began;
        since.delete(id);
    };
}"""
HIDDEN = """(hidden) => {
    Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def watched(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("watched()")
    return found


def in_the_pocket(page: Page, minutes: float) -> None:
    page.evaluate(HIDDEN, True)
    assert watched(page)["watches"] == 0
    page.clock.run_for(minutes * MINUTE)
    page.evaluate(HIDDEN, False)


def looks_at_the_map(page: Page, seconds: int) -> None:
    page.get_by_role("link", name="Kort", exact=True).click()
    expect(page.locator("#near article").first).to_be_visible()
    assert watched(page)["watches"] == 1
    page.clock.run_for(seconds * 1000)
    page.get_by_role("link", name="Rute", exact=True).click()
    expect(page.get_by_role("link", name="Hjælp", exact=True)).to_be_visible()


def writes(evening: Evening, number: int, seconds: int) -> None:
    evening.begin("Utryg")
    evening.page.clock.run_for(seconds * 1000 / 2)
    evening.write(f"Note {number}: lampen er slukket")
    evening.page.clock.run_for(seconds * 1000 / 2)
    assert watched(evening.page)["watches"] == 0, "what is measured a minute later is not where the note was begun"
    evening.save()


def test_a_walk_of_an_hour_measures_for_less_than_a_quarter_of_it(night: Evening) -> None:
    """20 notes of a minute each, the map looked at eight times for 40 seconds, the phone in the pocket between them."""
    page = night.page
    page.clock.install()
    page.add_init_script(f"({RECEIVER})()")
    night.join().ready()
    began = page.evaluate("Date.now()")
    for number in range(1, 21):
        page.clock.run_for(15_000)  # on the walk's screen: which stop is this?
        writes(night, number, 60)
        page.clock.run_for(10_000)
        if number % 5 in (1, 3):
            looks_at_the_map(page, 40)
        in_the_pocket(page, 1.2)
    minutes = (page.evaluate("Date.now()") - began) / MINUTE
    found = watched(page)
    print(f"high-accuracy watch: {found['seconds']:.0f} s in a walk of {minutes:.0f} minutes; at most {MOST_S} s")
    print(json.dumps(found))
    assert 55 <= minutes <= 65
    assert found["watches"] == 0
    assert 60 < found["seconds"] < MOST_S


COUNT_DRAWING = """() => {
    const { drawElements } = WebGL2RenderingContext.prototype;
    globalThis.drawn = 0;
    WebGL2RenderingContext.prototype.drawElements = function (...what) {
        globalThis.drawn += 1;
        return drawElements.apply(this, what);
    };
}"""
AT_REST = """() => {
    const [now, since] = [performance.now(), globalThis.still ?? { drawn: -1 }];
    if (since.drawn !== drawn) globalThis.still = { drawn, at: now };
    return drawn > 0 && since.drawn === drawn && now - since.at > 1500;
}"""


def test_a_map_that_lies_still_is_not_drawn_again_and_again(night: Evening) -> None:
    page = night.page
    page.add_init_script(f"({COUNT_DRAWING})()")
    night.join()
    page.get_by_role("link", name="Kort", exact=True).click()
    page.wait_for_function(AT_REST)
    page.get_by_role("link", name="Rute", exact=True).click()
    night.begin("Utryg")
    night.button("Skift sted").click()
    night.button("Flyt prikken på kortet").click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    page.evaluate("drawn = 0")
    page.get_by_role("radio", name="2. Birketorvet").check()
    page.wait_for_function(AT_REST)


def test_no_other_screen_watches(night: Evening) -> None:
    page = night.page
    page.clock.install()
    page.add_init_script(f"({RECEIVER})()")
    night.join().ready()
    page.clock.run_for(20_000)
    assert watched(page)["watches"] == 0, "the walk's screen looks once"
    before = watched(page)["seconds"]
    for link, heading in (
        ("Noter", "Mine noter"),
        ("Hvad de andre skriver", "Hvad de andre skriver"),
        ("Hjælp", "Hjælp"),
    ):
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        assert watched(page)["watches"] == 0
        page.go_back()
        expect(page.get_by_role("link", name="Hjælp", exact=True)).to_be_visible()
        page.clock.run_for(20_000)
    page.evaluate(HIDDEN, True)
    seconds = watched(page)["seconds"]
    page.clock.run_for(10 * MINUTE)
    assert watched(page) == {"seconds": seconds, "watches": 0, "precise": True}
    assert seconds - before < 3 * 20
