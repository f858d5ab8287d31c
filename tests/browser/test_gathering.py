"""After the walk in a browser: paper typed in by the keyboard alone, and the wall at the coffee table."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_plan import late, sign_in
from tests.browser.walking import Planned
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until

DESK = {"width": 1280, "height": 900}


@pytest.fixture
def desk(page: Page, planned: Planned) -> Page:
    """A coordinator's laptop."""
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    sign_in(page, planned.server, "ida@kommune.example")
    return page


@pytest.fixture
def paper(desk: Page, planned: Planned) -> Page:
    desk.goto(f"{planned.server.url}/walks/{planned.walk['walk_id']}/paper")
    return desk


def received(planned: Planned, words: str) -> list[dict[str, Any]]:
    address = f"{planned.server.url}/walks/{planned.walk['walk_id']}/report.geojson"
    answer = httpx.get(address, headers={"Authorization": f"Bearer {planned.key}"}).raise_for_status()
    return [one["properties"] for one in answer.json()["features"] if words in one["properties"]["note"]]


def test_three_notes_are_typed_in_by_the_keyboard_alone(paper: Page, planned: Planned) -> None:
    keys = paper.keyboard
    expect(paper.get_by_role("radio", name="Et andet sted")).to_be_focused()
    for number, letter, words in ((3, "u", "Tastet et"), (3, "t", "Tastet to"), (1, "b", "Tastet tre")):
        keys.press(str(number))
        keys.press(letter)
        expect(paper.get_by_label("Hvorfor?")).to_be_focused()
        keys.type("graf")
        expect(paper.get_by_text("Enter vælger Graffiti")).to_be_visible()
        keys.press("Enter")
        expect(paper.get_by_role("checkbox", name="Graffiti")).to_be_checked()
        for _ in range(2):
            keys.press("Tab")
        expect(paper.get_by_label("Note", exact=True)).to_be_focused()
        keys.type(words)
        keys.press("Control+Enter")
        expect(paper.get_by_role("status")).to_contain_text("Gemt: ark 1")
        expect(paper.get_by_label("Note", exact=True)).to_have_value("")
        expect(paper.get_by_role("radio", name=str(number), exact=False).first).to_be_focused()
    seen = received(planned, "Tastet")
    assert {(one["note"], one["valence"], one["stop"]) for one in seen} == {
        ("Tastet et", "unsafe", 3), ("Tastet to", "safe", 3), ("Tastet tre", "mixed", 1),
    }  # fmt: skip
    assert all(one["factors"] == ["upkeep.graffiti"] for one in seen)


def test_the_draft_survives_a_reload_and_is_gone_once_it_is_saved(paper: Page, planned: Planned) -> None:
    paper.keyboard.press("2")
    paper.keyboard.press("t")
    paper.get_by_label("Note", exact=True).fill("Kladde om bænken")
    expect(paper.get_by_role("status")).to_have_text("Kladden er gemt i denne browser")
    paper.reload()
    expect(paper.get_by_role("status")).to_have_text("Din kladde er tilbage. Den er ikke gemt endnu.")
    expect(paper.get_by_label("Note", exact=True)).to_have_value("Kladde om bænken")
    expect(paper.get_by_role("radio", name="Tryg", exact=True)).to_be_checked()
    paper.get_by_role("button", name="Gem og tag næste note").click()
    expect(paper.get_by_role("status")).to_contain_text("Gemt")
    paper.reload()
    expect(paper.get_by_label("Note", exact=True)).to_have_value("")
    assert len(received(planned, "Kladde om bænken")) == 1


def test_what_is_typed_before_the_script_has_come_is_in_the_draft_beside_the_older_words(paper: Page) -> None:
    kept = expect(paper.get_by_role("status"))
    paper.get_by_label("Note", exact=True).fill("Ved bænken")
    paper.get_by_label("Hold").fill("Nord")
    kept.to_have_text("Kladden er gemt i denne browser")
    script = late(paper, "paper")
    paper.get_by_label("Note", exact=True).fill("Ved broen")
    script[0].continue_()
    kept.to_have_text("Kladden er gemt i denne browser")
    paper.reload()
    expect(paper.get_by_label("Note", exact=True)).to_have_value("Ved broen")
    expect(paper.get_by_label("Hold")).to_have_value("Nord")


