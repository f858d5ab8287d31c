"""Notes that say the same become one in the report, and no voice is lost: not by a deletion, nor by an undo of an undo."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.review import deciding
from app.review.decided import led_by
from app.review.deciding import Changed, Refused, Seen
from app.review.queue import queue
from tests.cast import Stage
from tests.gathering.conftest import Hand
from tests.phone import FIX
from tests.review.conftest import Reviewer, follow, history, sent

pytestmark = pytest.mark.usefixtures("every_database")

Reported = Callable[..., dict[str, Any]]


def near(metres: float) -> dict[str, Any]:
    return {**FIX, "lat": FIX["lat"] + metres / 111_195}  # type: ignore[operator]


def three(stage: Stage) -> list[str]:
    """Three notes at one place on one subject, of three roles; one of them feels otherwise."""
    said = [
        ("resident", "unsafe", "Mørkt midt i tunnelen."),
        ("police", "unsafe", "Lyset virker ikke."),
        ("school", "safe", "Fint lys."),
    ]
    return [
        sent(stage.phone(role=role), valence=valence, note=note, factors=["lighting.outage"], fix=near(5 * number))
        for number, (role, valence, note) in enumerate(said)
    ]


def test_all_voices_stay_with_their_words_and_roles_also_where_they_disagree(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    lead, second, third = three(stage)
    ida.merge(lead, second, third)
    ida.release(lead)
    notes = reported()
    assert {note.id for note in notes.values()} == {lead, second, third}
    assert [notes[one].review for one in (lead, second, third)] == ["released", "merged", "merged"]
    assert [notes[one].merged_into for one in (lead, second, third)] == [None, lead, lead]
    with stage.db.read() as tx:
        from app.report import report

        voices = report.build(tx, stage.walk.id, sensitive=True, base_url="").voices()
    assert [(one.role, one.valence, one.note) for one in voices[lead]] == [
        ("police", "unsafe", "Lyset virker ikke."), ("school", "safe", "Fint lys.")]  # fmt: skip
    other = follow(stage.phone())
    assert {other[one]["note"] for one in (lead, second, third)} == {
        "Mørkt midt i tunnelen.",
        "Lyset virker ikke.",
        "Fint lys.",
    }


def test_a_merge_is_one_step_undone_at_once_and_made_again(
    stage: Stage, ida: Reviewer, bo: Reviewer, reported: Reported
) -> None:
    lead, second, third = three(stage)
    for _ in range(2):
        steps = ida.merge(lead, second, third)
        assert len(steps) == 2
        assert reported()[third].merged_into == lead
        bo.undo(steps[1])
        assert all(note.merged_into is None and note.review == "waiting" for note in reported().values())
    assert len(history(stage, second)) == 2


def test_a_merge_of_a_merge_brings_all_along_and_undone_leaves_the_first_one(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    lead, second, third = three(stage)
    ida.merge(second, third)
    steps = ida.merge(lead, second)
    assert reported()[third].merged_into == lead
    ida.undo(*steps)
    assert reported()[third].merged_into == second
    assert reported()[second].merged_into is None
    ida.merge(lead, second)
    ida.part(lead)
    assert not any(note.merged_into for note in reported().values())


def test_one_is_parted_from_the_others(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    lead, second, third = three(stage)
    ida.merge(lead, second, third)
    ida.part(second)
    notes = reported()
    assert (notes[second].merged_into, notes[second].review) == (None, "waiting")
    assert notes[third].merged_into == lead


def test_when_the_author_deletes_the_leading_note_the_next_one_leads(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author = stage.phone()
    lead = sent(author, factors=["lighting.outage"], captured_at="2026-11-24T19:00:00+01:00")
    _none, second, third = three(stage)
    ida.merge(lead, second, third)
    author.edit(lead, deleted=True)
    author.put(lead)
    notes = reported()
    assert lead not in notes
    assert notes[second].merged_into is None
    assert notes[third].merged_into == second
    ida.release(second)
    author.edit(lead, deleted=False)
    author.put(lead)
    assert reported()[third].merged_into == lead


def test_when_the_author_deletes_a_merged_note_the_others_stay(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    author = stage.phone()
    lead, second, third = three(stage)
    mine = sent(author, factors=["lighting.outage"])
    ida.merge(lead, second, third, mine)
    author.edit(mine, deleted=True)
    author.put(mine)
    assert set(reported()) == {lead, second, third}
    ida.undo(*ida.part(lead))
    assert reported()[second].merged_into == lead


def test_a_merged_note_that_its_author_changes_stands_for_itself_until_it_is_looked_at(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author = stage.phone()
    lead, *_rest = three(stage)
    mine = sent(author, factors=["lighting.outage"])
    ida.merge(lead, mine)
    author.edit(mine, note="Nu handler den om noget andet.")
    author.put(mine)
    assert (reported()[mine].merged_into, reported()[mine].review) == (None, "waiting")
    ida.release(mine)
    assert reported()[mine].merged_into == lead


def test_a_hidden_leading_note_leaves_its_voices_and_a_sensitive_one_too(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    lead, second, third = three(stage)
    ida.merge(lead, second, third)
    steps = ida.decide(lead, "sensitive", deciding.judge(True))
    assert reported(sensitive=False)[third].merged_into == second
    assert reported()[third].merged_into == lead
    ida.undo(*steps)
    ida.hide(lead)
    assert reported()[third].merged_into == second
    with pytest.raises(Refused):
        ida.merge(second, lead)


def test_what_changed_meanwhile_is_not_merged_and_pressing_twice_merges_once(stage: Stage, ida: Reviewer) -> None:
    lead, second, third = three(stage)
    old = ida.seen(third)
    ida.hide(third)
    with stage.db.write() as tx, pytest.raises(Changed):
        deciding.merge(tx, ida.reader, ida.seen(lead), [ida.seen(second), Seen(third, old.version, old.rev)])
    assert history(stage, second) == []
    assert len(ida.merge(lead, second)) == 1
    assert ida.merge(lead, second) == []
    with pytest.raises(Refused):
        ida.merge(second, lead)


def test_only_near_notes_of_one_subject_are_suggested_never_merged_by_themselves(stage: Stage, ida: Reviewer) -> None:
    phone = stage.phone()
    here = sent(phone, factors=["lighting.outage"], fix=near(0))
    close = sent(phone, factors=["lighting.level"], fix=near(20))
    far = sent(phone, factors=["lighting.outage"], fix=near(40))
    otherwise = sent(phone, factors=["upkeep.graffiti"], fix=near(1))
    silent = sent(phone, factors=[], fix=near(1))
    at_stop = [sent(phone, factors=["traffic.speed"], fix=None, stop_id=stage.stops[1].id) for _ in range(2)]

    def like(note: str) -> set[str]:
        with stage.db.read() as tx:
            found = queue(tx, ida.reader, "")
            line = found.line(note)
            assert line
            return {one.id for one in found.like([line])[note]}

    assert like(here) == {close}
    assert like(close) == {here, far}
    assert like(otherwise) == like(silent) == set()
    assert like(at_stop[0]) == {at_stop[1]}
    assert all(history(stage, note) == [] for note in phone.made)
    ida.merge(here, close)
    assert like(here) == set(), "it is merged already"


def test_who_leads_where_some_are_not_there() -> None:
    merged = {"b": "a", "c": "a", "d": "x", "e": "x"}
    assert led_by(["a", "b", "c"], merged) == {"b": "a", "c": "a"}
    assert led_by(["b", "c"], merged) == {"c": "b"}
    assert led_by(["d", "e", "c"], merged) == {"e": "d"}
    assert led_by([], merged) == {}


def test_the_reports_page_and_the_wall_tell_the_leading_note_with_its_voices(stage: Stage, ida: Reviewer) -> None:
    hand = Hand(stage, "se@kommune.example", "coordinator")
    at = {"stop_id": stage.stops[0].id, "factors": ["lighting.outage"]}
    lead = sent(stage.phone(), note="Mørkt midt i tunnelen.", **at)
    same = sent(stage.phone(role="police"), note="Lyset virker ikke.", **at)
    otherwise = sent(stage.phone(role="school"), note="Fint lys i begge ender.", valence="safe", **at)
    ida.merge(lead, same, otherwise)
    hand.open("report")
    assert "3 stemmer" in hand.words
    assert hand.page.count('<li class="note"') == 1
    for voice in ("»Lyset virker ikke.« Politi", "»Fint lys i begge ender.« Skole"):
        assert voice in hand.words
    assert hand.page.count(f'id="n-{same}"') == 1
    hand.open("report?valence=safe")
    assert hand.page.count('<li class="note"') == 1, "its lead is not asked for, so it stands for itself"
    assert "Fint lys i begge ender." in hand.words
    hand.open("table?stop=1")
    assert "»Fint lys i begge ender.«" in hand.words, "who feels otherwise is not lost in a number"
    assert "Lyset virker ikke" not in hand.words
    assert "1 enig" in hand.words or "1 er enig" in hand.words


def test_a_parting_undone_too_late_leaves_nobody_without_a_note_to_speak_for_them(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    lead, second, third = three(stage)
    for now_above, now_below in ((third, second), (lead, second)):
        ida.merge(second, third)
        parted = ida.part(third)
        above = ida.merge(now_above, now_below)
        with pytest.raises(Refused):  # the third would lie under one that lies under it, or under another
            ida.undo(*parted)
        assert [one for one in reported().values() if one.merged_into and reported()[one.merged_into].merged_into] == []
        ida.undo(*above)
        ida.undo(*parted)
        assert reported()[third].merged_into == second
        ida.part(third)


def test_merges_of_two_reviewers_at_the_same_moment_never_stack(
    stage: Stage, ida: Reviewer, bo: Reviewer, reported: Reported
) -> None:
    def merge(ready: threading.Barrier, reader: Any, above: Seen, below: Seen) -> None:
        ready.wait(30)
        with contextlib.suppress(Changed, Refused), stage.db.write() as tx:
            deciding.merge(tx, reader, above, [below])

    for _ in range(4):
        lead, second, third = (ida.seen(one) for one in three(stage))
        ready, both = threading.Barrier(2), [(ida.reader, second, third), (bo.reader, lead, second)]
        threads = [threading.Thread(target=merge, args=(ready, *one)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        notes = reported()
        assert all(notes[one.merged_into].merged_into is None for one in notes.values() if one.merged_into)
