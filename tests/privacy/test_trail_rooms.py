"""The access log tells of every room: measures, minutes, marks, calendars; and of walks opened and closed, files taken in, sign-outs."""

import io
from collections.abc import Callable

import pytest

from app.access import signin
from app.access.subscribing import calendar_secret
from app.measures import deadlines
from app.models import Mark, Measure, Partner, Photo, User, Walk
from app.privacy import looking
from app.walks import opening, walks
from tests.access.conftest import PAGE, Browser
from tests.cast import Clock, Stage
from tests.phone import new_id
from tests.privacy.conftest import logged, signed_in, told
from tests.privacy.raw import with_photo
from tests.report.evening import Evening
from tests.report.test_public import measure

Key = Callable[..., tuple[str, dict[str, str]]]
ROUTE = b'{"type": "LineString", "coordinates": [[9.92, 57.04], [9.93, 57.05]]}'


def test_measures_minutes_and_what_shows_them_done_are_logged_once_in_ten_minutes(
    evening: Evening, key_of: Key
) -> None:
    stage = evening.stage
    note = evening.note(note="Bænken er væk.")
    about = measure(evening, note)
    with stage.db.write() as tx:
        photo = Photo(id=new_id(), observation_id=note, sha256="", bytes=1, type="", state="ready")
        tx.add(photo)
        tx.get_one(Measure, about.id).proof_photo_id = photo.id
    stage.vault.keep_clean(photo.id, b"\xff\xd8\xff picture", b"\xff\xd8\xff small")
    who, headers = key_of("organiser")
    at = f"/walks/{stage.walk.id}/measures"
    assert evening.anna.open(f"{at}/meeting").press(f"{at}/1/meeting", said="Aftalt.").status == 200
    for _ in range(2):
        for ending in (
            "",
            "/new",
            f"/new?note={note}",
            "/1",
            "/calendar",
            "/meeting",
            "/minutes",
            "/minutes.txt",
            "/1/proof.jpg",
        ):
            assert stage.http.get(at + ending, headers=headers | PAGE).status_code == 200, ending
    mine = [one for one in logged(stage.db, "read", "exported") if one.who == who]
    assert [(one.what, one.about) for one in mine] == [
        ("read", "page:measures"), ("read", "page:minutes"), ("exported", "file:minutes.txt"), ("read", "page:proof"),
    ]  # fmt: skip
    assert {one.walk_id for one in mine} == {stage.walk.id}
    assert mine[0].detail == {"sensitive": False}
    browser, admin = signed_in(stage, "admin")
    page = browser.get("/log").text
    assert all(words in page for words in ("tiltag", "møder og referater", "et billede af et udført tiltag"))
    assert ("read", "page:log") in [(one.what, one.about) for one in logged(stage.db) if one.who == admin]


def test_a_partners_pages_files_and_proof_and_a_calendars_address_are_logged(evening: Evening) -> None:
    stage, settings = evening.stage, evening.stage.app.state.settings
    about = measure(evening, evening.note(note="Bænken er væk."))
    with stage.db.write() as tx:
        partner = Partner(organisation_id=stage.walk.organisation_id, owner="vej", name="Vej og Park")
        tx.add(partner)
        tx.flush()
        photo = Photo(id=new_id(), observation_id=about.observation_ids[0], sha256="", bytes=1, type="", state="ready")
        tx.add(photo)
        held = tx.get_one(Measure, about.id)
        held.partner_id, held.proof_photo_id = partner.id, photo.id
        for table, of in ((Walk, stage.walk.id), (Partner, partner.id)):
            deadlines.give_address(tx, table, of)
    stage.vault.keep_clean(photo.id, b"\xff\xd8\xff picture", b"\xff\xd8\xff small")
    theirs = evening.plan.signed_in("partner", partner=partner.id)
    who = f"person:{evening.user(evening.emails()[-1]).id}"
    for path in ("/partner", f"/partner/measures/{about.id}", "/partner/calendar", f"/partner/measures/{about.id}/proof.jpg",
                 "/partner/deadlines.ics"):  # fmt: skip
        assert theirs.http.get(path).status_code == 200, path
    assert [(one.what, one.about) for one in logged(stage.db, "read", "exported") if one.who == who] == [
        ("read", "page:partner"), ("read", "page:proof"), ("exported", "file:deadlines.ics"),
    ]  # fmt: skip
    with stage.db.read() as tx:
        walk, partner = tx.get_one(Walk, stage.walk.id), tx.get_one(Partner, partner.id)
    addresses = [
        f"/deadlines/{walk.id}/{calendar_secret(walk, settings.signing_key())}.ics",
        f"/deadlines/partners/{partner.id}/{calendar_secret(partner, settings.signing_key())}.ics",
    ]
    for address in addresses * 2:
        assert stage.http.get(address).status_code == 200
    by_address = [one for one in logged(stage.db, "exported") if one.who.startswith("calendar:")]
    assert [(one.who, one.about) for one in by_address] == [
        (f"calendar:{walk.id}", "file:deadlines.ics"), (f"calendar:{partner.id}", "file:deadlines.ics")
    ]  # fmt: skip
    assert {one.organisation_id for one in by_address} == {walk.organisation_id}
    browser, _admin = signed_in(stage, "admin")
    assert "et kalenderabonnement" in browser.get("/log").text
    assert not any(secret in browser.get("/log.csv").text for secret in (walk.calendar, partner.calendar) if secret)


