"""PostgreSQL where somebody holds what others wait for, or falls silent: nobody waits for long, and the others not at all."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import make_url
from sqlmodel import Session

from app import postgres
from app.db import Database, next_seq
from app.models import Walk
from app.photos.routes import SHARE as PHOTOS
from app.postgres import ANSWER_S, HANDS, LEISURE_S, REST_S, SHARE
from app.problems import TryAgain
from app.walks import walks
from tests.loops import in_a_loop
from tests.phone import Phone, Picture, content_digest, jpeg
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.reliability.conftest import Joined
from tests.reliability.relay import Relay
from tests.running import Server, clean_environment

COMPOSE_S = 20.0  # compose.yaml's stop_grace_period
CONTRACT_S = 10.0  # docs/protocol.md: until then each request is answered

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


def test_a_write_that_fails_when_nobody_waits_for_it_any_longer_is_no_failure_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_S", 0.05)
    told, ended = threading.Event(), threading.Event()

    def work() -> None:
        told.wait(30)
        ended.set()
        raise TryAgain()

    async def asked() -> None:
        hands = postgres.Hands()
        with pytest.raises(TryAgain):
            await hands.do(work, "walk")
        told.set()
        await asyncio.wait(set(hands._writing))
        hands.end()

    in_a_loop(asked())
    gc.collect()
    assert ended.is_set()
    assert not caplog.records


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


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "app", TRYG_DATABASE_URL=postgres_url, TRYG_RATE_LIMITS="off").start()
    yield one
    one.kill()


@contextmanager
def held(db: Database, walk_id: str) -> Iterator[psycopg.Connection]:
    """Somebody holds the walk's row, and does nothing."""
    with psycopg.connect(**db.reached_by()) as holder:
        holder.execute("SELECT FROM walk WHERE id = %s FOR UPDATE", [walk_id])
        yield holder
        holder.rollback()


def waits_for_a_lock(db: Database, number: int) -> bool:
    """Whether so many do."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with db.read() as tx:
        return int(tx.connection().exec_driver_sql(asked).scalar_one()) >= number


def timed(phone: Phone, path: str) -> tuple[int, float]:
    began = time.monotonic()
    return phone.get(path).status_code, time.monotonic() - began


def put(phone: Phone) -> tuple[int, float]:
    """A new note's status, and how long that took."""
    began = time.monotonic()
    return phone.put(phone.note(note="Mørkt")).status_code, time.monotonic() - began


def only_the_crowd_waits(
    db: Database, crowd: list[Phone], other: Phone, send: Callable[[Phone], tuple[int, float]], share: int
) -> None:
    """While the crowd's walk is held, and `share` of them wait for its row, a phone of another walk is served."""
    with held(db, crowd[0].walk["id"]), ThreadPoolExecutor(len(crowd)) as pool:
        answers = [pool.submit(send, phone) for phone in crowd]
        until(lambda: waits_for_a_lock(db, share))
        status, seconds = send(other)
        assert status == 201
        assert seconds < 3.5  # whoever waits for the row waits for four
        told = [answer.result() for answer in answers]
    assert {status for status, _seconds in told} == {503}
    assert max(seconds for _status, seconds in told) < CONTRACT_S
    assert send(crowd[0])[0] == 201


def test_a_crowd_whose_walk_is_held_is_told_in_time_and_other_walks_do_not_notice(
    server: Server, db: Database, joined: Joined
) -> None:
    crowd, [other] = joined(server, 5 * HANDS), joined(server, 1)
    assert put(other)[0] == 201
    assert ANSWER_S < CONTRACT_S
    only_the_crowd_waits(db, crowd, other, put, SHARE)


def test_photos_of_a_walk_that_is_held_keep_those_of_others_out_no_more_than_words_do(
    server: Server, db: Database, joined: Joined
) -> None:
    def sent(phone: Phone) -> tuple[int, float]:
        began = time.monotonic()
        return phone.put_picture(next(iter(phone.pictures))).status_code, time.monotonic() - began

    crowd, [other] = joined(server, 2 * PHOTOS), joined(server, 1)
    for phone in (*crowd, other):
        assert phone.put(phone.note(Picture(jpeg()))).status_code == 201
    only_the_crowd_waits(db, crowd, other, sent, PHOTOS)