def test_without_a_network_the_words_stay_and_it_says_that_they_are_not_saved(paper: Page, planned: Planned) -> None:
    paper.get_by_label("Note", exact=True).fill("Uden net")
    paper.context.set_offline(True)
    paper.keyboard.press("Control+Enter")
    expect(paper.get_by_role("status")).to_contain_text("Intet net. Noten er ikke gemt endnu")
    expect(paper.get_by_label("Note", exact=True)).to_have_value("Uden net")
    paper.context.set_offline(False)
    paper.get_by_role("button", name="Gem og tag næste note").click()
    expect(paper.get_by_role("status")).to_contain_text("Gemt")
    assert len(received(planned, "Uden net")) == 1


def test_a_lost_answer_and_a_second_press_make_one_note(paper: Page, planned: Planned) -> None:
    lost: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch(max_redirects=0).headers["location"])
            route.abort()
        else:
            route.continue_()

    paper.route("**/paper", lose_the_first_answer)
    paper.get_by_label("Note", exact=True).fill("Svaret blev væk")
    paper.keyboard.press("Control+Enter")
    expect(paper.get_by_role("status")).to_contain_text("Noten er ikke gemt endnu")
    assert lost
    paper.reload()
    expect(paper.get_by_label("Note", exact=True)).to_have_value("Svaret blev væk")
    paper.get_by_role("button", name="Gem og tag næste note").click()
    expect(paper.get_by_role("status")).to_contain_text("Gemt")
    assert len(received(planned, "Svaret blev væk")) == 1


def test_a_session_that_ends_meanwhile_loses_no_words(paper: Page) -> None:
    paper.get_by_label("Note", exact=True).fill("Logget ud imens")
    paper.context.clear_cookies()
    paper.keyboard.press("Control+Enter")
    expect(paper.get_by_role("status")).to_contain_text("du er blevet logget ud")
    expect(paper.get_by_label("Note", exact=True)).to_have_value("Logget ud imens")


def test_a_note_is_corrected_and_deleted_and_brought_back_from_the_list(paper: Page, planned: Planned) -> None:
    paper.get_by_label("Note", exact=True).fill("Skal rettes")
    paper.keyboard.press("Control+Enter")
    paper.get_by_role("link", name="Skal rettes").click()
    paper.get_by_label("Note", exact=True).fill("Er rettet")
    paper.get_by_role("button", name="Gem rettelsen").click()
    expect(paper.get_by_role("link", name="Er rettet")).to_be_visible()
    paper.get_by_role("button", name="Slet: Er rettet").click()
    expect(paper.get_by_role("link", name="Er rettet")).to_have_count(0)
    paper.get_by_role("button", name="Fortryd").click()
    expect(paper.get_by_role("link", name="Er rettet")).to_be_visible()
    assert len(received(planned, "Er rettet")) == 1


def test_without_scripts_the_buttons_do_it_all(
    browser: Browser, browser_context_args: dict[str, Any], planned: Planned
) -> None:
    plain = browser.new_context(**browser_context_args, java_script_enabled=False).new_page()
    sign_in(plain, planned.server, "uden@kommune.example")
    plain.goto(f"{planned.server.url}/walks/{planned.walk['walk_id']}/paper")
    plain.get_by_role("radio", name="2 Birketorvet").check(force=True)
    plain.get_by_role("radio", name="Utryg", exact=True).check(force=True)
    plain.get_by_label("Hvorfor?").fill("Lampe virker ikke; Graffiti")
    plain.get_by_label("Note", exact=True).fill("Uden scripts")
    plain.get_by_role("button", name="Gem og tag næste ark").click()
    expect(plain.get_by_role("status")).to_contain_text("Gemt")
    plain.goto(f"{planned.server.url}/walks/{planned.walk['walk_id']}/table?stop=2")
    plain.get_by_role("button", name="Gruppen er enig i: Uden scripts").click()
    expect(plain.get_by_role("button", name="Gruppen er enig. Fortryd: Uden scripts")).to_be_visible()
    assert received(planned, "Uden scripts")[0]["factors"] == ["lighting.outage", "upkeep.graffiti"]
    plain.context.close()


# At the coffee table


@pytest.fixture
def wall(desk: Page, planned: Planned) -> Page:
    """The wall of a walk whose first two stops have notes, one with two photos."""
    stops = {}
    with httpx.Client(base_url=planned.server.url, timeout=30) as http:
        phone = Phone(http, planned.walk["code"]).join()
        stops = {stop["number"]: stop["id"] for stop in phone.walk["stops"]}
        shots = [Picture(jpeg(640, 480, (40, 90, 140))), Picture(jpeg(640, 480, (140, 90, 40)))]
        phone.note(
            *shots, stop_id=stops[1], valence="safe", note="Her hilser man på hinanden.", suggestion="En bænk til."
        )
        phone.note(stop_id=stops[1], valence="unsafe", note="Lampen ved hjørnet er slukket.")
        phone.note(stop_id=stops[2], valence="mixed", note="Fin om dagen.")
        phone.sync()
        for shot in shots:
            address = f"{planned.server.url}/api/v1/photos/{shot.id}"
            until(lambda address=address: httpx.get(address, headers=phone.key).status_code == 200)
    desk.goto(f"{planned.server.url}/walks/{planned.walk['walk_id']}/table")
    return desk


def test_the_wall_is_turned_by_arrow_keys_and_swipes(wall: Page) -> None:
    title = wall.get_by_role("heading", level=1)
    expect(title).to_have_text("Beboerhuset Kilden")
    wall.keyboard.press("ArrowRight")
    expect(title).to_have_text("Birketorvet")
    wall.keyboard.press("ArrowLeft")
    expect(title).to_have_text("Beboerhuset Kilden")
    swipe = """along => {
      const at = x => [new Touch({identifier: 1, target: document.body, clientX: x, clientY: 300})];
      document.dispatchEvent(new TouchEvent("touchstart", {touches: at(600), changedTouches: at(600)}));
      document.dispatchEvent(new TouchEvent("touchend", {touches: [], changedTouches: at(600 + along)}));
    }"""
    wall.evaluate(swipe, -200)
    expect(title).to_have_text("Birketorvet")
    wall.evaluate(swipe, 200)
    expect(title).to_have_text("Beboerhuset Kilden")
    wall.get_by_role("link", name="Andre steder").first.click()
    expect(title).to_have_text("Andre steder")


def test_the_full_screen_stays_while_pages_are_turned_and_the_group_speaks(wall: Page, planned: Planned) -> None:
    wall.get_by_role("button", name="Fuld skærm").click()
    expect(wall.get_by_role("button", name="Fuld skærm")).to_be_hidden()
    wall.get_by_role("button", name="Gruppen er enig i: Lampen ved hjørnet").first.click()
    expect(wall.get_by_role("button", name="Gruppen er enig. Fortryd: Lampen ved hjørnet").first).to_be_visible()
    wall.get_by_text("Tilføj det, der mangler").click()
    wall.get_by_role("radio", name="Både-og").check(force=True)
    wall.get_by_label("Det siger gruppen").fill("Et spejl ville hjælpe")
    wall.keyboard.press("ArrowRight")  # in a text field it moves the cursor
    wall.get_by_role("button", name="Gem gruppens note").click()
    expect(wall.get_by_text("Gruppens egen note").first).to_be_visible()
    wall.get_by_role("link", name="Næste billede").click()
    expect(wall.get_by_text("Billede 2 af 2").or_(wall.get_by_text("Billede 2 af "))).to_be_visible()
    wall.keyboard.press("ArrowRight")
    expect(wall.get_by_role("heading", level=1)).to_have_text("Birketorvet")
    assert wall.evaluate("document.fullscreenElement !== null")
    assert received(planned, "Et spejl ville hjælpe")[0]["stop"] == 1


def test_without_a_network_the_wall_says_that_nothing_was_saved(wall: Page) -> None:
    wall.context.set_offline(True)
    wall.get_by_role("button", name="Gruppen er enig i: Her hilser man").first.click()
    expect(wall.get_by_role("status")).to_contain_text("Intet net")
    expect(wall.get_by_role("heading", level=1)).to_have_text("Beboerhuset Kilden")
    wall.context.set_offline(False)


def test_what_is_said_stands_at_32_pixels_and_nothing_under_18(wall: Page) -> None:
    wall.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    smallest = """() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (walker.currentNode.data.trim() && element.checkVisibility() && !element.closest(".hidden, .skip"))
          found.push([parseFloat(getComputedStyle(element).fontSize), walker.currentNode.data.trim()]);
      }
      return found.sort((a, b) => a[0] - b[0])[0];
    }"""
    for width, height in ((1280, 900), (1920, 1080), (390, 844)):
        wall.set_viewport_size({"width": width, "height": height})
        size, text = wall.evaluate(smallest)
        assert size >= 18, (width, text)
        quotes = wall.locator(".quote").evaluate_all(
            "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert quotes
        assert min(quotes) >= 32
        marks = wall.locator(".kind h2 .mark").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
        assert len(set(marks)) == 1, "tryg as large as utryg"
