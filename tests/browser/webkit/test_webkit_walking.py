"""The walker's map on WebKit, the engine of every iPhone: a pin moved by hand, and the list, with and without a network."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.browser import liar
from tests.browser.liar import Liar
from tests.browser.walking import STOPS
from tests.browser.webkit.walker import Walker

# Selenium 4 warns of its own doing.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

DRAWN = "return Boolean(document.querySelector('.map[data-state=drawn] canvas'))"
KEYS = """const canvas = document.querySelector(".map canvas");
  canvas.focus();
  for (const key of given) canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));"""
KEPT = """const kept = [];
  for (const name of await caches.keys()) kept.push(...(await (await caches.open(name)).keys()).map(({ url }) => url));
  const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
  const missing = fetched.filter((url) => /\\/static\\/dist\\/.*\\.(js|css)$/.test(url) && !kept.includes(url));
  return !missing.length && ["chart", "maplibre", "maplibre-gl-worker"].every((file) => kept.some((url) => url.includes(`/${file}-`)))"""
LIST = """return [...document.querySelectorAll("#near article")].map((one) =>
    [document.getElementById(one.getAttribute("aria-labelledby")).textContent, one.querySelector(".meta").textContent])"""


def pinned(walker: Walker, words: str, move: Callable[[], None]) -> None:
    """A note whose pin is moved before it is saved."""
    walker.begin(words)
    walker.press("Skift sted")
    walker.press("Flyt prikken på kortet")
    walker.phone.until(DRAWN)
    walker.sees("Som målt")
    move()
    walker.press("Brug stedet")
    walker.sees("Valgt af dig")
    walker.save()


def places(walker: Walker) -> dict[str, dict[str, Any]]:
    """Where each note is in the report, by its words."""
    url = f"{walker.planned.server.url}/walks/{walker.planned.walk['walk_id']}/report.geojson"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {walker.planned.key}"}).raise_for_status()
    return {feature["properties"]["note"]: feature for feature in answer.json()["features"]}


def test_a_pin_moved_by_keys_and_one_put_on_a_stop_arrive_beside_the_measurement(walker: Walker) -> None:
    pinned(walker, "flyttet", lambda: walker.phone.run(KEYS, "ArrowUp", "ArrowUp", "ArrowUp", "ArrowRight"))
    choose = """const found = [...document.querySelectorAll(".pick label")].find((one) => one.textContent.includes(given[0]));
      found?.click();
      return Boolean(found)"""
    pinned(walker, "på et stop", lambda: walker.phone.until(choose, "Birketorvet"))
    walker.all_sent()
    found = places(walker)
    assert {note["properties"]["place_source"] for note in found.values()} == {"pin"}
    (lon, lat) = found["flyttet"]["geometry"]["coordinates"]
    assert 57.0528 < lat < 57.0540
    assert 9.9257 < lon < 9.9270
    assert found["på et stop"]["geometry"]["coordinates"] == pytest.approx(STOPS["Birketorvet"][::-1])


def test_the_map_and_its_list_are_there_in_airplane_mode(walker: Walker, network: Liar) -> None:
    walker.begin("lampen er slukket")
    walker.save()
    walker.press("Kort")
    walker.phone.until(DRAWN)
    walker.phone.until(KEPT)  # the worker answers first and keeps then
    network.tell(liar.resets)
    walker.killed(tidied=True)
    walker.press("Kort")
    walker.phone.until(DRAWN)
    walker.sees("Du er ved stop 3: Tunnelen under ringvejen")
    assert walker.phone.until(
        f"const found = await (async () => {{ {LIST} }})(); return found.length === 4 && found"
    ) == [
        ["Stop 3: Tunnelen under ringvejen", "hvor du står"],
        ["lampen er slukket", "Utryg · hvor du står · din egen"],
        ["Stop 2: Birketorvet", "250 m mod sydvest"],
        ["Stop 1: Beboerhuset Kilden", "380 m mod sydvest"],
    ]
