"""Residents put marks on the map before a walk, without an account: once, near it, and nobody else reads their words."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import func, select

from app.access.guards import secret_hash
from app.models import Mark, Stop, Walk
from app.walks import marks
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Clock, Stage

__all__ = ["add", "hurry", "signed_in", "visitor"]
pytestmark = pytest.mark.usefixtures("every_database")

SECRET = "s" * 43
AS_SCRIPT = {"Accept": "application/json"}
WORDS = "Lampen ved <b>tunnelen</b> er slukket."


@pytest.fixture(autouse=True)
def open_marks(stage: Stage) -> None:
    change(stage, marks_open=True, state="planned")


@pytest.fixture
def desk(signed_in: Callable[..., Browser]) -> Browser:
    return signed_in("organiser", "Aalborg Kommune")


def change(stage: Stage, **given: Any) -> None:
    with stage.db.write() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
        for name, value in given.items():
            setattr(walk, name, value)


def put(visitor: Browser, stage: Stage, code: str = "", **more: Any) -> Any:
    """A resident's browser puts a mark by script; what it typed and the answer's status and content."""
    typed = {
        "id": str(uuid4()),
        "secret": SECRET,
        "valence": "unsafe",
        "place": "57.0401, 9.9801",
        "note": WORDS,
    } | more
    return visitor.post(f"/marks/{code or stage.walk.code}", data=typed, headers=AS_SCRIPT)


def held(stage: Stage) -> list[Mark]:
    with stage.db.read() as tx:
        return list(tx.exec(select(Mark).order_by(Mark.created_at)).all())


def test_a_mark_is_put_without_an_account_and_seen_by_everybody_with_the_link(stage: Stage, visitor: Browser) -> None:
    assert put(visitor, stage).status_code == 201
    [mark] = held(stage)
    assert (mark.walk_id, mark.valence, mark.lat, mark.lon, mark.note) == (
        stage.walk.id, "unsafe", 57.0401, 9.9801, WORDS)  # fmt: skip
    assert mark.secret_hash == secret_hash(SECRET)
    page = visitor.get(f"/marks/{stage.walk.code.lower()}").text
    assert "1 mærke" in page
    assert "ved stop 1, Kilden" in page
    [feature] = visitor.get(f"/marks/{stage.walk.code}/marks.geojson").json()["features"]
    assert feature["geometry"]["coordinates"] == [9.9801, 57.0401]
    assert feature["properties"]["valence"] == "unsafe"


def test_words_are_for_those_who_plan_the_walk_and_for_nobody_else(
    stage: Stage, visitor: Browser, desk: Browser
) -> None:
    put(visitor, stage)
    for address in (f"/marks/{stage.walk.code}", f"/marks/{stage.walk.code}/marks.geojson"):
        assert "Lampen" not in visitor.get(address).text
    assert "Lampen ved &lt;b&gt;tunnelen&lt;/b&gt; er slukket." in desk.get(f"/walks/{stage.walk.id}/marks").text
    [feature] = desk.get(f"/walks/{stage.walk.id}/marks.geojson").json()["features"]
    assert feature["properties"]["note"] == WORDS
    for name in ("marks", "marks.geojson", "marks/qr.svg"):
        assert visitor.get(f"/walks/{stage.walk.id}/{name}", headers={"Accept": "*/*"}).status_code == 401


def test_a_mark_sent_twice_is_there_once_and_the_newest_words_hold(stage: Stage, visitor: Browser) -> None:
    mark_id = str(uuid4())
    assert put(visitor, stage, id=mark_id).status_code == 201
    assert put(visitor, stage, id=mark_id, valence="safe", note="Nej, her er godt.").status_code == 200
    [mark] = held(stage)
    assert (mark.valence, mark.note) == ("safe", "Nej, her er godt.")
    assert put(visitor, stage, id=mark_id, secret="t" * 43, note="Min!").status_code == 403
    assert held(stage)[0].note == "Nej, her er godt."


def test_the_same_mark_sent_at_once_many_times_is_there_once(stage: Stage, visitor: Browser) -> None:
    mark_id = str(uuid4())
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: put(visitor, stage, id=mark_id).status_code, range(6)))
    assert sorted(answers) == [200] * 5 + [201]
    assert len(held(stage)) == 1


def test_whoever_put_a_mark_takes_it_back_and_nobody_else_can(stage: Stage, visitor: Browser) -> None:
    mark_id = str(uuid4())
    put(visitor, stage, id=mark_id)
    address = f"/marks/{stage.walk.code}/{mark_id}"
    for key in ("", "Bearer x", f"Bearer {'t' * 43}", "Bearer \xe6"):
        headers = AS_SCRIPT | {"Authorization": key.encode("latin-1")}
        assert visitor.delete(address, headers=headers).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {SECRET}"}
    assert visitor.delete(address, headers=foreign).status_code == 403
    assert len(held(stage)) == 1
    change(stage, state="closed")  # also then
    for _again in range(2):
        assert visitor.delete(address, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 204
    assert held(stage) == []


def test_whoever_put_a_mark_takes_out_all_that_is_held_of_it_and_nobody_else_can(
    stage: Stage, visitor: Browser
) -> None:
    mark_id = str(uuid4())
    put(visitor, stage, id=mark_id)
    address, key = f"/marks/{stage.walk.code}/own/{mark_id}", {"Authorization": f"Bearer {SECRET}"}
    for wrong in ("", "Bearer x", f"Bearer {'t' * 43}", "Bearer \xe6"):
        refused = visitor.get(address, headers=AS_SCRIPT | {"Authorization": wrong.encode("latin-1")})
        assert refused.status_code == 403
        assert "tunnelen" not in refused.text
    change(stage, state="closed")  # also then
    told = visitor.get(address, headers=key)
    assert told.headers["Cache-Control"] == "no-store"
    [mark] = held(stage)
    columns = {
        name: value for name, value in mark.model_dump(mode="json").items() if name not in ("secret_hash", "created_at")
    }
    assert {name: value for name, value in told.json().items() if name != "created_at"} == columns
    assert visitor.get(f"/marks/{stage.walk.code}/own/{uuid4()}", headers=key).status_code == 404
    assert visitor.delete(f"/marks/{stage.walk.code}/{mark_id}", headers=key).status_code == 204
    assert visitor.get(address, headers=key).status_code == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"valence": ""}, "valence"),
        ({"valence": "mixed"}, "valence"),
        ({"place": ""}, "place"),
        ({"place": "ved kirken"}, "place"),
        ({"place": "91, 9.9"}, "place"),
        ({"place": "9" * 200}, "place"),
        ({"place": "55.6761, 12.5683"}, "place"),  # Copenhagen
        ({"place": "", "stop": "no-such-stop"}, "place"),
        ({"note": "x" * 501}, "note"),
        ({"id": "x"}, "id"),
        ({"secret": "kort"}, "id"),
    ],
)
def test_what_cannot_be_kept_comes_back_with_a_sentence(
    stage: Stage, visitor: Browser, typed: dict[str, Any], field: str
) -> None:
    told = put(visitor, stage, **typed)
    assert (told.status_code, [error["field"] for error in told.json()["errors"]]) == (422, [field])
    form = {"id": str(uuid4()), "secret": SECRET, "valence": "safe", "place": "57.04, 9.98", "note": "Mine ord"} | typed
    page = visitor.post(f"/marks/{stage.walk.code}", data=form)
    assert page.status_code == 422
    assert re.search(rf'data-error="{field}" role="alert">[^<]', page.text)
    assert form["note"] in page.text
    assert held(stage) == []


def test_a_stop_is_place_enough_and_a_walk_without_places_takes_any(stage: Stage, visitor: Browser) -> None:
    assert put(visitor, stage, place="", stop=stage.stops[0].id).status_code == 201
    assert put(visitor, stage, place="", stop=stage.stops[1].id).status_code == 422, "nobody knows where that is"
    with stage.db.write() as tx:
        tx.get_one(Stop, stage.stops[0].id).lat = None
    assert put(visitor, stage, place="55.6761, 12.5683").status_code == 201
    assert [(mark.lat, mark.lon) for mark in held(stage)] == [(57.04, 9.98), (55.6761, 12.5683)]
    assert "55.67610, 12.56830" in visitor.get(f"/marks/{stage.walk.code}").text


def test_without_a_script_the_form_does_it_and_a_reload_puts_no_second_mark(stage: Stage, visitor: Browser) -> None:
    page = visitor.get(f"/marks/{stage.walk.code}").text
    minted = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("id", "secret")}  # type: ignore[index]
    form = minted | {"valence": "safe", "place": "57,04 9,98".replace(",", "."), "note": "a\0b"}
    for _again in range(2):
        answer = visitor.post(f"/marks/{stage.walk.code}", data=form)
        assert answer.status_code == 303
    assert "Dit mærke er på kortet." in visitor.get(answer.headers["location"]).text
    assert [(mark.valence, mark.note) for mark in held(stage)] == [("safe", "a\ufffdb")]


@pytest.mark.parametrize(
    "given", [{"marks_open": False}, {"state": "closed"}, {"state": "published"}, {"state": "archived"}, {"code": "00000000"}]
)  # fmt: skip
def test_a_wrong_code_a_closed_walk_and_one_without_marks_answer_alike(
    stage: Stage, visitor: Browser, given: dict[str, Any]
) -> None:
    change(stage, **given)
    answers = [
        visitor.get(f"/marks/{stage.walk.code}", headers=AS_SCRIPT),
        visitor.get(f"/marks/{stage.walk.code}/marks.geojson", headers=AS_SCRIPT),
        put(visitor, stage),
        visitor.get(f"/marks/{stage.walk.code}/basemap.pmtiles", headers=AS_SCRIPT),
        visitor.get("/marks/ZZZZZZZZ", headers=AS_SCRIPT),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({json.dumps(answer.json()) for answer in answers}) == 1
    assert held(stage) == []


def test_trying_out_codes_counts_with_joining(stage: Stage, visitor: Browser) -> None:
    for number in range(30):
        assert visitor.get(f"/marks/{number:08}").status_code == 404
    assert visitor.get(f"/marks/{stage.walk.code}").status_code == 429
    assert put(visitor, stage).status_code == 429
    with pytest.raises(AssertionError, match="429"):
        stage.phone()


def test_one_address_puts_no_more_than_thirty_marks_in_ten_minutes(
    stage: Stage, visitor: Browser, clock: Clock
) -> None:
    mark_id = str(uuid4())
    put(visitor, stage, id=mark_id)
    for _number in range(29):
        assert put(visitor, stage).status_code == 201
    told = put(visitor, stage)
    assert (told.status_code, told.headers["retry-after"]) == (429, "600")
    assert put(visitor, stage, id=mark_id).status_code == 200, "a repeat is no new mark"
    clock.advance(minutes=11)
    assert put(visitor, stage).status_code == 201


def test_a_walk_takes_so_many_marks_and_no_more(
    stage: Stage, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST", 3)
    assert [put(visitor, stage).status_code for _number in range(4)] == [201, 201, 201, 422]
    assert len(held(stage)) == 3


def test_a_hidden_mark_is_out_of_residents_sight_until_it_is_shown_again(
    stage: Stage, visitor: Browser, desk: Browser
) -> None:
    put(visitor, stage)
    [mark] = held(stage)
    place = f"/walks/{stage.walk.id}/marks"
    assert desk.post(f"{place}/{mark.id}/hiding", data={"page": "1"}).status_code == 303
    assert visitor.get(f"/marks/{stage.walk.code}/marks.geojson").json()["features"] == []
    assert "Ingen endnu" in visitor.get(f"/marks/{stage.walk.code}").text
    page = desk.get(place).text
    assert "Lampen" in page
    assert "skjult for beboerne" in page
    assert put(visitor, stage, id=mark.id, note="Igen").status_code == 200
    assert held(stage)[0].hidden
    desk.post(f"{place}/{mark.id}/showing", data={})
    assert len(visitor.get(f"/marks/{stage.walk.code}/marks.geojson").json()["features"]) == 1
    assert desk.post(f"{place}/{uuid4()}/hiding", data={}).status_code == 404


def test_an_organiser_switches_marks_on_and_off(stage: Stage, visitor: Browser, desk: Browser) -> None:
    place = f"/walks/{stage.walk.id}/marks"
    assert desk.post(f"{place}/closure", data={}).status_code == 303
    assert "Lad beboerne sætte mærker" in desk.get(place).text
    assert visitor.get(f"/marks/{stage.walk.code}").status_code == 404
    assert desk.post(f"{place}/opening", data={}).status_code == 303
    assert f"http://testserver/marks/{stage.walk.code}" in desk.get(place).text
    assert visitor.get(f"/marks/{stage.walk.code}").status_code == 200
    assert "<svg" in desk.get(f"{place}/qr.svg").text
    assert f'href="{place}"' in desk.get(f"/walks/{stage.walk.id}/plan").text


def test_a_mark_becomes_a_stop_that_the_phones_hear_of(stage: Stage, visitor: Browser, desk: Browser) -> None:
    phone = stage.phone()
    put(visitor, stage)
    [mark] = held(stage)
    answer = desk.post(f"/walks/{stage.walk.id}/marks/{mark.id}/stop", data={})
    assert answer.headers["location"] == f"/walks/{stage.walk.id}/plan#stop-3"
    [change] = phone.changes()
    last = change["walk"]["stops"][-1]
    assert (last["number"], last["name"], last["lat"], last["lon"]) == (3, "Stop 3", 57.0401, 9.9801)
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).plan_rev == 1


def test_marks_are_in_no_report_and_no_file_and_no_phone(stage: Stage, visitor: Browser, desk: Browser) -> None:
    phone = stage.phone()
    put(visitor, stage)
    [mark] = held(stage)
    assert phone.changes() == []
    for name in ("report", "report.json", "report.csv", "report.geojson", "report.zip"):
        content = desk.get(f"/walks/{stage.walk.id}/{name}").content
        assert b"Lampen" not in content
        assert mark.id.encode() not in content


def test_many_marks_come_in_pages_and_are_counted_by_stop(stage: Stage, visitor: Browser, desk: Browser) -> None:
    with stage.db.write() as tx:
        tx.add_all(
            Mark(id=str(uuid4()), walk_id=stage.walk.id, secret_hash="", valence=("safe", "unsafe")[number % 3 > 0],
                 lat=57.04, lon=9.98 + number / 10_000, note=f"Ord {number}.")
            for number in range(250)
        )  # fmt: skip
    page = visitor.get(f"/marks/{stage.walk.code}").text
    assert "250 mærker" in page
    assert "og 150 ældre mærker på kortet" in page
    seen: set[str] = set()
    for number in (1, 2, 3):
        page = desk.get(f"/walks/{stage.walk.id}/marks?page={number}").text
        assert f"Side {number} af 3" in page
        seen |= set(re.findall(r"Ord \d+\.", page))
    assert len(seen) == 250
    with stage.db.read() as tx:
        assert tx.exec(select(func.count()).select_from(Mark)).one() == 250
    assert desk.get(f"/walks/{stage.walk.id}/marks?page=99999").status_code == 200


class TestWithABaseMap:
    @pytest.fixture
    def stage_settings(self, tmp_path: Path) -> dict[str, Any]:
        map_file = tmp_path / "city.pmtiles"
        map_file.write_bytes(bytes(range(256)))
        return {"basemap": str(map_file)}

    def test_residents_see_the_ground_under_their_marks(self, stage: Stage, visitor: Browser) -> None:
        address = f"/marks/{stage.walk.code}/basemap.pmtiles"
        assert f'basemap="{address}"' in visitor.get(f"/marks/{stage.walk.code}").text
        answer = visitor.get(address, headers={"Range": "bytes=10-13"})
        assert (answer.status_code, answer.content) == (206, bytes([10, 11, 12, 13]))
        change(stage, marks_open=False)
        assert visitor.get(address).status_code == 404
