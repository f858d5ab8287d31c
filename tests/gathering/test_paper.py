"""Notes on paper, typed in: each once, under the rules of every note, and in the report like the others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from app.models import Observation, Participant, Revision, Variant, Walk
from app.report.report import Report
from tests.cast import Stage
from tests.gathering.conftest import Hand
from tests.phone import new_id

Reported = Callable[[], Report]
SENSITIVE = "behaviour.noise"


def test_a_note_on_paper_is_in_the_report_with_its_stop_and_its_writers_role(
    stage: Stage, hand: Hand, reported: Reported
) -> None:
    hand.open()
    answer = hand.save(
        stop="2",
        valence="unsafe",
        why="Lampe virker ikke",
        note="Mørkt her.",
        suggestion="En lampe.",
        role="housing",
        feeling="1",
    )
    assert answer.status_code == 200
    assert "Gemt: ark 1" in hand.words
    (seen,) = reported().observations
    assert (seen.note, seen.suggestion, seen.valence, seen.feeling) == ("Mørkt her.", "En lampe.", "unsafe", 1)
    assert (seen.stop, seen.role, seen.factors, seen.written_on) == (2, "housing", ("lighting.outage",), "paper")
    assert reported().participants == {"housing": 1}
    assert "på papir" in hand.http.get(f"/walks/{stage.walk.id}/report").text


def test_the_phones_hear_of_it_in_their_changes(stage: Stage, hand: Hand) -> None:
    phone = stage.phone()
    hand.open()
    hand.save(stop="1", valence="safe", note="Her hilser man.")
    assert [change["note"] for change in phone.changes() if "note" in change] == ["Her hilser man."]


def test_saving_twice_makes_one_note(hand: Hand, reported: Reported) -> None:
    hand.open()
    form = hand.hidden()
    for _ in range(2):
        assert hand.post("paper", form | {"valence": "safe", "note": "Én gang."}).status_code == 200
    assert len(reported().observations) == 1


def test_a_button_pressed_five_times_at_once_makes_one_note(
    every_database: str, stage: Stage, hand: Hand, reported: Reported
) -> None:
    hand.open()
    form = hand.hidden() | {"valence": "safe", "note": "Én gang.", "stop": "1"}
    address = f"/walks/{stage.walk.id}/paper"
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _n: hand.http.post(address, data=form), range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len(reported().observations) == 1
    with stage.db.read() as tx:
        assert not tx.exec(select(Variant)).all()
        assert len(tx.exec(select(Participant)).all()) == 1


def test_the_next_note_keeps_stop_role_and_sheet_and_the_next_sheet_is_another_person(
    hand: Hand, reported: Reported
) -> None:
    hand.open()
    sheet = hand.hidden()["sheet"]
    hand.save(stop="2", valence="unsafe", note="Et.", role="school", team="Hold 2")
    assert hand.hidden()["sheet"] == sheet
    assert "Ark 1, note 2" in hand.words
    assert 'value="2" checked' in hand.page
    hand.save(stop="2", valence="safe", note="To.", role="school", team="Hold 2", do="new-sheet")
    assert hand.hidden()["sheet"] != sheet
    assert "Ark 2, note 1" in hand.words
    hand.save(note="Tre.", role="police")
    assert reported().participants == {"school": 1, "police": 1}
    assert [seen.team for seen in reported().observations] == ["Hold 2", "Hold 2", None]


def test_a_correction_is_a_further_revision_and_the_first_words_are_kept(
    stage: Stage, hand: Hand, reported: Reported
) -> None:
    hand.open()
    note = hand.hidden()["id"]
    hand.save(stop="1", valence="unsafe", note="Morkt.")
    hand.open(f"paper?note={note}")
    hand.save(stop="2", valence="unsafe", note="Mørkt.")
    (seen,) = reported().observations
    assert (seen.note, seen.stop) == ("Mørkt.", 2)
    with stage.db.read() as tx:
        history = tx.exec(select(Revision).where(Revision.observation_id == note)).all()
    assert sorted((one.rev, one.content["note"]) for one in history) == [(1, "Morkt."), (2, "Mørkt.")]


def test_two_who_correct_one_note_overwrite_nothing_silently(hand: Hand, volunteer: Hand, reported: Reported) -> None:
    hand.open()
    note = hand.hidden()["id"]
    hand.save(valence="unsafe", note="Mørkt.")
    for one in (hand, volunteer):
        one.open(f"paper?note={note}")
    volunteer.save(valence="unsafe", note="Mørkt ved skuret.")
    answer = hand.save(valence="unsafe", note="Mørkt ved stien.")
    assert answer.status_code == 409
    assert "Nu står der: Utryg. Mørkt ved skuret." in hand.words
    assert "Mørkt ved stien." in hand.page
    assert [seen.note for seen in reported().observations] == ["Mørkt ved skuret."]
    hand.save(valence="unsafe", note="Mørkt ved stien.")  # whoever has read it, means it
    assert [seen.note for seen in reported().observations] == ["Mørkt ved stien."]


def test_words_changed_after_a_lost_answer_are_one_note_and_are_told(hand: Hand, reported: Reported) -> None:
    hand.open()
    form = hand.hidden()
    hand.post("paper", form | {"note": "Først."})
    assert hand.post("paper", form | {"note": "Først, og mere."}).status_code == 409
    hand.save(note="Først, og mere.")
    assert [seen.note for seen in reported().observations] == ["Først, og mere."]


def test_a_deleted_note_leaves_report_and_list_and_can_be_brought_back(hand: Hand, reported: Reported) -> None:
    hand.open()
    note = hand.hidden()["id"]
    hand.save(valence="safe", note="Et forkert ark.")
    hand.post("paper/deletion", {"id": note, "rev": "1"})
    assert "Slettet" in hand.words
    assert not reported().observations
    assert reported().participants == {}, "a sheet without a note is nobody"
    hand.post("paper/deletion", {"id": note, "rev": "2", "deleted": "no"})
    assert [seen.note for seen in reported().observations] == ["Et forkert ark."]


def test_deleting_what_somebody_has_just_corrected_is_told(hand: Hand, reported: Reported) -> None:
    hand.open()
    note = hand.hidden()["id"]
    hand.save(valence="safe", note="Før.")
    hand.open(f"paper?note={note}")
    hand.save(valence="safe", note="Efter.")
    assert hand.post("paper/deletion", {"id": note, "rev": "1"}).status_code == 409
    assert len(reported().observations) == 1


def test_on_a_closed_walk_it_is_taken_in_and_flagged_like_a_late_phones(
    stage: Stage, hand: Hand, reported: Reported
) -> None:
    stage.close_walk()
    hand.open()
    assert hand.save(stop="1", valence="safe", note="Fra kassen.").status_code == 200
    assert reported().observations[0].flags == ("late",)


def test_an_emptied_walk_takes_nothing_in_and_says_so(stage: Stage, hand: Hand) -> None:
    hand.open()
    form = hand.hidden()
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    for answer in (hand.open(), hand.post("paper", form | {"note": "For sent."}), hand.open("table")):
        assert answer.status_code == 410
        assert "tømt" in answer.text
    with stage.db.read() as tx:
        assert not tx.exec(select(Participant)).all()


def test_it_was_written_when_the_walk_was(stage: Stage, hand: Hand, reported: Reported) -> None:
    begun = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).starts_at = begun
    hand.open()
    hand.save(note="Fredag.")
    assert reported().observations[0].captured_at == "2026-11-20T19:00:00+01:00"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "En note skal have mindst"),
        ({"note": "x" * 4001}, "Det er for langt"),
        ({"note": "Her.", "stop": "77"}, "Der er ikke noget stop 77"),
        ({"note": "Her.", "why": "drager"}, "intet emne, der hedder »drager«"),
        ({"note": "Her.", "why": "hj"}, "kan være flere ting"),
        ({"note": "Her.", "team": "x" * 61}, "Det er for langt"),
    ],
)
def test_what_cannot_be_kept_comes_back_with_a_sentence_and_leaves_nobody(
    stage: Stage, hand: Hand, typed: dict[str, str], said: str
) -> None:
    hand.open()
    answer = hand.save(suggestion="" if not typed else "Et spejl.", **typed)
    assert answer.status_code == 422
    assert said in hand.words
    assert not typed or "Et spejl." in hand.page
    with stage.db.read() as tx:
        assert not tx.exec(select(Participant)).all()


def test_reasons_are_chosen_by_their_first_letters_several_at_once(hand: Hand, reported: Reported) -> None:
    hand.open()
    hand.save(why="graf; lampe", note="Her.")
    assert reported().observations[0].factors == ("upkeep.graffiti", "lighting.outage")


def test_a_walkers_own_note_cannot_be_touched_from_here(stage: Stage, hand: Hand) -> None:
    phone = stage.phone()
    note = phone.note(note="Min egen.")
    phone.sync()
    hand.open()
    fresh = hand.hidden()
    assert hand.post("paper", fresh | {"sheet": phone.id, "note": "Ikke mig."}).status_code == 403
    assert hand.post("paper", fresh | {"id": note, "note": "Ikke mig."}).status_code == 403
    assert hand.post("paper/deletion", {"id": note, "rev": "1"}).status_code == 404
    assert hand.open(f"paper?note={note}").status_code == 404
    assert [change["note"] for change in phone.changes() if "note" in change] == ["Min egen."]


def test_another_walks_sheet_and_hidden_fields_that_are_not_ours_are_refused(stage: Stage, hand: Hand) -> None:
    hand.open()
    form = hand.hidden()
    hand.save(note="Her.")
    other = stage.another_walk(organisation_id=stage.walk.organisation_id)
    answer = hand.http.post(f"/walks/{other.id}/paper", data={**form, "id": new_id(), "note": "Der."})
    assert answer.status_code == 403
    for wrong in ({"id": "1"}, {"sheet": "'; --"}, {"id": "\0"}):
        assert hand.post("paper", form | {"note": "Her."} | wrong).status_code == 422
    assert hand.open("paper?note=%00").status_code == 422


def test_who_is_not_cleared_types_in_sensitive_notes_and_cannot_read_them_back(
    stage: Stage, volunteer: Hand, hand: Hand
) -> None:
    volunteer.open()
    form = volunteer.hidden()
    volunteer.save(stop="1", valence="unsafe", factor=SENSITIVE, note="Larm om natten.")
    assert "Larm om natten." not in volunteer.page
    assert "1 til om et følsomt emne" in volunteer.words
    assert volunteer.open(f"paper?note={form['id']}").status_code == 404
    answer = volunteer.post("paper", form | {"rev": "2", "note": "Overskrevet.", "factor": SENSITIVE})
    assert answer.status_code == 403
    assert "Larm om natten." not in answer.text
    hand.open()
    assert "Larm om natten." in hand.page


def test_nobody_can_join_with_the_secret_of_a_sheet(stage: Stage, hand: Hand) -> None:
    hand.open()
    sheet = hand.hidden()["sheet"]
    hand.save(note="Her.")
    thief = stage.phone()
    thief.id = sheet
    assert thief.try_to_join().status_code == 409
    assert thief.get(f"/walks/{stage.walk.id}").status_code == 401


def test_a_form_of_another_site_types_nothing_in(stage: Stage, hand: Hand, reported: Reported) -> None:
    hand.open()
    form = hand.hidden() | {"note": "Ikke vores."}
    address = f"/walks/{stage.walk.id}/paper"
    assert hand.http.post(address, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert hand.http.post(address, data=form | {"note": "x" * 200_000}).status_code == 413
    assert not reported().observations


def test_a_long_list_folds_and_still_has_every_note(stage: Stage, hand: Hand) -> None:
    hand.open()
    for number in range(12):
        hand.save(note=f"Note nummer {number}.")
    assert "Se alle 12" in hand.words
    assert all(f"Note nummer {number}." in hand.page for number in range(12))
    with stage.db.read() as tx:
        assert len(tx.exec(select(Observation)).all()) == 12
