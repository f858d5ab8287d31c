"""What the tables share: moments, ids, columns of JSON. Hides how the two databases keep a moment."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime
from sqlalchemy.types import TypeDecorator
from uuid_utils import uuid7


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: stored without offset by SQLite, with one by PostgreSQL, always given back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """The server's clock. Tests put another one in its place."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562), lower case."""
    return str(uuid7())


# Columns, not fields: SQLModel must get a fresh one for each table.
def instant(*, null: bool = False) -> Any:
    return Column(Instant(), nullable=null)


def as_json(*, null: bool = False) -> Any:
    return Column(JSON(none_as_null=True), nullable=null)
