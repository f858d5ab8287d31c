"""Walks that open by themselves, at the time their plan says.

Hides the thread that looks for them. Promises that each opens once, whatever the number of processes that look and
however long all of them slept: what counts is the walk's state in the database, changed in one transaction under a lock
on its row. Never opens again what somebody has closed.
"""

import logging
import threading

from sqlmodel import Session, col, select

from app.db import Database
from app.models import Walk, now
from app.problems import TryAgain
from app.walks import walks

log = logging.getLogger("tryg")

LOOK_S = 5.0


class Opener:
    """Opens what is due, from start() to stop()."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._stopping = threading.Event()
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="opening", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                open_due(self._db)
            except TryAgain:
                pass  # the database is busy or its disk full: the next look
            except Exception:
                log.exception("opening of walks was interrupted")
            if self._stopping.wait(LOOK_S):
                return


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
