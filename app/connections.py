"""Connections as they come from the open network: none is held for long by whoever says little.

Hides uvicorn's protocol and its timers. Promises that a request's line and headers are there within HEAD_S, or the
connection ends; that what still drips in after its answer, or an answer that nobody fetches, ends it too; that no more is held of a
head, or of what stands around the pieces of a body, than HEAD_BYTES and what the socket gives at once; and that where the system
has room for no more connections, those go first that ask for nothing, the oldest first, so that a crowd of idle ones keeps nobody
out. What a body may be and how long it may take is app/arrivals.py's.
"""

import asyncio
import errno
import os
import resource
import select
import socket
from collections import deque
from functools import partial
from typing import Any, ClassVar

from anyio import CapacityLimiter, to_thread
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.answers import CLOSED
from app.arrivals import HEAD_BYTES
from app.streaming import STRAIGHT, Part, Piece, let_go, size_of

HEAD_S = 15.0  # for a request's line and headers, from the connection or their first byte
AFTER_S = 10.0  # for the rest of a body that nobody wanted
STALLED_S = 120.0  # for a piece of an answer to be taken off our hands; a phone in a tunnel falls silent
SHARE = 0.75  # of the files that the process may open
LARGE = 64 * 1024  # bytes of a piece of an answer, from which on it is not copied once more to stand in its frame
AT_HAND_MS = 2  # a thread waits so long for a reader that is quick, the event loop for all others
_lines = CapacityLimiter(8)  # a disk that hangs keeps nobody waiting who wants no file
_NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # a file system of which the system sends nothing by itself
_MORE = getattr(socket, "MSG_MORE", 0)  # the next piece comes at once: one packet, where the system knows of that


