"""From notes to a measure in two taps, and what becomes of it when it is changed, taken out, or loses its notes."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.measures import measures, proposal
from app.models import MeasureStep, Partner, now
from app.report import report
from app.taxonomy import owners
from tests.measures.conftest import Plan
from tests.measures.pages import Paper

FIX = {"lat": 57.0402, "lon": 9.9801, "accuracy_m": 6.0, "source": "gps", "fixed_at": "2026-11-24T19:32:08+01:00"}


def test_two_taps_make_a_measure_with_place_problem_owner_and_deadline_filled_in(plan: Plan, desk: Paper) -> None:
    one = plan.note(factors=["lighting.outage"], note="Mast 4471 er mørk.", suggestion="Skift pæren", fix=FIX)
    two = plan.note(factors=["lighting.outage"], note="Her kan man intet se.", fix=FIX | {"lat": 57.0404})

    desk.open(plan.at + "/new")
    assert "Mast 4471 er mørk." in desk.words
    told = plan.make(desk, one, two)

    assert (told.number, told.place, told.stop) == (1, "Kilden", 1)  # the stop is near the notes
    assert told.lat == pytest.approx(57.0403)
    assert told.problem == "Lamp not working. Mast 4471 er mørk."
    assert told.measure == "Skift pæren"
    assert (told.kind, told.status, told.money, told.priority) == ("upkeep", "proposed", "none", 2)
    assert told.partner == "Kommune: vej, trafik og belysning"
    today = measures.today_of(plan.stage.walk, now())
    assert told.deadline == today + timedelta(days=14)  # Aarhus: a lamp in 14 days
    assert told.observation_ids == (one, two)
    assert desk.address == f"{plan.at}/1"
    assert "The measure is made." in desk.words


def test_a_deadline_follows_the_factor_else_the_kind_else_half_a_year() -> None:
    assert proposal.days_for(["upkeep.litter", "lighting.outage"], "upkeep") == 14
    assert proposal.days_for(["visibility.sightline"], "looked_into") == 21
    assert proposal.days_for(["upkeep.litter"], "upkeep") == 182


def test_the_usual_owner_is_made_once_and_only_with_the_measure(plan: Plan, desk: Paper) -> None:
    note = plan.note(factors=["lighting.outage"])
    desk.open(f"{plan.at}/new?note={note}")
    desk.press(plan.at, place="")  # looked at, and refused for want of a place
    assert desk.status == 422
    with plan.stage.db.read() as tx:
        assert not tx.exec(select(Partner)).all()
    plan.make(desk, note)
    plan.make(desk, note)
    with plan.stage.db.read() as tx:
        assert [one.owner for one in tx.exec(select(Partner)).all()] == ["vej"]


def test_what_a_sensitive_note_says_is_not_put_into_words_that_others_read(plan: Plan, desk: Paper) -> None:
    note = plan.note(
        factors=["behaviour.substances"], note="Manden i nr. 7 sælger.", suggestion="Tal med manden i nr. 7"
    )
    told = plan.make(desk, note)
    assert told.problem == "Alcohol and drugs"
    assert told.measure == ""
    assert told.kind == "police"


def test_a_note_that_says_nothing_or_looks_as_if_it_named_a_person_makes_a_measure_too(plan: Plan, desk: Paper) -> None:
    told = plan.make(desk, plan.note(note="Birthe Nielsen går her aldrig."))
    assert told.problem == "It feels unsafe here"
    assert plan.make(desk, plan.note(note="", valence="mixed", fix=None)).place == "Place not known"


def test_the_same_form_sent_twice_makes_one_measure(plan: Plan, desk: Paper) -> None:
    desk.open(f"{plan.at}/new?note={plan.note()}")
    form = desk.form(plan.at)
    desk.post(plan.at, form)
    desk.post(plan.at, form)
    assert [one.number for one in plan.told()] == [1]


def test_not_possible_and_refused_need_a_reason(plan: Plan, desk: Paper) -> None:
    told = plan.make(desk)
    for field, value in (("kind", "impossible"), ("status", "refused")):
        desk.open(f"{plan.at}/1").press(f"{plan.at}/1", **{field: value}, reason=" ", answer="Det går ikke.")
        assert desk.status == 422
        assert "Write why it is not possible" in desk.words
        assert "Det går ikke." in desk.page  # what was typed is still there
    assert plan.told()[0].version == told.version
    desk.press(f"{plan.at}/1", reason="En bro kræver anlægsmidler, som ikke er afsat.")
    assert (desk.status, plan.told()[0].status) == (200, "refused")


def test_a_deadline_in_the_past_is_asked_about_and_not_forbidden(plan: Plan, desk: Paper) -> None:
    plan.make(desk)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", deadline="2020-01-31")
    assert desk.status == 422
    assert "This deadline has passed already." in desk.words
    assert plan.told()[0].version == 1
    desk.press(f"{plan.at}/1", past="meant")
    assert str(plan.told()[0].deadline) == "2020-01-31"
    desk.press(f"{plan.at}/1", unit="Drift")  # it stays: nobody is asked again
    assert (desk.status, plan.told()[0].unit) == (200, "Drift")


@pytest.mark.parametrize(
    ("written", "kept"),
    [("10.12.2026", "2026-12-10"), ("10/12 2026", "2026-12-10"), ("på fredag", ""), ("31.2.2026", ""), ("", "None")],
)
def test_a_day_is_read_as_danes_write_it(plan: Plan, desk: Paper, written: str, kept: str) -> None:
    plan.make(desk)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", deadline=written, past="meant")
    if kept:
        assert str(plan.told()[0].deadline) == kept
    else:
        assert "Write the deadline as day, month and year" in desk.words


def test_two_who_change_it_at_once_are_told_and_both_answers_are_kept(
    plan: Plan, desk: Paper, every_database: str
) -> None:
    other = plan.signed_in("coordinator")
    plan.make(desk)
    desk.open(f"{plan.at}/1")
    other.open(f"{plan.at}/1").press(f"{plan.at}/1", answer="Vi skifter lampen fredag.", status="accepted")

    desk.press(f"{plan.at}/1", answer="Det er ikke vores lampe.")
    assert desk.status == 409
    assert "coordinator1@kommune.example has changed this meanwhile." in desk.words
    assert "Vi skifter lampen fredag." in desk.words
    told = plan.told()[0]
    assert (told.answer, told.status) == ("Vi skifter lampen fredag.", "accepted")
    assert told.steps[-1].changes["beside"]["answer"] == ["Vi skifter lampen fredag.", "Det er ikke vores lampe."]

    desk.press(f"{plan.at}/1")  # having read it, they mean theirs
    assert plan.told()[0].answer == "Det er ikke vores lampe."
    assert "Vi skifter lampen fredag." in desk.words  # in the history


def test_the_same_change_pressed_twice_is_no_quarrel(plan: Plan, desk: Paper) -> None:
    plan.make(desk)
    desk.open(f"{plan.at}/1")
    form = desk.form(f"{plan.at}/1") | {"answer": "Vi ser på det."}
    assert desk.post(f"{plan.at}/1", form).status == 200
    assert desk.post(f"{plan.at}/1", form).status == 200
    assert len(plan.told()[0].steps) == 2


def test_a_measure_taken_out_keeps_its_number_and_its_history_and_comes_back(plan: Plan, desk: Paper) -> None:
    plan.make(desk)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/removal")
    assert "Measure 1 is taken out of the plan." in desk.words
    assert plan.told() == ()
    assert plan.make(desk).number == 2
    desk.open(f"{plan.at}?removed=1").press(f"{plan.at}/1/removal", back="yes")
    assert [one.number for one in plan.told()] == [1, 2]
    with plan.stage.db.read() as tx:
        steps = tx.exec(select(MeasureStep).where(MeasureStep.measure_id == plan.told()[0].id)).all()
    assert len(steps) == 3


def test_a_note_taken_back_by_its_author_leaves_the_measure_which_says_so(plan: Plan, desk: Paper) -> None:
    one, two = plan.note(note="Den er mørk."), plan.note(note="Helt sort hernede.")
    plan.make(desk, one, two)
    plan.phone.edit(two, deleted=True)
    plan.phone.sync()
    desk.open(f"{plan.at}/1")
    assert "1 of its notes was taken back by who wrote it. The measure stays." in desk.words
    assert "Helt sort hernede." not in desk.words
    assert (plan.told()[0].taken_back, len(plan.told()[0].observation_ids)) == (1, 2)
    assert "1 taken back" in desk.open(plan.at).words


def test_notes_are_added_and_taken_off_but_one_stays(plan: Plan, desk: Paper) -> None:
    one, two = plan.note(note="En."), plan.note(note="To.")
    plan.make(desk, one)
    desk.open(f"{plan.at}/new?into=1").press(f"{plan.at}/joining", note=[two])
    assert plan.told()[0].observation_ids == (one, two)
    desk.press(f"{plan.at}/1/notes", off=[one])
    assert plan.told()[0].observation_ids == (two,)
    desk.post(f"{plan.at}/1/notes", {"off": [two]})
    assert desk.status == 422
    assert "A measure rests on at least one note." in desk.words


def test_somebody_who_may_not_read_a_sensitive_note_makes_no_measure_of_it(plan: Plan) -> None:
    volunteer = plan.signed_in("organiser")
    note = plan.note(factors=["behaviour.groups"], note="Drengene fra blokken.")
    assert "Drengene" not in volunteer.open(f"{plan.at}/new").words
    assert "Drengene" not in volunteer.open(f"{plan.at}/new?note={note}").words
    volunteer.post(plan.at, {"note": note, "place": "Her", "problem": "x", "kind": "police", "status": "proposed"})
    assert plan.told() == ()


def test_the_report_knows_which_measures_rest_on_a_note(plan: Plan, desk: Paper) -> None:
    note = plan.note()

    def version() -> str:
        with plan.stage.db.read() as tx:
            return report.version(tx, plan.stage.walk.id)

    before = version()
    plan.make(desk, note)
    made = version()
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", answer="Vi kommer.")
    assert len({before, made, version()}) == 3
    with plan.stage.db.read() as tx:
        whole = report.build(tx, plan.stage.walk.id, sensitive=True, base_url="")
    assert whole.observations[0].measures == (1,)
    assert whole.measures[0].answer == "Vi kommer."
    assert f'href="{plan.at}/1"' in desk.open(f"/walks/{plan.stage.walk.id}/report").page


def test_the_list_filters_and_counts(plan: Plan, desk: Paper) -> None:
    for number in range(3):
        plan.make(desk, plan.note(note=f"Note {number}."), place=f"Sted {number}")
    desk.open(f"{plan.at}/2").press(f"{plan.at}/2", deadline="2020-01-31", past="meant")
    desk.open(f"{plan.at}/3").press(f"{plan.at}/3", status="done", partner="")
    words = desk.open(f"{plan.at}?show=late").words
    assert "Open ones 2" in words
    assert "Closed ones 1" in words
    assert "Sted 1" in words
    assert "Sted 0" not in words
    assert "days over" in words


def test_a_sign_that_no_database_keeps_is_no_error_of_ours(plan: Plan, desk: Paper, every_database: str) -> None:
    assert desk.open(f"{plan.at}/new?note=" + "%00" * 36).status == 200
    partner = plan.partner("Vej og Park")
    assert desk.post(f"/partners/{partner.id}", {"name": ["Vej\0Park"], "email": [""]}).status == 200
    assert "Vej\ufffdPark" in desk.words


def test_a_usual_owner_whose_name_is_taken_is_who_goes_by_it_and_nothing_typed_is_lost(plan: Plan, desk: Paper) -> None:
    namesake = plan.partner(owners()["vej"]["da"], "politi")
    told = plan.make(desk, plan.note(factors=["lighting.outage"]), partner="owner:vej", problem="Lampen er slukket")
    assert (told.partner_id, told.problem) == (namesake.id, "Lampen er slukket")
    desk.post(f"/partners/{namesake.id}/ending", {})
    desk.open(f"{plan.at}/new?note={plan.note()}").press(plan.at, partner="owner:vej", problem="Igen slukket")
    assert desk.status == 422
    assert "Igen slukket" in desk.page
