"""Stops and route are drawn on the plan's map, by hand, by finger and by keyboard; the list always says the same."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_plan import desk, saved

__all__ = ["desk"]
NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
};
"""


class Sheet:
    """The plan's map: what is done on it, by shares of its width and height."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator("tryg-sketch").scroll_into_view_if_needed()
        expect(page.locator("tryg-sketch[state=drawn]")).to_be_visible(timeout=60_000)
        self.map = page.locator("tryg-sketch .map")

    def at(self, across: float, down: float) -> tuple[float, float]:
        self.map.scroll_into_view_if_needed()
        box = self.map.bounding_box()
        assert box
        return box["x"] + box["width"] * across, box["y"] + box["height"] * down

    def choose(self, tool: str) -> None:
        self.page.get_by_role("button", name=tool, exact=True).click()

    def click(self, across: float, down: float) -> None:
        self.page.mouse.click(*self.at(across, down))

    def drag(self, from_: tuple[float, float], to: tuple[float, float]) -> None:
        (x, y), (left, top) = self.at(*from_), self.at(*to)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, 9):
            self.page.mouse.move(x + (left - x) * step / 8, y + (top - y) * step / 8)
        self.page.mouse.up()

    def shows(self, stops: int, points: int) -> None:
        """What is drawn: as many stops, and as many points of the route."""
        expect(self.map).to_have_attribute("data-drawn", f"{stops} {points}")

    def route(self) -> Any:
        return json.loads(self.page.locator("[name=route_line]").input_value() or "[]")


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser finds wrong with the page; that its policy was broken, too."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture
def near(desk: Page) -> Page:
    """The plan without stops, its map on a few streets of Aalborg."""
    desk.get_by_role("button", name="Tilføj stop").click()
    desk.get_by_label("Sted på kortet", exact=True).fill("57.0488, 9.9217")
    Sheet(desk).shows(1, 0)
    desk.get_by_role("button", name="Fjern, Stop 1").click()
    Sheet(desk).shows(0, 0)
    desk.evaluate("document.querySelector('#arranged').textContent = ''")
    return desk


def keep(page: Page) -> None:
    """Save by the button, and see the plan as it is kept."""
    with page.expect_navigation():
        page.get_by_role("button", name="Gem", exact=True).click()


def places(page: Page) -> list[str]:
    return [field.input_value() for field in page.get_by_label("Sted på kortet", exact=True).all()]


def test_stops_are_put_and_dragged_and_the_way_is_drawn_and_bent_and_all_of_it_is_kept(
    complaints: list[str], near: Page
) -> None:
    sheet = Sheet(near)
    sheet.choose("Sæt stop")
    for stops, at in enumerate([(0.3, 0.3), (0.7, 0.3)], 1):
        sheet.click(*at)
        sheet.shows(stops, 0)
    expect(near.locator("#arranged")).to_have_text("Stop 2 står sidst på listen.")
    before = places(near)
    sheet.drag((0.7, 0.3), (0.7, 0.6))
    expect(near.locator("#stop-2-place")).not_to_have_value(before[1])
    assert len(places(near)) == 2
    assert places(near)[0] == before[0]
    saved(near).to_contain_text("Gemt kl.")

    sheet.choose("Tegn ruten")
    for points, at in enumerate([(0.3, 0.3), (0.3, 0.6), (0.7, 0.6)], 1):
        sheet.click(*at)
        sheet.shows(2, points if points > 1 else 0)
    straight = sheet.route()
    expect(near.locator("#measured")).to_contain_text("2 stop ·")
    length = near.locator("#measured").inner_text()
    sheet.drag((0.3, 0.6), (0.2, 0.8))  # a point
    sheet.shows(2, 3)
    assert sheet.route()[1] != straight[1]
    assert sheet.route()[::2] == straight[::2]
    assert near.locator("#measured").inner_text() != length
    near.get_by_role("button", name="Fortryd", exact=True).click()
    assert sheet.route() == straight
    sheet.drag((0.5, 0.6), (0.5, 0.8))  # the dot between two points
    sheet.shows(2, 4)
    drawn = sheet.route()
    saved(near).to_contain_text("Gemt kl.")
    length = near.locator("#measured").inner_text()
    keep(near)
    sheet = Sheet(near)
    sheet.shows(2, 4)
    assert sheet.route() == drawn
    assert near.locator("#measured").inner_text() == length  # the server counts as the page did
    assert complaints == []


@pytest.mark.once
def test_what_was_done_on_the_map_is_undone_step_by_step(near: Page) -> None:
    sheet = Sheet(near)
    sheet.choose("Sæt stop")
    sheet.click(0.4, 0.4)
    sheet.choose("Tegn ruten")
    sheet.click(0.4, 0.4)
    sheet.click(0.6, 0.4)
    sheet.click(0.6, 0.7)
    sheet.shows(1, 3)
    undo = near.get_by_role("button", name="Fortryd", exact=True)
    for stops, points in ((1, 2), (1, 0), (0, 0)):
        undo.click()
        sheet.shows(stops, points)
    expect(near.locator(".plan-stops > li")).to_have_count(0)


@pytest.mark.once
def test_by_finger_a_stop_is_put_and_dragged_and_the_page_still_scrolls_while_one_looks(near: Page) -> None:
    sheet = Sheet(near)
    near.get_by_role("button", name="Sæt stop", exact=True).tap()
    near.touchscreen.tap(*sheet.at(0.5, 0.5))
    sheet.shows(1, 0)
    before = places(near)
    finger = near.context.new_cdp_session(near)
    x, y = sheet.at(0.5, 0.5)
    for kind, down in [("touchStart", 0), *[("touchMove", 12 * step) for step in range(1, 8)], ("touchEnd", 0)]:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y + down}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(near.locator("#stop-1-place")).not_to_have_value(before[0])
    gestures = "() => getComputedStyle(document.querySelector('tryg-sketch canvas')).touchAction"
    assert near.evaluate(gestures) == "none"
    near.get_by_role("button", name="Se", exact=True).tap()
    assert "pan-y" in near.evaluate(gestures)


@pytest.mark.once
def test_with_the_keyboard_alone_stops_and_route_are_put_under_the_cross(desk: Page) -> None:
    sheet = Sheet(desk)
    desk.get_by_role("button", name="Tilføj stop").press("Enter")
    desk.get_by_role("button", name="Peg på kortet, Stop 1").press("Enter")
    expect(desk.locator("[data-hint-here]")).to_have_text("Tryk, hvor Stop 1 er.")
    canvas = desk.locator("tryg-sketch canvas")
    expect(canvas).to_be_focused()
    desk.get_by_role("button", name="Her, ved krydset").press("Enter")
    expect(desk.locator("#stop-1-place")).not_to_have_value("")
    expect(desk.get_by_role("button", name="Peg på kortet, Stop 1")).to_be_focused()
    desk.get_by_role("button", name="Tegn ruten", exact=True).press("Enter")
    here = desk.get_by_role("button", name="Her, ved krydset")
    here.press("Enter")
    expect(desk.locator("#arranged")).to_have_text("Ruten begynder her. Tryk, hvor den går videre.")
    canvas.press("ArrowRight")
    expect(sheet.map).to_have_attribute("data-still", "")  # it has slid to its side
    here.press("Enter")
    sheet.shows(1, 2)
    assert sheet.route()[0][0] < sheet.route()[1][0]


def test_a_place_that_is_typed_or_taken_away_is_seen_on_the_map_at_once(desk: Page) -> None:
    desk.get_by_role("button", name="Tilføj stop").click()
    desk.get_by_label("Sted på kortet", exact=True).fill("57.0488, 9.9217")
    sheet = Sheet(desk)
    sheet.shows(1, 0)
    desk.get_by_role("button", name="Tilføj stop").click()
    desk.get_by_label("Sted på kortet", exact=True).last.fill("57,0490; 9,9217")
    sheet.shows(2, 0)
    desk.get_by_role("button", name="Fjern, Stop 1").click()
    sheet.shows(1, 0)
    expect(desk.get_by_role("button", name="Fjern, Stop 1")).to_be_focused()
    saved(desk).to_contain_text("Gemt kl.")


def test_a_stop_is_dragged_to_another_place_in_the_order_and_escape_puts_it_back(desk: Page) -> None:
    names = ("Kilden", "Tunnelen", "Torvet")
    for name in names:
        desk.get_by_role("button", name="Tilføj stop").click()
        desk.get_by_label("Navn", exact=True).last.fill(name)
    saved(desk).to_contain_text("Gemt kl.")
    desk.set_viewport_size({"width": 1280, "height": 1400})

    def order() -> list[str]:
        return [field.input_value() for field in desk.get_by_label("Navn", exact=True).all()]

    def hold(number: int, over: int) -> None:
        grip, target = (desk.locator(f"#stop-{n} legend").bounding_box() for n in (number, over))
        assert grip
        assert target
        desk.mouse.move(grip["x"] + 10, grip["y"] + 10)
        desk.mouse.down()
        desk.mouse.move(grip["x"] + 10, (grip["y"] + target["y"]) / 2, steps=4)
        desk.mouse.move(grip["x"] + 10, target["y"] - 30, steps=4)

    desk.locator("#stop-1").scroll_into_view_if_needed()
    hold(3, 1)
    desk.keyboard.press("Escape")
    desk.mouse.up()
    assert order() == list(names)
    hold(3, 1)
    desk.mouse.up()
    assert order() == ["Torvet", "Kilden", "Tunnelen"]
    expect(desk.locator("#arranged")).to_have_text("Ny rækkefølge: 1 Torvet · 2 Kilden · 3 Tunnelen")
    keep(desk)
    assert order() == ["Torvet", "Kilden", "Tunnelen"]


@pytest.mark.once
def test_a_route_of_very_many_points_is_made_simple_before_it_is_drawn_on_and_can_be_had_back(desk: Page) -> None:
    many = [[9.98 + n / 1e5, 57.04 + (n % 7) / 1e6] for n in range(900)]
    line = json.dumps({"type": "LineString", "coordinates": many}).encode()
    desk.get_by_text("Ruten uden kort").click()
    file: Any = {"name": "tur.geojson", "mimeType": "application/geo+json", "buffer": line}
    desk.get_by_label("Rute fra en fil (GPX eller GeoJSON)").set_input_files(file)
    desk.get_by_role("button", name="Gem", exact=True).click()
    sheet = Sheet(desk)
    sheet.shows(0, 900)
    sheet.choose("Tegn ruten")
    expect(desk.locator("#arranged")).to_contain_text("Ruten har færre punkter nu")
    assert 2 <= len(sheet.route()) <= 150
    desk.get_by_role("button", name="Fortryd", exact=True).click()
    assert len(sheet.route()) == 900


@pytest.mark.parametrize("trouble", ["no-webgl", "no-file"])
def test_without_a_map_the_list_does_all_the_same_and_says_so(
    page: Page, trouble: str, request: pytest.FixtureRequest
) -> None:
    if trouble == "no-webgl":
        page.add_init_script(NO_WEBGL)
    else:
        page.route("**/assets/draw-*.js", lambda route: route.abort())
    desk: Page = request.getfixturevalue("desk")
    desk.locator("tryg-sketch").scroll_into_view_if_needed()
    words = {"no-webgl": "Denne browser kan ikke tegne kortet.", "no-file": "Kortet kunne ikke hentes."}
    expect(desk.locator("tryg-sketch .map-words")).to_have_text(f"{words[trouble]} Brug listen.")
    for place in ("57.0488, 9.9217", "57.0588, 9.9217"):
        desk.get_by_role("button", name="Tilføj stop").click()
        desk.get_by_label("Sted på kortet", exact=True).last.fill(place)
    saved(desk).to_contain_text("Gemt kl.")
    expect(desk.get_by_role("button", name="Tegn ruten")).to_be_hidden()
    desk.get_by_text("Ruten uden kort").click()
    desk.get_by_role("button", name="Læg den fra stop til stop").click()
    desk.get_by_text("Ruten uden kort").click()
    expect(desk.get_by_text("Der er en rute på 2 punkter.")).to_be_visible()
    expect(desk.locator("#measured")).to_have_text("2 stop · 1,1\u00a0km · ca. 30 minutter")


@pytest.mark.once
def test_by_night_the_map_is_made_anew_and_drawing_goes_on(near: Page) -> None:
    sheet = Sheet(near)
    sheet.choose("Sæt stop")
    sheet.click(0.4, 0.4)
    sheet.shows(1, 0)
    canvas = "() => document.querySelector('tryg-sketch canvas')"
    before = near.evaluate_handle(canvas)
    near.emulate_media(color_scheme="dark")
    near.wait_for_function("before => document.querySelector('tryg-sketch canvas') !== before", arg=before)
    expect(sheet.map).to_have_attribute("data-still", "")
    sheet.shows(1, 0)
    sheet.click(0.6, 0.6)
    sheet.shows(2, 0)
