"""The report in a coordinator's browser: with a map and without, with scripts and without, by day and by night."""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.running import Server

ROUTE = {"type": "LineString", "coordinates": [[9.980, 57.040], [9.984, 57.042]]}
NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
};
"""


@dataclass
class Evening:
    """A walk whose notes have come in; `complaints`: what the browser said of the page."""

    server: Server
    url: str
    notes: dict[str, str]
    sign_in: Callable[[Page], None]
    complaints: list[str] = field(default_factory=list)

    def read(self, page: Page, query: str = "") -> Page:
        """Sign in and open the report."""
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.sign_in(page)
        page.goto(self.url + query)
        return page


def walked(server: Server, folder: Path) -> Evening:
    route = folder / "route.geojson"
    route.write_text(json.dumps(ROUTE))
    walk = server.tryg("walk", "create", "--title", "Aalborg Øst i mørke", "--route", str(route))
    made: dict[str, str] = {}
    with httpx.Client(base_url=server.url, timeout=30) as http:
        resident, police = Phone(http, walk["code"]).join(), Phone(http, walk["code"], role="police").join()
        picture = Picture(jpeg(640, 480, (40, 90, 140)))
        for phone, name, content in (
            (resident, "good", {"valence": "safe", "note": "Her kender vi hinanden.", "factors": ["lighting.level"]}),
            (resident, "dark", {"valence": "unsafe", "note": "Lampen er slukket.", "factors": ["lighting.outage"]}),
            (police, "fast", {"valence": "unsafe", "note": "De kører stærkt.", "factors": ["traffic.speed"]}),
            (police, "placeless", {"valence": "mixed", "note": "Et sted uden sted.", "fix": None}),
        ):
            fix = {"lat": 57.0405 + len(made) / 2000, "lon": 9.9805 + len(made) / 1000, "accuracy_m": 8}
            made[name] = phone.note(*([picture] if name == "dark" else []), **{"fix": fix} | content)
            assert phone.put(made[name]).status_code == 201
        resident.put_picture(picture.id)
        until(lambda: resident.get(f"/photos/{picture.id}").status_code == 200)

    def sign_in(page: Page) -> None:
        page.goto(server.tryg("user", "add", "ida@kommune.example", "--role", "coordinator")["sign_in_url"])
        page.get_by_role("button", name="Log ind", exact=True).click()
        page.wait_for_url(f"{server.url}/")

    return Evening(server, f"{server.url}/walks/{walk['walk_id']}/report", made, sign_in)


@pytest.fixture(scope="module")
def shared_evening(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return walked(shared_server, tmp_path_factory.mktemp("walk"))


@pytest.fixture
def evening(shared_evening: Evening) -> Iterator[Evening]:
    shared_evening.complaints.clear()
    yield shared_evening
    assert shared_evening.complaints == [], "the browser complained"


def drawn(page: Page) -> None:
    page.locator("tryg-map").scroll_into_view_if_needed()
    expect(page.locator("tryg-map[state=drawn] canvas")).to_be_visible()


def shown(page: Page) -> set[str]:
    return set(page.locator("#notes .note .said").all_inner_texts())


def test_a_filter_takes_effect_at_once_and_can_be_taken_back(evening: Evening, page: Page) -> None:
    evening.read(page)
    page.get_by_role("checkbox", name="Utryg 2").check()
    expect(page.get_by_role("status").filter(has_text="2 af 4 noter")).to_be_visible()
    assert shown(page) == {"Lampen er slukket.", "De kører stærkt."}
    expect(page).to_have_url(f"{evening.url}?valence=unsafe")
    expect(page.get_by_role("checkbox", name="Utryg 2")).to_be_focused()
    expect(page.get_by_role("link", name="Tabel (CSV)")).to_have_attribute(
        "href", f"{evening.url}.csv?valence=unsafe".removeprefix(evening.server.url)
    )
    page.get_by_text("Skrevet af", exact=True).click()
    page.get_by_role("checkbox", name="Politi 1").check()
    expect(page.get_by_text("1 af 4 noter")).to_be_visible()
    assert shown(page) == {"De kører stærkt."}
    page.go_back()
    expect(page.get_by_text("2 af 4 noter")).to_be_visible()
    page.get_by_role("link", name="Vis alle", exact=True).click()
    expect(page.locator("#notes .note")).to_have_count(4)
    expect(page).to_have_url(evening.url)
    page.reload()
    expect(page.locator("#notes .note")).to_have_count(4)


def test_without_scripts_everything_stands_there_and_can_be_filtered(evening: Evening, browser: Browser) -> None:
    with browser.new_context(
        java_script_enabled=False, locale="da-DK", viewport={"width": 390, "height": 844}
    ) as context:
        page = evening.read(context.new_page())
        assert len(shown(page)) == 4
        expect(page.locator(".note img")).to_have_count(1)
        expect(page.get_by_role("link", name="Vis på kortet").first).to_be_hidden()
        page.get_by_text("Utryg 2", exact=True).click()
        page.get_by_role("button", name="Vis", exact=True).click()
        expect(page).to_have_url(f"{evening.url}?valence=unsafe#notes")
        assert shown(page) == {"Lampen er slukket.", "De kører stærkt."}
        page.get_by_role("link", name="Vis alle", exact=True).click()
        assert len(shown(page)) == 4


def test_from_the_list_to_the_map_and_back(evening: Evening, page: Page) -> None:
    evening.read(page)
    drawn(page)
    dark = page.locator(f"#n-{evening.notes['dark']}")
    expect(page.locator(f"#n-{evening.notes['placeless']}").get_by_role("link", name="Vis på kortet")).to_have_count(0)
    dark.get_by_role("link", name="Vis på kortet").click()
    told = page.locator(".maplibregl-popup")
    expect(told).to_contain_text("Lampen er slukket.")
    expect(told).to_contain_text("Utryg")
    expect(page.locator("tryg-map")).to_be_in_viewport()
    told.get_by_role("link", name="Se noten").click()
    expect(dark).to_be_in_viewport()
    assert page.evaluate("document.querySelector(':target').id") == f"n-{evening.notes['dark']}"


def test_a_note_is_opened_on_the_map_by_hand(evening: Evening, page: Page) -> None:
    evening.read(page)
    drawn(page)
    page.locator(f"#n-{evening.notes['fast']}").get_by_role("link", name="Vis på kortet").click()
    told = page.locator(".maplibregl-popup")
    expect(told).to_contain_text("De kører stærkt.")
    expect(told.get_by_role("link", name="Se noten")).to_be_focused()
    canvas = page.locator("tryg-map canvas")
    expect(canvas).to_be_in_viewport(ratio=1)
    until(lambda: abs(middle(told)[0] - middle(canvas)[0]) < 1)  # the map rests, the note in its middle
    expect(canvas).to_be_in_viewport(ratio=1)
    told.get_by_role("button", name="Luk").click()
    expect(told).to_have_count(0)
    page.mouse.click(*middle(canvas))
    expect(told).to_contain_text("De kører stærkt.")


def middle(what: Locator) -> tuple[float, float]:
    """Where it lies on the screen, pixels."""
    box = what.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_map_follows_the_filter_and_the_night(evening: Evening, page: Page) -> None:
    evening.read(page)
    drawn(page)
    page.get_by_role("checkbox", name="Tryg 1", exact=True).check()
    expect(page.get_by_text("Kortet viser 1 af 3 noter.")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    expect(page.locator("tryg-map canvas")).to_be_visible()
    light, dark = page.locator("tryg-map canvas"), page.locator(".note").first
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 27, 33)"
    expect(light).to_be_visible()
    expect(dark).to_be_visible()


def test_nothing_of_the_map_is_fetched_before_one_comes_near_it(evening: Evening, page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 250})
    evening.read(page)
    page.wait_for_load_state("networkidle")
    assert not [url for url in fetched if "drawing" in url or "maplibre" in url or "geojson" in url]
    drawn(page)
    assert [url for url in fetched if "maplibre" in url]
    assert all(url.startswith((evening.server.url, "blob:", "data:")) for url in fetched), "nobody else is asked"


def test_without_webgl_a_sentence_stands_where_the_map_would_be(evening: Evening, page: Page) -> None:
    page.add_init_script(NO_WEBGL)
    evening.read(page)
    page.locator("tryg-map").scroll_into_view_if_needed()
    expect(
        page.get_by_text("Kortet kan ikke tegnes i denne browser. Alle steder står som tekst nedenfor.")
    ).to_be_visible()
    expect(page.get_by_role("link", name="Vis på kortet").first).to_be_hidden()
    assert len(shown(page)) == 4


def test_a_map_that_cannot_be_fetched_says_so(evening: Evening, page: Page) -> None:
    page.route("**/places.geojson*", lambda route: route.abort())
    evening.read(page)
    page.locator("tryg-map").scroll_into_view_if_needed()
    expect(page.get_by_text("Kortet kunne ikke hentes. Alle steder står som tekst nedenfor.")).to_be_visible()
    assert [said for said in evening.complaints if "Failed to load resource" not in said] == []
    evening.complaints.clear()


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(evening: Evening, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    evening.read(page, "?valence=unsafe&valence=safe")
    drawn(page)
    page.get_by_text("Skrevet af", exact=True).click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def pmtiles(tile: bytes, tile_type: int, metadata: dict[str, Any]) -> bytes:
    """A PMTiles archive (version 3) of the one tile that is the world, nothing in it compressed."""
    told, root = json.dumps(metadata).encode(), bytes([1, 0, 1]) + varint(len(tile)) + bytes([1])
    start = 127
    spans = [start, len(root), start + len(root), len(told), 0, 0, start + len(root) + len(told), len(tile), 1, 1, 1]
    whole_world = [-180 * 10**7, -85 * 10**7, 180 * 10**7, 85 * 10**7]
    head = b"PMTiles\x03" + struct.pack("<11Q", *spans)
    head += bytes([1, 1, 1, tile_type, 0, 0]) + struct.pack("<4i", *whole_world) + bytes(9)
    return head + root + told + tile


def varint(number: int) -> bytes:
    return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])


@pytest.fixture
def evening_on(start_server: Callable[..., Server], tmp_path: Path) -> Callable[[bytes], Evening]:
    """A walk on a server whose base map is this file."""

    def do(file: bytes) -> Evening:
        path = tmp_path / "by.pmtiles"
        path.write_bytes(file)
        return walked(start_server(TRYG_BASEMAP=str(path), TRYG_BASEMAP_CREDIT="© Byens eget <kort>"), tmp_path)

    return do


def test_the_operators_base_map_is_drawn_with_its_credit(evening_on: Callable[[bytes], Evening], page: Page) -> None:
    evening = evening_on(pmtiles(jpeg(256, 256, (200, 30, 30)), 3, {}))
    ranges: list[int] = []
    page.on("response", lambda answer: ranges.append(answer.status) if "basemap.pmtiles" in answer.url else None)
    evening.read(page)
    drawn(page)
    expect(page.locator(".maplibregl-ctrl-attrib")).to_have_text("© Byens eget <kort>")
    assert ranges
    assert set(ranges) == {206}
    expect(page.locator(".map-words")).to_be_empty()
    assert evening.complaints == []


@pytest.mark.parametrize("file", [b"", b"no map at all" * 40, pmtiles(b"", 1, {"vector_layers": [{"id": "buses"}]})])
def test_a_base_map_that_is_broken_or_strange_leaves_the_route_and_a_sentence(
    evening_on: Callable[[bytes], Evening], page: Page, file: bytes
) -> None:
    evening = evening_on(file)
    evening.read(page)
    drawn(page)
    expect(page.get_by_text("Baggrundskortet kan ikke læses. Rute og noter vises uden det.")).to_be_visible()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_have_count(0)
