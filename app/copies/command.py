"""`tryg backup`, `tryg restore`, `tryg erase-again` and `tryg move`: how they are called and what they say.

Promises what every command does: --json prints one object and nothing else, and a failure is one sentence; and that no key or
password is ever printed. Everything heavy is imported where it is needed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from app.settings import Settings


Backup = Annotated[Path, typer.Argument(metavar="DIR", help="The backup's folder.")]
Newer = Annotated[Path, typer.Argument(metavar="DIR", help="A newer backup's folder; it is only read.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder; TRYG_DATA, or ./var.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]


def backup(folder: Backup, data: Data = None, as_json: Json = False) -> None:
    """Write everything into a folder, while the server serves; given an earlier backup's, only what is new is copied."""
    from app.copies.backup import back_up

    _with_copies(back_up, folder, data, as_json, "backed up")


def restore(folder: Backup, data: Data = None, as_json: Json = False) -> None:
    """Put a backup into a database without walks; whatever else is in it is replaced."""
    from app.copies.restore import restore as put_back

    told = _with_copies(put_back, folder, data, as_json, "restored")
    if not as_json:
        print(
            f"What was erased after it was made ({told['made_at']}) is here again. Before anybody comes in: tryg retention run, and"
            " tryg erase-again with a newer backup, as docs/operations.md says under 'What was erased since a backup'."
        )


def erase_again(folder: Newer, data: Data = None, as_json: Json = False) -> None:
    """After an older backup was put back: erase once more what people had erased since, as a newer backup knows it."""
    from app.copies.again import erase_again as work
    from app.photos.vault import vault_of
    from app.schema import migrate_to_newest
    from app.settings import load

    settings = load(data=data)
    migrate_to_newest(settings)
    with ExitStack() as open_ones:
        told = work(_opened(settings, open_ones), vault_of(settings), settings, folder.resolve())
    counts = ", ".join(f"{name} {number}" for name, number in told.erased.items())
    said = f"{told.receipts} receipts taken up. Erased again: {counts or 'nothing that is here'}."
    if told.by_hand:
        said += f"\nWords or people, to be searched for by hand (/people/search), in the receipts {', '.join(told.by_hand)}."
    print(json.dumps(vars(told)) if as_json else said, flush=True)


def _with_copies(
    work: Callable[..., dict[str, Any]], folder: Path, data: Path | None, as_json: bool, done: str
) -> dict[str, Any]:
    from app.photos.vault import vault_of
    from app.schema import migrate_to_newest
    from app.settings import load

    settings = load(data=data)
    migrate_to_newest(settings)
    with ExitStack() as open_ones:
        told = work(_opened(settings, open_ones), vault_of(settings), settings, folder.resolve())
    said = f"{folder}: {done}, {told['walks']} walks, {told['notes']} notes, {told['photos']} photos."
    print(json.dumps(told) if as_json else said, flush=True)
    return told


def move(
    to_database: Annotated[
        str, typer.Option(metavar="URL", help="As TRYG_DATABASE_URL; empty: TRYG_TO_DATABASE_URL, else it stays.")
    ] = "",
    to_photos: Annotated[str, typer.Option(metavar="URL", help="As TRYG_PHOTOS_URL; empty: they stay.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy this installation to another database and another place for photos, compare both, and say what to set then.

    Nothing may serve from either meanwhile. Broken off, the same command goes on; nothing is taken away here."""
    from app.copies import Unusable
    from app.copies.move import ledger, ledger_of
    from app.copies.move import move as carry
    from app.photos.vault import vault_of
    from app.schema import migrate_to_newest
    from app.settings import load

    here = load(data=data)
    there = load(data=data, database_url=to_database or here.to_database_url or None, photos_url=to_photos or None)
    same_rows, same_photos = there.database == here.database, there.photos_place == here.photos_place
    if same_rows and same_photos:
        raise Unusable(
            "Say where to: TRYG_TO_DATABASE_URL or --to-database, --to-photos or both, and another one than now."
        )
    migrate_to_newest(here)
    with _unserved(here), _unserved(there) if not same_rows else ExitStack(), ExitStack() as open_ones:
        if not same_rows:
            migrate_to_newest(there)
        source = _opened(here, open_ones)
        target = source if same_rows else _opened(there, open_ones)
        come = vault_of(here)
        go = come if same_photos else vault_of(there)
        place = {name: value for name, value in there.photos_place.items() if name not in ("key", "secret")}
        kept = open_ones.enter_context(ledger(ledger_of(here.data, there.database, sorted(place.items()))))
        told = carry(source, target, come, go, kept)
    counts = {
        "walks": told.rows.get("walk", 0),
        "notes": told.rows.get("observation", 0),
        "rows": sum(told.rows.values()),
    }
    said = vars(told) | counts | {"set": list(_wanted(there))}
    print(json.dumps(said) if as_json else "\n".join(_lines(said, here, there)), flush=True)


@contextmanager
def _unserved(settings: "Settings") -> Iterator[None]:
    """Nothing serves from this database while inside, as far as this machine can know. Raises Unusable."""
    from app.copies import Unusable
    from app.server import CannotServe, alone

    try:
        with alone(settings):
            yield
    except CannotServe:
        raise Unusable(f"A server serves from {_bare(settings.database)}: stop it first.") from None


def _opened(settings: "Settings", open_ones: ExitStack) -> Any:
    from app.db import Database

    db = Database(settings.database, at_leisure=True)
    open_ones.callback(db.close)
    return db


def _bare(address: str) -> str:
    """Without the password in it."""
    password = urlsplit(address).password
    return address.replace(f":{password}@", ":…@") if password else address


def _wanted(there: "Settings") -> Iterator[str]:
    """The settings of the installation that was moved to, keys and passwords left out."""
    yield f"TRYG_DATABASE_URL={_bare(there.database)}"
    place = there.photos_place
    if "bucket" not in place:
        yield f"TRYG_PHOTOS_URL=file://{Path(place['folder']).resolve()}"
        return
    yield f"TRYG_PHOTOS_URL={there.photos_url}"
    if place["endpoint"]:
        yield f"TRYG_PHOTOS_ENDPOINT={place['endpoint']}"
    yield f"TRYG_PHOTOS_REGION={place['region']}"
    yield "TRYG_PHOTOS_KEY=…"
    yield "TRYG_PHOTOS_SECRET=…"


def _lines(said: dict[str, Any], here: "Settings", there: "Settings") -> Iterator[str]:
    yield (
        f"Moved, and the same on both sides: {said['walks']} walks, {said['notes']} notes, {said['rows']} rows in all;"
        f" {said['photos']} photos, {said['copied']} of them copied now."
    )
    if said["missing"]:
        yield f"Without their files here too: {', '.join(said['missing'])}."
    if said["differing"]:
        yield f"Moved as they are here, which is not as their phones declared them: {', '.join(said['differing'])}."
    yield "Set from now on:"
    yield from (f"  {line}" for line in said["set"])
    if here.secret_file.exists() and not here.secret.get_secret_value():
        yield f"  TRYG_SECRET=… (what {here.secret_file} holds), where another data folder is used"
    yield "What was moved from is as it was: erase it once the new one serves."
