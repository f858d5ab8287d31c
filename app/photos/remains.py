"""What stays of a photo that cannot be read: the bytes of the picture itself, for somebody who may yet save it.

Hides three file formats. Promises that nothing which tells of a person, a place or a phone is left: no Exif, XMP, IPTC, colour
profile, comment or thumbnail, nothing between the parts of the picture and nothing after it. A file in which the picture cannot
be told from the rest (HEIC, and what only begins as a picture) leaves nothing. Runs in the worker's process alone.
"""

import re
import struct
from collections.abc import Iterator
from itertools import pairwise

_TABLES = {0xC4, 0xDB, 0xDD}  # of a JPEG: how it is coded
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEGMENT = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_SCAN = 0xDA
_PARTS = 100_000  # more than any picture has
_PNG_PARTS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_WEBP_PARTS = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH"}


def of(received: bytes) -> bytes | None:
    """The picture's own bytes; None where there are none to be told from the rest."""
    if received.startswith(b"\xff\xd8\xff"):
        return _jpeg(received)
    if received.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(received)
    if received[:4] == b"RIFF" and received[8:12] == b"WEBP":
        return _webp(received)
    return None


def _jpeg(received: bytes) -> bytes | None:
    kept, at, seen = [b"\xff\xd8"], 2, set[int]()
    for _part in range(_PARTS):
        found = _SEGMENT.search(received, at)
        if found is None or (kind := found[1][0]) == 0xD9:
            break
        length = int.from_bytes(received[found.end() : found.end() + 2])
        end = found.end() + length
        if kind in {0x01, 0xD8} or length < 2:
            at = found.end()
            continue
        at = end
        if kind == _SCAN:
            following = _SEGMENT.search(received, end)
            at = following.start() if following else len(received)
        if end <= len(received) and (kind in _TABLES or kind in _FRAMES or kind == _SCAN):
            kept.append(b"\xff" + received[found.end() - 1 : at])
            seen.add(kind)
    whole = _SCAN in seen and seen & _FRAMES
    return b"".join([*kept, b"\xff\xd9"]) if whole else None


def _png(received: bytes) -> bytes | None:
    chunks, at = [received[:8]], 8
    for _part in range(_PARTS):
        if at + 8 > len(received):
            break
        length, kind = struct.unpack(">I4s", received[at : at + 8])
        if kind in _PNG_PARTS and (kind == b"IDAT" or at + 12 + length <= len(received)):
            chunks.append(received[at : at + 12 + length])
        at += 12 + length
        if kind == b"IEND":
            break
    return b"".join(chunks) if any(chunk[4:8] == b"IDAT" for chunk in chunks) else None


def _webp(received: bytes) -> bytes | None:
    chunks = [received[at:end] for at, end in pairwise(_webp_chunks(received)) if received[at : at + 4] in _WEBP_PARTS]
    body = b"WEBP" + b"".join(chunks)
    picture = any(chunk[:4] in {b"VP8 ", b"VP8L"} for chunk in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body if picture else None


def _webp_chunks(received: bytes) -> Iterator[int]:
    """Where each chunk begins, and where the last one ends."""
    at, most = 12, min(len(received), 8 + int.from_bytes(received[4:8], "little"))
    for _part in range(_PARTS):
        yield at
        if at + 8 > most:
            return
        length = int.from_bytes(received[at + 4 : at + 8], "little")
        at = min(at + 8 + length + (length & 1), most)
