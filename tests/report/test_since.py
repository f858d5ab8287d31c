"""A released report of a walk back beside the one before: the same places then and now, photos of one place, no score."""

import json
from typing import Any

import pytest
from sqlmodel import select

from app.models import Edition, Measure, Observation, Organisation, Stop, Walk, now
from app.report import allowed, changes, freezing, since
from tests.cast import Stage
from tests.report.again import Again


@pytest.fixture
def evening(stage: Stage) -> Again:
    return Again(stage)


@pytest.fixture
def tunnel(evening: Again) -> Again:
    """Six voices of unease at the tunnel on the first walk, one of them answered by a measure; and then the walk back."""
    notes = [evening.note(valence="unsafe") for _ in range(6)]
    evening.note(valence="safe", stop=1)
    measure_id = evening.measure(notes[0])
    evening.published()
    with evening.stage.db.write() as tx:
        held = tx.get_one(Measure, measure_id)
        held.status, held.done_at, held.answer = "done", now(), "Ny lampe i december."
    evening.back()
    return evening


class TestPlaceByPlace:
    def test_voices_are_counted_then_and_now_beside_what_was_promised(self, tunnel: Again) -> None:
        for _ in range(5):
            tunnel.note(valence="safe", note="Lyset gør forskellen.")
        tunnel.note(valence="unsafe")
        tunnel.published()
        row = tunnel.row("Tunnelen")
        assert "Safe 0 Both 0 Unsafe 6 Safe 5 Both 0 Unsafe 1" in row
        assert "“Lyset gør forskellen.”" in row
        assert "Carried out Measure 1: Lampen skiftes Ny lampe i december." in row
        page = tunnel.page()
        assert "Since last time" in page
        assert "score" not in page.lower()
        paper = tunnel.pdf()
        assert "Since last time" in paper.words
        assert "Measure 1: Lampen skiftes – Carried out. Ny lampe i december." in paper.words
        assert "<pdfuaid:part>1</pdfuaid:part>" in paper.meta

    def test_few_voices_are_words_and_no_numbers(self, tunnel: Again) -> None:
        tunnel.note(valence="unsafe", stop=2)
        tunnel.note(valence="mixed", stop=2)
        tunnel.published()
        assert "Few voices: both, unsafe" in tunnel.row("Tunnelen")
        assert tunnel.row("Kilden").startswith("1 Kilden Few voices: safe no notes")
        assert "Few voices means fewer than five notes." in tunnel.page()

    def test_where_the_light_differed_it_is_said_and_the_columns_are_called_so(self, tunnel: Again) -> None:
        with tunnel.stage.db.write() as tx:
            edition = tx.exec(select(Edition).where(Edition.walk_id == tunnel.earlier.id)).one()
            frozen = json.loads(json.dumps(edition.frozen))
            frozen["public"]["walk"]["light"] = "dark"
            edition.frozen = frozen
            walk = tx.get_one(Walk, tunnel.stage.walk.id)
            walk.light, walk.follows_as = "daylight", "pair"
        tunnel.note()
        tunnel.published()
        page = tunnel.page()
        assert "The same way in another light" in page
        assert "After dark" in tunnel.reader.page.partition("compare since")[2]
        assert "What differs here may be the light alone." in page
        assert "What differs here may be the light alone." in tunnel.pdf().words

    def test_stops_that_were_renamed_moved_added_or_taken_away(self, evening: Again) -> None:
        with evening.stage.db.write() as tx:
            tx.get_one(Stop, evening.stage.stops[1].id).lat = 57.05
            tx.get_one(Stop, evening.stage.stops[1].id).lon = 9.98
            tx.add(Stop(walk_id=evening.stage.walk.id, number=3, name="Skolen"))
        for stop in (1, 2):
            for _ in range(5):
                evening.note(stop=stop, valence="unsafe")
        evening.published()
        evening.back(stops=("Undergangen", "Kilden", "Parken"))
        with evening.stage.db.write() as tx:
            tx.get_one(Stop, evening.stage.stops[0].id).lat = 57.0501  # 11 m from the tunnel
            tx.get_one(Stop, evening.stage.stops[0].id).lon = 9.98
            tx.get_one(Stop, evening.stage.stops[1].id).lat = 57.2  # moved
        evening.note(stop=3)
        evening.published()
        assert "Unsafe 5" in evening.row("Undergangen")
        assert "Unsafe 5" in evening.row("Kilden")
        assert evening.row("Parken").startswith("3 Parken Not on this walk Few voices")
        assert evening.row("Skolen").startswith("Skolen no notes Not on this walk")

    def test_no_notes_at_all_then_is_told_and_a_walk_that_was_not_released_is_not(self, evening: Again) -> None:
        evening.note(valence="unsafe", note="Kun de indviede ved det.")
        evening.back()
        evening.note()
        evening.published()
        assert "since" not in evening.data()
        assert "Since last time" not in evening.page()
        assert "Kun de indviede" not in evening.page()

    def test_a_return_of_a_return_is_told_beside_that_one_alone(self, tunnel: Again) -> None:
        for _ in range(5):
            tunnel.note(valence="mixed")
        tunnel.published()
        tunnel.back(code="EEEEFFFF", title="Tredje gang")
        tunnel.note()
        tunnel.published()
        assert "Safe 0 Both 5 Unsafe 0" in tunnel.row("Tunnelen")
        assert "Unsafe 6" not in tunnel.reader.page.partition("compare since")[2]

    def test_what_goes_on_is_said(self, tunnel: Again) -> None:
        with tunnel.stage.db.read() as tx:
            first = tx.exec(select(Measure).where(Measure.walk_id == tunnel.earlier.id)).one()
        again = tunnel.measure(tunnel.note(), continues_id=first.id)
        tunnel.published()
        assert tunnel.data()["since"]["continued"] == {"1": 1}
        assert "Goes on as measure 1" in tunnel.row("Tunnelen")
        assert "Goes on as measure 1." in tunnel.pdf().words
        with tunnel.stage.db.write() as tx:
            tx.get_one(Measure, again).removed_at = now()
        assert "Goes on as" not in tunnel.row("Tunnelen")


