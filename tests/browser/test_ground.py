"""The ground under the map in a real browser: each schema in each dress, what is unlit, and files that are no good.

The element stands alone on a page of the app's, so that the app's rules for pages (CSP) hold for it, too.
"""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pmtiles.reader import MemorySource, Reader

from tests.browser import terrain
from tests.browser.terrain import Picture, alike
from tests.running import Server

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
ALONE = """async ([script, bytes, attributes]) => {
  await import(script);
  const map = document.createElement("tryg-map");
  map.style.cssText = "display: block; position: fixed; inset: 0";
  for (const [name, value] of Object.entries(attributes)) map.setAttribute(name, value);
  map.plan = JSON.parse(attributes.plan); // no script: a policy keeps them from pages that are already there
  map.bytes = bytes === null ? null : Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)).buffer;
  document.body.replaceChildren(map);
}"""
COLOUR = """([name, dress]) => {
  const probe = document.createElement("i");
  probe.className = `map-probe ${dress}`;
  probe.style.color = `var(--map-${name})`;
  document.querySelector("tryg-map").append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color.match(/[\\d.]+/g).slice(0, 3).map(Number);
}"""


def script(name: str) -> str:
    """The address of a built script."""
    manifest = json.loads((ROOT / "static/dist/manifest.json").read_text("utf-8"))
    return f"/static/dist/{manifest[name]['file']}"


class Map:
    """A map that fills the page; `complaints`: what the browser said of it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.complaints = page, []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{server.url}/app/")
        expect(page.locator("h1")).to_be_visible()

    def draw(self, file: bytes | None, **attributes: str) -> "Map":
        plan = {"route": {"type": "LineString", "coordinates": terrain.ROUTE}, "stops": []}
        told = {"plan": json.dumps(plan), "credit": terrain.CREDIT, **attributes}
        given = None if file is None else base64.b64encode(file).decode()
        self.page.evaluate(ALONE, [script("js/elements/map.js"), given, told])
        expect(self.page.locator("tryg-map[state=drawn]")).to_be_visible()
        return self

    def picture(self) -> Picture:
        size = self.page.viewport_size
        assert size
        return Picture.of(self.page.screenshot(), size["width"])

    def colour(self, name: str, dress: str = "screen") -> tuple[int, ...]:
        return tuple(self.page.evaluate(COLOUR, [name, dress]))

    def assert_shows(self, place: terrain.Place, name: str) -> Picture:
        """Waits until the colour of `name` lies at the place, and returns that picture."""
        for _ in range(100):
            picture, wanted = self.picture(), self.colour(name)
            if alike(picture.at(place)[0], wanted):
                return picture
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{picture.at(place)[0]} lies at {place}, not {name}, {wanted}")

    def assert_says(self, words: str) -> None:
        expect(self.page.locator(".map-words")).to_have_text(words)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The neighbourhood's archive in each schema, made once."""
    made: dict[str, bytes] = {}

    def give(schema: str) -> bytes:
        if schema not in made:
            made[schema] = terrain.archive(tmp_path_factory.mktemp(schema), schema).read_bytes()
        return made[schema]

    return give


@pytest.fixture
def drawn(page: Page, shared_server: Server) -> Any:
    map_ = Map(page, shared_server)
    yield map_
    assert map_.complaints == [], "the browser complained"


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """WCAG 2's contrast of two colours."""

    def light(colour: tuple[int, ...]) -> float:
        parts = [part / 255 for part in colour]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, brighter = sorted((light(one), light(other)))
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("schema", terrain.SCHEMAS)
def test_water_houses_and_green_lie_where_they_are_in_every_schema(drawn: Map, archives: Any, schema: str) -> None:
    drawn.draw(archives(schema))
    picture = drawn.assert_shows(terrain.LAKE, "water")
    assert alike(picture.at(terrain.HOUSE)[0], drawn.colour("house"))
    assert alike(picture.at(terrain.MEADOW)[0], drawn.colour("green"))
    assert any(alike(pixel, drawn.colour("road")) for pixel in picture.at(terrain.LIT, 3))
    drawn.assert_says("")
    expect(drawn.page.locator(".maplibregl-ctrl-attrib")).to_have_text(terrain.CREDIT)


