"""All rows of the database, carried from one database to another: SQLite or PostgreSQL, either way.

Hides that the two engines write moments, JSON and numbers in their own ways: values pass as the tables of app.models say
them. Promises every table there is, also those of tomorrow, in an order that foreign keys allow, and never all rows in memory.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, SQLModel

BATCH = 500
Sums = dict[str, tuple[int, str]]  # by table


def carry(source: Session, target: Session) -> dict[str, int]:
    """Put every row that `source` sees into `target`'s tables, which are empty; how many, by table."""
    counts = {}
    for table in SQLModel.metadata.sorted_tables:
        to_itself = [one.parent for one in table.foreign_keys if one.column.table is table]
        later: list[tuple[dict[str, Any], dict[str, Any]]] = []  # (its key, what it points to in its own table)
        rows = source.connection().execute(select(table).execution_options(yield_per=BATCH)).mappings()
        counts[table.name] = 0
        for batch in rows.partitions():
            given = [dict(row) for row in batch]
            for row in given if to_itself else ():
                pointed = {column.name: row[column.name] for column in to_itself if row[column.name] is not None}
                if pointed:
                    later.append(({column.name: row[column.name] for column in table.primary_key}, pointed))
                    row |= dict.fromkeys(pointed)
            target.connection().execute(insert(table), given)
            counts[table.name] += len(batch)
        for key, pointed in later:
            one = (table.c[name] == value for name, value in key.items())
            target.connection().execute(update(table).where(*one).values(**pointed))
    return counts


def sums(source: Session) -> Sums:
    """What `source` sees of each table: how many rows, and a sum of them, the same whatever their order and the engine."""
    told: Sums = {}
    for table in SQLModel.metadata.sorted_tables:
        count = total = 0
        found = source.connection().execute(select(table).execution_options(yield_per=BATCH)).mappings()
        for row in found:
            said = json.dumps({name: _plain(value) for name, value in row.items()}, sort_keys=True)
            total += int.from_bytes(hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest())
            count += 1
        told[table.name] = (count, f"{total % 2**256:064x}")
    return told


def _plain(value: Any) -> Any:
    """As JSON can say it."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value


def clear(target: Session) -> None:
    """Empty every table."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        target.connection().execute(delete(table))
