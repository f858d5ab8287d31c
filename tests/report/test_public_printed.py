"""The released report as a PDF: what everybody may read now, and nothing that only those inside may."""

from itertools import pairwise
from typing import Any

import pytest
from sqlmodel import select

from app.models import Observation, Photo
from tests.cast import Stage
from tests.phone import FIX, Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening
from tests.report.printed import Paper
from tests.report.test_printed import with_photos


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


def asked(stage: Stage, path: str, **headers: str) -> Any:
    return stage.http.get(f"{path}/report.pdf", headers={"Accept-Language": "da", **headers})


def printed(evening: Evening) -> Paper:
    answer = asked(evening.stage, evening.public)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    return Paper(answer.content)


def test_it_holds_what_the_page_does_and_no_measured_place_no_hour_and_no_unread_note(
    stage: Stage, evening: Evening
) -> None:
    seen, unseen = Picture(jpeg(640, 480)), Picture(jpeg(640, 480, (200, 9, 9)))
    dark = evening.note(
        seen, unseen, note="Lampen er slukket.", suggestion="Skift den.", fix=FIX, factors=["lighting.outage"]
    )
    for picture in (seen, unseen):
        evening.phone.put_picture(picture.id)
    waiting = evening.note(note="Det her har ingen læst.")
    evening.set(waiting, hidden=True)
    until(lambda: all(stage.vault.size(picture.id) for picture in (seen, unseen)))
    with stage.db.write() as tx:
        tx.get_one(Photo, seen.id).review = "approved"
    evening.published()
    paper = printed(evening)
    assert "Offentlig udgave 1, frigivet" in paper.words
    assert "Lampen er slukket." in paper.words
    assert "Skift den." in paper.words
    assert "To personer har læst" in paper.words
    for inside in ("57.0488", "9.9217", "19.32", "Det her har ingen læst.", "Intern", dark, evening.phone.id):
        assert inside not in paper.words, inside
        assert inside.encode() not in paper.content
    assert len(paper.photos) == 1, "the one that was approved"
    assert (paper.told["Tagged"], "<pdfuaid:part>1</pdfuaid:part>" in paper.meta) == ("yes", True)
    assert f'href="{evening.public}/report.pdf"' in evening.reader.open(evening.public).page


def test_what_is_taken_out_of_the_report_is_gone_from_its_pdf_at_once(evening: Evening) -> None:
    note_id = evening.note(note="Det hus dér er uhyggeligt.")
    evening.note(note="Lampen er slukket.")
    evening.published()
    first = asked(evening.stage, evening.public)
    assert "Det hus dér" in Paper(first.content).words
    assert asked(evening.stage, evening.public, **{"If-None-Match": first.headers["etag"]}).status_code == 304
    evening.set(note_id, hidden=True)
    again = asked(evening.stage, evening.public, **{"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Det hus dér" not in Paper(again.content).words
    assert "Lampen er slukket." in Paper(again.content).words


def test_an_address_with_nothing_to_read_prints_nothing(stage: Stage, evening: Evening) -> None:
    evening.note(note="Lampen er slukket.")
    evening.ask()
    for slug in ("aftenvandring-i-aalborg-oest", "gaettet", "x" * 300):
        answer = asked(stage, f"/r/{slug}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert not stage.app.state.settings.printed.exists()


def test_sixty_notes_with_photos_are_public_in_a_file_that_fits_into_a_letter(stage: Stage, evening: Evening) -> None:
    """Its words, its tags and the pictures of its pages."""
    with_photos(stage, 60, 60)
    with stage.db.write() as tx:
        notes = tx.exec(select(Observation).where(Observation.deleted == False)).all()  # noqa: E712
        for photo in tx.exec(select(Photo)).all():
            photo.review = "approved"
    for note in notes:
        evening.plan.release(note.id)
    evening.published()
    paper = printed(evening)
    assert len(paper.content) < 6_000_000
    assert len(paper.photos) == 60
    assert all(f"Note {number} om lyset." in paper.words for number in range(60))
    tags = [line.split()[0].rstrip(":") for line in paper.tags.splitlines() if line.strip()]
    assert {"H1", "H2", "H3", "P", "Table", "TH", "TD", "TOC", "Figure"} <= set(tags)
    headings = [tag for tag in tags if tag in {"H1", "H2", "H3", "H4"}]
    assert headings[0] == "H1"
    assert all(int(after[1]) - int(before[1]) <= 1 for before, after in pairwise(headings)), headings
    assert "<rdf:li>da</rdf:li>" in paper.meta
    pages = int(paper.told["Pages"])
    for number in (1, 2, pages // 2, pages):
        grey = paper.page(number, "-gray").convert("L")
        assert sum(grey.histogram()[:90]) / (grey.width * grey.height) > 0.001, f"page {number} is empty"
    print(f"public PDF, 60 notes with photos: {len(paper.content) / 1e6:.2f} MB, {pages} pages")
