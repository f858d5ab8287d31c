"""The review's page without scripts: the queue, each decision as a form, and what is said when something came between."""

import re
import threading
from typing import Any

import pytest
from sqlalchemy import event

from app.models import Observation, Review
from tests.cast import Stage
from tests.gathering.conftest import Hand
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.review.conftest import Reviewer, follow, history, sent


class Desk(Hand):
    """A reviewer's browser without scripts."""

    def look(self, query: str = "") -> str:
        answer = self.open(f"review{query}")
        assert answer.status_code == 200, answer.text
        return self.words

    def form(self, do: str) -> dict[str, Any]:
        """The fields of the form with that button, as they stand."""
        for form in re.findall(r"<form[^>]*>.*?</form>", self.page, re.S):
            if f'value="{do}"' in form or f'name="{do}"' in form:
                hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
                ticked = re.findall(r'<input type="(?:checkbox|radio)" name="(\w+)" value="([^"]*)" checked', form)
                fields: dict[str, Any] = {}
                for name, value in [*hidden, *ticked]:
                    fields[name] = [*fields[name], value] if isinstance(fields.get(name), list) else (
                        [fields[name], value] if name in fields else value)  # fmt: skip
                return fields
        raise AssertionError(f"no form with {do} in {self.words}")

    def press(self, do: str, **typed: Any) -> Any:
        return self.post("review/decisions", {**self.form(do), "do": do, **typed})

    @property
    def opened(self) -> str:
        return re.search(r'data-note="([^"]+)"', self.page)[1]  # type: ignore[index]

    @property
    def undo_of(self) -> dict[str, str]:
        form = re.search(r'<form method="post" action="[^"]*/undoing"[^>]*>(.*?)</form>', self.page, re.S)
        assert form, self.words
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage, "ida@kommune.example", "coordinator")


@pytest.fixture
def volunteers(stage: Stage) -> Desk:
    return Desk(stage, "frivillig@samraad.example", "organiser")


def test_one_note_after_the_other_is_released_and_the_queue_ends(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    notes = [sent(phone, note=f"Note nummer {number}.", stop_id=stage.stops[0].id) for number in range(3)]
    assert "0 af 3 noter er gennemset" in desk.look()
    seen = []
    for _ in notes:
        seen.append(desk.opened)
        assert desk.press("release").status_code == 200
        assert "Frigivet" in desk.words
    assert sorted(seen) == sorted(notes)
    assert "3 af 3 noter er gennemset" in desk.words
    assert "Her venter ikke noget." in desk.words
    desk.post("review/undoing", desk.undo_of)
    assert "Fortrudt" in desk.words
    assert desk.opened == seen[-1]
    assert "2 af 3 noter er gennemset" in desk.words


def test_a_note_that_may_name_somebody_is_struck_and_released_with_one_button(stage: Stage, desk: Desk) -> None:
    phone, other = stage.phone(), stage.phone()
    note = sent(phone, note="Peter Hansen, 98 12 34 56, har ringet.")
    assert "Her venter ikke noget." in desk.look()
    assert "Her står måske et navn og et telefonnummer." in desk.look("?lane=sensitive")
    desk.press("strike-release")
    assert follow(other)[note]["note"] == "[…], […], har ringet."
    assert [step.what for step in history(stage, note)] == ["redact", "release"]
    desk.post("review/undoing", desk.undo_of)
    assert follow(other)[note].get("deleted"), "both are undone"


def test_words_are_chosen_one_by_one_and_given_back(stage: Stage, desk: Desk) -> None:
    note = sent(stage.phone(), note="Den grønne bil holder her.", suggestion="Fjern bilen.")
    desk.look()
    desk.press("redact", words=["note:4-10", "note:11-14", "suggestion:6-12"])
    assert desk.page.count('class="redacted"') == 2
    with stage.db.read() as tx:
        kept = tx.get_one(Observation, note)
    assert kept.shown
    assert (kept.shown["note"], kept.shown["suggestion"]) == ("Den […] holder her.", "Fjern […]")
    desk.look(f"?note={note}")
    desk.press("redact", words=["note:11-14"])
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note).shown["note"] == "Den grønne […] holder her."  # type: ignore[index]


