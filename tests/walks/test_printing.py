"""What is printed for a walk: the same on every machine, in the walk's language, whatever people typed."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from app.models import Stop, Walk
from app.taxonomy import categories
from app.walks import printing
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Stage

__all__ = ["add", "hurry", "signed_in", "visitor"]

SHEETS = ("poster.pdf", "poster.pdf?size=a5", "paper-form.pdf")
MARKUP = '#eval("1+1") $x^2$ \\ [hej] "citat" *fed* _skrå_ `kode` @henvisning <mærke> // note /* note */ = - + ~'
UNSAFE, SAFE, LAMP = (0x8A, 0x2C, 0x0A), (0x00, 0x4F, 0x77), (0xFF, 0xD6, 0x78)


@pytest.fixture
def desk(signed_in: Callable[..., Browser]) -> Browser:
    return signed_in("organiser", "Aalborg Kommune")


@pytest.fixture
def stage_settings() -> dict[str, Any]:
    return {"base_url": "http://tryg.example"}


def planned(stage: Stage, stops: int = 2, **given: Any) -> None:
    """The stage's walk, with a date, and what is given; with that many stops."""
    date = {"starts_at": datetime(2026, 11, 26, 18, tzinfo=UTC), "meeting_point": "Beboerhuset Kilden"}
    with stage.db.write() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
        for name, value in (date | given).items():
            setattr(walk, name, value)
        for stop in stage.stops[stops:]:
            tx.delete(tx.get_one(Stop, stop.id))
        tx.add_all(
            Stop(walk_id=walk.id, number=number, name=f"Sted {number}", lat=57.04 + number / 9999, lon=9.98)
            for number in range(3, stops + 1)
        )


def printed(desk: Browser, stage: Stage, sheet: str) -> bytes:
    reply = desk.get(f"/walks/{stage.walk.id}/{sheet}")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/pdf"), reply.text
    assert reply.headers["cache-control"] == "no-store"
    return bytes(reply.content)


def poppler(tool: str, content: bytes, *options: str) -> bytes:
    return subprocess.run([tool, *options], input=content, capture_output=True, check=True, timeout=60).stdout


def words(content: bytes) -> str:
    """What stands on the sheet, in one line: where lines end is the layout's."""
    return " ".join(poppler("pdftotext", content, "-raw", "-", "-").decode().replace("\u200b", "").split())


def told(content: bytes) -> dict[str, str]:
    lines = poppler("pdfinfo", content, "-").decode().splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


def colours(content: bytes) -> set[Any]:
    drawn = poppler("pdftoppm", content, "-r", "60", "-png", "-singlefile", "-")
    return {colour for _count, colour in Image.open(BytesIO(drawn)).convert("RGB").getcolors(1 << 24) or []}


def test_the_poster_says_what_when_where_and_how_to_come_along(stage: Stage, desk: Browser) -> None:
    code = {"code": "WWWWMMMM"}  # the widest there is
    planned(stage, light="dark", purpose="Vi vil vide, hvor lyset mangler.", contacts="Ida, 12 34 56 78", **code)
    for sheet in SHEETS[:2]:
        content = printed(desk, stage, sheet)
        text = words(content)
        for said in (
            "Aftenvandring i Aalborg Øst", "Torsdag 26. november kl. 19.00", "Beboerhuset Kilden",
            "Vi vil vide, hvor lyset mangler.", "Du skal ikke oprette dig.", "Tag en lygte med", "tryg.example/app",
            "WWWW-MMMM", "Spørgsmål: Ida, 12 34 56 78",
        ):  # fmt: skip
            assert said in text, (sheet, said)
        assert b"http://tryg.example/app/?walk=WWWWMMMM" in content, "the link, to be clicked"
        assert LAMP in colours(content)
        size = {"poster.pdf": "595.276 x 841.89", "poster.pdf?size=a5": "419.528 x 595.276"}[sheet]
        assert told(content)["Page size"].startswith(size)
        assert told(content)["Pages"] == "1"


def test_the_form_has_every_category_the_three_feelings_and_the_stops_to_tick(stage: Stage, desk: Browser) -> None:
    planned(stage, stops=3)
    content = printed(desk, stage, "paper-form.pdf")
    text = words(content)
    assert told(content)["Pages"] == "2"
    for category in categories():
        assert text.count(category["da"]) == 4, "one for each note"
    for said in ("Utryg", "Tryg", "Både-og", "Note 1", "Note 4", "Kilden", "Tunnelen", "Sted 3", "forside", "bagside",
                 "Beskriv stedet, ikke personen.", "Giv skemaet til den, der leder vandringen",
                 "Intet bliver offentligt, før to personer har læst det igennem.", "Fare: ring 112"):  # fmt: skip
        assert said in text, said
    assert {UNSAFE, SAFE} <= colours(content), "the shapes are drawn"


