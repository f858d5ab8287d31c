"""A line to PostgreSQL that can fall silent: nothing passes any more, and nothing is closed.

Hides sockets and an event loop in a thread. It still takes what is sent, as a firewall in between or a database that is frozen
does, so that no system's own timers help: the hardest kind of silence. It is never silent of its own accord.
"""

import asyncio
from pathlib import Path

from tests.reliability.listening import Listening


class Relay(Listening):
    """`port`, on loopback, leads to the Unix socket `to`. `stuck`: so many lines wait for it to speak."""

    def __init__(self, to: Path) -> None:
        super().__init__("relay")
        self._to, self.stuck = to, 0
        self._speaks = asyncio.Event()
        self._speaks.set()

    def start(self) -> "Relay":
        self._listen()
        return self

    def hush(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.clear)

    @property
    def hushed(self) -> bool:
        return not self._speaks.is_set()

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.set)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
