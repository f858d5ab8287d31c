"""Photos and a real server: bodies that come in pieces, phones that vanish, plugs that are pulled, disks that are full."""

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from app.photos import routes
from app.photos.routes import HELD
from app.photos.vault import vault_of
from app.settings import Settings
from tests.loops import in_a_loop
from tests.phone import Phone, Picture, jpeg
from tests.photos.disks import SmallDisk
from tests.photos.pictures import files_of, noise, saved, until
from tests.running import Server

MEGABYTE = 1024 * 1024


Joined = Callable[[Server], Phone]


@pytest.fixture
def joined() -> Iterator[Joined]:
    """A phone that takes part in a new walk of a server."""
    with contextlib.ExitStack() as lines:

        def join(server: Server) -> Phone:
            code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
            return Phone(lines.enter_context(httpx.Client(base_url=server.url, timeout=30)), code).join()

        yield join


def noted(phone: Phone, *pictures: Picture) -> str:
    note_id = phone.note(*pictures)
    assert phone.put(note_id).status_code == 201
    return note_id


def files(server: Server) -> list[str]:
    given = {
        name.removeprefix("TRYG_").lower(): value for name, value in server.environment.items() if "_PHOTOS_" in name
    }
    return files_of(vault_of(Settings(data=server.data, **given)))  # type: ignore[arg-type]


