"""PDFs are made in the background, one after another, each once however many ask for it, and at whichever server.

Hides the process that prints (app.report.printer), the line of jobs, and where the files lie by the hash of what is in them:
in a folder, and where several servers share PostgreSQL, in a table that each of them fetches from. Promises that 50 who ask at
once get one job and one file; that no request waits for the printing in a thread, so
that the server answers others meanwhile; that a printer which crashes, hangs or finds the disk full is a sentence, and is
tried again a little later by whoever asks; and that a file nobody has asked for within an hour is gone: a report that has
changed is not found in an old one.
"""

import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from app.db import Database
from app.i18n import gettext as _
from app.photos.vault import Place
from app.problems import TryAgain
from app.report.paper import Sheet

log = logging.getLogger("tryg")

KEPT_S = 3600.0  # how long a file stays after it was last asked for
TIDY_S = 300.0
LIMIT_S = 120.0  # for one report; 400 notes with photos take 10
MOST_WAITING = 50
LOOK_S = 0.3  # while another server prints the same
FORGET_S = 15.0  # how long a failure is told to those who ask again, before it is tried again
_KEY = re.compile(r"[0-9a-f]{64}")
_ROOT = Path(__file__).parents[2]


class Job:
    """A PDF that is asked for. `state`: waiting reading printing done failed; `step`, `steps`: how many photos are ready, of
    how many; `path`: the file, when it is done."""

    def __init__(self, key: str, path: Path, made: Callable[[], Sheet] | None) -> None:
        self.key, self.path, self.made = key, path, made
        self.state = "done" if made is None else "waiting"
        self.step = self.steps = 0
        self.ended = 0.0
        self.over = Future[bool]()
        if made is None:
            self.over.set_result(True)

    def end(self, state: str) -> None:
        self.state, self.ended, self.made = state, time.monotonic(), None
        self.over.set_result(state == "done")


class Press:
    """The printing of one server, from start() to stop(). `vault`: where the photos are; `db`: which servers share."""

    def __init__(self, folder: Path, vault: Place, db: Database | None = None) -> None:
        self._folder, self._vault = folder, vault
        self._shared = _Shared(db) if db and not db.sqlite else None
        self._jobs: OrderedDict[str, Job] = OrderedDict()  # in the order they were asked for
        self._news = threading.Condition()
        self._stopping = False
        self._process: subprocess.Popen[str] | None = None
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="press", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends what is being printed: whoever asks again gets it after the next start."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
            if self._process:
                self._process.kill()
        self._thread.join()

    def ask(self, key: str, made: Callable[[], Sheet]) -> Job:
        """The job of the PDF with this key, 64 hex digits that are others for another content; a new one where there is none.
        `made`: the sheet; called once, in the press's thread. Raises TryAgain where too many are in line."""
        if not _KEY.fullmatch(key):
            raise ValueError(key)
        path = self._folder / f"{key}.pdf"
        usable = self._shared is None or self._shared.looked_up(key, path)
        with self._news:
            job = self._jobs.get(key)
            if job and job.state != "done" and (job.state != "failed" or time.monotonic() - job.ended < FORGET_S):
                return job
            with suppress(OSError):  # it is not there, or its folder cannot be had: then printing fails, and says so
                if usable:
                    os.utime(path)  # asked for: it stays for another while
                    return Job(key, path, None)
            if sum(not one.over.done() for one in self._jobs.values()) >= MOST_WAITING:
                raise TryAgain(_("Too many reports are being printed just now. Try again in a minute."))
            self._jobs[key] = job = Job(key, path, made)
            self._jobs.move_to_end(key)
            self._news.notify_all()
            return job

    def ahead(self, job: Job) -> int:
        """How many others are printed before this one."""
        with self._news:
            line = [one for one in self._jobs.values() if one.state not in ("done", "failed")]
            return line.index(job) if job in line else 0

    def _run(self) -> None:
        tidied = 0.0
        while not self._stopping:
            if time.monotonic() - tidied > TIDY_S or not tidied:
                tidied = time.monotonic()
                with suppress(OSError, TryAgain):
                    self.tidy()
            with self._news:
                job = next((one for one in self._jobs.values() if one.state == "waiting"), None)
                if job is None and not self._stopping:
                    self._news.wait(TIDY_S)
            if job is not None and not self._stopping:
                self._print(job)
        for job in self._jobs.values():
            if not job.over.done():
                job.end("failed")

    def _print(self, job: Job) -> None:
        began = time.monotonic()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._shared.turn(job.key, self._is_stopping) if self._shared else nullcontext():
                why = "" if self._shared and self._shared.fetch(job.key, job.path) else self._made(job)
        except Exception as trouble:  # the database is busy, the disk full: this thread goes on, come what may
            why = type(trouble).__name__
            log.error("printing a report was interrupted", exc_info=trouble)
        if why and not self._stopping:
            log.error("a report could not be printed: %s", why)
        elif not why:
            log.info("a report of %s bytes was printed in %.2f s", job.path.stat().st_size, time.monotonic() - began)
        job.end("failed" if why else "done")

    def _is_stopping(self) -> bool:
        return self._stopping

    def _made(self, job: Job) -> str:
        """Why it could not be made; "" where it was."""
        job.state = "reading"
        assert job.made is not None
        sheet = job.made()
        job.state, job.steps = "printing", len(sheet.photos)
        why = self._printed(job, sheet)
        if not why and self._shared:
            self._shared.keep(job.key, job.path)
        return why

    def _printed(self, job: Job, sheet: Sheet) -> str:
        """Why it could not be printed; "" where it was."""
        order = {"given": sheet.given, "photos": sheet.photos, "vault": self._vault, "out": str(job.path)}
        with self._news:
            if self._stopping:
                return "the server is shutting down"
            # A session of its own: Ctrl-C in the server's terminal is for the server, which then ends this.
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "app.report.printer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
                start_new_session=True,
            )  # fmt: skip
        watch = threading.Timer(LIMIT_S, process.kill)
        watch.start()
        last = ""
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(order))
                process.stdin.close()
            for line in process.stdout:
                last = line.strip()
                if last.startswith("photos "):
                    job.step = int(last.split()[1])
            process.wait()
        finally:
            watch.cancel()
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()
            with self._news:
                self._process = None
        return "" if last == "done" and job.path.is_file() else last or f"the printer ended with {process.returncode}"

    def tidy(self) -> None:
        """Remove what nobody has asked for in a while, and what was left half-printed; forget jobs that are over."""
        with self._news:
            for key in [
                key for key, job in self._jobs.items() if job.ended and time.monotonic() - job.ended > FORGET_S
            ]:
                del self._jobs[key]
        known = self._shared.tidy() if self._shared else None
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                age = time.time() - path.stat().st_mtime
                if age > KEPT_S or (known is not None and path.stem not in known and age > LIMIT_S):
                    _remove(path)


