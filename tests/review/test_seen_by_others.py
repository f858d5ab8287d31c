"""What was hidden or struck out is seen by nobody but its author and the reviewers, from wherever one looks."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.models import Observation, Photo
from app.review import deciding
from app.review.personal import STRUCK
from app.walks.places import _places
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.review.conftest import Reviewer, follow, sent

pytestmark = pytest.mark.usefixtures("every_database")

Reported = Callable[..., dict[str, Any]]
SAID = "Lampen er slukket. Ida Holm har ringet om det."
NAME = "Ida Holm"


def test_a_hidden_note_is_gone_for_all_others_from_any_cursor_and_stays_for_its_author(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author, other = stage.phone(), stage.phone()
    note, beside = sent(author), sent(author, note="Bænken er god.", valence="safe")
    before = max(change["seq"] for change in other.changes())
    assert follow(other)[note]["note"]
    ida.hide(note)
    told = follow(other, before)
    assert told[note]["deleted"] is True, "who holds it is told to drop it"
    assert set(told[note]) == {"id", "seq", "deleted"}
    assert set(told) == {note}
    for after in range(before + 2):
        assert follow(other, after).get(note, {}).get("deleted", True) is True
    assert follow(stage.phone())[note].get("deleted"), "nor for who joins now"
    assert follow(author)[note]["note"] == author.made[note]["note"]
    assert set(reported()) == {beside}
    with stage.db.read() as tx:
        assert len(_places(tx, stage.walk.id, sensitive=True)["features"]) == 1


def test_struck_words_are_in_nothing_that_others_get(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author, note=SAID, suggestion="Spørg Ida Holm.")
    assert follow(other)[note].get("deleted"), "it may name somebody: others wait until it was looked at"
    assert note not in reported(sensitive=False)
    ida.decide(note, "redact", deciding.redact({"note": [(19, 27)], "suggestion": [(6, 14)]}))
    seen = follow(other)[note]
    assert (seen["note"], seen["suggestion"]) == (f"Lampen er slukket. {STRUCK} har ringet om det.", f"Spørg {STRUCK}.")
    assert follow(author)[note]["note"] == SAID
    everything = json.dumps(other.changes()) + repr(reported()) + repr(reported(sensitive=False))
    assert NAME not in everything
    with stage.db.read() as tx:
        assert NAME not in repr(_places(tx, stage.walk.id, sensitive=True))
        assert tx.get_one(Observation, note).note == SAID, "the original is kept"


def test_words_written_anew_after_some_were_struck_out_are_hidden_until_they_are_looked_at(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author, note=SAID)
    ida.strike(note, note=NAME)
    ida.release(note)
    assert follow(other)[note]["note"].startswith("Lampen er slukket. […]")
    author.edit(note, note=SAID + " Det gælder stadig.")
    author.put(note)
    assert follow(other)[note].get("deleted")
    assert reported() == {}
    with pytest.raises(deciding.Refused, match="Ordene er ændret"):
        ida.decide(note, "factors", deciding.sort(["lighting.outage"]))
    assert follow(other)[note].get("deleted")
    ida.strike(note, note=NAME)
    assert follow(other)[note]["note"].endswith("[…] har ringet om det. Det gælder stadig.")
    assert reported()[note].review == "waiting"


def test_other_texts_of_a_redacted_note_are_not_told(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    author = stage.phone()
    note = sent(author, note=SAID)
    author.put(note, note="Ida Holm ringede.")
    assert len(reported()[note].other_texts) == 1
    ida.strike(note, note=NAME)
    assert reported()[note].other_texts == ()


def test_a_place_put_right_takes_the_place_of_the_measured_one(stage: Stage, ida: Reviewer, reported: Reported) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author)
    ida.decide(note, "place", deciding.place({"lat": 57.05, "lon": 9.95}))
    ida.decide(note, "factors", deciding.sort(["lighting.outage"]))
    seen = follow(other)[note]
    assert (seen["pin"], seen["fix"], seen["factors"]) == ({"lat": 57.05, "lon": 9.95}, None, ["lighting.outage"])
    assert follow(author)[note]["fix"] == author.made[note]["fix"]
    told = reported()[note]
    assert (told.lat, told.place_source, told.factors) == (57.05, "pin", ("lighting.outage",))
    ida.decide(note, "place", deciding.place(None))
    assert (reported()[note].lat, reported()[note].place_source) == (None, "none")
    ida.decide(note, "place", deciding.place(deciding.OWN))
    assert reported()[note].place_source == "gps"
    assert reported()[note].factors == ("lighting.outage",)


def test_a_sensitive_note_is_shown_once_it_is_judged_fit_and_waits_again_when_it_is_changed(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author, factors=["behaviour.groups"])
    assert follow(other)[note].get("deleted")
    ida.release(note)
    assert follow(other)[note]["note"]
    assert note in reported(sensitive=False)
    author.edit(note, note="De tre fra nummer 7 igen.")
    author.put(note)
    assert follow(other)[note].get("deleted"), "nobody has judged the new words"
    assert note not in reported(sensitive=False)
    ida.release(note, for_all=False)
    assert note not in reported(sensitive=False)
    assert reported()[note].review == "released"


@pytest.mark.usefixtures("every_database")
@pytest.mark.parametrize(
    ("what", "how"),
    [("stop", deciding.move(None)), ("place", deciding.place(None)), ("factors", deciding.sort(["behaviour.groups"]))],
)
def test_deciding_where_it_is_or_what_it_is_about_judges_no_words_that_are_new(
    stage: Stage, ida: Reviewer, reported: Reported, what: str, how: deciding.Change
) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author, factors=["behaviour.groups"])
    ida.release(note)
    author.edit(note, note="De tre fra nummer 7 igen, Jens Hansen på 22 33 44 55.")
    author.put(note)
    ida.decide(note, what, how)
    assert follow(other)[note].get("deleted")
    assert note not in reported(sensitive=False)
    ida.decide(note, "sensitive", deciding.judge(False))
    assert note in reported(sensitive=False)


def test_a_note_judged_sensitive_is_taken_from_all_but_the_cleared(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author, other = stage.phone(), stage.phone()
    note = sent(author)
    ida.decide(note, "sensitive", deciding.judge(True))
    assert follow(other)[note].get("deleted")
    assert note not in reported(sensitive=False)
    assert note in reported()


def photo_of(stage: Stage, phone: Phone) -> tuple[str, str]:
    picture = Picture(jpeg(640, 480))
    note = phone.note(picture)
    phone.sync()
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
    return note, picture.id


def test_photos_of_hidden_notes_and_refused_photos_are_for_author_and_reviewers_alone(
    stage: Stage, ida: Reviewer, reported: Reported
) -> None:
    author, other = stage.phone(), stage.phone()
    note, photo = photo_of(stage, author)
    assert other.get(f"/photos/{photo}").status_code == 200
    with stage.db.write() as tx:
        tx.get_one(Photo, photo).review = "refused"
    assert other.get(f"/photos/{photo}").status_code == 404
    assert author.get(f"/photos/{photo}").status_code == 200
    assert follow(other)[note]["photos"] == []
    assert len(follow(author)[note]["photos"]) == 1
    assert reported()[note].photos == ()
    with stage.db.write() as tx:
        tx.get_one(Photo, photo).review = "approved"
    ida.hide(note)
    assert other.get(f"/photos/{photo}").status_code == 404
    assert author.get(f"/photos/{photo}").status_code == 200