class TestOnTheReportsPage:
    """For who is signed in: all that they may read of both walks, released or not."""

    def test_it_stands_there_without_any_edition(self, evening: Again) -> None:
        for _ in range(5):
            evening.note(valence="unsafe")
        evening.measure(evening.note(valence="unsafe"), answer="Vi skifter den.", status="doing")
        evening.back()
        evening.note(valence="safe", note="Nu er der lys.")
        page = evening.bo.open(f"{evening.at}/report")
        assert "Since last time" in page.words
        row = evening.row_of(page.page, "Tunnelen")
        assert "Safe 0 Both 0 Unsafe 6 Few voices: safe “Nu er der lys.”" in row
        assert "Under way Measure 1: Lampen skiftes Vi skifter den." in row
        assert f'href="{evening.at}/report/comparison?with={evening.earlier.id}"' in page.page
        assert "compare since" not in evening.bo.open(f"{evening.at}/report?valence=safe").page

    def test_it_is_new_where_the_walk_before_has_changed(self, evening: Again) -> None:
        note_id = evening.note(valence="unsafe")
        evening.back()
        first = evening.bo.http.get(f"{evening.at}/report")
        etag = {"If-None-Match": first.headers["etag"]}
        assert evening.bo.http.get(f"{evening.at}/report", headers=etag).status_code == 304
        told = Walk.model_validate(evening.earlier.model_dump())
        evening.stage.walk, later = told, evening.stage.walk
        evening.measure(note_id, measure="Ny lampe")
        evening.stage.walk = later
        again = evening.bo.http.get(f"{evening.at}/report", headers=etag)
        assert again.status_code == 200
        assert "Ny lampe" in again.text

    def test_of_a_walk_that_the_reader_may_not_read_nothing_is_told(self, evening: Again) -> None:
        evening.note(valence="unsafe", stop=1)
        evening.back(stops=("Tunnelen",))
        with evening.stage.db.write() as tx:
            tx.add(other := Organisation(name="Randers Kommune"))
            tx.flush()
            tx.get_one(Walk, evening.earlier.id).organisation_id = other.id
        page = evening.bo.open(f"{evening.at}/report")
        assert page.status == 200
        assert "Since last time" not in page.words
        assert "Kilden" not in page.words

    def test_no_notes_on_either_walk_is_told_as_that(self, evening: Again) -> None:
        evening.back()
        page = evening.bo.open(f"{evening.at}/report")
        assert evening.row_of(page.page, "Tunnelen") == "2 Tunnelen no notes no notes"

    def test_of_an_emptied_walk_nothing_is_told(self, evening: Again) -> None:
        evening.note(valence="unsafe")
        evening.back()
        with evening.stage.db.write() as tx:
            tx.get_one(Walk, evening.earlier.id).state = "archived"
        assert "Since last time" not in evening.bo.open(f"{evening.at}/report").words

    def test_sensitive_notes_are_not_counted_for_who_may_not_read_them(self, evening: Again) -> None:
        for _ in range(5):
            evening.note(valence="unsafe")
        evening.note(valence="unsafe", factors=["behaviour.harassment"])
        evening.back()
        assert "Unsafe 6" in evening.row_of(evening.bo.open(f"{evening.at}/report").page, "Tunnelen")
        assert "Unsafe 5" in evening.row_of(evening.anna.open(f"{evening.at}/report").page, "Tunnelen")


