"""The command `tryg`: what scripts, cron jobs and whoever runs the server hold on to.

Hides set-up: every command brings the database up to date first. Promises that each one works while `serve` runs, that
--json prints one object on stdout and nothing else, and that a failure is one sentence on stderr: exit code 1, or 2 where
the call itself was wrong. Features are imported where they are needed, so that a start is quick.
"""

import atexit
import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import typer

from app import i18n, server
from app.basemap.build import CannotBuild
from app.basemap.command import commands as basemap
from app.copies.command import backup, erase_again, move, restore
from app.privacy.command import commands as retention
from app.privacy.trail_command import commands as log
from app.schema import CannotMigrate, migrate_to_newest
from app.settings import Settings, WrongSetting, load

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.db import Database
    from app.models import Walk

cli = typer.Typer(
    help="Tryghedsvandring: safety walks, from the walkers' notes to the report.",
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
walk = typer.Typer(help="Make, open and close walks.", no_args_is_help=True)
user = typer.Typer(help="People who sign in, and the keys of their scripts.", no_args_is_help=True)
cli.add_typer(walk, name="walk")
cli.add_typer(retention, name="retention")
cli.add_typer(user, name="user")
cli.add_typer(basemap, name="basemap")
cli.add_typer(log, name="log")
for command in (backup, restore, erase_again, move):
    cli.command(command.__name__.replace("_", "-"))(command)

Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder; TRYG_DATA, or ./var.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Code = Annotated[
    str, typer.Argument(metavar="CODE", help="The walk's code, K7QF-2MXD; capitals and hyphen do not matter.")
]


class Role(StrEnum):
    organiser = "organiser"
    coordinator = "coordinator"
    partner = "partner"
    admin = "admin"


class Refused(Exception):
    """What was asked for cannot be done; the text is the sentence. `code`: 1, or 2 where the call was wrong."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def main() -> NoReturn:
    """The entry point. Exits 0, 1 (could not be done) or 2 (wrongly called)."""
    # Imports make hundreds of thousands of objects that stay; looking through them again and again is a sixth of a start.
    gc.set_threshold(100_000, 20, 20)
    from app.copies import Unusable
    from app.problems import Problem

    # Nor need they be looked through once more at the end, which would be a third of what a server costs that is stopped at once.
    atexit.register(gc.freeze)
    with i18n.use("en"):
        try:
            cli()
        except WrongSetting as wrong:
            _end(str(wrong), 2)
        except Refused as refused:
            _end(str(refused), refused.code)
        except Problem as problem:
            if problem.code == "try-again":
                of_photos = f"{problem}." if isinstance(problem, OSError) else ""
                _end(of_photos or "The database is locked, full or cannot be reached; nothing was changed.", 1)
            _end(problem.body()["detail"], 2 if problem.status == 422 else 1)
        except (server.CannotServe, CannotMigrate, CannotBuild, Unusable) as hindrance:
            _end(str(hindrance), 1)
        except UnicodeError:
            _end("A text that was given is not UTF-8.", 2)
        except OSError as trouble:
            _end(f"{trouble.strerror or trouble}{f': {trouble.filename}' if trouble.filename else ''}.", 1)
    sys.exit(0)


def _end(sentence: str, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _say(as_json: bool, told: dict[str, Any], *lines: str) -> None:
    print(json.dumps(told) if as_json else "\n".join(lines), flush=True)


@contextmanager
def _database(data: Path | None) -> "Iterator[tuple[Settings, Database]]":
    """Settings with the address people reach the server at, and the up-to-date database."""
    from app.db import Database

    settings = load(data=data)
    if not settings.base_url:
        settings = settings.model_copy(update={"base_url": server.address_in_use(settings) or "http://127.0.0.1:8000"})
    migrate_to_newest(settings)
    db = Database(settings.database, at_leisure=True)
    try:
        yield settings, db
    finally:
        db.close()


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 8000,
    workers: Annotated[int | None, typer.Option(min=1, max=32, help="Processes that clean photos.")] = None,
    with_demo: Annotated[bool, typer.Option("--demo", help="Make the demo walk first, and print its links.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Migrate, then serve until SIGTERM or Ctrl-C."""
    from app.access import mail

    with server.listening(load(data=data, photo_workers=workers), host, port) as (settings, listener):
        as_json = as_json or settings.log_format == "json"  # whoever gathers a container's lines reads no others
        mail.try_out(settings)
        migrate_to_newest(settings)
        told = {"url": settings.base_url}
        if with_demo:
            from app.demo.ground import with_its_map
            from app.demo.walk import show

            settings = with_its_map(settings)
            told |= _demo(settings)
            if not as_json:
                show(told)
                print("" if settings.basemap else "There is no map under it: make map tries to build one.\n", end="")
        server.run(settings, listener, lambda: _say(as_json, told, f"Serving {settings.base_url}"))


@cli.command()
def migrate(data: Data = None, as_json: Json = False) -> None:
    """Bring the database up to date."""
    before, after = migrate_to_newest(load(data=data))
    said = "The database is up to date" if before == after else "The database is now up to date"
    _say(as_json, {"before": before, "after": after}, f"{said} ({after}).")


@cli.command()
def demo(data: Data = None, as_json: Json = False) -> None:
    """Make a walk with route, stops, notes and photos to look at; once, then only a new sign-in link."""
    from app.demo.walk import show

    with _database(data) as (settings, _db):
        told = _demo(settings)
    if as_json:
        return _say(True, told)
    show(told)


def _demo(settings: Settings) -> dict[str, str]:
    """Make the demo walk where there is none; its links, with a fresh sign-in."""
    from app.db import Database
    from app.demo.walk import make
    from app.photos.vault import vault_of

    db = Database(settings.database, at_leisure=True)
    try:
        return make(db, vault_of(settings), settings)
    finally:
        db.close()


@walk.command("create")
def create_walk(
    title: Annotated[str, typer.Option(help="What the walk is called.")],
    planned: Annotated[bool, typer.Option("--planned", help="Not open yet; it can be joined all the same.")] = False,
    starts: Annotated[str, typer.Option(metavar="ISO", help="When it starts: 2026-11-26T19:00.")] = "",
    ends: Annotated[str, typer.Option(metavar="ISO", help="When it ends; nothing closes by itself.")] = "",
    route: Annotated[
        Path | None, typer.Option(metavar="FILE.geojson", help="One LineString; Points become stops.")
    ] = None,
    organisation: Annotated[str, typer.Option(help="Whose walk it is; the only organisation where there is one.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a walk; prints its code and its link."""
    from app.access import people
    from app.privacy import trail
    from app.walks import route as routes
    from app.walks import walks

    if not title.strip():
        raise Refused("A walk needs a title.", 2)
    begins, over = _moment("--starts", starts), _moment("--ends", ends)
    if begins and over and over < begins:
        raise Refused("--ends is before --starts.", 2)
    plan = routes.read(route.read_bytes()) if route else None
    line, stops = (plan.line, plan.stops) if plan else (None, None)
    with _database(data) as (settings, db), db.write() as tx:
        owner = people.organisation_named(tx, organisation) if organisation.strip() else people.only_organisation(tx)
        made = walks.create(
            tx, title.strip(), planned=planned, starts_at=begins, ends_at=over, route=line, stops=stops, organisation_id=owner and owner.id,
        )  # fmt: skip
        if plan:
            trail.record(tx, "command", "imported", walk=made, about="file:route")
    link = walks.join_url(made, settings)
    _say(as_json, {"walk_id": made.id, "code": made.code, "join_url": link}, f"{walks.shown(made.code)}  {link}")


@walk.command("open")
def open_walk(code: Code, data: Data = None, as_json: Json = False) -> None:
    """Open a planned walk."""
    _change(code, data, as_json, "open")


@walk.command("close")
def close_walk(code: Code, data: Data = None, as_json: Json = False) -> None:
    """Close a walk: nobody new joins, and what its phones still hold is taken in."""
    _change(code, data, as_json, "close")


@walk.command("reopen")
def reopen_walk(code: Code, data: Data = None, as_json: Json = False) -> None:
    """Open a closed walk again."""
    _change(code, data, as_json, "open")


def _change(code: str, data: Path | None, as_json: bool, what: str) -> None:
    from app.walks import walks

    with _database(data) as (_settings, db), db.write() as tx:
        found = _walk(tx, code)
        if what == "open":
            walks.open_walk(tx, found, "command")
        else:
            walks.close(tx, found, "command")
    told = {"walk_id": found.id, "code": found.code, "state": found.state}
    _say(as_json, told, f"{walks.shown(found.code)} is {found.state}.")


@user.command("add")
def add_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")],
    role: Annotated[Role, typer.Option(help="What the person is; takes the place of what they were.")],
    organisation: Annotated[str, typer.Option(help="Where; in every organisation where none is named.")] = "",
    cleared: Annotated[bool, typer.Option("--cleared", help="An organiser who may read sensitive notes.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a person, or change a known one; prints a link that signs them in once, within 24 hours."""
    from app.access import people, signin
    from app.privacy import trail

    with _database(data) as (settings, db), db.write() as tx:
        person = people.add(tx, email, role.value, organisation, cleared=cleared)
        trail.record(tx, "command", "role-given", about=f"person:{person.id}", role=role.value)
        link = signin.new_link(tx, person, settings.base_url)
    _say(as_json, {"user_id": person.id, "sign_in_url": link}, link)


@user.command("key")
def user_key(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address of a person who was added.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Make all of this person's keys useless instead.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Print a new key for reading and exports with this person's rights; it is not shown again."""
    from app.access import people
    from app.privacy import trail

    with _database(data) as (_settings, db), db.write() as tx:
        person = people.by_email(tx, email)
        if person is None:
            raise Refused(f"Nobody has the address {email}: add the person first (tryg user add).")
        if revoke:
            gone = people.revoke_keys(tx, person)
            trail.record(tx, "command", "keys-withdrawn", about=f"person:{person.id}", keys=gone)
            return _say(as_json, {"revoked": gone}, f"Keys revoked: {gone}.")
        key = people.new_key(tx, person)
        trail.record(tx, "command", "key-made", about=f"person:{person.id}")
    _say(as_json, {"key": key}, key)


@cli.command()
def export(
    walk: Annotated[str, typer.Argument(metavar="WALK", help="The walk's code or id.")],
    format: Annotated[str, typer.Option("--format", help="geojson, csv, gpkg, xlsx, zip, json or pdf.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The file to write; one that is there is replaced.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write a walk's report to a file, sensitive notes included."""
    from app.privacy import trail
    from app.report.written import FORMATS, written

    if format not in FORMATS:
        raise Refused(f"This version cannot write {format}: choose {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.", 2)
    with _database(data) as (settings, db):
        with db.write() as tx:
            trail.record(tx, "command", "exported", walk=_walk(tx, walk), about=f"file:{format}", sensitive=True)
        with db.read() as tx:
            report, pieces = written(tx, _walk(tx, walk), format, settings)
        beside = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            with beside.open("wb") as file:
                file.writelines(pieces)
            beside.replace(out)
        finally:
            beside.unlink(missing_ok=True)
    told = {"out": str(out), "notes": len(report.observations), "bytes": out.stat().st_size}
    _say(as_json, told, f"{out}: {len(report.observations)} notes.")


@cli.command("import")
def import_copy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What a walker's phone wrote: tryghedsvandring-….zip.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Put a phone's copy of unsent notes and photos into their walk; doing it twice does it once."""
    from app.copies import intake
    from app.copies.phone_copy import open_copy
    from app.photos.vault import vault_of
    from app.problems import TryAgain
    from app.walks.walks import shown

    try:
        with open_copy(file) as copy, _database(data) as (settings, db):
            done = intake.take_in(db, vault_of(settings), copy, settings.photo_bytes)
    except TryAgain:
        raise Refused("The disk is full, or the database busy, before all was in: give the same file again.") from None
    notes = {name: done.notes[name] for name in ("new", "known", "refused")}
    photos = {name: done.photos[name] for name in ("new", "known", "missing", "refused")}
    told = {"walk_id": done.walk.id, "code": done.walk.code, "notes": notes, "photos": photos}
    told["refusals"] = done.refusals
    lines = [", ".join(f"{count} {name}" for name, count in counts.items()) for counts in (notes, photos)]
    _say(as_json, told, f"{shown(done.walk.code)}: notes {lines[0]}; photos {lines[1]}.", *done.refusals)
    if done.refusals:
        raise Refused("Not everything could be taken in: what was refused is named above.")


def _walk(tx: "Session", named: str) -> "Walk":
    """The walk with this code or id."""
    from app.models import Walk
    from app.walks.walks import find_by_code

    found = find_by_code(tx, named) or tx.get(Walk, named.strip().lower())
    if found is None:
        raise Refused(f"No walk has the code or id {named}.")
    return found


def _moment(option: str, text: str) -> datetime | None:
    """An ISO 8601 time; without an offset it is Danish time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{option} must be a time such as 2026-11-26T19:00.", 2) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
