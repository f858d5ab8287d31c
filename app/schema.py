"""Brings a database up to date with the tables of app/models/, by the migrations under migrations/versions/.

Hides Alembic, which is only loaded where there is something to do: each command of `tryg` asks first. The database is
loaded late too, so that `tryg --help` need not wait for it. Promises that a
migration happens whole or not at all, and once, however many processes start together. The file's number is its revision.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings

if TYPE_CHECKING:
    from sqlmodel import Session

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_ONE_AT_A_TIME = 8127  # PostgreSQL's advisory lock for this; any number, the same in every release


class CannotMigrate(Exception):
    """The database is newer than this program, or otherwise unknown; the text is the sentence."""


def migrate_to_newest(settings: Settings) -> tuple[str | None, str]:
    """Makes the data folder and brings the database up to date; the revisions (before, after).

    Raises TryAgain, CannotMigrate."""
    from app.db import Database

    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))
    settings.data.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database, at_leisure=True)
    try:
        with db.read() as tx:
            before = _version(tx)
        if before != newest:
            with db.write() as tx:
                if not db.sqlite:
                    _take_turn(tx)
                before = _version(tx)
                if before != newest:
                    _migrate(tx)
    finally:
        db.close()
    return before, newest


def _take_turn(tx: "Session") -> None:
    """Waits for whoever migrates now, however long that takes, as it does with large tables. For a table that is in use a
    migration waits no longer than a request does: all that come after it for that table wait behind it meanwhile."""
    for statement in (
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL lock_timeout = 0",
        f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})",
        "SET LOCAL lock_timeout TO DEFAULT",
    ):
        tx.connection().exec_driver_sql(statement)


def _version(tx: "Session") -> str | None:
    from sqlalchemy import inspect

    if not inspect(tx.connection()).has_table("alembic_version"):
        return None
    return tx.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _migrate(tx: "Session") -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": tx.connection()})
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise CannotMigrate("The database was made by a newer version of this program: update the program.") from None
