"""Moving the pin: the map moves beneath a cross, stops catch it, a list says the same; the measurement is always kept."""

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_walkers_map import middle
from tests.browser.walking import AT_THE_TUNNEL, STOPS, Evening

TUNNEL = STOPS["Tunnelen under ringvejen"]
# Some 40 m south-west of the tunnel's stop, and not known well.
VAGUE: Any = {"latitude": 57.05255, "longitude": 9.92525, "accuracy": 45}

DRAFTS = """async () => {
  const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  return new Promise((done) => (db.transaction("drafts").objectStore("drafts").count().onsuccess = ({ target }) => done(target.result)));
}"""


@pytest.fixture
def vague(night: Evening) -> Evening:
    night.page.context.set_geolocation(VAGUE)
    return night


def moving(evening: Evening, valence: str = "Utryg") -> Page:
    """The screen on which the pin of a new note is moved, with its map drawn."""
    evening.join().begin(valence)
    expect(evening.page.get_by_text("± 45 m")).to_be_visible()
    return on_the_map(evening)


def on_the_map(evening: Evening) -> Page:
    evening.button("Flyt prikken på kortet").click()
    expect(evening.page.locator(".map[data-state=drawn]")).to_be_visible()
    return evening.page


def drag(page: Page, right: float, down: float) -> None:
    """Draws the map under the cross, without a swing."""
    box = page.locator(".map canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=8)
    page.wait_for_timeout(200)  # a hand that rests before it lets go
    page.mouse.up()


def use(evening: Evening) -> Evening:
    evening.button("Brug stedet").click()
    expect(evening.button("Gem")).to_be_visible()
    return evening


def sent(evening: Evening, words: str) -> dict[str, Any]:
    with evening.page.expect_request(re.compile("/api/v1/observations/")) as request:
        evening.write(words).save()
    said: dict[str, Any] = request.value.post_data_json or {}
    return said


def test_the_map_moves_beneath_the_cross_and_both_places_are_kept(vague: Evening) -> None:
    page = moving(vague)
    expect(page.locator("main .place")).to_contain_text("Som målt")
    drag(page, 60, 50)
    expect(page.locator("main .place")).to_contain_text("Stedet under trådkorset")
    expect(page.get_by_text(re.compile(r"Målingen bliver gemt ved siden af: \d+ m herfra, ±.45 m\."))).to_be_visible()
    use(vague)
    expect(page.locator(".place")).to_contain_text("Stedet på kortet")
    note = sent(vague, "Her, og ikke der")
    assert note["fix"]["accuracy_m"] == 45
    assert (note["fix"]["lat"], note["fix"]["lon"]) == pytest.approx((57.05255, 9.92525))
    assert 57.05255 < note["pin"]["lat"] < 57.0540, "the map was drawn down: the cross is further north"
    assert 9.9230 < note["pin"]["lon"] < 9.92525, "and to the right: further west"
    vague.notes()
    vague.received_at_last("Her, og ikke der", 1)
    [feature] = vague.received("Her, og ikke der")
    assert feature["properties"]["place_source"] == "pin"


@pytest.mark.once
def test_a_stop_beside_the_cross_catches_it_and_lets_go_again(vague: Evening) -> None:
    page = moving(vague)
    on_screen = page.locator("main .place")
    page.locator(".map canvas").focus()
    for key in ["ArrowUp", "ArrowRight"] * 5:
        if "Sat fast" not in on_screen.inner_text():
            page.keyboard.press(key)
    expect(on_screen).to_contain_text("Tunnelen under ringvejen")
    expect(on_screen).to_contain_text("Stop 3. Sat fast på stoppet.")
    expect(page.get_by_role("radio", name="3. Tunnelen under ringvejen")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(on_screen).to_contain_text("Nær stop 3")
    page.get_by_role("radio", name="3. Tunnelen under ringvejen").check()
    note = sent(use(vague), "Ved tunnelen, helt præcist")
    assert (note["pin"]["lat"], note["pin"]["lon"]) == pytest.approx(TUNNEL, abs=1e-6)
    assert note["stop_id"]
    assert note["fix"]["accuracy_m"] == 45


@pytest.mark.once
def test_the_pin_is_moved_by_keyboard_alone(vague: Evening) -> None:
    page = moving(vague)
    canvas = page.locator(".map canvas")
    expect(canvas).to_have_accessible_description(re.compile("Piletasterne flytter kortet under trådkorset"))
    canvas.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("main .place")).to_contain_text("Stedet under trådkorset")
    vague.button("Brug stedet").focus()
    page.keyboard.press("Enter")
    note = sent(vague, "Uden mus")
    assert note["pin"]["lat"] > 57.05255
    assert note["pin"]["lon"] < 9.92525


@pytest.mark.once
def test_here_roughly_and_no_place_are_on_the_list(vague: Evening) -> None:
    page = moving(vague)
    drag(page, 60, 50)
    expect(page.locator("main .place")).to_contain_text("Stedet under trådkorset")
    page.get_by_role("radio", name=re.compile("^Her, ca.")).check()
    expect(page.locator("main .place")).to_contain_text("Som målt")
    use(vague)
    on_the_map(vague)
    page.get_by_role("radio", name=re.compile("^Intet sted")).check()
    note = sent(use(vague), "Et sted i kvarteret")
    assert note["fix"] is note["pin"] is note["stop_id"] is None


@pytest.mark.once
def test_a_phone_that_is_turned_chooses_no_place(vague: Evening) -> None:
    vague.page.emulate_media(reduced_motion="reduce")  # nothing is still on its way
    page = moving(vague)
    page.get_by_role("radio", name=re.compile("^Intet sted")).check()
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_function("() => document.querySelector('.map canvas').clientWidth > 500")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.map canvas').clientWidth < 500")
    page.locator(".map canvas").focus()
    page.keyboard.press("+")  # nor does somebody who looks closer
    expect(page.get_by_role("radio", name=re.compile("^Intet sted"))).to_be_checked()
    note = sent(use(vague), "Stadig intet sted")
    assert note["fix"] is note["pin"] is note["stop_id"] is None


@pytest.mark.once
def test_the_map_is_not_touched_before_it_listens(vague: Evening) -> None:
    begun = threading.Event()
    held: list[Route] = []
    page = vague.page

    def hold(route: Route) -> None:
        held.append(route)
        begun.set()

    page.context.route(re.compile(r"maplibre-gl-worker[^/]*\.js"), hold)
    vague.join().begin("Utryg")
    expect(page.get_by_text("± 45 m")).to_be_visible()
    vague.button("Flyt prikken på kortet").click()
    expect(page.locator(".map canvas")).to_be_attached()
    expect(page.locator(".map[data-state=drawn]")).to_have_count(0)
    drag(page, 60, 50)
    x, y = middle(page)
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('.map-frame')", [x, y]) is None
    for route in held:
        route.continue_()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    expect(page.locator("main .place")).to_contain_text("Som målt")
    drag(page, 60, 50)
    expect(page.locator("main .place")).to_contain_text("Stedet under trådkorset")


@pytest.mark.once
def test_a_correction_that_was_only_looked_at_on_the_map_leaves_no_draft(vague: Evening) -> None:
    moving(vague)
    sent(use(vague), "Bliver, hvor den er")
    page = vague.notes().page
    page.get_by_role("link", name="Ret eller slet").first.click()
    vague.button("Skift sted").click()
    on_the_map(vague)
    page.get_by_role("link", name="Fortryd").click()
    page.get_by_role("link", name="Luk", exact=True).click()
    expect(vague.button("Send nu")).to_be_visible()
    assert page.evaluate(DRAFTS) == 0


@pytest.mark.once
def test_where_i_stand_asked_for_on_the_map_counts_from_then(night: Evening) -> None:
    page = night.page
    page.clock.install()
    page.context.set_geolocation(None)
    night.join().begin("Utryg")
    page.clock.run_for(150_000)
    expect(page.get_by_text("Ingen placering her")).to_be_visible()
    night.button("Skift sted").click()
    night.button("Flyt prikken på kortet").click()
    page.get_by_role("radio", name=re.compile("^Intet sted")).check()
    page.get_by_role("radio", name=re.compile("^Her, ca.")).check()
    page.context.set_geolocation(VAGUE)
    use(night)
    expect(page.get_by_text("± 45 m")).to_be_visible()


@pytest.mark.once
def test_undo_changes_nothing(vague: Evening) -> None:
    page = moving(vague)
    drag(page, 60, 50)
    page.get_by_role("link", name="Fortryd").click()
    expect(page.locator(".place")).to_contain_text("Placeringen er upræcis, ± 45 m.")
    assert sent(vague, "Som den var")["pin"] is None


@pytest.mark.once
def test_the_phones_own_way_back_leads_to_the_note(vague: Evening) -> None:
    vague.join().begin("Utryg").write("Ord, der ikke må gå tabt")
    page = on_the_map(vague)
    page.go_back()
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Ord, der ikke må gå tabt")


@pytest.mark.once
def test_the_pin_may_come_before_the_first_answer(vague: Evening) -> None:
    page = vague.join().begin().page
    vague.button("Skift sted").click()
    on_the_map(vague)
    drag(page, 60, 50)
    use(vague)
    page.get_by_role("radio", name="Tryg", exact=True).check()
    assert sent(vague, "Først stedet, så ordene")["pin"]


@pytest.mark.once
def test_a_draft_without_a_word_does_not_outlive_its_screen(vague: Evening) -> None:
    page = vague.join().begin().page
    vague.button("Skift sted").click()
    on_the_map(vague)
    drag(page, 60, 50)
    page.get_by_role("link", name="Fortryd").click()
    page.get_by_role("link", name="Luk", exact=True).click()
    vague.begin("Tryg")
    assert sent(vague, "En ny note, et nyt sted")["pin"] is None


@pytest.mark.once
def test_it_is_offered_where_the_position_is_uncertain_and_only_there(night: Evening) -> None:
    night.page.context.set_geolocation({**AT_THE_TUNNEL, "accuracy": 26})
    night.join().begin("Tryg")
    expect(night.button("Flyt prikken på kortet")).to_be_visible()
    night.page.context.set_geolocation({**AT_THE_TUNNEL, "accuracy": 25})
    expect(night.page.get_by_text("± 25 m")).to_be_visible()
    expect(night.button("Flyt prikken på kortet")).to_have_count(0)


def test_a_sent_note_is_put_right_afterwards_and_keeps_what_was_measured(vague: Evening) -> None:
    moving(vague)
    use(vague)
    assert sent(vague, "Skal flyttes")["pin"] is None
    vague.notes().page.get_by_role("link", name="Ret eller slet").first.click()
    expect(vague.page.get_by_role("heading", name="Din note")).to_be_visible()
    vague.button("Skift sted").click()
    page = on_the_map(vague)
    page.get_by_role("radio", name="2. Birketorvet").check()
    with page.expect_request(re.compile("/api/v1/observations/")) as request:
        use(vague).save()
    note = request.value.post_data_json or {}
    assert note["rev"] == 2
    assert note["fix"]["accuracy_m"] == 45
    assert (note["pin"]["lat"], note["pin"]["lon"]) == pytest.approx(STOPS["Birketorvet"], abs=1e-6)


@pytest.mark.once
def test_where_the_map_is_not_on_the_phone_the_list_is(vague: Evening) -> None:
    vague.join().ready().offline().begin("Utryg")
    vague.button("Flyt prikken på kortet").click()
    expect(vague.said).to_contain_text("Der er ikke net lige nu.")
    vague.button("Skift sted").click()
    vague.page.get_by_role("radio", name="2. Birketorvet").check()
    vague.write("Uden kort").save()
