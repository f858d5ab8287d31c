"""A PMTiles file being read, and a small one being put together (github.com/protomaps/PMTiles, version 3).

Hides the format: header, directories, and that tiles lie on a Hilbert curve. Promises that a file which is empty, broken or
something else is told in a sentence and does no harm, whatever stands in it, and that the same tiles always become the
same bytes. Never holds a whole archive in memory while it reads one.
"""

import gzip
import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import Any

from app.settings import Settings

HEAD_BYTES = 127
ROOT_BYTES = 16_384 - HEAD_BYTES  # header and root directory lie in a file's first 16 KiB
_DIRECTORIES = 64  # that many are remembered: a route lies in few
_DEEPEST = 24  # zooms of a map that means something
_UNPACKED = 4 * 1024 * 1024  # bytes of a directory or the metadata once unpacked; real ones have a tenth
_MOST = 64 * 1024 * 1024  # bytes of a directory, a tile or the metadata; more is a broken number


class Unreadable(Exception):
    """This is no map; the text is the sentence."""


class Archive:
    """A PMTiles file. `mark` changes with its content, and is the same for every copy of it; `zooms` are the first and the last; `layers` as its metadata says."""

    def __init__(self, path: Path) -> None:
        """Raises Unreadable."""
        from pmtiles.tile import Compression, deserialize_header

        self._path, self._known = path, dict[tuple[int, int], Any]()
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as trouble:
            raise Unreadable(f"The base map cannot be opened: {trouble.strerror}.") from None
        try:
            about = os.fstat(self._file)
            head = os.pread(self._file, HEAD_BYTES, 0)
            if len(head) < HEAD_BYTES:
                raise Unreadable("The base map is empty, or ends before it has begun.")
            self.header = deserialize_header(head)
            if self.header["internal_compression"] != Compression.GZIP:
                raise Unreadable("The base map's directories are packed in a way that this version cannot read.")
            self.zooms = (self.header["min_zoom"], self.header["max_zoom"])
            if not self.zooms[0] <= self.zooms[1] <= _DEEPEST:
                raise ValueError("zooms")
            self.metadata = self._metadata()
            root = self.header["root_offset"], self.header["root_length"]
            self._directory(*root)
            # Where each tile lies and how long it is: no map of other content has the same. Not when it was written, or two
            # servers with a copy each would cut each other's maps anew for ever.
            content = head + f" {about.st_size} ".encode() + self._piece(*root)
            self.mark = hashlib.sha256(content).hexdigest()[:32]
        except Unreadable:
            self.close()
            raise
        except Exception as broken:  # numbers that lead nowhere end in every kind of failure
            self.close()
            raise Unreadable(f"The base map is no PMTiles file of version 3, or is broken ({_kind(broken)}).") from None
        layers = self.metadata.get("vector_layers")
        self.layers: list[Any] = layers if isinstance(layers, list) else []

    def close(self) -> None:
        os.close(self._file)

    @property
    def packed(self) -> Any:
        """How each tile is compressed, pmtiles' Compression."""
        return self.header["tile_compression"]

    @property
    def kind(self) -> Any:
        """What the tiles are, pmtiles' TileType."""
        return self.header["tile_type"]

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The tile as it lies there, compressed; None where there is none. Raises Unreadable."""
        from pmtiles.tile import find_tile, zxy_to_tileid

        at, length = self.header["root_offset"], self.header["root_length"]
        try:
            wanted = zxy_to_tileid(z, x, y)
            for _depth in range(4):
                found = find_tile(self._directory(at, length), wanted)
                if found is None:
                    return None
                if found.run_length:
                    return self._piece(self.header["tile_data_offset"] + found.offset, found.length)
                at, length = self.header["leaf_directory_offset"] + found.offset, found.length
        except Exception as broken:
            raise Unreadable(f"The base map is broken ({_kind(broken)}).") from None
        return None

    def _metadata(self) -> dict[str, Any]:
        packed = self._piece(self.header["metadata_offset"], self.header["metadata_length"])
        told = json.loads(_unpacked(packed)) if packed else {}
        return told if isinstance(told, dict) else {}

    def _directory(self, at: int, length: int) -> Any:
        from pmtiles.tile import deserialize_directory

        if (at, length) not in self._known:
            while len(self._known) >= _DIRECTORIES:
                del self._known[next(iter(self._known))]
            piece = self._piece(at, length)
            _refuse_crowded(_unpacked(piece))
            self._known[at, length] = deserialize_directory(piece)
        return self._known[at, length]

    def _piece(self, at: int, length: int) -> bytes:
        if length > _MOST:
            raise ValueError("too long")
        piece = os.pread(self._file, length, at)
        if len(piece) < length:
            raise EOFError
        return piece


def _unpacked(packed: bytes) -> bytes:
    """Raises ValueError, zlib.error where that swells, or is not whole."""
    unpacking = zlib.decompressobj(wbits=31)
    found = unpacking.decompress(packed, _UNPACKED + 1)
    if len(found) > _UNPACKED or not unpacking.eof:
        raise ValueError("swells")
    return found


def _refuse_crowded(directory: bytes) -> None:
    """The number of entries stands first (a varint); each has at least four bytes. Raises ValueError."""
    count = 0
    for place, byte in enumerate(directory[:10]):
        count |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    if count > len(directory) // 4:
        raise ValueError("crowded")


def file_of(settings: Settings) -> Archive:
    """The operator's base map, opened. Raises Unreadable."""
    if settings.basemap_file is None:
        raise Unreadable("There is no base map.")
    return Archive(settings.basemap_file)


def put_together(
    tiles: dict[tuple[int, int, int], bytes],
    kind: Any,
    packed: Any,
    box: tuple[float, float, float, float],
    told: dict[str, Any],
) -> bytes:
    """An archive of these tiles (z, x, y) for `box` (west, south, east, north), with `told` as its metadata."""
    from pmtiles.tile import Compression, Entry, serialize_directory, serialize_header, zxy_to_tileid

    entries: list[Any] = []
    places: dict[bytes, int] = {}
    body = bytearray()
    for number, content in sorted((zxy_to_tileid(*where), content) for where, content in tiles.items()):
        if content not in places:
            places[content] = len(body)
            body += content
        last = entries[-1] if entries else None
        if last and last.offset == places[content] and last.tile_id + last.run_length == number:
            last.run_length += 1
        else:
            entries.append(Entry(number, places[content], len(content), 1))
    root = serialize_directory(entries)
    metadata = gzip.compress(json.dumps(told, ensure_ascii=False, sort_keys=True).encode(), mtime=0)
    west, south, east, north = (round(degrees * 1e7) for degrees in box)
    zooms = [z for z, _x, _y in tiles]
    head = serialize_header({
        "version": 3, "root_offset": HEAD_BYTES, "root_length": len(root),
        "metadata_offset": HEAD_BYTES + len(root), "metadata_length": len(metadata),
        "leaf_directory_offset": HEAD_BYTES + len(root) + len(metadata), "leaf_directory_length": 0,
        "tile_data_offset": HEAD_BYTES + len(root) + len(metadata), "tile_data_length": len(body),
        "addressed_tiles_count": len(tiles), "tile_entries_count": len(entries), "tile_contents_count": len(places),
        "clustered": True, "internal_compression": Compression.GZIP, "tile_compression": packed, "tile_type": kind,
        "min_zoom": min(zooms), "max_zoom": max(zooms), "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east,
        "max_lat_e7": north, "center_zoom": min(zooms), "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    })  # fmt: skip
    return bytes(head + root + metadata + body)


def _kind(broken: Exception) -> str:
    return type(broken).__name__
