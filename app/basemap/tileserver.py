"""Somebody's vector tiles, asked for by us so that no phone and no page of ours has to.

Hides the address with its token, and how patient one can be. Promises that what is passed on are vector tiles and nothing
else, of a bounded size; that a server which is slow, down or refuses us is told in a sentence and left alone for a moment,
so that nobody waits for it again and again, while one tile that is wrong is left alone by itself; that a tile is asked for
once an hour at most; and that only so many wait for one. What it answers is kept in memory alone. Never says where the
reader is: the server learns that of us.
"""

import asyncio
import gzip
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from app.basemap.exchange import Exchange, NoAnswer, TooLong
from app.basemap.mvt import layers_of, unpacked

log = logging.getLogger("tryg")

PATIENCE_S = 5.0  # for each step: a connection, a piece of the answer
WHOLE_S = 10.0  # for one tile, from the server's name to the last byte
TILE_BYTES = 2 * 1024 * 1024  # unpacked; a dense city's has 500 KB
KEPT_S, KEPT_BYTES = 3600.0, 32 * 1024 * 1024
PAUSE_S = 10.0  # for all tiles, after a failure of the server
WRONG_S = 60.0  # for one tile that came out wrong
AT_ONCE = 6  # tiles that are being asked for
WAITING = 60  # that wait for their turn; a page on a large screen wants some thirty
DEEPEST = 16  # Skærmkort has 20, but ours are drawn from 16
_REFUSED = {401, 403, 429}  # says something of us, not of the tile

Where = tuple[int, int, int]  # zoom, column, row


class NotReached(Exception):
    """There is no tile to be had just now; the text is the sentence for the log."""


class _Down(NotReached):
    """Nor any other: the server does not answer, or not to us."""


class TileServer:
    """An https:// address of vector tiles with {z}, {x} and {y} in it."""

    zooms = (0, DEEPEST)

    def __init__(self, address: str) -> None:
        self._address = address
        self._host = urlsplit(address).hostname or ""
        self.mark = hashlib.sha256(address.partition("?")[0].encode()).hexdigest()[:32]  # a new token is no new map
        self._layers: dict[str, set[str]] = {}
        self._kept: OrderedDict[Where, tuple[float, bytes | None]] = OrderedDict()
        self._wrong: OrderedDict[Where, tuple[float, str]] = OrderedDict()
        self._size, self._lock, self._closed = 0, threading.Lock(), False
        self._exchange = Exchange(AT_ONCE + 1)
        self._said = (0.0, "")  # until when it will do that this was logged
        # Threads of its own: a server that is slow must not take those in which phones are answered.
        self._askers, self._waiting = ThreadPoolExecutor(AT_ONCE, "tiles"), 0
        self._paused_until, self._why = 0.0, ""

    @property
    def kind(self) -> Any:
        from pmtiles.tile import TileType

        return TileType.MVT

    @property
    def packed(self) -> Any:
        from pmtiles.tile import Compression

        return Compression.GZIP

    def close(self) -> None:
        with self._lock:
            self._closed, self._why = True, "The server is shutting down."
        self._exchange.close()
        self._askers.shutdown(wait=False)

    async def passed_on(self, z: int, x: int, y: int) -> bytes | None:
        """The tile, gzipped; None where the server has none. Raises NotReached, also where too many wait already."""
        known, content = self._known((z, x, y))
        if known:
            return content
        if self._waiting >= WAITING + AT_ONCE:
            raise NotReached("Too many tiles are waited for.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._askers, self.tile, z, x, y)
        finally:
            self._waiting -= 1

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The tile, gzipped; None where the server has none. Raises NotReached."""
        where = (z, x, y)
        known, content = self._known(where)
        if known:
            return content
        try:
            content = self._ask(z, x, y)
        except NotReached as failed:
            self._failed(where, failed)
            raise
        self._keep(where, content)
        return content

    def _known(self, where: Where) -> tuple[bool, bytes | None]:
        """Whether it is kept, and what is. Raises NotReached where it is not to be asked for just now."""
        now = time.monotonic()
        with self._lock:
            if where in self._kept and self._kept[where][0] > now:
                self._kept.move_to_end(where)
                return True, self._kept[where][1]
            if self._closed or now < self._paused_until:
                raise NotReached(self._why)
            until, why = self._wrong.get(where, (0.0, ""))
            if now < until:
                raise NotReached(why)
        return False, None

    def _failed(self, where: Where, failed: NotReached) -> None:
        now, why = time.monotonic(), str(failed)
        with self._lock:
            if self._closed:
                return
            if now > self._said[0] or why != self._said[1]:
                log.warning("%s", why)
                self._said = (now + WRONG_S, why)
            if isinstance(failed, _Down):
                self._paused_until, self._why = now + PAUSE_S, why
                return
            self._wrong[where] = (now + WRONG_S, why)
            self._wrong.move_to_end(where)
            if len(self._wrong) > 20_000:
                self._wrong.popitem(last=False)

    def _keep(self, where: Where, content: bytes | None) -> None:
        with self._lock:
            _until, old = self._kept.pop(where, (0.0, None))
            self._kept[where] = (time.monotonic() + KEPT_S, content)
            self._size += len(content or b"") - len(old or b"")
            while self._size > KEPT_BYTES or len(self._kept) > 20_000:
                _where, (_until, gone) = self._kept.popitem(last=False)
                self._size -= len(gone or b"")

    def _ask(self, z: int, x: int, y: int) -> bytes | None:
        address = self._address.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
        try:
            status, body = self._exchange.ask(address, TILE_BYTES, PATIENCE_S, WHOLE_S)
        except NoAnswer as trouble:
            raise _Down(f"The tile server {self._host} does not answer: {trouble}.") from None
        except TooLong:
            raise NotReached(f"The tile server {self._host} sends more than a tile is long.") from None
        if status in {204, 404}:
            return None
        if status != 200:
            about = _Down if status in _REFUSED or status >= 500 else NotReached
            raise about(f"The tile server {self._host} answers {status}.")
        return self._checked(body)

    def _checked(self, body: bytes) -> bytes | None:
        """The tile gzipped, or None where nothing is in it. Raises NotReached where it is no tile: a page, a picture."""
        try:
            body = unpacked(body, TILE_BYTES)
            there = layers_of(body)
        except ValueError:
            raise NotReached(f"The tile server {self._host} answers something else than a vector tile.") from None
        with self._lock:
            for name, keys in there.items():
                self._layers.setdefault(name, set()).update(keys)
        return gzip.compress(body, mtime=0) if there else None

    @property
    def layers(self) -> list[Any]:
        """`vector_layers` as an archive's metadata has them, of the tiles that were seen so far."""
        with self._lock:
            known = {name: sorted(keys) for name, keys in sorted(self._layers.items())}
        return [{"id": name, "fields": dict.fromkeys(keys, "String")} for name, keys in known.items()]
