"""The track of the walk: off until the walk asks and somebody presses, honest about gaps, safe on the phone, sent once, deletable."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import col, select

from app.db import Database
from app.models import Track, Walk
from tests.browser.reading import assert_readable
from tests.browser.test_battery import HIDDEN
from tests.browser.walking import Evening, Planned, plan
from tests.running import Server

# A receiver that says what the test tells it, only while somebody watches.
SCRIPTED = """() => {
    const watching = new Map();
    let last = 0;
    Geolocation.prototype.watchPosition = (found) => { watching.set(++last, found); return last; };
    Geolocation.prototype.clearWatch = (id) => watching.delete(id);
    globalThis.go = ([latitude, longitude], accuracy = 8) => {
        const coords = { latitude, longitude, accuracy, altitude: null, heading: null, speed: null };
        for (const found of watching.values()) found({ coords, timestamp: Date.now() });
        return watching.size;
    };
}"""
METRE = 1 / 111_195  # degrees of latitude
SOUTH = (57.0500, 9.9230)
GONE = [0, 4, 9, 10, 13, 18, 20, 27, 30, 36, 40, 45, 50, 54, 60, 63, 100, 110, 170, 180, 190, 200, 210, 220, 230, 240]


@pytest.fixture
def night(shared_server: Server, planned: Planned, page: Page, tmp_path: Path) -> Evening:
    """An evening on a walk of its own that asks for tracks."""
    evening = Evening(plan(shared_server, tmp_path, planned.key), page)
    page.add_init_script(f"({SCRIPTED})()")
    evening.puts = []  # type: ignore[attr-defined]
    page.on("request", lambda request: evening.puts.append(request.url) if "/tracks/" in request.url else None)  # type: ignore[attr-defined]
    return evening


@pytest.fixture
def db(shared_server: Server) -> Iterator[Database]:
    database = Database(shared_server.database)
    yield database
    database.close()


def ask(db: Database, evening: Evening, tracks: bool = True, **more: Any) -> None:
    with db.write() as tx:
        walk = tx.get_one(Walk, evening.walk["walk_id"])
        walk.tracks = tracks
        for name, value in more.items():
            setattr(walk, name, value)


def held(db: Database, evening: Evening) -> list[Track]:
    with db.read() as tx:
        wanted = select(Track).where(Track.walk_id == evening.walk["walk_id"]).order_by(col(Track.id))
        return list(tx.exec(wanted).all())


def walked(page: Page) -> list[list[int]]:
    """What the phone has of the newest track, as metres north of SOUTH."""
    found = kept(page)
    return metres(found["tracks"][-1]["parts"]) if found and found["tracks"] else []


def begin(evening: Evening, name: str = "Optag vores vej") -> None:
    evening.button(name).click()
    expect(evening.button("Stop optagelsen")).to_be_visible()


def at_last(page: Page, holds: Any, instead: Any = "") -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never; {instead() if instead else ''}")


def north(metres: float) -> tuple[float, float]:
    return (SOUTH[0] + metres * METRE, SOUTH[1])


def go(page: Page, *metres: float, accuracy: float = 8) -> None:
    for one in metres:
        assert one in GONE
        assert page.evaluate(f"go({list(north(one))}, {accuracy})"), "nobody measures"


def kept(page: Page) -> Any:
    """What the phone has on its disk."""
    script = """() => new Promise((found) => { const opened = indexedDB.open("tryghedsvandring"); opened.onsuccess = () => {
        const asked = opened.result.transaction("kept").objectStore("kept").get("setting:track");
        asked.onsuccess = () => { opened.result.close(); found(asked.result ?? null); }; }; })"""
    return page.evaluate(script)


def metres(parts: list[list[list[float]]]) -> list[list[int]]:
    """The parts as metres north of SOUTH, as they were gone to; places are kept to a metre."""
    known = {round(north(one)[0], 5): one for one in GONE}
    return [[known[lat] for _lon, lat in part] for part in parts]


def to_map(page: Page) -> None:
    page.get_by_role("link", name="Kort", exact=True).click()
    expect(page.locator(".place")).to_be_visible()


def record(evening: Evening) -> Page:
    evening.join()
    to_map(evening.page)
    evening.button("Optag vores vej").click()
    expect(evening.page.get_by_role("heading", name="Jeres vej bliver optaget")).to_be_visible()
    return evening.page


def test_nothing_is_recorded_where_the_walk_does_not_ask_or_nobody_presses(night: Evening, db: Database) -> None:
    night.join()
    to_map(night.page)
    go(night.page, 0, 10, 20)
    expect(night.button("Optag vores vej")).to_have_count(0)
    ask(db, night, seq=99, changed_seq=99)
    night.page.reload()
    expect(night.button("Optag vores vej")).to_be_visible()
    expect(night.page.locator(".recording")).to_contain_text("Kun for den, der skriver for holdet.")
    go(night.page, 0, 10, 20)
    assert kept(night.page) is None


def test_a_gap_stays_a_gap(night: Evening, db: Database) -> None:
    ask(db, night)
    night.page.clock.install()
    page = record(night)
    go(page, 0, 4, 9, 13, 18)  # nothing nearer than 8 m
    go(page, 27, accuracy=31)  # nothing less certain than 30 m
    go(page, 36)
    page.clock.run_for(59_000)
    go(page, 45)
    page.clock.run_for(61_000)  # more than a minute without a good position
    go(page, 54, 63)
    go(page, 170, 180)  # a jump
    page.evaluate(HIDDEN, True)
    page.evaluate(HIDDEN, False)
    go(page, 190, 200)
    night.button("Stop optagelsen").click()
    expect(night.button("Optag videre")).to_be_visible()
    go(page, 210, 220)
    begin(night, "Optag videre")
    go(page, 230, 240)
    expected = [[0, 9, 18, 36, 45], [54, 63], [170, 180], [190, 200], [230, 240]]
    at_last(page, lambda: walked(page) == expected, lambda: walked(page))
    expect(page.locator(".recording")).to_contain_text(re.compile(r"8[3-6] m indtil nu\."))
    night.button("Stop optagelsen").click()
    at_last(page, lambda: [metres(row.parts) for row in held(db, night)] == [expected])
    assert re.search(r"\d{4}-\d\d-\d\d|T\d\d:", json.dumps(held(db, night)[0].parts)) is None


def test_it_survives_a_reload_and_the_aeroplane_mode_and_goes_out_once(night: Evening, db: Database) -> None:
    ask(db, night)
    night.join().ready()
    page = night.page
    to_map(page)
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    night.offline()
    begin(night)
    go(page, 0, 10, 20)
    expect(page.locator(".recording")).to_contain_text("Ligger på telefonen.")
    at_last(page, lambda: metres(kept(page)["tracks"][0]["parts"]) == [[0, 10, 20]])
    page.reload()
    expect(night.button("Stop optagelsen")).to_be_visible()
    go(page, 30, 40)
    at_last(page, lambda: metres(kept(page)["tracks"][0]["parts"]) == [[0, 10, 20], [30, 40]])
    # Begun again on a note, with the map's screen never opened: it is measured there, so it is recorded there.
    page.goto(f"{night.url}#/note/new")
    page.reload()
    expect(night.button("Gem")).to_be_visible()
    at_last(page, lambda: page.evaluate(f"go({list(north(50))})") and len(kept(page)["tracks"][0]["parts"]) == 3)
    go(page, 60)
    at_last(page, lambda: metres(kept(page)["tracks"][0]["parts"])[2:] == [[50, 60]])
    assert held(db, night) == []
    before = len(night.puts)  # type: ignore[attr-defined]
    night.offline(False)
    at_last(page, lambda: [metres(row.parts) for row in held(db, night)] == [[[0, 10, 20], [30, 40], [50, 60]]])
    at_last(page, lambda: kept(page)["tracks"][0]["sent"] == kept(page)["tracks"][0]["rev"])
    assert len(night.puts) == before + 1  # type: ignore[attr-defined]
    page.goto(f"{night.url}#/walk")
    night.begin("Utryg").write("Lampen er slukket").save().received_at_last("Lampen er slukket", 1)
    page.goto(f"{night.url}#/map")
    night.button("Stop optagelsen").click()
    expect(page.locator(".recording")).to_contain_text("Sendt")
    assert len(night.puts) == before + 1  # type: ignore[attr-defined]


def test_deleted_it_is_gone_on_the_phone_at_once_and_on_the_server_as_soon_as_it_hears(
    night: Evening, db: Database
) -> None:
    ask(db, night)
    page = record(night)
    go(page, 0, 10, 20)
    night.button("Stop optagelsen").click()
    at_last(page, lambda: [len(row.parts) for row in held(db, night)] == [1])
    night.offline()
    night.button("Slet vores vej").click()
    night.button("Behold den").click()
    night.button("Slet vores vej").click()
    night.button("Ja, slet den").click()
    expect(page.locator(".recording")).to_contain_text("Slettet her.")
    assert [one["parts"] for one in kept(page)["tracks"]] == [[]]
    begin(night)  # what comes after it is another track
    go(page, 100, 110)
    night.button("Stop optagelsen").click()
    night.offline(False)
    at_last(
        page,
        lambda: (
            sorted((row.deleted, metres(row.parts)) for row in held(db, night)) == [(False, [[100, 110]]), (True, [])]
        ),
    )
    at_last(page, lambda: len(kept(page)["tracks"]) == 1)


def test_what_was_never_sent_is_deleted_without_a_word_to_anybody(night: Evening, db: Database) -> None:
    ask(db, night)
    night.join()
    to_map(night.page)
    expect(night.button("Optag vores vej")).to_be_visible()
    night.offline()
    begin(night)
    go(night.page, 0, 10)
    at_last(night.page, lambda: len(kept(night.page)["tracks"]) == 1)
    night.button("Slet vores vej").click()
    night.button("Ja, slet den").click()
    at_last(night.page, lambda: kept(night.page)["tracks"] == [])
    night.offline(False)
    begin(night)
    go(night.page, 50, 60)
    night.button("Stop optagelsen").click()
    at_last(night.page, lambda: [metres(row.parts) for row in held(db, night)] == [[[50, 60]]])


def test_one_leaves_only_with_the_track_sent_and_takes_it_off_the_phone(night: Evening, db: Database) -> None:
    ask(db, night)
    page = record(night)
    night.offline()
    go(page, 0, 10)
    at_last(page, lambda: len(kept(page)["tracks"]) == 1)
    page.goto(f"{night.url}#/notes")
    expect(page.get_by_text("ikke sendt")).to_have_count(0)
    page.goto(f"{night.url}#/help")
    night.button("Forlad vandringen").click()
    expect(page.locator("#left")).to_contain_text("Jeres vej ved kortet er ikke sendt.")
    expect(night.button("Gem en kopi")).to_have_count(0)
    night.offline(False)
    expect(page.locator("#left")).to_have_count(0)
    night.button("Forlad vandringen").click()
    expect(page.get_by_role("heading", name="Gå med på vandringen")).to_be_visible()
    assert kept(page) is None
    assert [metres(row.parts) for row in held(db, night)] == [[[0, 10]]]


def test_a_walk_that_asks_no_more_or_is_closed_stops_it(night: Evening, db: Database) -> None:
    ask(db, night)
    page = record(night)
    go(page, 0, 10)
    at_last(page, lambda: walked(page) == [[0, 10]])
    ask(db, night, tracks=False, seq=99, changed_seq=99)
    page.reload()
    expect(page.locator(".recording")).to_be_visible()
    at_last(page, lambda: page.evaluate(f"go({list(north(20))}), go({list(north(30))})") and not kept(page)["on"])
    assert walked(page)[0] == [0, 10]
    expect(night.button("Optag videre")).to_have_count(0)
    expect(night.button("Slet vores vej")).to_be_visible()


def test_what_the_server_refuses_is_said_in_its_words_and_holds_nobody_back(night: Evening, db: Database) -> None:
    ask(db, night)
    page = record(night)
    night.offline()
    go(page, 0, 10)
    at_last(page, lambda: walked(page) == [[0, 10]])
    ask(db, night, tracks=False)
    night.offline(False)
    expect(page.locator(".recording")).to_contain_text("Vandringen spørger ikke om, hvor I gik.")
    assert held(db, night) == []
    page.goto(f"{night.url}#/help")
    night.button("Forlad vandringen").click()
    expect(page.get_by_role("heading", name="Gå med på vandringen")).to_be_visible()


def test_everybody_can_read_it_while_it_records(night: Evening, db: Database) -> None:
    ask(db, night)
    page = record(night)
    go(page, 0, 10, 20)
    expect(page.locator(".recording")).to_contain_text("indtil nu")
    night.button("Slet vores vej").click()
    expect(page.get_by_role("alert")).to_contain_text("Slet jeres vej her og i rapporten?")
    assert_readable(page, "the map while it records")


def seen_on_map(page: Page) -> int:
    script = """() => document.querySelector("tryg-map").drawing().then(({ map }) => new Promise((found) => {
        const look = () => found(map.queryRenderedFeatures({ layers: ["track"] }).length);
        map.once("idle", look).triggerRepaint(); }))"""
    return int(page.evaluate(script))


def test_the_reports_map_shows_the_teams_ways_until_they_are_switched_off(night: Evening, db: Database) -> None:
    ask(db, night)
    page = record(night)
    go(page, 0, 10, 20, 30)
    night.button("Stop optagelsen").click()
    at_last(page, lambda: len(held(db, night)) == 1)
    page.goto(night.server.tryg("user", "add", "ida@kommune.example", "--role", "coordinator")["sign_in_url"])
    night.button("Log ind").click()
    page.wait_for_url(f"{night.server.url}/")
    page.goto(f"{night.server.url}/walks/{night.walk['walk_id']}/report")
    page.locator("tryg-map").scroll_into_view_if_needed()
    expect(page.locator("tryg-map[state=drawn]")).to_be_visible()
    at_last(page, lambda: seen_on_map(page) > 0)
    expect(page.locator("figcaption")).to_contain_text("Gruppen har optaget sin vej.")
    switch = page.get_by_role("button", name="Vis den på kortet")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.focus()
    page.keyboard.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "false")
    at_last(page, lambda: seen_on_map(page) == 0)
    page.emulate_media(color_scheme="dark")  # a new dress brings nothing back
    assert seen_on_map(page) == 0
    switch.click()
    at_last(page, lambda: seen_on_map(page) > 0)
    page.emulate_media(color_scheme="light")
    at_last(page, lambda: seen_on_map(page) > 0)
