"""The database: one engine, `read()` for looking and `write()` for changing. The only commit() in the project.

Hides the two engines (SQLite by default, PostgreSQL where configured) and their ways of waiting. Promises that when
`write()` is left without an exception the change is on disk, so a route that replies afterwards replies truly; and that
a database that is locked, full or gone raises TryAgain (503) within 10 s, never another error. On SQLite there is one
writer at a time and readers never wait for it; writes that wait for each other share one transaction, so that what the disk
needs for a commit is paid once for all of them, and each goes on only when that commit is done.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

import pysqlite3.dbapi2 as sqlite
from fastapi import Depends, Request
from sqlalchemy import Engine, create_engine, event, text
from sqlmodel import Session

from app.models import FailedTry
from app.postgres import Hands, postgres_engine, reached_by
from app.problems import TryAgain
from app.writer import AFTERWARDS, AT_THE_END, CHANGED, TURN_S, Turns, Writer, as_try_again, begin_write, end_write

_NEXT_SEQ = text("UPDATE walk SET seq = seq + 1 WHERE id = :id RETURNING seq")
BUSY_MS = 4_000  # how long SQLite waits for another process's lock; with TURN_S below 10 s, the contract's limit

T = TypeVar("T")


class Database:
    """Sessions on one engine. `url`: an SQLAlchemy address, sqlite:///… or postgresql+psycopg://…; `at_leisure`: a command's, which
    may do much between two statements of a transaction: copy files, reckon sums, migrate, wait for who reads what it prints."""

    def __init__(self, url: str, *, at_leisure: bool = False) -> None:
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.sqlite else postgres_engine(url, at_leisure=at_leisure)
        # PostgreSQL takes a new snapshot for each statement unless told otherwise; a page of changes needs one for all.
        self._reader = self.engine if self.sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._turns = Turns(self.engine)
        self._writer = Writer(self._turns, self._written, self._follow)
        self._hands = Hands()
        self._tried = (0.0, False)
        self.changed: Callable[[set[str]], None] = lambda _walks: None  # called after a commit, with the walks' ids

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on a snapshot; nothing written in it is kept. Raises TryAgain."""
        with as_try_again(), Session(self._reader, expire_on_commit=False) as session:
            yield session  # closing it rolls back; rollback() would also empty the objects that were read

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed, durably, when the block ends; rolled back when it raises.

        Raises TryAgain where the database is locked, full or gone: then nothing was kept, but where PostgreSQL did not answer the
        commit in time, which may yet come about."""
        with (
            as_try_again(),
            self._turns.taken() if self.sqlite else Session(self.engine, expire_on_commit=False) as session,
        ):
            session.connection()
            begin_write(session)
            yield session
            end_write(session)
            session.commit()
        self._follow(session.info)

    async def written(self, work: Callable[[Session], T], of: str = "") -> T:
        """What `work(tx)` gives, once what it changed is committed, as by write(); for what many ask at once. On SQLite one
        thread does what has come meanwhile in one transaction, so that there is neither a thread nor a commit for each; on PostgreSQL
        a few do, in transactions of their own. `of`: the walk whose row it locks.

        Raises what `work` raises, and then nothing of it is kept; TryAgain as write(), and on PostgreSQL it may then be kept a
        little later."""
        if self.sqlite:
            return await self._writer.written(work)
        return await self._hands.do(partial(self._written, work), of)

    def _follow(self, info: dict[Any, Any]) -> None:
        """After the commit: what was to be done then, and to be told."""
        for do in info[AFTERWARDS]:
            do()
        if info[CHANGED]:
            self.changed(info[CHANGED])

    def _written(self, work: Callable[[Session], T]) -> T:
        with self.write() as tx:
            return work(tx)

    @contextmanager
    def alone(self, number: int) -> Iterator[bool]:
        """Whether nobody else, on whatever server of this database, is inside such a block with the same number now. On
        SQLite always: there each write has its turn. Raises TryAgain."""
        if self.sqlite:
            yield True
            return
        with as_try_again(), self.engine.connect() as connection:
            free = connection.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar_one()
            connection.commit()  # the lock is the connection's; no transaction stays open meanwhile
            try:
                yield bool(free)
            finally:
                if free:
                    connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
                    connection.commit()

    def reached_by(self) -> dict[str, Any]:
        """How psycopg reaches this PostgreSQL database, for a connection that is no session's."""
        return reached_by(self.engine)

    def settle(self) -> None:
        """What was overwritten is in no file of the database any longer, on SQLite; PostgreSQL sees to it by itself, in time."""
        if self.sqlite:
            with as_try_again(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def writable(self) -> bool:
        """Whether a change can be kept right now, tried out by keeping one; asked at most once a second."""
        if time.monotonic() - self._tried[0] > 1:
            self._tried = (time.monotonic(), self._try_out())
        return self._tried[1]

    def _try_out(self) -> bool:
        try:
            with self.write() as tx:
                row = FailedTry(purpose="probe", address="")
                tx.add(row)
                tx.flush()
                tx.delete(row)
        except TryAgain:
            return False
        return True

    def close(self) -> None:
        self._writer.end()
        self._hands.end()
        self.engine.dispose()


async def _of(request: Request) -> Database:  # async, though it waits for nothing: else it would be sent to a thread
    return request.app.state.db  # type: ignore[no-any-return]


Db = Annotated[Database, Depends(_of)]  # what a route asks for


def at_the_end(tx: Session, do: Callable[[Session], None]) -> None:
    """`do(tx)` right before the commit, when everything else of this transaction is in the database: for what locks something
    that all writers share, so that nobody waits for a lock while holding that one. Only in write()."""
    tx.info[AT_THE_END].append(do)


def afterwards(tx: Session, do: Callable[[], None]) -> None:
    """`do()` once the change is committed, and only then; it is quick and does not fail. Only in write()."""
    tx.info[AFTERWARDS].append(do)


def tell(tx: Session, walk_id: str) -> None:
    """Whoever follows the walk hears, once this is committed, that something about it has changed."""
    tx.info.get(CHANGED, set()).add(walk_id)


def may_rest(tx: Session, seconds: int = 60) -> None:
    """This session keeps what it holds so long, not for seconds only, while it waits for a store between two statements: what a write
    does there is safe only while nobody else may."""
    if tx.connection().dialect.name == "postgresql":
        tx.connection().exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds}s'")


def next_seq(tx: Session, walk_id: str) -> int:
    """The walk's next change number. The walk's row is held from here to the commit, so numbers come in commit order
    and a reader who follows them never meets a lower one later; call it as late in the transaction as possible."""
    tell(tx, walk_id)
    return int(tx.connection().execute(_NEXT_SEQ, {"id": walk_id}).scalar_one())


def _sqlite_engine(url: str) -> Engine:
    # pysqlite3 carries SQLite 3.51.3 or later; Debian's 3.40 has a bug that can corrupt a WAL database.
    engine = create_engine(
        url,
        module=sqlite,
        hide_parameters=True,  # a failure is told in the log, what somebody wrote is not
        pool_size=20,
        max_overflow=30,
        pool_timeout=TURN_S,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, never guessed by the driver
        # secure_delete: what was deleted or written over is overwritten with zeros, not only unlinked.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"busy_timeout={BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A write begins IMMEDIATE, in write(), so that it never fails half-way for want of the lock.
        if not connection.get_execution_options().get("tryg_write"):
            connection.exec_driver_sql("BEGIN")

    return engine
