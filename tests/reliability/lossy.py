"""A network between phones and a server that loses, cuts, repeats and delays requests: a small proxy on loopback.

The driver says what the next request will meet; everything that happens is real: real sockets, real half-sent bodies, real
replies that nobody reads. Promises that every reply's status is counted, also of those that never reached the phone.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

FATES = ("fine", "lose request", "lose reply", "cut request", "cut reply", "repeat", "late")
PATIENCE_S = 30.0


class Lossy:
    """`port`: where phones reach it. `fate`: what the next request meets, then "fine" again. `cut`: where a request or
    reply breaks off, 0 to 1 of its length. `late`: requests held back whole. `statuses`: what the server answered."""

    def __init__(self, server_port: int) -> None:
        self.server_port, self.port = server_port, 0
        self.fate, self.cut = "fine", 0.5
        self.late: list[bytes] = []
        self.statuses: Counter[int] = Counter()
        self.met: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lossy", daemon=True)

    def start(self) -> "Lossy":
        self._thread.start()
        listening = self._call(asyncio.start_server, self._meet, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def deliver(self, number: int) -> None:
        """The held-back request arrives now; its phone has long stopped listening."""
        self._call(self._exchange, self.late.pop(number))

    def _call(self, work: Callable[..., Any], *given: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work(*given), self._loop)
        return future.result(PATIENCE_S)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _whole(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            return writer.transport.abort()
        fate, self.fate = self.fate, "fine"
        self.met[fate] += 1
        reply = b""
        if fate == "late":
            self.late.append(request)
        elif fate == "cut request":
            await self._begin(request[: int(len(request) * self.cut)])
        elif fate == "repeat":
            reply, _second = await asyncio.gather(self._exchange(request), self._exchange(request))
        elif fate != "lose request":
            reply = await self._exchange(request)
        if fate == "lose reply":
            reply = b""
        elif fate == "cut reply":
            reply = reply[: int(len(reply) * self.cut)]
        writer.write(reply)
        await writer.drain()
        if reply and fate != "cut reply":
            writer.close()
        else:
            writer.transport.abort()

    async def _exchange(self, request: bytes) -> bytes:
        """The server's reply; nothing where there is no server."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
            writer.write(request)
            await writer.drain()
            reply = await reader.read(-1)
            writer.close()
        except ConnectionError:
            return b""
        if reply:
            self.statuses[int(reply[9:12])] += 1
        return reply

    async def _begin(self, part: bytes) -> None:
        """A part of a request, and then the line is dead."""
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
            writer.write(part)
            await writer.drain()
            writer.close()
        except ConnectionError:
            return


async def _whole(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head
