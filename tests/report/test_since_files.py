"""A walk back beside the one before, in what is printed and kept inside: PDF, Excel, JSON, CSV, ZIP and the records package."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlmodel import select

from app.models import Measure, Organisation, Partner, Walk
from tests.cast import Stage
from tests.report.again import Again
from tests.report.conftest import Desk
from tests.report.printed import Paper, manifest, printed

TUNNEL = {"stop": "2", "was": "2", "name": "Tunnelen", "then_safe": "0", "then_mixed": "0", "then_unsafe": "6", "then_none": "0",
          "now_safe": "1", "now_mixed": "0", "now_unsafe": "0", "now_none": "0", "measures": "1", "statuses": "doing"}  # fmt: skip


@pytest.fixture
def evening(stage: Stage) -> Again:
    """Six voices of unease at the tunnel, one of them with a measure; back, it is safe. No edition."""
    made = Again(stage)
    for _ in range(5):
        made.note(valence="unsafe")
    made.measure(made.note(valence="unsafe"), answer="Vi skifter den.", status="doing")
    made.back()
    made.note(valence="safe", note="=Nu er der lys.")
    return made


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def in_zip(desk: Desk, ending: str) -> zipfile.ZipFile:
    answer = desk.get(ending)
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def sheets(desk: Desk, query: str = "", language: str = "en") -> dict[str, list[list[Any]]]:
    answer = desk.get(f".xlsx{query}", headers={"Accept-Language": language})
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_it_is_a_table_of_its_own_and_the_notes_keep_their_columns(evening: Again, desk: Desk) -> None:
    answer = desk.get("/since.csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="anden-gang.since.csv"'
    assert table(answer.content)[1] == TUNNEL
    assert [row["name"] for row in table(answer.content)] == ["Kilden", "Tunnelen", ""]
    assert "was" not in table(desk.get(".csv").content)[0]
    assert desk.get("/since.csv", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_json_and_both_packages_hold_it(evening: Again, desk: Desk) -> None:
    told = json.loads(desk.get(".json").content)["since"]
    assert (told["kind"], told["walk"]["notes"], told["walk"]["people"]) == ("return", 6, 3)
    assert told["rows"][1]["then"] == {"safe": 0, "mixed": 0, "unsafe": 6, "none": 0}
    assert (told["rows"][1]["measures"], told["plan"][0]["answer"]) == ([1], "Vi skifter den.")
    assert "pairs" not in told
    alone = desk.get("/since.csv").content
    with in_zip(desk, ".zip") as whole, in_zip(desk, ".esdh.zip") as filed:
        assert whole.read("since.csv") == filed.read("since.csv") == alone
        assert json.loads(whole.read("report.json"))["since"] == json.loads(filed.read("report.json"))["since"] == told
        assert "since.csv" in {one["path"] for one in manifest(filed)["files"]}
        assert "Vi skifter den." in Paper(filed.read("report.pdf")).words
    internal = json.loads(evening.bo.http.get(f"{evening.at}/report/internal.json").content)
    assert internal["since"] == told


def test_what_goes_on_is_told_by_the_numbers_of_both(evening: Again, desk: Desk) -> None:
    with evening.stage.db.read() as tx:
        first = tx.exec(select(Measure).where(Measure.walk_id == evening.earlier.id)).one()
    evening.measure(evening.note(), continues_id=first.id)
    assert json.loads(desk.get(".json").content)["since"]["continued"] == {"1": 1}
    assert "Goes on as measure 1." in printed(desk, "en").words


def test_the_workbook_has_a_sheet_of_it_in_words_a_person_reads(evening: Again, desk: Desk) -> None:
    book = sheets(desk)
    assert list(book)[-1] == "Since last time"
    [head, *rows] = book["Since last time"]
    tunnel = dict(zip(head, rows[1], strict=True))
    assert (tunnel["No."], tunnel["Place"]) == (2, "Tunnelen")
    assert (tunnel["First time: Unsafe"], tunnel["First time: Safe"]) == (6, 0)
    assert tunnel["Second time: Safe"] == "", "few voices are words"
    said = next(value for name, value in tunnel.items() if name.startswith("Second time: Anden gang"))
    assert said == "Few voices: safe"
    assert tunnel["What we heard"] == "“=Nu er der lys.”"
    assert tunnel["What was promised"] == "Measure 1: Lampen skiftes – Under way. Vi skifter den."
    assert "Siden sidst" in sheets(desk, language="da")
    assert all(len(name) <= 31 for name in book)


def test_the_internal_pdf_tells_it_place_by_place_and_what_was_agreed(evening: Again, desk: Desk) -> None:
    paper = printed(desk, "en")
    assert "Since last time" in paper.words
    assert "Unsafe 6" in paper.words
    assert "Measure 1: Lampen skiftes – Under way. Vi skifter den." in paper.words
    assert "0 of 1 measure from the walk before is done." in paper.words
    assert "<pdfuaid:part>1</pdfuaid:part>" in paper.meta


def test_of_some_of_the_notes_nothing_is_compared(evening: Again, desk: Desk) -> None:
    assert json.loads(desk.get(".json?valence=safe").content)["since"] is None
    assert "Since last time" not in sheets(desk, "?valence=safe")
    with in_zip(desk, ".zip?valence=safe") as opened:
        assert "since.csv" not in opened.namelist()


def test_a_walk_that_follows_none_has_none_of_it(stage: Stage, desk: Desk) -> None:
    assert desk.get("/since.csv").status_code == 404
    assert json.loads(desk.get(".json").content)["since"] is None
    with in_zip(desk, ".zip") as opened:
        assert "since.csv" not in opened.namelist()


def test_every_file_is_new_where_the_walk_before_has_changed(evening: Again, desk: Desk) -> None:
    endings = (".json", ".xlsx", ".zip", "/since.csv", ".pdf", ".esdh.zip")
    before = {ending: desk.get(ending).headers["etag"] for ending in endings}
    with evening.stage.db.write() as tx:
        held = tx.exec(select(Measure).where(Measure.walk_id == evening.earlier.id)).one()
        held.status, held.version = "done", held.version + 1
    for ending, etag in before.items():
        assert desk.get(ending, headers={"If-None-Match": etag}).status_code == 200, ending
    assert table(desk.get("/since.csv").content)[1]["statuses"] == "done"


def test_of_a_walk_that_the_reader_may_not_read_no_file_tells(evening: Again, desk_of: Callable[..., Desk]) -> None:
    with evening.stage.db.write() as tx:
        tx.add(other := Organisation(name="Randers Kommune"))
        tx.flush()
        tx.get_one(Walk, evening.earlier.id).organisation_id = other.id
    desk = desk_of("coordinator")
    assert desk.get("/since.csv").status_code == 404
    assert json.loads(desk.get(".json").content)["since"] is None
    assert "Lampen skiftes" not in printed(desk, "en").words
    assert "Since last time" not in sheets(desk)


def test_sensitive_notes_of_the_walk_before_are_counted_for_the_cleared_alone(
    stage: Stage, desk_of: Callable[..., Desk]
) -> None:
    evening = Again(stage)
    for _ in range(5):
        evening.note(valence="unsafe")
    evening.note(valence="unsafe", factors=["behaviour.harassment"])
    evening.back()
    cleared, other = desk_of("coordinator"), desk_of("organiser")
    assert [table(desk.get("/since.csv").content)[1]["then_unsafe"] for desk in (cleared, other)] == ["6", "5"]


def test_a_partners_extract_holds_only_what_was_passed_on(evening: Again) -> None:
    with evening.stage.db.write() as tx:
        tx.add(partner := Partner(owner="park", name="Park og vej", organisation_id=evening.earlier.organisation_id))
        tx.flush()
        partner_id = partner.id
    answer = evening.bo.http.get(f"{evening.at}/report/partners/{partner_id}.json")
    assert answer.status_code == 200
    assert "since" not in json.loads(answer.content)
