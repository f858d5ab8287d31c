"""The report's own words: saved as one writes, never over somebody else's, with the places that matter most."""

from typing import Any

import pytest

from app.access import people
from app.models import Agreement, Review
from app.report import telling
from app.report.report import build
from app.report.telling import Proposal, TellingChanged
from tests.cast import Stage
from tests.report.evening import Evening


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


def write(evening: Evening, **texts: Any) -> Any:
    path = f"{evening.at}/report/write"
    return evening.anna.open(path).press(path, **texts)


def kept(evening: Evening) -> list[tuple[str, str]]:
    """The places, each a stop's id and words."""
    with evening.stage.db.read() as tx:
        return telling.told(tx, evening.walk).places


def test_what_is_written_stands_there_again_and_on_the_page(evening: Evening) -> None:
    evening.note()
    write(
        evening,
        summary="Tunnelen er værst.\nResten går an.",
        weather="let regn, 4 °C",
        journal="2026-041877",
        followup_on="2027-05-27",
    )
    page = evening.anna.open(f"{evening.at}/report/write")
    assert page.form(f"{evening.at}/report/write")["summary"] == ["Tunnelen er værst.\nResten går an."]
    evening.published()
    words = evening.reader.open(evening.public).words
    for said in ("Tunnelen er værst.", "let regn, 4 °C", "2026-041877", "27 May 2027"):
        assert said in words


def test_what_is_typed_never_runs_as_markup(evening: Evening) -> None:
    evening.note(note="<b>fed</b><script>alert(1)</script>")
    write(evening, summary="<img src=x onerror=alert(1)>")
    evening.published()
    page = evening.reader.open(evening.public).page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_somebody_elses_words_are_shown_and_not_overwritten(evening: Evening) -> None:
    path = f"{evening.at}/report/write"
    mine = evening.anna.open(path).form(path)
    evening.bo.open(path).press(path, summary="Bos resumé")
    page = evening.anna.post(path, mine | {"summary": "Annas resumé"})
    assert page.status == 409
    assert "coordinator1@kommune.example has changed this meanwhile." in page.words
    assert "Bos resumé" in page.words
    assert page.form(path)["summary"] == ["Annas resumé"]
    page.press(path)  # who has read it, and keeps her own, means it
    assert evening.bo.open(path).form(path)["summary"] == ["Annas resumé"]


def test_a_script_is_told_what_a_person_is(evening: Evening) -> None:
    path = f"{evening.at}/report/write"
    http = evening.anna.http
    asked = {"Accept": "application/json"}
    first = http.post(path, data={"version": "0", "summary": "Et"}, headers=asked)
    assert (first.status_code, first.json()["version"]) == (200, 1)
    stale = http.post(path, data={"version": "0", "summary": "To"}, headers=asked)
    assert (stale.status_code, stale.json()["changed"]) == (409, True)
    long = http.post(path, data={"version": "1", "weather": "x" * 121}, headers=asked)
    assert (long.status_code, list(long.json()["errors"])) == (422, ["weather"])


@pytest.mark.parametrize("wrong", [{"followup_on": "i maj"}, {"weather": "x" * 121}, {"words": ["x" * 201] + [""] * 4}])
def test_what_cannot_be_kept_comes_back_with_a_sentence(evening: Evening, wrong: dict[str, Any]) -> None:
    page = write(evening, summary="Det her er skrevet", **wrong)
    assert page.status == 422
    assert page.form(f"{evening.at}/report/write")["summary"] == ["Det her er skrevet"]


def test_the_same_place_twice_is_told(evening: Evening) -> None:
    stop = evening.stage.stops[0].id
    page = write(evening, stop=[stop, stop, "", "", ""], words=[""] * 5)
    assert page.status == 422
    assert "The same place stands there twice." in page.words


def test_the_places_are_proposed_by_priority_then_by_notes_and_voices(evening: Evening, stage: Stage) -> None:
    kilden = evening.note(stop=1)
    tunnel = [evening.note(stop=2), evening.note(stop=2, valence="mixed")]
    evening.note(stop=2, valence="safe")
    other = stage.phone()
    with stage.db.write() as tx:
        tx.add(Agreement(observation_id=tunnel[0], participant_id=other.id, agrees=True))

    def proposed() -> list[Proposal]:
        with stage.db.read() as tx:
            return telling.proposed(build(tx, stage.walk.id, sensitive=False, base_url=""))

    assert [(one.stop, one.notes, one.voices, one.first) for one in proposed()] == [(2, 2, 1, 0), (1, 1, 0, 0)]
    with stage.db.write() as tx:
        tx.get_one(Review, kilden).priority = 1
    assert [(one.stop, one.first) for one in proposed()] == [(1, 1), (2, 0)]


def test_the_order_of_the_places_is_changed_by_buttons_and_is_the_pages(evening: Evening) -> None:
    evening.note(stop=1, valence="unsafe")
    evening.note(stop=2, valence="unsafe")
    one, two = (stop.id for stop in evening.stage.stops)
    write(evening, stop=[one, two, "", "", ""], words=["Tomt", "Mørkt", "", "", ""], do="down:1")
    assert kept(evening)[:2] == [(two, "Mørkt"), (one, "Tomt")]
    evening.published()
    page = evening.reader.open(evening.public).words
    assert page.index("Mørkt") < page.index("Tomt")


def test_a_stop_that_is_taken_away_leaves_its_place_empty(evening: Evening, stage: Stage) -> None:
    write(evening, stop=[stage.stops[0].id, "", "", "", ""], words=["Tomt", "", "", "", ""])
    with stage.db.write() as tx:
        tx.delete(tx.get_one(type(stage.stops[0]), stage.stops[0].id))
    assert kept(evening)[0] == ("", "Tomt")


def test_two_who_save_one_version_at_once_keep_one(stage: Stage, every_database: str) -> None:
    with stage.db.write() as tx:
        by = people.add(tx, "anna@kommune.example", "coordinator", "Aalborg Kommune")
    with stage.db.read() as tx:
        draft = telling.told(tx, stage.walk)
    with stage.db.write() as tx:
        assert telling.save(tx, stage.walk.id, draft, by) == 1
    with pytest.raises(TellingChanged), stage.db.write() as tx:
        telling.save(tx, stage.walk.id, draft, by)


def test_an_outsider_writes_nothing(evening: Evening) -> None:
    stranger = evening.plan.signed_in("coordinator", "Randers Kommune")
    assert stranger.post(f"{evening.at}/report/write", {"summary": "x"}).status == 404
    assert evening.reader.http.post(f"{evening.at}/report/write", data={"summary": "x"}).status_code in (200, 401)
    with evening.stage.db.read() as tx:
        assert telling.told(tx, evening.stage.walk).version == 0
