"""Filters hold for the page as for every file, without a script; what means nothing is told, never shown as everything."""

import csv
import io
import re

import pytest

from tests.cast import Stage
from tests.phone import new_id
from tests.report.conftest import Desk

LIT, DARK, FAST, SAFE = "Lyset er godt.", "Lampen er slukket.", "De kører stærkt.", "Her er rart."


@pytest.fixture(autouse=True)
def walked(stage: Stage) -> None:
    resident, police = stage.phone(), stage.phone(role="police")
    kilden, tunnel = (stop.id for stop in stage.stops)
    for phone, content in (
        (resident, {"valence": "safe", "note": LIT, "factors": ["lighting.level"], "stop_id": kilden}),
        (resident, {"valence": "unsafe", "note": DARK, "factors": ["lighting.outage"], "stop_id": tunnel}),
        (police, {"valence": "unsafe", "note": FAST, "factors": ["traffic.speed"], "stop_id": tunnel}),
        (police, {"valence": None, "note": SAFE}),
    ):
        assert phone.put(phone.note(**content)).status_code == 201


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {LIT, DARK, FAST, SAFE}),
        ("?valence=", {LIT, DARK, FAST, SAFE}),
        ("?valence=unsafe", {DARK, FAST}),
        ("?valence=none", {SAFE}),
        ("?valence=safe&valence=none", {LIT, SAFE}),
        ("?category=lighting", {LIT, DARK}),
        ("?category=none", {SAFE}),
        ("?category=lighting&category=traffic&valence=unsafe", {DARK, FAST}),
        ("?stop=2", {DARK, FAST}),
        ("?stop=none", {SAFE}),
        ("?role=police&stop=2", {FAST}),
        ("?role=police&valence=safe", set()),
        ("?utm_source=mail", {LIT, DARK, FAST, SAFE}),
    ],
)
def test_a_filter_shows_the_same_in_every_form(desk: Desk, query: str, shown: set[str]) -> None:
    assert desk.notes(query) == shown
    table = csv.DictReader(io.StringIO(desk.get(f".csv{query}").content.decode("utf-8-sig"), newline=""))
    assert {row["note"] for row in table} == shown
    assert {note["note"] for note in desk.get(f".json{query}").json()["observations"]} == shown
    page = desk.get(query).text
    found = page[page.index('class="found"') :]
    assert {note for note in (LIT, DARK, FAST, SAFE) if f'"said">{note}' in found} == shown


@pytest.mark.parametrize("ending", ["", ".geojson", ".csv", ".json", ".zip", ".gpkg", ".xlsx"])
def test_what_means_nothing_is_told_and_never_shows_everything(desk: Desk, ending: str) -> None:
    nonsense = ["valence=angry", "category=lys", "stop=3", "stop=-1", "stop=²", "role=mayor", "valence=safe&valence=%00",
                "stop=1;drop"]  # fmt: skip
    for query in nonsense:
        answer = desk.get(f"{ending}?{query}")
        assert answer.status_code == 422, query
        problem = answer.json()
        assert problem["type"] == "/problems/invalid"
        assert problem["errors"][0]["field"] == query.partition("=")[0]
        assert DARK not in answer.text


def test_a_person_is_told_on_a_page(desk: Desk) -> None:
    answer = desk.get("?valence=angry", headers={"Accept": "text/html", "Accept-Language": "da"})
    assert answer.status_code == 422
    assert "Vælg noget af det, der står på siden" in answer.text


def test_a_page_number_that_is_none_is_told_and_one_too_high_is_the_last(desk: Desk) -> None:
    assert desk.get("?page=two").status_code == 422
    for number in ("0", "-4", "9999999999999999999999"):
        assert desk.get(f"?page={number}").status_code == 200, number


def test_each_choice_says_how_many_notes_it_would_show(desk: Desk) -> None:
    page = desk.get("?valence=unsafe", headers={"Accept-Language": "da"}).text
    chips = re.findall(r'name="(\w+)" value="([\w-]+)"( checked| disabled|)>.*?<small>(\d+)</small>', page)
    told = {(name, value): (state.strip(), int(number)) for name, value, state, number in chips}
    assert told["valence", "unsafe"] == ("checked", 2)
    assert told["valence", "safe"] == ("", 1), "what one would see with this instead"
    assert told["category", "lighting"] == ("", 1), "of the unsafe ones"
    assert told["stop", "1"] == ("disabled", 0)
    assert told["stop", "2"] == ("", 2)
    assert told["role", "police"] == ("", 1)
    assert "2 af 4 noter" in page


def test_downloads_on_a_filtered_page_are_filtered_too(desk: Desk) -> None:
    page = desk.get("?stop=2&valence=unsafe").text
    for ending in ("csv", "geojson", "zip"):
        assert f"report.{ending}?valence=unsafe&amp;stop=2" in page
    assert f"/walks/{desk.stage.walk.id}/report.geojson?valence=unsafe&amp;stop=2" in page, "the map's source"


def test_a_walk_without_such_notes_offers_no_such_choice(stage: Stage, desk: Desk) -> None:
    page = desk.get().text
    assert 'value="police"' in page
    assert 'value="rescue"' not in page
    assert desk.get("?role=rescue").status_code == 200, "a role that nobody has is known all the same"


def test_the_report_of_a_walk_that_is_not_there_is_not_there(stage: Stage, desk: Desk) -> None:
    for walk_id in (new_id(), "x", "%00", stage.walk.id[:-1]):
        answer = stage.http.get(f"/walks/{walk_id}/report", headers=desk.headers)
        assert answer.status_code == 404, walk_id
