"""Walks that open by themselves, at the time their plan says.

Promises that each opens once, whatever the number of processes that look and however long all of them slept: what counts is
the walk's state in the database, changed in one transaction under a lock on its row. Never opens again what somebody has
closed.
"""

import logging

from sqlmodel import Session, col, select

from app.db import Database
from app.models import Walk, now
from app.walks import walks

log = logging.getLogger("tryg")

TASK = "opening"
LOOK_S = 5.0  # how often each server looks


def open_due(db: Database) -> list[str]:
    """Open every planned walk whose time has come; their ids. Takes the writers' turn only where there is one."""
    with db.read() as tx:
        if not _due(tx):
            return []
    with db.write() as tx:
        due = _due(tx, held=True)
        for walk in due:
            walks.open_walk(tx, walk)
            log.info("walk %s was opened at its time", walk.id)
        return [walk.id for walk in due]


def _due(tx: Session, *, held: bool = False) -> list[Walk]:
    due = select(Walk).where(Walk.state == "planned", col(Walk.opens_at) <= now()).order_by(col(Walk.id))
    return list(tx.exec(due.with_for_update() if held else due).all())
