"""A Report as an Excel workbook: notes, measures, stops, numbers and the walk before, each a sheet, in the reader's language.

Hides XlsxWriter. Promises that whatever somebody typed is a text in a cell and never a formula, a link or a number; that
times are times and numbers numbers, to be sorted and summed; and that rows are not held in memory until the end. For people:
the names that scripts hold on to stand in the CSV. Made from a Report, and the View of it beside the walk before, alone; never
a participant's name.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from app.i18n import gettext as _
from app.measures import words as plan
from app.pages import local
from app.report import words
from app.report.exports import PIECE
from app.report.report import Observation, Report
from app.report.since_page import Line, View, said

MOST_LETTERS = 32_767  # in a cell (Excel's specifications and limits)
MOST_IN_NAME = 31  # letters of a sheet's name
_WIDE, _NARROW, _MIDDLE = 60, 11, 22  # a column's width in letters
FELT = ("safe", "mixed", "unsafe")

Column = tuple[str, int]


def workbook(report: Report, since: View | None = None) -> Iterator[bytes]:
    """The file (ECMA-376), in pieces. `since`: the walk before beside this one, in the reader's language."""
    import xlsxwriter  # late: only whoever asks for it pays

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False,
                                      "strings_to_urls": False, "nan_inf_to_errors": True})  # fmt: skip
    newest = max((seen.captured_utc for seen in report.observations), default=datetime(1980, 1, 1, tzinfo=UTC))
    # The same report makes the same file: not the hour it was asked for stands in it.
    book.set_properties({"title": words_only(report.walk["title"]), "author": "Tryghedsvandring", "created": newest})
    sheets = _Sheets(book)
    sheets.add(_("Notes"), _of_notes(), (_note(seen, report) for seen in report.observations))
    if report.measures:
        sheets.add(_("Measures"), _of_measures(), _measures(report))
    sheets.add(_("Stops"), _of_stops(), _stops(report))
    sheets.add(_("Numbers"), [("", _MIDDLE), ("", _MIDDLE), (_("Number"), _NARROW)], _numbers(report))
    if since:
        sheets.add(since.title[:MOST_IN_NAME], _of_since(since), map(_since, since.lines))
    book.close()
    whole = file.getbuffer()
    for at in range(0, len(whole), PIECE):
        yield bytes(whole[at : at + PIECE])


class _Sheets:
    """Puts sheets into a workbook, each with a headed table that stands still while one scrolls."""

    def __init__(self, book: Any) -> None:
        self._book = book
        look = {"valign": "top", "text_wrap": True}
        self._plain, self._head = book.add_format(look), book.add_format(look | {"bold": True, "bottom": 2})
        self._moment = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm"})
        self._day = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd"})

    def add(self, name: str, columns: list[Column], rows: Iterable[list[Any]]) -> None:
        sheet = self._book.add_worksheet(name)
        for at, (_title, width) in enumerate(columns):
            sheet.set_column(at, at, width)
        sheet.freeze_panes(1, 0)
        for at, (title, _width) in enumerate(columns):
            sheet.write_string(0, at, title, self._head)
        last = 0
        for last, row in enumerate(rows, 1):
            for at, value in enumerate(row):
                self._write(sheet, last, at, value)
        sheet.autofilter(0, 0, last, len(columns) - 1)

    def _write(self, sheet: Any, row: int, at: int, value: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, datetime):
            sheet.write_datetime(row, at, value.replace(tzinfo=None), self._moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, at, value, self._day)
        elif isinstance(value, int | float):
            sheet.write_number(row, at, value, self._plain)
        else:
            sheet.write_string(row, at, words_only(str(value))[:MOST_LETTERS], self._plain)


def words_only(text: str) -> str:
    """Without what XML cannot hold: halves of a pair of surrogates, and U+FFFE and U+FFFF."""
    return "".join(sign for sign in text if not ("\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff"))


def _of_notes() -> list[Column]:
    return [(_("Date and time"), 17), (_("Stop"), _NARROW), (_("Place"), _MIDDLE), (_("How it feels"), _NARROW),
            (_("Feeling"), _MIDDLE), (_("Subjects"), _MIDDLE), (_("Reasons"), 34), (_("Note"), _WIDE),
            (_("Suggestion"), _WIDE), (_("Role"), _MIDDLE), (_("Team"), _NARROW), (_("Agree"), _NARROW),
            (_("Measures"), _NARROW), (_("Photos"), _NARROW), (_("Latitude"), 13), (_("Longitude"), 13),
            (_("How the place is known"), 34), (_("Number of the note"), 38)]  # fmt: skip


