"""What a version may hold stands in one table; a new field is in none of them until somebody has put it there."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.measures.measures import Told
from app.report import allowed, freezing, telling
from app.report.allowed import EVERYBODY
from app.report.report import _OF_WALK, Observation, Photo, Report, Stop

LEAK = "HEMMELIG"  # in each field that must not get out
NOON = datetime(2026, 11, 26, 18, 4, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (Observation, allowed.NOTE),
        (Photo, allowed.PHOTO),
        (Stop, allowed.STOP),
        (Told, allowed.MEASURE),
        (Report, allowed.REPORT),
    ],
)
def test_every_field_of_a_report_is_decided_about(kind: Any, table: dict[str, frozenset[str]]) -> None:
    assert {field.name for field in fields(kind)} == set(table)


def test_every_field_of_a_walk_and_of_the_written_words_is_decided_about() -> None:
    assert set(_OF_WALK) == set(allowed.WALK)
    assert set(telling.TEXTS) == set(allowed.TELLING)


def note(**more: Any) -> Observation:
    given: dict[str, Any] = {
        "id": f"{LEAK}-note", "captured_at": "2026-11-26T19:04:07+01:00", "captured_utc": NOON, "received_at": f"{LEAK} received",
        "valence": "unsafe", "feeling": 0, "factors": ("lighting.level",), "note": "Mørkt her.", "suggestion": "En lampe.",
        "lat": 57.012345, "lon": 9.954321, "place_source": "gps", "accuracy_m": 7.77, "stop": 1, "role": "resident",
        "team": f"{LEAK} team", "written_on": "phone", "photos": (), "flags": (f"{LEAK} flag",), "agreements": 2,
        "other_texts": (), "review": "released",
    }  # fmt: skip
    return Observation(**given | more)


def report(*notes: Observation, **more: Any) -> Report:
    walk = {name: f"{LEAK} {name}" for name in _OF_WALK} | {
        "title": "Vandring", "area": "Øst", "starts_at": NOON, "ends_at": NOON, "timezone": "Europe/Copenhagen", "light": "dark",
    }  # fmt: skip
    stops = (Stop(f"{LEAK}-stop", 1, "Kilden", "", 57.04, 9.98),)
    people = {"resident": 5, "police": 1, "municipality": 2}
    return Report(**{"walk": walk, "stops": stops, "route": None, "participants": people, "observations": notes} | more)


def measure(*notes: str, **more: Any) -> Told:
    given: dict[str, Any] = dict.fromkeys(Told.__dataclass_fields__) | {
        "id": f"{LEAK}-measure", "walk_id": LEAK, "number": 1, "version": 1, "place": "Kilden", "stop_id": LEAK, "stop": 1,
        "lat": 57.012345, "lon": 9.954321, "problem": "Mørkt", "measure": "En lampe", "kind": "upkeep", "partner_id": "park",
        "partner": "Vej og Park", "adrift": False, "unit": "", "deadline": date(2026, 12, 10), "money": "none", "priority": 1,
        "status": "proposed", "reason": "", "answer": "", "ticket": f"{LEAK} ticket", "proof": "", "proof_seen": False, "revisit": True,
        "created_at": NOON, "observation_ids": notes, "taken_back": 0, "steps": (),
    }  # fmt: skip
    return Told(**given | more)


NO_WORDS: dict[str, Any] = {**dict.fromkeys(telling.TEXTS, ""), "places": []}


def test_the_public_version_knows_no_id_no_hour_no_team_no_measured_place() -> None:
    photo = Photo(f"{LEAK}-photo", f"{LEAK} url", "ready", 800, 600, "approved")
    seen = note(photos=(photo,))
    made = freezing.document(report(seen, measures=(measure(seen.id),)), NO_WORDS)
    written = freezing.canonical(made.content).decode()
    for secret in (LEAK, "57.0123", "9.9543", "19:04", "18:04:07Z", "7.77"):
        assert secret not in written.replace('"2026-11-26T18:04:07Z"', ""), secret
    [said] = made.content["notes"]
    assert (said["note"], said["role"], said["photos"][0]["name"]) == ("Mørkt her.", "resident", "1.1-1")
    assert made.keys["notes"] == {"1.1": seen.id}


def test_a_place_that_a_reviewer_has_put_is_public_and_the_walkers_own_pin_is_not() -> None:
    own, put = note(place_source="pin"), note(id="other", place_source="pin", placed=True)
    places = [one["lat"] for one in freezing.document(report(own, put), NO_WORDS).content["notes"]]
    assert sorted(places, key=str) == [57.012345, None]


def test_a_role_that_few_had_is_not_said_of_a_note() -> None:
    made = freezing.document(report(note(role="police")), NO_WORDS)
    assert made.content["notes"][0]["role"] is None
    assert made.content["participants"] == {"resident": 5, "police": 1, "municipality": 2}


def test_who_had_a_rare_role_is_not_known_either_by_being_the_only_one_whose_role_is_not_said() -> None:
    people = {"resident": 5, "council": 3, "police": 1}
    notes = (note(id="1"), note(id="2", role="council"), note(id="3", role="police"))
    made = freezing.document(report(*notes, participants=people), NO_WORDS)
    assert [one["role"] for one in made.content["notes"]] == ["resident", None, None]
    inside = freezing.document(report(*notes, participants=people), NO_WORDS, "internal")
    assert [one["role"] for one in inside.content["notes"]] == ["resident", "council", "police"]


@pytest.mark.parametrize("review", ["waiting", "hidden"])
def test_only_released_notes_are_public(review: str) -> None:
    assert freezing.document(report(note(review=review)), NO_WORDS).content["notes"] == []


def test_sensitive_notes_are_neither_public_nor_in_a_partners_extract() -> None:
    seen = report(note(sensitive=True, partner_id="park"))
    assert freezing.document(seen, NO_WORDS).content["notes"] == []
    assert freezing.document(seen, NO_WORDS, "partner", "park").content["notes"] == []
    assert len(freezing.document(seen, NO_WORDS, "internal").content["notes"]) == 1


def test_merged_notes_are_voices_of_the_one_that_leads_them_with_their_own_words() -> None:
    lead = note(id="lead")
    other = note(
        id="other", review="merged", merged_into="lead", valence="safe", note="Jeg synes, her er fint.", role="police"
    )
    [said] = freezing.document(report(lead, other), NO_WORDS).content["notes"]
    assert [(voice["number"], voice["valence"], voice["note"], voice["role"]) for voice in said["voices"]] == [
        ("1.1/1", "safe", "Jeg synes, her er fint.", None)
    ]


def test_a_photo_that_nobody_has_approved_is_in_no_version_outside() -> None:
    seen = note(photos=(Photo("p", "u", "ready", 1, 1, "unseen"),), partner_id="park")
    for version in ("public", "partner"):
        assert freezing.document(report(seen), NO_WORDS, version, "park").content["notes"][0]["photos"] == []


def test_a_measure_that_rests_on_no_public_note_is_not_public() -> None:
    hidden = note(id="hidden", review="hidden")
    seen = report(note(id="told"), hidden, measures=(measure("hidden"), replace(measure("told", "hidden"), number=2)))
    assert [one["number"] for one in freezing.document(seen, NO_WORDS).content["measures"]] == [2]


def test_a_partners_extract_has_what_is_routed_to_them_with_the_exact_place_and_nothing_else() -> None:
    seen = report(
        note(id="mine", partner_id="park"), note(id="theirs", partner_id="police"), measures=(measure("mine"),)
    )
    made = freezing.document(seen, NO_WORDS | {"summary": "Et resumé"}, "partner", "park").content
    assert [(one["number"], one["lat"]) for one in made["notes"]] == [("1.1", 57.012345)]
    assert (made["telling"], [one["number"] for one in made["measures"]]) == ({}, [1])
    assert f"{LEAK} team" not in json.dumps(made)
    assert freezing.document(seen, NO_WORDS, "partner", "police").content["measures"] == []


def test_equal_reports_are_equal_bytes_after_a_turn_through_the_database() -> None:
    content = freezing.document(report(note()), NO_WORDS).content
    again = json.loads(json.dumps(content))
    assert freezing.digest(again) == freezing.digest(content)
    assert freezing.digest(content) != freezing.digest(content | {"stops": []})
    assert {"internal", "partner", "public"} == EVERYBODY
