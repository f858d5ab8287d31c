"""The door before several servers: a small proxy on loopback that gives each request to the next server in turn.

Hides which server answers. Promises that a server which does not take the line is passed over, as Caddy does it; that a
request whose server dies under it is never given to another one (its sender cannot tell either what became of it); and that
every status a server answered is counted, also of answers that nobody waited for. It never answers by itself: where no
server is, the line is dead.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

from tests.reliability.listening import Listening

PIECE = 64 * 1024


class Door(Listening):
    """`port`: where people and phones come in. `servers`: the ports behind it, which may change at any time. `statuses`:
    what they answered; `failures`: the request lines of those that were 500 or more, 503 aside; `broken`: answers that did not come."""

    def __init__(self, port: int = 0) -> None:
        super().__init__("door", port)
        self.servers = list[int]()
        self.statuses: Counter[int] = Counter()
        self.by_server: Counter[int] = Counter()
        self.failures: list[str] = []
        self.broken = 0
        self._turn = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Door":
        self._listen()
        return self

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer: each has a line of its own, so that each may meet another server."""
        head = await reader.readuntil(b"\r\n\r\n")
        found = await self._next()
        if found is None:
            return
        port, from_server, to_server = found
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
        to_server.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n")
        sending = asyncio.create_task(self._copy(reader, to_server))
        try:
            answer = await from_server.readuntil(b"\r\n\r\n")
            self._count(port, int(answer[9:12]), lines[0])
            writer.write(answer)
            await self._copy(from_server, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.broken += 1
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            to_server.transport.abort()

    async def _next(self) -> tuple[int, Any, Any] | None:
        self._turn += 1
        servers = list(self.servers)
        for number in range(len(servers)):
            port = servers[(self._turn + number) % len(servers)]
            with suppress(ConnectionError):
                return port, *(await asyncio.open_connection("127.0.0.1", port))
        return None

    def _count(self, port: int, status: int, line: bytes) -> None:
        self.statuses[status] += 1
        self.by_server[port] += 1
        if status >= 500 and status != 503:
            self.failures.append(f"{status} {line.decode(errors='replace')}")

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
