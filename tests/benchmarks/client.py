"""A load client that costs little: many kept connections, requests made beforehand, answers hardly looked at.

httpx in threads tops out near 1,000 requests a second on two cores and takes the server's share of them.
"""

import asyncio
import json
import multiprocessing
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx


@dataclass
class Taken:
    """What came of a load: `seconds` in all, the `waits` of each request in seconds, `statuses` by how often."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.waits) / self.seconds

    def part(self, share: float) -> float:
        """The wait in seconds that this share of all requests stayed below."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(share * len(self.waits)))]


def waits(http: httpx.Client, path: str, times: int) -> list[float]:
    """Seconds of each of so many askings for a page, the shortest first."""
    taken = []
    for _time in range(times):
        began = time.perf_counter()
        answer = http.get(path)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text[:200]
    return sorted(taken)


def request(method: str, url: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One HTTP/1.1 request, whole."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def put(url: str, path: str, headers: dict[str, str], said: Any) -> bytes:
    """A request that brings JSON."""
    return request("PUT", url, path, headers, json.dumps(said).encode())


def send(url: str | Sequence[str], piles: Sequence[Iterable[bytes]]) -> Taken:
    """Send each pile's requests one after another, each pile on a connection of its own, all piles at once; `url`: of the
    server, or of each pile's."""
    return asyncio.run(_send([url] * len(piles) if isinstance(url, str) else url, piles))


@dataclass(frozen=True)
class Download:
    """How long a file took: until its first byte, and until its last, in seconds; `size`: bytes, with what parts them."""

    first: float
    whole: float
    size: int


def fetch(url: str, path: str, headers: dict[str, str]) -> Download:
    """Take a file as it comes and throw it away."""
    at = urlsplit(url)
    piece, size, first = bytearray(256 * 1024), 0, 0.0
    with socket.create_connection((at.hostname, at.port), timeout=120) as line:
        began = time.perf_counter()
        line.sendall(request("GET", url, path, headers | {"Connection": "close"}))
        head = line.recv(64 * 1024)
        assert head.startswith(b"HTTP/1.1 200"), head
        first, size = time.perf_counter() - began, len(head)
        while count := line.recv_into(piece):
            size += count
        return Download(first, time.perf_counter() - began, size)


def copied(size: int) -> float:
    """Seconds that so many bytes in memory take from one process through a socket of this machine to another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = multiprocessing.get_context("fork").Process(target=_give, args=(listener.getsockname()[1], size))
        sender.start()
        piece = bytearray(256 * 1024)
        with listener.accept()[0] as line:
            began = time.perf_counter()
            while line.recv_into(piece):
                pass
            seconds = time.perf_counter() - began
        sender.join()
    return seconds


def _give(port: int, size: int) -> None:
    piece = bytes(256 * 1024)
    with socket.create_connection(("127.0.0.1", port)) as line:
        for _piece in range(size // len(piece)):
            line.sendall(piece)
        line.sendall(piece[: size % len(piece)])


async def _send(urls: Sequence[str], piles: Sequence[Iterable[bytes]]) -> Taken:
    lines = [await asyncio.open_connection(at.hostname, at.port) for at in map(urlsplit, urls)]
    taken = Taken()

    async def one(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], pile: Iterable[bytes]) -> None:
        for sent in pile:
            began = time.perf_counter()
            line[1].write(sent)
            status = await _answer(line[0])
            taken.waits.append(time.perf_counter() - began)
            taken.statuses[status] = taken.statuses.get(status, 0) + 1

    began = time.perf_counter()
    await asyncio.gather(*(one(line, pile) for line, pile in zip(lines, piles, strict=True)))
    taken.seconds = time.perf_counter() - began
    for _reader, writer in lines:
        writer.close()
    return taken


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b"transfer-encoding" not in head, head
    lengths = [int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    length = lengths[0] if lengths else 0  # a 304 has none
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
