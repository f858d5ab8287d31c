"""How PostgreSQL is waited for: never for long, whatever it does, and never by everybody for what one walk waits for.

Hides timeouts, on its side and on ours, and the few threads that write what many ask at once. Promises that a server that is
gone holds no rows and no locks for longer than a minute; that one walk whose row is held leaves threads to the others; and that
who asks for a write is told within ANSWER_S. Only app/db.py uses it.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, WouldBlock
from sqlalchemy import Engine, create_engine, event

from app.problems import TryAgain
from app.writer import TURN_S

HANDS = 8  # threads that write: with 30, PostgreSQL spends twice the time on a note, and they wait for Python
SHARE = 3  # of them, for one walk: its notes are numbered one by one anyway
ANSWER_S = 9.0  # from asking for a write to the answer; the contract's 10 s
REST_S = 10.0  # between two statements of a server's transaction: who is gone holds no rows
LEISURE_S = 3600.0  # of a command's
# Whose machine is gone, without a word, keeps its session no longer than a minute, and the locks that are the session's.
GONE = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3, "tcp_user_timeout": 60_000}

# Of ours to it: what falls silent in mid-answer, or takes nothing more, is given up before the contract's 10 s.
ALIVE = {
    "connect_timeout": 4,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 6000,
}
SILENT_S = 9.0  # for one statement, though the line lives: what is between may swallow all
PING_S = 2.0  # for the one before a connection is used; with connect_timeout, what a request waits
SPARED_S = 2.0  # after a database did not answer at all, nobody asks it

T = TypeVar("T")


def postgres_engine(url: str, *, at_leisure: bool) -> Engine:
    told = GONE | {
        "timezone": "UTC",
        "lock_timeout": 4000,
        "statement_timeout": 9000,
        "idle_in_transaction_session_timeout": int((LEISURE_S if at_leisure else REST_S) * 1000),
    }
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=TURN_S,
        pool_pre_ping=True,
        connect_args=ALIVE | {"options": _options(told)},
    )
    if not at_leisure:
        _never_for_long(engine)
    return engine


def reached_by(engine: Engine) -> dict[str, Any]:
    """How psycopg reaches the database, for a connection that is no session's."""
    return {**engine.dialect.create_connect_args(engine.url)[1], **ALIVE, "options": _options(GONE)}


def _options(told: dict[str, Any]) -> str:
    return " ".join(f"-c {name}={value}" for name, value in told.items())


def _never_for_long(engine: Engine) -> None:
    import psycopg  # late: SQLite does without

    class Impatient(psycopg.Connection[Any]):
        """One that is closed where it does not answer in time."""

        patience_s = SILENT_S

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, timeout or self.patience_s)
            except psycopg.errors._WaitTimeout:
                self.close()
                raise

    spared_until = 0.0

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _given: Any, named: dict[str, Any]) -> Any:
        nonlocal spared_until
        began = time.monotonic()
        if began < spared_until:
            raise psycopg.OperationalError("the database did not answer a moment ago")
        try:
            return Impatient.connect(**named)
        except psycopg.errors.ConnectionTimeout:
            spared_until = time.monotonic() + SPARED_S
            raise

    ping = engine.dialect.do_ping

    def quick(connection: Any) -> bool:
        connection.patience_s = PING_S
        try:
            return ping(connection)
        finally:
            connection.patience_s = SILENT_S

    engine.dialect.do_ping = quick  # type: ignore[assignment, method-assign]


class Hands:
    """The threads that write."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(HANDS, "hand")
        self._all = CapacityLimiter(HANDS)
        self._shares: WeakValueDictionary[str, CapacityLimiter] = WeakValueDictionary()
        self._writing = set[asyncio.Task[Any]]()

    async def do(self, work: Callable[[], T], of: str) -> T:
        """What `work()` gives; `of`: whose rows it locks. Raises what it raises; TryAgain where no thread is free in time, or where
        it takes too long, and then it may yet come about."""
        writing = asyncio.create_task(self._written(work, self._shares.setdefault(of, CapacityLimiter(SHARE))))
        self._writing.add(writing)  # else nobody holds it whom the asker has left
        writing.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asyncio.shield(writing)
        except TimeoutError:
            raise TryAgain() from None

    def _ended(self, writing: asyncio.Task[Any]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # asked for, or it stands in the log where nobody waited for it any longer

    async def _written(self, work: Callable[[], T], share: CapacityLimiter) -> T:
        hand, held = object(), list[CapacityLimiter]()
        try:
            for limiter in (share, self._all):
                await _taken(limiter, hand)
                held.append(limiter)
            return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)
        finally:
            for limiter in held:
                limiter.release_on_behalf_of(hand)

    def end(self) -> None:
        self._threads.shutdown(wait=False)


async def _taken(limiter: CapacityLimiter, hand: object) -> None:
    """Raises TryAgain."""
    try:
        limiter.acquire_on_behalf_of_nowait(hand)  # the other way is through the event loop, always
    except WouldBlock:
        try:
            async with asyncio.timeout(TURN_S):
                await limiter.acquire_on_behalf_of(hand)
        except TimeoutError:
            raise TryAgain() from None
