"""Where the teams went, in the report: by team, honest about gaps, on its page alone, and never by person."""

import json
import re
from typing import Any

import pytest

from app.models import Walk
from tests.cast import Stage
from tests.phone import Phone, new_id
from tests.report.conftest import Desk
from tests.report.test_page import read, text_of

pytestmark = pytest.mark.usefixtures("every_database")

NORTH = [[[9.98123, 57.04123], [9.98234, 57.04234]], [[9.98345, 57.04345]], [[9.98456, 57.04456], [9.98567, 57.04567]]]
SOUTH = [[[9.97123, 57.03123], [9.97234, 57.03234]]]


@pytest.fixture(autouse=True)
def asked_for(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).tracks = True


def put(stage: Stage, phone: Phone, track_id: str, team: str | None, parts: Any, rev: int = 1, **more: Any) -> None:
    told = {"walk_id": stage.walk.id, "team": team, "rev": rev, "parts": parts, **more}
    reply = stage.http.put(f"/api/v1/tracks/{track_id}", json=told, headers=phone.key)
    assert reply.status_code in {200, 201}, reply.text


def drawn(page: str) -> Any:
    """What the page's map is told of tracks: team → lines."""
    [told] = re.findall(r"<tryg-map[^>]*>\s*<script type=\"application/json\">(.*?)</script>", page, re.S)
    tracks = json.loads(told)["tracks"]
    return tracks and {one["properties"]["team"]: one["geometry"]["coordinates"] for one in tracks["features"]}


def test_without_tracks_nothing_is_said_of_them(desk: Desk) -> None:
    page = read(desk)
    assert drawn(page) is None
    assert "optaget" not in text_of(page)


def test_each_team_has_its_lines_with_their_gaps_and_a_sentence_names_them(stage: Stage, desk: Desk) -> None:
    first, second, other = stage.phone(name="Karin"), stage.phone(), stage.phone()
    put(stage, first, new_id(), "Nord", NORTH)
    put(stage, second, new_id(), "Nord", SOUTH)  # the next note taker of the same team
    put(stage, other, new_id(), "Syd <b>", SOUTH)
    page = read(desk)
    assert drawn(page) == {"Nord": [NORTH[0], NORTH[2], *SOUTH], "Syd <b>": SOUTH}, "a point alone is no line"
    told = text_of(page)
    assert "2 hold har optaget deres vej: Nord, Syd <b>. Hvor prikkerne holder op, er der ikke målt." in told
    assert "Hvor et hold gik" in told
    assert "Vis den på kortet" in told
    assert not [secret for secret in ("Karin", first.id, second.id, other.id) if secret in page]


def test_a_group_without_teams_is_a_group(stage: Stage, desk: Desk) -> None:
    put(stage, stage.phone(), new_id(), None, SOUTH)
    assert drawn(read(desk)) == {"": SOUTH}
    assert "Gruppen har optaget sin vej. Hvor prikkerne" in text_of(read(desk))
    put(stage, stage.phone(), new_id(), "Nord", NORTH)
    assert "1 hold har optaget sin vej: Nord. Det har nogle uden hold også." in text_of(read(desk))


def test_what_grows_or_is_deleted_is_on_the_page_at_once(stage: Stage, desk: Desk) -> None:
    phone, track_id = stage.phone(), new_id()
    put(stage, phone, track_id, "Nord", SOUTH)
    seen = desk.get("")
    put(stage, phone, track_id, "Nord", NORTH, 2)
    grown = desk.get("", headers={"If-None-Match": seen.headers["etag"]})
    assert (grown.status_code, drawn(grown.text)) == (200, {"Nord": [NORTH[0], NORTH[2]]})
    assert desk.get("", headers={"If-None-Match": grown.headers["etag"]}).status_code == 304
    put(stage, phone, track_id, "Nord", [], 3, deleted=True)
    gone = desk.get("", headers={"If-None-Match": grown.headers["etag"]})
    assert (gone.status_code, drawn(gone.text)) == (200, None)


def test_it_is_in_no_file_and_no_walker_gets_it(stage: Stage, desk: Desk) -> None:
    phone, other = stage.phone(), stage.phone()
    phone.put(phone.note())
    put(stage, phone, new_id(), "Nord", SOUTH)
    answers = [desk.get(ending) for ending in (".geojson", ".csv", ".json", ".zip", "/places.geojson", "/comparison")]
    answers += [other.get(f"/walks/{stage.walk.id}"), other.get(f"/walks/{stage.walk.id}/changes")]
    for answer in answers:
        assert answer.status_code == 200
        assert b"57.03123" not in answer.content
        assert b"9.97234" not in answer.content
    assert b"57.03123" in desk.get("").content


def test_who_may_not_read_the_report_does_not_see_it(stage: Stage, desk_of: Any) -> None:
    put(stage, stage.phone(), new_id(), "Nord", SOUTH)
    for who in (desk_of("partner"), desk_of("coordinator", "Randers Kommune")):
        answer = who.get("")
        assert answer.status_code in {403, 404}
        assert "57.03" not in answer.text