def head(phone: Phone, picture: Picture, **headers: str) -> bytes:
    """The first lines of a request that sends this picture."""
    lines = [f"PUT /api/v1/observations/{phone.owner[picture.id]}/photos/{picture.id} HTTP/1.1", "Host: x"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in {**phone.key, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def ready(phone: Phone, *pictures: Picture) -> None:
    for picture in pictures:
        until(lambda picture=picture: phone.get(f"/photos/{picture.id}").status_code == 200)


def in_pieces(data: bytes, size: int = 50_000) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def memory_kb(server: Server, what: str = "VmHWM") -> int:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


def test_a_body_without_a_length_is_taken_in_pieces_up_to_the_limit(
    start_server: Callable[..., Server], joined: Joined
) -> None:
    server = start_server(TRYG_PHOTO_BYTES="300000")
    phone, picture = joined(server), Picture(jpeg() + b"\0" * 200_000)
    note = noted(phone, picture)
    url = f"/api/v1/observations/{note}/photos/{picture.id}"
    too_long = phone.network.http.put(url, content=in_pieces(b"x" * 400_000), headers=phone.key)
    assert (too_long.status_code, too_long.json()["type"]) == (413, "/problems/photo-too-large")
    endless = phone.network.http.put(url, content=in_pieces(b"x" * 1_200_001), headers=phone.key)
    assert (endless.status_code, endless.headers["connection"]) == (413, "close")
    assert files(server) == []
    assert phone.network.http.put(url, content=in_pieces(picture.data), headers=phone.key).status_code == 201


def test_a_photo_that_is_too_large_is_refused_before_it_is_sent(server: Server, joined: Joined) -> None:
    phone, picture = joined(server), Picture(jpeg())
    noted(phone, picture)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head(phone, picture, Content_Length=str(100 * MEGABYTE)))
        answer = line.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


@pytest.mark.usefixtures("every_store")
def test_a_photo_is_never_whole_in_memory(server: Server, joined: Joined) -> None:
    phone = joined(server)
    pictures = [Picture(jpeg(colour=(number, 0, 0)) + os.urandom(14 * MEGABYTE)) for number in range(3)]
    noted(phone, *pictures)
    assert phone.put_picture(pictures[0].id).status_code == 201
    before = memory_kb(server)
    for picture in pictures[1:]:
        assert phone.put_picture(picture.id).status_code == 201
    assert memory_kb(server) - before < 6_000


def test_a_body_in_crumbs_takes_no_more_memory_than_one_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    most = HELD // 8
    monkeypatch.setattr(routes, "HELD", most)
    left, taken, heaviest = most // 2, 0, 0

    async def receive() -> dict[str, object]:
        nonlocal left
        left -= 1
        if left % 64 == 0:
            await asyncio.sleep(0)  # as where they come over a line
        return {"type": "http.request", "body": bytes((left % 256, 1)), "more_body": left > 0}

    async def take(pieces: list[bytes]) -> None:
        nonlocal taken, heaviest
        heaviest = max(heaviest, tracemalloc.get_traced_memory()[1])
        taken += len(b"".join(pieces))

    tracemalloc.start()
    try:
        rest = in_a_loop(routes._receive(Request({"type": "http"}, receive), take, 25 * MEGABYTE))  # type: ignore[arg-type]
    finally:
        tracemalloc.stop()
    assert taken + len(b"".join(rest)) == most
    assert 0 < heaviest < 3 * most


def test_a_phone_that_vanishes_in_the_middle_leaves_nothing_and_no_noise(server: Server, joined: Joined) -> None:
    phone, picture = joined(server), Picture(saved(noise(1600, 1200)))
    noted(phone, picture)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head(phone, picture, Content_Length=str(len(picture.data))))
        line.sendall(picture.data[: HELD + MEGABYTE // 4])  # what the server no longer keeps in memory
        until(lambda: files(server))
    until(lambda: not files(server))
    assert phone.get(f"/photos/{picture.id}").json()["type"] == "/problems/photo-not-ready"
    assert phone.put_picture(picture.id).status_code == 201
    ready(phone, picture)
    server.stop()
    assert "Traceback" not in server.said()
    assert "unexpected" not in server.said()


@pytest.mark.usefixtures("every_store")
def test_after_the_plug_was_pulled_every_photo_with_a_receipt_becomes_ready(server: Server, joined: Joined) -> None:
    phone, pictures = joined(server), [Picture(saved(noise(900 + number, 700))) for number in range(8)]
    noted(phone, *pictures)
    cut = pictures.pop()
    for picture in pictures:
        assert phone.put_picture(picture.id).status_code == 201
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(head(phone, cut, Content_Length=str(len(cut.data))) + cut.data[:100_000])
        server.kill()
    server.start()
    ready(phone, *pictures)
    until(lambda: len(files(server)) == 2 * len(pictures))  # neither originals nor half a photo are left
    missing = phone.network.send("POST", f"/api/v1/walks/{phone.walk['id']}/known", headers=phone.key,
                                 json={"photos": [picture.id for picture in [*pictures, cut]]})  # fmt: skip
    assert missing.json()["missing"]["photos"] == [cut.id]


def test_the_server_ends_cleanly_in_the_middle_of_cleaning(server: Server, joined: Joined) -> None:
    phone, pictures = joined(server), [Picture(saved(noise(1600, 1200 + number))) for number in range(3)]
    noted(phone, *pictures)
    for picture in pictures:
        assert phone.put_picture(picture.id).status_code == 201
    workers = until(lambda: children(server))
    assert server.stop() == 0
    assert "Traceback" not in server.said()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    server.start()
    ready(phone, *pictures)


def children(server: Server) -> list[int]:
    assert server.process
    found = [path.read_text() for path in Path(f"/proc/{server.process.pid}/task").glob("*/children")]
    return [int(pid) for pids in found for pid in pids.split()]


def test_on_a_full_disk_the_phone_is_told_to_try_again_and_nothing_is_lost(
    start_server: Callable[..., Server], joined: Joined, small_disk: SmallDisk
) -> None:
    server = start_server(TRYG_PHOTOS_URL=f"file://{small_disk.folder}/photos")
    assert server.process
    phone, kept, late = joined(server), Picture(jpeg()), Picture(saved(noise(1500, 1000)))
    note = noted(phone, kept, late)
    assert phone.put_picture(kept.id).status_code == 201
    ready(phone, kept)
    with small_disk.full(server.process.pid):
        refused = phone.put_picture(late.id)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/try-again")
        assert int(refused.headers["retry-after"]) > 0
        assert phone.put_picture(kept.id).status_code == 200  # what is here needs no room
        assert phone.network.http.get("/readyz").status_code == 503
        assert phone.network.http.get("/healthz").status_code == 200
        assert phone.get(f"/photos/{kept.id}").status_code == 200
    assert phone.put(note).json()["photos"] == [{"id": kept.id, "state": "ready"}, {"id": late.id, "state": "expected"}]
    receipt = phone.put_picture(late.id)
    assert receipt.status_code == 201
    assert receipt.json()["sha256"] == hashlib.sha256(late.data).hexdigest()
    ready(phone, late)
    assert "Traceback" not in server.said()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_killed_from_outside_is_replaced(server: Server, joined: Joined, how: signal.Signals) -> None:
    phone, pictures = joined(server), [Picture(saved(noise(1200 + number, 900))) for number in range(3)]
    noted(phone, *pictures)
    for picture in pictures:
        assert phone.put_picture(picture.id).status_code == 201
    for _time in range(2):
        for pid in until(lambda: children(server)):
            with contextlib.suppress(ProcessLookupError):  # it has ended already and was replaced
                os.kill(pid, how)
    ready(phone, *pictures)
