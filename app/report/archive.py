"""A ZIP whose photos are stored as they are, and go out as they are read, or as open files: their sum is known, and nothing is
reckoned on the way.

Hides what of zipstream-ng that takes, which reckons the CRC-32 of all that passes through it. Promises that a file which turns out
shorter or longer than was said ends the archive, rather than standing in it, where its sum is known.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from zipstream import ZIP_STORED, ZipStream
from zipstream.ng import ZipStreamInfo

from app.streaming import Piece, as_bytes, size_of


class Archive(ZipStream):  # type: ignore[misc]
    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._now = time.localtime()[:6]

    def stored(self, name: str, pieces: Iterable[Piece], size: int, crc32: int | None) -> Iterator[Piece]:
        """A file of `size` bytes, with what stands before it; `crc32`: its sum, None where nobody knows it. Raises OSError."""
        if crc32 is None:
            self.add(as_bytes(pieces), name, size=size, compress_type=ZIP_STORED)
            yield from self.all_files()
            return
        entry = ZipStreamInfo(name, self._now)
        entry.external_attr = 0o600 << 16
        entry.header_offset, entry.CRC = self._pos, crc32
        entry.compress_size = entry.file_size = size
        head, left = entry.FileHeader(zip64=False), size
        yield head
        for piece in pieces:
            left -= size_of(piece)
            yield piece
        if left:
            raise OSError(f"{name} is {size - left} bytes long, not {size}")
        self._pos += len(head) + size
        self._filelist.append(entry)
