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

# Whoever is still connected is thrown out; the rows of all tables go, whatever names whom. Our tables have no sequences.
EMPTIED = """DO $$ DECLARE one text; BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one);
  END LOOP;
END $$"""


class Cluster:
    """A cluster in `folder`; `database()` lends a new database. `stop()` pulls its plug, `start()` plugs it in again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self._programs, self._owner = folder, programs, _owner(folder)
        self._data = folder / "data"
        self._free: dict[str, list[str]] = {}
        self._made: set[str] = set()
        self._run("initdb", "-D", str(self._data), "-U", "tryg", "--auth=trust", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c shared_buffers=16MB"
        # The server keeps pg_ctl's standard output open, so capture it nowhere but in the log.
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", log, "-o", options, "start")

    @property
    def pid(self) -> int:
        """Of the process that has started all others of it."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "30", "-m", "immediate", "stop")

    def _run(self, program: str, *given: str) -> None:
        command = [str(self._programs / program), *given]
        done = subprocess.run(command, user=self._owner, cwd=self.folder, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, f"{program}: {done.stderr}{_tail(self.folder / 'log')}"

    @contextmanager
    def database(self, like: str = "template1") -> Iterator[str]:
        """The SQLAlchemy address of a new database, a copy of `like` (empty by default), gone when the block ends.

        A copy with tables is emptied and lent again: making and dropping one takes ten times as long."""
        lent = self._free.setdefault(like, [])
        name = lent.pop() if lent else f"tryg_{uuid.uuid4().hex}"
        if name not in self._made:
            self.create(name, like)
            self._made.add(name)
        try:
            yield self.address(name)
        finally:
            if like != "template1":
                self._say(EMPTIED, name)
                lent.append(name)
            else:
                self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def throw_out(self) -> int:
        """Ends every connection to its databases, in the midst of whatever they do; how many."""
        said = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname <> 'postgres'"
        with psycopg.connect(host=str(self.folder), user="tryg", dbname="postgres", autocommit=True) as connection:
            return int(connection.execute(said).fetchone()[0])  # type: ignore[index]

    def create(self, name: str, like: str = "template1") -> None:
        self._say(f"CREATE DATABASE {name} TEMPLATE {like}")

    def address(self, name: str) -> str:
        return f"postgresql+psycopg://tryg@/{name}?host={self.folder}"

    def _say(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(host=str(self.folder), user="tryg", dbname=database, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Starts a cluster, and stops and deletes it when the block ends."""
    programs = postgresql()
    assert programs, "PostgreSQL's server programs are missing: python -m tests.machine"
    folder = Path(tempfile.mkdtemp(prefix="tryg-pg-"))
    try:
        made = Cluster(folder, programs)
        try:
            made.start()
            yield made
        finally:
            made.stop()
    finally:
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
