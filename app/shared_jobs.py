"""The tasks of all servers of one PostgreSQL database, each job in the hands of one of them.

Hides procrastinate: its tables (migration 0007), its event loop in a thread of its own, its connections. Promises that a job is
taken by one server; that each turn of a task comes once, however many servers there are and whatever their clocks say, for
the database's own counts; that the job of a server which was killed, or is cut off, is taken up by another within half a
minute, and given up after TRIES of them; and that a database which is away for a while is come back to. A task that an older
release does not know is left to those that do. What failed stays in the queue for a week, to be looked at.
"""

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from procrastinate import App, sql
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlmodel import Session

from app.db import Database
from app.jobs import AGAIN_S, DAY_S, GRACE_S, MINUTE_S, Jobs, Task, attempt
from app.problems import TryAgain

log = logging.getLogger("tryg")

AT_ONCE = 4  # jobs in one process
LOOK_S = 2.0  # how often the queue is looked at without being told: one of the same task had to end first
ROUND_S = 4.0  # how often turns and abandoned jobs are looked for
BEAT_S, GONE_S = 4.0, 15.0  # how often a server says that it is there; without that for so long, its jobs are anybody's
TRIES = 5  # servers that may die over one job
KEPT_HOURS, TIDY_S = 7 * 24, 3600.0  # how long what has failed is kept, and how often that is looked at
PAUSE_S = 1.0  # before the queue is tried again
ABANDONED = 20_262  # this work's number among those that one server does for all
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what goes wrong is told here, in one line
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class SharedJobs(Jobs):
    def __init__(self, db: Database, tasks: Iterable[Task]) -> None:
        self._db, self._tasks = db, tuple(tasks)
        self._sync = SyncPsycopgConnector()  # on connections of ours alone
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: asyncio.Task[None] | None = None
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(RuntimeError):  # it has ended already
            if self._loop:
                self._loop.call_soon_threadsafe(self._let_go)
        self._thread.join(GRACE_S)

    def ask(self, tx: Session, name: str) -> None:
        try:
            JobManager(self._sync).defer_job(_job(name), connection=_raw(tx))
        except ConnectorException as trouble:
            raise TryAgain() from trouble

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            self._loop = runner.get_loop()
            while not self._stopping.is_set():
                try:
                    runner.run(self._work())
                except asyncio.CancelledError:
                    continue
                except (ConnectorException, PoolTimeout, TryAgain, OSError) as trouble:
                    log.warning("the queue of jobs is out of reach: %s", type(trouble).__name__)
                except Exception:
                    log.exception("the queue of jobs was interrupted")
                self._stopping.wait(PAUSE_S)

    async def _work(self) -> None:
        """Until stop(), or until the database is away. Raises whatever comes of that."""
        connector = PsycopgConnector(kwargs=self._db.reached_by(), min_size=1, max_size=3, timeout=5)
        app = App(connector=connector)
        for task in self._tasks:
            app.task(name=task.name, queue=task.name)(self._doing(task))

        async def serve() -> None:
            async with app.open_async():
                work = app.run_worker_async(
                    queues=[task.name for task in self._tasks], concurrency=AT_ONCE, install_signal_handlers=False,
                    fetch_job_polling_interval=LOOK_S,
                    delete_jobs="successful", update_heartbeat_interval=BEAT_S, stalled_worker_timeout=GONE_S,
                    shutdown_graceful_timeout=GRACE_S,
                )  # fmt: skip
                both = [asyncio.create_task(work), asyncio.create_task(self._rounds(app.job_manager))]
                try:
                    done, _left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in both:
                        one.cancel()
                    await asyncio.gather(*both, return_exceptions=True)
                for one in done:
                    one.result()

        self._working = asyncio.create_task(serve())
        if self._stopping.is_set():
            self._working.cancel()
        await self._working

    def _let_go(self) -> None:
        if self._working:
            self._working.cancel()

    def _doing(self, task: Task) -> Callable[..., None]:
        def do(**_turn: Any) -> None:
            with contextlib.suppress(TryAgain):
                self._answers(task.name)
            if not attempt(task, self._stopping) and task.every_s >= DAY_S:
                self._later(task.name)  # what comes every minute comes again by itself

        return do

    def _later(self, name: str) -> None:
        """By the database's clock: with ours, which may be what is wrong, it might be in a year."""
        with self._db.write() as tx:
            wanted = text("SELECT now() + :again").bindparams(again=timedelta(seconds=AGAIN_S))
            at = tx.connection().execute(wanted).scalar_one()
            JobManager(self._sync).defer_job(_job(name).evolve(scheduled_at=at), connection=_raw(tx))

    def _answers(self, name: str) -> None:
        """What was asked for until now is done by the run that begins: nothing of it stays in line."""
        with self._db.write() as tx:
            every = dict.fromkeys(("id", "queue_name", "lock", "queueing_lock", "worker_id"))
            for job in self._asked(tx, "list_jobs", **every, task_name=name, status="todo"):
                if job["queueing_lock"] is None and job["attempts"] == 0:
                    self._asked(tx, "cancel_job", job_id=job["id"], abort=False, delete_job=True)

    async def _rounds(self, manager: JobManager) -> None:
        """Put each task into the queue in its turn; see to abandoned jobs and old ones."""
        began, last, tidied = time.monotonic(), dict[str, int](), -math.inf
        while True:
            told = await manager.connector.execute_query_one_async("SELECT extract(epoch FROM now())::bigint AS at")
            for task in self._tasks:
                every = int(max(task.every_s, MINUTE_S))
                turn = told["at"] // every * every
                if last.get(task.name) != turn and time.monotonic() - began >= task.first_s:
                    last[task.name] = turn
                    with contextlib.suppress(AlreadyEnqueued):  # the turn before still waits
                        await manager.defer_periodic_job(_job(task.name, turn), "", turn)
            with contextlib.suppress(TryAgain):  # the next round
                await asyncio.to_thread(self._take_up)
            if time.monotonic() - tidied > TIDY_S:
                tidied = time.monotonic()
                await manager.delete_old_jobs(KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True)  # fmt: skip
            await asyncio.sleep(ROUND_S)

    def _take_up(self) -> None:
        """Jobs whose server is gone wait again. One server at a time: else one taken up a moment ago is taken up again."""
        with self._db.alone(ABANDONED) as free:
            if not free:
                return
            with self._db.write() as tx:
                left = self._asked(tx, "select_stalled_jobs_by_heartbeat", queue=None, task_name=None, seconds_since_heartbeat=GONE_S)  # fmt: skip
                for job in left:
                    if job["attempts"] + 1 >= TRIES:  # counted when it is taken up again: this server is not yet
                        log.error("the job %s (%s) is given up: its server ended over it each time", job["id"], job["task_name"])  # fmt: skip
                        self._asked(tx, "finish_job", job_id=job["id"], status="failed", delete_job=False)
                        continue
                    log.warning("the job %s (%s) is taken up again: its server is gone", job["id"], job["task_name"])
                    self._asked(tx, "retry_job", job_id=job["id"], retry_at=None, new_priority=None, new_queue_name=None, new_lock=None)  # fmt: skip

    def _asked(self, tx: Session, query: str, **given: Any) -> list[dict[str, Any]]:
        try:
            return self._sync.execute_query_all_with_connection(_raw(tx), query=sql.queries[query], **given)
        except ConnectorException as trouble:
            raise TryAgain() from trouble


def _job(name: str, turn: int | None = None) -> Job:
    """In a queue of its own name, so that who does not know the task does not take it; one at a time of each."""
    if turn is None:
        return Job(queue=name, lock=name, queueing_lock=None, task_name=name)
    return Job(queue=name, lock=name, queueing_lock=name, task_name=name, task_kwargs={"timestamp": turn})


def _raw(tx: Session) -> Any:
    return tx.connection().connection.driver_connection
