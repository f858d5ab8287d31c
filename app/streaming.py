"""An answer that is made while it is sent.

Hides the threads. Promises that what comes next is in the making while one part is on its way, and no more than that, so that memory
stays flat however large the file and however slow the reader; and that where the reader goes away, what made the pieces is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse


class Made(StreamingResponse):
    """`pieces`: made in a thread, one after another, or as many at a time as are `at_once` bytes together: each time is a turn
    between threads, which costs more than sending them."""

    def __init__(self, pieces: Iterator[bytes], at_once: int = 0, **named: Any) -> None:
        super().__init__(ahead(pieces, at_once), **named)


async def ahead(pieces: Iterator[bytes], at_once: int = 0) -> AsyncIterator[bytes]:
    """The same pieces; raises what making them raises."""
    upcoming = _in_the_making(pieces, at_once)
    try:
        while made := await upcoming:
            upcoming = _in_the_making(pieces, at_once)
            for piece in made:
                yield piece
    finally:
        await asyncio.wait({upcoming})  # a thread cannot be broken off
        with suppress(Exception):
            upcoming.exception()
        if close := getattr(pieces, "close", None):
            await run_in_threadpool(close)


def _in_the_making(pieces: Iterator[bytes], at_once: int) -> "asyncio.Task[list[bytes]]":
    return asyncio.ensure_future(run_in_threadpool(_some, pieces, at_once))


def _some(pieces: Iterator[bytes], at_once: int) -> list[bytes]:
    made, size = list[bytes](), 0
    for piece in pieces:
        made.append(piece)
        size += len(piece)
        if size >= at_once:
            break
    return made
