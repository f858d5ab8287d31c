"""Disks that are full, read-only or lying, a database that somebody else holds, a server told to end in mid-upload.

Each time the same promise: 503 with Retry-After within ten seconds, /readyz says so while /healthz goes on, nothing that
was acknowledged is lost, and it works again by itself when the cause goes.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pysqlite3.dbapi2 as sqlite
import pytest

from app.photos.routes import HELD
from tests.phone import Phone, Picture, content_digest, jpeg
from tests.photos.disks import SmallDisk
from tests.photos.pictures import noise, saved, until
from tests.postgres import cluster
from tests.reliability.conftest import Joined
from tests.running import Server

pytestmark = pytest.mark.embedded

FSYNC, RENAME = "fsync,fdatasync", "rename,renameat,renameat2"
LIMIT_S = 10.0  # the contract's longest wait for a 503


def told_to_try_again(ask: Callable[[], httpx.Response]) -> float:
    """Seconds until the 503."""
    began = time.monotonic()
    reply = ask()
    waited = time.monotonic() - began
    assert (reply.status_code, reply.json().get("type")) == (503, "/problems/try-again"), reply.text
    assert int(reply.headers["Retry-After"]) > 0
    assert waited < LIMIT_S
    return waited


def alive_but_not_ready(phone: Phone) -> None:
    http = phone.network.http
    assert until(lambda: http.get("/readyz").status_code == 503, LIMIT_S)
    assert http.get("/healthz").json()["status"] == "ok"


def works_again(phone: Phone) -> None:
    """Without a restart: everything goes through, and the server holds it once."""
    assert until(lambda: phone.network.http.get("/readyz").status_code == 200, LIMIT_S)
    phone.receipts.clear()
    phone.arrived.clear()
    phone.sync()
    assert {change["id"]: change["note"] for change in phone.changes()} == {
        note: told["note"] for note, told in phone.made.items()
    }


def test_with_the_database_on_a_full_disk_every_write_says_try_again_and_reading_goes_on(
    small_disk: SmallDisk, joined: Joined
) -> None:
    server = Server(small_disk.folder / "var", TRYG_RATE_LIMITS="off").start()
    try:
        assert server.process
        phone, other = joined(server, 2)
        known, new, theirs = phone.note(), phone.note(), other.note()
        for sent in (phone.put(known), other.put(theirs)):
            assert sent.status_code == 201
        phone.edit(known, note="Rettet")
        with small_disk.full(server.process.pid):
            agreement = {"json": {"agrees": True}, "headers": phone.key}
            for ask in (
                lambda: phone.put(new),
                lambda: phone.put(known),
                lambda: phone.network.send("PUT", f"/api/v1/observations/{theirs}/agreement", **agreement),
                lambda: Phone(phone.network.http, phone.code).try_to_join(),
            ):
                told_to_try_again(ask)
            alive_but_not_ready(phone)
            assert [change["rev"] for change in phone.changes()] == [1, 1]
        assert until(lambda: phone.network.http.get("/readyz").status_code == 200, LIMIT_S)
        assert phone.put(new).status_code == 201
        assert phone.put(known).status_code == 200
        assert len(phone.changes()) == 3
        assert "Traceback" not in server.said()
    finally:
        server.stop()


def test_a_database_that_another_process_holds_says_try_again_within_ten_seconds(
    server: Server, joined: Joined
) -> None:
    [phone] = joined(server)
    note = phone.note()
    other = sqlite.connect(str(server.data / "tryg.sqlite"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        print(f"told after {told_to_try_again(lambda: phone.put(note)):.1f} s")
        alive_but_not_ready(phone)
        assert phone.changes() == []  # readers never wait for a writer
    finally:
        other.execute("ROLLBACK")
        other.close()
    works_again(phone)


def test_a_postgresql_that_dies_and_comes_back_needs_no_hand(
    start_server: Callable[..., Server], joined: Joined
) -> None:
    with cluster() as database:
        database.create("tryg")
        server = start_server(TRYG_DATABASE_URL=database.address("tryg"), TRYG_RATE_LIMITS="off")
        [phone] = joined(server)
        phone.note(Picture(jpeg()))
        phone.sync()
        note = phone.note(Picture(jpeg(colour=(5, 5, 5))))
        database.stop()
        told_to_try_again(lambda: phone.put(note))
        told_to_try_again(lambda: phone.get(f"/walks/{phone.walk['id']}/changes"))
        alive_but_not_ready(phone)
        database.start()
        works_again(phone)
        assert len(phone.changes()) == 2
        server.stop()


def test_a_read_only_photo_folder_keeps_photos_on_the_phone_and_words_go_on(
    start_server: Callable[..., Server], small_disk: SmallDisk, joined: Joined
) -> None:
    server = start_server(TRYG_PHOTOS_URL=f"file://{small_disk.folder}/photos")
    [phone] = joined(server)
    first, picture, late = Picture(jpeg()), Picture(jpeg(colour=(9, 9, 9))), Picture(jpeg(colour=(8, 8, 8)))
    phone.note(first)
    phone.sync()
    note = phone.note(picture, late)
    with small_disk.read_only():
        assert phone.put(note).status_code == 201
        told_to_try_again(lambda: phone.put_picture(picture.id))
        assert phone.put_picture(first.id).status_code == 200  # what is here is only compared
        alive_but_not_ready(phone)
    works_again(phone)


@contextlib.contextmanager
def failing(server: Server, calls: str) -> Iterator[None]:
    """While in here these system calls of the server fail with EIO, as on a dying disk."""
    program = shutil.which("strace")
    assert program, "strace is missing: python -m tests.machine"
    assert server.process
    rules = ["-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO"]
    command = [program, "-f", "-q", "-o", os.devnull, *rules, "-p", str(server.process.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            until(lambda: traced(server) or tracer.poll() is not None, 20)
            assert tracer.poll() is None, tracer.stderr.read() if tracer.stderr else ""
            yield
        finally:
            tracer.terminate()
    until(lambda: not traced(server), 20)


def traced(server: Server) -> bool:
    """Whether every thread of the server is."""
    assert server.process
    states = [path.read_text() for path in Path(f"/proc/{server.process.pid}/task").glob("*/status")]
    return not any("TracerPid:\t0\n" in state for state in states)


def test_where_fsync_fails_there_is_no_receipt(server: Server, joined: Joined) -> None:
    [phone] = joined(server)
    kept, picture = Picture(jpeg()), Picture(jpeg(colour=(7, 7, 7)))
    phone.note(kept)
    phone.sync()
    note = phone.note(picture)
    with failing(server, FSYNC):
        told_to_try_again(lambda: phone.put(note))
        alive_but_not_ready(phone)
    assert phone.put(note).status_code == 201
    with failing(server, FSYNC):
        told_to_try_again(lambda: phone.put_picture(picture.id))
    server.kill()
    server.start()
    works_again(phone)
    assert not any(path.stat().st_size == 0 for path in (server.data / "photos").rglob("*") if path.is_file())


def test_a_photo_whose_file_cannot_be_kept_is_not_on_record_either(server: Server, joined: Joined) -> None:
    [phone] = joined(server)
    picture = Picture(jpeg())
    note = phone.note(picture)
    with failing(server, RENAME):
        assert phone.put(note).status_code == 201  # words need no new file
        told_to_try_again(lambda: phone.put_picture(picture.id))
    assert phone.put(note).json()["photos"] == [{"id": picture.id, "state": "expected"}]
    works_again(phone)


@pytest.mark.parametrize("rest_comes", [True, False], ids=["the rest comes", "the phone is gone"])
def test_a_server_told_to_end_in_mid_upload_ends_and_keeps_all_or_nothing(
    server: Server, joined: Joined, rest_comes: bool
) -> None:
    [phone] = joined(server)
    picture = Picture(saved(noise(1600, 1200)))
    note = phone.note(picture)
    assert phone.put(note).status_code == 201
    head = (
        f"PUT /api/v1/observations/{note}/photos/{picture.id} HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(picture.data)}\r\nContent-Digest: {content_digest(picture.data)}\r\n"
        f"Authorization: {phone.key['Authorization']}\r\n\r\n"
    )
    half = HELD + 100_000  # what the server no longer keeps in memory
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.settimeout(30)
        line.sendall(head.encode() + picture.data[:half])
        until(lambda: list((server.data / "photos" / "new").glob("*")))
        ended: list[int] = []
        ending = threading.Thread(target=lambda: ended.append(server.stop()))
        ending.start()
        until(lambda: not accepts(server.port))
        answer = b""
        if rest_comes:
            line.sendall(picture.data[half:])
            answer = line.recv(4096)
        else:
            line.close()
        ending.join(60)
    assert ended == [0]
    server.start()
    there = phone.put(note).json()["photos"][0]["state"]
    assert there in ("stored", "ready") if b" 201 " in answer else there == "expected"
    assert not rest_comes or b" 201 " in answer  # what has begun may end
    works_again(phone)
    until(lambda: not list((server.data / "photos" / "new").glob("*")))


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True
