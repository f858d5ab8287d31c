"""While a walk goes on: the leader's live page and the walkers' phones hear of each other, and say so when they cannot."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from app.db import Database
from app.models import Stop, Team, Walk
from app.walks.walks import stops_of
from tests.browser.test_plan import sign_in
from tests.browser.walking import Evening, Planned, plan
from tests.photos.pictures import noise, saved
from tests.running import Server

LAPTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "da-DK", "timezone_id": "Europe/Copenhagen"}


@pytest.fixture
def led(shared_server: Server, planned: Planned, tmp_path: Path) -> Planned:
    """A walk of its own for each test."""
    return plan(shared_server, tmp_path, planned.key)


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any], led: Planned) -> Iterator[Callable[[], Evening]]:
    """Makes phones that have joined."""
    contexts = []

    def make() -> Evening:
        contexts.append(browser.new_context(**browser_context_args))
        return Evening(led, contexts[-1].new_page()).join()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def desk(browser: Browser, led: Planned) -> Iterator[Page]:
    """The live page, on the laptop of a coordinator."""
    context = browser.new_context(**LAPTOP)
    page = context.new_page()
    sign_in(page, led.server, "tovholder@kommune.example")
    page.goto(live(led))
    yield page
    context.close()


def live(led: Planned) -> str:
    return f"{led.server.url}/walks/{led.walk['walk_id']}/live"


def figures(desk: Page) -> Any:
    return expect(desk.locator("#part-figures"))


def press(desk: Page, name: str) -> None:
    desk.get_by_role("button", name=name, exact=True).click()
    desk.wait_for_load_state()


def change(led: Planned, do: Callable[[Any, Walk], Any]) -> None:
    db = Database(led.server.database)
    with db.write() as tx:
        do(tx, tx.get_one(Walk, led.walk["walk_id"]))
    db.close()


def look_again(evening: Evening) -> None:
    """The walker takes the phone out of the pocket."""
    evening.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def write(evening: Evening, words: str) -> Evening:
    return evening.begin("Utryg").write(words).save()


def test_the_live_page_hears_of_a_phone_and_its_notes_without_a_reload(
    desk: Page, phone: Callable[[], Evening]
) -> None:
    desk.evaluate("document.body.dataset.same = 'yes'")
    walker = phone()
    figures(desk).to_contain_text(re.compile(r"telefon er med\s*1"))
    write(walker, "Lampen er slukket")
    figures(desk).to_contain_text(re.compile(r"note er nået frem\s*1"))
    expect(desk.locator("#part-stops")).to_contain_text("Stop 3")
    expect(desk.locator("#part-phones")).to_contain_text("Alt er nået frem")
    assert desk.evaluate("document.body.dataset.same") == "yes"
    expect(desk.locator("#current")).to_be_hidden()


def test_where_no_events_come_through_the_page_asks_for_them(desk: Page, phone: Callable[[], Evening]) -> None:
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    desk.route("**/live/events", refuse)
    desk.reload()
    with desk.expect_response("**/live.json") as asked:
        phone()
    figures(desk).to_contain_text(re.compile(r"telefon er med\s*1"))
    assert refused, "no event came through"
    assert asked.value.ok


def test_without_a_network_the_page_says_how_old_it_is(desk: Page, phone: Callable[[], Evening]) -> None:
    desk.context.set_offline(True)
    expect(desk.locator("#current")).to_contain_text("Ikke helt ny: sidst opdateret")
    phone()
    desk.context.set_offline(False)
    figures(desk).to_contain_text(re.compile(r"telefon er med\s*1"))
    expect(desk.locator("#current")).to_be_hidden()


def test_whoever_is_signed_out_elsewhere_is_told(desk: Page) -> None:
    desk.context.clear_cookies()
    desk.evaluate("dispatchEvent(new Event('online'))")
    expect(desk.locator("#current")).to_contain_text("du er logget ud")


def test_without_a_script_the_page_is_loaded_anew(browser: Browser, desk: Page, led: Planned) -> None:
    plain = browser.new_context(**LAPTOP, java_script_enabled=False, storage_state=desk.context.storage_state())
    page = plain.new_page()
    page.goto(live(led))
    assert 'http-equiv="refresh"' in page.content()
    page.get_by_role("button", name="Hold pause", exact=True).click()
    expect(page.get_by_role("button", name="Gå videre", exact=True)).to_be_visible()
    plain.close()


def test_a_break_shows_on_the_phone_and_notes_are_taken_in_all_the_same(
    desk: Page, phone: Callable[[], Evening]
) -> None:
    walker = phone()
    press(desk, "Hold pause")
    expect(desk.get_by_text("Pause siden")).to_be_visible()
    walker.page.reload()
    expect(walker.page.get_by_text("Vandringen holder pause.")).to_be_visible()
    write(walker, "skrevet i pausen")
    walker.received_at_last("skrevet i pausen", 1)
    press(desk, "Gå videre")
    walker.page.reload()
    expect(walker.page.get_by_text("Vandringen holder pause.")).to_have_count(0)


def test_after_the_end_a_phone_with_unsent_notes_says_so_and_the_leader_knows(
    desk: Page, phone: Callable[[], Evening]
) -> None:
    walker, done = phone(), phone()

    def refuse(route: Route) -> None:
        route.abort()

    walker.page.route("**/api/v1/observations/**", refuse)
    write(walker, "ligger på telefonen")
    press(desk, "Luk vandringen")
    for one in (walker, done):
        one.page.reload()
    expect(walker.page.get_by_text("1 note er ikke sendt endnu: hold appen åben, til der står sendt.")).to_be_visible()
    expect(done.page.get_by_text("Vandringen er lukket.")).to_be_visible()
    missing = desk.locator("#part-missing")
    expect(missing).to_contain_text("Vi venter på: Beboer")
    expect(missing).to_contain_text("1 note er ikke sendt")
    walker.page.unroute("**/api/v1/observations/**")
    walker.page.reload()
    walker.received_at_last("ligger på telefonen", 1)
    expect(walker.page.get_by_text("Vandringen er lukket.")).to_be_visible()
    expect(missing).to_contain_text("Ingen. Vi har hørt fra alle telefoner siden")


def others(evening: Evening) -> Page:
    evening.page.get_by_role("link", name="Hvad de andre skriver", exact=True).click()
    expect(evening.page.get_by_role("heading", name="Hvad de andre skriver")).to_be_visible()
    return evening.page


def test_walkers_read_each_others_notes_and_say_that_they_see_it_so_too(
    desk: Page, phone: Callable[[], Evening], tmp_path: Path
) -> None:
    from tests.phone import jpeg

    picture = tmp_path / "tunnel.jpg"
    picture.write_bytes(jpeg(640, 480))
    author, reader = phone(), phone()
    author.begin("Utryg").write("Her er mørkt").add_photos(picture).save()
    author.received_at_last("Her er mørkt", 1)
    screen = others(reader)
    expect(screen.get_by_role("heading", name="Her er mørkt")).to_be_visible()
    expect(screen.locator("[data-thumb] img")).to_be_visible()
    voice = screen.get_by_role("button", name="Det synes jeg også", exact=True)
    voice.click()
    expect(voice).to_have_attribute("aria-pressed", "true")
    expect(screen.get_by_text("1 synes det", exact=True)).to_be_visible()
    screen.reload()
    expect(voice).to_have_attribute("aria-pressed", "true")
    reader.offline()
    voice.click()
    expect(screen.get_by_role("status")).to_contain_text("Din stemme er ikke talt med.")
    expect(voice).to_have_attribute("aria-pressed", "true")
    reader.offline(False)
    voice.click()
    expect(voice).to_have_attribute("aria-pressed", "false")
    own = others(author)
    expect(own.get_by_text("Intet fra de andre endnu.")).to_be_visible()


# The small picture that is shown, as a text.
SHOWN = """async (shown) => {
  await shown.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: shown.naturalWidth, height: shown.naturalHeight });
  canvas.getContext("2d").drawImage(shown, 0, 0);
  return canvas.toDataURL();
}"""


def test_a_face_that_was_blurred_is_not_shown_out_of_a_phones_store(
    desk: Page, led: Planned, phone: Callable[[], Evening], tmp_path: Path
) -> None:
    picture = tmp_path / "nabo.jpg"
    picture.write_bytes(saved(noise(640, 480)))
    author, reader = phone(), phone()
    author.begin("Utryg").write("Her står nogen").add_photos(picture).save()
    author.received_at_last("Her står nogen", 1)
    screen = others(reader)
    bare = screen.locator("[data-thumb] img").evaluate(SHOWN)
    photo = screen.locator("[data-thumb]").get_attribute("data-thumb")
    desk.goto(f"{led.server.url}/walks/{led.walk['walk_id']}/review/photos/{photo}")
    form = desk.locator("form:has(input[name=version])")
    told = {name: form.locator(f"input[name={name}]").input_value() for name in ("note", "version")}
    boxes = [("box", f"{x},{y}") for x in range(12) for y in range(9)]
    sent = desk.request.post(
        desk.url,
        data=urlencode([*told.items(), ("lane", "photos"), *boxes]),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": led.server.url},
    )
    assert sent.ok
    screen.reload()
    assert screen.locator("[data-thumb] img").evaluate(SHOWN) != bare


def test_switched_off_the_others_notes_go_from_the_phones_and_switched_on_they_come_back(
    desk: Page, phone: Callable[[], Evening]
) -> None:
    author, reader = phone(), phone()
    write(author, "Her er mørkt")
    author.received_at_last("Her er mørkt", 1)
    screen = others(reader)
    note = screen.get_by_role("heading", name="Her er mørkt")
    expect(note).to_be_visible()
    press(desk, "Slå det fra")
    look_again(reader)
    expect(note).to_have_count(0)
    expect(screen.get_by_text("ser I ikke hinandens noter")).to_be_visible()
    screen.get_by_role("link", name="Tilbage til vandringen").click()
    expect(screen.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    expect(screen.get_by_role("link", name="Hvad de andre skriver")).to_have_count(0)
    screen.goto(f"{reader.url}#/others")
    expect(screen.get_by_text("ser I ikke hinandens noter")).to_be_visible()
    press(desk, "Slå det til")
    look_again(reader)
    expect(note).to_be_visible()


def test_without_a_network_the_others_notes_are_not_there_and_the_phone_says_so(phone: Callable[[], Evening]) -> None:
    reader = phone().ready().offline()
    reader.page.get_by_role("link", name="Hvad de andre skriver", exact=True).click()
    expect(reader.said).to_contain_text("Der er ikke net lige nu.")
    expect(reader.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()


def test_the_next_stop_follows_the_team_the_place_and_the_thumb(led: Planned, phone: Callable[[], Evening]) -> None:
    def part(tx: Any, walk: Walk) -> None:
        stops: list[Stop] = stops_of(tx, walk.id)
        stops[1].prompt = "Er her nogen om aftenen?"
        tx.add(Team(walk_id=walk.id, name="Nord", stop_ids=[stop.id for stop in reversed(stops)]))
        walk.changed_seq = walk.seq = walk.seq + 1

    change(led, part)
    walker = phone()
    page, panel = walker.page, walker.page.locator("#next")
    expect(panel).to_contain_text("Du er her")
    expect(panel.get_by_role("heading")).to_have_text("3. Tunnelen under ringvejen")
    page.get_by_role("button", name="Birketorvet").click()
    expect(panel.get_by_role("heading")).to_have_text("2. Birketorvet")
    expect(panel).to_contain_text("Er her nogen om aftenen?")
    panel.get_by_role("link", name="Skriv om dette stop").click()
    expect(page.get_by_text("Stop 2. Valgt af dig")).to_be_visible()
    page.get_by_role("radio", name="Tryg", exact=True).check()
    walker.save()
    walker.begin()
    expect(page.get_by_text("Valgt af dig")).to_have_count(0)
    page.get_by_role("link", name="Luk", exact=True).click()
    page.get_by_label("Mit hold").select_option("Nord")
    expect(page.locator(".stops b")).to_have_text(["Tunnelen under ringvejen", "Birketorvet", "Beboerhuset Kilden"])
    page.reload()
    expect(page.get_by_label("Mit hold")).to_have_value("Nord")


def test_the_leader_sees_the_team_a_walker_has_chosen(led: Planned, desk: Page, phone: Callable[[], Evening]) -> None:
    change(led, lambda tx, walk: tx.add(Team(walk_id=walk.id, name="Nord")))
    walker = phone()
    walker.page.get_by_label("Mit hold").select_option("Nord")
    expect(desk.locator("#part-phones")).to_contain_text("Nord")


@pytest.mark.parametrize(("scheme", "language"), [("light", "da"), ("dark", "en")])
def test_axe_finds_nothing_wrong_and_nothing_needs_sideways_scrolling(
    desk: Page, phone: Callable[[], Evening], scheme: Any, language: str
) -> None:
    walker, reader = phone(), phone()
    write(walker, "Her er mørkt, og hækken er høj, så man ikke kan se, hvem der kommer")
    walker.received_at_last("Her er mørkt", 1)
    press(desk, "Luk vandringen")
    if language == "en":
        press(desk, "English")
        reader.page.evaluate("localStorage.setItem('language', 'en')")
        reader.page.reload()
    screens = [(desk, 1280)]
    reader.page.goto(f"{reader.url}#/others")
    expect(reader.page.locator(".note")).to_be_visible()
    screens.append((reader.page, 390))
    for page, usual in screens:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour on its way
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        for width, size in ((320, "100%"), (390, "200%"), (usual, "100%")):
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", size)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)


def test_the_names_that_scripts_find_are_each_once_on_the_walks_screen(phone: Callable[[], Evening]) -> None:
    screen = phone().page
    expect(screen.get_by_role("link", name="Hvad de andre skriver")).to_be_visible()
    for name in ("Ny note", "Noter"):
        expect(screen.get_by_role("link", name=name)).to_have_count(1)
