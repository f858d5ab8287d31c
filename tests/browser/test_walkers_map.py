"""The walker's map and its list: where one is, what stands near and in which direction, and one tap to a note there."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.db import Database
from app.models import Walk
from tests.browser.test_battery import AT_REST, COUNT_DRAWING
from tests.browser.walking import AT_THE_TUNNEL, Evening, Planned, plan
from tests.running import Server

# Between the first two stops, walking north.
GOING: Any = {"latitude": 57.0503, "longitude": 9.9232, "accuracy": 6, "heading": 0, "speed": 1.2}
BESIDE: Any = {"latitude": 57.0512, "longitude": 9.9300, "accuracy": 5}  # far from every stop
FAKE_PLACE = """(coords) => {
    const tell = (found) => found({ coords: { altitude: null, ...coords }, timestamp: Date.now() });
    Geolocation.prototype.watchPosition = (found) => { setTimeout(tell, 0, found); return 1; };
    Geolocation.prototype.clearWatch = () => {};
}"""
NO_WEBGL = """() => {
    const { getContext } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...rest);
    };
}"""


@pytest.fixture
def night(shared_server: Server, planned: Planned, page: Page, tmp_path: Path) -> Evening:
    """An evening on a walk of its own."""
    return Evening(plan(shared_server, tmp_path, planned.key), page)


@pytest.fixture
def another(browser: Browser, browser_context_args: dict[str, Any], night: Evening) -> Iterator[Callable[..., Evening]]:
    """Makes the phones of others on the same walk."""
    contexts = []

    def make(place: Any = AT_THE_TUNNEL) -> Evening:
        contexts.append(browser.new_context(**browser_context_args))
        evening = Evening(night.plan, contexts[-1].new_page())
        contexts[-1].set_geolocation(place)
        return evening.join()

    yield make
    for context in contexts:
        context.close()


def opened(evening: Evening) -> Page:
    """The map's screen, with its map drawn."""
    page = evening.page
    page.evaluate(f"({COUNT_DRAWING})()")
    page.get_by_role("link", name="Kort", exact=True).click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    return page


def line(page: Page, title: str | re.Pattern[str]) -> Locator:
    return page.locator("#near article").filter(has=page.get_by_role("heading", name=title))


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".map canvas").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


# The list


@pytest.mark.once
def test_the_list_has_the_nearest_first_and_says_which_way(night: Evening) -> None:
    page = opened(night.join())
    near = page.locator("#near article")
    expect(near).to_have_count(3)
    expect(near.nth(0)).to_contain_text("Stop 3: Tunnelen under ringvejen")
    expect(near.nth(0)).to_contain_text("hvor du står")
    expect(near.nth(1)).to_contain_text("250 m mod sydvest")
    expect(near.nth(2)).to_contain_text("380 m mod sydvest")
    expect(page.locator(".place")).to_contain_text("Du er ved stop 3: Tunnelen under ringvejen")


@pytest.mark.once
@pytest.mark.parametrize(
    ("heading", "second", "first"), [(0, "foran", "bag"), (90, "til venstre for", "til højre for")]
)
def test_somebody_who_walks_hears_what_lies_ahead(night: Evening, heading: int, second: str, first: str) -> None:
    night.page.add_init_script(f"({FAKE_PLACE})({json.dumps({**GOING, 'heading': heading})})")
    page = opened(night.join())
    expect(line(page, "Stop 2: Birketorvet")).to_contain_text(f"65 m {second} dig")
    expect(line(page, "Stop 1: Beboerhuset Kilden")).to_contain_text(f"65 m {first} dig")


@pytest.mark.once
def test_the_list_follows_the_walker_but_never_under_his_fingers(night: Evening) -> None:
    page = opened(night.join())
    first = page.locator("#near article").first
    expect(first).to_contain_text("Stop 3")
    page.get_by_role("button", name="Vis på kortet: Stop 3").focus()
    at_the_house = {"latitude": 57.0498, "longitude": 9.9227, "accuracy": 8}
    page.context.set_geolocation(at_the_house)
    expect(line(page, "Stop 1: Beboerhuset Kilden")).to_contain_text("hvor du står")
    expect(first).to_contain_text("Stop 3")
    expect(page.get_by_role("button", name="Vis på kortet: Stop 3")).to_be_focused()
    page.get_by_role("button", name="Find mig").focus()
    expect(first).to_contain_text("Stop 1")


