"""Somebody's vector tiles, asked for by us so that no phone and no page of ours has to.

Hides the address with its token, and how patient one can be. Promises that what is passed on are vector tiles and nothing
else, of a bounded size; that a server which is slow, down or answers a page is told in a sentence and left alone for a
moment, so that nobody waits for it again and again; and that a tile is asked for once an hour at most. What it answers is
kept in memory alone. Never says where the reader is: the server learns that of us.
"""

import asyncio
import gzip
import hashlib
import logging
import threading
import time
import zlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from app.basemap.mvt import layers_of

log = logging.getLogger("tryg")

PATIENCE_S = 5.0  # for each step: a connection, a piece of the answer
WHOLE_S = 10.0  # for one tile
TILE_BYTES = 2 * 1024 * 1024  # unpacked; a dense city's has 500 KB
KEPT_S, KEPT_BYTES = 3600.0, 32 * 1024 * 1024
PAUSE_S = 10.0  # after a failure
AT_ONCE = 6  # tiles that are being asked for
DEEPEST = 16  # Skærmkort has 20, but ours are drawn from 16


class NotReached(Exception):
    """The tile server does not answer, or not with a tile; the text is the sentence for the log."""


class TileServer:
    """An https:// address of vector tiles with {z}, {x} and {y} in it."""

    zooms = (0, DEEPEST)

    def __init__(self, address: str) -> None:
        self._address = address
        self._host = urlsplit(address).hostname or ""
        self.mark = hashlib.sha256(address.partition("?")[0].encode()).hexdigest()[:32]  # a new token is no new map
        self._layers: dict[str, set[str]] = {}
        self._kept: OrderedDict[tuple[int, int, int], tuple[float, bytes | None]] = OrderedDict()
        self._size, self._lock, self._closed = 0, threading.Lock(), False
        self._client: Any = None
        # Threads of its own: a server that is slow must not take those in which phones are answered.
        self._askers = ThreadPoolExecutor(AT_ONCE, "tiles")
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
            client, self._client, self._closed = self._client, None, True
        if client:
            client.close()
        self._askers.shutdown(wait=False, cancel_futures=True)

    async def passed_on(self, z: int, x: int, y: int) -> bytes | None:
        """The tile, gzipped; None where the server has none. Raises NotReached."""
        return await asyncio.get_running_loop().run_in_executor(self._askers, self.tile, z, x, y)

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The tile, gzipped; None where the server has none. Raises NotReached."""
        where, now = (z, x, y), time.monotonic()
        with self._lock:
            if where in self._kept and self._kept[where][0] > now:
                self._kept.move_to_end(where)
                return self._kept[where][1]
            if self._closed or now < self._paused_until:
                raise NotReached(self._why)
        try:
            content = self._ask(z, x, y)
        except NotReached as failed:
            with self._lock:
                if now >= self._paused_until and not self._closed:
                    log.warning("%s", failed)
                self._paused_until, self._why = time.monotonic() + PAUSE_S, str(failed)
            raise
        self._keep(where, content)
        return content

    def _keep(self, where: tuple[int, int, int], content: bytes | None) -> None:
        with self._lock:
            _until, old = self._kept.pop(where, (0.0, None))
            self._kept[where] = (time.monotonic() + KEPT_S, content)
            self._size += len(content or b"") - len(old or b"")
            while self._size > KEPT_BYTES or len(self._kept) > 20_000:
                _where, (_until, gone) = self._kept.popitem(last=False)
                self._size -= len(gone or b"")

    def _ask(self, z: int, x: int, y: int) -> bytes | None:
        import httpx

        address = self._address.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
        began, body = time.monotonic(), bytearray()
        try:
            with self._http().stream("GET", address, timeout=PATIENCE_S) as answer:
                if answer.status_code in {204, 404}:
                    return None
                if answer.status_code != 200:
                    raise NotReached(f"The tile server {self._host} answers {answer.status_code}.")
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > TILE_BYTES:
                        raise NotReached(f"The tile server {self._host} sends more than a tile is long.")
                    if time.monotonic() - began > WHOLE_S:
                        raise NotReached(f"The tile server {self._host} is too slow.")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as trouble:
            raise NotReached(f"The tile server {self._host} does not answer: {type(trouble).__name__}.") from None
        return self._checked(bytes(body))

    def _checked(self, body: bytes) -> bytes | None:
        """The tile gzipped, or None where nothing is in it. Raises NotReached where it is no tile: a page, a picture."""
        try:
            if body[:2] == b"\x1f\x8b":
                unpacking = zlib.decompressobj(wbits=31)
                body = unpacking.decompress(body, TILE_BYTES)
                if not unpacking.eof:
                    raise ValueError
            there = layers_of(body)
        except (ValueError, zlib.error):
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

    def _http(self) -> Any:
        import httpx

        with self._lock:
            if self._closed:
                raise NotReached("The server is shutting down.")
            if self._client is None:
                limits = httpx.Limits(max_connections=AT_ONCE + 1)
                self._client = httpx.Client(limits=limits, follow_redirects=False)
            return self._client
