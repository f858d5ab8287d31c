"""Writes that wait for each other share one commit on SQLite, and each is told of that commit alone."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import event, text
from sqlmodel import Session, func, select

from app.db import Database
from app.models import FailedTry
from app.problems import Problem, TryAgain
from tests.loops import in_a_loop

pytestmark = pytest.mark.embedded

PATIENCE_S = 20.0


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    db = Database(database_url)
    yield db
    db.close()


@pytest.fixture
def commits(db: Database) -> list[int]:
    """One entry for each commit that reaches the disk."""
    seen: list[int] = []
    event.listen(db.engine, "commit", lambda _connection: seen.append(1))
    return seen


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def keep(db: Database, name: str, inside: Callable[[], None] = lambda: None) -> None:
    with db.write() as tx:
        tx.add(FailedTry(purpose=name, address=""))
        tx.flush()
        inside()


def rows(db: Database) -> int:
    with db.read() as tx:
        return tx.exec(select(func.count()).select_from(FailedTry)).one()


class First:
    """A write that is held open until the others stand in line behind it."""

    def __init__(self, db: Database, crowd: ThreadPoolExecutor, wrong: Exception | None = None) -> None:
        self._db, self._begun, self._on = db, threading.Event(), threading.Event()
        self._wrong = wrong
        self.future: Future[None] = crowd.submit(keep, db, "first", self._wait)
        assert self._begun.wait(PATIENCE_S)

    def _wait(self) -> None:
        self._begun.set()
        assert self._on.wait(PATIENCE_S)
        if self._wrong:
            raise self._wrong

    def go_on_when(self, waiting: int) -> None:
        until(lambda: self._db._turns._waiting == waiting)
        self._on.set()


def test_writes_that_wait_share_a_commit_and_all_are_kept(
    db: Database, crowd: ThreadPoolExecutor, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", PATIENCE_S)
    first = First(db, crowd)
    others = [crowd.submit(keep, db, f"other {number}") for number in range(8)]
    first.go_on_when(8)
    for one in (first.future, *others):
        one.result(PATIENCE_S)
    assert rows(db) == 9
    assert len(commits) == 1


def test_nobody_is_told_before_the_commit_that_all_share(
    db: Database, crowd: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", PATIENCE_S)
    first, inside, on = First(db, crowd), threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert on.wait(PATIENCE_S)

    second = crowd.submit(keep, db, "second", wait)
    first.go_on_when(1)
    assert inside.wait(PATIENCE_S)  # the first has written all it had to, and its words are in the same transaction
    assert not first.future.done()
    assert rows(db) == 0
    on.set()
    first.future.result(PATIENCE_S)
    second.result(PATIENCE_S)
    assert rows(db) == 2


@pytest.mark.parametrize("who", ["first", "another"])
def test_what_goes_wrong_in_one_write_takes_nothing_of_the_others_along(
    db: Database, crowd: ThreadPoolExecutor, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", PATIENCE_S)

    def refuse() -> None:
        raise Problem("not-yours")

    first = First(db, crowd, Problem("not-yours") if who == "first" else None)
    others = [crowd.submit(keep, db, "good") for _number in range(3)]
    bad = first.future if who == "first" else crowd.submit(keep, db, "bad", refuse)
    first.go_on_when(3 if who == "first" else 4)
    for one in others if who == "first" else [first.future, *others]:
        one.result(PATIENCE_S)
    with pytest.raises(Problem):
        bad.result(PATIENCE_S)
    assert rows(db) == (3 if who == "first" else 4)


def test_where_the_commit_comes_to_nothing_all_are_told_to_try_again(
    db: Database, crowd: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", PATIENCE_S)

    def full(_dbapi_connection: object) -> None:
        raise sqlite.OperationalError("database or disk is full")

    real, db.engine.dialect.do_commit = db.engine.dialect.do_commit, full  # type: ignore[method-assign]
    first = First(db, crowd)
    others = [crowd.submit(keep, db, "other") for _number in range(4)]
    first.go_on_when(4)
    for one in (first.future, *others):
        with pytest.raises(TryAgain):
            one.result(PATIENCE_S)
    assert rows(db) == 0
    db.engine.dialect.do_commit = real  # type: ignore[method-assign]
    keep(db, "and it goes on")
    assert rows(db) == 1


def test_a_write_does_not_hang_where_those_behind_it_have_given_up(db: Database, crowd: ThreadPoolExecutor) -> None:
    db._turns._waiting = 1  # as it stands in the moment in which somebody in line turns away
    crowd.submit(keep, db, "alone").result(PATIENCE_S)
    assert rows(db) == 1


def test_who_may_not_share_any_longer_gets_a_transaction_of_its_own(
    db: Database, crowd: ThreadPoolExecutor, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", 0.0)
    first = First(db, crowd)
    others = [crowd.submit(keep, db, "other") for _number in range(3)]
    first.go_on_when(3)
    for one in (first.future, *others):
        one.result(PATIENCE_S)
    assert len(commits) == 4


# The writer: one thread for all who ask from the event loop


def asked(name: str, inside: Callable[[], None] = lambda: None) -> Callable[[Session], str]:
    def work(tx: Session) -> str:
        tx.add(FailedTry(purpose=name, address=""))
        tx.flush()
        inside()
        return name

    return work


def all_at_once(db: Database, *works: Callable[[Session], str]) -> list[Any]:
    """What each gives or raises; the first is held until the others are in line behind it."""

    async def ask() -> list[Any]:
        on, begun = threading.Event(), threading.Event()

        def held(tx: Session) -> str:
            begun.set()
            assert on.wait(PATIENCE_S)
            return works[0](tx)

        first = asyncio.create_task(db.written(held))
        await asyncio.to_thread(begun.wait, PATIENCE_S)
        others = [asyncio.create_task(db.written(work)) for work in works[1:]]
        await asyncio.to_thread(until, lambda: db._writer._asked.qsize() == len(others))
        on.set()
        return await asyncio.wait_for(asyncio.gather(first, *others, return_exceptions=True), PATIENCE_S)

    return in_a_loop(ask())


def refuse() -> None:
    raise Problem("not-yours")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.writer.SHARE_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_what_many_ask_the_writer_is_one_commit_and_each_gets_its_own_answer(db: Database, commits: list[int]) -> None:
    names = [f"note {number}" for number in range(12)]
    assert all_at_once(db, *map(asked, names)) == names
    assert rows(db) == 12
    assert len(commits) == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("place", [0, 2, 4])
def test_who_is_refused_by_the_writer_leaves_nothing_and_costs_the_others_nothing(
    db: Database, commits: list[int], place: int
) -> None:
    works = [asked(f"note {number}") for number in range(5)]
    works[place] = asked("bad", refuse)
    told = all_at_once(db, *works)
    assert [one if isinstance(one, str) else one.code for one in told] == [
        "not-yours" if number == place else f"note {number}" for number in range(5)
    ]
    with db.read() as tx:
        assert "bad" not in set(tx.exec(select(FailedTry.purpose)).all())
    assert rows(db) == 4
    assert len(commits) == 1


@pytest.mark.usefixtures("patient")
def test_who_takes_the_whole_transaction_along_costs_the_others_only_a_second_try(db: Database) -> None:
    def poison(tx: Session) -> str:
        tx.execute(text("ROLLBACK"))  # as SQLite itself does where a disk is full
        return "never"

    told = all_at_once(db, asked("before"), poison, asked("after"))
    assert [one if isinstance(one, str) else one.code for one in told] == ["before", "try-again", "after"]
    assert rows(db) == 2


@pytest.mark.usefixtures("patient")
def test_where_the_writers_commit_comes_to_nothing_nobody_has_a_receipt_and_it_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_dbapi_connection: object) -> None:
        raise sqlite.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(db.engine.dialect, "do_commit", full)
        told = all_at_once(db, *(asked(f"note {number}") for number in range(6)))
    assert [type(one) for one in told] == [TryAgain] * 6
    assert rows(db) == 0
    assert all_at_once(db, asked("and it goes on")) == ["and it goes on"]


@pytest.mark.usefixtures("patient")
def test_where_another_process_holds_the_database_the_writers_are_told_within_ten_seconds(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.BUSY_MS", 300)
    quick, other = Database(database_url), sqlite.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()

    async def ask() -> list[Any]:
        many = (quick.written(asked(f"note {number}")) for number in range(6))
        return await asyncio.gather(*many, return_exceptions=True)

    told = in_a_loop(ask())
    assert [type(one) for one in told] == [TryAgain] * 6
    assert time.monotonic() - begun < 10
    other.execute("ROLLBACK")
    other.close()
    assert all_at_once(quick, asked("and it goes on")) == ["and it goes on"]
    quick.close()


def test_writes_in_threads_and_by_the_writer_go_on_beside_each_other(db: Database, crowd: ThreadPoolExecutor) -> None:
    async def ask() -> None:
        await asyncio.gather(*(db.written(asked("by the writer")) for _number in range(60)))

    threads = [crowd.submit(keep, db, "in a thread") for _number in range(60)]
    in_a_loop(ask())
    for one in threads:
        one.result(PATIENCE_S)
    assert rows(db) == 120
