"""An answer that is made while it is sent.

Hides the threads. Promises that what comes next is in the making while one part is on its way, and no more than that, so that memory
stays flat however large the file and however slow the reader; and that where the reader goes away, what made the pieces is closed.
A piece is bytes, or a part of an open file, which is closed once that is sent: the system sends it by itself, where it can
(app/connections.py), without its bytes passing through here.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any, NamedTuple, TypeVar

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Part(NamedTuple):
    """The next `size` bytes of a file. One that ends before them ends the answer."""

    file: io.FileIO
    size: int


Piece = bytes | Part
P = TypeVar("P", bound=Piece)
# An extension of ASGI: a message of this kind has `pieces`, any of them, in the place of a body.
STRAIGHT = "tryg.pieces"
_READ = 256 * 1024  # bytes of a file at a time, where it is read here
_FILES = 32  # open at a time


class Made(StreamingResponse):
    """`pieces`: made in a thread, one after another, or as many at a time as are `at_once` bytes in memory together: each time is a turn
    between threads, which costs more than sending them."""

    def __init__(self, pieces: Iterator[Piece], at_once: int = 0, **named: Any) -> None:
        super().__init__(iter(()), **named)
        self._pieces, self._at_once, self._straight = pieces, at_once, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._straight = STRAIGHT in scope.get("extensions", {})
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pieces = self._pieces if self._straight else as_bytes(self._pieces)
        async with aclosing(ahead(pieces, self._at_once)) as coming:
            async for made in coming:
                if not all(isinstance(piece, bytes) for piece in made):
                    await send({"type": STRAIGHT, "pieces": made})
                    continue
                for piece in made:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def size_of(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.size


def as_bytes(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The same, with the files read. Raises OSError."""
    try:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            left = piece.size
            with piece.file as file:
                while left and (read := file.read(min(left, _READ))):
                    left -= len(read)
                    yield read
            if left:
                raise OSError(f"{file.name} ends {left} bytes before its time")
    finally:
        _close(pieces)


async def ahead(pieces: Iterator[P], at_once: int = 0) -> AsyncGenerator[list[P], None]:
    """The same pieces, as they were made at a time; raises what making them raises."""
    upcoming = _in_the_making(pieces, at_once)
    try:
        while made := await asyncio.shield(upcoming):
            upcoming = _in_the_making(pieces, at_once)
            yield made
    finally:
        with CancelScope(shield=True):
            await asyncio.wait({upcoming})  # a thread cannot be broken off
            with suppress(Exception):
                let_go(upcoming.result())
            await run_in_threadpool(_close, pieces)


def let_go(pieces: Iterable[Piece]) -> None:
    """Nobody wants these any more."""
    for piece in pieces:
        if not isinstance(piece, bytes):
            piece.file.close()


def _in_the_making(pieces: Iterator[P], at_once: int) -> "asyncio.Task[list[P]]":
    return asyncio.ensure_future(run_in_threadpool(_some, pieces, at_once))


def _some(pieces: Iterator[P], at_once: int) -> list[P]:
    made, size, files = list[P](), 0, 0
    try:
        for piece in pieces:
            made.append(piece)
            if isinstance(piece, bytes):
                size += len(piece)
            else:
                files += 1  # and no memory
            if size >= at_once or files >= _FILES:
                break
    except BaseException:
        let_go(made)
        raise
    return made


def _close(pieces: Iterable[Piece]) -> None:
    if close := getattr(pieces, "close", None):
        close()
