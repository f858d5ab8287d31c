"""How writes take turns on SQLite, and share what the disk needs for a commit.

Hides the one writer: a turn, the transaction that those in line share, and a thread that writes for all who ask from the
event loop. Promises that each write is a savepoint, so that what goes wrong in one takes nothing of the others along, and that
nobody goes on before the commit. Only app/db.py uses it.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, TypeVar

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from app.problems import TryAgain

AT_THE_END, AFTERWARDS, CHANGED = "at the end", "afterwards", "changed"
TURN_S = 4.0  # how long a write waits for the writes before it in this process
SHARE_S = 0.05  # a transaction is shared by those who come within this time of its beginning
LOOK_S = 0.2  # how long who shares a transaction waits before seeing to its commit, should those after it have given up
MOST = 100  # writes in one transaction of the writer, should so many wait

T = TypeVar("T")


def begin_write(tx: Session) -> None:
    tx.info[AT_THE_END], tx.info[AFTERWARDS], tx.info[CHANGED] = [], [], set()


def end_write(tx: Session) -> None:
    """What was to be done right before the commit."""
    for do in tx.info.pop(AT_THE_END):
        do(tx)


@contextmanager
def as_try_again() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as trouble:
        raise TryAgain() from trouble
    except DBAPIError as trouble:
        if trouble.connection_invalidated:
            raise TryAgain() from trouble
        raise


class _Shared:
    """One transaction of SQLite, and those who wait for its commit. `kept`: whether that came about, once it is `over`."""

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect().execution_options(tryg_write=True)
        try:
            self.connection.begin()
            self.connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self.connection.close()
            raise
        self.until = time.monotonic() + SHARE_S
        self.over = threading.Event()
        self.kept = False
        self.holds = 0  # writes that are in it and wait

    def whole(self) -> bool:
        """Whether SQLite still has it: where a disk is full, it may take all of it back by itself."""
        return bool(self.connection.connection.dbapi_connection.in_transaction)  # type: ignore[union-attr]

    def end(self) -> None:
        """Commit what is in it, if anything, and let those go who wait for it."""
        try:
            if self.holds and self.whole():
                self.connection.commit()
                self.kept = True
        except BaseException:
            self._take_back()
            raise
        finally:
            self.over.set()
            self.connection.close()  # takes back what was not committed

    def _take_back(self) -> None:
        """SQLite leaves a transaction open whose commit failed, and SQLAlchemy thinks it over: nobody else may get it so. Nor is
        the connection thrown away, for with the last one SQLite would tidy up its files, on a disk that is full."""
        try:
            if self.whole():
                self.connection.connection.dbapi_connection.execute("ROLLBACK")  # type: ignore[union-attr]
        except Exception:
            self.connection.invalidate()


class Turns:
    """Whose turn it is to write to an SQLite database, and in which transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._open: _Shared | None = None  # whoever has the turn may change it

    @contextmanager
    def taken(self) -> Iterator[Session]:
        """A session for one write. Its own commit() only ends its part; when the block is left, all of it is committed.
        Raises TryAgain where there is no turn in time, or where the commit came to nothing."""
        # In a savepoint of its own: what goes wrong in one write takes nothing of the others along.
        with (
            self.shared() as shared,
            Session(shared.connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
        ):
            yield session

    @contextmanager
    def shared(self) -> Iterator[_Shared]:
        """The transaction that others may be in already, and may go on with; when the block is left, it is committed.
        Raises TryAgain as taken()."""
        self._take()
        try:
            shared = self._open = self._open or _Shared(self._engine)
        except BaseException:
            self._turn.release()
            raise
        try:
            yield shared
            shared.holds += 1
        finally:
            self._pass_on(shared)
        while not shared.over.wait(LOOK_S):
            self._see_to(shared)
        if not shared.kept:
            raise TryAgain()

    def _take(self) -> None:
        with self._count:
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=TURN_S):
                raise TryAgain()
        finally:
            with self._count:
                self._waiting -= 1

    def _pass_on(self, shared: _Shared) -> None:
        """Leave the transaction to the next, where somebody waits and it is young and whole; else end it. Gives the turn back."""
        try:
            if not (shared.holds and self._waiting and time.monotonic() < shared.until and shared.whole()):
                self._open = None
                shared.end()
        finally:
            self._turn.release()

    def _see_to(self, shared: _Shared) -> None:
        """End a transaction that nobody has taken on."""
        if self._turn.acquire(blocking=False):
            try:
                if self._open is shared:
                    self._open = None
                    shared.end()
            finally:
                self._turn.release()


