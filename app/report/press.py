"""PDFs are made in the background, one after another, each once however many ask for it.

Hides the process that prints (app.report.printer), the line of jobs, and the folder where the files lie by the hash of what
is in them. Promises that 50 who ask at once get one job and one file; that no request waits for the printing in a thread, so
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
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from app.i18n import gettext as _
from app.photos.vault import Place
from app.problems import TryAgain
from app.report.paper import Sheet

log = logging.getLogger("tryg")

KEPT_S = 3600.0  # how long a file stays after it was last asked for
TIDY_S = 300.0
LIMIT_S = 120.0  # for one report; 400 notes with photos take 10
MOST_WAITING = 50
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
    """The printing of one server, from start() to stop(). `vault`: where the photos are."""

    def __init__(self, folder: Path, vault: Place) -> None:
        self._folder, self._vault = folder, vault
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
        with self._news:
            job = self._jobs.get(key)
            if job and job.state != "done" and (job.state != "failed" or time.monotonic() - job.ended < FORGET_S):
                return job
            with suppress(OSError):  # it is not there, or its folder cannot be had: then printing fails, and says so
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
                with suppress(OSError):
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
            job.state = "reading"
            assert job.made is not None
            sheet = job.made()
            job.state, job.steps = "printing", len(sheet.photos)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            why = self._printed(job, sheet)
        except Exception as trouble:  # the database is busy, the disk full: this thread goes on, come what may
            why = type(trouble).__name__
            log.error("printing a report was interrupted", exc_info=trouble)
        if why and not self._stopping:
            log.error("a report could not be printed: %s", why)
        elif not why:
            log.info("a report of %s bytes was printed in %.2f s", job.path.stat().st_size, time.monotonic() - began)
        job.end("failed" if why else "done")

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
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > KEPT_S:
                    _remove(path)


def empty(folder: Path) -> None:
    """Remove all that was printed: it may tell of what was erased meanwhile. Whoever asks gets it printed anew."""
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
