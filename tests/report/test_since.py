"""A released report of a walk back beside the one before: the same places then and now, photos of one place, no score."""

import json
import re
from typing import Any

import pytest
from sqlmodel import col, select

from app.models import Edition, Measure, Observation, Organisation, Photo, Stop, Telling, Walk, now
from app.report import allowed, changes, freezing, since
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening
from tests.report.printed import Paper

COLOURS = iter((n * 7 % 250, n * 13 % 250, n * 29 % 250) for n in range(1, 10_000))


class Again(Evening):
    """An evening, and after back() the walk that goes back to it, with stops of the same names."""

    earlier: Walk

    def back(self, kind: str = "return", stops: tuple[str, ...] = ("Kilden", "Tunnelen"), **given: Any) -> None:
        self.earlier = self.walk
        given = {"code": "CCCCDDDD", "title": "Anden gang", "organisation_id": self.earlier.organisation_id} | given
        with self.stage.db.write() as tx:
            tx.add(later := Walk(follows_id=self.earlier.id, follows_as=kind, **given))
            tx.flush()
            made = [Stop(walk_id=later.id, number=n, name=name) for n, name in enumerate(stops, 1)]
            tx.add_all(made)
        self.stage.walk, self.stage.stops = later, made
        self.plan.phone = self.stage.phone()

    def shown(self, stop: int = 2, **content: Any) -> tuple[str, str]:
        """A released note with an approved photo: (its id, the photo's)."""
        picture = Picture(jpeg(640, 480, next(COLOURS)))
        note_id = self.note(picture, stop=stop, **content)
        until(lambda: self.state_of(picture.id) == "ready")
        self.photo(picture.id, review="approved")
        return note_id, picture.id

    def state_of(self, photo_id: str) -> str:
        with self.stage.db.read() as tx:
            return str(tx.get_one(Photo, photo_id).state)

    def photo(self, photo_id: str, **fields: Any) -> None:
        with self.stage.db.write() as tx:
            photo = tx.get_one(Photo, photo_id)
            for name, value in fields.items():
                setattr(photo, name, value)

    def measure(self, note_id: str, **fields: Any) -> str:
        told = self.plan.make(self.anna, note_id)
        given = {"place": "Tunnelen", "problem": "Mørkt", "measure": "Lampen skiftes", "kind": "upkeep", **fields}
        with self.stage.db.write() as tx:
            held = tx.get_one(Measure, told.id)
            for name, value in given.items():
                setattr(held, name, value)
        return str(told.id)

    def write(self, **typed: Any) -> None:
        path = f"{self.at}/report/write"
        self.anna.open(path).press(path, **typed)
        assert self.anna.status == 200, self.anna.words

    def page(self) -> str:
        return self.reader.open(self.public).words

    def data(self) -> dict[str, Any]:
        answer = self.stage.http.get(f"{self.public}/edition.json")
        assert answer.status_code == 200
        return dict(json.loads(answer.content))

    def row(self, name: str) -> str:
        """The words of a place's row in the table."""
        return self.row_of(self.reader.open(self.public).page, name)

    def row_of(self, page: str, name: str) -> str:
        rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page.partition("compare since")[2], re.S)
        plain = [" ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", row, flags=re.S).split()) for row in rows]
        return next(row for row in plain if name in row)

    def printed(self) -> int:
        """How many photos are in the PDF, each once."""
        return len({photo["object"] for photo in self.pdf().photos})

    def pdf(self) -> Paper:
        answer = self.stage.http.get(f"{self.public}/report.pdf", headers={"Accept-Language": "en"})
        assert answer.status_code == 200, answer.text
        return Paper(answer.content)


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


