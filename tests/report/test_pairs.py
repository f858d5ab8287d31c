"""Photos of one place from both walks: proposed by the place, chosen by who writes, gone as soon as one of them is."""

import json
from typing import Any

import pytest
from sqlmodel import col, select

from app.models import Measure, Observation, Photo, Telling, now
from tests.cast import Stage
from tests.report.again import Again


@pytest.fixture
def evening(stage: Stage) -> Again:
    return Again(stage)


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

    def test_somebody_elses_choice_is_shown_and_not_overwritten(self, photographed: Again) -> None:
        evening, key = photographed, f"{self.before}:{self.after}"
        path = f"{evening.at}/report/write"
        mine = evening.anna.open(path).form(path)
        evening.bo.open(path).press(path, pair=[])
        evening.anna.post(path, mine | {"summary": ["Det hjalp."]})
        assert evening.anna.status == 409
        assert "Before and after (none)" in evening.anna.words
        with evening.stage.db.read() as tx:
            assert tx.get_one(Telling, evening.stage.walk.id).texts["pairs"] == {key: False}

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

    def test_the_photo_of_a_measure_done_says_no_longer_what_a_note_said_that_is_gone(self, evening: Again) -> None:
        said = "Lampen over den røde dør blinker altid"
        note_id, _photo = evening.shown(valence="unsafe", note="Lampen er slukket.")
        gone, _photo = evening.shown(stop=1, note=said)
        self.measure = evening.measure(note_id, measure=said)
        evening.published()
        evening.back()
        evening.shown(valence="safe", note="Nu er der lys.")
        self.proof(evening)
        evening.published()
        [pair] = evening.data()["since"]["pairs"]
        assert pair["after"]["said"] == said
        evening.set(gone, hidden=True)
        assert said not in json.dumps(evening.data())
        [pair] = evening.data()["since"]["pairs"]
        assert pair["after"]["said"] == "Tunnelen"

    def test_the_photo_of_a_merged_note_says_no_longer_what_the_note_said_that_led_it(self, evening: Again) -> None:
        evening.shown(valence="unsafe", note="Lampen er slukket.")
        evening.published()
        evening.back()
        lead = evening.note(valence="unsafe", note="Naboen i det gule hus slukker lampen.")
        voice, _photo = evening.shown(valence="unsafe", note="Her er stadig mørkt.")
        evening.plan.release(voice, merged_into=lead)
        evening.published()
        [pair] = evening.data()["since"]["pairs"]
        assert pair["after"]["said"] == "Naboen i det gule hus slukker lampen."
        evening.set(lead, deleted=True)
        [pair] = evening.data()["since"]["pairs"]
        assert pair["after"]["said"] == "Her er stadig mørkt."
        assert "gule hus" not in evening.page()
        assert "gule hus" not in evening.pdf().words

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

    @pytest.mark.parametrize("which", ["before", "after"])
    def test_whoever_reads_it_first_is_not_told_what_a_note_said_that_is_gone(
        self, photographed: Again, which: str
    ) -> None:
        evening, said = photographed, {"before": "Lampen er slukket.", "after": "Nu er der lys."}
        evening.ask()
        page = f"{evening.at}/release/1"
        assert " – ".join(said.values()) in evening.bo.open(page).words
        with evening.stage.db.read() as tx:
            note = tx.get_one(Photo, getattr(self, which)).observation_id
        evening.set(note, deleted=True)
        left = evening.bo.open(page).words
        assert [one in left for one in said.values()] == [which == "after", which == "before"]

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
