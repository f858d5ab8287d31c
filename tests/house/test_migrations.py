"""The migrations, from an empty database, make what app/models/ says; on both databases that we promise."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, MetaData, func, insert, select
from sqlmodel import SQLModel

from app.db import Database
from app.schema import migrate_to_newest
from app.settings import Settings

ROOT = Path(__file__).parents[2]


def differences(url: str) -> list[Any]:
    db = Database(url)
    try:
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": ours})
            return compare_metadata(context, SQLModel.metadata)
    finally:
        db.close()


def ours(name: str | None, _kind: str = "", _parents: Any = None) -> bool:
    """Not the queue's, which its library makes as it wants them, nor what was printed lately: they are PostgreSQL's alone."""
    return not (name or "").startswith(("procrastinate_", "idx_procrastinate_", "printed"))


def test_the_queues_tables_are_those_of_the_library_that_is_locked() -> None:
    """The migration takes them from the package. Where an update changes them, old and new installations would differ: then the
    update comes with a migration that goes on from the version in the comment on procrastinate_jobs, by the library's own files
    under sql/migrations/, and with the new sum here."""
    made = hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()
    assert made == "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def test_the_migrations_make_what_the_models_say(every_database: str, empty_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database_url)
    assert differences(empty_database_url), "nothing to compare: is the database really empty?"
    migrate_to_newest(settings)
    assert not differences(empty_database_url)
    migrate_to_newest(settings)
    assert not differences(empty_database_url)


def test_every_migration_keeps_the_rows_that_were_there(
    every_database: str, empty_database_url: str, tmp_path: Path
) -> None:
    db, revisions = (
        Database(empty_database_url),
        sorted(path.name[:4] for path in (ROOT / "migrations/versions").glob("0*")),
    )
    try:
        held: dict[str, int] = {}
        for revision in revisions:
            with db.write() as tx:
                config = Config(attributes={"connection": tx.connection()})
                config.set_main_option("script_location", str(ROOT / "migrations"))
                command.upgrade(config, revision)
                counted = fill_what_is_empty(tx.connection())
            assert counted | held == counted, revision
            held = counted
        with db.read() as tx:
            assert not db.sqlite or tx.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
    finally:
        db.close()


def fill_what_is_empty(connection: Connection) -> dict[str, int]:
    """One row in each table that has none; how many each has."""
    tables = MetaData()
    tables.reflect(connection, only=lambda name, _tables: ours(name))
    made: dict[type, Any] = {
        str: "x",
        int: 1,
        bool: False,
        float: 1.0,
        object: {},  # JSON
        datetime: datetime.now(UTC),
        date: datetime.now(UTC).date(),
    }
    for table in tables.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one() == 0:
            connection.execute(insert(table), {column.name: made[column.type.python_type] for column in table.columns})
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.sorted_tables}  # fmt: skip


def test_the_migrations_are_one_line_without_branches() -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