def test_who_still_waits_when_the_server_has_to_end_is_told_to_try_again(server: Server, joined: Joined) -> None:
    [phone] = joined(server, 1)
    picture = Picture(jpeg())
    note = phone.note(picture)
    assert phone.put(note).status_code == 201
    head = (
        f"PUT /api/v1/observations/{note}/photos/{picture.id} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(picture.data)}\r\nContent-Digest: {content_digest(picture.data)}\r\n"
        f"Authorization: {phone.key['Authorization']}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as line, ThreadPoolExecutor(1) as aside:
        line.settimeout(30)
        line.sendall(head.encode())
        assert b" 100 " in line.recv(4096)  # the server waits for the rest, which never comes
        ended = aside.submit(server.stop)
        answer = line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in answer.lower()
        assert ended.result() == 0


@pytest.fixture
def relay(postgres: Cluster) -> Iterator[Relay]:
    between = Relay(postgres.folder / ".s.PGSQL.5432").start()
    yield between
    between.stop()


@pytest.fixture
def url_afar(relay: Relay, postgres_url: str) -> str:
    """The database's address behind the relay."""
    return f"postgresql+psycopg://tryg@127.0.0.1:{relay.port}/{make_url(postgres_url).database}"


def test_neither_a_line_at_rest_nor_one_in_use_is_listened_to_for_long(relay: Relay, url_afar: str) -> None:
    db, begun = Database(url_afar), threading.Event()

    def asked(tx: Session) -> None:
        tx.connection().exec_driver_sql("SELECT 1")

    def in_use() -> None:
        with db.read() as tx:
            asked(tx)
            begun.set()
            until(lambda: relay.hushed)
            asked(tx)

    def at_rest() -> None:
        with db.read() as tx:
            asked(tx)

    with db.read() as one, db.read() as other:  # two lines
        asked(one)
        asked(other)
    with ThreadPoolExecutor(1) as aside:
        used = aside.submit(in_use)
        assert begun.wait(CONTRACT_S)
        relay.hush()
        for one_that_asks in (at_rest, at_rest, used.result):
            began = time.monotonic()
            with pytest.raises(TryAgain):
                one_that_asks()
            assert time.monotonic() - began < CONTRACT_S
    db.close()


@pytest.fixture
def afar(url_afar: str, tmp_path: Path) -> Iterator[Server]:
    """A server whose database is behind the relay."""
    one = Server(tmp_path / "afar", TRYG_DATABASE_URL=url_afar, TRYG_RATE_LIMITS="off").start()
    yield one
    one.kill()


def test_a_database_that_falls_silent_is_told_of_in_time_and_used_again_when_it_speaks(
    afar: Server, relay: Relay, db: Database, joined: Joined
) -> None:
    phones, [waits] = joined(afar, 12), joined(afar, 1)
    with ThreadPoolExecutor(2 * len(phones) + 1) as pool:
        assert {status for status, _seconds in pool.map(put, phones)} == {201}
        with held(db, waits.walk["id"]):
            under_way = pool.submit(put, waits)  # whose statement has begun
            until(lambda: waits_for_a_lock(db, 1))
            relay.hush()
            writing = [pool.submit(put, phone) for phone in phones]
            reading = [pool.submit(timed, phone, f"/walks/{phone.walk['id']}") for phone in phones]
            told = [answer.result() for answer in (under_way, *writing, *reading)]
        assert {status for status, _seconds in told} == {503}
        assert max(seconds for _status, seconds in told) < CONTRACT_S
        for path, status in (("/healthz", 200), ("/readyz", 503)):
            assert httpx.get(f"{afar.url}{path}", timeout=CONTRACT_S).status_code == status
        relay.speak()
        until(lambda: {status for status, _seconds in pool.map(put, phones)} == {201}, within_s=20)


def test_a_server_whose_database_is_silent_ends_when_it_is_told_to(afar: Server, relay: Relay, joined: Joined) -> None:
    phones = joined(afar, 12)
    with ThreadPoolExecutor(len(phones)) as pool:
        assert {status for status, _seconds in pool.map(put, phones)} == {201}
        relay.hush()
        answers = [pool.submit(put, phone) for phone in phones]
        until(lambda: relay.stuck >= SHARE)
        began = time.monotonic()
        assert afar.stop() == 0
        assert time.monotonic() - began < COMPOSE_S
        told = [answer.exception() or answer.result()[0] for answer in answers]
    assert told.count(503) >= SHARE  # whom it had heard; whoever came too late finds the line dead
    assert all(one == 503 or isinstance(one, httpx.TransportError) for one in told), told
