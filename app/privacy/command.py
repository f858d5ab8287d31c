"""`tryg retention …`: what one does about keeping on the command line.

Promises what every command does: it works while `serve` runs, --json prints one object and nothing else, and a failure is one
sentence. Everything heavy is imported where it is needed.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(help="Erase what is no longer needed.", no_args_is_help=True)


@commands.callback()
def keeping() -> None:
    """Erase what is no longer needed."""


@commands.command("run")
def run_retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder; TRYG_DATA, or ./var.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Erase what is no longer needed, by the rules on keeping; the server does so by itself every day."""
    from app.db import Database
    from app.photos.vault import vault_of
    from app.privacy.retention import run
    from app.schema import migrate_to_newest
    from app.settings import load

    settings = load(data=data)
    migrate_to_newest(settings)
    db = Database(settings.database, at_leisure=True)
    try:
        told = run(db, vault_of(settings), settings, dry=dry_run, who="command")
    finally:
        db.close()
    lines = [f"{one['code']}: {_listed(one['erased'])}." for one in told["walks"]]
    lines += [f"What is over: {_listed(told['over'])}."] if told["over"] else []
    lines += [f"Access log: {told['log']} entries."] if told["log"] else []
    said = "Another server is at it just now." if told["busy"] else "Would be erased:" if dry_run else "Erased:"
    plain = "\n".join([said, *lines] if lines or told["busy"] else ["Nothing is due."])
    print(json.dumps(told) if as_json else plain, flush=True)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
