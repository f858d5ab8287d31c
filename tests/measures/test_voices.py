"""What others are told of the notes a measure rests on: how many see it so, and words as long as a note says them."""

import pytest

from app.measures import routing
from tests.cast import Stage
from tests.measures.conftest import Plan
from tests.measures.pages import Paper
from tests.phone import Phone


def written(plan: Plan, **content: object) -> str:
    """A note of somebody else."""
    phone = plan.stage.phone()
    note_id = phone.note(**content)
    phone.sync()
    return note_id


def agree(stage: Stage, phone: Phone, note_id: str) -> None:
    stage.http.put(f"/api/v1/observations/{note_id}/agreement", json={"agrees": True}, headers=phone.key)


@pytest.mark.usefixtures("every_database")
def test_a_partner_is_told_of_nobody_whose_note_they_may_not_read(plan: Plan, desk: Paper) -> None:
    vej = plan.partner()
    mine = plan.note(note="Her er mørkt.")
    merged, waiting = written(plan, note="Også her er det mørkt."), written(plan, note="Jeg går altid en omvej.")
    sensitive = written(plan, note="De sælger ved bænken.", factors=["behaviour.substances"])
    plan.release(merged, merged_into=mine)
    plan.release(sensitive)
    agree(plan.stage, plan.stage.phone(), mine)
    agree(plan.stage, plan.stage.phone(), waiting)
    plan.make(desk, mine, merged, waiting, sensitive, partner=vej.id)

    def voices() -> int:
        with plan.stage.db.read() as tx:
            return routing.routed(tx, [vej.id])[0].voices

    assert voices() == 3, "who wrote the two that are released, and who agrees with one of them"
    plan.release(waiting)
    assert voices() == 5


def test_whoever_plans_is_told_when_others_no_longer_read_a_measures_words(plan: Plan, desk: Paper) -> None:
    note = plan.note(note="Lampen i tunellen er slukket hver aften.")
    told = plan.make(desk, note, place="Tunnelen")
    page = f"{plan.at}/{told.number}"
    said = "Others do not read all of its words."
    assert said not in desk.open(page).words
    plan.phone.edit(note, note="Lampen i tunnelen er slukket hver aften.")
    plan.phone.sync()
    assert said in desk.open(page).words
    desk.press(page, problem="Lampen er slukket.")
    assert said not in desk.open(page).words