class _Shared:
    """What the servers of one PostgreSQL database have printed lately."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @contextmanager
    def turn(self, key: str, stopping: Callable[[], bool]) -> Iterator[None]:
        """Waits while another server prints the same, for as long as that may take; one that is killed prints no more."""
        while True:
            with self._db.alone(int(key[:15], 16)) as free:
                if free or stopping():
                    yield
                    return
            time.sleep(LOOK_S)

    def fetch(self, key: str, path: Path) -> bool:
        """Whether somebody has it: then it lies at `path` too; else nothing does. Raises TryAgain, OSError."""
        with self._db.read() as tx:
            pdf = "NULL" if path.exists() else "pdf"
            asked = text(f"SELECT {pdf}, asked_at < now() - interval '5 minutes' FROM printed WHERE key = :key")
            found = tx.connection().execute(asked, {"key": key}).first()
        if found is None:
            path.unlink(missing_ok=True)
            return False
        if found[0] is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = path.with_name(f"{uuid4().hex}.part")
            part.write_bytes(found[0])
            part.replace(path)
        if found[1]:
            with self._db.write() as tx:
                tx.connection().execute(text("UPDATE printed SET asked_at = now() WHERE key = :key"), {"key": key})
        return True

    def looked_up(self, key: str, path: Path) -> bool:
        """Whether what lies at `path` now, or does not, is what all of them have. Raises TryAgain."""
        try:
            self.fetch(key, path)
        except OSError:
            return False
        return True

    def keep(self, key: str, path: Path) -> None:
        with self._db.write() as tx:
            put = text("INSERT INTO printed (key, pdf) VALUES (:key, :pdf) ON CONFLICT DO NOTHING")
            tx.connection().execute(put, {"key": key, "pdf": path.read_bytes()})

    def tidy(self) -> set[str]:
        """Forget what nobody has asked for in a while; what is left."""
        with self._db.write() as tx:
            tx.connection().execute(
                text("DELETE FROM printed WHERE asked_at < now() - :kept"), {"kept": timedelta(seconds=KEPT_S)}
            )
            return set(tx.connection().execute(text("SELECT key FROM printed")).scalars())


def empty(folder: Path, db: Database) -> None:
    """Remove all that was printed: it may tell of what was erased meanwhile. Whoever asks gets it printed anew, wherever; what
    another server has fetched goes from there with its next tidying."""
    if not db.sqlite:
        with db.write() as tx:
            tx.connection().execute(text("DELETE FROM printed"))
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


async def finished(job: Job, seconds: float) -> bool:
    """Whether the job is over within that time; the waiting takes no thread."""
    await asyncio.wait([asyncio.wrap_future(job.over)], timeout=seconds)
    return job.over.done()
