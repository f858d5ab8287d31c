"""All rows of the database, carried from one database to another: SQLite or PostgreSQL, either way.

Hides that the two engines write moments, JSON and numbers in their own ways: values pass as the tables of app.models say
them. Promises every table there is, also those of tomorrow, in an order that foreign keys allow, and never all rows in memory.
"""

from sqlalchemy import delete, insert, select
from sqlmodel import Session, SQLModel

BATCH = 500


def carry(source: Session, target: Session) -> dict[str, int]:
    """Put every row that `source` sees into `target`'s tables, which are empty; how many, by table."""
    counts = {}
    for table in SQLModel.metadata.sorted_tables:
        rows = source.connection().execute(select(table).execution_options(yield_per=BATCH)).mappings()
        counts[table.name] = 0
        for batch in rows.partitions():
            target.connection().execute(insert(table), [dict(row) for row in batch])
            counts[table.name] += len(batch)
    return counts


def clear(target: Session) -> None:
    """Empty every table."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        target.connection().execute(delete(table))
