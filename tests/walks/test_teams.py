"""A large group is split into teams: each with its order of the stops, known to the phones, and nobody is moved."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from app.models import Participant, Stop, Team, Walk
from app.walks.walks import teams_of
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Stage

__all__ = ["add", "hurry", "signed_in", "visitor"]
pytestmark = pytest.mark.usefixtures("every_database")

DUTIES = ("leader", "notes", "photos", "time")


@pytest.fixture(autouse=True)
def four_stops(stage: Stage) -> list[str]:
    """The ids of the walk's stops, in order."""
    more = [Stop(walk_id=stage.walk.id, number=number, name=f"Sted {number}") for number in (3, 4)]
    with stage.db.write() as tx:
        tx.add_all(more)
    return [stop.id for stop in [*stage.stops, *more]]


@pytest.fixture
def desk(signed_in: Callable[..., Browser]) -> Browser:
    return signed_in("organiser", "Aalborg Kommune")


def fields(page: str) -> dict[str, list[str]]:
    """The form's fields as a page shows them."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page[page.index('name="seen"') - 30 :]):
        name, value = (re.search(rf' {part}="([^"]*)"', tag) for part in ("name", "value"))
        if name and value and name[1] not in ("next", "count"):
            found.setdefault(name[1], []).append(unescape(value[1]))
    return found


def form(desk: Browser, stage: Stage) -> dict[str, list[str]]:
    return fields(desk.get(f"/walks/{stage.walk.id}/teams").text)


def post(desk: Browser, stage: Stage, typed: dict[str, Any], do: str = "save") -> Any:
    return desk.post(f"/walks/{stage.walk.id}/teams", data=typed | {"do": do})


def split(desk: Browser, stage: Stage, count: int) -> None:
    assert post(desk, stage, form(desk, stage) | {"count": str(count)}, "split").status_code == 303


def kept(stage: Stage) -> list[tuple[str, list[str]]]:
    with stage.db.read() as tx:
        return [(team.name, team.stop_ids) for team in teams_of(tx, stage.walk.id)]


def test_a_group_is_split_and_each_team_begins_at_another_stop(
    stage: Stage, desk: Browser, four_stops: list[str]
) -> None:
    phone = stage.phone()
    split(desk, stage, 2)
    assert kept(stage) == [("Hold A", []), ("Hold B", four_stops[2:] + four_stops[:2])]
    [change] = phone.changes()
    assert [team["name"] for team in change["walk"]["teams"]] == ["Hold A", "Hold B"]
    assert change["walk"]["teams"][1]["stop_ids"] == four_stops[2:] + four_stops[:2]
    assert "3 → 4 → 1 → 2" in desk.get(f"/walks/{stage.walk.id}/teams").text


def test_what_is_saved_again_unchanged_is_no_change_for_the_phones(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 3)
    phone = stage.phone()
    assert post(desk, stage, form(desk, stage)).status_code == 303
    assert phone.changes(after=phone.walk["seq"]) == []


def test_names_and_who_does_what_are_kept_and_the_phones_know(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 2)
    typed = form(desk, stage) | {"team_name": ["  Nord ", "Syd"], "leader": ["Ida", ""], "time": ["", "Ole <b>"]}
    assert post(desk, stage, typed).status_code == 303
    teams = stage.phone().walk["teams"]
    assert [(team["name"], team["duties"]) for team in teams] == [
        ("Nord", {"leader": "Ida"}),
        ("Syd", {"time": "Ole <b>"}),
    ]
    swapped = form(desk, stage) | {"team_name": ["Syd", "Nord"]}
    assert post(desk, stage, swapped).status_code == 303
    assert [team["duties"] for team in stage.phone().walk["teams"]] == [{"time": "Ole <b>"}, {"leader": "Ida"}]


@pytest.mark.parametrize(
    ("do", "order"),
    [("back:1", "3210"), ("start:1:3", "2301"), ("up:1:2", "1023"), ("down:1:1", "1023"), ("up:1:1", "0123"),
     ("down:1:4", "0123"), ("start:1:9", "0123"), ("start:9:1", "0123"), ("up:x:²", "0123"), ("nonsense", "0123")],
)  # fmt: skip
def test_the_order_is_changed_by_buttons(
    stage: Stage, desk: Browser, four_stops: list[str], do: str, order: str
) -> None:
    split(desk, stage, 2)
    assert post(desk, stage, form(desk, stage), do).status_code == 303
    assert (kept(stage)[0][1] or four_stops) == [four_stops[int(number)] for number in order]


def test_teams_are_added_and_removed_up_to_twelve(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 11)
    for _number in range(3):
        assert post(desk, stage, form(desk, stage), "add").status_code == 303
    assert len(kept(stage)) == 12
    for _number in range(12):
        assert post(desk, stage, form(desk, stage), "remove:1").status_code == 303
    assert kept(stage) == []
    assert stage.phone().walk["teams"] == []


@pytest.mark.parametrize("names", [["Nord", ""], ["Nord", "nord"], ["x" * 61, "Syd"], ["\x00\u202e", "Syd"]])
def test_what_cannot_be_kept_comes_back_with_a_sentence(stage: Stage, desk: Browser, names: list[str]) -> None:
    split(desk, stage, 2)
    refused = post(desk, stage, form(desk, stage) | {"team_name": names, "leader": ["Ida", "Ole"]})
    assert refused.status_code == 422
    assert re.search(r'id="error-[12]" role="alert">[^<]', refused.text)
    assert fields(refused.text)["leader"] == ["Ida", "Ole"]
    assert [name for name, _order in kept(stage)] == ["Hold A", "Hold B"]


def test_two_who_change_the_teams_at_once_overwrite_nothing(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 2)
    mine, theirs = form(desk, stage), form(desk, stage)
    assert post(desk, stage, theirs | {"team_name": ["Øst", "Vest"]}).status_code == 303
    refused = post(desk, stage, mine | {"team_name": ["Nord", "Syd"]})
    assert refused.status_code == 409
    assert "Vest · Øst" in refused.text
    assert [name for name, _order in kept(stage)] == ["Vest", "Øst"]
    again = fields(refused.text)
    assert again["team_name"] == ["Nord", "Syd"]
    assert post(desk, stage, again).status_code == 303
    assert [name for name, _order in kept(stage)] == ["Nord", "Syd"]


def test_a_walker_who_has_chosen_is_moved_by_nobody(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 2)
    phone = stage.phone(team="Hold A")
    page = desk.get(f"/walks/{stage.walk.id}/teams").text
    assert page.count("1 har valgt det") == 1
    post(desk, stage, form(desk, stage) | {"team_name": ["Nord", "Syd"]})
    with stage.db.read() as tx:
        assert tx.get_one(Participant, phone.id).team == "Hold A"


def test_a_stop_that_is_gone_falls_out_and_a_new_one_comes_last(
    stage: Stage, desk: Browser, four_stops: list[str]
) -> None:
    split(desk, stage, 2)
    with stage.db.write() as tx:
        tx.delete(tx.get_one(Stop, four_stops[2]))
        tx.add(Stop(walk_id=stage.walk.id, number=5, name="Nyt sted"))
    assert "4 → 1 → 2 → 5" in desk.get(f"/walks/{stage.walk.id}/teams").text


def test_the_teams_of_an_emptied_walk_stay_as_they_are(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 2)
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    assert post(desk, stage, form(desk, stage) | {"team_name": ["Nord", "Syd"]}).status_code == 410
    with stage.db.read() as tx:
        assert {team.name for team in teams_of(tx, stage.walk.id)} == {"Hold A", "Hold B"}


def test_a_form_put_together_by_hand_breaks_nothing(stage: Stage, desk: Browser) -> None:
    split(desk, stage, 2)
    typed = form(desk, stage)
    for strange in (
        {"team_id": [typed["team_id"][0]] * 2},
        {"team_id": ["x", "y"]},
        {"order": ["a,b", ""]},
        {"leader": []},
    ):
        assert post(desk, stage, form(desk, stage) | strange).status_code in {303, 409, 422}, strange
    with stage.db.write() as tx:
        tx.add(Team(walk_id=stage.walk.id, name="Fra siden", stop_ids=["gone"]))
    assert desk.get(f"/walks/{stage.walk.id}/teams").status_code == 200
