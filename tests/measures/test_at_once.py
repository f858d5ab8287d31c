"""Many hands at once: nothing is lost, nothing is overwritten, and a walk with ten thousand notes is chosen from in time."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import insert
from sqlmodel import select

from app.measures import changing, partners
from app.measures.changing import By, Changed
from app.models import Measure, Observation, Partner, User, new_id, now
from app.problems import Problem
from app.review import deciding
from tests.measures.conftest import Plan
from tests.measures.pages import Paper
from tests.review.conftest import Reviewer

HANDS = 6


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)`, `work(1)` … give, all begun at the same moment."""
    ready, found = threading.Barrier(HANDS), dict[int, Any]()

    def hand(number: int) -> None:
        ready.wait(30)
        found[number] = work(number)

    threads = [threading.Thread(target=hand, args=(number,)) for number in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [found[number] for number in range(HANDS)]


def somebody(plan: Plan) -> str:
    with plan.stage.db.read() as tx:
        return tx.exec(select(User.id)).all()[0]


def test_a_measure_answered_at_the_same_moment_keeps_one_answer_and_all_the_others_in_its_history(
    plan: Plan, desk: Paper, every_database: str
) -> None:
    told, by, db = plan.make(desk), By(somebody(plan)), plan.stage.db

    def answer(number: int) -> str:
        wanted = {"answer": f"Svar {number}"}
        with db.read() as tx:
            measure = tx.get_one(Measure, told.id)
        try:
            with db.write() as tx:
                changing.change(tx, measure, told.version, wanted, by)
        except Changed:
            with db.write() as tx:
                changing.keep_both(tx, measure, wanted, by)
            return "told"
        return "kept"

    assert sorted(at_once(answer)) == ["kept"] + ["told"] * (HANDS - 1)
    after = plan.told()[0]
    said = [step.changes.get("answer") or step.changes["beside"]["answer"] for step in after.steps[1:]]
    assert sorted(pair[1] for pair in said) == [f"Svar {number}" for number in range(HANDS)]
    assert after.answer == said[0][1]


def test_measures_made_at_the_same_moment_get_a_number_each(plan: Plan, desk: Paper, every_database: str) -> None:
    note, db = plan.note(), plan.stage.db
    by = By(somebody(plan))

    def make(_number: int) -> int:
        with db.write() as tx:
            wanted = {"place": "Her", "problem": "Mørkt"}
            return changing.make(tx, plan.stage.walk, new_id(), [note], wanted, by).number

    assert sorted(at_once(make)) == list(range(1, HANDS + 1))


def test_a_usual_owner_needed_at_the_same_moment_is_made_once(plan: Plan, every_database: str) -> None:
    db, place = plan.stage.db, plan.stage.walk.organisation_id

    def need(_number: int) -> str:
        with db.write() as tx:
            found = partners.needed(tx, place, "vej")
            assert found
            return found.id

    assert len(set(at_once(need))) == 1
    with db.read() as tx:
        assert len(tx.exec(select(Partner)).all()) == 1


def test_ten_thousand_notes_are_chosen_from_and_told_of_in_time(plan: Plan, desk: Paper) -> None:
    first = plan.note(note="Den første.")
    with plan.stage.db.write() as tx:
        like = tx.get_one(Observation, first).model_dump()
        many = [like | {"id": new_id(), "seq": 10 + number, "note": f"Note {number}."} for number in range(10_000)]
        tx.connection().execute(insert(Observation), many)
    begun = time.perf_counter()
    desk.open(f"{plan.at}/new")
    took = time.perf_counter() - begun
    assert "9801 more notes are not shown. Choose a stop." in desk.words
    assert took < 5  # a busy machine; measured at about a second
    plan.make(desk, first)
    assert desk.status == 200


def test_a_list_of_many_measures_asks_the_database_no_more_than_one_of_few(plan: Plan, desk: Paper) -> None:
    note, by = plan.note(), By(somebody(plan))
    with plan.stage.db.write() as tx:
        changing.make(tx, plan.stage.walk, new_id(), [note], {"place": "Her", "problem": "Mørkt"}, by)
        given = {"walk_id": plan.stage.walk.id, "place": "Her", "problem": "Mørkt", "created_by": by.user_id}
        tx.add_all(Measure(number=number, **given) for number in range(2, 601))
    begun = time.perf_counter()
    desk.open(f"{plan.at}?show=all")
    assert time.perf_counter() - begun < 5
    assert desk.page.count("<tr>") == 601
    assert now() > plan.told()[0].created_at


def test_measures_are_made_of_notes_that_are_reviewed_meanwhile_and_nobody_is_asked_to_try_again(
    plan: Plan, desk: Paper, every_database: str
) -> None:
    db, by, ida = plan.stage.db, By(somebody(plan)), Reviewer(plan.stage, "ida@kommune.example", "coordinator")
    notes = [plan.note(released=False) for _ in range(8)]
    told = plan.make(desk, plan.note())

    def work(number: int) -> None:
        for turn in range(8):
            if number % 3 == 2:
                with suppress(deciding.Changed):
                    ida.decide(notes[turn], "priority", deciding.rank(turn % 3 + 1))
                continue
            with db.write() as tx:
                if number % 3 == 0:
                    changing.make(tx, plan.stage.walk, new_id(), notes[::-1], {"place": "Her", "problem": "Mørkt"}, by)
                else:
                    measure = tx.get_one(Measure, told.id)
                    changing.rest_on(tx, measure, notes, by)
                    changing.rest_on(tx, measure, notes, by, off=True)

    troubles = at_once(lambda number: _trouble(work, number))
    assert troubles == [None] * HANDS
    assert sorted(one.number for one in plan.told()) == list(range(1, 2 + 2 * 8))


def _trouble(work: Callable[[int], None], number: int) -> str | None:
    try:
        work(number)
    except Exception as trouble:
        return f"{trouble!r} {trouble.__cause__!r}"
    return None


def test_two_partners_that_get_one_name_at_the_same_moment_are_told_of_it(plan: Plan, every_database: str) -> None:
    made = [plan.partner(f"Vej {number}") for number in range(HANDS)]

    def rename(number: int) -> str:
        try:
            with plan.stage.db.write() as tx:
                partners.change(tx, made[number], "Vej og Park", "")
        except Problem as told:
            return told.code
        return "kept"

    assert sorted(at_once(rename)) == ["invalid"] * (HANDS - 1) + ["kept"]
