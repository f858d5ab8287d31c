"""Tasks and changes, as the servers of one database share them; the servers are here, in one process, on a real PostgreSQL."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from app import shared_jobs
from app.db import Database, next_seq
from app.hearing import Hearing
from app.jobs import DAY_S, MINUTE_S, Jobs, Task, jobs_of
from app.models import Walk
from app.problems import TryAgain
from app.report.paper import Sheet
from app.report.press import Job, Press, empty
from app.walks import walks
from tests.photos.pictures import until
from tests.postgres import Cluster

Doing = Callable[[threading.Event], object]


class Servers:
    """As many as are wanted, each with its own connections."""

    def __init__(self, url: str, ends: ExitStack) -> None:
        self._url, self._ends = url, ends
        self.db = self._database()

    def _database(self) -> Database:
        db = Database(self._url)
        self._ends.callback(db.close)
        return db

    def works(self, do: Doing, every_s: float = DAY_S, name: str = "counting") -> Jobs:
        jobs = jobs_of(self._database(), [Task(name, do, every_s)])
        jobs.start()
        self._ends.callback(jobs.stop)
        return jobs

    def hears(self, heard: Callable[[set[str] | None], None]) -> tuple[Database, Hearing]:
        hearing = Hearing(db := self._database(), heard)
        hearing.start()
        self._ends.callback(hearing.stop)
        return db, hearing

    def prints(self, folder: Path) -> Press:
        press = Press(folder, {"folder": str(folder / "photos")}, self._database())
        press.start()
        self._ends.callback(press.stop)
        return press

    def asks(self, jobs: Jobs, name: str = "counting") -> None:
        with self.db.write() as tx:
            jobs.ask(tx, name)

    def jobs(self) -> Counter[str]:
        """How many are in the queue, by what has become of them."""
        with self.db.read() as tx:
            return Counter(tx.connection().execute(text("SELECT status::text FROM procrastinate_jobs")).scalars())

    def dies_over(self, name: str) -> bool:
        """Whether a server could take a job of that task; it was last heard of an hour ago."""
        with self.db.write() as tx:
            said = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
            dead = tx.connection().execute(text(said)).scalar_one()
            fetched = text("SELECT id FROM procrastinate_fetch_job_v2(ARRAY[:name]::varchar[], :dead)")
            return tx.connection().execute(fetched, {"name": name, "dead": dead}).scalar_one() is not None

    def walk(self) -> str:
        with self.db.write() as tx:
            return walks.create(tx, "Aftenvandring").id


@pytest.fixture
def servers(postgres: Cluster, migrated_postgres: str) -> Iterator[Servers]:
    with postgres.database(migrated_postgres) as url, ExitStack() as ends:
        yield Servers(url, ends)


def test_a_turn_comes_once_a_day_however_many_servers_there_are(servers: Servers) -> None:
    done = list[int]()
    for number in range(3):
        servers.works(lambda _stopping, who=number: done.append(who))  # type: ignore[misc]
    until(lambda: done and not servers.jobs())
    with servers.db.read() as tx:
        turns = tx.connection().execute(text("SELECT count(*) FROM procrastinate_periodic_defers")).scalar_one()
    last = servers.works(lambda _stopping: done.append(3))
    asked = threading.Event()
    servers.works(lambda _stopping: asked.set(), name="after")
    until(asked.is_set)  # so a server that came later has looked at its turns too
    assert (len(done), turns) == (1, 1)
    servers.asks(last)
    until(lambda: len(done) == 2)


def test_runs_of_one_task_follow_each_other_and_one_answers_all_who_have_asked_until_it_begins(
    servers: Servers,
) -> None:
    begun, go, at_once, most = threading.Event(), threading.Event(), list[int](), list[int]()

    def do(_stopping: threading.Event) -> None:
        at_once.append(1)
        most.append(len(at_once))
        begun.set()
        assert go.wait(30)
        at_once.pop()

    jobs = [servers.works(do) for _number in range(2)]
    until(begun.is_set)  # the day's own turn
    for number in range(20):
        servers.asks(jobs[number % 2])
    go.set()
    until(lambda: not servers.jobs())
    assert most == [1, 1]


def test_what_is_asked_for_in_a_change_that_comes_to_nothing_is_not_asked_for(servers: Servers) -> None:
    jobs = jobs_of(servers.db, [Task("never", lambda _stopping: None)])
    with suppress(ZeroDivisionError), servers.db.write() as tx:
        jobs.ask(tx, "never")
        raise ZeroDivisionError
    assert not servers.jobs()
    servers.asks(jobs, "never")
    assert servers.jobs() == {"todo": 1}


def test_a_task_that_another_release_brings_is_left_to_it(servers: Servers) -> None:
    done = threading.Event()
    older = servers.works(lambda _stopping: None)
    servers.asks(older, "of tomorrow")
    servers.asks(older)
    until(lambda: servers.jobs() == {"todo": 1})
    servers.works(lambda _stopping: done.set(), name="of tomorrow")
    until(lambda: done.is_set() and not servers.jobs())
    assert not servers.jobs()


def test_a_day_on_which_the_database_was_busy_is_made_up_for_and_a_mistake_stays_to_be_seen(
    servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(_stopping: threading.Event) -> None:
        raise TryAgain

    def mistaken(_stopping: threading.Event) -> None:
        raise RuntimeError("a mistake of ours")

    servers.works(busy, name="busy")
    servers.works(mistaken, name="mistaken")

    def waiting() -> list[str]:
        with servers.db.read() as tx:
            later = "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at > now()"
            return list(tx.connection().execute(text(later)).scalars())

    until(lambda: waiting() == ["busy"] and servers.jobs() == {"todo": 1, "failed": 1})
    assert "the task mistaken was interrupted" in caplog.text


def test_a_job_over_which_five_servers_have_died_is_given_up_and_told(
    servers: Servers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_jobs, "ROUND_S", 0.1)
    servers.asks(jobs_of(servers.db, [Task("deadly", lambda _stopping: None)]), "deadly")
    servers.works(lambda _stopping: None)  # knows nothing of that task, but sees to what is abandoned
    for _server in range(5):
        until(lambda: servers.dies_over("deadly"))
    until(lambda: servers.jobs() == {"failed": 1})
    assert caplog.text.count("(deadly) is taken up again: its server is gone") == 4
    assert caplog.text.count("(deadly) is given up: its server ended over it each time") == 1
    done = threading.Event()
    servers.asks(servers.works(lambda _stopping: done.set(), name="deadly"), "deadly")
    until(done.is_set)  # who asks anew is answered


def test_what_failed_stays_for_a_week(servers: Servers) -> None:
    def mistaken(_stopping: threading.Event) -> None:
        raise RuntimeError("a mistake of ours")

    for name in ("last week's", "this week's"):
        servers.works(mistaken, name=name)
    until(lambda: servers.jobs() == {"failed": 2})
    for name, hours in (("last week's", 7 * 24 + 1), ("this week's", 7 * 24 - 1)):
        with servers.db.write() as tx:
            older = text(
                "UPDATE procrastinate_events SET at = at - make_interval(hours => :hours) "
                "WHERE job_id IN (SELECT id FROM procrastinate_jobs WHERE task_name = :name)"
            )
            tx.connection().execute(older, {"hours": hours, "name": name})
    servers.works(lambda _stopping: None)  # each server looks when it begins, and then every hour
    until(lambda: servers.jobs() == {"failed": 1})
    with servers.db.read() as tx:
        left = tx.connection().execute(text("SELECT task_name FROM procrastinate_jobs")).scalars().all()
    assert left == ["this week's"]


def test_a_database_that_was_restarted_is_worked_for_and_listened_to_again(servers: Servers, postgres: Cluster) -> None:
    done, heard = list[int](), list[str | None]()
    jobs = servers.works(lambda _stopping: done.append(1))
    _db, ours = servers.hears(lambda ids: heard.extend(ids or [None]))
    theirs, other = servers.hears(lambda _ids: None)
    until(lambda: done and ours.sure() and other.sure())
    walk_id = servers.walk()
    with theirs.write() as tx:
        next_seq(tx, walk_id)
    until(lambda: walk_id in heard)
    heard.clear()
    postgres.stop()
    until(lambda: not ours.sure())
    postgres.start()
    until(lambda: ours.sure() and None in heard)  # whatever has changed meanwhile
    done.clear()

    def changed() -> bool:
        try:
            with theirs.write() as tx:
                next_seq(tx, walk_id)
        except TryAgain:
            return False
        return True

    until(changed)
    until(lambda: walk_id in heard)
    servers.asks(jobs)
    until(lambda: done)


def test_nobody_is_told_of_a_change_that_was_taken_back(servers: Servers) -> None:
    heard = list[str | None]()
    db, hearing = servers.hears(lambda ids: heard.extend(ids or [None]))
    until(hearing.sure)
    kept, taken_back = servers.walk(), servers.walk()
    with suppress(ZeroDivisionError), db.write() as tx:
        next_seq(tx, taken_back)
        raise ZeroDivisionError
    with db.write() as tx:
        next_seq(tx, kept)
    until(lambda: kept in heard)
    assert taken_back not in heard


def test_what_one_server_has_printed_is_had_from_each_until_it_is_erased(servers: Servers, tmp_path: Path) -> None:
    made = list[str]()
    begun, go = threading.Event(), threading.Event()

    def sheet() -> Sheet:
        made.append("sheet")
        begun.set()
        assert go.wait(30)
        return Sheet({}, {})

    here, there = (servers.prints(tmp_path / name) for name in ("here", "there"))
    key = "ab" * 32

    def printed(job: Job, _sheet: Sheet) -> str:  # what the printer does is its own tests'
        job.path.write_bytes(b"%PDF of this")
        return ""

    for press in (here, there):
        press._printed = printed  # type: ignore[method-assign]
    first = here.ask(key, sheet)
    until(begun.is_set)
    second = there.ask(key, sheet)
    go.set()
    assert first.over.result(30)
    assert second.over.result(30)
    assert made == ["sheet"], "printed once among all"
    assert first.path != second.path
    assert first.path.read_bytes() == second.path.read_bytes() == b"%PDF of this"
    assert there.ask(key, sheet).state == "done"
    empty(tmp_path / "here", servers.db)
    assert not first.path.exists()
    assert there.ask(key, sheet).over.result(30)
    assert made == ["sheet", "sheet"], "what was erased is given by no server"


@pytest.mark.embedded
def test_on_sqlite_the_same_tasks_are_done_in_this_process(database_url: str) -> None:
    db, done = Database(database_url), list[str]()
    seen = list[bool]()

    def letters(_stopping: threading.Event) -> None:
        with db.read() as tx:
            seen.append(tx.get(Walk, walk_id) is not None if walk_id else False)
        done.append("letters")

    def breaks(_stopping: threading.Event) -> None:
        done.append("breaks")
        raise RuntimeError("a mistake of ours")

    walk_id = ""
    jobs = jobs_of(db, [Task("letters", letters, MINUTE_S, first_s=MINUTE_S), Task("breaks", breaks, 0.01)])
    jobs.start()
    until(lambda: done.count("breaks") > 2)
    assert "letters" not in done
    with suppress(ZeroDivisionError), db.write() as tx:
        jobs.ask(tx, "letters")
        raise ZeroDivisionError
    with db.write() as tx:
        jobs.ask(tx, "letters")
        walk_id = walks.create(tx, "Aftenvandring").id
    until(lambda: "letters" in done)
    assert seen == [True], "after the commit, and once"
    jobs.stop()
    db.close()


@pytest.mark.embedded
def test_on_sqlite_a_change_is_heard_of_once_it_is_committed(database_url: str) -> None:
    db, heard = Database(database_url), list[set[str] | None]()
    hearing = Hearing(db, heard.append)
    hearing.start()
    with db.write() as tx:
        walk_id = walks.create(tx, "Aftenvandring").id
    heard.clear()
    with suppress(ZeroDivisionError), db.write() as tx:
        next_seq(tx, walk_id)
        raise ZeroDivisionError
    assert hearing.sure()
    assert not heard
    with db.write() as tx:
        next_seq(tx, walk_id)
        assert not heard
    assert heard == [{walk_id}]
    with ThreadPoolExecutor(1) as aside:  # by the way of phones' notes; another loop may be at home in this thread
        aside.submit(lambda: asyncio.run(db.written(lambda tx: next_seq(tx, walk_id)))).result()
    until(lambda: heard == [{walk_id}, {walk_id}])
    hearing.stop()
    db.close()
