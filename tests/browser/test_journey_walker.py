"""What happens to walkers on their way: wrong codes, killed tabs, bad positions, files that are no photos, second thoughts.

The whole job from the first tap to the report is in test_whole_job.py; here is what goes wrong, and what is said then.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.walking import Evening, Planned, plan
from tests.running import Server


@pytest.fixture
def photos(tmp_path: Path) -> Callable[[int], list[Path]]:
    """Makes that many different photos, all from a phone that calls every photo image.jpg."""

    def make(count: int) -> list[Path]:
        paths = [tmp_path / str(number) / "image.jpg" for number in range(count)]
        for number, path in enumerate(paths):
            path.parent.mkdir()
            Image.new("RGB", (640, 480), (20 * number, 90, 60)).save(path)
        return paths

    return make


# Joining


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Skriv koden fra invitationen"),
        ("K7QF", "Koden har 8 tegn. Du har skrevet 4"),
        ("ZZZZ-ZZZZ", "kode"),
    ],
)
def test_a_code_that_does_not_work_stays_in_its_field_and_says_why(night: Evening, typed: str, sentence: str) -> None:
    night.page.goto(night.url)
    field = night.page.get_by_role("textbox", name="Kode", exact=True)
    field.fill(typed)
    night.button("Gå med").click()
    expect(night.page.get_by_role("alert")).to_contain_text(sentence)
    expect(field).to_have_value(typed)
    expect(field).to_be_focused()


def test_a_code_is_read_however_it_is_typed(night: Evening) -> None:
    code = night.walk["code"]
    sloppy = f" {code[:3].lower()} {code[3:5]}-{code[5:].lower()} ".replace("0", "o").replace("1", "l")
    night.page.goto(night.url)
    night.page.get_by_role("textbox", name="Kode", exact=True).fill(sloppy)
    night.button("Gå med").click()
    expect(night.page.get_by_role("heading", level=1)).to_contain_text("Aftenvandring i Aalborg Øst")


def test_joining_without_a_network_keeps_the_code_for_the_next_try(night: Evening) -> None:
    night.page.goto(night.walk["join_url"])
    night.offline()
    night.button("Gå med").click()
    expect(night.page.get_by_role("alert")).to_have_text(
        "Der er ikke net lige nu. Koden bliver stående. Tryk igen, når der er net."
    )
    night.offline(False)
    night.button("Gå med").click()
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()


def test_a_lost_answer_does_not_make_a_second_participant(night: Evening) -> None:
    asked: list[str] = []

    def lose(route: Route) -> None:
        asked.append(route.request.url)
        route.fetch()
        route.abort("connectionreset")

    joining = re.compile(r"/api/v1/participants/[^/]+$")  # not what a walker who is in tells of their phone
    night.page.route(joining, lose, times=1)
    night.page.on("request", lambda request: asked.append(request.url) if joining.search(request.url) else None)
    night.page.goto(night.walk["join_url"])
    night.button("Gå med").click()
    expect(night.page.get_by_role("alert")).to_be_visible()
    night.button("Gå med").click()
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    assert len(asked) >= 2
    assert len(set(asked)) == 1


def test_a_closed_walk_takes_nobody_new_but_everything_from_those_who_are_in(
    shared_server: Server, planned: Planned, page: Page, browser: Browser, tmp_path: Path
) -> None:
    night = Evening(plan(shared_server, tmp_path, planned.key), page).join()
    shared_server.tryg("walk", "close", night.walk["code"])
    late = browser.new_context(locale="da-DK").new_page()
    late.goto(night.walk["join_url"])
    late.get_by_role("button", name="Gå med", exact=True).click()
    expect(late.get_by_role("alert")).to_contain_text("lukket")
    late.context.close()

    night.page.reload()
    expect(page.get_by_text("Vandringen er lukket.")).to_be_visible()
    night.begin("Tryg").write("Skrevet efter lukketid.").save().notes()
    expect(page.locator(".state", has_text="Sendt")).to_have_count(1)
    assert len(night.received("Skrevet efter lukketid.")) == 1


# Ready, honestly


def test_nothing_says_ready_while_the_app_is_not_on_the_phone(night: Evening) -> None:
    night.page.context.route("**/sw.js", lambda route: route.abort())
    night.join()
    expect(night.page.get_by_text("Ikke klar endnu", exact=True)).to_be_visible()
    expect(night.page.get_by_text("Appen er ved at blive hentet")).to_be_visible()
    expect(night.page.get_by_text("Klar til at gå offline")).to_have_count(0)


def test_the_app_opens_in_airplane_mode_with_its_stops_and_its_topics(night: Evening) -> None:
    night.join().ready().offline().page.goto(night.url)
    expect(night.page.get_by_text("Tunnelen under ringvejen").first).to_be_visible()
    night.begin("Utryg").page.get_by_role("button", name="Belysning").click()
    expect(night.page.get_by_role("checkbox", name="Lampe virker ikke")).to_be_visible()


# Drafts


def test_a_tab_killed_while_writing_comes_back_to_the_same_step(
    night: Evening, photos: Callable[[int], list[Path]]
) -> None:
    night.join().ready().begin("Utryg")
    night.page.get_by_role("button", name="Belysning").click()
    night.page.get_by_role("checkbox", name="Lampe virker ikke").check()
    night.write("Lampen blinker").add_photos(*photos(1))
    context = night.page.context
    night.page.close()
    again = context.new_page()
    again.goto(night.url)
    expect(again.get_by_role("textbox", name="Note", exact=True)).to_have_value("Lampen blinker")
    expect(again.get_by_role("radio", name="Utryg", exact=True)).to_be_checked()
    expect(again.get_by_role("checkbox", name="Lampe virker ikke")).to_be_checked()
    expect(again.locator(".shots img")).to_have_count(1)


def test_the_draft_is_on_the_phone_before_the_camera_opens(night: Evening) -> None:
    night.join().begin()
    with night.page.expect_file_chooser() as chooser:
        night.button("Billede").click()
    assert chooser.value.element.get_attribute("capture") == "environment"
    night.page.reload()
    expect(night.page.get_by_role("radio", name="Utryg", exact=True)).to_be_visible()


def test_a_draft_put_aside_is_offered_on_the_walk_and_can_be_thrown_away_and_brought_back(night: Evening) -> None:
    night.join().begin("Både-og").write("Halvt færdig")
    night.page.get_by_role("link", name="Luk", exact=True).click()
    night.page.get_by_role("link", name="Skriv videre", exact=True).click()
    expect(night.page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Halvt færdig")
    night.button("Smid kladden væk").click()
    expect(night.page.get_by_role("link", name="Skriv videre", exact=True)).to_have_count(0)
    night.button("Fortryd").click()
    expect(night.page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Halvt færdig")


# Places


def test_a_fix_says_its_metres_and_goes_along_with_the_stop_one_is_at(night: Evening) -> None:
    night.join().begin("Tryg")
    expect(night.page.get_by_text("Stop 3. Målt lige nu (± 8 m)")).to_be_visible()
    night.write("Ved tunnelen").save().notes()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("Ved tunnelen")
    assert feature["properties"]["place_source"] == "gps"
    assert feature["properties"]["accuracy_m"] == 8
    assert feature["geometry"]["coordinates"] == pytest.approx([9.9257, 57.0528])


def test_a_fix_of_3000_metres_is_called_imprecise_and_never_holds_up_a_note(night: Evening) -> None:
    night.page.context.set_geolocation({"latitude": 57.0528, "longitude": 9.9257, "accuracy": 3000})
    night.join().begin("Tryg")
    expect(night.page.get_by_text("Placeringen er upræcis, ± 3 km. Noten bliver gemt.")).to_be_visible()
    night.button("Skift sted").click()
    night.page.get_by_role("radio", name="2. Birketorvet").check()
    night.write("Tre kilometer ved siden af")
    with night.page.expect_request(re.compile("/api/v1/observations/")) as sent:
        night.save().notes()
    assert (sent.value.post_data_json or {})["fix"]["accuracy_m"] == 3000, "the measurement goes along"
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("Tre kilometer ved siden af")
    assert feature["properties"]["place_source"] == "pin", "the stop chosen by hand is where it is"
    assert feature["geometry"]["coordinates"] == pytest.approx([9.9237, 57.0508])


def test_a_phone_that_says_no_to_positions_still_saves_and_offers_the_stops(night: Evening) -> None:
    night.page.context.clear_permissions()
    night.join().begin("Utryg")
    told = night.page.get_by_text("Telefonen siger nej til placering.")
    expect(told).to_be_visible()
    expect(told.locator("..")).to_have_text(
        "Telefonen siger nej til placering.Noten bliver gemt alligevel. Vælg et stop, eller skriv uden sted."
    )
    night.button("Skift sted").click()
    night.page.get_by_role("radio", name="3. Tunnelen under ringvejen").check()
    night.write("Uden placering").save().notes()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("Uden placering")
    assert feature["properties"]["place_source"] == "stop"


def test_nowhere_means_that_no_position_goes_along(night: Evening) -> None:
    night.join().begin("Utryg")
    expect(night.page.get_by_text("± 8 m")).to_be_visible()
    night.button("Skift sted").click()
    night.page.get_by_role("radio", name="Intet sted").check()
    night.write("Hele kvarteret").save().notes()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("Hele kvarteret")
    assert feature["geometry"] is None


# Photos


def test_a_file_that_is_no_photo_never_takes_the_words_with_it(night: Evening, tmp_path: Path) -> None:
    letter = tmp_path / "image.jpg"
    letter.write_text("Kære kommune", "utf-8")
    night.join().begin("Utryg").write("Med et brev som billede")
    night.page.locator("input[type=file][multiple]").set_input_files(str(letter))
    expect(night.said).to_contain_text("Dine ord er gemt.")
    expect(night.said).to_contain_text("Filen er ikke et billede.")
    expect(night.page.locator(".shots li")).to_have_count(0)
    night.save()


def test_the_ninth_photo_is_left_out_and_the_walker_is_told(
    night: Evening, photos: Callable[[int], list[Path]]
) -> None:
    night.join().begin("Tryg")
    night.page.locator("input[type=file][multiple]").set_input_files([str(photo) for photo in photos(9)])
    expect(night.said).to_contain_text("Der er plads til 8 billeder")
    expect(night.page.locator(".shots li")).to_have_count(8)


def test_a_photo_taken_out_comes_back_with_undo(night: Evening, photos: Callable[[int], list[Path]]) -> None:
    night.join().begin("Tryg").add_photos(*photos(2))
    night.button("Tag ud nr. 1").click()
    expect(night.page.locator(".shots li")).to_have_count(1)
    night.button("Fortryd").click()
    expect(night.page.locator(".shots li")).to_have_count(2)


def test_each_note_says_how_many_of_its_photos_have_arrived(
    night: Evening, photos: Callable[[int], list[Path]]
) -> None:
    arrived: list[str] = []

    def let_one_through(route: Route) -> None:
        arrived.append(route.request.url)
        route.continue_() if len(set(arrived)) == 1 else route.abort()

    night.page.context.route("**/api/v1/observations/*/photos/*", let_one_through)
    night.join().begin("Utryg").write("To billeder").add_photos(*photos(2)).save().notes()
    expect(night.page.get_by_text("1 af 2 billeder")).to_be_visible()
    night.page.context.unroute("**/api/v1/observations/*/photos/*")
    night.button("Send nu").click()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("To billeder")
    assert len(feature["properties"]["photos"]) == 2


# The outbox


def test_a_note_waits_says_so_and_goes_by_itself_when_the_network_is_back(night: Evening) -> None:
    night.join().ready().offline().begin("Utryg").write("Venter i regnen").save().notes()
    state = night.page.locator(".state")
    expect(state).to_have_text(re.compile("gemt på telefonen · venter på net", re.IGNORECASE))
    night.button("Send nu").click()
    expect(night.said).to_contain_text("Der er ikke net lige nu")
    expect(night.button("Send nu")).to_be_enabled()
    night.offline(False).page.evaluate("dispatchEvent(new Event('online'))")
    expect(state).to_have_text("Sendt")
    assert len(night.received("Venter i regnen")) == 1


def test_a_refused_note_gives_the_servers_reason_and_what_to_do(night: Evening) -> None:
    problem = '{"type": "/problems/invalid", "title": "", "status": 422, "detail": "Noget passer ikke."}'
    night.page.context.route(
        re.compile("/api/v1/observations/[^/]+$"),
        lambda route: route.fulfill(status=422, body=problem, content_type="application/problem+json"),
        times=1,
    )
    night.join().begin("Utryg").write("Afvist først").save().notes()
    expect(night.page.get_by_text("Kunne ikke sendes")).to_be_visible()
    expect(night.page.get_by_text("Noget passer ikke.")).to_be_visible()
    expect(night.page.get_by_role("link", name="Ret", exact=True)).to_be_visible()
    expect(night.button("Slet")).to_be_visible()
    night.button("Prøv igen").click()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)


def test_a_sent_note_can_be_corrected(night: Evening) -> None:
    night.join().begin("Utryg").write("Lampen er slukket").save().notes()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    night.page.get_by_role("link", name="Ret eller slet", exact=True).click()
    night.page.get_by_role("radio", name="Tryg", exact=True).check()
    night.write("Lampen er tændt igen").save()
    # The screen on which it was corrected says "Sendt" too, of what was sent before.
    expect(night.button("Send nu")).to_be_visible()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    [feature] = night.received("Lampen er")
    assert feature["properties"]["note"] == "Lampen er tændt igen"
    assert feature["properties"]["valence"] == "safe"
    assert feature["geometry"], "a correction keeps the place"


def test_a_deleted_note_is_gone_and_undo_brings_it_back(night: Evening) -> None:
    night.join().begin("Utryg").write("Fortrudt to gange").save().notes()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    night.page.get_by_role("link", name="Ret eller slet", exact=True).click()
    night.button("Slet").click()
    night.received_at_last("Fortrudt to gange", 0)
    expect(night.page.locator(".note")).to_have_count(0)
    night.said.get_by_role("button", name="Fortryd", exact=True).click()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(1)
    night.received_at_last("Fortrudt to gange", 1)


def test_a_text_too_long_is_kept_whole_and_counted(night: Evening) -> None:
    night.join().begin("Utryg").write("å" * 4012)
    expect(night.page.get_by_text("12 tegn for meget")).to_be_visible()
    night.button("Gem").click()
    expect(night.said).to_contain_text("12 tegn for lang")
    expect(night.page.get_by_role("textbox", name="Note", exact=True)).to_have_value("å" * 4012)
    night.page.get_by_role("textbox", name="Note", exact=True).fill("å" * 4000)
    night.save()


def test_whoever_joins_on_a_phone_that_left_the_walk_is_somebody_else(night: Evening) -> None:
    night.join().begin("Utryg").write("Kun for mig og koordinatoren.").save().notes()
    night.received_at_last("Kun for mig", 1)
    night.page.goto(f"{night.url}#/help")
    night.button("Forlad vandringen").click()
    expect(night.page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
    [(walkers,)] = night.server.rows("SELECT count(*) FROM participant")
    night.join()
    night.page.goto(f"{night.url}#/data")
    expect(night.page.get_by_text("0 noter", exact=True)).to_be_visible()
    assert night.server.rows("SELECT count(*) FROM participant") == [(walkers + 1,)]


def test_a_walk_is_not_left_while_something_is_only_on_the_phone(night: Evening) -> None:
    night.join().ready().offline().begin("Utryg").save()
    night.page.get_by_role("link", name="Hjælp", exact=True).click()
    night.button("Forlad vandringen").click()
    expect(night.page.get_by_text("1 note er kun på telefonen.")).to_be_visible()
    expect(night.button("Send nu")).to_be_visible()
    night.offline(False)
    expect(night.page.get_by_text("er kun på telefonen.")).to_have_count(0)
    night.button("Forlad vandringen").click()
    expect(night.page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
