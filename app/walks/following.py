"""Those who follow a walk live, and the one look at the database that serves them all.

Hides server-sent events, and when the database is looked at: as soon as a change is heard of (app/hearing.py), whichever
process took it in, and by itself every few seconds for each walk that somebody follows in this process, more often while
nothing can be heard. Promises that each event is the whole state, that whoever may no longer see it stops getting it within a minute, that what is left or ended leaves nothing
behind, and that end() ends every stream at once, so that a server told to end does not wait for them. Knows nothing of
what is shown: `sign` and `draw` do.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.problems import Problem, TryAgain

log = logging.getLogger("tryg")

LOOK_S, SELDOM_S = 2.0, 5.0  # how often the database is looked at, and how often where changes are heard of
REST_S = 0.3  # between two looks, however much is heard
BEAT_S = 15.0  # without news, how often a line goes out, so that no proxy takes the stream for dead
CHECK_S = 20.0  # how often each follower's right to see it is looked at again
RETRY_MS = 3_000  # how long a browser waits before it comes back
OF_A_WALK, OF_ALL = 30, 200  # followers in one process; more are asked to poll
_threads = anyio.CapacityLimiter(4)

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """What differs between followers of one walk: their language, and whether the sensitive notes are for them too."""

    language: str
    sensitive: bool


@dataclass
class _Room:
    """A walk that is followed. `turn`: how many different states there were, 0 before the first look."""

    followers: int = 0
    turn: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    shown: dict[View, "asyncio.Task[str]"] = field(default_factory=dict)
    looking: "asyncio.Task[None] | None" = None


class Followers:
    """`sign(walk_id)` differs when a walk's state does; `draw(walk_id, view)` is that state, one line of JSON. Both are
    called in a thread, and may raise TryAgain. `hears()`: whether hear() is called whenever a walk changes."""

    def __init__(
        self, sign: Callable[[str], Any], draw: Callable[[str, View], str], hears: Callable[[], bool] = lambda: False
    ) -> None:
        self._sign, self._draw, self._hears = sign, draw, hears
        self._rooms: dict[str, _Room] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False

    def number(self, walk_id: str | None = None) -> int:
        """How many follow this walk, or any."""
        rooms = self._rooms.values() if walk_id is None else [self._rooms.get(walk_id, _Room())]
        return sum(room.followers for room in rooms)

    def stream(self, walk_id: str, view: View, allowed: Callable[[], bool]) -> StreamingResponse:
        """The answer that goes on. `allowed`: whether it still may, asked in a thread. Raises TryAgain when full."""
        if self._ended or self.number(walk_id) >= OF_A_WALK or self.number() >= OF_ALL:
            raise TryAgain()
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return _Stream(self._follow(walk_id, view, allowed), media_type="text/event-stream", headers=headers)

    def hear(self, walks: set[str] | None) -> None:
        """These walks have changed, or any (None). To be called in whatever thread."""
        if self._loop and self._rooms:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(self._wake, walks)

    def _wake(self, walks: set[str] | None) -> None:
        for walk_id, room in self._rooms.items():
            if walks is None or walk_id in walks:
                room.heard.set()

    def end(self) -> None:
        """End every stream, and take no more. To be called in the event loop."""
        self._ended = True
        for room in self._rooms.values():
            room.news.set()

    async def _follow(self, walk_id: str, view: View, allowed: Callable[[], bool]) -> AsyncIterator[str]:
        room = self._enter(walk_id)
        try:
            yield f"retry: {RETRY_MS}\n\n"
            turn, checked = 0, time.monotonic()
            while not self._ended:
                if turn != room.turn:
                    turn = room.turn
                    yield f"event: state\ndata: {await self._shown(walk_id, room, view)}\n\n"
                elif not await _within(BEAT_S, room.news):
                    yield ": still here\n\n"
                if time.monotonic() - checked > CHECK_S:
                    if not await _aside(allowed):
                        return
                    checked = time.monotonic()
        except Problem:  # the database is busy, or the walk has gone: the browser comes back, and is told
            return
        finally:
            self._leave(walk_id, room)

    def _enter(self, walk_id: str) -> _Room:
        room = self._rooms.setdefault(walk_id, _Room())
        room.followers += 1
        self._loop = asyncio.get_running_loop()
        if room.looking is None:
            room.looking = asyncio.create_task(self._look(walk_id, room))
        return room

    def _leave(self, walk_id: str, room: _Room) -> None:
        room.followers -= 1
        if not room.followers:
            if room.looking:
                room.looking.cancel()
            if self._rooms.get(walk_id) is room:
                del self._rooms[walk_id]

    async def _look(self, walk_id: str, room: _Room) -> None:
        last: Any = None
        while not self._ended:
            room.heard.clear()
            try:
                signed = await _aside(partial(self._sign, walk_id))
                if signed != last:
                    last = signed
                    room.turn += 1
                    room.shown = {}
                    room.news.set()
                    room.news = asyncio.Event()
            except TryAgain:
                pass  # the next look
            except Exception:
                log.exception("a look at a walk that is followed was interrupted")
            await asyncio.sleep(min(REST_S, LOOK_S))
            await _within(SELDOM_S if self._hears() else LOOK_S, room.heard)

    async def _shown(self, walk_id: str, room: _Room, view: View) -> str:
        """Drawn once for all who see the same."""
        if view not in room.shown:
            room.shown[view] = asyncio.create_task(_aside(partial(self._draw, walk_id, view)))
        try:
            return await asyncio.shield(room.shown[view])
        except Exception:
            room.shown.pop(view, None)
            raise


async def _aside(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work, limiter=_threads)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


class _Stream(StreamingResponse):
    """Lets go of everything when it ends, also where the browser has gone in the middle of a line."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.body_iterator.aclose()  # type: ignore[attr-defined]  # it is the generator above
