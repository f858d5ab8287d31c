"""A line to PostgreSQL that can fall silent: nothing passes any more, and nothing is closed.

Hides sockets and an event loop in a thread. It still takes what is sent, as a firewall in between or a database that is frozen
does, so that no system's own timers help: the hardest kind of silence. It is never silent of its own accord.
"""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path


class Relay:
    """`port`, on loopback, leads to the Unix socket `to`. `stuck`: so many lines wait for it to speak."""

    def __init__(self, to: Path) -> None:
        self._to, self.port, self.stuck = to, 0, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._lines: set[asyncio.Task[None]] = set()

    def start(self) -> "Relay":
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        return self

    async def _listen(self) -> int:
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._listening = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        return int(self._listening.sockets[0].getsockname()[1])

    def hush(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.clear)

    @property
    def hushed(self) -> bool:
        return not self._speaks.is_set()

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.set)

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
        with suppress(OSError, asyncio.CancelledError):
            await self._passes()
            there, to = await asyncio.open_unix_connection(str(self._to))
            both = [asyncio.create_task(self._copy(reader, to)), asyncio.create_task(self._copy(there, writer))]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in both:
                    one.cancel()
                await asyncio.gather(*both, return_exceptions=True)
                to.transport.abort()
        writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(64 * 1024):
            await self._passes()
            writer.write(piece)
            await writer.drain()

    async def _passes(self) -> None:
        self.stuck += 1
        try:
            await self._speaks.wait()
        finally:
            self.stuck -= 1
