"""The report and the base map open for those they are for, and for nobody else; the answer never tells what exists."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage
from tests.phone import new_id
from tests.report.conftest import Desk

ENDINGS = ["", ".geojson", ".csv", ".json", ".zip", ".gpkg", ".xlsx", ".pdf", ".esdh.zip"]
WORDS = "Lampen ved tunnelen"


@pytest.fixture(autouse=True)
def noted(stage: Stage) -> None:
    phone = stage.phone()
    phone.put(phone.note(note=WORDS))


def test_nobody_without_a_key_reads_it(stage: Stage) -> None:
    for ending in ENDINGS:
        path = f"/walks/{stage.walk.id}/report{ending}"
        for method in ("GET", "HEAD"):
            answer = stage.http.request(method, path, follow_redirects=False)
            assert answer.status_code == 401
            assert WORDS not in answer.text
        person = stage.http.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
        assert (person.status_code, person.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_a_walkers_secret_does_not_open_it(stage: Stage) -> None:
    for phone in (stage.phone(), stage.phone(stage.another_walk())):
        for ending in ENDINGS:
            answer = stage.http.get(f"/walks/{stage.walk.id}/report{ending}", headers=phone.key)
            assert answer.status_code in {401, 403}
            assert WORDS not in answer.text


@pytest.mark.parametrize("role", ["coordinator", "admin", "organiser"])
def test_another_organisation_meets_what_is_not_there(stage: Stage, desk_of: Callable[..., Desk], role: str) -> None:
    outsider = desk_of(role, "Svalöv kommun")
    for ending in ENDINGS:
        answer = outsider.get(ending)
        nowhere = stage.http.get(f"/walks/{new_id()}/report{ending}", headers=outsider.headers)
        assert (answer.status_code, answer.text) == (nowhere.status_code, nowhere.text)
        assert answer.status_code == 404


def test_a_partner_reads_nothing_that_was_not_routed_to_it(desk_of: Callable[..., Desk]) -> None:
    partner = desk_of("partner")
    for ending in ENDINGS:
        answer = partner.get(ending)
        assert answer.status_code == 403
        assert WORDS not in answer.text


def test_who_may_read_it_does(desk_of: Callable[..., Desk]) -> None:
    for desk in (desk_of("coordinator"), desk_of("admin", ""), desk_of("organiser", "")):
        for ending in ENDINGS:
            assert desk.get(ending).status_code == 200


def test_what_one_reads_is_not_kept_by_others(desk: Desk) -> None:
    for ending in ENDINGS:
        kept = desk.get(ending).headers["cache-control"]
        assert "private" in kept or "no-store" in kept
        assert "public" not in kept


def test_capitals_in_the_address_make_no_difference(stage: Stage, desk: Desk) -> None:
    answer = stage.http.get(f"/walks/{stage.walk.id.upper()}/report.geojson", headers=desk.headers)
    assert len(answer.json()["features"]) == 1


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    path = tmp_path / "by.pmtiles"
    path.write_bytes(bytes(range(256)) * 40)
    return path


class TestBaseMap:
    @pytest.fixture
    def stage_settings(self, map_file: Path) -> dict[str, Any]:
        return {"basemap": str(map_file)}

    def test_it_is_read_in_ranges(self, stage: Stage, desk: Desk, map_file: Path) -> None:
        def ask(**headers: str) -> Any:
            return stage.http.get("/basemap.pmtiles", headers=desk.headers | headers)

        whole, piece = ask(), ask(Range="bytes=10-19")
        assert (whole.status_code, whole.content) == (200, map_file.read_bytes())
        assert whole.headers["accept-ranges"] == "bytes"
        assert "max-age" in whole.headers["cache-control"]
        assert "private" in whole.headers["cache-control"]
        assert (piece.status_code, piece.content) == (206, map_file.read_bytes()[10:20])
        assert piece.headers["content-range"] == "bytes 10-19/10240"
        assert piece.headers["etag"] == whole.headers["etag"]
        assert ask(**{"If-None-Match": whole.headers["etag"]}).status_code == 304
        assert ask(Range="bytes=20000-").status_code == 416
        map_file.write_bytes(b"another")
        assert ask(**{"If-None-Match": whole.headers["etag"]}).content == b"another"
        map_file.unlink()
        assert ask().status_code == 404

    def test_it_is_for_those_who_are_signed_in(self, stage: Stage) -> None:
        for headers in ({}, stage.phone().key):
            assert stage.http.get("/basemap.pmtiles", headers=headers).status_code == 401

    def test_the_page_draws_it_with_its_credit(self, stage: Stage, desk: Desk) -> None:
        page = desk.get().text
        assert 'basemap="/basemap.pmtiles"' in page
        assert 'credit="© OpenStreetMap"' in page


def test_without_a_base_map_there_is_none(stage: Stage, desk: Desk) -> None:
    assert stage.http.get("/basemap.pmtiles", headers=desk.headers).status_code == 404
    assert "basemap=" not in desk.get().text