def test_the_night_does_not_blind_and_the_day_is_bright(drawn: Map, archives: Any) -> None:
    drawn.page.emulate_media(color_scheme="light")
    drawn.draw(archives("own"))
    assert drawn.assert_shows(terrain.LAKE, "water").brightness() > 190
    drawn.page.emulate_media(color_scheme="dark")
    night = drawn.assert_shows(terrain.LAKE, "water")
    assert night.brightness() < 60
    assert max(max(pixel) for pixel in night.at(terrain.MEADOW, 3)) < 90
    assert contrast(drawn.colour("path"), drawn.colour("land")) > 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("asked", [{"contrast": "more"}, {"forced_colors": "active"}])
def test_who_asks_for_more_contrast_gets_it(drawn: Map, archives: Any, scheme: Any, asked: Any) -> None:
    drawn.page.emulate_media(color_scheme=scheme)
    drawn.draw(archives("own"))
    before = contrast(drawn.colour("path"), drawn.colour("green"))
    drawn.page.emulate_media(color_scheme=scheme, **asked)
    drawn.assert_shows(terrain.LAKE, "water")
    assert contrast(drawn.colour("path"), drawn.colour("green")) > max(before, 12)
    assert contrast(drawn.colour("edge"), drawn.colour("land")) > 7
    assert contrast(drawn.colour("outline"), drawn.colour("house")) > 4.5


def test_paper_gets_a_dress_of_its_own_even_by_night(drawn: Map, archives: Any) -> None:
    drawn.page.emulate_media(color_scheme="dark")
    drawn.draw(archives("own"))
    drawn.assert_shows(terrain.LAKE, "water")
    drawn.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    source = drawn.page.locator(".map-print").get_attribute("src")
    assert source
    size = drawn.page.viewport_size
    assert size
    picture = Picture.of(base64.b64decode(source.split(",", 1)[1]), size["width"])
    assert alike(picture.at(terrain.LAKE)[0], drawn.colour("water", "paper"))
    assert alike(picture.at(terrain.HOUSE)[0], drawn.colour("house", "paper"))
    assert picture.brightness() > 225
    grey = [Picture(picture.image.convert("L").convert("RGB"), picture.width).at(place)[0][0] for place in
            (terrain.LAKE, terrain.HOUSE, terrain.MEADOW)]  # fmt: skip
    assert min(abs(a - b) for a in grey for b in grey if a != b) >= 12
    assert len(set(grey)) == 3
    drawn.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert drawn.assert_shows(terrain.LAKE, "water").brightness() < 60


def marked(drawn: Map, picture: Picture, place: terrain.Place) -> int:
    return sum(alike(pixel, drawn.colour("unlit"), 20) for pixel in picture.at(place, 10))


def test_streets_without_light_and_underpasses_stand_out_when_asked_for(drawn: Map, archives: Any) -> None:
    drawn.draw(archives("own"))
    plain = drawn.assert_shows(terrain.LAKE, "water")
    assert not any(marked(drawn, plain, place) for place in (terrain.UNLIT, terrain.UNDERPASS))
    expect(drawn.page.get_by_text("Uden gadelys, siger kortet")).to_have_count(0)
    drawn.page.evaluate("document.querySelector('tryg-map').toggleAttribute('unlit')")
    expect(drawn.page.get_by_text("Uden gadelys, siger kortet")).to_be_visible()
    expect(drawn.page.get_by_text("Tunnel", exact=True)).to_be_visible()
    for _ in range(100):
        picture = drawn.picture()
        found = [marked(drawn, picture, place) for place in (terrain.UNLIT, terrain.UNDERPASS)]
        if all(found):
            break
        drawn.page.wait_for_timeout(100)
    assert min(found) > 20
    assert marked(drawn, picture, terrain.LIT) == 0
    drawn.page.evaluate("document.querySelector('tryg-map').toggleAttribute('unlit')")
    expect(drawn.page.get_by_text("Uden gadelys, siger kortet")).to_have_count(0)


def test_a_map_that_knows_nothing_of_lamps_says_so(drawn: Map, archives: Any) -> None:
    drawn.draw(archives("openmaptiles"), unlit="")
    expect(drawn.page.get_by_text("Kortet ved ikke, hvor der mangler gadelys.")).to_be_visible()


def test_another_file_takes_the_place_of_the_one_before(drawn: Map, archives: Any) -> None:
    drawn.draw(None)
    assert not alike(drawn.picture().at(terrain.LAKE)[0], drawn.colour("water"))
    expect(drawn.page.locator(".maplibregl-ctrl-attrib")).to_have_count(0)
    put = "(text) => { document.querySelector('tryg-map').bytes = text && Uint8Array.from(atob(text), (it) => it.charCodeAt(0)).buffer; }"
    drawn.page.evaluate(put, base64.b64encode(archives("own")).decode())
    drawn.assert_shows(terrain.LAKE, "water")
    expect(drawn.page.locator(".maplibregl-ctrl-attrib")).to_have_text(terrain.CREDIT)
    drawn.page.evaluate(put, base64.b64encode(b"something else").decode())
    drawn.assert_says("Baggrundskortet kan ikke læses. Rute og noter vises uden det.")
    drawn.assert_shows(terrain.LAKE, "land")


