"""Route and stops, as the map and the list write them: kept as drawn, in the order of the list, whoever may read it told."""

from typing import Any

import pytest
from sqlmodel import select

from app.models import Stop, Walk
from app.walks.draft import StopDraft
from tests.access.conftest import Browser, add, hurry, signed_in
from tests.cast import Stage
from tests.walks.test_plan import GPX, SignedIn, desk, form, save

__all__ = ["add", "desk", "hurry", "signed_in"]
pytestmark = pytest.mark.usefixtures("every_database")
SCRIPT = {"Accept": "application/json"}


def walk_of(stage: Stage) -> Walk:
    with stage.db.read() as tx:
        return tx.get_one(Walk, stage.walk.id)  # type: ignore[no-any-return]


def stops_of(stage: Stage) -> list[tuple[Any, ...]]:
    with stage.db.read() as tx:
        stops = tx.exec(select(Stop).where(Stop.walk_id == stage.walk.id).order_by(Stop.number)).all()
    return [(stop.name, stop.lat, stop.lon) for stop in stops]


def test_a_route_drawn_on_the_map_is_kept_and_goes_again(stage: Stage, desk: Browser) -> None:
    drawn = "[[9.98,57.04],[9.981,57.041],[9.983,57.0415]]"
    assert save(desk, stage.walk.id, form(stage, desk) | {"route_line": drawn}, headers=SCRIPT).status_code == 200
    route = walk_of(stage).route
    assert route == {"type": "LineString", "coordinates": [[9.98, 57.04], [9.981, 57.041], [9.983, 57.0415]]}
    phone = stage.phone()
    assert phone.walk["route"] == route
    unchanged = form(stage, desk)
    assert unchanged["route_line"].replace(" ", "") == drawn
    rev = walk_of(stage).plan_rev
    save(desk, stage.walk.id, unchanged)
    assert walk_of(stage).plan_rev == rev
    del unchanged["route_line"]  # a script leaves out what has not changed
    save(desk, stage.walk.id, unchanged | {"purpose": "Lys"})
    assert walk_of(stage).route == route
    save(desk, stage.walk.id, form(stage, desk) | {"route_line": ""})
    assert walk_of(stage).route is None


def test_a_file_wins_over_the_line_that_the_page_still_holds(stage: Stage, desk: Browser) -> None:
    fields = form(stage, desk) | {"route_line": "[[9.9,57.0],[9.91,57.0]]"}
    assert save(desk, stage.walk.id, fields, files={"route": ("tur.gpx", GPX.encode())}).status_code == 303
    assert walk_of(stage).route == {"type": "LineString", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}


def test_what_is_wrong_with_a_drawn_route_is_said_and_the_kept_one_stays(stage: Stage, desk: Browser) -> None:
    save(desk, stage.walk.id, form(stage, desk) | {"route_line": "[[9.98,57.04],[9.99,57.05]]"})
    refused = save(desk, stage.walk.id, form(stage, desk) | {"route_line": "[[1,2],[3,1e999]]"}, headers=SCRIPT)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["route"])
    assert walk_of(stage).route == {"type": "LineString", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}


def test_who_comes_second_hears_that_the_route_was_drawn_otherwise_and_overwrites_nothing(
    stage: Stage, desk: Browser, signed_in: SignedIn
) -> None:
    other = signed_in("organiser", "Aalborg Kommune", email="samraad@example.org")
    mine = form(stage, desk) | {"route_line": "[[9.98,57.04],[9.99,57.05]]"}
    save(other, stage.walk.id, form(stage, other) | {"route_line": "[[9.98,57.04],[9.98,57.05]]"})
    refused = save(desk, stage.walk.id, mine)
    assert refused.status_code == 409
    assert "Ruten er en anden." in refused.text
    assert "[[9.98, 57.04], [9.99, 57.05]]" in refused.text  # what was drawn is not lost
    route = walk_of(stage).route
    assert route
    assert route["coordinates"][1] == [9.98, 57.05]


def test_a_stop_on_the_other_half_of_the_globe_is_seen_although_the_route_is_short(stage: Stage, desk: Browser) -> None:
    fields = form(stage, desk) | {
        "route_line": "[[9.98,57.04],[9.99,57.05]]",
        "stop_place": ["57.04, 9.98", "-33.9, 18.4"],
    }
    refused = save(desk, stage.walk.id, fields, headers=SCRIPT)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["stops"])