def test_a_calendar_that_asks_every_quarter_of_an_hour_is_one_entry_a_day(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.db.write() as tx:
        deadlines.give_address(tx, Walk, stage.walk.id)
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
    address = f"/deadlines/{walk.id}/{calendar_secret(walk, stage.app.state.settings.signing_key())}.ics"
    monkeypatch.setattr(looking, "LATELY_S", 0.0)
    for _ in range(3):
        assert stage.http.get(address).status_code == 200
    assert len(logged(stage.db, "exported")) == 1
    monkeypatch.setattr(looking, "DAY_S", 0.0)
    assert stage.http.get(address).status_code == 200
    assert len(logged(stage.db, "exported")) == 2


def test_residents_marks_are_logged_where_their_words_are_read(stage: Stage, key_of: Key) -> None:
    with stage.db.write() as tx:
        tx.add(
            Mark(id=new_id(), walk_id=stage.walk.id, secret_hash="x", valence="unsafe", lat=57, lon=9.9, note="Her.")
        )
    who, headers = key_of("organiser")
    for ending in ("marks", "marks.geojson", "marks"):
        assert stage.http.get(f"/walks/{stage.walk.id}/{ending}", headers=headers | PAGE).status_code == 200
    assert told(stage.db, "read") == [(who, "read", "page:marks")]


def test_the_words_on_the_reviews_map_are_logged_though_no_page_was_opened(evening: Evening, key_of: Key) -> None:
    evening.note(note="Han i nummer syv råber ad alle.", factors=["people.threats"], released=False)
    who, headers = key_of("coordinator")
    told_of = evening.stage.http.get(f"{evening.at}/review/places.geojson", headers=headers)
    assert "nummer syv" in told_of.text
    assert told(evening.stage.db, "read") == [(who, "read", "page:review")]
    assert logged(evening.stage.db, "read")[0].detail == {"sensitive": True}


def test_a_photo_and_the_map_of_an_edition_before_its_release_are_logged(evening: Evening, key_of: Key) -> None:
    with_photo(evening, 10, note="Bænken er væk.")
    assert evening.ask().status == 200
    for at, ending in enumerate(("photos/2.1-1.jpg", "map-wide.svg")):
        role = ("organiser", "coordinator")[at]
        who, headers = key_of(role)
        reply = evening.stage.http.get(f"{evening.at}/release/1/{ending}", headers=headers)
        assert reply.status_code == 200, reply.text
        assert told(evening.stage.db, "read")[-1] == (who, "read", "page:release"), ending


def test_a_walk_that_is_opened_and_closed_says_by_whom_and_only_once(
    every_database: str, stage: Stage, clock: Clock
) -> None:
    browser, who = signed_in(stage, "organiser")
    at = f"/walks/{stage.walk.id}"
    for step in ("closure", "closure", "opening", "opening"):
        assert browser.post(f"{at}/{step}").status_code == 303
    assert [(one.who, one.what, one.walk_id) for one in logged(stage.db, "walk-opened", "walk-reopened", "walk-closed")] == [
        (who, "walk-closed", stage.walk.id), (who, "walk-reopened", stage.walk.id),
    ]  # fmt: skip
    with stage.db.write() as tx:
        planned = walks.create(tx, "Næste uge", planned=True)
        planned.opens_at = clock.moment
    clock.advance(seconds=1)
    opening.open_due(stage.db)  # or the server itself, which looks every now and then
    assert [(one.who, one.walk_id) for one in logged(stage.db, "walk-opened")] == [("server", planned.id)]


def test_a_sign_out_is_logged_of_one_browser_and_of_all(stage: Stage) -> None:
    browser, who = signed_in(stage, "organiser")
    assert browser.post("/sign-out").status_code == 303
    assert browser.post("/sign-out").status_code == 303, "again: nobody is signed in"
    with stage.db.write() as tx:
        person = tx.get_one(User, who.removeprefix("person:"))
        links = [signin.new_link(tx, person, "http://testserver") for _ in range(2)]
    for link in links:
        browser = Browser(stage)
        browser.open_link(link)
    assert browser.post("/account/sessions/removal").status_code == 303
    assert [(one.who, one.detail) for one in logged(stage.db, "signed-out")] == [
        (who, {"browsers": 1}),
        (who, {"browsers": 2}),
    ]
    assert len({one.organisation_id for one in logged(stage.db, "signed-out", "signed-in")}) == 1


def test_a_route_from_a_file_is_logged_when_it_is_kept(stage: Stage) -> None:
    browser, who = signed_in(stage, "organiser")
    address = f"/walks/{stage.walk.id}/plan"
    with stage.db.read() as tx:
        plan = tx.get_one(Walk, stage.walk.id)
    typed = {"rev": str(plan.plan_rev), "title": "Aftentur"}
    for content, kept in ((b"not a route", 0), (ROUTE, 1)):
        files = {"route": ("rute.geojson", io.BytesIO(content), "application/geo+json")}
        browser.post(address, data=typed, files=files)
        assert [(one.who, one.about) for one in logged(stage.db, "imported")] == [(who, "file:route")] * kept
