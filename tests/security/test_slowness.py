"""Whoever says little holds nothing for long: real sockets against a real server, whose patience is shortened."""

import contextlib
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Server

HEAD_S, GRACE_S = 1.0, 1.0
PATIENCE_S = 30.0
# The server as it is, with shorter times, so that the test need not wait for them.
SHORTENED = f"""
import sys
from app import arrivals, connections
connections.HEAD_S, connections.AFTER_S, arrivals.GRACE_S = {HEAD_S}, {HEAD_S}, {GRACE_S}
from app.cli import main
main()
"""


class Hurried(Server):
    program = (sys.executable, "-c", SHORTENED)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Hurried(tmp_path_factory.mktemp("slow") / "var").start()
    yield server
    server.stop()


@pytest.fixture
def connected(served: Server) -> Iterator[Callable[[], socket.socket]]:
    """Connections to it, closed when the test is over."""
    links: list[socket.socket] = []

    def do() -> socket.socket:
        links.append(socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S))
        return links[-1]

    yield do
    for link in links:
        link.close()


def heard(link: socket.socket) -> bytes:
    """What the server says until it ends the connection."""
    said = b""
    try:
        while piece := link.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def trickled(link: socket.socket, text: bytes, seconds: float = PATIENCE_S) -> bool:
    """Whether the server has ended the connection while `text` went out over and over, a letter at a time."""
    link.settimeout(0.05)
    deadline = time.monotonic() + seconds
    at = 0
    while time.monotonic() < deadline:
        try:
            link.send(text[at % len(text) :][:1])
            at += 1
            if link.recv(65_536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_a_connection_that_asks_for_nothing_is_ended(served: Server, connected: Callable[[], socket.socket]) -> None:
    assert heard(connected()) == b""


def test_headers_that_trickle_are_ended(served: Server, connected: Callable[[], socket.socket]) -> None:
    link = connected()
    link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    assert trickled(link, b"X-A: b\r\n")


def test_headers_that_trickle_on_a_kept_connection_are_ended_too(
    served: Server, connected: Callable[[], socket.socket]
) -> None:
    link = connected()
    link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in link.recv(65_536)
    link.sendall(b"GET /healthz HTTP/1.1\r\n")
    assert trickled(link, b"X-A: b\r\n")


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/participants/0199b3a0-0000-7000-8000-000000000000"])
def test_a_body_that_trickles_is_ended_with_a_sentence(
    served: Server, connected: Callable[[], socket.socket], path: str
) -> None:
    link = connected()
    method, kind = ("POST", "application/x-www-form-urlencoded") if path == "/sign-in" else ("PUT", "application/json")
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 900\r\n\r\na"
    link.sendall(head.encode())
    said = heard(link)
    assert b" 408 " in said.splitlines()[0]
    assert b"connection: close" in said.lower()
    assert b"/problems/too-slow" in said


def test_a_chunked_body_that_never_ends_is_ended(served: Server, connected: Callable[[], socket.socket]) -> None:
    link = connected()
    link.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                 b"Content-Type: application/x-www-form-urlencoded\r\n\r\n1\r\na\r\n")  # fmt: skip
    assert b" 408 " in heard(link).splitlines()[0]


def test_a_body_that_nobody_wants_cannot_hold_the_connection(
    served: Server, connected: Callable[[], socket.socket]
) -> None:
    link = connected()
    link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert b"200 OK" in link.recv(65_536)
    assert trickled(link, b"a")


def test_what_is_no_http_is_told_so_and_ended(served: Server, connected: Callable[[], socket.socket]) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", b"A" * 40_000,
                     b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 8_000 + b"\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"):  # fmt: skip
        link = connected()
        with contextlib.suppress(OSError):
            link.sendall(nonsense)
        said = heard(link)
        assert not said or said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), nonsense[:40]
        assert not said or b"content-security-policy: default-src 'none'" in said.lower()
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_length_and_chunks_together_are_not_read_as_two_requests(
    served: Server, connected: Callable[[], socket.socket]
) -> None:
    """Request smuggling: what hides behind a length must not be answered as a request of its own."""
    link = connected()
    hidden = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    link.sendall(b"POST /sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s"
                 % (5 + len(hidden), hidden))  # fmt: skip
    said = heard(link)
    assert b'"ready"' not in said


def test_a_body_that_says_no_length_is_read_no_further_than_the_limit(served: Server) -> None:
    """In chunks, as long as the server listens; the megabytes behind the limit are not taken."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 64 * 1024 * 1024:
            sent += 65_536
            yield b"a" * 65_536

    for method, path in (("POST", "/sign-in"), ("PUT", "/api/v1/participants/0199b3a0-0000-7000-8000-000000000000")):
        sent = 0
        status: Any = None
        try:
            kind = "application/json" if method == "PUT" else "application/x-www-form-urlencoded"
            status = httpx.request(
                method, served.url + path, content=endless(), headers={"Content-Type": kind}
            ).status_code
        except httpx.TransportError:
            status = "cut off"
        assert status in {413, "cut off"}
        assert sent < 16 * 1024 * 1024, "the server went on reading"


def test_none_of_it_was_an_error_of_the_servers(served: Server) -> None:
    assert "Traceback" not in Path(served.log).read_text(errors="replace")


def test_a_crowd_of_idle_connections_keeps_nobody_out(served: Server, connected: Callable[[], socket.socket]) -> None:
    """Twice as many as the process may hold: the oldest that ask for nothing go, whoever asks is answered."""
    assert served.process
    before = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        for number in range(450):
            connected().sendall(b"GET /healthz HTTP/1.1\r\n")
            if number % 100 == 99:
                began = time.monotonic()
                assert httpx.get(f"{served.url}/healthz", timeout=PATIENCE_S).status_code == 200
                assert time.monotonic() - began < 10
    finally:
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, before)
