"""The access log over HTTP: searched by admins on a page, and taken out as a file.

Hides the form. Promises that it reads without a script, that the file holds what the page's search leaves, newest first and
never all in memory, and that looking at the log stands in the log.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session, col, select

from app import i18n, pages
from app.access.auditing import Auditor, audited
from app.access.guards import Person
from app.db import Database, Db
from app.models import Access, User, Walk
from app.privacy import looking, trail, words
from app.privacy.trail import Asked

router = APIRouter(tags=["privacy"])

ROWS = 50  # on a page
BATCH = 500  # in the file, at a time
WALKS = 500  # in the list to choose from
_RUNS = frozenset("=+-@\t\r")  # how a cell begins that a spreadsheet runs


@dataclass(frozen=True)
class Search:
    """As typed."""

    who: str = ""
    walk: str = ""
    what: str = ""
    about: str = ""
    since: str = ""
    until: str = ""

    def query(self, **other: str) -> str:
        """As it stands in an address, `other` in place of what is asked for."""
        return urlencode({name: value for name, value in (vars(self) | other).items() if value})


def _search(
    who: Annotated[str, Query(max_length=254)] = "",
    walk: Annotated[str, Query(max_length=36)] = "",
    what: Annotated[str, Query(max_length=30)] = "",
    about: Annotated[str, Query(max_length=60)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
) -> Search:
    return Search(who.strip(), walk, what if what in trail.WHAT else "", about.strip(), since, until)


Wanted = Annotated[Search, Depends(_search)]


@router.get("/log")
def get_log(
    request: Request,
    person: Auditor,
    db: Db,
    wanted: Wanted,
    below: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The newest entries that fit; `below`: those before this number."""
    looking.read(request, person, "log")
    with db.read() as tx:
        asked = _asked(tx, person, wanted)
        found = trail.find(tx, asked, ROWS + 1, below) if asked else []
        lines = words.lines(tx, found[:ROWS])
        walks = _walks(tx, person)
    older = wanted.query(below=str(found[ROWS - 1].number)) if len(found) > ROWS else ""
    return pages.render(
        request, "privacy/log.html", lines=lines, wanted=wanted, walks=walks, whats=words.whats(), older=older, below=below,
        unknown=asked is None, query=wanted.query(),
    )  # fmt: skip


@router.get("/log.csv", response_class=Response)
def get_table(request: Request, person: Auditor, db: Db, wanted: Wanted) -> Response:
    """The same as a table: as kept, and in words. Raises TryAgain where that cannot be logged."""
    looking.exported(request, person, "log.csv", of=wanted.query())
    with db.read() as tx:
        asked = _asked(tx, person, wanted)
    told = _rows(db, asked, i18n.language())
    named = {"Content-Disposition": 'attachment; filename="log.csv"'}
    return StreamingResponse(told, media_type="text/csv; charset=utf-8", headers=pages.PRIVATE | named)


def _rows(db: Database, asked: Asked | None, language: str) -> Iterator[bytes]:
    """In batches, each in a look of its own at the database: nothing is held while somebody's line is slow."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(
        ["number", "at", "who", "what", "walk_id", "about", "detail", "who_in_words", "what_in_words", "walk"]
    )
    yield ("\ufeff" + written.getvalue()).encode()
    below = None
    while asked:
        with db.read() as tx, i18n.use(language):
            found = trail.find(tx, asked, BATCH, below)
            told = words.lines(tx, found)
        written.seek(0)
        written.truncate()
        for one, line in zip(found, told, strict=True):
            cells = [
                one.number,
                trail.as_told(one)["at"],
                one.who,
                one.what,
                one.walk_id or "",
                one.about,
                _detail(one),
            ]
            writer.writerow([_cell(cell) for cell in (*cells, line.who, line.what, line.walk)])
        yield written.getvalue().encode()
        if len(found) < BATCH:
            return
        below = found[-1].number


def _detail(one: Access) -> str:
    return ";".join(f"{name}={value}" for name, value in one.detail.items())


def _cell(value: int | str) -> int | str:
    """A text that a spreadsheet would run as a formula gets ' before it."""
    return "'" + value if isinstance(value, str) and value[:1] in _RUNS else value


def _asked(tx: Session, person: Person, wanted: Search) -> Asked | None:
    """What is to be looked for; None where nobody goes by that name, so that nothing can fit."""
    asked = Asked(
        places=audited(person), walk_id=wanted.walk, what=wanted.what, about=wanted.about, since=_midnight(wanted.since),
        until=_midnight(wanted.until, days=1),
    )  # fmt: skip
    if "@" in wanted.who:
        user_id = tx.exec(select(User.id).where(User.email == wanted.who.lower())).first()
        return replace(asked, who=(trail.by(user_id), trail.by(user_id, ""))) if user_id else None
    return replace(asked, who=(wanted.who,) if wanted.who else ())


def _midnight(day: str, days: int = 0) -> datetime | None:
    """When a day begins, in Danish time; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), ZoneInfo(words.ZONE))
    except (ValueError, OverflowError):
        return None


def _walks(tx: Session, person: Person) -> list[tuple[str, str]]:
    """The walks to choose from, the newest first: (id, title and day)."""
    newest = select(Walk.id, Walk.title, Walk.starts_at, Walk.created_at).order_by(col(Walk.created_at).desc())
    places = audited(person)
    if places is not None:
        newest = newest.where(col(Walk.organisation_id).in_(sorted(places)))
    return [
        (key, f"{title}, {pages.day(starts or created)}")
        for key, title, starts, created in tx.exec(newest.limit(WALKS)).all()
    ]