def _note(seen: Observation, report: Report) -> list[Any]:
    return [
        _local(seen.captured_utc, report), seen.stop, _stop_name(seen.stop, report), words.valence(seen.valence or "none"),
        words.feeling(seen.feeling) if seen.feeling is not None else None,
        "\n".join(words.category(key) for key in seen.categories), "\n".join(words.factor(key) for key in seen.factors),
        seen.note, seen.suggestion, words.role(seen.role), seen.team, seen.agreements,
        ", ".join(map(str, seen.measures)), len(seen.photos), seen.lat, seen.lon, words.place(seen), seen.id,
    ]  # fmt: skip


def _of_measures() -> list[Column]:
    return [(_("No."), _NARROW), (_("Place"), _MIDDLE), (_("Stop"), _NARROW), (_("What is the matter"), _WIDE),
            (_("What is to be done"), _WIDE), (_("Kind"), _MIDDLE), (_("Who answers for it"), _MIDDLE),
            (_("Unit"), _MIDDLE), (_("Deadline"), 13), (_("Money"), _MIDDLE), (_("Priority"), _NARROW),
            (_("Status"), _MIDDLE), (_("Public answer"), _WIDE), (_("Reason"), _WIDE), (_("Answered"), 17), (_("Done"), 17),
            (_("Their case number"), _MIDDLE), (_("Notes"), _NARROW), (_("Latitude"), 13), (_("Longitude"), 13)]  # fmt: skip


def _measures(report: Report) -> Iterator[list[Any]]:
    for told in report.measures:
        yield [
            told.number, told.place, told.stop, told.problem, told.measure, plan.kind(told.kind), told.partner, told.unit,
            told.deadline, plan.money(told.money), plan.priority(told.priority), plan.status(told.status), told.answer,
            told.reason, told.answered_at and _local(told.answered_at, report), told.done_at and _local(told.done_at, report),
            told.ticket, len(told.observation_ids), told.lat, told.lon,
        ]  # fmt: skip


def _of_stops() -> list[Column]:
    return [(_("No."), _NARROW), (_("Stop"), 34), (_("What to look for"), _WIDE), (_("Safe"), _NARROW), (_("Both"), _NARROW),
            (_("Unsafe"), _NARROW), (_("Not said"), _NARROW), (_("Latitude"), 13), (_("Longitude"), 13)]  # fmt: skip


def _stops(report: Report) -> Iterator[list[Any]]:
    for stop in report.stops:
        felt = [seen.valence or "none" for seen in report.observations if seen.stop == stop.number]
        yield [stop.number, stop.name, stop.prompt, *(felt.count(key) for key in words.VALENCES), stop.lat, stop.lon]


def _numbers(report: Report) -> Iterator[list[Any]]:
    numbers = report.numbers
    yield [_("Notes"), _("All"), numbers["notes"]]
    says = {"valence": words.valence, "category": words.category, "role": words.role}
    named = {"valence": _("How it feels"), "category": _("Subjects"), "role": _("Notes by role")}
    for facet, say in says.items():
        for key, number in sorted(numbers[facet].items(), key=lambda one: -one[1]):
            yield [named[facet], say(key), number]
    yield [_("Took part"), _("All"), numbers["participants"]["all"]]
    for role, number in numbers["participants"]["role"].items():
        yield [_("Took part"), words.role(role), number]
    yield [_("Photos"), _("Declared"), numbers["photos"]["declared"]]
    yield [_("Photos"), _("Received"), numbers["photos"]["received"]]


def _of_since(view: View) -> list[Column]:
    """Which walk each half is of stands over it."""
    columns = [(_("No."), _NARROW), (_("Place"), _MIDDLE)]
    for side in view.sides:
        columns.append((f"{side.name}: {side.title}. {side.facts}", 34))
        columns += [(f"{side.name}: {words.valence(key)}", _NARROW) for key in FELT]
    return [*columns, (_("What we heard"), _WIDE), (_("What was promised"), _WIDE)]


def _since(line: Line) -> list[Any]:
    """A place: few voices are words, more are numbers."""
    counted: list[Any] = []
    for at in (0, 1):
        numbers = dict(line.marks(at))
        counted += [line.cell(at), *(numbers.get(key) for key in FELT)]
    promised = "\n".join(said(one) for one in line.promised)
    return [line.number, line.name or _("Between the stops"), *counted, "\n".join(line.heard), promised]


def _stop_name(number: int | None, report: Report) -> str | None:
    return next((stop.name for stop in report.stops if stop.number == number), None)


def _local(moment: datetime, report: Report) -> datetime | str:
    """As the clocks showed it there, since Excel knows no zones; in words before 1900, where its calendar begins."""
    there = local(moment, report.walk["timezone"]).replace(microsecond=0)
    return there if there.year >= 1900 else there.isoformat(" ", "minutes")
