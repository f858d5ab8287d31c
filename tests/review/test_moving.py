"""A note that stands at the wrong stop is put to the right one: for everybody who reads, while the walker's own is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from app.measures import plan
from app.models import Observation
from app.review import deciding
from app.review.deciding import OWN
from app.walks import live
from app.walks.places import _places
from tests.cast import Stage
from tests.report.evening import Evening
from tests.review.conftest import Reviewer, follow, history, sent
from tests.review.test_page import Desk

Reported = Callable[..., dict[str, Any]]


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage, "ida@kommune.example", "coordinator")


@pytest.mark.usefixtures("every_database")
def test_a_note_moved_to_another_stop_stands_there_for_everybody_and_the_walkers_own_is_kept(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    kilden, tunnelen = stage.stops
    author, other = stage.phone(), stage.phone()
    note = sent(author, stop_id=tunnelen.id, fix=None)
    cursor = max(change["seq"] for change in other.changes())
    ida.decide(note, "stop", deciding.move(kilden.id))
    assert follow(other, cursor)[note]["stop_id"] == kilden.id, "whoever follows hears of it"
    assert follow(author)[note]["stop_id"] == tunnelen.id, "the author has what they wrote"
    assert (reported()[note].stop, reported()[note].lat) == (1, kilden.lat)
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note).stop_id == tunnelen.id
        now = live.look(tx, stage.walk, sensitive=True)
        assert [at.notes.total() for at in now.stops] == [1, 0]
        assert now.newest[0].stop == kilden
        assert len(_places(tx, stage.walk.id, sensitive=True)["features"]) == 1, "it is on the map where its stop is"
        assert [[pick.note.id for pick in plan.to_choose(tx, ida.reader, stop)[0]] for stop in ("1", "2", "none")] == [
            [note], [], []]  # fmt: skip


@pytest.mark.usefixtures("every_database")
def test_it_can_belong_to_no_stop_and_back_again(stage: Stage, ida: Reviewer, bo: Reviewer, reported: Reported) -> None:
    note = sent(stage.phone(), stop_id=stage.stops[0].id)
    here = reported()[note]
    away = ida.decide(note, "stop", deciding.move(None))
    assert (reported()[note].stop, reported()[note].lat) == (None, here.lat), "where it was measured stays"
    bo.decide(note, "stop", deciding.move(stage.stops[1].id))
    assert reported()[note].stop == 2
    with pytest.raises(deciding.Refused):
        ida.undo(*away)
    bo.undo(history(stage, note)[-1])
    assert reported()[note].stop is None
    ida.undo(*away)
    assert reported()[note].stop == 1
    ida.decide(note, "stop", deciding.move(None))
    ida.decide(note, "stop", deciding.move(OWN))
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note).shown is None, "as if nobody had moved it"


def test_a_place_put_right_and_a_stop_chosen_stand_beside_each_other(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    note = sent(stage.phone(), stop_id=stage.stops[1].id)
    ida.decide(note, "place", deciding.place({"lat": 57.05, "lon": 9.97}))
    ida.decide(note, "stop", deciding.move(stage.stops[0].id))
    seen = reported()[note]
    assert (seen.stop, seen.lat, seen.placed) == (1, 57.05, True)


def test_an_author_who_writes_anew_chooses_the_stop_anew(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    author = stage.phone()
    note = sent(author, stop_id=stage.stops[1].id)
    ida.decide(note, "stop", deciding.move(None))
    author.edit(note, note="Det er ved tunnelen.")
    author.put(note)
    assert (reported()[note].stop, reported()[note].review) == (2, "waiting")


def test_a_reviewer_moves_it_on_the_page_and_the_history_names_the_stop(stage: Stage, desk: Desk) -> None:
    note = sent(stage.phone(), stop_id=stage.stops[1].id, fix=None)
    page = desk.look()
    assert "Deltageren valgte: 2 Tunnelen." in page
    desk.press("stop", stop=stage.stops[0].id)
    assert "Flyttet til stop 1 Kilden" in desk.words
    assert "Stop 1 Kilden ·" in desk.words, "it stands there now"
    assert "Deltageren valgte: 2 Tunnelen." in desk.words
    desk.press("stop", stop="none")
    assert "Flyttet væk fra stoppene" in desk.words
    desk.post("review/undoing", desk.undo_of)
    assert "Fortrudt" in desk.words
    assert "Stop 1 Kilden ·" in desk.words
    desk.press("stop", stop="own")
    assert "Tilbage ved det stop, deltageren valgte" in desk.words
    assert [step.what for step in history(stage, note)] == ["stop", "stop", "stop"]


def test_a_stop_that_is_gone_or_of_another_walk_is_told_in_a_sentence(stage: Stage, desk: Desk) -> None:
    note = sent(stage.phone(), stop_id=stage.stops[1].id)
    desk.look()
    for stop in ("", "0" * 36, stage.walk.id):
        answer = desk.press("stop", stop=stop)
        assert answer.status_code == 422
        assert "Det stop findes ikke længere. Vælg et andet." in desk.words
    assert history(stage, note) == []


def test_two_who_move_it_at_once_are_told_of_each_other(stage: Stage, ida: Reviewer, bo: Reviewer) -> None:
    note = sent(stage.phone(), stop_id=stage.stops[1].id)
    seen = bo.seen(note)
    ida.decide(note, "stop", deciding.move(stage.stops[0].id))
    with pytest.raises(deciding.Changed):
        bo.decide(seen, "stop", deciding.move(None))
    assert len(history(stage, note)) == 1


def test_an_edition_has_it_at_the_stop_chosen_and_the_next_one_says_that_it_moved(stage: Stage) -> None:
    evening = Evening(stage)
    note = evening.note(note="Her er mørkt mellem træerne.", stop=2)
    [before] = evening.published().frozen["public"]["notes"]
    ida = Reviewer(stage, "ida@kommune.example", "coordinator")
    ida.decide(note, "stop", deciding.move(stage.stops[0].id))
    [after] = evening.published().frozen["public"]["notes"]
    assert (before["stop"], before["number"]) == (2, "2.1")
    assert (after["stop"], after["number"]) == (1, "1.1")
    assert "Tunnelen" in evening.bo.open(f"{evening.at}/release/2").words
