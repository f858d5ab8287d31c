"""A measure of a walk back goes on with one of the walk before: both say so, and nobody learns of a walk that is not theirs."""

from dataclasses import replace

import pytest

from app.models import Measure, Organisation, Walk
from tests.measures.conftest import Plan
from tests.measures.pages import Paper


@pytest.fixture
def first(plan: Plan, desk: Paper) -> str:
    """The id of the earlier walk's measure at the tunnel."""
    return plan.make(desk, plan.note(stop_id=plan.stage.stops[1].id), place="Tunnelen", problem="Mørkt").id


@pytest.fixture
def back(plan: Plan, first: str) -> Plan:
    """The walk back, with notes of its own."""
    earlier = plan.stage.walk
    walk = plan.stage.another_walk(
        organisation_id=earlier.organisation_id, follows_id=earlier.id, follows_as="return", title="Anden gang"
    )
    stage = replace(plan.stage, walk=walk, stops=[])
    return Plan(stage, stage.phone(), plan.emails)


def held(plan: Plan, measure_id: str) -> Measure:
    with plan.stage.db.read() as tx:
        return tx.get_one(Measure, measure_id)


def change(plan: Plan, measure_id: str, **fields: object) -> None:
    with plan.stage.db.write() as tx:
        row = tx.get_one(Measure, measure_id)
        for name, value in fields.items():
            setattr(row, name, value)


def test_it_says_what_it_goes_on_with_on_its_page_in_its_history_and_on_the_earlier_one(
    plan: Plan, back: Plan, desk: Paper, first: str
) -> None:
    again = back.make(desk, back.note(), place="Tunnelen", continues=first)
    assert held(back, again.id).continues_id == first
    page = desk.open(f"{back.at}/{again.number}").words
    assert "It goes on with measure 1, Tunnelen" in page
    assert "Goes on with: 1. Tunnelen" in page, "in its history"
    assert f'href="{plan.at}/1"' in desk.page
    page = desk.open(f"{plan.at}/1").words
    assert "It goes on as measure 1, Tunnelen (Anden gang, Proposed)" in page
    desk.open(f"{back.at}/1").press(f"{back.at}/1", continues="")
    assert held(back, again.id).continues_id is None
    assert "It goes on as" not in desk.open(f"{plan.at}/1").words


def test_the_one_that_was_promised_at_the_same_place_is_proposed_and_of_several_none(
    plan: Plan, back: Plan, desk: Paper, first: str
) -> None:
    change(plan, first, lat=57.06, lon=9.98)
    fix = {"lat": 57.0601, "lon": 9.98, "accuracy_m": 5.0, "source": "gps", "fixed_at": "2026-11-24T19:32:08+01:00"}
    note = back.note(fix=fix)
    assert desk.open(f"{back.at}/new?note={note}").form(back.at)["continues"] == [first]
    change(plan, first, status="done")
    assert desk.open(f"{back.at}/new?note={note}").form(back.at)["continues"] == [""]
    change(plan, first, status="doing")
    other = plan.make(desk, plan.note(), place="Et andet sted")
    change(plan, other.id, lat=57.0601, lon=9.98)
    assert desk.open(f"{back.at}/new?note={note}").form(back.at)["continues"] == [""]


def test_only_a_measure_of_the_walk_before_can_be_named(plan: Plan, back: Plan, desk: Paper, first: str) -> None:
    mine = back.make(desk, back.note())
    for wrong in (mine.id, "guess", first.replace("-", "0")):
        desk.open(f"{back.at}/1").press(f"{back.at}/1", continues=wrong)
        assert (desk.status, held(back, mine.id).continues_id) == (422, first)
        assert "Choose one of the list." in desk.words
    assert "Goes on with a measure" not in desk.open(f"{plan.at}/1").words, "it is the first walk"


def test_one_that_is_taken_out_afterwards_is_still_told_and_chosen_by_no_other(
    plan: Plan, back: Plan, desk: Paper, first: str
) -> None:
    again = back.make(desk, back.note(), continues=first)
    desk.post(f"{plan.at}/1/removal", {})
    assert "1. Tunnelen (taken out of the plan)" in desk.open(f"{back.at}/1").words
    desk.press(f"{back.at}/1", unit="Belysning")
    assert held(back, again.id).continues_id == first
    assert "taken out of the plan" not in desk.open(f"{back.at}/new?note={back.note()}").words


def test_of_a_walk_that_somebody_may_not_read_nothing_is_told_and_nothing_is_lost(
    plan: Plan, back: Plan, desk: Paper, first: str
) -> None:
    again = back.make(desk, back.note(), continues=first)
    with plan.stage.db.write() as tx:
        tx.add(elsewhere := Organisation(name="Randers Kommune"))
        tx.flush()
        tx.get_one(Walk, plan.stage.walk.id).organisation_id = elsewhere.id
    page = desk.open(f"{back.at}/1").words
    for said in ("It goes on with", "Tunnelen", "Goes on with a measure"):
        assert said not in page.replace(again.place, "")
    desk.press(f"{back.at}/1", unit="Belysning")
    assert desk.status == 200
    assert held(back, again.id).continues_id == first
    stranger = plan.signed_in("coordinator", "Randers Kommune")
    assert "It goes on as" not in stranger.open(f"{plan.at}/1").words


def test_what_becomes_impossible_is_not_looked_at_again_until_it_is_marked(plan: Plan, desk: Paper, first: str) -> None:
    form = desk.open(f"{plan.at}/1").form(f"{plan.at}/1") | {"kind": ["impossible"], "reason": ["Et fortidsminde"]}
    for _twice in range(2):
        desk.post(f"{plan.at}/1", form)
        assert (desk.status, held(plan, first).revisit) == (200, False)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", revisit="yes")
    assert held(plan, first).revisit
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", revisit="", kind="upkeep")
    assert not held(plan, first).revisit, "somebody has said so"
