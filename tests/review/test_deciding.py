"""Each decision has its history and its undo; two reviewers at once overwrite nothing; an author's change is never lost."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.models import Observation
from app.problems import Problem
from app.review import deciding
from app.review.decided import decided
from app.review.deciding import Changed, Gone, Refused
from tests.cast import Stage
from tests.review.conftest import Reviewer, follow, history, sent

pytestmark = pytest.mark.usefixtures("every_database")


def state(stage: Stage, note: str) -> Any:
    with stage.db.read() as tx:
        return decided(tx, stage.walk.id).get(note)


CHANGES = [
    ("release", deciding.release()),
    ("hide", deciding.hide("Nævner en person")),
    ("redact", deciding.redact({"note": [(0, 6)]})),
    ("place", deciding.place({"lat": 57.0, "lon": 9.9})),
    ("place", deciding.place(None)),
    ("factors", deciding.sort(["lighting.outage"])),
    ("sensitive", deciding.judge(True)),
    ("sensitive", deciding.judge(False)),
    ("priority", deciding.rank(1)),
]


@pytest.mark.parametrize(("what", "change"), CHANGES)
def test_each_decision_is_one_step_and_undone_leaves_everything_as_it_was(
    stage: Stage, ida: Reviewer, bo: Reviewer, what: str, change: deciding.Change
) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author)
    first, before = follow(other)[note], state(stage, note)
    [step] = ida.decide(note, what, change)
    assert (step.what, step.user_id) == (what, ida.user.id)
    assert step.before != step.after
    assert bo.undo(step)
    assert {**follow(other)[note], "seq": 0} == {**first, "seq": 0}
    after = state(stage, note)
    assert (after.state, after.priority, after.because) == (before.state, before.priority, before.because)
    [kept] = history(stage, note)
    assert kept.undone_by == bo.user.id
    assert bo.undo(step) == [], "a second time changes nothing"


def test_a_decision_on_what_somebody_else_has_decided_meanwhile_is_told_and_not_kept(
    stage: Stage, ida: Reviewer, bo: Reviewer
) -> None:
    note = sent(stage.phone())
    seen = bo.seen(note)
    ida.hide(note)
    with pytest.raises(Changed) as told:
        bo.release(seen)
    assert told.value.made.decided_by == ida.user.id
    assert state(stage, note).state == "hidden"
    assert len(history(stage, note)) == 1


def test_words_that_the_author_has_changed_meanwhile_are_not_released_unread(stage: Stage, ida: Reviewer) -> None:
    author = stage.phone()
    note = sent(author)
    seen = ida.seen(note)
    author.edit(note, note="Peter Hansen bor her.")
    author.put(note)
    with pytest.raises(Changed):
        ida.release(seen)
    assert state(stage, note).state == "waiting"


def test_a_newer_revision_waits_again_and_a_hidden_note_stays_hidden(stage: Stage, ida: Reviewer) -> None:
    author, other = stage.phone(), stage.phone()
    released, hidden = sent(author), sent(author)
    ida.release(released)
    ida.hide(hidden)
    for note in (released, hidden):
        author.edit(note, note="Nu lyser den igen.")
        author.put(note)
    assert state(stage, released).state == "waiting"
    assert state(stage, hidden).state == "hidden"
    assert follow(other)[hidden].get("deleted")
    ida.decide(released, "priority", deciding.rank(2))
    assert state(stage, released).state == "waiting", "its words were not released with it"


def test_an_older_decision_is_undone_only_after_the_newer_ones(stage: Stage, ida: Reviewer, bo: Reviewer) -> None:
    note = sent(stage.phone())
    first = ida.release(note)
    second = bo.decide(note, "priority", deciding.rank(1))
    with pytest.raises(Refused):
        ida.undo(*first)
    ida.undo(*second)
    ida.undo(*first)
    assert state(stage, note).state == "waiting"


def test_the_button_pressed_twice_decides_once(stage: Stage, ida: Reviewer) -> None:
    note = sent(stage.phone())
    seen = ida.seen(note)
    assert ida.release(seen)
    assert ida.release(seen) == []
    assert len(history(stage, note)) == 1


def test_of_many_reviewers_at_once_one_decides_and_the_others_are_told(
    stage: Stage, ida: Reviewer, bo: Reviewer
) -> None:
    note = sent(stage.phone())
    seen = ida.seen(note)

    def go(number: int) -> str:
        who = (ida, bo)[number % 2]
        try:
            return (
                "kept"
                if who.decide(
                    seen, "hide" if number < 4 else "release", deciding.hide("x") if number < 4 else deciding.release()
                )
                else "again"
            )
        except Changed:
            return "told"  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(go, range(8)))
    assert told.count("kept") == 1
    assert len(history(stage, note)) == 1


def test_a_note_deleted_by_its_author_is_gone_from_the_review_and_keeps_its_history(
    stage: Stage, ida: Reviewer
) -> None:
    author = stage.phone()
    note = sent(author)
    steps = ida.strike(note, note="Lampen")
    author.edit(note, deleted=True)
    author.put(note)
    assert state(stage, note) is None
    with pytest.raises(Gone):
        ida.release(note)
    assert len(history(stage, note)) == 1
    ida.undo(*steps)
    author.edit(note, deleted=False)
    author.put(note)
    assert state(stage, note).state == "waiting"


def test_hiding_needs_a_reason_and_it_stands_in_the_state(stage: Stage, ida: Reviewer) -> None:
    note = sent(stage.phone())
    with pytest.raises(Refused):
        ida.hide(note, "  ")
    ida.hide(note, "Nævner en beboer")
    assert state(stage, note).because == "Nævner en beboer"


def test_who_is_not_cleared_decides_on_no_sensitive_note_but_takes_back_what_they_did(
    stage: Stage, volunteer: Reviewer, ida: Reviewer
) -> None:
    author = stage.phone()
    sensitive, named, plain = (
        sent(author, factors=["behaviour.groups"]),
        sent(author, note="Peter Hansen bor her."),
        sent(author),
    )
    for note in (sensitive, named):
        with pytest.raises(Problem, match="not-found"):
            volunteer.release(note)
    steps = volunteer.decide(plain, "sensitive", deciding.judge(True))
    with pytest.raises(Problem, match="not-found"):
        volunteer.release(plain)
    volunteer.undo(*steps)
    volunteer.release(plain)
    with pytest.raises(Problem, match="not-found"):
        volunteer.undo(*ida.decide(plain, "sensitive", deciding.judge(True)))


def test_the_walkers_own_words_are_never_touched(stage: Stage, ida: Reviewer) -> None:
    author = stage.phone()
    note = sent(author, suggestion="En lampe til.")
    for what, change in CHANGES:
        ida.decide(note, what, change)
    with stage.db.read() as tx:
        kept = tx.get_one(Observation, note)
    made = author.made[note]
    assert (kept.note, kept.suggestion, kept.fix, kept.pin, kept.factors, kept.rev) == (
        made["note"], made["suggestion"], made["fix"], None, [], 1)  # fmt: skip


def test_striking_out_is_not_undone_over_words_that_nobody_has_looked_at(stage: Stage, ida: Reviewer) -> None:
    phone = stage.phone()
    note_id = sent(phone, note="Manden med den røde hat er altid fuld.")
    struck = ida.strike(note_id, note="Manden med den røde hat")
    phone.edit(note_id, note="Ham med den røde hat og hunden er altid fuld.")
    phone.put(note_id)
    with pytest.raises(Refused):
        ida.undo(*struck)
    assert follow(stage.phone())[note_id]["deleted"]
    again = ida.strike(note_id, note="Ham med den røde hat og hunden")
    assert follow(stage.phone())[note_id]["note"] == "[…] er altid fuld."
    ida.undo(*again)
    assert follow(stage.phone())[note_id]["deleted"]
