"""The report as a GeoPackage, opened as QGIS opens it: by GDAL, whose own projection is the measure of ours."""

import csv
import io
import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.models import Stop, Walk
from tests.cast import Stage
from tests.report.conftest import Desk

AALBORG, BORNHOLM, HELSINKI, LISBON = (9.9217, 57.0488), (14.9193, 55.1367), (24.9494, 60.17312), (-9.1393, 38.7223)
ROUTE = [[9.92, 57.04], [9.925, 57.045], [9.93, 57.05]]


def gdal(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def layer(file: Path, name: str) -> dict[str, Any]:
    """A layer as GDAL reads it, in the coordinates it is kept in."""
    return json.loads(
        gdal("ogr2ogr", "-f", "GeoJSON", "-lco", "RFC7946=NO", "-lco", "COORDINATE_PRECISION=6", "/vsistdout/", str(file), name)
    )  # type: ignore[no-any-return]  # fmt: skip


def kept(desk: Desk, folder: Path, ending: str = ".gpkg") -> Path:
    answer = desk.get(ending)
    assert answer.status_code == 200, answer.text
    path = folder / f"report{ending.partition('?')[0]}"
    path.write_bytes(answer.content)
    return path


def note_at(stage: Stage, place: tuple[float, float] | None, **about: Any) -> str:
    phone = stage.phone()
    fix = {"lat": place[1], "lon": place[0], "accuracy_m": 5.5, "source": "gps"} if place else None
    note_id = phone.note(fix=fix, **about)
    phone.put(note_id)
    return note_id


def test_gdal_finds_four_layers_on_the_municipalities_grid(stage: Stage, desk: Desk, tmp_path: Path) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).route = {"type": "LineString", "coordinates": ROUTE}
    note_at(stage, AALBORG)
    file = kept(desk, tmp_path)
    answer = desk.get(".gpkg")
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    assert 'filename="aftenvandring-i-aalborg-oest.gpkg"' in answer.headers["content-disposition"]
    told = gdal("ogrinfo", "-al", "-so", str(file))
    assert "using driver `GPKG' successful" in told
    for name, shape, number in (
        ("notes", "Point", 1),
        ("measures", "Point", 0),
        ("stops", "Point", 2),
        ("route", "Line String", 1),
    ):
        part = told.split(f"Layer name: {name}\n")[1].partition("Layer name:")[0]
        assert f"Geometry: {shape}\nFeature Count: {number}\n" in part, name
        assert 'PROJCRS["ETRS89 / UTM zone 32N"' in part
        assert 'ID["EPSG",25832]]' in part
    with sqlite3.connect(file) as tables:
        assert tables.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert tables.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("place", [AALBORG, BORNHOLM, HELSINKI, LISBON, (9.0, 0.0), (48.9, 62.0)])
def test_a_place_is_where_gdal_puts_it_to_the_millimetre(
    stage: Stage, desk: Desk, tmp_path: Path, place: tuple[float, float]
) -> None:
    note_at(stage, place)
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).route = {
            "type": "LineString",
            "coordinates": [list(place), [place[0], place[1] + 0.01]],
        }
        tx.get_one(Stop, stage.stops[1].id).lon, tx.get_one(Stop, stage.stops[1].id).lat = place
    ours = layer(kept(desk, tmp_path), "notes")["features"][0]["geometry"]["coordinates"]
    theirs = json.loads(
        gdal("ogr2ogr", "-f", "GeoJSON", "-lco", "RFC7946=NO", "-lco", "COORDINATE_PRECISION=6", "-s_srs", "EPSG:4326", "-t_srs",
             "EPSG:25832", "/vsistdout/", str(kept(desk, tmp_path, ".geojson")))
    )["features"][0]["geometry"]["coordinates"]  # fmt: skip
    assert ours == pytest.approx(theirs, abs=0.001)
    line = layer(tmp_path / "report.gpkg", "route")["features"][0]["geometry"]["coordinates"]
    assert line[0] == pytest.approx(theirs, abs=0.001)
    stop = next(one for one in layer(tmp_path / "report.gpkg", "stops")["features"] if one["properties"]["number"] == 2)
    assert stop["geometry"]["coordinates"] == pytest.approx(theirs, abs=0.001)


def test_its_columns_are_those_of_the_other_files_with_the_same_in_them(
    stage: Stage, desk: Desk, tmp_path: Path
) -> None:
    note_at(stage, AALBORG, note='=1+1 "citat"\nlinje to', factors=["lighting.outage", "paths.underpass"], feeling=0)
    found = layer(kept(desk, tmp_path), "notes")["features"][0]["properties"]
    [row] = csv.DictReader(io.StringIO(desk.get(".csv").content.decode("utf-8-sig"), newline=""))
    for name, text in row.items():
        value = found[name]
        assert ("" if value is None else str(value)) == text.removeprefix("'"), name
    assert found["feeling"] == 0
    assert found["captured_utc"].startswith("2026")


def test_a_note_whose_place_is_not_known_has_no_geometry(stage: Stage, desk: Desk, tmp_path: Path) -> None:
    note_at(stage, None)
    [feature] = layer(kept(desk, tmp_path), "notes")["features"]
    assert (feature["geometry"], feature["properties"]["place_source"]) == (None, "none")


def test_a_walk_on_the_other_side_of_the_earth_is_kept_in_degrees(stage: Stage, desk: Desk, tmp_path: Path) -> None:
    with stage.db.write() as tx:
        tx.get_one(Stop, stage.stops[0].id).lat, tx.get_one(Stop, stage.stops[0].id).lon = -33.86, 151.2
    note_at(stage, (151.2093, -33.8688))
    file = kept(desk, tmp_path)
    assert layer(file, "notes")["features"][0]["geometry"]["coordinates"] == [151.2093, -33.8688]
    assert 'ID["EPSG",4326]]' in gdal("ogrinfo", "-so", str(file), "notes")


def test_one_phone_that_says_it_is_in_sydney_moves_nothing_else(stage: Stage, desk: Desk, tmp_path: Path) -> None:
    lost, here = note_at(stage, (151.2093, -33.8688)), note_at(stage, AALBORG)
    found = {one["properties"]["id"]: one for one in layer(kept(desk, tmp_path), "notes")["features"]}
    assert found[lost]["geometry"] is None
    assert (found[lost]["properties"]["lat"], found[lost]["properties"]["lon"]) == (-33.8688, 151.2093)
    assert found[here]["geometry"]["coordinates"] == pytest.approx([555917.026, 6323195.552], abs=0.001)


def test_an_empty_walk_and_a_filter_give_whole_files(stage: Stage, desk: Desk, tmp_path: Path) -> None:
    assert layer(kept(desk, tmp_path), "notes")["features"] == []
    note_at(stage, AALBORG, valence="safe", note="Lys i vinduerne.")
    note_at(stage, AALBORG, valence="unsafe", note="Mørkt.")
    found = layer(kept(desk, tmp_path, ".gpkg?valence=safe"), "notes")["features"]
    assert [one["properties"]["note"] for one in found] == ["Lys i vinduerne."]
