"""Photos that have come in are cleaned, one after another, by processes that can fail without harm.

Hides the worker processes: started when there is a photo, ended when they hang or have long had nothing to do, started
again when they die. The queue is the database's photos in the state `stored`, so a restart goes on where it stopped; which of
several servers has a photo, the database knows, and forgets with the server that had it.
Promises that only what the decoder refuses becomes unreadable. A worker that dies, hangs or finds the disk full says
nothing about a photo, however often it happens: the photo stays stored, and is tried again after a growing pause, so
that one which kills its worker each time costs a little idle time and holds nobody up.
"""

import logging
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from app.db import Database
from app.photos import states
from app.photos.vault import Vault
from app.problems import TryAgain
from app.settings import Settings
from app.sync.protocol import PHOTO_EDGE, PHOTO_PIXELS

log = logging.getLogger("tryg")

LIMIT_S = 120.0  # for one photo; a large HEIC takes 2 s on an idle core, and cleaning gets what others leave over
LOOK_S = 2.0  # how often the queue is looked at without being told: photos may be due again, or come from elsewhere
AT_ONCE = 20  # looked up together; each is looked at again before it is cleaned
HANDS = 2  # threads at one worker's process: while one keeps what was made of a photo, the other has the next one made
REST_S = 300.0  # without work, then the worker's memory is given back
TIDY_S = 600.0  # between two looks for originals that should be gone
AGAIN_S = 5.0  # until the next look, where the store did not do as asked
GRACE_S = 10.0  # at the end, for one that waits for a store far away; it is a daemon
LONGEST_PAUSE_S = 30.0  # after one trouble upon another
_ROOT = Path(__file__).parents[2]


class Cleaner:
    """Cleans whatever is stored, from start() to stop(), with `settings.photo_workers` processes."""

    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self._db, self._vault = db, vault
        self._wake = threading.Condition()
        self._kicked, self._stopping = False, threading.Event()
        self._begun, self._tidy_at = False, 0.0
        self._to_forget: set[str] = set()
        self._taken: set[str] = set()
        self._due: deque[str] = deque()  # the next ones, as they were when they were last looked up
        self._choosing = threading.Lock()
        self._workers = [Worker(vault) for _number in range(settings.photo_workers)]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Returns at once; no process is started before there is a photo to clean."""
        for number, worker in enumerate(worker for worker in self._workers for _hand in range(HANDS)):
            # A daemon: a server that is forced to end, without stop(), ends.
            thread = threading.Thread(
                target=self._run, args=(worker, number == 0), name=f"cleaning-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends the processes, whatever they are doing: it is done again at the next start."""
        self._stopping.set()
        self.kick()
        for worker in self._workers:
            worker.halt()
        for thread in self._threads:
            thread.join(GRACE_S)

    def kick(self) -> None:
        """There is a new photo."""
        with self._wake:
            self._kicked = True
            self._wake.notify_all()

    def _run(self, worker: "Worker", first: bool) -> None:
        troubles = 0
        while not self._stopping.is_set():
            if first and time.monotonic() > self._tidy_at:
                self._tidy_at = time.monotonic() + TIDY_S
                if self._or_later(self._tidy) is False:
                    self._tidy_at = time.monotonic() + AGAIN_S
            done = self._or_later(lambda: self._clean_one(worker))
            if done is None:
                worker.rest(REST_S)
                self._rest(LOOK_S)
                continue
            troubles = 0 if done else troubles + 1
            if troubles:
                self._rest(min(2.0 ** (troubles - 1), LONGEST_PAUSE_S))
        worker.end()
        worker.bench.end()

    def _or_later(self, step: Callable[[], bool | None]) -> bool | None:
        """What `step` gives, False where it fails: this thread goes on, come what may."""
        try:
            return step()
        except TryAgain:  # the database is busy or its disk full
            return False
        except Exception:
            log.exception("cleaning of photos was interrupted")
            return False

    def _rest(self, seconds: float) -> None:
        """Waits so long, or until there is a new photo: that one may be luckier."""
        with self._wake:
            self._wake.wait_for(lambda: self._kicked or self._stopping.is_set(), seconds)
            self._kicked = False

    def _tidy(self) -> None:
        """What a crash may have left, or a store that did not do as asked, or put late what has come twice: half-written files,
        and originals of photos that are ready."""
        if not self._begun:
            self._vault.sweep()
            states.forgive(self._db)
            self._begun = True
        for photo_id in list(self._to_forget):
            self._vault.forget(photo_id)
            self._to_forget.discard(photo_id)
        left = list(self._vault.originals())
        for at in range(0, len(left), 500):
            for photo_id in states.of_those_ready(self._db, left[at : at + 500]):
                self._vault.erase_original(photo_id)

    def _clean_one(self, worker: "Worker") -> bool | None:
        """Whether the photo that has waited longest, of those that nobody has taken, is done with; None where there is none."""
        elsewhere = set[str]()  # with another server, on whatever machine
        while True:
            photo_id = self._next(elsewhere)
            if photo_id is None:
                return None
            try:
                with states.claimed(self._db, photo_id) as ours:
                    if ours:
                        return self._clean(worker, photo_id)
            finally:
                self._taken.discard(photo_id)
            elsewhere.add(photo_id)

    def _next(self, elsewhere: set[str]) -> str | None:
        """The next photo, which is taken from now on: looked up for several at once, because sorting all that wait takes long."""
        with self._choosing:
            if not self._due:
                self._due.extend(states.due(self._db, self._taken | elsewhere, AT_ONCE))
            photo_id = self._due.popleft() if self._due else None
            if photo_id is not None:
                self._taken.add(photo_id)
            return photo_id

    def _clean(self, worker: "Worker", photo_id: str) -> bool:
        said, _space, more = worker.clean(photo_id).partition(" ")
        if said == "ready":
            width, height = more.split()
            kept = states.cleaned(self._db, photo_id, int(width), int(height))
            self._let_go(photo_id, all_of_it=not kept)
        elif said == "unreadable":
            log.info("photo %s cannot be read: %s", photo_id, more)
            if not states.refused(self._db, photo_id):
                self._let_go(photo_id, all_of_it=True)
        elif not self._stopping.is_set():
            log.warning("photo %s could not be cleaned yet: %s", photo_id, more)
            self._vault.sweep()
            states.postponed(self._db, photo_id)
            return False
        return True

    def _let_go(self, photo_id: str, *, all_of_it: bool) -> None:
        """Of its original, or of all of it. The photo is done: what cannot be removed now goes with the next look."""
        try:
            (self._vault.forget if all_of_it else self._vault.erase_original)(photo_id)
        except OSError as trouble:
            log.warning("photo %s is done, but what came in is not erased yet: %s", photo_id, trouble)
            self._to_forget.update((photo_id,) if all_of_it else ())
            self._tidy_at = time.monotonic() + AGAIN_S


