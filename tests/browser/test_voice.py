"""A walker speaks instead of writing: real recordings of a made-up microphone, offline, through a closed tab, up to the server."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserType, Page, expect

from tests.browser.test_plan import sign_in
from tests.browser.walking import Evening, Planned
from tests.phone import Phone, Recording, jpeg
from tests.photos.sounds import mp4

MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

DATABASE = """const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  const of = (name, does) => new Promise((done) => (db.transaction(name, "readwrite").objectStore(name)[does]().onsuccess = ({ target }) => done(target.result)));"""
LEFT = f"""async () => {{
  {DATABASE}
  const left = [await of("photos", "count"), await of("bytes", "count")];
  db.close();
  return left;
}}"""
FORGET = f"""async () => {{
  {DATABASE}
  while (!(await of("photos", "count"))) await new Promise((next) => setTimeout(next, 50));
  for (const name of ["photos", "bytes", "drafts"]) await of(name, "clear");
  db.close();
}}"""


@pytest.fixture
def loud(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    planned: Planned,
) -> Iterator[Evening]:
    """A walker whose phone has a microphone that beeps, and has joined."""
    arguments = [*browser_type_launch_args.get("args", []), *MICROPHONE]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": arguments})
    page = browser.new_context(**browser_context_args).new_page()
    night = Evening(planned, page)
    night.page.context.grant_permissions(["geolocation", "microphone"])
    yield night.join().ready()
    browser.close()


def speak(night: Evening, seconds: int = 2) -> None:
    night.button("Indtal i stedet for at skrive").click()
    expect(night.page.get_by_role("timer")).to_contain_text(f"{seconds} af 60 sekunder")


def player(page: Page, number: int = 1) -> Any:
    return page.locator(f'audio[aria-label="Optagelse {number}"]')


def held(night: Evening) -> list[tuple[str, str, float, int]]:
    """(type, state, seconds, bytes) of the recordings that the server knows."""
    return night.server.rows("SELECT type, state, seconds, bytes FROM photo WHERE seconds IS NOT NULL ORDER BY id")


def test_what_is_said_offline_is_heard_again_saved_and_arrives(loud: Evening) -> None:
    before = len(held(loud))
    loud.offline().begin("Utryg")
    speak(loud)
    loud.button("Stop optagelsen").click()
    expect(player(loud.page)).to_be_visible()
    loud.page.wait_for_function("() => document.querySelector('audio').readyState >= 1")
    loud.save().offline(False)
    loud.wait(lambda: [row[1] for row in held(loud)[before:]] == ["kept"])
    [(kind, _state, seconds, size)] = held(loud)[before:]
    assert kind == "audio/webm"
    assert 1.5 <= seconds <= 6
    assert 1000 < size < 100_000


def test_save_in_the_middle_of_a_word_stops_first_and_loses_nothing(loud: Evening) -> None:
    before = len(held(loud))
    loud.begin("Tryg")
    speak(loud, 3)
    loud.save()
    loud.wait(lambda: [row[1] for row in held(loud)[before:]] == ["kept"])
    assert held(loud)[before:][0][2] >= 2.5


def test_what_was_said_before_the_phone_died_is_in_the_draft(loud: Evening) -> None:
    loud.begin("Utryg")
    speak(loud, 5)
    url, context = loud.url, loud.page.context
    loud.page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(f"{url}#/note/new")
    expect(player(page)).to_be_visible()
    page.wait_for_function("() => document.querySelector('audio').readyState >= 1")


def test_a_draft_thrown_away_in_the_middle_of_a_word_takes_the_recording_along_and_brings_it_back(
    loud: Evening,
) -> None:
    loud.offline().begin("Utryg")
    speak(loud)
    loud.button("Smid kladden væk").click()
    expect(loud.said).to_contain_text("Kladden er smidt væk")
    expect(loud.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    assert loud.page.evaluate(LEFT) == [0, 0], "what was said is nowhere on the phone"
    loud.said.get_by_role("button", name="Fortryd", exact=True).click()
    expect(player(loud.page)).to_be_visible()


def test_a_recording_that_was_thrown_away_in_another_window_does_not_come_back(loud: Evening) -> None:
    loud.offline().begin("Utryg")
    speak(loud)
    loud.page.evaluate(FORGET)
    expect(loud.page.get_by_role("timer")).to_contain_text("6 af 60 sekunder")
    loud.button("Stop optagelsen").click()
    expect(loud.button("Indtal i stedet for at skrive")).to_be_visible()
    assert loud.page.evaluate(LEFT) == [0, 0]


def test_a_recording_is_taken_out_and_back_and_a_deleted_note_takes_it_along(loud: Evening) -> None:
    before = len(held(loud))
    loud.begin("Utryg")
    for number in (1, 2):
        speak(loud)
        loud.button("Stop optagelsen").click()
        expect(player(loud.page, number)).to_be_visible()
    take_out = loud.page.locator(".spoken button")
    take_out.first.click()
    expect(player(loud.page, 2)).to_have_count(0)
    loud.button("Fortryd").click()
    expect(player(loud.page, 2)).to_be_visible()
    take_out.last.click()
    loud.save()
    loud.wait(lambda: len(held(loud)) == before + 1)
    loud.page.wait_for_timeout(300)
    assert len(held(loud)) == before + 1


def test_a_phone_that_records_as_iphones_do_is_received_and_heard(loud: Evening, page: Page) -> None:
    before = len(held(loud))
    # Safari's recorder makes MPEG-4 and nothing else.
    loud.page.context.add_init_script(
        """const all = MediaRecorder.isTypeSupported;
        MediaRecorder.isTypeSupported = (kind) => /^audio\\/mp4/.test(kind) && all.call(MediaRecorder, kind);"""
    )
    loud.page.reload()
    loud.begin("Utryg")
    speak(loud)
    loud.save()
    loud.wait(lambda: [(row[0], row[1]) for row in held(loud)[before:]] == [("audio/mp4", "kept")])
    heard(loud, page)


def heard(night: Evening, page: Page, least: float = 1) -> None:
    """A reviewer's browser plays what was recorded last, for at least so many seconds."""
    [(note,)] = night.server.rows("SELECT observation_id FROM photo WHERE seconds > 0 ORDER BY id DESC LIMIT 1")
    sign_in(page, night.server, "ida@kommune.example")
    page.goto(f"{night.server.url}/walks/{night.walk['walk_id']}/review?note={note}")
    sound = page.locator("audio")
    sound.evaluate("(audio) => { audio.preload = 'auto'; audio.load(); }")
    page.wait_for_function("() => document.querySelector('audio').readyState >= 2")
    sound.evaluate(
        """async (audio, least) => {
          audio.muted = true;
          await audio.play();
          await new Promise((over) => { audio.ontimeupdate = () => audio.currentTime >= least && over(); });
        }""",
        least,
    )