@pytest.mark.once
def test_an_uncertain_position_makes_no_exact_claims(night: Evening) -> None:
    night.page.context.set_geolocation({**AT_THE_TUNNEL, "accuracy": 60})
    page = opened(night.join())
    expect(line(page, "Stop 2: Birketorvet")).to_contain_text("ca. 250 m mod sydvest")


@pytest.mark.once
def test_without_a_position_the_list_stands_in_the_order_of_the_route(night: Evening) -> None:
    night.page.context.clear_permissions()
    page = opened(night.join())
    expect(page.get_by_text("Telefonen siger nej til placering")).to_be_visible()
    expect(page.locator("#near h3")).to_have_text(
        ["Stop 1: Beboerhuset Kilden", "Stop 2: Birketorvet", "Stop 3: Tunnelen under ringvejen"]
    )


def test_ones_own_note_is_there_with_how_far_it_has_come(night: Evening) -> None:
    night.join().ready().offline().begin("Utryg").write("Lampen er slukket").save()
    night.offline(False)
    page = opened(night)
    note = line(page, "Lampen er slukket")
    expect(note).to_contain_text("Utryg · hvor du står · din egen")
    expect(note.locator(".state")).to_have_text("Sendt")
    note.get_by_role("link", name="Ret eller slet").click()
    expect(page.get_by_role("heading", name="Din note")).to_be_visible()


def test_the_others_notes_are_there_and_one_can_say_that_one_sees_it_so(
    night: Evening, another: Callable[..., Evening]
) -> None:
    other = another().begin("Utryg").write("Ingen kan se mig her").save()
    other.received_at_last("Ingen kan se mig her", 1)
    page = opened(night.join())
    note = line(page, "Ingen kan se mig her")
    expect(note).to_contain_text("Utryg · hvor du står")
    note.get_by_role("button", name="Det synes jeg også").click()
    expect(note).to_contain_text("1 synes det")


@pytest.mark.once
def test_the_list_alone_is_remembered_and_fetches_no_map(night: Evening) -> None:
    page = opened(night.join())
    page.get_by_role("button", name="Liste", exact=True).click()
    expect(page.locator(".map")).to_be_hidden()
    night.keeps("setting:list-only", True)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.reload()
    expect(page.locator("#near article")).to_have_count(3)
    expect(page.locator(".map")).to_be_hidden()
    assert not [url for url in fetched if "maplibre" in url]
    page.get_by_role("button", name="Kort", exact=True).click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()


@pytest.mark.once
def test_a_browser_that_cannot_draw_says_so_and_has_the_list(night: Evening) -> None:
    night.page.add_init_script(f"({NO_WEBGL})()")
    night.join()
    night.page.get_by_role("link", name="Kort", exact=True).click()
    expect(
        night.page.get_by_text("Kortet kan ikke tegnes her. Alle steder står på listen. Brug listen.")
    ).to_be_visible()
    expect(night.page.locator("#near article")).to_have_count(3)


# The map


@pytest.mark.once
def test_a_tap_is_one_tap_from_a_note_there_and_the_measurement_is_kept(night: Evening) -> None:
    page = opened(night.join())
    expect(page.locator(".map-me")).to_be_visible()
    x, y = middle(page)
    page.mouse.click(x + 100, y - 100)
    expect(page.locator(".chosen")).to_contain_text("mod nordøst")
    page.get_by_role("link", name="Ny note her").click()
    page.get_by_role("radio", name="Tryg", exact=True).check()
    expect(page.locator(".place")).to_contain_text("Stedet på kortet")
    with page.expect_request(re.compile("/api/v1/observations/")) as sent:
        night.write("Her er godt lys").save()
    said = sent.value.post_data_json or {}
    assert said["fix"]["lat"] == pytest.approx(57.0528)
    assert 57.0528 < said["pin"]["lat"] < 57.056
    assert 9.9257 < said["pin"]["lon"] < 9.93


@pytest.mark.once
def test_the_map_is_used_by_keyboard_alone(night: Evening) -> None:
    page = opened(night.join())
    canvas = page.locator(".map canvas")
    canvas.focus()
    before = page.locator(".map-me").bounding_box()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    assert page.locator(".map-me").bounding_box() != before
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ny note her")).to_be_focused()
    page.keyboard.press("Enter")
    expect(night.button("Gem")).to_be_visible()