class Patient(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with an end to waiting."""

    _idle: ClassVar[dict["Patient", None]] = {}  # connections with no request in hand, the oldest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._in_body = False
        self._moved, self._idling_bytes = False, 0
        super().connection_made(transport)
        self._rest()
        self._wait(HEAD_S)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files != resource.RLIM_INFINITY and len(self.connections) > SHARE * files:
            next(iter(self._idle)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.pop(self, None)
        self._wait(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._moved = False
        super().data_received(data)
        if self.transport.is_closing():
            return self._wait(None)
        self._idling_bytes = 0 if self._moved else self._idling_bytes + len(data)
        if (
            self._idling_bytes > HEAD_BYTES
        ):  # a head without end, or trailers, or what chunks may say beside their length
            return self.send_400_response("Invalid HTTP request received.")
        over = self.cycle is None or self.cycle.response_complete
        if not over:
            self._idle.pop(self, None)
            return self._wait(None)
        if self._in_body:
            self._idle.pop(self, None)
        if self._timer is None:
            self._wait(AFTER_S if self._in_body else HEAD_S)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_with_large_pieces, cycle, app))

    # What the parser tells

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # else it is a trailer, which nobody here asks for
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._moved = self._in_body = True
        names = [name for name, _value in self.headers]
        if self.parser.get_http_version() == "1.1" and names.count(b"host") != 1:
            raise ValueError("A request names one host (RFC 9112 3.2).")
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers):
            raise ValueError("A body comes as it is or in chunks (RFC 9112 6.1).")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved, self._in_body = True, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._wait(None)
        super().on_response_complete()
        if self.cycle.response_complete:
            self._rest()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled:
            self._stalled.cancel()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:
        """To what is no HTTP: as uvicorn says it, with what every answer carries."""
        said = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(msg)), "Connection": "close",
                "Content-Security-Policy": CLOSED, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}  # fmt: skip
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in said.items()), "", msg]
        self.transport.write("\r\n".join(lines).encode())
        self.transport.close()
        self._wait(None)

    def _rest(self) -> None:
        """The newest of those that ask for nothing."""
        self._idle.pop(self, None)
        self._idle[self] = None

    def _wait(self, seconds: float | None) -> None:
        """No longer than that from now on; None: as long as it takes."""
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort) if seconds is not None else None

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Any) -> bool:
        return self is other


async def _with_large_pieces(cycle: RequestResponseCycle, app: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """A large piece of an answer of unknown length goes to the socket as it is; uvicorn would join it with its frame first, and
    that copy takes about as long as sending it. A file goes by the system itself."""
    line = Line(cycle)

    async def sent(message: Message) -> None:
        if message["type"] == STRAIGHT:
            return await line.send(message["pieces"])
        body = message.get("body", b"")
        if len(body) < LARGE or not cycle.chunked_encoding or not message.get("more_body"):
            return await send(message)
        if cycle.flow.write_paused:
            await cycle.flow.drain()
        if not cycle.disconnected:
            cycle.transport.writelines((b"%x\r\n" % len(body), body, b"\r\n"))

    if hasattr(os, "sendfile") and cycle.transport.get_extra_info("sslcontext") is None:
        scope.setdefault("extensions", {})[STRAIGHT] = {}
    try:
        await app(scope, receive, sent)
    finally:
        line.close()


class Line:
    """A connection's own socket, past the event loop's buffers: what goes there is never in our memory, and waits for a disk in a
    thread."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._socket: socket.socket | None = None

    async def send(self, pieces: list[Piece]) -> None:
        """One chunk of the answer (RFC 9112 7.1), its files closed then. Raises OSError where a file is shorter than it was."""
        left = deque(pieces)
        try:
            if not self._cycle.chunked_encoding:
                raise ValueError("Pieces are sent as a chunk, and this answer has none.")
            await self._all_before()
            if self._cycle.transport.is_closing():
                return
            if self._socket is None:  # a number of our own: it stays what it is where the connection ends meanwhile
                self._socket = socket.socket(fileno=os.dup(self._cycle.transport.get_extra_info("socket").fileno()))
            left.appendleft(b"%x\r\n" % sum(map(size_of, pieces)))
            left.append(b"\r\n")
            while left and not self._cycle.disconnected:
                await to_thread.run_sync(_pushed, self._socket, left, limiter=_lines)
                if left and not await self._taking():
                    self._cycle.transport.abort()
                    return
        except (ConnectionError, TimeoutError):  # the reader went away, which the event loop is about to hear
            return
        finally:
            let_go(left)

    def close(self) -> None:
        if self._socket:
            self._socket.close()

    async def _all_before(self) -> None:
        """What the transport holds has gone."""
        transport = self._cycle.transport
        if transport.is_closing():
            return
        transport.set_write_buffer_limits(0)
        try:
            while transport.get_write_buffer_size() and not transport.is_closing():
                await self._cycle.flow.drain()
                await asyncio.sleep(0)
        finally:
            if not transport.is_closing():
                transport.set_write_buffer_limits()

    async def _taking(self) -> bool:
        """Whether the reader takes more within STALLED_S."""
        assert self._socket is not None
        loop, room = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._socket.fileno(), room.set)
        try:
            async with asyncio.timeout(STALLED_S):
                await room.wait()
            return True
        except TimeoutError:
            return False
        finally:
            loop.remove_writer(self._socket.fileno())


def _pushed(line: socket.socket, left: deque[Piece]) -> None:
    """Sends what the socket takes, and waits for it no longer than AT_HAND_MS; what has gone is out of `left`. Raises OSError."""
    room = select.poll()
    room.register(line, select.POLLOUT)
    while left:
        piece, size = left[0], size_of(left[0])
        try:
            sent = _handed(line, piece, more=len(left) > 1) if size else 0
        except BlockingIOError:
            if not room.poll(AT_HAND_MS):
                return
            continue
        if sent == size:
            let_go([left.popleft()])
        else:
            left[0] = piece[sent:] if isinstance(piece, bytes) else Part(piece.file, size - sent)


def _handed(line: socket.socket, piece: Piece, *, more: bool) -> int:
    """How many of the next bytes the socket took. Raises OSError."""
    if isinstance(piece, bytes):
        return line.send(piece, _MORE if more else 0)
    try:
        sent = os.sendfile(line.fileno(), piece.file.fileno(), None, piece.size)
    except OSError as trouble:
        if trouble.errno not in _NOT_HERE:
            raise
        sent = line.send(os.pread(piece.file.fileno(), min(piece.size, LARGE), piece.file.tell()))
        piece.file.seek(sent, os.SEEK_CUR)
    if not sent:
        raise OSError(f"{piece.file.name} ends {piece.size} bytes before its time")
    return sent


def room() -> None:
    """As many open files as the system lets this process have, up to a number that it has use for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
