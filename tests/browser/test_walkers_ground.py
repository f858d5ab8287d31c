"""The walker's screens on the walk's own map: in airplane mode without having been opened before, and streets by name."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pocket import mapped, planned_with_map, ready_with_map  # noqa: F401
from tests.browser.test_walkers_map import opened
from tests.browser.walking import Evening
from tests.running import Server

ON_KILDEVEJ: Any = {"latitude": 57.05145, "longitude": 9.9270, "accuracy": 30}


@pytest.fixture
def night(mapped: Server, page: Page, tmp_path: Path) -> Evening:  # noqa: F811
    evening = Evening(planned_with_map(mapped, tmp_path), page)
    page.context.set_geolocation(ON_KILDEVEJ)
    return evening


def test_in_airplane_mode_the_map_opens_for_the_first_time_with_its_streets(night: Evening) -> None:
    ready_with_map(night.join()).offline()
    night.page.reload()
    page = opened(night)
    expect(page.get_by_text("Kortet ligger på telefonen")).to_be_visible()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© OpenStreetMap")
    expect(page.locator(".place")).to_contain_text("Kildevej", timeout=20_000)
    expect(page.locator("#near article").first).to_contain_text("ca. 170 m mod")


def test_the_pin_is_moved_in_airplane_mode_and_the_street_is_named(night: Evening) -> None:
    ready_with_map(night.join()).offline()
    page = night.begin("Utryg").page
    night.button("Flyt prikken på kortet").click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible(timeout=20_000)
    page.locator(".map canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("main .place")).to_contain_text("Kildevej", timeout=20_000)
    night.button("Brug stedet").click()
    night.write("Her på vejen").save().offline(gone=False).notes()
    night.received_at_last("Her på vejen", 1)
    [feature] = night.received("Her på vejen")
    assert feature["properties"]["place_source"] == "pin"
    assert feature["geometry"]["coordinates"] == pytest.approx([9.92705, 57.05145], abs=1e-4)


def test_streets_without_light_are_shown_when_they_are_asked_for(night: Evening) -> None:
    page = opened(ready_with_map(night.join()))
    expect(page.get_by_text("Uden gadelys")).to_have_count(0)
    night.button("Vis, hvor gadelys mangler").click()
    expect(page.get_by_text("Uden gadelys")).to_be_visible()
    expect(night.button("Vis, hvor gadelys mangler")).to_have_attribute("aria-pressed", "true")