@pytest.mark.once
@pytest.mark.parametrize("how", ["ArrowUp", "-", "Længere væk"])
def test_whoever_looks_away_is_left_there(night: Evening, how: str) -> None:
    page = opened(night.join())
    find = night.button("Find mig")
    expect(find).to_have_attribute("aria-pressed", "true")
    if how == "Længere væk":
        night.button(how).click()
    else:
        page.locator(".map canvas").press(how)
    expect(find).to_have_attribute("aria-pressed", "false")
    page.wait_for_function(AT_REST)
    before = page.locator(".map-me").bounding_box()
    page.context.set_geolocation({**AT_THE_TUNNEL, "latitude": 57.0535})
    expect(line(page, "Stop 3: Tunnelen under ringvejen")).to_contain_text("80 m mod syd")
    page.wait_for_function(AT_REST)
    after = page.locator(".map-me").bounding_box()
    assert before
    assert after
    assert after["y"] < before["y"] - 5, "one has gone north on a map that stands still"
    find.click()
    expect(find).to_have_attribute("aria-pressed", "true")


def test_a_walk_without_route_and_stops_says_that_no_map_comes_and_shows_where_one_is(
    shared_server: Server, planned: Planned, page: Page
) -> None:
    walk = shared_server.tryg("walk", "create", "--title", "Uden rute")
    night = Evening(Planned(shared_server, walk, planned.key), page)
    page.context.set_geolocation(None)
    night.join().page.get_by_role("link", name="Kort", exact=True).click()
    expect(page.get_by_text("Uden gadekort: vandringen har hverken rute eller stop")).to_be_visible()
    expect(page.get_by_text("Der er ikke noget sted at vise på kortet endnu.")).to_be_visible()
    page.context.set_geolocation(AT_THE_TUNNEL)
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    expect(page.locator(".map-me")).to_be_visible()
    expect(page.locator(".map-words")).to_be_empty()
    expect(page.get_by_text("Uden gadekort: vandringen har hverken rute eller stop")).to_be_visible()


@pytest.mark.once
def test_a_tap_around_the_world_means_the_place_itself(night: Evening) -> None:
    night.page.emulate_media(reduced_motion="reduce")  # the map is where it is going at once
    page = opened(night.join())
    canvas = page.locator(".map canvas")
    for key in ["-"] * 18 + ["Shift+ArrowRight"]:
        canvas.press(key)
    x, y = middle(page)
    page.mouse.click(x - 120, y)
    page.get_by_role("link", name="Ny note her").click()
    page.get_by_role("radio", name="Tryg", exact=True).check()
    with page.expect_request(re.compile("/api/v1/observations/")) as sent:
        night.write("På den anden side").save()
    assert -180 <= (sent.value.post_data_json or {})["pin"]["lon"] <= 180


@pytest.mark.once
def test_on_a_full_phone_the_list_alone_is_shown_all_the_same(night: Evening) -> None:
    page = opened(night.join())
    page.evaluate(
        """() => {
          const { put } = IDBObjectStore.prototype;
          IDBObjectStore.prototype.put = function (value, key) {
            if (key === "setting:list-only") throw new DOMException("full", "QuotaExceededError");
            return put.call(this, value, key);
          };
        }"""
    )
    night.button("Liste").click()
    expect(page.locator(".map")).to_be_hidden()


def test_several_notes_in_one_place_are_all_told(night: Evening, another: Callable[..., Evening]) -> None:
    other = another(BESIDE)
    for words in ("Den ene ting", "Den anden ting"):
        other.begin("Utryg").write(words).save()
        other.received_at_last(words, 1)
    night.page.context.set_geolocation(BESIDE)
    page = opened(night.join())
    for words in ("Den ene ting", "Den anden ting"):
        expect(line(page, words)).to_be_visible()
    page.wait_for_function(AT_REST)
    chosen = page.locator(".chosen")
    page.mouse.click(*middle(page))
    expect(chosen).to_contain_text("2 valgt på kortet")
    expect(chosen).to_contain_text("Den ene ting")
    expect(chosen).to_contain_text("Den anden ting")
    chosen.get_by_role("button", name="Luk").click()
    expect(chosen).to_have_count(0)


