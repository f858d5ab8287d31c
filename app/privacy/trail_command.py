"""`tryg log …`: the access log on the command line.

Hides opening the database. Promises what every command does: --json prints JSON on stdout and nothing else; and an exit code
of 1 where the log is no longer as it was written.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from app.settings import load

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.models import Access

commands = typer.Typer(
    help="Who looked at what: read the access log, and verify that nobody changed it.", no_args_is_help=True
)

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder; TRYG_DATA, or ./var.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
BATCH = 500


@commands.callback()
def log() -> None:
    """Who looked at what: read the access log, and verify that nobody changed it."""


@commands.command()
def verify(
    known: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="An entry as it was noted elsewhere: it must still be the same.")
    ] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Go through the whole chain; exit code 1, and the first broken number, where an entry is not as it was written."""
    from app.privacy import trail

    expected = _known(known)
    with _reading(data) as tx:
        found = trail.verify(tx, expected)
    told = {
        "entries": found.entries,
        "first": found.first,
        "last": found.last,
        "hash": found.hash,
        "broken": found.broken,
    }
    if found.broken is None:
        line = f"{found.entries} entries, whole. To be noted elsewhere: {found.last}:{found.hash}"
    else:
        line = f"Broken at number {found.broken}: it is missing, or not as it was written. The {found.entries} entries before it are whole."
    print(json.dumps({"whole": found.broken is None} | told) if as_json else line, flush=True)
    if found.broken is not None:
        raise typer.Exit(1)


@commands.command()
def show(
    since: Annotated[
        str, typer.Option(metavar="ISO", help="From this day or time on: 2026-11-26, 2026-11-26T19:00.")
    ] = "",
    until: Annotated[str, typer.Option(metavar="ISO", help="Until this day or time.")] = "",
    who: Annotated[str, typer.Option(help="An e-mail address, or as the log has it: link:ID, command.")] = "",
    walk: Annotated[str, typer.Option(metavar="WALK", help="The walk's code or id.")] = "",
    what: Annotated[str, typer.Option(help="read, exported, signed-in …")] = "",
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each entry, for scripts.")] = False,
) -> None:
    """Print what was logged, the newest first."""
    from app.access import people
    from app.privacy import trail
    from app.walks.walks import find_by_code

    with _reading(data) as tx:
        names: tuple[str, ...] = (who,) if who else ()
        if "@" in who:
            person = people.by_email(tx, who)
            names = (trail.by(person.id), trail.by(person.id, "")) if person else (who,)
        found = find_by_code(tx, walk) if walk else None
        asked = trail.Asked(
            who=names, walk_id=found.id if found else walk, what=what, since=_moment("--since", since), until=_moment("--until", until)
        )  # fmt: skip
        for one in _all(tx, asked):
            told = trail.as_told(one)
            more = " ".join(f"{name}={value}" for name, value in one.detail.items())
            line = f"{one.number} {told['at']} {one.who} {one.what} {one.about} {one.walk_id or ''} {more}"
            print(json.dumps(told) if as_json else " ".join(line.split()), flush=False)


def _all(tx: "Session", asked: Any) -> "Iterator[Access]":
    from app.privacy import trail

    below = None
    while found := trail.find(tx, asked, BATCH, below):
        yield from found
        below = found[-1].number
        tx.expunge_all()


@contextmanager
def _reading(data: Path | None) -> "Iterator[Session]":
    from app.db import Database
    from app.schema import migrate_to_newest

    settings = load(data=data)
    migrate_to_newest(settings)
    db = Database(settings.database, at_leisure=True)
    try:
        with db.read() as tx:
            yield tx
    finally:
        db.close()


def _known(written: str) -> tuple[int, str] | None:
    number, _colon, digest = written.partition(":")
    if not written:
        return None
    if not (number.isascii() and number.isdigit() and len(number) < 19 and len(digest) == 64):
        raise typer.BadParameter("--known must be a number and a hash: 1204:9f86d081…, as tryg log verify prints them.")
    return int(number), digest.lower()


def _moment(option: str, text: str) -> datetime | None:
    """An ISO 8601 time; without an offset it is Danish time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} must be a day or a time such as 2026-11-26T19:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