class TestPairs:
    @pytest.fixture
    def photographed(self, evening: Again) -> Again:
        """A photo of the tunnel from each walk; the second report is not written yet."""
        note_id, self.before = evening.shown(valence="unsafe", note="Lampen er slukket.")
        evening.shown(stop=1, valence="safe", note="Her er godt.")
        self.measure = evening.measure(note_id)
        evening.published()
        evening.back()
        self.note, self.after = evening.shown(valence="safe", note="Nu er der lys.")
        return evening

    def proof(self, evening: Again, **fields: Any) -> str:
        """A photo of the measure done."""
        _note, photo_id = evening.shown(stop=1, note="Beviset")
        with evening.stage.db.write() as tx:
            tx.get_one(Observation, _note).deleted = True
            held = tx.get_one(Measure, self.measure)
            held.status, held.done_at, held.proof_photo_id = "done", now(), photo_id
            tx.get_one(Photo, photo_id).observation_id = tx.exec(
                select(Observation.id).where(
                    Observation.walk_id == evening.earlier.id, col(Observation.deleted).is_(False)
                )
            ).first()
        if fields:
            evening.photo(photo_id, **fields)
        return photo_id

    def test_photos_of_one_place_stand_side_by_side_with_their_dates(self, photographed: Again) -> None:
        evening = photographed
        evening.write()
        evening.published()
        page = evening.page()
        assert "Before and after" in page
        assert "Lampen er slukket." in page
        for name in ("p1-before", "p1-after"):
            assert f'src="{evening.public}/photos/{name}.jpg"' in evening.reader.page
            answer = evening.stage.http.get(f"{evening.public}/photos/{name}.jpg")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        [pair] = evening.data()["since"]["pairs"]
        assert (pair["place"], pair["stop"], pair["before"]["said"], pair["after"]["said"]) == (
            "Tunnelen", 2, "Lampen er slukket.", "Nu er der lys.")  # fmt: skip
        paper = evening.pdf()
        assert evening.printed() == 2, "the later one stands at its stop too, and is in the file once"
        assert "Before: Tunnelen. Lampen er slukket." in " ".join(paper.tags.split()) or "Before," in paper.words
        assert (paper.told["Tagged"], "<pdfuaid:part>1</pdfuaid:part>" in paper.meta) == ("yes", True)

    def test_the_writer_leaves_a_pair_out_and_takes_it_in_again(self, photographed: Again) -> None:
        evening, key = photographed, f"{self.before}:{self.after}"
        path = f"{evening.at}/report/write"
        assert evening.anna.open(path).form(path)["pair"] == [key]
        assert f'src="/r/{evening.earlier.slug}/photos/2.1-1.jpg?small=1"' in evening.anna.page
        assert evening.stage.http.get(f"/r/{evening.earlier.slug}/photos/2.1-1.jpg").status_code == 200
        evening.anna.press(path, pair=[])
        assert "pair" not in evening.anna.open(path).form(path) or not evening.anna.form(path)["pair"]
        evening.published()
        assert evening.data()["since"]["pairs"] == []
        assert "Before and after" not in evening.page()
        evening.write(pair=[key])
        evening.published()
        assert len(evening.data()["since"]["pairs"]) == 1
        with evening.stage.db.read() as tx:
            assert tx.get_one(Telling, evening.stage.walk.id).texts["pairs"] == {key: True}

    def test_a_made_up_pair_is_in_no_edition(self, photographed: Again) -> None:
        evening = photographed
        path = f"{evening.at}/report/write"
        form = evening.anna.open(path).form(path)
        evening.anna.post(path, form | {"shown": ["x" * 5000, "guess"], "pair": ["guess", self.after]})
        assert evening.anna.status == 200
        evening.published()
        assert len(evening.data()["since"]["pairs"]) == 1

    @pytest.mark.parametrize("state", ["unseen", "refused"])
    @pytest.mark.parametrize("which", ["before", "after"])
    def test_only_what_is_approved_is_proposed(self, photographed: Again, which: str, state: str) -> None:
        photographed.photo(getattr(self, which), review=state)
        photographed.published()
        assert photographed.data()["since"]["pairs"] == []
        assert (
            "pair"
            not in photographed.anna.open(f"{photographed.at}/report/write")
            .page.partition("<form")[2]
            .partition('name="pair"')[1]
        )

    @pytest.mark.parametrize("gone", ["before", "after", "its note", "withdrawn"])
    def test_where_one_of_the_two_is_gone_the_pair_is_gone_at_once(self, photographed: Again, gone: str) -> None:
        evening = photographed
        evening.published()
        assert evening.printed() == 2
        if gone in ("before", "after"):
            evening.photo(getattr(self, gone), review="refused")
        elif gone == "its note":
            evening.set(self.note, hidden=True)
        else:
            evening.bo.post(f"/walks/{evening.earlier.id}/release/1/withdrawal", {"because": ["Et ansigt"]})
        assert "p1-before" not in json.dumps(evening.data())
        assert "Before and after" not in evening.page()
        for name in ("p1-before", "p1-after"):
            assert evening.stage.http.get(f"{evening.public}/photos/{name}.jpg").status_code == 404
        assert evening.printed() == (0 if gone in ("after", "its note") else 1)

    def test_the_photo_of_a_measure_done_is_proposed_first(self, photographed: Again) -> None:
        evening, photo_id = photographed, self.proof(photographed)
        evening.published()
        [pair] = evening.data()["since"]["pairs"]
        assert (pair["measure"], pair["after"]["said"], pair["after"]["day"]) == (
            1,
            "Lampen skiftes",
            now().date().isoformat(),
        )
        assert evening.stage.http.get(f"{evening.public}/photos/p1-after.jpg").status_code == 200
        evening.photo(photo_id, review="refused")
        assert evening.stage.http.get(f"{evening.public}/photos/p1-after.jpg").status_code == 404
        assert evening.data()["since"]["pairs"] == []

    def test_a_proof_that_nobody_has_looked_at_is_not_proposed(self, photographed: Again) -> None:
        self.proof(photographed, review="unseen")
        photographed.published()
        assert [pair["measure"] for pair in photographed.data()["since"]["pairs"]] == [None]

    def test_the_second_person_sees_each_pair_before_everybody_does(self, photographed: Again) -> None:
        evening = photographed
        evening.ask()
        page = evening.bo.open(f"{evening.at}/release/1")
        assert "Before and after: Tunnelen" in page.words
        assert "This walk beside the one before" in page.words
        address = f"{evening.at}/release/1/photos/p1-before.jpg"
        assert f'src="{address}?small=1"' in page.page
        assert evening.bo.open(address).status == 200

    def test_a_photo_of_a_merged_note_that_is_taken_back_is_gone(self, evening: Again) -> None:
        lead, _photo = evening.shown(note="Den ene")
        other, lost = evening.shown(note="Den anden")
        evening.plan.release(other, state="merged", merged_into=lead)
        evening.published()
        names = [photo["name"] for photo in evening.data()["notes"][0]["photos"]]
        assert len(names) == 2
        evening.set(other, deleted=True)
        assert [photo["name"] for photo in evening.data()["notes"][0]["photos"]] == names[:1]
        assert evening.stage.http.get(f"{evening.public}/photos/{names[1]}.jpg").status_code == 404
        assert evening.stage.http.get(f"{evening.public}/photos/{names[0]}.jpg").status_code == 200
        assert lost