def test_the_way_is_laid_from_stop_to_stop_without_a_map(stage: Stage, desk: Browser) -> None:
    alone = save(desk, stage.walk.id, form(stage, desk) | {"do": "straight"})
    assert alone.status_code == 422
    assert "En rute kræver to stop, der har et sted." in alone.text
    fields = form(stage, desk) | {"stop_place": ["57.04, 9.98", "57.05, 9.98"], "do": "straight"}
    assert save(desk, stage.walk.id, fields).status_code == 303
    assert walk_of(stage).route == {"type": "LineString", "coordinates": [[9.98, 57.04], [9.98, 57.05]]}
    page = desk.get(f"/walks/{stage.walk.id}/plan").text
    assert "1,1\u00a0km" in page  # 0.01 degrees of latitude
    assert "ca. 30 minutter" in page  # 1112 s of walking and two stops of 300 s, to the nearest five minutes


def test_a_list_of_places_typed_by_hand_becomes_stops(stage: Stage, desk: Browser) -> None:
    listed = "1. Torvet; 57.05, 9.99\r\n\r\n- Skolen\nBroen\t57,0501; 9,9912\n57.06, 9.98\nOpgang 3. sal\n"
    assert save(desk, stage.walk.id, form(stage, desk) | {"places": listed, "do": "list"}).status_code == 303
    assert stops_of(stage) == [
        ("Kilden", 57.04, 9.98), ("Tunnelen", None, None), ("Torvet", 57.05, 9.99), ("Skolen", None, None),
        ("Broen", 57.0501, 9.9912), ("Stop 6", 57.06, 9.98), ("Opgang 3. sal", None, None),
    ]  # fmt: skip


def test_a_list_that_is_too_long_stands_where_it_was_typed_and_adds_nothing(stage: Stage, desk: Browser) -> None:
    refused = save(desk, stage.walk.id, form(stage, desk) | {"places": "Et sted\n" * 199, "do": "list"})
    assert refused.status_code == 422
    assert "Det ville blive 201 stop; en vandring har højst 200. Ingen af dem er tilføjet." in refused.text
    assert refused.text.count("Et sted\n") >= 198
    assert len(stops_of(stage)) == 2
    assert save(desk, stage.walk.id, form(stage, desk) | {"places": "Et sted\n" * 198, "do": "list"}).status_code == 303
    assert len(stops_of(stage)) == 200


@pytest.mark.parametrize(
    ("written", "point"),
    [
        ("57.0488, 9.9217", (57.0488, 9.9217)),
        ("57,0488; 9,9217", (57.0488, 9.9217)),
        ("57,0488, 9,9217", (57.0488, 9.9217)),
        ("57,0488 9,9217", (57.0488, 9.9217)),
        ("57.0488°, 9.9217°", (57.0488, 9.9217)),
        ("57,9", (57.0, 9.0)),
        ("Kilden", None),
        ("157.0, 9.9", None),
        ("٥٧, ٩" + "x", None),
    ],
)
def test_a_place_is_understood_as_map_programs_and_danes_write_it(written: str, point: Any) -> None:
    assert StopDraft(place=written).point == point


def test_a_script_hears_the_ids_of_its_stops_so_that_the_next_saving_means_the_same_ones(
    stage: Stage, desk: Browser
) -> None:
    fields = form(stage, desk)
    fields |= {"stop_id": [fields["stop_id"][1], "", fields["stop_id"][1]], "stop_name": ["Tunnelen", "Ny", "To gange"],
               "stop_prompt": [""] * 3, "stop_place": [""] * 3}  # fmt: skip
    told = save(desk, stage.walk.id, fields, headers=SCRIPT).json()
    assert told["stops"][0] == stage.stops[1].id
    assert len(set(told["stops"])) == 3
    again = fields | {"rev": str(told["rev"]), "stop_id": told["stops"], "stop_prompt": ["", "Er her lys?", ""]}
    assert save(desk, stage.walk.id, again, headers=SCRIPT).json()["stops"] == told["stops"]


