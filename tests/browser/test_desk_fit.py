"""What a desk's maps show: all there is, in a window of any size, also what comes later, until somebody moves them."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.db import Database
from app.models import Stop
from tests.browser import test_desk_map
from tests.browser.test_desk_map import ZOOM, at_rest
from tests.browser.test_report import Evening

shared_evening, evening, report = test_desk_map.shared_evening, test_desk_map.evening, test_desk_map.report

# Whether the map shows all of these places, once it has had its time.
IN_SIGHT = """async (element, places) => {
  const { map } = await element.drawing();
  for (let turn = 0; turn < 300; turn += 1) {
    const { width, height } = map.getContainer().getBoundingClientRect();
    const seen = places.map((one) => map.project(one));
    if (width && seen.every(({ x, y }) => x > 0 && y > 0 && x < width && y < height)) return true;
    await new Promise(requestAnimationFrame);
  }
  return false;
}"""
PLACES = "async (element) => (await element.drawing()).all().map((note) => note.geometry.coordinates)"


def test_two_maps_side_by_side_show_all_of_both_in_a_window_of_any_size_until_one_is_moved(
    evening: Evening, page: Page
) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    evening.read(page)
    page.goto(f"{evening.url}/comparison")
    maps = page.locator("tryg-map")
    for n in (0, 1):
        maps.nth(n).scroll_into_view_if_needed()
        expect(maps.nth(n)).to_have_attribute("state", "drawn")
    whole = [*maps.nth(0).evaluate(PLACES), *maps.nth(0).evaluate("element => element.plan.route.coordinates")]
    for width, height in ((1280, 900), (390, 844), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for n in (0, 1):
            assert maps.nth(n).evaluate(IN_SIGHT, whole), (n, width)
    narrow = maps.nth(0).evaluate(ZOOM)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function(
        "([zoom]) => document.querySelector('tryg-map').drawing().then(({ map }) => map.getZoom() > zoom)", arg=[narrow]
    )
    maps.nth(0).evaluate("async (element) => (await element.drawing()).map.jumpTo({ zoom: 18 })")
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(maps.nth(0))
    assert [maps.nth(n).evaluate(ZOOM) for n in (0, 1)] == [18, 18]


def test_the_map_across_walks_shows_every_route_in_a_window_of_any_size_until_it_is_moved(
    evening: Evening, page: Page, tmp_path: Path
) -> None:
    route = tmp_path / "route.geojson"
    route.write_text(json.dumps({"type": "LineString", "coordinates": [[9.93, 57.04], [9.95, 57.06]]}))
    made = evening.server.tryg("walk", "create", "--title", "Vestbyen", "--route", str(route))["walk_id"]
    db = Database(evening.server.database)
    with db.write() as tx:
        tx.add(Stop(walk_id=made, number=1, name="Havnen", lat=57.05, lon=9.93))
    db.close()
    page.set_viewport_size({"width": 1280, "height": 900})
    evening.read(page)
    with page.expect_response("**/overview/routes.geojson*") as answer:
        page.goto(evening.url.split("/walks/")[0] + "/overview")
        page.locator("tryg-map").scroll_into_view_if_needed()
    lines = [one["geometry"]["coordinates"] for one in answer.value.json()["features"]]
    places = [place for line in lines for place in line]
    assert places
    chart = page.locator("tryg-map")
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert chart.evaluate(IN_SIGHT, places), width
    chart.evaluate("async (element) => (await element.drawing()).map.jumpTo({ zoom: 18 })")
    page.set_viewport_size({"width": 1280, "height": 800})
    at_rest(chart)
    assert chart.evaluate(ZOOM) == 18


def test_a_map_fits_again_when_places_come_or_are_filtered_unless_it_was_moved(evening: Evening, report: Page) -> None:
    chart = report.locator("tryg-map")
    far = """async (element, east) => {
      const { all, update } = await element.drawing();
      const [first, ...others] = all();
      const [lon, lat] = element.plan.route.coordinates[0];
      const away = { ...first, geometry: { type: "Point", coordinates: [lon + east, lat] } };
      update({ type: "FeatureCollection", features: [away, ...others] });
      return [away.geometry.coordinates];
    }"""
    assert chart.evaluate(IN_SIGHT, chart.evaluate(far, 0.02))
    chart.evaluate("async (element) => (await element.drawing()).map.jumpTo({ zoom: 18 })")
    chart.evaluate(far, 0.025)
    at_rest(chart)
    assert chart.evaluate(ZOOM) == 18

    # A walk without a route: its notes are all there is.
    report.evaluate(
        """() => {
          const made = document.createElement("tryg-map");
          made.id = "alone";
          made.className = "map";
          made.setAttribute("src", document.querySelector("tryg-map").getAttribute("src"));
          document.querySelector("tryg-map").parentElement.append(made);
        }"""
    )
    alone = report.locator("#alone")
    alone.scroll_into_view_if_needed()
    expect(alone).to_have_attribute("state", "drawn")
    middle = "async (element) => (await element.drawing()).map.getCenter().toArray()"
    only = "async (element, id) => { await element.filter(id && ((note) => note.id === id)); }"
    whole = alone.evaluate(middle)
    alone.evaluate(only, evening.notes["dark"])
    assert alone.evaluate(middle) == pytest.approx([9.9815, 57.041], abs=1e-4)
    alone.evaluate(only, evening.notes["good"])
    assert alone.evaluate(middle) == pytest.approx([9.9805, 57.0405], abs=1e-4)
    alone.evaluate(only, None)
    assert alone.evaluate(middle) == pytest.approx(whole, abs=1e-6)