def test_struck_words_are_absent_from_the_page_of_who_is_not_cleared(
    stage: Stage, volunteers: Desk, ida: Reviewer
) -> None:
    note = sent(stage.phone(), note="Peter Hansen har ringet.")
    ida.strike(note, note="Peter Hansen")
    volunteers.look(f"?note={note}")
    assert "[…] har ringet." in volunteers.words
    assert "Peter" not in volunteers.page
    answer = volunteers.post("review/decisions", volunteers.form("release") | {"do": "redact", "words": ""})
    assert answer.status_code == 403
    [step] = history(stage, note)
    assert volunteers.post("review/undoing", {"decision": step.id, "note": note}).status_code == 403
    assert "Peter" not in volunteers.page
    assert "Peter" not in volunteers.look(f"?note={note}")


def test_words_written_anew_after_a_redaction_are_for_the_cleared_first(
    stage: Stage, volunteers: Desk, ida: Reviewer
) -> None:
    author = stage.phone()
    note = sent(author, note="Den grønne varevogn holder her.")
    ida.strike(note, note="grønne varevogn")
    author.edit(note, note="Den grønne varevogn holder her hver aften.")
    author.put(note)
    volunteers.look(f"?note={note}")
    assert "varevogn" not in volunteers.page
    assert "1 følsom note venter" in volunteers.words


def test_who_is_not_cleared_learns_of_sensitive_notes_only_that_they_wait(stage: Stage, volunteers: Desk) -> None:
    phone = stage.phone()
    note = sent(phone, factors=["behaviour.groups"], note="Der står altid nogen.")
    sent(phone, note="Bænken er god.")
    said = volunteers.look("?lane=sensitive")
    assert "1 følsom note venter på koordinatoren" in said or "1 følsom note venter" in said
    assert "Der står altid" not in volunteers.page
    assert note not in volunteers.page
    assert "Der står altid" not in volunteers.look(f"?note={note}")
    assert note not in volunteers.open("review/places.geojson").text


def test_a_decision_made_meanwhile_is_shown_with_who_made_it_and_nothing_is_overwritten(
    stage: Stage, desk: Desk, bo: Reviewer
) -> None:
    note = sent(stage.phone())
    desk.look(f"?note={note}")
    old = desk.form("release")
    bo.hide(note, "Nævner en beboer")
    answer = desk.post("review/decisions", old | {"do": "release"})
    assert answer.status_code == 409
    assert "Noten er ændret, siden du åbnede den. Din afgørelse er ikke gemt." in desk.words
    assert "bo kl." in desk.words
    assert "Skjult: Nævner en beboer" in desk.words
    assert len(history(stage, note)) == 1