def test_who_is_invited_stands_in_the_invitation(stage: Stage, desk: Browser) -> None:
    assert "Inviteret:" not in desk.get(f"/walks/{stage.walk.id}/plan").text
    save(desk, stage.walk.id, form(stage, desk) | {"invited": ["police", "resident", "wizard"]})
    assert walk_of(stage).invited == ["resident", "police"]
    assert "Inviteret: beboere og politiet" in desk.get(f"/walks/{stage.walk.id}/plan").text
    fields = form(stage, desk)
    assert fields["invited"] == ["resident", "police"]
    del fields["invited_asked"], fields["invited"]
    save(desk, stage.walk.id, fields | {"purpose": "Lys"})
    assert walk_of(stage).invited == ["resident", "police"]
    save(desk, stage.walk.id, form(stage, desk) | {"invited": []})
    assert walk_of(stage).invited == []


def test_a_planned_walk_is_told_when_to_open_by_itself_as_clocks_show_it_there(stage: Stage, desk: Browser) -> None:
    walk_id = desk.post("/walks/new", data={"title": "Ny"}).headers["location"].split("/")[2]
    fields = form(stage, desk, walk_id) | {"day": "2026-07-01", "opens_at": "18:30"}
    assert save(desk, walk_id, fields).status_code == 303
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, walk_id)
    assert walk.opens_at
    assert walk.opens_at.isoformat() == "2026-07-01T16:30:00+00:00"
    page = desk.get(f"/walks/{walk_id}/plan").text
    assert "Den åbner af sig selv den 1.\u00a0juli 2026 kl. 18.30." in page
    assert form(stage, desk, walk_id)["opens_at"] == "18:30"
    save(desk, walk_id, form(stage, desk, walk_id) | {"opens_at": ""})
    with stage.db.read() as tx:
        assert tx.get_one(Walk, walk_id).opens_at is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "2026-11-26", "opens_at": "i morgen"}, "opens_at"),
        ({"day": "2026-11-26", "begins": "19:00", "ends": "20:30", "opens_at": "20:30"}, "opens_at"),
        ({"day": "2026-11-26", "begins": "19:00", "opens_at": "21:00"}, "opens_at"),
        ({"opens_at": "18:30"}, "day"),
    ],
)
def test_a_time_of_opening_that_cannot_be_is_said_beside_its_field(
    stage: Stage, desk: Browser, typed: dict[str, str], field: str
) -> None:
    walk_id = desk.post("/walks/new", data={"title": "Ny"}).headers["location"].split("/")[2]
    refused = save(desk, walk_id, form(stage, desk, walk_id) | typed, headers=SCRIPT)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])


def test_a_walk_that_is_open_already_keeps_no_time_of_opening(stage: Stage, desk: Browser) -> None:
    assert "opens_at" not in form(stage, desk)
    save(desk, stage.walk.id, form(stage, desk) | {"day": "2026-07-01", "opens_at": "18:30"})
    assert walk_of(stage).opens_at is None


def test_another_walk_at_the_same_time_is_told_and_not_forbidden(
    stage: Stage, desk: Browser, signed_in: SignedIn
) -> None:
    notice = "Der er en anden vandring på samme tid."
    other = stage.another_walk(title="Vejgaard", organisation_id=stage.walk.organisation_id)
    save(desk, other.id, form(stage, desk, other.id) | {"day": "2026-11-26", "begins": "18:00", "ends": "19:30"})
    stranger = signed_in("organiser", "Randers Kommune", email="r@example.org")
    theirs = stranger.post("/walks/new", data={"title": "Randers"}).headers["location"].split("/")[2]
    save(stranger, theirs, form(stage, stranger, theirs) | {"day": "2026-11-26", "begins": "19:00"})

    def told(**fields: str) -> str:
        assert save(desk, stage.walk.id, form(stage, desk) | fields).status_code == 303
        return desk.get(f"/walks/{stage.walk.id}/plan").text

    page = told(day="2026-11-26", begins="19:00")
    assert notice in page
    assert "Vejgaard" in page
    assert "Randers" not in page
    assert notice not in told(begins="19:30")  # it begins when the other ends
    assert notice in told(begins="16:30")  # nobody said when it ends: two hours
    assert notice not in told(ends="18:00")
    assert notice not in stranger.get(f"/walks/{theirs}/plan").text
