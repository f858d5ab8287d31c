"""A PostgreSQL of the tests' own: one cluster a session in a temporary folder, one database a test.

Hides initdb, the user it wants (never root) and where it listens: on a Unix socket in its folder alone, so that two
sessions never meet. Promises that fsync is on as in real life, and that nothing is left behind. Never touches a
PostgreSQL that the machine runs.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.machine import postgresql


class Cluster:
    """A running cluster; `database()` lends a new database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def database(self, like: str = "template1") -> Iterator[str]:
        """The SQLAlchemy address of a new database, a copy of `like` (empty by default), dropped when the block ends."""
        name = f"tryg_{uuid.uuid4().hex}"
        self.create(name, like)
        try:
            yield self.address(name)
        finally:
            self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def create(self, name: str, like: str = "template1") -> None:
        self._say(f"CREATE DATABASE {name} TEMPLATE {like}")

    def address(self, name: str) -> str:
        return f"postgresql+psycopg://tryg@/{name}?host={self.folder}"

    def _say(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user="tryg", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Starts a cluster, and stops and deletes it when the block ends."""
    programs = postgresql()
    assert programs, "PostgreSQL's server programs are missing: python -m tests.machine"
    folder = Path(tempfile.mkdtemp(prefix="tryg-pg-"))
    owner = _owner(folder)
    data = folder / "data"

    def run(*command: str) -> None:
        done = subprocess.run(command, user=owner, cwd=folder, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}{_tail(folder / 'log')}"

    try:
        run(str(programs / "initdb"), "-D", str(data), "-U", "tryg", "--auth=trust", "--encoding=UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c shared_buffers=16MB"
        # The server keeps pg_ctl's standard output open, so capture it nowhere but in the log.
        run(
            str(programs / "pg_ctl"),
            "-D",
            str(data),
            "-w",
            "-t",
            "60",
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
        )
        yield Cluster(folder)
    finally:
        if (data / "postmaster.pid").exists():
            run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", "30", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _owner(folder: Path) -> int | None:
    """initdb refuses root, so root hands the folder to postgres, or to nobody where that user is missing."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


def _tail(log: Path) -> str:
    return log.read_text()[-2000:] if log.exists() else ""
