"""Each walk has a map of its own: there in a moment, small, and of nothing but its surroundings."""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.basemap.cut import AROUND_M
from app.basemap.kept import GRACE_S
from app.earth import metres
from app.main import create_app
from app.models import Stop, Walk
from app.walks import plan, walks
from tests.cast import Stage
from tests.maps import CREDIT, ROUTE, header, helsinki, metadata, things, tiles
from tests.photos.pictures import until

AALBORG = [[9.979, 57.0371], [9.9908, 57.0384]]


def line(points: list[list[float]]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": points}


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    """The operator's base map, to be replaced."""
    return Path(shutil.copy(helsinki(), tmp_path / "ground.pmtiles"))


@pytest.fixture
def stage_settings(ground: Path) -> dict[str, Any]:
    return {"basemap": str(ground), "basemap_credit": CREDIT}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.basemap.cutting.LOOK_S", 0.05)
    monkeypatch.setattr("app.basemap.cutting.SETTLE_S", 0.1)


def walked(stage: Stage, points: list[list[float]] = ROUTE, **given: Any) -> Walk:
    return stage.another_walk(route=line(points), **given)


def change_plan(stage: Stage, walk: Walk, **changes: Any) -> None:
    """As the plan's page does."""
    with stage.db.write() as tx:
        draft = plan.drafted(tx, tx.get_one(Walk, walk.id))
        if "route" in changes:
            draft.route = changes["route"] and line(changes["route"])
        draft.texts["title"] = changes.get("title", draft.texts["title"])
        plan.save(tx, walk.id, draft)


def kept(stage: Stage, walk: Walk) -> Walk:
    with stage.db.read() as tx:
        return tx.get_one(Walk, walk.id)


def mapped(stage: Stage, walk: Walk, *, other_than: str | None = None) -> Walk:
    """The walk once it has a map (another one)."""
    return until(lambda: (now := kept(stage, walk)).map_sha256 not in (None, other_than) and now)  # type: ignore[no-any-return]


def looked_at(stage: Stage, walk: Walk) -> Walk:
    """The walk once it was found that there is nothing for it, or that what it has is right."""
    return until(lambda: (now := kept(stage, walk)).map_of is not None and now)  # type: ignore[no-any-return]


def found_good(stage: Stage, walk: Walk) -> None:
    """Waits until the walk was looked at after it got its map: nothing is left to do, and nobody looks by himself again."""
    until(lambda: walk.map_sha256 in stage.app.state.cutter._done.get(walk.id, ()))


def fetched(stage: Stage, walk: Walk) -> bytes:
    sha256 = mapped(stage, walk).map_sha256
    return bytes(stage.http.get(f"/api/v1/maps/{sha256}.pmtiles").content)


class TestAPhone:
    def test_it_is_told_of_the_map_and_gets_what_it_was_told(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        phone = stage.phone(walk)
        told = phone.walk["basemap"]
        answer = stage.http.get(told["url"])  # no key: whoever has the name may have the map
        assert answer.status_code == 200
        assert told["url"] == f"http://testserver/api/v1/maps/{told['sha256']}.pmtiles"
        assert (hashlib.sha256(answer.content).hexdigest(), len(answer.content)) == (told["sha256"], told["bytes"])
        assert told["credit"] == CREDIT
        assert len(answer.content) <= 2_000_000

    def test_it_hears_of_it_by_the_walks_next_number(self, every_database: str, stage: Stage) -> None:
        phone = stage.phone(walk := walked(stage))
        before = walk.seq  # as it was made: the map may be there before the phone is
        mapped(stage, walk)

        def told() -> Any:
            answer = stage.http.get(f"/api/v1/walks/{walk.id}/changes?after={before}", headers=phone.key).json()
            return [one["walk"]["basemap"] for one in answer["changes"] if one.get("walk") and one["walk"]["basemap"]]

        assert len(until(told)) == 1

    def test_it_may_ask_for_a_part_and_keep_it_for_ever(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        address = f"/api/v1/maps/{walk.map_sha256}.pmtiles"
        whole, part = stage.http.get(address), stage.http.get(address, headers={"Range": "bytes=7-99"})
        assert (part.status_code, part.content) == (206, whole.content[7:100])
        assert "immutable" in whole.headers["cache-control"]
        assert whole.headers["etag"] == f'"{walk.map_sha256}"'
        again = stage.http.get(address, headers={"If-None-Match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert stage.http.head(address).headers["content-length"] == str(walk.map_bytes)

    @pytest.mark.parametrize("name", ["0" * 64, "x", "..%2Ftryg", "A" * 64, "0" * 63 + "%00"])
    def test_there_is_nothing_under_another_name(self, stage: Stage, name: str) -> None:
        walked(stage)
        assert stage.http.get(f"/api/v1/maps/{name}.pmtiles").status_code == 404


class TestWhatIsOnIt:
    def test_the_walks_surroundings_in_zooms_12_to_16(self, stage: Stage) -> None:
        content = fetched(stage, walked(stage))
        there = tiles(content)
        assert {zoom for zoom, _x, _y in there} == set(range(12, 17))
        assert tiles(helsinki().read_bytes()).items() >= there.items()
        about, told = header(content), metadata(content)
        west, south = about["min_lon_e7"] / 1e7, about["min_lat_e7"] / 1e7
        assert AROUND_M - 5 < metres([west, 60.173], [min(lon for lon, _lat in ROUTE), 60.173]) < AROUND_M + 40
        assert AROUND_M - 5 < metres([24.945, south], [24.945, min(lat for _lon, lat in ROUTE)]) < AROUND_M + 40
        assert told["attribution"] == CREDIT
        assert "road" in {layer["id"] for layer in told["vector_layers"]}
        assert any(road.get("tunnel") for road in things(content, "road"))

    def test_a_walk_with_stops_alone_has_one_too(self, stage: Stage) -> None:
        stops = [Stop(walk_id="", number=1, name="Parken", lat=60.1744, lon=24.9442)]
        content = fetched(stage, stage.another_walk(stops=stops))
        assert 4 <= len([where for where in tiles(content) if where[0] == 16]) < 24

    def test_a_short_walk_leaves_out_what_is_far_from_it(self, stage: Stage) -> None:
        short = fetched(stage, walked(stage, [[24.937, 60.166], [24.9372, 60.1661]]))
        assert len(tiles(short)) < len(tiles(fetched(stage, walked(stage))))
        assert len(tiles(short)) > 0

    def test_the_same_way_has_the_same_map(self, stage: Stage) -> None:
        one, other = walked(stage), walked(stage, title="Den samme vej")
        assert mapped(stage, one).map_sha256 == mapped(stage, other).map_sha256
        assert len(list((stage.app.state.settings.maps).glob("*.pmtiles"))) == 1


class TestWhenThePlanChanges:
    def test_another_way_is_another_map_and_the_old_one_goes_in_its_time(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        before = stage.app.state.maps.path(walk.map_sha256)
        change_plan(stage, walk, route=[[24.937, 60.166], [24.939, 60.167]])
        now = mapped(stage, walk, other_than=walk.map_sha256)
        assert now.changed_seq == now.seq > walk.seq
        stage.app.state.maps.tidy([now.map_sha256])
        assert before.exists(), "a phone may still be fetching it"
        os.utime(before, (time.time() - GRACE_S - 5,) * 2)
        assert stage.app.state.maps.tidy([now.map_sha256]) == 1
        assert not before.exists()
        assert stage.app.state.maps.path(now.map_sha256)

    def test_a_map_that_was_replaced_can_still_be_fetched_however_old_it_is(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        before = stage.app.state.maps.path(walk.map_sha256)
        os.utime(before, (time.time() - 30 * GRACE_S,) * 2)
        change_plan(stage, walk, route=[[24.937, 60.166], [24.939, 60.167]])
        mapped(stage, walk, other_than=walk.map_sha256)
        stage.app.state.cutter.tidy()
        assert stage.http.get(f"/api/v1/maps/{walk.map_sha256}.pmtiles").status_code == 200

    def test_a_route_that_is_still_being_drawn_is_left_to_rest(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        walk = mapped(stage, walked(stage))
        monkeypatch.setattr("app.basemap.cutting.SETTLE_S", 3600.0)
        change_plan(stage, walk, route=[[24.937, 60.166], [24.939, 60.167]])
        mapped(
            stage, walked(stage, [[24.94, 60.168], [24.942, 60.168]], title="En ny")
        )  # looked at after it, and cut at once
        assert kept(stage, walk).map_sha256 == walk.map_sha256
        monkeypatch.setattr("app.basemap.cutting.SETTLE_S", 0.1)
        assert mapped(stage, walk, other_than=walk.map_sha256)

    def test_another_title_is_no_other_map(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        change_plan(stage, walk, title="Et andet navn")
        other = mapped(stage, walked(stage, [[24.937, 60.166], [24.939, 60.167]]))  # looked at after it
        now = kept(stage, walk)
        assert (now.map_sha256, now.seq) == (walk.map_sha256, walk.seq + 1)
        assert other.map_sha256 != walk.map_sha256

    def test_a_way_that_is_taken_away_takes_its_map_along(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        change_plan(stage, walk, route=None)
        gone = until(lambda: (now := kept(stage, walk)).map_sha256 is None and now)
        assert gone.seq > walk.seq
        assert stage.phone(walk).walk["basemap"] is None

    def test_what_is_over_keeps_the_map_it_has(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        with stage.db.write() as tx:
            walks.close(tx, tx.get_one(Walk, walk.id))
        change_plan(stage, walk, route=[[24.937, 60.166], [24.939, 60.167]])
        mapped(stage, walked(stage, title="En anden"))
        assert kept(stage, walk).map_sha256 == walk.map_sha256


class TestWhatCanBeWrong:
    def test_a_walk_elsewhere_has_none_and_is_left_in_peace(self, stage: Stage) -> None:
        walk = looked_at(stage, walked(stage, AALBORG))
        assert (walk.map_sha256, walk.seq) == (None, 0)
        assert stage.phone(walk).walk["basemap"] is None

    def test_a_map_that_is_lost_is_cut_again_and_phones_need_nothing(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        path = stage.app.state.maps.path(walk.map_sha256)
        path.unlink()
        change_plan(stage, walk, title="Et andet navn")
        until(path.exists)
        assert kept(stage, walk).map_sha256 == walk.map_sha256

    def test_a_map_that_is_lost_is_cut_again_once_a_phone_asks_for_it(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        found_good(stage, walk)
        stage.app.state.maps.path(walk.map_sha256).unlink()
        until(lambda: stage.http.get(f"/api/v1/maps/{walk.map_sha256}.pmtiles").status_code == 200)
        assert kept(stage, walk).seq == walk.seq

    def test_a_map_that_is_lost_is_found_missing_when_maps_are_tidied(self, stage: Stage) -> None:
        walk = mapped(stage, walked(stage))
        found_good(stage, walk)
        path = stage.app.state.maps.path(walk.map_sha256)
        path.unlink()
        stage.app.state.cutter.tidy()
        until(path.exists)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == walk.map_sha256

    def test_a_walk_that_nobody_can_cut_for_is_in_no_others_way(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        first = walked(stage, [[24.937, 60.166], [24.939, 60.167]])
        mapped(stage, first)
        with stage.db.write() as tx:
            walk = tx.get_one(Walk, first.id)
            walk.route, walk.plan_rev = {"coordinates": [["nowhere"]]}, walk.plan_rev + 1
        until(lambda: f"walk {first.id} has no map yet" in caplog.text)
        assert mapped(stage, walked(stage)).map_bytes
        with stage.db.write() as tx:
            tx.delete(tx.get_one(Walk, first.id))
        last = walked(stage, title="Efter")
        mapped(stage, last)
        assert caplog.text.count("Traceback") == 1, "it was left alone for a while"

    @pytest.mark.parametrize(
        "content",
        [
            b"", b"PMTiles", b"<html>404</html>" * 99, bytes(200), b"PMTiles\x03" + b"\xff" * 300,
            helsinki().read_bytes()[:20_000], helsinki().read_bytes()[:400],
        ],
        ids=["empty", "a name", "a page", "zeros", "wild numbers", "cut off", "cut off early"],
    )  # fmt: skip
    def test_a_base_map_that_is_none_leaves_walks_without_and_harms_nothing(
        self, stage: Stage, ground: Path, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = mapped(stage, walked(stage, title="Før"))
        ground.write_bytes(content)
        walk = walked(stage, title="Efter")
        until(lambda: any("base map" in record.message for record in caplog.records))
        phone = stage.phone(walk)
        assert phone.walk["basemap"] is None
        assert phone.put(phone.note(note="Mørkt her.")).status_code == 201
        assert kept(stage, before).map_sha256 == before.map_sha256
        assert stage.http.get(f"/api/v1/maps/{before.map_sha256}.pmtiles").status_code == 200

    def test_a_new_base_map_brings_new_maps_to_walks_that_are_ahead(self, stage: Stage, ground: Path) -> None:
        ground.write_bytes(b"")
        walk = walked(stage)
        shutil.copy(helsinki(), ground.with_suffix(".new"))
        ground.with_suffix(".new").replace(ground)
        assert mapped(stage, walk).map_bytes

    def test_a_full_disk_is_no_reason_to_lose_the_walk_its_map(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("app.basemap.cutting.PAUSE_S", 0.05)
        settings = stage.app.state.settings
        settings.maps.write_text("in the way of the folder")
        walk = walked(stage)
        until(lambda: any("has no map yet" in record.message for record in caplog.records))
        settings.maps.unlink()
        assert mapped(stage, walk).map_bytes


def test_of_two_processes_one_cuts_and_the_other_when_it_ends(
    stage: Stage, every_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tryg")
    mapped(stage, walked(stage))
    with TestClient(create_app(stage.app.state.settings)) as beside:
        for step in range(3):
            mapped(stage, walked(stage, [[24.937, 60.166], [24.939, 60.167 + step / 10_000]]))
        assert not beside.app.state.maps.take_turn()  # type: ignore[attr-defined]
        cut = until(lambda: len(cut := re.findall(r"walk (\S+) has a map of", caplog.text)) >= 4 and cut)
        assert len(cut) == len(set(cut)), "each was cut once"
        stage.app.state.cutter.stop()
        until(lambda: beside.app.state.maps.take_turn())  # type: ignore[attr-defined]
        assert mapped(stage, walked(stage, [[24.937, 60.166], [24.94, 60.168]])).map_bytes


def test_without_a_base_map_a_restored_walk_says_that_it_has_none(stage: Stage, ground: Path) -> None:
    walk = mapped(stage, walked(stage))
    ground.unlink()
    stage.app.state.maps.path(walk.map_sha256).unlink()
    change_plan(stage, walk, title="Andet navn")
    assert until(lambda: kept(stage, walk).map_sha256 is None)


def test_every_walk_without_a_map_gets_one_at_the_start(
    tmp_path: Path, start_server: Callable[..., Any], database_url: str
) -> None:
    server = start_server()
    route = tmp_path / "route.geojson"
    route.write_text(f'{{"type": "LineString", "coordinates": {ROUTE}}}')
    told = server.tryg("walk", "create", "--title", "I parken", "--route", str(route))
    server.stop()
    server.environment["TRYG_BASEMAP"] = str(helsinki())
    server.start()
    found = until(lambda: list((server.data / "maps").glob("*.pmtiles")))
    assert found[0].stem == hashlib.sha256(found[0].read_bytes()).hexdigest()
    until(lambda: f"walk {told['walk_id']} has a map" in server.said())


def test_what_no_walk_names_is_tidied_away_at_the_start(stage: Stage) -> None:
    walk = mapped(stage, walked(stage))
    maps = stage.app.state.maps
    orphan = maps.path(maps.put(b"nobody's"))
    os.utime(orphan, (time.time() - GRACE_S - 5,) * 2)
    (orphan.parent / "half.part").write_bytes(b"x")
    os.utime(orphan.parent / "half.part", (time.time() - GRACE_S - 5,) * 2)
    stage.app.state.cutter.tidy()
    with stage.db.read() as tx:
        assert tx.exec(select(Walk.map_sha256).where(Walk.id == walk.id)).one() == walk.map_sha256
    assert {path.name for path in orphan.parent.iterdir()} == {f"{walk.map_sha256}.pmtiles"}
