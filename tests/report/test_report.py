"""What a walker has saved is in the report, once, as its newest revision says; and nobody's name is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from app.models import Observation
from app.report.report import Report, build
from tests.cast import Stage
from tests.phone import FIX, Picture, jpeg, new_id
from tests.report.conftest import Desk

pytestmark = pytest.mark.usefixtures("every_database")


def report_of(stage: Stage, *, sensitive: bool = True) -> Report:
    with stage.db.read() as tx:
        return build(tx, stage.walk.id, sensitive=sensitive, base_url="https://tryg.example")


def test_a_note_is_in_the_report_once_however_often_it_was_sent_and_edited(stage: Stage) -> None:
    phone = stage.phone(role="council", team="Hold 2")
    note_id = phone.note(factors=["lighting.outage"], feeling=1, stop_id=stage.stops[0].id)
    for _ in range(3):
        phone.put(note_id)
    first = phone.put(note_id).json()["received_at"]
    phone.edit(note_id, note="Lampen lyser igen.", valence="safe")
    phone.put(note_id)
    phone.put(note_id)
    [seen] = report_of(stage).observations
    assert (seen.id, seen.note, seen.valence, seen.feeling) == (note_id, "Lampen lyser igen.", "safe", 1)
    assert (seen.role, seen.team, seen.stop, seen.factors) == ("council", "Hold 2", 1, ("lighting.outage",))
    assert seen.received_at == first, "the first revision's"


def test_a_deleted_note_is_left_out_and_comes_back_when_it_is_brought_back(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    phone.put(note_id)
    phone.edit(note_id, deleted=True)
    phone.put(note_id)
    assert report_of(stage).observations == ()
    phone.edit(note_id, deleted=False)
    phone.put(note_id)
    assert len(report_of(stage).observations) == 1


def test_another_walks_notes_stay_there(stage: Stage) -> None:
    other = stage.phone(stage.another_walk())
    other.put(other.note())
    assert report_of(stage).observations == ()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"pin": {"lat": 1.5, "lon": 2.5}}, (1.5, 2.5, "pin", None)),
        ({}, (FIX["lat"], FIX["lon"], "gps", 8.5)),
        ({"fix": {**FIX, "source": "exif", "accuracy_m": None}}, (FIX["lat"], FIX["lon"], "exif", None)),
        ({"fix": None, "stop_id": 0}, (57.04, 9.98, "stop", None)),
        ({"fix": None, "stop_id": 1}, (None, None, "stop", None)),
        ({"fix": None}, (None, None, "none", None)),
        ({"fix": None, "stop_id": "unknown"}, (None, None, "none", None)),
    ],
)
def test_the_place_is_the_pin_else_the_fix_else_the_stop(stage: Stage, content: Any, place: tuple[Any, ...]) -> None:
    if content.get("stop_id") == "unknown":
        content = {**content, "stop_id": new_id()}
    elif "stop_id" in content:
        content = {**content, "stop_id": stage.stops[content["stop_id"]].id}
    phone = stage.phone()
    assert phone.put(phone.note(**content)).status_code == 201
    [seen] = report_of(stage).observations
    assert (seen.lat, seen.lon, seen.place_source, seen.accuracy_m) == place


def test_photos_are_the_newest_revisions_in_its_order_with_absolute_addresses(stage: Stage) -> None:
    phone, one, two = stage.phone(), Picture(jpeg(colour=(1, 2, 3))), Picture(jpeg(colour=(3, 2, 1)))
    note_id = phone.note(one, two)
    phone.put(note_id)
    phone.edit(note_id, photos=[two.declared()])
    phone.put(note_id)
    [photo] = report_of(stage).observations[0].photos
    assert (photo.id, photo.state) == (two.id, "expected")
    assert photo.url == f"https://tryg.example/api/v1/photos/{two.id}"


def test_the_numbers_count_notes_people_and_photos(stage: Stage) -> None:
    resident, police = stage.phone(), stage.phone(role="police")
    stage.phone(role="resident")  # took part and wrote nothing
    picture, missing = Picture(jpeg()), Picture(jpeg(colour=(9, 9, 9)))
    resident.put(resident.note(picture, missing, factors=["lighting.outage", "lighting.level", "traffic.speed"]))
    resident.put_picture(picture.id)
    police.put(police.note(valence="safe", stop_id=stage.stops[1].id))
    police.put(police.note(valence=None))
    numbers = report_of(stage).numbers
    assert numbers["notes"] == 3
    assert numbers["valence"] == {"unsafe": 1, "safe": 1, "none": 1}
    assert numbers["category"] == {"lighting": 1, "traffic": 1, "none": 2}
    assert numbers["stop"] == {"none": 2, "2": 1}
    assert numbers["role"] == {"resident": 1, "police": 2}
    assert numbers["participants"] == {"all": 3, "role": {"resident": 2, "police": 1}}
    assert (numbers["photos"]["declared"], numbers["photos"]["received"]) == (2, 1)


def test_voices_are_counted_and_those_taken_back_are_not(stage: Stage) -> None:
    phone, friend, doubter = stage.phone(), stage.phone(), stage.phone()
    note_id = phone.note()
    phone.put(note_id)
    for one in (friend, doubter):
        stage.http.put(f"/api/v1/observations/{note_id}/agreement", json={"agrees": True}, headers=one.key)
    stage.http.put(f"/api/v1/observations/{note_id}/agreement", json={"agrees": False}, headers=doubter.key)
    assert report_of(stage).observations[0].agreements == 1


def test_another_text_under_the_same_revision_is_there_to_see(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note(note="Den første.")
    phone.put(note_id)
    assert phone.put(note_id, note="Den anden.").status_code == 409
    assert phone.put(note_id, note="Om uro.", factors=["behaviour.substances"]).status_code == 409
    [seen] = report_of(stage).observations
    assert seen.note == "Den første."
    assert [other.note for other in seen.other_texts] == ["Den anden.", "Om uro."]
    [seen] = report_of(stage, sensitive=False).observations
    assert [other.note for other in seen.other_texts] == ["Den anden."], "another text may be the sensitive one"


def test_sensitive_notes_are_left_out_and_not_even_counted_for_who_is_not_cleared(
    stage: Stage, desk_of: Callable[..., Desk]
) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.put(phone.note(note="Lampen er slukket."))
    phone.put(phone.note(picture, note="Der bliver handlet her.", factors=["lighting.level", "behaviour.substances"]))
    numbers = report_of(stage, sensitive=False).numbers
    assert (numbers["notes"], numbers["photos"]["declared"], numbers["category"]) == (1, 0, {"none": 1})
    readers = {
        "uncleared": (desk_of("organiser"), {"Lampen er slukket."}),
        "cleared": (desk_of("organiser", cleared=True), {"Lampen er slukket.", "Der bliver handlet her."}),
        "coordinator": (desk_of("coordinator"), {"Lampen er slukket.", "Der bliver handlet her."}),
    }
    for who, (desk, expected) in readers.items():
        assert desk.notes() == expected, who
        for ending in ("", ".csv", ".json", "?category=lighting"):
            told = desk.get(ending).text
            assert ("Der bliver handlet her." in told) == ("Der bliver handlet her." in expected), (who, ending)
            assert "Der bliver handlet her." in expected or picture.id not in told, (who, ending)


def test_no_form_of_the_report_names_a_participant_or_tells_the_code(stage: Stage, desk: Desk) -> None:
    phone = stage.phone(name="Gudrun Hemmeligsen")
    note_id = phone.note()
    phone.put(note_id)
    for ending in ("", ".geojson", ".csv", ".json"):
        told = desk.get(ending).text
        assert note_id in told
        for secret in ("Hemmeligsen", phone.id, phone.secret, stage.walk.code):
            assert secret not in told, ending
    package = desk.get(".zip").content
    assert phone.id.encode() not in package


def test_the_number_of_queries_does_not_grow_with_the_notes(stage: Stage) -> None:
    here = threading.get_ident()  # what looks for work in the background asks too

    def queries() -> int:
        asked: list[str] = []
        listener = lambda *call: asked.append(call[2]) if threading.get_ident() == here else None  # noqa: E731
        event.listen(stage.db.engine, "before_cursor_execute", listener)
        try:
            report_of(stage)
        finally:
            event.remove(stage.db.engine, "before_cursor_execute", listener)
        return len([statement for statement in asked if statement.lstrip().upper().startswith("SELECT")])

    def walk_on(number: int) -> None:
        for at in range(number):
            phone = stage.phone()
            note_id = phone.note(Picture(jpeg(colour=(at, number, 5))), stop_id=stage.stops[at % 2].id)
            phone.put(note_id)
            phone.put(note_id, note="Noget andet.")

    walk_on(1)
    few = queries()
    walk_on(12)
    assert queries() == few <= 10
    with stage.db.read() as tx:
        assert len(tx.exec(select(Observation).where(col(Observation.walk_id) == stage.walk.id)).all()) == 13
