"""PostgreSQL where somebody holds what others wait for, or falls silent: nobody waits for long, and the others not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.db import LEISURE_S, REST_S, Database, next_seq
from app.models import Walk
from app.problems import TryAgain
from app.walks import walks
from tests.photos.pictures import until
from tests.running import clean_environment

# A server's code in a process of its own, which stops dead while it holds a walk's row: a machine that is paused, or gone.
FROZEN = """
import os, signal, sys
from app.db import Database, next_seq
with Database(sys.argv[1]).write() as tx:
    next_seq(tx, sys.argv[2])
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def walk(db: Database) -> Walk:
    with db.write() as tx:
        return walks.create(tx, "Aftenvandring")


@contextmanager
def frozen(url: str, walk_id: str) -> Iterator[None]:
    gone = subprocess.Popen([sys.executable, "-c", FROZEN, url, walk_id], env=clean_environment())
    try:
        _pid, status = os.waitpid(gone.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield
    finally:
        gone.send_signal(signal.SIGKILL)
        gone.wait()


def test_a_server_that_is_frozen_in_the_midst_of_a_change_holds_its_walk_for_seconds_only(
    postgres_url: str, db: Database, walk: Walk
) -> None:
    def numbered() -> int | None:
        try:
            with db.write() as tx:
                return next_seq(tx, walk.id)
        except TryAgain:
            return None

    with frozen(postgres_url, walk.id):
        assert numbered() is None, "it holds nothing"
        assert until(numbered, within_s=2 * REST_S) == walk.seq + 1  # what it had begun came to nothing


def test_a_machine_that_is_gone_without_a_word_keeps_its_session_for_a_minute_at_most(postgres_url: str) -> None:
    # The locks of Database.alone() are a session's that rests outside a transaction. What was asked for is all that a socket
    # on one machine can show.
    for at_leisure, rest_s in ((False, REST_S), (True, LEISURE_S)):
        db = Database(postgres_url, at_leisure=at_leisure)
        with db.read() as tx:
            told = tx.connection().exec_driver_sql("SELECT name, reset_val FROM pg_settings WHERE source = 'client'")
            asked = {row.name: row.reset_val for row in told}
        db.close()
        idle, every, times = (int(asked[f"tcp_keepalives_{name}"]) for name in ("idle", "interval", "count"))
        assert 0 < idle + every * times <= 60
        assert int(asked["idle_in_transaction_session_timeout"]) == rest_s * 1000


def test_whoever_rested_too_long_in_a_change_is_told_to_try_again(db: Database, walk: Walk) -> None:
    def here(process: int) -> bool:
        with db.read() as tx:
            found = tx.connection().exec_driver_sql(f"SELECT FROM pg_stat_activity WHERE pid = {process}")
            return found.first() is not None

    def rest() -> None:
        with db.write() as tx:
            next_seq(tx, walk.id)
            tx.connection().exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
            process = tx.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            until(lambda: not here(process))
            next_seq(tx, walk.id)

    with pytest.raises(TryAgain):
        rest()
    with db.write() as tx:
        assert next_seq(tx, walk.id) == walk.seq + 1
