"""The report as an Excel workbook, read as another program reads it."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from app.access import people
from app.models import Ground, Measure, Partner
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.report.conftest import Desk

DANGER = [
    '=HYPERLINK("http://ond.example";"lampe")',
    "+1",
    "-1",
    "@SUM(A1)",
    "http://ond.example",
    "007",
    "\tx",
    "_x0041_",
]


def read(desk: Desk, query: str = "", language: str = "da") -> dict[str, list[list[Any]]]:
    answer = desk.get(f".xlsx{query}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def rows(sheet: list[list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]


def test_each_note_is_a_row_in_words_a_person_reads(stage: Stage, desk: Desk) -> None:
    phone = stage.phone(team="Hold 1")
    note_id = phone.note(
        Picture(jpeg()), factors=["lighting.outage"], feeling=0, stop_id=stage.stops[0].id, note="Lampen\ner slukket."
    )
    phone.put(note_id)
    book = read(desk)
    assert list(book) == ["Noter", "Stop", "Tal"], "no sheet of measures where there is none"
    [row] = rows(book["Noter"])
    assert row["Dato og tid"] == datetime(2026, 11, 24, 19, 32, 11), "a time, as the clocks showed it there"  # noqa: DTZ001
    assert (row["Stop"], row["Sted"], row["Hvordan det føles"], row["Følelse"]) == (
        1,
        "Kilden",
        "Utryg",
        "meget utrygt",
    )
    assert (row["Emner"], row["Hvorfor"], row["Note"]) == ("Belysning", "Lampe virker ikke", "Lampen\ner slukket.")
    assert (row["Rolle"], row["Hold"], row["Enige"], row["Billeder"]) == ("Beboer", "Hold 1", 0, 1)
    assert (row["Breddegrad"], row["Længdegrad"], row["Notens nummer"]) == (57.0488, 9.9217, note_id)
    assert [(row["Stop"], row["Utryg"], row["Tryg"]) for row in rows(book["Stop"])] == [
        ("Kilden", 1, 0),
        ("Tunnelen", 0, 0),
    ]
    assert ["Noter", "I alt", 1] in book["Tal"]
    assert ["Gik med", "Beboer", 1] in book["Tal"]


def test_it_speaks_the_readers_language_and_says_so_in_its_version(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    phone.put(phone.note())
    assert list(read(desk, language="en")) == ["Notes", "Stops", "Numbers"]
    danish, english = (desk.get(".xlsx", headers={"Accept-Language": one}).headers["etag"] for one in ("da", "en"))
    assert danish != english
    assert desk.get(".xlsx", headers={"Accept-Language": "da", "If-None-Match": danish}).status_code == 304


@pytest.mark.parametrize("typed", DANGER)
def test_whatever_is_typed_is_text_and_nothing_that_runs_or_leads_away(stage: Stage, desk: Desk, typed: str) -> None:
    phone = stage.phone(team=typed[:40])
    phone.put(phone.note(note=typed, suggestion=typed, factors=[typed[:40]]))
    [row] = rows(read(desk)["Noter"])
    assert (row["Note"], row["Forslag"]) == (typed, typed)
    with zipfile.ZipFile(io.BytesIO(desk.get(".xlsx").content)) as parts:
        for name in parts.namelist():
            content = parts.read(name).decode("utf-8")
            assert "<f>" not in content, name
            assert "<hyperlink" not in content, name


def test_letters_that_no_xml_can_hold_and_the_longest_notes_break_nothing(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    phone.put(phone.note(note="før\x07\x1b\ufffe\uffffefter 😀", suggestion="Å" * 2000))
    [row] = rows(read(desk)["Noter"])
    assert row["Note"].replace("\x07", "").replace("\x1b", "") == "førefter 😀"
    assert row["Forslag"] == "Å" * 2000


def test_measures_have_a_sheet_of_their_own_with_dates_that_can_be_sorted(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    note_id = phone.note()
    phone.put(note_id)
    with stage.db.write() as tx:
        person = people.add(tx, "planner@example.dk", "coordinator", "Aalborg Kommune")
        partner = Partner(owner="vej", name="Vej og belysning")
        tx.add(partner)
        tx.flush()
        made = Measure(
            walk_id=stage.walk.id, number=1, place="Tunnelen", problem="Mørkt", measure="Ny lampe", partner_id=partner.id,
            deadline=date(2026, 12, 10), answer="Lampen er bestilt.", created_by=person.id,
        )  # fmt: skip
        tx.add(made)
        tx.flush()
        tx.add(Ground(measure_id=made.id, observation_id=note_id))
    book = read(desk)
    [row] = rows(book["Tiltag"])
    assert (row["Nr."], row["Sted"], row["Hvad skal der ske"], row["Ansvarlig"]) == (
        1,
        "Tunnelen",
        "Ny lampe",
        "Vej og belysning",
    )
    assert row["Frist"] in (date(2026, 12, 10), datetime(2026, 12, 10))  # noqa: DTZ001
    assert (row["Offentligt svar"], row["Noter"]) == ("Lampen er bestilt.", 1)
    assert rows(book["Noter"])[0]["Tiltag"] == "1"


def test_an_empty_walk_and_a_filter_give_whole_files(stage: Stage, desk: Desk) -> None:
    assert len(read(desk)["Noter"]) == 1
    phone = stage.phone()
    phone.put(phone.note(valence="safe", note="Lys i vinduerne."))
    phone.put(phone.note(valence="unsafe", note="Mørkt."))
    assert [row["Note"] for row in rows(read(desk, "?valence=safe")["Noter"])] == ["Lys i vinduerne."]
