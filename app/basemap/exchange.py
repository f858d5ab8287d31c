"""One question to somebody's server, and its answer or none, within a time that is known before.

Hides httpx, and the loop in a thread of its own that lets go of what takes too long, wherever it is: the name, the connection,
the head, the body. Promises that no question lasts longer than `whole` seconds, however slowly its answer drips, that no
answer is longer than was allowed, and that close() ends every question at once. Sends neither cookies nor where it came from,
and follows nobody elsewhere.
"""

import asyncio
import threading
from concurrent.futures import CancelledError
from typing import Any


class NoAnswer(Exception):
    """There is none, for the reason in the text: "ReadTimeout", "too slow"."""


class TooLong(Exception):
    """The answer is longer than was allowed."""


class Exchange:
    """Questions from many threads, over a few connections that stay open."""

    def __init__(self, connections: int) -> None:
        self._connections, self._lock = connections, threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Any = None
        self._under_way = set[asyncio.Task[Any]]()
        self._closed = False

    def ask(self, address: str, most: int, patience: float, whole: float) -> tuple[int, bytes]:
        """(status, body), the body only where the status is 200; at most `most` bytes of it, after at most `patience`
        seconds for each step. Raises NoAnswer, TooLong."""
        with self._lock:
            if self._closed:
                raise NoAnswer("shutting down")
            asked = asyncio.run_coroutine_threadsafe(self._asked(address, most, patience, whole), self._running())
        try:
            return asked.result()
        except CancelledError:
            raise NoAnswer("shutting down") from None

    def close(self) -> None:
        """Whoever still waits is told that there is no answer."""
        with self._lock:
            loop, thread, self._closed = self._loop, self._thread, True
            self._loop = self._thread = None
        if loop and thread:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    async def _asked(self, address: str, most: int, patience: float, whole: float) -> tuple[int, bytes]:
        import httpx

        if self._closed:
            raise NoAnswer("shutting down")
        if self._client is None:
            limits = httpx.Limits(max_connections=self._connections)
            self._client = httpx.AsyncClient(limits=limits, follow_redirects=False)
        body, task = bytearray(), asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            async with asyncio.timeout(whole), self._client.stream("GET", address, timeout=patience) as answer:
                if answer.status_code == 200:
                    async for piece in answer.aiter_bytes():
                        body += piece
                        if len(body) > most:
                            raise TooLong
                return answer.status_code, bytes(body)
        except TimeoutError:
            raise NoAnswer("too slow") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as trouble:
            raise NoAnswer(type(trouble).__name__) from None
        finally:
            self._under_way.discard(task)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            # A daemon: a server that is forced to end, without close(), ends.
            self._thread = threading.Thread(target=self._run, args=(self._loop,), name="tiles' loop", daemon=True)
            self._thread.start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            for asked in list(self._under_way):  # these alone: what they have begun they end themselves
                asked.cancel()
            while left := asyncio.all_tasks(loop):
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            if self._client is not None:
                loop.run_until_complete(self._client.aclose())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
