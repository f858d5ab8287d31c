"""Files go to the socket by the system itself: whole, to slow readers too, and never held open for nobody. Over real sockets."""

import contextlib
import errno
import io
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app import connections
from app.connections import Patient
from app.streaming import Made, Part, Piece, as_bytes
from tests.photos.pictures import until

SIZE = 6_000_000  # more than the system holds for a reader who takes nothing


@dataclass
class Served:
    """A server that answers each request with what `pieces` makes, and knows which files it handed out."""

    folder: Path
    pieces: Callable[[], Iterator[Piece]] = field(default=lambda: iter(()))
    handed: list[io.FileIO] = field(default_factory=list)
    port: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Response(b"well") if scope["path"] == "/healthz" else Made(self.pieces(), at_once=1)
        await answer(scope, receive, send)

    def file(self, content: bytes) -> Part:
        path = self.folder / f"{uuid4().hex}.bin"
        path.write_bytes(content)
        self.handed.append(io.FileIO(path))
        return Part(self.handed[-1], len(content))

    def link(self) -> socket.socket:
        """Somebody who has asked, and of whom a file is on its way."""
        link, already = socket.socket(), len(self.handed)
        link.settimeout(30)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        link.connect(("127.0.0.1", self.port))
        link.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: len(self.handed) > already)
        return link


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    app = Served(tmp_path)
    config = uvicorn.Config(app, http=Patient, loop="uvloop", lifespan="off", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app.port = listener.getsockname()[1]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield app
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def heard(link: socket.socket) -> bytes:
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := link.recv(65_536):
            said += piece
    return said


def test_files_and_bytes_come_in_their_order_and_the_connection_is_kept(served: Served) -> None:
    large = os.urandom(SIZE)
    served.pieces = lambda: iter(
        [b"before ", served.file(large), b"", b" between ", served.file(b""), served.file(b"x"), b" after"]
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=30) as http:
        for _time in range(3):
            assert http.get("/file").content == b"before " + large + b" between x after"
            assert http.get("/healthz").content == b"well"
    assert all(file.closed for file in served.handed)
    assert len(served.handed) == 9


def test_of_a_file_only_the_part_is_sent_that_was_meant(served: Served) -> None:
    def pieces() -> Iterator[Piece]:
        file = served.file(b"0123456789").file
        file.seek(4)
        yield Part(file, 3)

    served.pieces = pieces
    assert httpx.get(f"http://127.0.0.1:{served.port}/file").content == b"456"


def test_where_the_system_sends_nothing_of_a_file_by_itself_it_is_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_given: object) -> int:
        raise OSError(errno.EINVAL, "not on this file system")

    monkeypatch.setattr(connections.os, "sendfile", refused)
    large = os.urandom(SIZE)
    served.pieces = lambda: iter([served.file(large)])
    assert httpx.get(f"http://127.0.0.1:{served.port}/file", timeout=30).content == large


def test_a_file_that_ends_before_its_time_ends_the_answer_and_the_connection(served: Served) -> None:
    served.pieces = lambda: iter([served.file(b"x" * SIZE)])
    with served.link() as link:
        os.truncate(str(served.handed[0].name), SIZE - 1)
        said = heard(link)
    assert not said.endswith(b"0\r\n\r\n"), "nobody takes it for whole"
    assert served.handed[0].closed


def test_where_the_reader_goes_away_no_file_stays_open(served: Served) -> None:
    served.pieces = lambda: (served.file(b"x" * SIZE) for _number in range(5))
    with served.link() as link:
        assert link.recv(1000).startswith(b"HTTP/1.1 200 OK")
    until(lambda: bool(served.handed) and all(file.closed for file in served.handed))
    assert httpx.get(f"http://127.0.0.1:{served.port}/healthz").content == b"well"


def test_readers_who_went_away_are_no_failure_of_ours(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    def pieces() -> Iterator[Piece]:
        for _number in range(200):
            yield served.file(b"x" * 1000)
            yield b"y" * connections.LARGE

    served.pieces = pieces
    for _number in range(40):
        with served.link() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # away at once
            assert link.recv(1000).startswith(b"HTTP/1.1 200 OK")
    until(lambda: all(file.closed for file in served.handed))
    assert httpx.get(f"http://127.0.0.1:{served.port}/healthz").content == b"well"
    assert not caplog.records


def test_a_reader_who_takes_nothing_is_left_and_meanwhile_others_are_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "STALLED_S", 1.0)
    served.pieces = lambda: iter([served.file(b"x" * SIZE)])
    links = [served.link() for _number in range(60)]  # more than there are threads
    try:
        assert httpx.get(f"http://127.0.0.1:{served.port}/file", timeout=30).content == b"x" * SIZE
        until(lambda: len(served.handed) == 61 and all(file.closed for file in served.handed))
        assert not any(heard(link).endswith(b"0\r\n\r\n") for link in links)
    finally:
        for link in links:
            link.close()


def test_where_a_server_knows_no_files_their_bytes_are_sent(tmp_path: Path) -> None:
    """As the tests' own client, which is no server."""
    served = Served(tmp_path)
    served.pieces = lambda: iter([b"a", served.file(b"bc"), b"d"])
    assert TestClient(served).get("/file").content == b"abcd"
    assert all(file.closed for file in served.handed)


def test_bytes_of_a_file_that_ends_before_its_time_are_no_whole_answer(tmp_path: Path) -> None:
    short = Served(tmp_path).file(b"abc")
    with pytest.raises(OSError, match="ends 1 bytes before its time"):
        list(as_bytes([Part(short.file, 4)]))
    assert short.file.closed