@pytest.mark.parametrize("spoilt", [b"", b"no map at all" * 40, "half the head", "foreign"])
def test_a_file_that_is_no_map_leaves_the_route_and_a_sentence(drawn: Map, archives: Any, spoilt: Any) -> None:
    whole = archives("own")
    file = {"half the head": whole[:60], "foreign": whole.replace(b"PMTiles", b"PNTiles")}.get(spoilt, spoilt)
    drawn.draw(file)
    drawn.assert_says("Baggrundskortet kan ikke læses. Rute og noter vises uden det.")
    drawn.assert_shows(terrain.ROUTE[1], "route")


def test_a_file_whose_tiles_are_missing_says_so(drawn: Map, archives: Any) -> None:
    head = Reader(MemorySource(archives("own"))).header()
    drawn.draw(archives("own")[: head["tile_data_offset"] + 10])
    drawn.assert_says("En del af baggrundskortet kan ikke hentes lige nu. Rute og noter vises alligevel.")


def test_a_map_of_another_place_says_so(drawn: Map, archives: Any) -> None:
    elsewhere = json.dumps(
        {"route": {"type": "LineString", "coordinates": [[12.5, 55.6], [12.51, 55.61]]}, "stops": []}
    )
    drawn.draw(archives("own"), plan=elsewhere)
    drawn.assert_says("Baggrundskortet når ikke hertil. Rute og noter vises uden det.")


def test_a_picture_that_the_phone_takes_away_is_told_and_comes_back(drawn: Map, archives: Any) -> None:
    drawn.draw(archives("own"))
    drawn.assert_shows(terrain.LAKE, "water")
    lose = """() => {
      const canvas = document.querySelector(".maplibregl-canvas");
      globalThis.lost = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
      lost.loseContext();
    }"""
    drawn.page.evaluate(lose)
    drawn.assert_says("Telefonen har taget kortets billede væk. Alle steder står som tekst nedenfor.")
    drawn.page.evaluate("lost.restoreContext()")
    drawn.assert_says("")
    drawn.assert_shows(terrain.LAKE, "water")


@pytest.mark.parametrize("deepest", [16, 14])
def test_tiles_that_a_server_hands_out_one_by_one_are_drawn_as_deep_as_they_go(
    drawn: Map, tmp_path: Path, deepest: int
) -> None:
    reader = Reader(MemorySource(terrain.archive(tmp_path, "skaermkort", deepest=deepest).read_bytes()))
    handed_out = set()

    def hand_out(route: Route) -> None:
        z, x, y = (int(part) for part in route.request.url.removesuffix(".mvt").split("/")[-3:])
        tile = reader.get(z, x, y)
        if tile:
            handed_out.add(z)
            route.fulfill(body=gzip.decompress(tile), content_type="application/vnd.mapbox-vector-tile")
        else:
            route.fulfill(status=204)

    drawn.page.route("**/api/v1/tiles/**", hand_out)
    drawn.draw(None, basemap="/api/v1/tiles/{z}/{x}/{y}.mvt")
    drawn.assert_shows(terrain.LAKE, "water")
    for _ in range(2):
        drawn.page.get_by_role("button", name="Tættere på").click()
    for _ in range(100):
        if deepest in handed_out:
            break
        drawn.page.wait_for_timeout(100)
    assert max(handed_out) == deepest
    drawn.assert_says("")


@pytest.mark.parametrize(
    "answer", [{"status": 503}, {"body": "<!doctype html><h1>Log på</h1>", "content_type": "text/html"}]
)
def test_a_tile_server_that_is_down_or_answers_pages_leaves_the_route_and_a_sentence(drawn: Map, answer: Any) -> None:
    drawn.page.route("**/api/v1/tiles/**", lambda route: route.fulfill(**answer))
    drawn.draw(None, basemap="/api/v1/tiles/{z}/{x}/{y}.mvt")
    drawn.assert_says("En del af baggrundskortet kan ikke hentes lige nu. Rute og noter vises alligevel.")
    assert [said for said in drawn.complaints if "Failed to load resource" not in said] == []
    drawn.complaints.clear()