def test_aac_as_an_iphone_records_it_is_played_to_the_reviewer(planned: Planned, page: Page) -> None:
    with httpx.Client(base_url=planned.server.url) as http:
        phone = Phone(http, planned.walk["code"]).join()
        phone.note(Recording(mp4(3), "audio/mp4", seconds=3), note="Fra en iPhone")
        phone.sync()
    heard(Evening(planned, page), page, least=2)
    assert abs(page.locator("audio").evaluate("(audio) => audio.duration") - 3) < 0.2


def test_recordings_are_counted_as_what_they_are_on_every_screen_and_in_the_copy(loud: Evening, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(640, 480))
    loud.page.context.route("**/api/v1/observations/*/recordings/*", lambda route: route.abort())
    loud.begin("Utryg").write("Med lyd").add_photos(photo)
    speak(loud)
    loud.save().notes()
    expect(loud.page.get_by_text("1 af 2 billeder og optagelser")).to_be_visible()
    loud.begin()
    loud.button("Skift sted").click()
    loud.page.get_by_role("radio", name="Intet sted").check()
    loud.button("Skriv").click()
    speak(loud)
    loud.save().notes()
    expect(loud.page.get_by_text("0 af 1 optagelse")).to_be_visible()
    expect(loud.page.get_by_role("heading", name="En optagelse", exact=True)).to_be_visible()

    loud.offline().page.goto(f"{loud.url}#/help")
    loud.button("Forlad vandringen").click()
    expect(loud.page.locator("#left")).to_contain_text("2 optagelser er kun på telefonen.")
    expect(loud.page.locator("#left")).not_to_contain_text("billede")
    with loud.page.expect_download() as download:
        loud.button("Gem en kopi").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        read_me = archive.read("LÆS-MIG.txt").decode()
    assert "2 noter, 0 billeder, 2 optagelser" in read_me
    assert len(re.findall(r"^Optagelse: photos/", read_me, re.M)) == 2
    before = len(held(loud))
    once = loud.server.tryg("import", str(path))
    assert (once["photos"]["new"], once["photos"]["refused"], once["refusals"]) == (2, 0, [])
    assert [row[1] for row in held(loud)].count("kept") >= 2
    assert len(held(loud)) == before


def test_ones_own_data_names_recordings_and_what_was_written_down_of_them(loud: Evening) -> None:
    loud.begin("Utryg").write("Med lyd")
    speak(loud)
    loud.save().notes()
    expect(loud.page.locator(".state", has_text="Sendt")).to_have_count(1)
    loud.page.goto(f"{loud.url}#/data")
    expect(loud.page.get_by_text("1 note · 1 optagelse")).to_be_visible()
    expect(loud.page.locator(".note .meta")).to_have_text(re.compile(r" · 1 optagelse$"))
    loud.button("Slet det hele").click()
    expect(loud.page.locator("#sure")).to_contain_text("Dine noter, billeder, optagelser, dit spor")


def test_without_a_microphone_one_is_told_what_to_do_and_goes_on_writing(night: Evening) -> None:
    night.join().ready().begin("Utryg")
    night.button("Indtal i stedet for at skrive").click()
    expect(
        night.page.get_by_text(
            "Mikrofonen kan ikke bruges. Dine ord er gemt. Skriv i stedet, eller giv lov til den: Hjælp viser hvordan."
        )
    ).to_be_visible()
    night.write("Det regner.").save()
    night.received_at_last("Det regner.", 1)


def test_a_reviewer_listens_and_writes_down_what_is_said(loud: Evening, page: Page) -> None:
    loud.begin("Utryg")
    speak(loud)
    loud.save()
    loud.wait(lambda: "kept" in [row[1] for row in held(loud)])
    heard(loud, page)
    page.get_by_label("Det, der bliver sagt").fill("Lampen ved tunnelen blinker.")
    page.get_by_role("button", name="Gem det nedskrevne").click()
    expect(page.get_by_role("status")).to_contain_text("Optagelsen er skrevet ned")
    loud.received_at_last("Lampen ved tunnelen blinker.", 1)
