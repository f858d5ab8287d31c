"""An answer that is made while it is sent.

Hides the threads. Promises that the next piece is in the making while one is on its way, and no more than that one, so that memory
stays flat however large the file and however slow the reader; and that where the reader goes away, what made the pieces is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse


class Made(StreamingResponse):
    """`pieces`: made in a thread, one after another."""

    def __init__(self, pieces: Iterator[bytes], **named: Any) -> None:
        super().__init__(ahead(pieces), **named)


async def ahead(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces; raises what making them raises."""
    upcoming = _in_the_making(pieces)
    try:
        while (piece := await upcoming) is not None:
            upcoming = _in_the_making(pieces)
            yield piece
    finally:
        await asyncio.wait({upcoming})  # a thread cannot be broken off
        with suppress(Exception):
            upcoming.exception()
        if close := getattr(pieces, "close", None):
            await run_in_threadpool(close)


def _in_the_making(pieces: Iterator[bytes]) -> "asyncio.Task[bytes | None]":
    return asyncio.ensure_future(run_in_threadpool(next, pieces, None))
