"""The report as files, read as others read them: a spreadsheet, a map program, an archive."""

import csv
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.photos.vault import Opened, clean_of
from app.report import exports
from app.report.archive import Archive
from app.report.report import Observation, Report, build
from app.streaming import as_bytes
from tests.cast import Stage
from tests.phone import CAPTURED, Picture, jpeg
from tests.photos.pictures import until
from tests.report.conftest import Desk

PROPERTIES = [
    "captured_at", "received_at", "valence", "feeling", "factors", "note", "suggestion", "place_source", "accuracy_m",
    "stop", "role", "team", "photos", "flags", "agreements", "review", "measures",
]  # fmt: skip


@pytest.fixture
def told(stage: Stage) -> str:
    """A note with everything in it, and one with almost nothing."""
    phone = stage.phone(team="Hold 1")
    phone.put(phone.note(valence="safe", note="", fix=None))
    note_id = phone.note(
        Picture(jpeg()), factors=["lighting.outage", "future.factor"], feeling=0, suggestion='Sæt en "stor" lampe op,\nhelst to',
        stop_id=stage.stops[0].id,
    )  # fmt: skip
    phone.put(note_id)
    return note_id


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_geojson_is_a_feature_for_each_note_with_every_property_of_the_contract(
    stage: Stage, desk: Desk, told: str
) -> None:
    answer = desk.get(".geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    collection = json.loads(answer.content)
    assert collection["type"] == "FeatureCollection"
    assert [feature["type"] for feature in collection["features"]] == ["Feature", "Feature"]
    feature = next(one for one in collection["features"] if one["id"] == told)
    assert feature["geometry"] == {"type": "Point", "coordinates": [9.9217, 57.0488]}, "longitude first"
    properties = feature["properties"]
    assert list(properties) == PROPERTIES
    assert (properties["captured_at"], properties["feeling"], properties["accuracy_m"]) == (CAPTURED, 0, 8.5)
    assert (properties["stop"], properties["role"], properties["team"]) == (1, "resident", "Hold 1")
    assert (properties["factors"], properties["flags"]) == (["lighting.outage", "future.factor"], ["unknown-factor"])
    assert (properties["agreements"], properties["review"], properties["measures"]) == (0, "waiting", [])
    [photo] = properties["photos"]
    assert photo == {"id": photo["id"], "url": f"http://testserver/api/v1/photos/{photo['id']}", "state": "expected"}
    bare = next(one for one in collection["features"] if one["id"] != told)
    assert (bare["geometry"], bare["properties"]["place_source"]) == (None, "none")


def test_the_table_opens_in_a_spreadsheet_with_the_same_facts(stage: Stage, desk: Desk, told: str) -> None:
    answer = desk.get(".csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    found = rows(answer.content)
    assert list(found[0]) == ["id", "lat", "lon", *PROPERTIES]
    row = next(one for one in found if one["id"] == told)
    assert (row["lat"], row["lon"], row["feeling"], row["agreements"]) == ("57.0488", "9.9217", "0", "0")
    assert row["factors"] == "lighting.outage;future.factor"
    assert row["suggestion"] == 'Sæt en "stor" lampe op,\nhelst to'
    assert row["photos"].startswith("http://testserver/api/v1/photos/")
    bare = next(one for one in found if one["id"] != told)
    assert (bare["lat"], bare["lon"], bare["feeling"], bare["stop"], bare["review"]) == ("", "", "", "", "waiting")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_note_that_a_spreadsheet_would_run_is_only_text(stage: Stage, desk: Desk, begin: str) -> None:
    text = f'{begin}HYPERLINK("http://ond.example";"lampe")'
    phone = stage.phone(team="=1+1")
    phone.put(phone.note(note=text, suggestion="=2+2", factors=["=3+3"], fix={"lat": -5.5, "lon": -0.25}))
    [row] = rows(desk.get(".csv").content)
    assert row["note"] == "'" + text
    assert (row["suggestion"], row["factors"], row["team"]) == ("'=2+2", "'=3+3", "'=1+1")
    assert (row["lat"], row["lon"]) == ("-5.5", "-0.25"), "numbers stay numbers"
    assert desk.notes() == {text}, "elsewhere it stands as it was written"


def test_the_archive_holds_the_table_the_map_and_every_ready_photo_as_it_is(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    one, two, broken = (
        Picture(jpeg(300, 200)),
        Picture(jpeg(colour=(200, 10, 10))),
        Picture(b"\xff\xd8\xff" + b"x" * 99),
    )
    missing = Picture(jpeg(colour=(0, 200, 10)))
    phone.put(phone.note(one, two, broken))
    phone.put(phone.note(missing))
    for picture in (one, two, broken):
        assert phone.put_picture(picture.id).status_code == 201

    def settled() -> bool:
        states = [photo["state"] for one in desk.features() for photo in one["properties"]["photos"]]
        return sorted(states) == ["expected", "ready", "ready", "unreadable"]

    until(settled)
    answer = desk.get(".zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert package.testzip() is None
        assert sorted(package.namelist()) == sorted(
            ["report.json", "observations.csv", "observations.geojson", f"photos/{one.id}.jpg", f"photos/{two.id}.jpg"]
        )
        photo = package.getinfo(f"photos/{one.id}.jpg")
        assert photo.compress_type == zipfile.ZIP_STORED
        assert package.read(photo) == stage.http.get(f"/api/v1/photos/{one.id}", headers=desk.headers).content
        assert package.read("observations.csv") == desk.get(".csv").content
        assert package.read("observations.geojson") == desk.get(".geojson").content
        report = json.loads(package.read("report.json"))
    assert report["walk"]["missing_photos"] == []
    assert report["walk"]["title"] == stage.walk.title
    assert report["numbers"]["photos"] == {"declared": 4, "received": 3, "ready": 2, "unreadable": 1}


def test_a_photo_that_is_gone_from_the_disk_is_named_and_the_archive_is_whole(stage: Stage, desk: Desk) -> None:
    phone, gone, there = stage.phone(), Picture(jpeg()), Picture(jpeg(colour=(7, 7, 200)))
    phone.put(phone.note(gone, there))
    phone.put_picture(gone.id)
    phone.put_picture(there.id)
    until(lambda: all(photo["state"] == "ready" for photo in desk.features()[0]["properties"]["photos"]))
    stage.vault._remove(clean_of(gone.id, False))
    with zipfile.ZipFile(io.BytesIO(desk.get(".zip").content)) as package:
        assert package.testzip() is None
        assert [name for name in package.namelist() if name.startswith("photos/")] == [f"photos/{there.id}.jpg"]
        assert json.loads(package.read("report.json"))["walk"]["missing_photos"] == [gone.id]


def test_json_has_the_walk_its_numbers_stops_route_and_notes(stage: Stage, desk: Desk, told: str) -> None:
    report = desk.get(".json").json()
    assert (report["walk"]["id"], report["walk"]["state"]) == (stage.walk.id, "open")
    assert [stop["name"] for stop in report["stops"]] == ["Kilden", "Tunnelen"]
    assert report["numbers"]["notes"] == len(report["observations"]) == 2
    note = next(one for one in report["observations"] if one["id"] == told)
    assert set(PROPERTIES) < set(note)
    assert report["route"] is None


def test_files_are_named_after_the_walk(stage: Stage, desk: Desk) -> None:
    disposition = desk.get(".csv").headers["content-disposition"]
    assert disposition == 'attachment; filename="aftenvandring-i-aalborg-oest.csv"'


def test_an_empty_walk_gives_empty_files_that_are_whole(desk: Desk) -> None:
    assert desk.features() == []
    assert rows(desk.get(".csv").content) == []
    with zipfile.ZipFile(io.BytesIO(desk.get(".zip").content)) as package:
        assert package.testzip() is None


def test_who_holds_this_version_already_is_told_so(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    note_id = phone.note()
    phone.put(note_id)
    for ending in ("", ".geojson", ".csv", ".json", ".zip", ".gpkg", ".xlsx"):
        first = desk.get(ending)
        again = desk.get(ending, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), ending
    before = desk.get(".csv").headers["etag"]
    changes = [
        lambda: phone.put(note_id, rev=2, note="Nyt."),
        lambda: phone.put(note_id, rev=2, note="Andet under samme nummer."),
        lambda: phone.join(role="police"),
        lambda: stage.phone(),
        lambda: stage.close_walk(),
    ]
    for number, change in enumerate(changes):
        change()
        changed = desk.get(".csv", headers={"If-None-Match": before})
        assert changed.status_code == 200, number
        assert changed.headers["etag"] != before, number
        before = changed.headers["etag"]


def test_rights_and_language_make_another_version(stage: Stage, desk: Desk, desk_of: Any) -> None:
    organiser = desk_of("organiser")
    assert organiser.get(".csv").headers["etag"] != desk.get(".csv").headers["etag"]
    danish, english = (desk.get("", headers={"Accept-Language": language}) for language in ("da", "en"))
    assert danish.headers["etag"] != english.headers["etag"]


def test_asking_only_for_the_head_gives_no_body(stage: Stage, desk: Desk, told: str) -> None:
    for ending in ("", ".geojson", ".csv", ".json", ".zip", ".gpkg", ".xlsx"):
        path = f"/walks/{stage.walk.id}/report{ending}"
        head = stage.http.head(path, headers=desk.headers)
        whole = desk.get(ending)
        assert (head.status_code, head.content) == (200, b""), ending
        assert head.headers["etag"] == whole.headers["etag"]
        assert head.headers["content-type"] == whole.headers["content-type"]


def many(report: Report, number: int) -> Report:
    """The report's only note, `number` times."""
    [seen] = report.observations
    copies = (replace(seen, id=f"{seen.id[:-6]}{at:06d}", note=f"{seen.note} {at} " * 20) for at in range(number))
    return replace(report, observations=tuple[Observation, ...](copies))


@pytest.mark.parametrize("write", [exports.geojson, exports.table, exports.whole])
def test_five_thousand_notes_stream_from_the_first_and_are_never_held_whole(stage: Stage, write: Any) -> None:
    phone = stage.phone()
    phone.put(phone.note())
    with stage.db.read() as tx:
        report = many(build(tx, stage.walk.id, sensitive=True, base_url=""), 5000)
    pieces = write(report)
    assert 0 < len(next(pieces)) < 2 * exports.PIECE
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in pieces)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 3_000_000
    assert peak < 1_000_000


def test_a_photo_that_is_shorter_than_it_should_be_ends_the_archive() -> None:
    archive = Archive()
    with pytest.raises(OSError, match="is 2 bytes long, not 3"):
        list(archive.stored("photos/a.jpg", iter([b"a", b"b"]), 3, 1))


@pytest.mark.parametrize("crc32", [None, 1])
def test_a_large_photo_goes_into_the_archive_piece_by_piece(stage: Stage, tmp_path: Path, crc32: int | None) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.put(phone.note(picture))
    with stage.db.read() as tx:
        report = build(tx, stage.walk.id, sensitive=True, base_url="")
    [seen] = report.observations
    report = replace(report, observations=(replace(seen, photos=(replace(seen.photos[0], state="ready"),)),))
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(100 * 1024**2)
    tracemalloc.start()
    try:
        large = Opened(io.FileIO(tmp_path / "large.jpg"), 100 * 1024**2, crc32)
        total = sum(map(len, as_bytes(exports.bundle(report, lambda _id: large))))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 100_000_000
    assert peak < 5_000_000
