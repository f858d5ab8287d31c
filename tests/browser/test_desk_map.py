"""The maps of those who prepare and follow up: choosing notes on them, comparing two, printing them; by hand and by keyboard."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from app.db import Database
from app.models import Walk
from tests.browser import test_report
from tests.browser.reading import assert_readable
from tests.browser.test_report import Evening, drawn, shown, walked
from tests.browser.test_walkers_map import NO_WEBGL
from tests.phone import Phone

PRINTED = "() => { window.printed = 0; window.print = () => { window.printed += 1; }; }"
DARK, FAST, GOOD, PLACELESS = "Lampen er slukket.", "De kører stærkt.", "Her kender vi hinanden.", "Et sted uden sted."


# The same evening as on the report's page.
shared_evening, evening = test_report.shared_evening, test_report.evening


@pytest.fixture
def report(evening: Evening, page: Page) -> Page:
    """The report on a desk, with its map drawn and in the middle of the window."""
    page.set_viewport_size({"width": 1280, "height": 900})
    evening.read(page)
    drawn(page)
    expect(page.get_by_text("Kortet viser 3 af 3 noter.")).to_be_visible()
    return page


def on_map(page: Page, note_id: str) -> tuple[float, float]:
    """Where a note is in the window, once nothing moves there any more."""
    page.locator("tryg-map").evaluate("map => map.scrollIntoView({block: 'center'})")
    at = page.locator("tryg-map").evaluate(
        """async (element, id) => {
          const {map, all} = await element.drawing();
          const {coordinates} = all().find((note) => note.id === id).geometry;
          const look = () => {
            const [{x, y}, box] = [map.project(coordinates), map.getCanvas().getBoundingClientRect()];
            return [box.left + x, box.top + y];
          };
          let at = look();
          for (let still = 0; still < 10; ) {
            await new Promise(requestAnimationFrame);
            const now = look();
            still = String(now) === String(at) ? still + 1 : 0;
            at = now;
          }
          return at;
        }""",
        note_id,
    )
    return at[0], at[1]


def pull(page: Page, *points: tuple[float, float]) -> None:
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def at_rest(chart: Locator) -> None:
    """Waits until the map no longer moves."""
    chart.evaluate(
        """async (element) => {
          const {map} = await element.drawing();
          await new Promise((resolve) => map.once("idle", resolve).triggerRepaint());
        }"""
    )


def number(page: Page, words: str) -> Locator:
    return page.locator("#notes").get_by_role("status").filter(has_text=words)


def noted(evening: Evening, contents: list[dict[str, Any]]) -> None:
    """Another phone joins the walk and sends these notes."""
    db = Database(evening.server.database)
    with db.read() as tx:
        code = tx.get_one(Walk, evening.url.split("/")[4]).code
    db.close()
    with httpx.Client(base_url=evening.server.url, timeout=30) as http:
        phone = Phone(http, code).join()
        for content in contents:
            assert phone.put(phone.note(**content)).status_code == 201


def test_a_box_on_the_map_narrows_down_the_list_and_its_downloads(evening: Evening, report: Page) -> None:
    report.get_by_role("button", name="Vælg med en firkant").click()
    expect(report.get_by_text("Træk en firkant ud på kortet.")).to_be_visible()
    x, y = on_map(report, evening.notes["dark"])
    pull(report, (x - 30, y - 30), (x + 30, y + 30))
    expect(number(report, "1 af 4 noter")).to_be_visible()
    expect(report.get_by_text("Kortet viser 1 af 3 noter.")).to_be_visible()
    assert shown(report) == {DARK}
    expect(report).to_have_url(re.compile(r"/report\?area=9\.98\d*,57\.04"))
    address = report.get_by_role("link", name="Tabel (CSV)").get_attribute("href")
    assert address
    assert "area=" in address
    expect(report.get_by_role("button", name="Se", exact=True)).to_have_attribute("aria-pressed", "true")
    report.reload()
    expect(number(report, "1 af 4 noter")).to_be_visible()
    drawn(report)
    expect(report.get_by_text("Kortet viser 1 af 3 noter.")).to_be_visible()
    report.get_by_role("checkbox", name="I området på kortet 1").click()  # and the page goes
    expect(number(report, "4 noter")).to_be_visible()
    expect(report.get_by_text("Kortet viser 3 af 3 noter.")).to_be_visible()


def test_a_line_drawn_around_notes_chooses_them_and_what_lies_beside_it_stays_out(
    evening: Evening, report: Page
) -> None:
    (ax, ay), (bx, by) = on_map(report, evening.notes["good"]), on_map(report, evening.notes["dark"])
    report.get_by_role("button", name="Tegn rundt om").click()
    (ax, ay), (bx, by) = on_map(report, evening.notes["good"]), on_map(report, evening.notes["dark"])
    pull(report, (ax - 25, ay + 25), (ax - 25, ay - 25), (bx - 25, by - 25), (bx + 25, by - 25), (bx + 25, by + 25), (ax + 25, ay + 25))  # fmt: skip
    expect(number(report, "2 af 4 noter")).to_be_visible()
    assert shown(report) == {GOOD, DARK}
    report.get_by_role("link", name="Se dem i listen").click()
    expect(report.get_by_role("heading", name="Noterne")).to_be_in_viewport()
    report.go_back()
    report.get_by_role("button", name="Vælg ingen").click()
    expect(number(report, "4 noter")).to_be_visible()
    expect(report.get_by_role("button", name="Vælg det, kortet viser")).to_be_focused()


def test_by_keyboard_one_chooses_what_the_map_shows(evening: Evening, report: Page) -> None:
    canvas = report.locator("tryg-map canvas")
    canvas.focus()
    seen = "async () => (await document.querySelector('tryg-map').drawing()).map.getBounds().toArray().flat()"
    before = report.evaluate(seen)
    for key in ("Equal", "Equal", "Equal", "ArrowUp", "ArrowRight"):
        report.keyboard.press(key)
        at_rest(report.locator("tryg-map"))
    assert report.evaluate(seen) != before
    button = report.get_by_role("button", name="Vælg det, kortet viser")
    button.focus()
    report.keyboard.press("Enter")
    west, south, east, north = report.evaluate(seen)
    fixes = {note: (57.0405 + n / 2000, 9.9805 + n / 1000) for n, note in enumerate((GOOD, DARK, FAST))}
    within = {note for note, (lat, lon) in fixes.items() if south < lat < north and west < lon < east}
    expect(number(report, f"{len(within)} af 4 noter")).to_be_visible()
    assert shown(report) == within
    assert 0 < len(within) < 3, "the map was moved to a part of the walk"


@pytest.mark.once
def test_escape_gives_up_and_a_mere_tap_chooses_nothing(evening: Evening, report: Page) -> None:
    report.get_by_role("button", name="Vælg med en firkant").click()
    x, y = on_map(report, evening.notes["dark"])
    report.mouse.move(x, y)
    report.mouse.down()
    report.mouse.move(x + 60, y + 60, steps=3)
    report.keyboard.press("Escape")
    report.mouse.up()
    expect(report.locator(".map-choosing")).to_have_count(0)
    report.get_by_role("button", name="Tegn rundt om").click()
    x, y = on_map(report, evening.notes["dark"])
    report.mouse.click(x, y)
    expect(report.get_by_role("button", name="Se", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(number(report, "4 noter")).to_be_visible()
    assert "area" not in report.url


@pytest.mark.once
def test_the_map_does_not_wait_for_the_list(evening: Evening, report: Page) -> None:
    held: list[Any] = []
    report.route("**/report?valence=unsafe", lambda route: held.append(route))
    report.get_by_role("checkbox", name="Utryg 2").check()
    expect(report.get_by_text("Kortet viser 2 af 3 noter.")).to_be_visible()
    expect(number(report, "4 noter")).to_be_visible()
    held[0].continue_()
    expect(number(report, "2 af 4 noter")).to_be_visible()


def test_notes_of_one_place_that_cannot_be_parted_are_listed(evening: Evening, page: Page, tmp_path: Path) -> None:
    crowd = walked(evening.server, tmp_path)
    at = {"lat": 57.041, "lon": 9.983, "accuracy_m": 5}
    noted(crowd, [{"note": f"Samme sted {n}", "fix": at} for n in range(14)])
    page.set_viewport_size({"width": 1280, "height": 900})
    crowd.read(page)
    drawn(page)
    page.locator("tryg-map").evaluate(
        "async (element) => (await element.drawing()).map.jumpTo({center: [9.983, 57.041], zoom: 18.9})"
    )
    told = page.locator(".maplibregl-popup")
    box = page.locator("tryg-map canvas").bounding_box()
    assert box
    at_rest(page.locator("tryg-map"))
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(told.get_by_text("og 2 noter mere i listen")).to_be_visible()
    told.get_by_role("button", name="Vis alle 14 i listen").click()
    expect(number(page, "14 af 18 noter")).to_be_visible()
    assert {text[:11] for text in shown(page)} == {"Samme sted "}
    expect(page.get_by_role("heading", name="Noterne")).to_be_in_viewport()


def test_two_maps_side_by_side_move_together_and_the_table_says_the_same(evening: Evening, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    evening.read(page)
    page.get_by_role("link", name="Tryg og utryg side om side").click()
    maps = page.locator("tryg-map")
    expect(maps).to_have_count(2)
    for n in (0, 1):
        maps.nth(n).scroll_into_view_if_needed()
        expect(maps.nth(n)).to_have_attribute("state", "drawn")
    notes = "async (element) => (await element.drawing()).notes().map((note) => note.properties.valence)"
    assert [maps.nth(n).evaluate(notes) for n in (0, 1)] == [["safe"], ["unsafe", "unsafe"]]
    middle = "async (element) => {const {map} = await element.drawing(); return [map.getZoom(), ...map.getCenter().toArray()]}"
    expect(page.get_by_text("Færre end fem noter:")).to_have_count(2)
    before = maps.nth(1).evaluate(middle)
    maps.nth(0).locator("canvas").focus()
    page.keyboard.press("Equal")
    at_rest(maps.nth(0))
    page.keyboard.press("ArrowLeft")
    at_rest(maps.nth(0))
    at_rest(maps.nth(1))
    first, second = (maps.nth(n).evaluate(middle) for n in (0, 1))
    assert second != before
    assert first == pytest.approx(second)
    expect(page.get_by_role("table").get_by_text("Få stemmer")).to_have_count(2)
    assert_readable(page, "side by side")


def test_how_thick_notes_lie_is_drawn_in_the_colour_of_their_valence_alone(
    evening: Evening, page: Page, tmp_path: Path
) -> None:
    crowd = walked(evening.server, tmp_path)
    eight = [
        {"valence": "safe", "fix": {"lat": 57.0402 + n / 100_000, "lon": 9.9842, "accuracy_m": 5}} for n in range(8)
    ]
    noted(crowd, eight)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    crowd.read(page)
    page.goto(f"{crowd.url}/comparison")
    first = page.locator("tryg-map").first
    first.scroll_into_view_if_needed()
    expect(first).to_have_attribute("state", "drawn")
    red, green, blue = first.evaluate(
        """async (element) => {
          const {map} = await element.drawing();
          map.jumpTo({center: [9.9842, 57.0402], zoom: 17});
          await new Promise((resolve) => map.once("idle", resolve));
          map.redraw();
          const gl = map.getCanvas().getContext("webgl2");
          const pixel = new Uint8Array(4);
          const {x, y} = map.project([9.98445, 57.0402]);
          gl.readPixels(x * devicePixelRatio, gl.drawingBufferHeight - y * devicePixelRatio, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
          return [...pixel].slice(0, 3);
        }"""
    )
    assert blue > green > red, (red, green, blue)
    assert blue - red > 20, "beside the notes, not on one"
    expect(page.get_by_text("9 noter med et sted.")).to_be_visible()


@pytest.mark.once
@pytest.mark.parametrize(("paper", "width", "height"), [("A4", 297, 210), ("A3", 420, 297)])
def test_the_map_is_printed_on_a_sheet_of_its_own_with_scale_and_north(
    report: Page, tmp_path: Path, paper: str, width: int, height: int
) -> None:
    report.evaluate(PRINTED)
    report.get_by_role("button", name="Udskriv kortet på A4" if paper == "A4" else "på A3", exact=True).click()
    sheet = report.locator(".map-sheet img")
    expect(sheet).to_have_attribute("src", re.compile("^data:image/png"))
    expect(report.locator("html[data-printing=map]")).to_have_count(1)
    source = (sheet.get_attribute("src") or "").partition(",")[2]
    path = tmp_path / "map.pdf"
    report.pdf(path=str(path), prefer_css_page_size=True, print_background=True)
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", path.read_bytes())
    assert [(round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in sizes] == [(width, height)], (
        "one page"
    )
    picture = Image.open(io.BytesIO(base64.b64decode(source))).convert("L")
    assert picture.width / (width - 20) > 7, "pixels for each millimetre: legible on paper"
    across, down = picture.size
    corner = picture.crop((across - 60 * 2, 0, across, 70 * 2))
    scale = picture.crop((round(across * 0.7), down - 50 * 2, across, down))
    for part in (corner, scale):
        tones = part.histogram()
        assert sum(tones[:60]) > 200, "ink"
        assert sum(tones[200:]) > 1000, "on white"
    expect(report.locator(".map-sheet")).to_have_count(0)
    assert report.evaluate("window.printed") == 1


@pytest.mark.once
def test_a_sheet_that_cannot_be_drawn_is_put_away(evening: Evening, report: Page) -> None:
    report.evaluate(PRINTED)
    report.evaluate(f"({NO_WEBGL})()")
    with report.expect_event("pageerror"):
        report.get_by_role("button", name="Udskriv kortet på A4", exact=True).click()
    expect(report.locator(".map-sheet")).to_have_count(0)
    assert report.evaluate("window.printed") == 0
    assert evening.complaints
    evening.complaints.clear()


def look_at_the_first(chart: Locator, zoom: int) -> None:
    chart.evaluate(
        """async (element, zoom) => {
          const { map, all } = await element.drawing();
          map.jumpTo({ center: all()[0].geometry.coordinates, zoom });
        }""",
        zoom,
    )
    at_rest(chart)


@pytest.mark.once
def test_a_click_tells_of_the_note_that_was_seen_also_where_new_ones_have_just_come(report: Page) -> None:
    chart = report.locator("tryg-map")
    look_at_the_first(chart, zoom=17)
    words = chart.evaluate(
        """async (element) => {
          const { map, all, update } = await element.drawing();
          const [seen, ...others] = all();
          const { x, y } = map.project(seen.geometry.coordinates);
          const { left, top } = map.getCanvas().getBoundingClientRect();
          update({ type: "FeatureCollection", features: [...others, seen] });
          map.getCanvas().dispatchEvent(new MouseEvent("click", { clientX: left + x, clientY: top + y, bubbles: true }));
          return seen.properties.note;
        }"""
    )
    expect(report.locator(".maplibregl-popup")).to_contain_text(words)


def test_the_next_note_is_told_while_one_is_still_open(evening: Evening, report: Page) -> None:
    chart = report.locator("tryg-map")
    look_at_the_first(chart, zoom=16)
    for name, words in (("dark", DARK), ("good", GOOD)):
        report.mouse.click(*on_map(report, evening.notes[name]))
        expect(report.locator(".maplibregl-popup")).to_contain_text(words)


WHOLE_ROUTE = """async (element) => {
  const { map } = await element.drawing();
  for (let turn = 0; turn < 300; turn += 1) {
    const { width, height } = map.getContainer().getBoundingClientRect();
    const seen = element.plan.route.coordinates.map((one) => map.project(one));
    if (seen.every(({ x, y }) => x > 0 && y > 0 && x < width && y < height)) return true;
    await new Promise(requestAnimationFrame);
  }
  return false;
}"""
ZOOM = "async (element) => (await element.drawing()).map.getZoom()"


@pytest.mark.once
def test_a_turned_tablet_shows_the_whole_walk_again_unless_the_map_was_moved(report: Page) -> None:
    chart = report.locator("tryg-map")
    report.set_viewport_size({"width": 390, "height": 844})
    assert chart.evaluate(WHOLE_ROUTE)
    chart.evaluate("async (element) => (await element.drawing()).map.jumpTo({ zoom: 18 })")
    report.set_viewport_size({"width": 844, "height": 390})
    expect(chart.locator("canvas")).to_have_css("width", f"{chart.evaluate('one => one.clientWidth')}px")
    assert chart.evaluate(ZOOM) == 18


def test_the_live_page_shows_a_note_on_the_map_as_soon_as_it_arrives(
    evening: Evening, page: Page, tmp_path: Path
) -> None:
    going = walked(evening.server, tmp_path)
    page.set_viewport_size({"width": 1280, "height": 900})
    going.read(page)
    page.goto(going.url.replace("/report", "/live"))
    page.locator("tryg-map").scroll_into_view_if_needed()
    drawn(page)
    count = "async (element) => (await element.drawing()).all().length"
    assert page.locator("tryg-map").evaluate(count) == 3
    with page.expect_response("**/live.geojson?seq=*"):
        noted(going, [{"note": "Lige kommet"}])
    expect(page.locator("#part-figures")).to_contain_text("5")
    for _ in range(100):
        if page.locator("tryg-map").evaluate(count) == 4:
            break
        page.wait_for_timeout(100)
    assert page.locator("tryg-map").evaluate(count) == 4
    assert_readable(page, "live, with its map")