def test_the_sheets_speak_the_walks_language(stage: Stage, desk: Browser) -> None:
    planned(stage, language="en")
    assert "Thursday 26 November at 19:00" in words(printed(desk, stage, "poster.pdf"))
    form = words(printed(desk, stage, "paper-form.pdf"))
    assert "Describe the place, not the person." in form
    assert "Sightlines and planting" in form


@pytest.mark.parametrize("sheet", SHEETS)
def test_what_people_typed_is_text_and_never_an_instruction(stage: Stage, desk: Browser, sheet: str) -> None:
    typed = {"title": MARKUP, "purpose": MARKUP, "meeting_point": MARKUP, "contacts": MARKUP}
    planned(stage, **typed)
    with stage.db.write() as tx:
        tx.get_one(Stop, stage.stops[0].id).name = MARKUP
    content = printed(desk, stage, sheet)
    assert words(content).count(MARKUP) >= (4 if "poster" in sheet else 3)
    assert told(content)["Title"] == MARKUP


@pytest.mark.parametrize(
    "typed",
    [
        {"title": "W" * 200, "purpose": "Å" * 2000, "meeting_point": "ø" * 200, "contacts": "æ" * 500},
        {"title": "Tur i mørket " * 15, "purpose": "Ord for ord. " * 150, "contacts": "Ring bare, " * 45},
        {"title": "😀", "meeting_point": "👨‍👩‍👧‍👦 Kilden 🌙", "contacts": "☎ 12 34 56 78 ☕"},
        {"title": "\u202eomvendt\u200f \x07 \x00 \ufffe", "purpose": "Linje 1\r\nLinje 2\n\n\tLinje 4"},
        {"title": "Mikołaj Şahin-Čapek, Łódź", "meeting_point": "Площадь, Πλατεία, ساحة"},
        {"title": "散步", "contacts": "안녕하세요"},
        {"starts_at": None, "meeting_point": "", "contacts": "", "light": None},
    ],
)
@pytest.mark.parametrize("stops", [0, 12, 200])
def test_nothing_that_can_be_typed_keeps_a_sheet_from_being_printed(
    stage: Stage, desk: Browser, typed: dict[str, Any], stops: int
) -> None:
    if not stage.db.sqlite:  # PostgreSQL holds none
        typed = {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in typed.items()}
    planned(stage, stops, **typed)
    pages = [told(printed(desk, stage, sheet))["Pages"] for sheet in SHEETS]
    assert pages[:2] == ["1", "1"]
    assert int(pages[2]) == 2 if stops <= 12 else int(pages[2]) in {4, 5}
    form = words(printed(desk, stage, "paper-form.pdf"))
    assert all(f"Sted {number}" in form for number in range(3, stops + 1))


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_brings_its_own_letters_and_can_be_read_aloud(stage: Stage, desk: Browser, sheet: str) -> None:
    planned(stage, title="Tur i Łódź på æøå")
    content = printed(desk, stage, sheet)
    fonts = poppler("pdffonts", content, "-").decode().splitlines()[2:]
    assert {re.sub(r"^[A-Z]{6}\+", "", line.split()[0]) for line in fonts} <= {
        "IBMPlexSans-Regular", "IBMPlexSansExt-Regular"}  # fmt: skip
    assert all(" yes yes yes " in line for line in fonts), "embedded, and each letter known as text"
    assert told(content)["Tagged"] == "yes"
    meta = poppler("pdfinfo", content, "-meta", "-").decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in meta
    assert "<rdf:li>da</rdf:li>" in meta


def test_nothing_stands_where_only_pictures_were_typed(stage: Stage, desk: Browser) -> None:
    planned(stage, title="🌙", contacts="😀")
    text = words(printed(desk, stage, "poster.pdf"))
    assert text.startswith("Tryghedsvandring Tryghedsvandring")
    assert "Spørgsmål" not in text


def test_a_size_that_no_poster_has_is_refused_with_a_sentence(stage: Stage, desk: Browser) -> None:
    reply = desk.get(f"/walks/{stage.walk.id}/poster.pdf?size=a3", headers={"Accept": "application/json"})
    assert reply.status_code == 422
    assert "a4, a5" in reply.json()["detail"]


def test_the_plans_page_leads_to_the_sheets(stage: Stage, desk: Browser) -> None:
    page = desk.get(f"/walks/{stage.walk.id}/plan").text
    for sheet in SHEETS:
        assert f'href="/walks/{stage.walk.id}/{sheet}"' in page


def test_a_server_that_prints_nothing_never_loads_the_printer() -> None:
    code = "import sys, app.main; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize(
    "drawing", ["<svg", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><text>\x01</text></svg>"]
)
def test_a_map_that_cannot_be_printed_costs_no_sheet(
    stage: Stage, drawing: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = stage.app.state.settings
    for sheet in (
        printing.poster(stage.walk, stage.stops, settings, "a4", drawing),
        printing.paper_form(stage.walk, stage.stops, settings, drawing),
    ):
        assert sheet.startswith(b"%PDF")
    assert caplog.text.count("without its map") == 2
