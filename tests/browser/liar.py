"""A network that lies: it stands between a browser and the server, and answers in the server's name.

Hides sockets, TLS and HTTP's framing. `tell(lie)` makes it lie from now on about the paths that fit, `honest()` ends
that; both break off what is under way. A lie is told without asking the server, except `cut_short`, which lets the
server do its work first. Promises that what is not lied about arrives unchanged.
"""

import asyncio
import gzip
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

PATIENCE_S = 20.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


@dataclass
class Visit:
    """One request on its way: its head as it came, and the browser's side of the connection."""

    method: str
    path: str
    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    port: int  # the server's

    async def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Sends an answer, as long as it says or as `Content_Length` says."""
        told = {"Content_Length": str(len(body)), "Connection": "close", **headers}
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()

    async def true_answer(self) -> bytes:
        """What the server says to this request, head and body."""
        inward, outward = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            length = re.search(rb"\r\ncontent-length: *(\d+)", self.head, re.IGNORECASE)
            body = await self.reader.readexactly(int(length[1])) if length else b""
            head = re.sub(rb"\r\nconnection:[^\r]*", b"", self.head, flags=re.IGNORECASE)
            outward.write(head[:-4] + b"\r\nConnection: close\r\n\r\n" + body)
            await outward.drain()
            return await inward.read()
        finally:
            outward.close()

    def reset(self) -> None:
        tube = self.writer.get_extra_info("socket")
        tube.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


Lie = Callable[[Visit], Awaitable[None]]


def says(status: int, body: str = "", media_type: str = "text/html", **headers: str) -> Lie:
    """The same answer to everything."""
    return lambda visit: visit.answer(status, body.encode(), Content_Type=media_type, **headers)


async def hangs(visit: Visit) -> None:
    """Takes the request and never says a word."""
    await visit.reader.read()


async def resets(visit: Visit) -> None:
    """Breaks the connection off."""
    visit.reset()


async def speaks_tls(visit: Visit) -> None:
    """What a server says that expects TLS and hears HTTP: a fatal alert."""
    visit.writer.write(b"\x15\x03\x03\x00\x02\x02\x46")
    await visit.writer.drain()


async def cut_short(visit: Visit) -> None:
    """The server does it; its answer breaks off in the middle of the body."""
    answer = await visit.true_answer()
    body = answer.index(b"\r\n\r\n") + 4
    visit.writer.write(answer[: body + (len(answer) - body) // 2])
    await visit.writer.drain()
    visit.reset()


async def half_a_gzip(visit: Visit) -> None:
    """A compressed answer of the right kind, of which the second half is missing."""
    whole = gzip.compress(
        b'{"status": "ok", "id": "", "rev": 1, "photos": [], "padding": "' + bytes(range(33, 90)) + b'"}'
    )
    await visit.answer(200, whole[: len(whole) // 2], Content_Type="application/json", Content_Encoding="gzip")


class Liar:
    """The network in front of the server at `port`; with `tls`, browsers reach it by https."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port, self.tls = port, tls
        self.asked: list[tuple[str, str]] = []  # method and path of each request so far
        self.lie: Lie | None = None
        self.about = re.compile("")
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> "Liar":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._visit, "127.0.0.1", 0, ssl=self.tls))
        self.own_port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.own_port}"
        return self

    def stop(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def tell(self, lie: Lie, about: str = "") -> None:
        """Lie from now on about the paths in which the pattern `about` is found; all by default."""
        self.lie, self.about = lie, re.compile(about)
        self._do(self._hang_up())

    def honest(self, *, hang_up: bool = True) -> None:
        """The truth from now on; without `hang_up` what hangs goes on hanging."""
        self.lie = None
        if hang_up:
            self._do(self._hang_up())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        await self._hang_up()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self.asked.append((method, path))
            visit = Visit(method, path, head, reader, writer, self.port)
            if self.lie and self.about.search(path):
                await self.lie(visit)
            else:
                writer.write(await visit.true_answer())
                await writer.drain()
        except (OSError, EOFError, ssl.SSLError, asyncio.IncompleteReadError):
            return  # whoever asked is gone
        finally:
            self._open.discard(writer)
            writer.close()
