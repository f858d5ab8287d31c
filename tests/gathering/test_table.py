"""The coffee table: what a wall shows, what it never shows, and what the group says to it."""

import re
from collections.abc import Callable

import pytest
from sqlmodel import select

from app.models import Agreement, Participant, Revision
from app.report.report import Report
from tests.cast import Stage
from tests.gathering.conftest import Hand
from tests.phone import Phone, new_id

Reported = Callable[[], Report]


@pytest.fixture
def walker(stage: Stage) -> Phone:
    """A phone with a name, a note at each stop, one nowhere, and a sensitive one."""
    phone = stage.phone(name="Karen Hansen", role="police", team="Hold Karen")
    first, second = (stop.id for stop in stage.stops)
    phone.note(stop_id=first, valence="safe", note="Her hilser man.", fix=None)
    phone.note(stop_id=first, valence="unsafe", note="Lampen er slukket.", suggestion="En ny lampe.")
    phone.note(stop_id=second, valence="unsafe", note="Larm fra kælderen.", factors=["behaviour.noise"])
    phone.note(valence="mixed", note="På vej hjem.")
    phone.sync()
    return phone


def note_id(phone: Phone, words: str) -> str:
    return next(one for one, body in phone.made.items() if body["note"] == words)


def new_note(hand: Hand) -> str:
    """The id that the open page's form carries."""
    found = re.search(r'name="id" value="([^"]+)">\s*<fieldset>', hand.page)
    assert found
    return found[1]


def test_each_stop_has_its_page_the_good_first_and_elsewhere_is_the_last(hand: Hand, walker: Phone) -> None:
    hand.open("table")
    assert hand.words.index("Her hilser man.") < hand.words.index("Lampen er slukket.")
    assert "En ny lampe." in hand.words
    assert "På vej hjem." not in hand.words
    hand.open("table?stop=other")
    assert "Andre steder" in hand.words
    assert "På vej hjem." in hand.words
    assert hand.open("table?stop=99999999").status_code == 200


def test_a_wall_shows_no_sensitive_note_whoever_stands_before_it_and_says_how_many_wait(
    hand: Hand, volunteer: Hand, walker: Phone
) -> None:
    for one in (hand, volunteer):
        one.open("table?stop=2")
        assert "Larm fra kælderen." not in one.page
        assert "1 følsom note venter på tovholderen" in one.words


def test_a_wall_names_nobody(hand: Hand, walker: Phone) -> None:
    for stop in ("1", "2", "other"):
        page = hand.open(f"table?stop={stop}").text
        assert not [word for word in ("Karen", "Politi", "ida@") if word in page]


def test_the_group_has_one_voice_and_can_take_it_back(
    stage: Stage, hand: Hand, volunteer: Hand, walker: Phone, reported: Reported
) -> None:
    note = note_id(walker, "Lampen er slukket.")
    for one in (hand, volunteer, hand):
        assert one.post("table/agreement", {"id": note, "agrees": "yes", "stop": "1"}).status_code == 200
        assert "Gruppen er enig · Fortryd" in one.words
    assert next(seen.agreements for seen in reported().observations if seen.id == note) == 1
    hand.post("table/agreement", {"id": note, "agrees": "no", "stop": "1"})
    assert "Fortryd" not in hand.words
    assert next(seen.agreements for seen in reported().observations if seen.id == note) == 0
    with stage.db.read() as tx:
        assert len(tx.exec(select(Agreement)).all()) == 1
        assert [one.kind for one in tx.exec(select(Participant)).all()] == ["phone", "table"]
    assert reported().participants == {"police": 1}, "the group is the same people once more"


def test_the_group_cannot_agree_with_what_the_wall_does_not_show(stage: Stage, hand: Hand, walker: Phone) -> None:
    hidden = note_id(walker, "Larm fra kælderen.")
    other = stage.phone(stage.another_walk())
    elsewhere = other.note(note="En anden vandring.")
    other.sync()
    for note in (hidden, elsewhere, new_id()):
        assert hand.post("table/agreement", {"id": note, "agrees": "yes"}).status_code == 404
    assert hand.post("table/agreement", {"id": "x"}).status_code == 422


def test_what_the_group_adds_goes_the_way_of_every_note(
    stage: Stage, hand: Hand, walker: Phone, reported: Reported
) -> None:
    hand.open("table?stop=2")
    note = new_note(hand)
    for _ in range(2):  # pressed twice
        hand.post("table/notes", {"id": note, "stop": "2", "valence": "mixed", "note": "Et spejl ved svinget."})
    assert "Gruppens egen note" in hand.words
    (seen,) = (seen for seen in reported().observations if seen.id == note)
    assert (seen.stop, seen.valence, seen.written_on) == (2, "mixed", "table")
    assert "Gruppen ved kaffebordet" in hand.http.get(f"/walks/{stage.walk.id}/report").text
    assert "Et spejl ved svinget." in [change.get("note") for change in walker.changes()]
    assert hand.post("table/agreement", {"id": note, "agrees": "yes"}).status_code == 403, "its own note"
    hand.post(
        "table/notes", {"id": note, "stop": "2", "note": "Et spejl, og lys."}
    )  # an answer was lost, words were added
    hand.post("table/notes", {"id": note, "stop": "2", "deleted": "yes"})
    assert note not in [seen.id for seen in reported().observations]
    with stage.db.read() as tx:
        assert len(tx.exec(select(Revision).where(Revision.observation_id == note)).all()) == 3


def test_an_empty_note_comes_back_with_a_sentence(hand: Hand, walker: Phone) -> None:
    hand.open("table?stop=1")
    assert hand.post("table/notes", {"id": new_note(hand), "stop": "1"}).status_code == 422
    assert "En note skal have mindst" in hand.words
    assert "Her hilser man." in hand.words


def test_it_may_be_added_on_a_closed_walk(stage: Stage, hand: Hand, reported: Reported) -> None:
    stage.close_walk()
    hand.open("table")
    assert hand.post("table/notes", {"id": new_note(hand), "stop": "other", "note": "Bagefter."}).status_code == 200
    assert "Bagefter." in hand.words
    assert "late" in reported().observations[0].flags


def test_a_walkers_note_cannot_be_rewritten_or_taken_back_from_the_wall(hand: Hand, walker: Phone) -> None:
    note = note_id(walker, "Her hilser man.")
    assert hand.post("table/notes", {"id": note, "stop": "1", "note": "Noget andet."}).status_code == 403
    assert hand.post("table/notes", {"id": note, "stop": "1", "deleted": "yes"}).status_code == 404
    hand.open("table?stop=1")
    assert "Her hilser man." in hand.words


def test_a_long_note_is_cut_between_words_and_unfolds_whole(stage: Stage, hand: Hand) -> None:
    phone = stage.phone()
    text = " ".join(f"ord{number}" for number in range(80))
    phone.note(stop_id=stage.stops[0].id, note=text, valence="unsafe")
    phone.sync()
    hand.open("table?stop=1")
    said = hand.words.replace("» ", "").replace("…« Hele noten »… ", "")
    assert text in said


def test_of_many_notes_of_one_kind_two_stand_and_the_others_unfold(stage: Stage, hand: Hand) -> None:
    phone = stage.phone()
    for number in range(5):
        phone.note(stop_id=stage.stops[0].id, note=f"Mørkt {number}", valence="unsafe")
    phone.note(stop_id=stage.stops[0].id, note="Lyst", valence="safe")
    phone.sync()
    hand.open("table?stop=1")
    assert "5 noter" in hand.words
    assert "3 til" in hand.words
    assert all(f"Mørkt {number}" in hand.words for number in range(5))
