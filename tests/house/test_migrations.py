"""The migrations, from an empty database, make what app/models/ says; on both databases that we promise."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from app.db import Database
from app.schema import migrate_to_newest
from app.settings import Settings

ROOT = Path(__file__).parents[2]


def differences(url: str) -> list[Any]:
    db = Database(url)
    try:
        with db.engine.connect() as connection:
            return compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    finally:
        db.close()


def test_the_migrations_make_what_the_models_say(every_database: str, empty_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database_url)
    assert differences(empty_database_url), "nothing to compare: is the database really empty?"
    migrate_to_newest(settings)
    assert not differences(empty_database_url)
    migrate_to_newest(settings)
    assert not differences(empty_database_url)


def test_the_migrations_are_one_line_without_branches() -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