def test_ones_own_note_among_the_others_hides_none_of_them(night: Evening, another: Callable[..., Evening]) -> None:
    other = another(BESIDE)
    night.page.context.set_geolocation(BESIDE)
    for words in ("Den ene ting", "Den anden ting"):
        other.begin("Utryg").write(words).save()
        other.received_at_last(words, 1)
    night.join().begin("Tryg").write("Min egen").save()
    page = opened(night)
    expect(line(page, "Den anden ting")).to_be_visible()
    page.wait_for_function(AT_REST)
    page.mouse.click(*middle(page))
    for words in ("Den ene ting", "Den anden ting", "Min egen"):
        expect(page.locator(".chosen")).to_contain_text(words)


def test_where_notes_are_not_shared_the_map_has_ones_own_alone(night: Evening, another: Callable[..., Evening]) -> None:
    other = another().begin("Utryg").write("Ikke for andre").save()
    other.received_at_last("Ikke for andre", 1)
    db = Database(night.server.database)
    with db.write() as tx:
        tx.get_one(Walk, night.walk["walk_id"]).sharing = False
    db.close()
    night.join().begin("Tryg").write("Min egen").save()
    page = opened(night)
    expect(line(page, "Min egen")).to_be_visible()
    expect(page.locator("#near article")).to_have_count(4)
    expect(line(page, "Ikke for andre")).to_have_count(0)


@pytest.mark.once
def test_a_stop_is_shown_on_the_map_from_the_list(night: Evening) -> None:
    page = opened(night.join())
    page.get_by_role("button", name="Vis på kortet: Stop 1: Beboerhuset Kilden").click()
    chosen = page.locator(".chosen")
    expect(chosen).to_contain_text("Stop 1: Beboerhuset Kilden")
    chosen.get_by_role("link", name="Skriv om dette stop").click()
    page.get_by_role("radio", name="Tryg", exact=True).check()
    expect(page.locator(".place")).to_contain_text("Beboerhuset Kilden")


@pytest.mark.once
def test_what_is_begun_is_not_put_somewhere_else_by_a_tap_on_the_map(night: Evening) -> None:
    night.join().begin("Utryg").write("Ikke færdig endnu")
    night.page.get_by_role("link", name="Luk").click()
    page = opened(night)
    x, y = middle(page)
    page.mouse.click(x + 90, y + 60)
    expect(page.get_by_role("link", name="Ny note her")).to_have_count(0)
    expect(line(page, "Stop 1: Beboerhuset Kilden")).to_be_visible()
    expect(page.get_by_role("link", name="Skriv om dette stop")).to_have_count(0)
    page.locator(".chosen").get_by_role("link", name="Skriv videre").click()
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Ikke færdig endnu")


@pytest.mark.once
def test_a_place_asked_for_is_taken_by_a_draft_that_says_nothing_yet(night: Evening) -> None:
    page = night.join().begin().page
    night.button("Skift sted").click()
    night.button("Flyt prikken på kortet").click()
    page.get_by_role("radio", name="1. Beboerhuset Kilden").check()
    night.button("Brug stedet").click()
    expect(page.locator(".place")).to_contain_text("Stop 1. Valgt af dig")
    page.goto("about:blank")  # as when the phone closes the app
    page.goto(f"{night.url}#/walk")
    opened(night)
    expect(page.locator("#near article").first).to_contain_text("Stop 3")  # the list has found its order
    line(page, "Stop 2: Birketorvet").get_by_role("link", name="Skriv om dette stop").click()
    expect(page.locator(".place")).to_contain_text("Birketorvet")


@pytest.mark.once
def test_a_map_opened_before_opens_in_airplane_mode(night: Evening) -> None:
    opened(night.join().ready())
    night.page.get_by_role("link", name="Rute", exact=True).click()
    night.offline()
    night.page.reload()
    page = opened(night)
    expect(page.locator("#near article")).to_have_count(3)
    expect(page.get_by_text("De andres noter kommer, når der er net.")).to_be_visible()


@pytest.mark.once
def test_a_map_that_is_not_on_the_phone_says_so_and_the_walk_goes_on(night: Evening) -> None:
    night.join().ready().offline()
    night.page.get_by_role("link", name="Kort", exact=True).click()
    expect(night.said).to_contain_text("Der er ikke net lige nu.")
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
