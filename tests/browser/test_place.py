"""The phone's position: the best of the last seconds, honest about its metres, and no answer is an answer too."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.pocket import Phone

pytestmark = pytest.mark.once

WATCH = "globalThis.told = []; globalThis.stop = place.watch((position) => told.push(position))"
LAST = "return told.at(-1)"


def stand(context: BrowserContext, accuracy: float, latitude: float = 57.0488) -> None:
    context.set_geolocation({"latitude": latitude, "longitude": 9.9217, "accuracy": accuracy})


def hear(phone: Phone, condition: str) -> Any:
    phone.run(f"await until(async () => {condition}, 20_000)")
    return phone.run(LAST)


def test_the_most_accurate_fix_of_the_last_seconds_counts(phone: Phone, context: BrowserContext) -> None:
    context.grant_permissions(["geolocation"])
    stand(context, 40)
    phone.run(WATCH)
    first = hear(phone, "told.at(-1).fix?.accuracy_m === 40")
    assert first["state"] == "fix"
    assert {**first["fix"], "fixed_at": ""} == {
        "lat": 57.0488, "lon": 9.9217, "accuracy_m": 40, "source": "gps", "fixed_at": "",
    }  # fmt: skip
    assert first["fix"]["fixed_at"].endswith("+01:00")
    stand(context, 8, 57.0489)
    hear(phone, "told.at(-1).fix.accuracy_m === 8")
    before = phone.run("return told.length")
    stand(context, 90, 57.05)
    hear(phone, f"told.length > {before}")
    assert phone.run("return place.best().accuracy_m") == 8


def test_a_fix_of_three_kilometres_is_given_with_its_metres(phone: Phone, context: BrowserContext) -> None:
    context.grant_permissions(["geolocation"])
    stand(context, 3000)
    phone.run(WATCH)
    assert hear(phone, "told.at(-1).fix")["fix"]["accuracy_m"] == 3000


def test_a_refusal_is_told_and_a_later_grant_is_heard(phone: Phone, context: BrowserContext) -> None:
    context.clear_permissions()
    phone.run(WATCH)
    assert hear(phone, "told.at(-1).state === 'denied'")["fix"] is None
    assert phone.run("return place.best()") is None
    context.grant_permissions(["geolocation"])
    stand(context, 12)
    phone.run(f"stop(); {WATCH}")
    assert hear(phone, "told.at(-1).state === 'fix'")["fix"]["accuracy_m"] == 12


def test_nobody_is_followed_once_nobody_asks_or_looks(phone: Phone, context: BrowserContext) -> None:
    phone.page.add_init_script(
        """globalThis.watches = 0;
        const {watchPosition, clearWatch} = Geolocation.prototype;
        Geolocation.prototype.watchPosition = function (...given) { watches += 1; return watchPosition.apply(this, given); };
        Geolocation.prototype.clearWatch = function (id) { watches -= 1; clearWatch.call(this, id); };"""
    )
    phone.open()
    context.grant_permissions(["geolocation"])
    stand(context, 5)
    phone.run(f"{WATCH}; globalThis.second = place.watch(() => {{}})")
    hear(phone, "told.at(-1).state === 'fix'")
    assert phone.run("return watches") == 1
    phone.run(
        """Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));"""
    )
    assert phone.run("return watches") == 0
    phone.run("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    assert phone.run("return watches") == 1
    phone.run("stop(); second()")
    assert phone.run("return watches") == 0


def test_the_nearest_stop_is_found_among_those_that_have_a_place(phone: Phone) -> None:
    stops = [{"name": "langt væk", "lat": 57.06, "lon": 9.92}, {"name": "uden sted", "lat": None, "lon": None},
             {"name": "her", "lat": 57.0489, "lon": 9.9217}]  # fmt: skip
    near = phone.run("return place.nearestStop(given[0], {lat: 57.0488, lon: 9.9217})", stops)
    assert near["stop"]["name"] == "her"
    assert 10 < near["metres"] < 12.5
    assert phone.run("return place.nearestStop(given[0], null)", stops) is None
    assert phone.run("return place.nearestStop([], {lat: 57, lon: 9})") is None