class TestWhatMayBeTold:
    def test_it_holds_what_is_public_of_both_and_no_id(self, tunnel: Again) -> None:
        tunnel.note(valence="safe")
        edition = tunnel.published()
        told = json.dumps(edition.frozen["public"]["since"])
        for row in (tunnel.earlier, tunnel.stage.walk, *tunnel.stage.stops):
            assert row.id not in told
        with tunnel.stage.db.read() as tx:
            for one in (*tx.exec(select(Observation.id)).all(), *tx.exec(select(Measure.id)).all()):
                assert one not in told
        assert freezing.digest(tunnel.data()) == edition.sha256, "as long as nothing has been taken out"

    @pytest.mark.parametrize(
        ("kind", "table"),
        [(since.Compared, allowed.PLACE), (since.Pair, allowed.PAIR), (since.Shot, allowed.SHOT)],
    )
    def test_every_field_is_decided_about(self, kind: Any, table: dict[str, frozenset[str]]) -> None:
        assert set(kind.__dataclass_fields__) == set(table)

    def test_a_note_that_is_taken_out_of_either_report_is_counted_no_longer(self, tunnel: Again) -> None:
        notes = [tunnel.note(valence="safe") for _ in range(6)]
        tunnel.published()
        tunnel.set(notes[0], hidden=True)
        with tunnel.stage.db.read() as tx:
            [first, *_more] = tx.exec(
                select(Observation.id).where(Observation.walk_id == tunnel.earlier.id, Observation.valence == "unsafe")
            ).all()
        tunnel.set(first, deleted=True)
        assert "Unsafe 5 Safe 5" in tunnel.row("Tunnelen")
        assert tunnel.data()["since"]["rows"][1]["then"]["unsafe"] == 5

    def test_once_the_earlier_report_is_withdrawn_nothing_of_it_is_told(self, tunnel: Again) -> None:
        tunnel.note()
        tunnel.published()
        assert "since" in tunnel.data()
        tunnel.bo.post(f"/walks/{tunnel.earlier.id}/release/1/withdrawal", {"because": ["Et navn"]})
        assert "since" not in tunnel.data()
        page = tunnel.page()
        for said in ("Since last time", "Lampen skiftes", "Place by place"):
            assert said not in page
        assert "Lampen skiftes" not in tunnel.pdf().words

    def test_once_it_follows_no_walk_any_longer_nothing_is_told(self, tunnel: Again) -> None:
        tunnel.note()
        tunnel.published()
        with tunnel.stage.db.write() as tx:
            tx.get_one(Walk, tunnel.stage.walk.id).follows_id = None
        assert "since" not in tunnel.data()
        assert "Since last time" not in tunnel.page()
        assert "Lampen skiftes" not in tunnel.pdf().words

    def test_of_a_walk_of_another_organisation_nothing_is_told(self, tunnel: Again) -> None:
        with tunnel.stage.db.write() as tx:
            tx.add(other := Organisation(name="Randers Kommune"))
            tx.flush()
            tx.get_one(Walk, tunnel.earlier.id).organisation_id = other.id
        tunnel.note()
        tunnel.published()
        assert "since" not in tunnel.data()
        assert "Lampen skiftes" not in tunnel.page()
        with tunnel.stage.db.write() as tx:
            tx.get_one(Walk, tunnel.earlier.id).organisation_id = tunnel.stage.walk.organisation_id
        tunnel.note()
        tunnel.published()
        assert "Since last time" in tunnel.page()
        with tunnel.stage.db.write() as tx:
            tx.get_one(Walk, tunnel.earlier.id).organisation_id = other.id
        assert "Since last time" not in tunnel.page()

    def test_an_emptied_walk_leaves_its_frozen_numbers_and_a_new_edition_has_none(self, tunnel: Again) -> None:
        tunnel.note()
        tunnel.published()
        with tunnel.stage.db.write() as tx:
            tx.get_one(Walk, tunnel.earlier.id).state = "archived"
            for note in tx.exec(select(Observation).where(Observation.walk_id == tunnel.earlier.id)).all():
                note.deleted, note.note = True, ""
        assert "Unsafe 6" in tunnel.row("Tunnelen")
        tunnel.note(note="Mere")
        tunnel.published()
        assert "since" not in tunnel.data()

    def test_a_measure_that_is_taken_out_says_so(self, tunnel: Again) -> None:
        tunnel.note()
        tunnel.published()
        with tunnel.stage.db.write() as tx:
            tx.exec(select(Measure).where(Measure.walk_id == tunnel.earlier.id)).one().removed_at = now()
        assert "Taken out of the plan Measure 1" in tunnel.row("Tunnelen")

    def test_an_edition_made_before_there_was_a_comparison_is_still_read(self, tunnel: Again) -> None:
        tunnel.note()
        edition = tunnel.published()
        with tunnel.stage.db.write() as tx:
            held = tx.get_one(Edition, edition.id)
            frozen = json.loads(json.dumps(held.frozen))
            del frozen["public"]["since"], frozen["keys"]["earlier"], frozen["keys"]["pairs"]
            held.frozen = frozen
        page = tunnel.page()
        assert "Place by place" not in page
        assert "1 of 1 measures of the walk before is done." in page
        assert "What was agreed then" in page
        assert "Since last time" in tunnel.pdf().words
        assert changes.since(frozen, edition.frozen), "what is new is read before it goes out"
