"""A listener of the tests' own on loopback: an event loop in a thread, and lines that end with it.

Hides the loop. Whoever derives from it says in `_pass_on` what becomes of a line, which is dropped when that ends.
"""

import asyncio
import threading
from contextlib import suppress


class Listening:
    """`port`: where it listens; 0 before start(): any that is free."""

    def __init__(self, name: str, port: int = 0) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._lines: set[asyncio.Task[None]] = set()

    def _listen(self) -> None:
        self._thread.start()
        opened = asyncio.start_server(self._meet, "127.0.0.1", self.port, backlog=512)
        self._listening = asyncio.run_coroutine_threadsafe(opened, self._loop).result(30)
        self.port = self._listening.sockets[0].getsockname()[1]

    def stop(self) -> None:
        async def end() -> None:
            self._listening.close()
            for line in list(self._lines):
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._pass_on(reader, writer)
        writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError
