"""Planning a walk in a browser: it saves itself, says so truly, and works for a keyboard, a small screen and large text."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.access import people, signin
from app.db import Database
from tests.running import Server

DAY = f"{datetime.now(UTC).year + 1}-11-26"  # always to come: what a page says of a walk's hours depends on whether they are over


@pytest.fixture
def desk(page: Page, shared_server: Server) -> Page:
    """The page of a coordinator who has just made a walk, on its plan."""
    sign_in(page, shared_server, "ida@kommune.example")
    page.get_by_role("link", name="Planlæg en vandring").click()
    page.get_by_label("Navn på vandringen").fill("Aftenvandring i Vejgaard")
    page.get_by_role("button", name="Videre til planen").click()
    expect(page.get_by_role("heading", name="Aftenvandring i Vejgaard")).to_be_visible()
    ready(page)
    return page


def ready(page: Page) -> None:
    """The plan's script is there: until then its buttons send the form, and nothing saves itself."""
    expect(page.locator("#by-itself")).to_be_visible()


def sign_in(page: Page, server: Server, email: str) -> None:
    db = Database(server.database)
    with db.write() as tx:
        link = signin.new_link(tx, people.add(tx, email, "coordinator"), server.url)
    db.close()
    page.goto(link)
    page.get_by_role("button", name="Log ind", exact=True).click()
    page.wait_for_url(f"{server.url}/")


def late(page: Page, name: str) -> list[Route]:
    """Opens the page anew as over a slow network: without the script `name`, which comes when the one route goes on."""
    pattern = re.compile(rf"/assets/{name}-[^/]*\.js$")
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route), times=1)
    with page.expect_request(pattern):
        page.reload(wait_until="commit")
    return held


def saved(page: Page) -> Any:
    return expect(page.locator("#saved"))


def test_what_is_written_is_saved_by_itself_and_stands_there_after_a_reload(desk: Page) -> None:
    desk.get_by_label("Mødested").fill("Kilden")
    saved(desk).to_contain_text("Gemt kl.")
    desk.get_by_label("Dato").fill(DAY)
    desk.get_by_label("Begynder").fill("")
    expect(desk.get_by_text("Skriv også, hvornår den begynder.")).to_be_visible()
    saved(desk).to_have_text("Ikke gemt endnu: se nedenfor")
    desk.get_by_label("Begynder").fill("18:30")
    saved(desk).to_contain_text("Gemt kl.")
    desk.reload()
    expect(desk.get_by_label("Mødested")).to_have_value("Kilden")
    expect(desk.get_by_label("Begynder")).to_have_value("18:30")


def test_what_is_typed_before_the_script_has_come_is_saved_too(desk: Page) -> None:
    script = late(desk, "plan")
    desk.get_by_label("Mødested").fill("Kilden")
    script[0].continue_()
    saved(desk).to_contain_text("Gemt kl.")
    desk.reload()
    expect(desk.get_by_label("Mødested")).to_have_value("Kilden")
    expect(desk.locator("#saved")).to_be_empty()


def test_stops_are_made_and_moved_with_the_keyboard_alone(desk: Page) -> None:
    for number, name in enumerate(("Kilden", "Tunnelen"), 1):
        desk.get_by_role("button", name="Tilføj stop").press("Enter")
        expect(desk.get_by_label("Navn", exact=True)).to_have_count(number)
        desk.get_by_label("Navn", exact=True).last.fill(name)
        saved(desk).to_contain_text("Gemt kl.")
    desk.get_by_role("button", name="Ned, Stop 1").press("Enter")
    expect(desk.get_by_label("Navn", exact=True).first).to_have_value("Tunnelen")
    desk.get_by_label("Sted på kortet").first.fill("her")
    expect(desk.get_by_text("Skriv et sted sådan")).to_be_visible()
    desk.get_by_label("Sted på kortet").first.fill("57.0488, 9.9217")
    saved(desk).to_contain_text("Gemt kl.")


def test_without_a_network_what_was_written_stays_and_is_saved_when_it_is_back(desk: Page) -> None:
    desk.context.set_offline(True)
    desk.get_by_label("Mødested").fill("Kilden")
    saved(desk).to_contain_text("Intet net")
    desk.context.set_offline(False)
    saved(desk).to_contain_text("Gemt kl.")
    desk.reload()
    expect(desk.get_by_label("Mødested")).to_have_value("Kilden")


def test_a_plan_that_somebody_else_has_changed_is_not_overwritten_while_one_writes(
    desk: Page, browser: Browser, browser_context_args: dict[str, Any], shared_server: Server
) -> None:
    other = browser.new_context(**browser_context_args).new_page()
    sign_in(other, shared_server, "ole@kommune.example")
    other.goto(desk.url)
    other.get_by_label("Mødested").fill("Ved kirken")
    saved(other).to_contain_text("Gemt kl.")
    desk.get_by_label("Mødested").fill("Kilden")
    saved(desk).to_contain_text("En anden har ændret planen")
    desk.get_by_role("button", name="Gem", exact=True).click()
    expect(desk.get_by_text("Mødested: Ved kirken")).to_be_visible()
    expect(desk.get_by_label("Mødested")).to_have_value("Kilden")
    desk.get_by_role("button", name="Gem", exact=True).click()
    expect(desk.get_by_label("Mødested")).to_have_value("Kilden")
    other.reload()
    expect(other.get_by_label("Mødested")).to_have_value("Kilden")
    other.context.close()


def test_a_walk_is_opened_and_closed_from_its_plan(desk: Page) -> None:
    desk.get_by_role("button", name="Åbn vandringen").click()
    expect(desk.get_by_text("Åben", exact=True)).to_be_visible()
    desk.get_by_text("Luk vandringen").click()
    desk.get_by_role("button", name="Luk nu").click()
    expect(desk.get_by_role("button", name="Åbn igen")).to_be_visible()


def test_what_follows_from_date_place_and_guests_is_seen_without_opening_the_page_anew(desk: Page) -> None:
    desk.get_by_label("Dato").fill(DAY)
    desk.get_by_role("button", name="Tilføj stop").click()
    desk.get_by_label("Sted på kortet", exact=True).fill("57.0488, 9.9217")
    expect(desk.get_by_text("Solen går ned kl. 15.")).to_be_visible()
    desk.get_by_label("Åbner af sig selv kl.").fill("18:30")
    expect(desk.get_by_text(f"Den åbner af sig selv den 26. november {DAY[:4]} kl. 18.30.")).to_be_visible()
    desk.get_by_text("En invitation at kopiere").first.click()
    desk.get_by_text("Politiet").click()
    expect(desk.get_by_label("En invitation at kopiere")).to_have_value(re.compile("Inviteret: politiet\n"))
    desk.get_by_label("Åbner af sig selv kl.").fill("21:30")
    expect(desk.get_by_text("Så åbner den først, når vandringen er slut.")).to_be_visible()


def test_a_list_of_places_becomes_stops_by_its_button_and_not_while_one_writes(desk: Page) -> None:
    desk.get_by_text("En liste med steder eller adresser").click()
    desk.get_by_label("Ét sted på hver linje").fill("Kilden; 57.0488, 9.9217\nTunnelen")
    desk.get_by_label("Mødested").fill("Kilden")
    saved(desk).to_contain_text("Gemt kl.")
    expect(desk.get_by_label("Navn", exact=True)).to_have_count(0)
    desk.get_by_role("button", name="Gør dem til stop").click()
    expect(desk.get_by_label("Navn", exact=True)).to_have_count(2)
    expect(desk.get_by_label("Sted på kortet", exact=True).first).to_have_value("57.0488, 9.9217")


def test_a_button_that_is_pressed_while_it_saves_itself_is_no_change_by_somebody_else(desk: Page) -> None:
    begun = desk.evaluate_handle("() => ({})")
    desk.evaluate(
        """begun => {
          const real = window.fetch;
          window.fetch = async (...given) => {
            const answer = await real(...given);
            await new Promise((resolve) => (begun.release = resolve));
            return answer;
          };
        }""",
        begun,
    )
    desk.get_by_label("Mødested").fill("Kilden")
    desk.wait_for_function("begun => begun.release", arg=begun)  # it is kept, and the page has not heard of it
    desk.get_by_label("Område").fill("Vejgaard")
    desk.get_by_role("button", name="Gem", exact=True).click()
    with desk.expect_navigation():
        desk.evaluate("begun => begun.release()", begun)
    expect(desk.get_by_label("Område")).to_have_value("Vejgaard")
    expect(desk.get_by_text("En anden har ændret planen")).to_have_count(0)


def test_a_stop_stays_the_same_one_while_it_is_written_and_saved_again(desk: Page) -> None:
    desk.get_by_role("button", name="Tilføj stop").click()
    saved(desk).to_contain_text("Gemt kl.")
    kept = desk.locator(".plan-stops [name=stop_id]")
    expect(kept).to_have_value(re.compile("-"))
    first = kept.input_value()
    rev = desk.locator("[name=rev]").input_value()
    desk.get_by_label("Navn", exact=True).fill("Kilden")
    expect(desk.locator("[name=rev]")).not_to_have_value(rev)
    assert kept.input_value() == first


def test_a_new_walk_begins_with_the_plan_of_an_earlier_one(desk: Page) -> None:
    desk.get_by_role("button", name="Tilføj stop").click()
    desk.get_by_label("Navn", exact=True).fill("Kilden")
    desk.get_by_role("button", name="Gem", exact=True).click()
    desk.get_by_text("Gå her igen").click()
    desk.get_by_role("button", name="En genvandring").click()
    expect(desk.get_by_role("heading", name="Aftenvandring i Vejgaard – igen")).to_be_visible()
    expect(desk.get_by_text("Denne vandring går tilbage til en tidligere.")).to_be_visible()
    expect(desk.get_by_label("Navn", exact=True)).to_have_value("Kilden")
