"""An area drawn on the map narrows down the report as every filter does; what is no area is told."""

import csv
import io
from typing import Any

import pytest

from app.report.area import area
from tests.cast import Stage
from tests.report.conftest import Desk
from tests.report.test_page import read, text_of

NEAR, FAR, NOWHERE = "Tæt på.", "Langt væk.", "Uden sted."
AROUND_NEAR = "9.97,57.03;9.99,57.03;9.99,57.05;9.97,57.05"


@pytest.fixture(autouse=True)
def noted(stage: Stage) -> None:
    phone = stage.phone()
    for note, fix in ((NEAR, (57.04, 9.98)), (FAR, (57.09, 9.98)), (NOWHERE, None)):
        place = {"lat": fix[0], "lon": fix[1], "accuracy_m": 8} if fix else None
        assert (
            phone.put(phone.note(note=note, fix=place, valence="safe" if note == NEAR else "unsafe")).status_code == 201
        )


def test_it_shows_the_same_in_every_form_and_never_a_note_without_a_place(desk: Desk) -> None:
    for query, shown in (
        (f"?area={AROUND_NEAR}", {NEAR}),
        (f"?area={AROUND_NEAR}&valence=unsafe", set()),
        ("?area=", {NEAR, FAR, NOWHERE}),
    ):
        assert desk.notes(query) == shown
        table = csv.DictReader(io.StringIO(desk.get(f".csv{query}").content.decode("utf-8-sig"), newline=""))
        assert {row["note"] for row in table} == shown
        page = desk.get(query).text
        found = page[page.index('class="found"') :]
        assert {note for note in (NEAR, FAR, NOWHERE) if note in found} == shown


def test_the_page_says_how_many_and_offers_to_take_it_away_and_to_download_it(desk: Desk) -> None:
    page = read(desk, f"?area={AROUND_NEAR}")
    told = text_of(page)
    assert "1 af 3 noter" in told
    assert "I området på kortet 1" in told
    assert "Tryg 1" in told
    assert "Utryg 0" in told
    assert f'name="area" value="{AROUND_NEAR}" checked' in page
    assert f"report.csv?area={AROUND_NEAR}" in page


@pytest.mark.parametrize(
    "words",
    ["x", "1,2", "1,2;3,4", "9,57;10,57;10,x", "9,57;10,57;10,91", "181,57;10,57;10,58", "9,57;10,57;10,58;", "nan,57;10,57;10,58",
     "1e9,57;10,57;10,58", "9,57,1;10,57;10,58", ";".join(["9.9,57.0"] * 201), "٩,57;10,57;10,58", "9,57;10,57;10,58\n"],
)  # fmt: skip
def test_what_is_no_area_is_told_and_never_shows_everything(desk: Desk, words: str) -> None:
    for ending in ("", ".geojson", ".csv", ".zip"):
        answer = desk.get(ending, params={"area": words})
        assert answer.status_code == 422, words
        assert answer.json()["errors"][0]["field"] == "area"
        assert NEAR not in answer.text


def test_a_hollow_of_a_drawn_line_is_outside() -> None:
    horseshoe = area("0,0;3,0;3,3;2,3;2,1;1,1;1,3;0,3")
    assert horseshoe.has(0.5, 2)
    assert horseshoe.has(2.5, 2)
    assert not horseshoe.has(1.5, 2)
    assert horseshoe.has(1.5, 0.5)
    assert not horseshoe.has(None, 1)


def test_the_map_gets_every_place_with_what_it_is_filtered_by_and_no_more(stage: Stage, desk: Desk) -> None:
    phone = stage.phone(role="police")
    phone.put(phone.note(note="x" * 300, factors=["lighting.outage", "future.factor"], stop_id=stage.stops[0].id))
    answer = desk.get("/places.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features: list[dict[str, Any]] = answer.json()["features"]
    assert {feature["properties"]["note"][:10] for feature in features} == {NEAR, FAR, "x" * 10}
    [long] = [feature for feature in features if feature["properties"]["note"].startswith("x")]
    assert long["properties"] == {
        "valence": "unsafe",
        "category": ["lighting"],
        "stop": "1",
        "role": "police",
        "note": "x" * 160,
    }
    assert long["geometry"] == {"type": "Point", "coordinates": [9.9217, 57.0488]}
    assert desk.get("/places.geojson", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