def test_a_note_deleted_meanwhile_is_said_and_the_next_one_opens(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    notes = [sent(phone, note=f"Nummer {number}") for number in range(2)]
    desk.look(f"?note={notes[0]}")
    old = desk.form("release")
    phone.edit(notes[0], deleted=True)
    phone.put(notes[0])
    assert desk.post("review/decisions", old | {"do": "release"}).status_code == 200
    assert "slettet af den, der skrev den" in desk.words
    assert desk.opened == notes[1]
    assert desk.open(f"review?note={notes[0]}").status_code == 200


def test_hide_place_factors_priority_and_whose_it_is_by_forms(stage: Stage, desk: Desk) -> None:
    note = sent(stage.phone())
    desk.look()
    desk.press("place", point="57.05, 9.95", where="")
    desk.press("factors", factor=["lighting.outage"])
    desk.post("review/decisions", desk.form("route") | {"do": "route", "partner": "owner:vej"})
    assert "Valgt. Ejeren af stedet afgør." in desk.words
    desk.post("review/decisions", {**desk.form("priority"), "do": "priority", "priority": "1"})
    assert "prioritet 1" in desk.words
    desk.press("hide", reason="unclear", because="")
    with stage.db.read() as tx:
        kept = tx.get_one(Observation, note)
    assert kept.hidden
    assert kept.shown == {"rev": 1, "pin": {"lat": 57.05, "lon": 9.95}, "factors": ["lighting.outage"]}
    assert [one.what for one in history(stage, note)] == ["place", "factors", "route", "priority", "hide"]
    assert "Skjult: Ingen kan se, hvad der menes" in desk.look(f"?note={note}&lane=done")
    answer = desk.press("place", point="hjemme", where="")
    assert answer.status_code == 422
    assert "Skriv stedet som to tal" in desk.words


def test_photos_are_approved_and_refused(stage: Stage, desk: Desk) -> None:
    phone, other = stage.phone(), stage.phone()
    shots = [Picture(jpeg(640, 480, (40, 90, 140))), Picture(jpeg(640, 480, (140, 90, 40)))]
    note = phone.note(*shots)
    phone.sync()
    for shot in shots:
        until(lambda shot=shot: phone.get(f"/photos/{shot.id}").status_code == 200)
    assert "Billedet er ikke gennemset" in desk.look("?lane=photos")
    both = re.findall(r'name="photo" value="([^"]+)"', desk.page)
    form = {**desk.form("approve"), "do": "refuse", "photo": both[0]}
    desk.post("review/photos", form)
    assert other.get(f"/photos/{shots[0].id}").status_code == 404
    assert other.get(f"/photos/{shots[1].id}").status_code == 200
    assert desk.http.get(f"/api/v1/photos/{shots[0].id}").status_code == 200
    assert desk.post("review/photos", form | {"do": "approve"}).status_code == 409
    desk.look(f"?note={note}")
    steps = history(stage, note)
    desk.post("review/undoing", {"decision": steps[0].id, "note": note, "lane": "photos"})
    assert other.get(f"/photos/{shots[0].id}").status_code == 200
    desk.look("?lane=photos")
    desk.post(
        "review/photos",
        {**desk.form("approve"), "do": "approve", "photo": re.findall(r'name="photo" value="([^"]+)"', desk.page)[:2]},
    )
    assert "Her venter ikke noget" in desk.look("?lane=photos")


@pytest.mark.parametrize(
    "form",
    [
        {}, {"note": "x"}, {"do": "release"}, {"do": "eat"}, {"do": "redact", "words": "note:a-b"},
        {"version": "-1"}, {"rev": "9" * 30}, {"do": "merge"}, {"do": "merge", "other": "x,1,1"}, {"do": "route", "partner": "x"},
        {"do": "hide"}, {"do": "place", "where": "x"},
    ],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_told_in_a_sentence_and_decides_nothing(
    stage: Stage, desk: Desk, form: dict[str, str]
) -> None:
    note = sent(stage.phone())
    good = {"note": note, "version": "0", "rev": "1", "do": "release", "lane": "waiting"} if form else {}
    answer = (
        desk.post("review/decisions", good | form) if form != {"do": "release"} else desk.post("review/decisions", form)
    )
    assert answer.status_code in (404, 422), answer.text
    assert history(stage, note) == []


def test_queries_are_as_many_for_400_notes_as_for_4(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    counted: list[str] = []

    def look() -> int:
        counted.clear()
        desk.look()
        return len(counted)

    def count(*given: Any) -> None:
        if "AnyIO" in threading.current_thread().name:  # what looks for work in the background asks when it likes
            counted.append(given[2])

    event.listen(stage.db.engine, "before_cursor_execute", count)
    for _ in range(4):
        sent(phone, factors=["lighting.outage"])
    desk.look()
    few = look()
    with stage.db.write() as tx:
        for number in range(400):
            row = tx.get_one(Observation, next(iter(phone.made)))
            tx.add(
                Observation(
                    **(row.model_dump() | {"id": f"{number:08x}-0000-7000-8000-000000000000", "seq": 100 + number})
                )
            )
    assert look() == few > 5
    assert "404 noter" in desk.words
    assert "Side 1 af 7" in desk.words
    assert "Side 7 af 7" in desk.look("?page=7")


def test_odd_signs_in_a_form_are_kept_as_a_sign_or_refused_in_a_sentence(
    stage: Stage, desk: Desk, every_database: str
) -> None:
    note_id = sent(stage.phone(), note="Mørkt her.")
    desk.look()
    assert desk.press("route", partner="vej\0").status_code == 422
    assert desk.post("review/photos", {"note": note_id, "do": "approve", "photo": f"{note_id},²"}).status_code == 422
    desk.look()
    assert desk.press("hide", reason="", because="Om\0en person").status_code == 200
    with stage.db.read() as tx:
        assert tx.get_one(Review, note_id).because == "Om\ufffden person"


def test_every_word_of_the_longest_note_can_be_struck(stage: Stage, desk: Desk) -> None:
    note_id = sent(stage.phone(), note="a " * 2000, suggestion="b " * 1000)
    desk.look()
    words = [
        f"{name}:{at}-{at + 1}" for name, long in (("note", 4000), ("suggestion", 2000)) for at in range(0, long, 2)
    ]
    assert desk.press("redact", words=words).status_code == 200
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note_id).shown["note"].strip() == "[…]"  # type: ignore[index]
