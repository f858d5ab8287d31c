"""Servers that start quickly: a process that has imported the app once, and splits off one `tryg` after another.

Hides how it is asked (lines of JSON on its stdin) and how it answers. Promises that what it splits off is a `tryg` as good as
one that is started: a process of its own with its own environment, log and session of imports that have run already, on which
signals, exit codes and /proc work as ever; and that it ends with the process that started it. Who tests how a server starts
starts the real one (`Server(fresh=True)`).
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


class Forked:
    """A process that was split off: what tests need of subprocess.Popen."""

    def __init__(self, mother: "Mother", pid: int) -> None:
        self._mother, self.pid = mother, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._mother.ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline, pause = time.monotonic() + (timeout or 10**9), 0.001
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("tryg", timeout or 0)
            time.sleep(pause)
            pause = min(pause * 2, 0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Mother:
    """The process that has imported everything; started when it is first asked."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def start(self, arguments: list[str], environment: dict[str, str], log: Path, out: Path | None = None) -> Forked:
        """`tryg` with `arguments`, which writes to the end of `log`, and what it prints to `out` where that is given."""
        written = {"log": str(log), "out": str(out or log)}
        return Forked(self, self.ask(start=arguments, environment=environment, folder=os.getcwd(), **written))

    def run(self, arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """`tryg` with `arguments`, until it ends; at most a minute."""
        with tempfile.TemporaryDirectory(prefix="tryg-said-") as folder:
            out, log = Path(folder, "out"), Path(folder, "log")
            code = self.start(arguments, environment, log, out).wait(60)
            return subprocess.CompletedProcess(
                ["tryg", *arguments], code, out.read_text("utf-8"), log.read_text("utf-8")
            )

    def ask(self, **what: Any) -> Any:
        with self._one_at_a_time:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.forking"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
                    start_new_session=True,
                )  # fmt: skip
                atexit.register(self.end)
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.communicate()  # its stdin ends, and so does it


def _listen() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            pid, status = os.waitpid(asked["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                _become(asked)
        print(json.dumps(answer), flush=True)


def _become(asked: dict[str, Any]) -> None:
    from app import cli

    files = [os.open(os.devnull, os.O_RDONLY)]
    files += [os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for name in ("out", "log")]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["tryg", *asked["start"]]
    sys.modules["__main__"].__package__ = ""  # else click would name this module in its help
    cli.main()


def main() -> None:
    import gc

    import uvicorn  # noqa: F401

    import app.cli
    import app.main
    import app.server  # noqa: F401

    gc.collect()
    gc.freeze()  # what is here is not looked through again, nor copied for it, in what is split off
    _listen()


if __name__ == "__main__":
    main()
