"""What is done while nobody waits for it: letters, walks that open by themselves, erasing what is due.

Hides who does it, and when: on SQLite this process, in a thread for each task; on PostgreSQL whichever server takes the job
from the queue that all servers of the database share (app/shared_jobs.py), but for what each does for itself, InProcess. Promises that a task runs in its turn, and soon
after it is asked for; that what was asked for in a change is asked for with that change or not at all; and that one run ends
before the next of the same task begins. A task is called again where its process died over it, so what it sends or erases
stands in rows of its own, which say that it is done: that is what makes it once. Knows nothing of what the tasks do.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlmodel import Session

from app.db import Database, afterwards
from app.problems import TryAgain

log = logging.getLogger("tryg")

MINUTE_S, DAY_S = 60.0, 86_400.0
AGAIN_S = 300.0  # what is done once a day is tried again so soon where the database was busy
GRACE_S = 10.0  # at the end, for what has begun; whatever takes longer is a daemon's, and taken up again


@dataclass(frozen=True)
class Task:
    """`do(stopping)`: all that is due, and nothing twice, however often it is called; ends early once `stopping` is set.

    `every_s`: how often it is looked at without being asked for; `first_s`: how long after the start for the first time."""

    name: str
    do: Callable[[threading.Event], object]
    every_s: float = MINUTE_S
    first_s: float = 0.0


class Jobs(ABC):
    """The tasks of one process, from start() to stop()."""

    @abstractmethod
    def start(self) -> None:
        """Returns at once."""

    @abstractmethod
    def stop(self) -> None:
        """Returns once what is being done has ended, within seconds."""

    @abstractmethod
    def ask(self, tx: Session, name: str) -> None:
        """Have this task looked at, as soon as `tx` is committed. Only in write()."""


def jobs_of(db: Database, tasks: Iterable[Task]) -> Jobs:
    if db.sqlite:
        return InProcess(tasks)
    from app.shared_jobs import SharedJobs  # late: SQLite does without the queue's library

    return SharedJobs(db, tasks)


def attempt(task: Task, stopping: threading.Event) -> bool:
    """Whether it was done; not where the database is busy or its disk full. Raises what nobody foresaw, told in the log."""
    try:
        task.do(stopping)
    except TryAgain:
        return False
    except Exception:
        log.exception("the task %s was interrupted", task.name)
        raise
    return True


class InProcess(Jobs):
    """A thread for each task, so that one which is slow delays no other."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._stopping, self._asked = threading.Event(), dict[str, threading.Event]()
        self._threads = list[threading.Thread]()
        for task in tasks:
            self._asked[task.name] = threading.Event()
            # A daemon: a server that is forced to end, without stop(), ends.
            self._threads.append(threading.Thread(target=self._run, args=(task,), name=task.name, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for asked in self._asked.values():
            asked.set()
        for thread in self._threads:
            thread.join(GRACE_S)

    def ask(self, tx: Session, name: str) -> None:
        afterwards(tx, self._asked[name].set)

    def _run(self, task: Task) -> None:
        asked, wait = self._asked[task.name], task.first_s
        while True:
            asked.wait(wait)  # by a clock that nobody sets
            if self._stopping.is_set():
                return
            asked.clear()
            try:
                done = attempt(task, self._stopping)
            except Exception:  # told already: this thread goes on, come what may
                done = True
            wait = task.every_s if done else min(AGAIN_S, task.every_s)
