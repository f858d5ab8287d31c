"""The walker's screens on the walk's own map: in airplane mode without having been opened before, and streets by name."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.mapped import planned_with_map, ready_with_map
from tests.browser.test_walkers_map import opened
from tests.browser.walking import Evening
from tests.running import Server

ON_KILDEVEJ: Any = {"latitude": 57.05145, "longitude": 9.9270, "accuracy": 30}

OPEN = """
  const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  const kept = db.transaction("kept", "readwrite").objectStore("kept");
  const get = (key) => new Promise((done) => (kept.get(key).onsuccess = ({ target }) => done(target.result)));"""
SIZE = f"async () => {{ {OPEN} const {{ buffer }} = await get('map'); db.close(); return buffer.byteLength; }}"
WITHOUT_MAP = f"""async () => {{ {OPEN}
  const joined = await get("joined");
  await new Promise((done) => (kept.put({{ ...joined, walk: {{ ...joined.walk, basemap: null }} }}, "joined").onsuccess = done));
  db.close();
}}"""


# Whatever is read piece by piece is remembered, but not kept.
SEEN = """() => {
    const { slice } = ArrayBuffer.prototype;
    const seen = new Map();
    ArrayBuffer.prototype.slice = function (...part) {
        if (![...seen.values()].some((one) => one.deref() === this)) seen.set(seen.size, new WeakRef(this));
        return slice.apply(this, part);
    };
    globalThis.readFrom = (size) => {
        const there = [...seen.values()].map((one) => one.deref()).filter((one) => one?.byteLength === size);
        return [there.length, seen.size];
    };
}"""


@pytest.fixture
def night(mapped: Server, page: Page, tmp_path: Path) -> Evening:
    evening = Evening(planned_with_map(mapped, tmp_path), page)
    page.context.set_geolocation(ON_KILDEVEJ)
    return evening


def test_in_airplane_mode_the_map_opens_for_the_first_time_with_its_streets(night: Evening) -> None:
    ready_with_map(night.join()).offline()
    night.page.reload()
    page = opened(night)
    expect(page.get_by_text("Kortet ligger på telefonen")).to_be_visible()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© OpenStreetMap")
    expect(page.locator(".place")).to_contain_text("Kildevej")
    expect(page.locator("#near article").first).to_contain_text("ca. 170 m mod")


def test_the_pin_is_moved_in_airplane_mode_and_the_street_is_named(night: Evening) -> None:
    ready_with_map(night.join()).offline()
    page = night.begin("Utryg").page
    night.button("Flyt prikken på kortet").click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    page.locator(".map canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("main .place")).to_contain_text("Kildevej")
    night.button("Brug stedet").click()
    night.write("Her på vejen").save().offline(gone=False).notes()
    night.received_at_last("Her på vejen", 1)
    [feature] = night.received("Her på vejen")
    assert feature["properties"]["place_source"] == "pin"
    assert feature["geometry"]["coordinates"] == pytest.approx([9.92705, 57.05145], abs=1e-4)


@pytest.mark.once
def test_the_map_is_let_go_when_its_screen_is_left(night: Evening) -> None:
    night.page.add_init_script(f"({SEEN})()")
    page = ready_with_map(night.join()).page
    size = page.evaluate(SIZE)
    for _ in range(3):
        opened(night)
        assert page.evaluate("readFrom", size)[0] >= 1
        page.get_by_role("link", name="Rute", exact=True).click()
        expect(page.get_by_role("link", name="Hjælp", exact=True)).to_be_visible()
    expect(page.locator(".map")).to_have_count(0)
    heap = page.context.new_cdp_session(page)
    for _ in range(20):  # a worker that is being ended may hold on to what it was sent for a moment
        heap.send("HeapProfiler.collectGarbage")
        there, seen = page.evaluate("readFrom", size)
        if there <= 1:
            break
        page.wait_for_timeout(250)
    assert seen >= 3
    assert there <= 1, "at most one map is still in the page's memory"


@pytest.mark.once
def test_the_credit_stays_with_the_map_that_is_on_the_phone(night: Evening) -> None:
    page = ready_with_map(night.join()).offline().page
    page.evaluate(WITHOUT_MAP)
    page.reload()
    opened(night)
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© OpenStreetMap")


@pytest.mark.once
def test_streets_without_light_are_shown_when_they_are_asked_for(night: Evening) -> None:
    page = opened(ready_with_map(night.join()))
    expect(page.get_by_text("Uden gadelys")).to_have_count(0)
    night.button("Vis, hvor gadelys mangler").click()
    expect(page.get_by_text("Uden gadelys")).to_be_visible()
    expect(night.button("Vis, hvor gadelys mangler")).to_have_attribute("aria-pressed", "true")