class _Asked:
    """A write that waits for the writer. Its outcome goes to the loop that asked, once the commit is done."""

    def __init__(self, work: Callable[[Session], Any]) -> None:
        self._context, self._work = copy_context(), work  # the reader's language goes along
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.gives: Any = None
        self.info: dict[Any, Any] = {}
        self.wrong: Exception | None = None

    def do(self, shared: _Shared) -> None:
        """Its part of `shared`: without a trace there where it raises. Raises _Lost where it took the transaction with it."""
        raw: Any = shared.connection.connection.dbapi_connection
        raw.execute("SAVEPOINT part")  # SQLAlchemy takes ten times as long to make one
        try:
            with (
                as_try_again(),
                Session(shared.connection, expire_on_commit=False, join_transaction_mode="rollback_only") as tx,
            ):
                self._context.run(self._in, tx)
        except Exception as wrong:
            self.wrong = wrong
        try:
            if self.wrong:
                raw.execute("ROLLBACK TO part")
            raw.execute("RELEASE part")
        except sqlite.Error as gone:
            raise _Lost from gone

    def _in(self, tx: Session) -> None:
        begin_write(tx)
        self.info = tx.info
        self.gives = self._work(tx)
        end_write(tx)
        tx.flush()

    def alone(self, written: Callable[[Callable[[Session], Any]], Any]) -> None:
        """In a transaction of its own."""
        try:
            self.gives, self.wrong = self._context.run(written, self._work), None
        except Exception as wrong:
            self.wrong = wrong

    def tell(self) -> None:
        """In its loop."""
        if self.future.done():  # nobody waits any longer
            return
        if self.wrong is None:
            self.future.set_result(self.gives)
        else:
            self.future.set_exception(self.wrong)


class _Lost(Exception):
    """One part of a transaction has taken all of it back."""


class Writer:
    """The one thread that writes for those who ask by Database.written(), on SQLite. `follow(info)`: called after the commit."""

    def __init__(
        self, turns: Turns, written: Callable[[Callable[[Session], Any]], Any], follow: Callable[[dict[Any, Any]], None]
    ) -> None:
        self._turns, self._written, self._follow = turns, written, follow
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    async def written(self, work: Callable[[Session], T]) -> T:
        asked = _Asked(work)
        self._asked.put(asked)
        if self._thread is None:
            self._start()
        return await asked.future  # type: ignore[no-any-return]

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def end(self) -> None:
        if self._thread:
            self._asked.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while asked := self._asked.get():
            batch, kept = [asked], list[dict[Any, Any]]()
            try:
                with as_try_again(), self._turns.shared() as shared:
                    asked.do(shared)
                    while len(batch) < MOST and time.monotonic() < shared.until and (more := self._next()):
                        batch.append(more)
                        more.do(shared)
            except _Lost:
                self._one_by_one(batch)
            except Exception as wrong:
                while more := self._next():  # they have waited as long as these
                    batch.append(more)
                for one in batch:
                    one.wrong = one.wrong or wrong
            else:
                kept = [one.info for one in batch if one.wrong is None]
            _tell(batch)
            for info in kept:
                self._follow(info)

    def _next(self) -> _Asked | None:
        try:
            asked = self._asked.get_nowait()
        except queue.Empty:
            return None
        if asked is None:
            self._asked.put(None)  # for _run, which ends by it
        return asked

    def _one_by_one(self, batch: list[_Asked]) -> None:
        trouble: Exception | None = None
        for one in batch:
            if trouble is None:
                one.alone(self._written)
                trouble = one.wrong if isinstance(one.wrong, TryAgain) else None
            else:  # a disk that is full is so for all; nobody waits for each to find that out
                one.wrong = trouble


def _tell(batch: list[_Asked]) -> None:
    for loop in {asked.loop for asked in batch}:
        with suppress(RuntimeError):  # a loop that is closed: nobody waits there
            loop.call_soon_threadsafe(_tell_all, [asked for asked in batch if asked.loop is loop])


def _tell_all(batch: list[_Asked]) -> None:
    for asked in batch:
        asked.tell()
