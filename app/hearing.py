"""Which walks have changed, told at once in every process of the same database.

Hides how it is told: within this process on SQLite, by NOTIFY and LISTEN on PostgreSQL, on a connection of its own that is
made anew whenever it is lost. Tells after the commit, and of many changes at once: a NOTIFY inside a transaction would have
every commit of the database wait for the one before. So it may be lost, with its process or its connection: `sure()` says
whether this process hears at the moment, and whoever depends on it looks for themselves now and then. Promises that nobody
who changes something waits for it.
"""

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from app.db import Database
from app.problems import TryAgain

log = logging.getLogger("tryg")

CHANNEL = "tryg_walk"
PAUSE_S = 0.05  # between two tellings of one process
TRY_S = 10.0  # how often a silent connection is asked whether it is one
AGAIN_S = 0.5  # before a lost connection is made anew
Heard = Callable[[set[str] | None], None]


class Hearing:
    """`heard(walk_ids)`: called in some thread of this process; None: any may have changed, for a while nobody listened."""

    def __init__(self, db: Database, heard: Heard) -> None:
        self._db, self._heard = db, heard
        self._stopping, self._news = threading.Event(), threading.Condition()
        self._changed, self._hears = set[str](), db.sqlite
        self._ends: tuple[socket.socket, ...] = ()  # what is closed at one wakes who listens at the other
        # Daemons: a server that is forced to end, without stop(), ends.
        todo = () if db.sqlite else (self._listen, self._tell)
        self._threads = [threading.Thread(target=one, name="hearing", daemon=True) for one in todo]

    def start(self) -> None:
        """Returns at once."""
        self._db.changed = self._heard if self._db.sqlite else self._note
        self._ends = socket.socketpair() if self._threads else ()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._news:
            self._stopping.set()
            self._news.notify_all()
        for end in self._ends[:1]:
            end.close()
        for thread in self._threads:
            thread.join()
        for end in self._ends[1:]:
            end.close()

    def sure(self) -> bool:
        """Whether what happens now would be heard, if it is told."""
        return self._hears

    def _note(self, walks: set[str]) -> None:
        with self._news:
            self._changed |= walks
            self._news.notify_all()

    def _tell(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            with self._news:
                self._news.wait_for(lambda: self._changed or self._stopping.is_set())
                walks, self._changed = self._changed, set()
            try:
                with self._db.write() as tx:
                    for walk_id in walks:
                        tx.connection().execute(text("SELECT pg_notify(:at, :walk)"), {"at": CHANNEL, "walk": walk_id})
            except TryAgain:  # they look for themselves
                continue
            except Exception:
                log.exception("what has changed could not be told")

    def _listen(self) -> None:
        import psycopg

        while not self._stopping.is_set():
            try:
                with psycopg.connect(**self._db.reached_by(), autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._hears = True
                    self._heard(None)
                    self._hear(connection)
            except psycopg.Error as trouble:
                log.warning("what other servers change is looked for, not heard: %s", type(trouble).__name__)
            except Exception:
                log.exception("listening to what other servers change was interrupted")
            finally:
                self._hears = False
            self._stopping.wait(AGAIN_S)

    def _hear(self, connection: Any) -> None:
        with selectors.DefaultSelector() as either:
            either.register(connection, selectors.EVENT_READ)
            either.register(self._ends[1], selectors.EVENT_READ)
            while not self._stopping.is_set():
                if not either.select(TRY_S):
                    connection.execute("SELECT 1")
                if walks := {note.payload for note in connection.notifies(timeout=0)}:
                    self._heard(walks)