class Worker:
    """One process of app.photos.worker, seen from here. It does one thing after another, whichever thread asks."""

    def __init__(self, vault: Vault) -> None:
        self.bench = vault.bench()
        self._command = [sys.executable, "-m", "app.photos.worker"]
        self._process: subprocess.Popen[bytes] | None = None
        self._halted = False
        self._lock = threading.Lock()
        self._asking, self._asked_at = threading.Lock(), time.monotonic()

    def clean(self, photo_id: str) -> str:
        """The worker's answer once what it made is kept; `trouble …` where it is not."""
        try:
            self.bench.fetch(photo_id, original=True)
            answer = self.ask(photo_id)
            if answer.startswith(("ready ", "unreadable ")):
                self.bench.bring(photo_id, ready=answer.startswith("ready "))
            return answer
        except OSError as trouble:
            return f"trouble {type(trouble).__name__}: {trouble}"
        finally:
            self.bench.clear(photo_id)

    def ask(self, photo_id: str) -> str:
        """The worker's answer; `trouble …` where it gives none within LIMIT_S, or dies."""
        with self._asking:
            try:
                answer = self._exchange(photo_id)
            except OSError as failed:  # it could not be started, or had died before it was asked
                answer = f"trouble {failed}"
            if not answer or answer.startswith("trouble"):
                self.end()  # the next photo gets a fresh one
            self._asked_at = time.monotonic()
        return answer or "trouble the worker died"

    def rest(self, after_s: float) -> None:
        """Ends the process where nobody has asked for anything that long; the next to ask gets another."""
        with self._asking:
            if time.monotonic() - self._asked_at > after_s:
                self.end()

    def end(self) -> None:
        """Ends the process, if there is one."""
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def halt(self) -> None:
        """Ends the process in the middle of whatever it does, and for good."""
        with self._lock:
            self._halted = True
            if self._process:
                self._process.kill()

    def _exchange(self, photo_id: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{photo_id}\n".encode())
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        if not poll.poll(LIMIT_S * 1000):
            return f"trouble no answer within {LIMIT_S:.0f} s"
        answer = process.stdout.readline().decode(errors="replace")
        return answer.rstrip() if answer.endswith("\n") else ""

    def _running(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._halted:
                raise BrokenPipeError("the server is shutting down")
            if self._process is None:
                where = [
                    str(self.bench.folder),
                    str(PHOTO_EDGE),
                    str(PHOTO_PIXELS),
                    *(["passing"] * self.bench.passing),
                ]
                # A session of its own: Ctrl-C in the server's terminal is for the server, which then ends this.
                self._process = subprocess.Popen(
                    [*self._command, *where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=_ROOT,
                    start_new_session=True,
                )  # fmt: skip
            return self._process
