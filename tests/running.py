"""A real server for tests: `tryg serve` in a process of its own, on a free port, with its own data folder.

Hides starting, waiting for /healthz (at most 60 s) and stopping; its process is split off from one that has imported the app
(tests/forking.py) and finds its tables made, unless it is to be `fresh`. Promises that no TRYG_ setting of the machine leaks
in and that a server which does not start says why. `kill()` and `start()` let a test pull the plug and plug it in again.
"""

import atexit
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from app import i18n
from app.cli import cli
from app.photos.vault import Vault, vault_of
from app.schema import migrate_to_newest
from app.settings import Settings
from tests.forking import Forked, Mother

TRYG = Path(sys.executable).with_name("tryg")
PATIENCE_S = 60.0  # a busy machine is no failure
mother = Mother()
SHARES = 8  # of the ports, one for each worker of the suite
_named: deque[int] = deque(maxlen=200)
_chance = random.SystemRandom()  # Hypothesis sets the usual one to the same number again and again


class Server:
    """One server: `url`, `data` (its folder) and `process` while it runs; `settings` are further TRYG_* variables."""

    program: tuple[str, ...] = (str(TRYG),)  # another one is always started
    lent: Callable[[Collection[str]], dict[str, str]] = staticmethod(lambda _told: {})  # tests/conftest.py

    def __init__(self, data: Path, fresh: bool = False, **settings: str) -> None:
        self.data, self.fresh = data, fresh or self.program != Server.program
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self.environment = {**clean_environment(), "TRYG_BASE_URL": self.url, **self.lent(settings), **settings}
        self.process: Forked | subprocess.Popen[bytes] | None = None

    @property
    def database(self) -> str:
        """The address of its database."""
        return self.environment.get("TRYG_DATABASE_URL") or f"sqlite:///{self.data / 'tryg.sqlite'}"

    @property
    def settings(self) -> Settings:
        """What it was told."""
        told = {name[5:].lower(): value for name, value in self.environment.items() if name.startswith("TRYG_")}
        return Settings(**(told | {"data": self.data}))

    @property
    def vault(self) -> Vault:
        """Where its photos lie."""
        return vault_of(self.settings)

    def start(self) -> "Server":
        """Starts it and returns once /healthz answers."""
        command = ["serve", "--data", str(self.data), "--port", str(self.port)]
        if not self.fresh and "TRYG_DATABASE_URL" not in self.environment and not self.data.exists():
            self.data.mkdir()
            shutil.copy(_migrated(), self.data / "tryg.sqlite")
        if self.fresh:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen([*self.program, *command], env=self.environment, stdout=log, stderr=log)
        else:
            self.process = mother.start(command, self.environment, self.log)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, f"the server ended at once:\n{self.said()}"
            assert time.monotonic() < deadline, f"no answer from /healthz in {PATIENCE_S:.0f} s:\n{self.said()}"
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        # Not by httpx, which reads a bundle of certificates for each client: it is asked a dozen times at each start.
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def stop(self) -> int:
        """Asks it to end (SIGTERM) and returns its exit code; no answer within 60 s is a failure."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """Pulls the plug (SIGKILL)."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not end in {PATIENCE_S:.0f} s:\n{self.said()}") from None

    def said(self) -> str:
        """What it wrote to its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def rows(self, statement: str, **given: Any) -> list[tuple[Any, ...]]:
        """What its database answers; what that changes is committed."""
        engine = create_engine(self.database)
        try:
            with engine.begin() as line:
                answer = line.execute(text(statement), given)
                return [tuple(row) for row in answer] if answer.returns_rows else []
        finally:
            engine.dispose()

    def photos(self) -> set[str]:
        """The names of the photos' files: "<id>.jpg", wherever they lie."""
        return {name.rpartition("/")[2] for name in self.vault.files()}

    def tryg(self, *arguments: str) -> Any:
        """Runs `tryg … --data … --json` beside the server and returns the object it prints.

        In this process: a Python for each would be most of many tests. tests/walks/test_command.py starts the real one."""
        given = {name: value for name, value in self.environment.items() if name.startswith("TRYG_")}
        with i18n.use("en"):
            done = CliRunner().invoke(cli, [*arguments, "--data", str(self.data), "--json"], env=given)
        assert done.exit_code == 0, f"{' '.join(arguments)}: {done.output} {done.exception!r}"
        return json.loads(done.stdout)


@cache
def _migrated() -> Path:
    """An up-to-date SQLite file; nobody writes to it."""
    folder = Path(tempfile.mkdtemp(prefix="tryg-migrated-"))
    atexit.register(shutil.rmtree, folder)
    migrate_to_newest(Settings(data=folder))
    return folder / "tryg.sqlite"


def clean_environment() -> dict[str, str]:
    """The environment without the TRYG_ settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRYG_")}


def free_port() -> int:
    """A port of the loopback address that nobody listens on now, nor soon will: none of those named lately, which their programs
    may not have taken yet, and none of another worker's share. Not one of those that outgoing connections take: a server that
    is killed and started again finds its own still free."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    while True:
        port = _chance.randrange(20_000 + worker, 32_000, SHARES)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _named:
                _named.append(port)
                return port
