"""What the first bytes of a file say: which kind of photo it is, and how many pixels it claims to have.

Hides four file formats. Promises to read little and to decode nothing, so that a file made to harm us is judged before
any decoder sees it, and that the web process needs no imaging library. Never trusts a name or a Content-Type.
Formats: ITU-T T.81 (JPEG), PNG 3rd edition 11.2.1, RFC 9649 (WebP), ISO/IEC 23008-12 (HEIF).
"""

import io
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_HEVC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_ANY_HEIF = {b"mif1", b"msf1", b"mif2"}  # says HEIF, not which codec
_AV1 = {b"avif", b"avis"}
_META_BYTES = 4 * 1024 * 1024  # a HEIF file's table of contents; real ones are some ten kilobytes
WEBP_PIXELS = 22_000_000  # its decoder holds the picture four times, 16 bytes for each pixel
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers of a JPEG that have no length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# In the coded bits 0xFF is followed by 0, or by a restart. Before a marker it may stand several times, and only the last is
# looked for: a pattern that begins with one fixed byte is searched 10 times as fast as one that begins with a repetition.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_SEGMENTS = 10_000  # of a JPEG before its frame header; real ones have tens, a large ICC profile has hundreds


def kind_of(file: BinaryIO) -> str | None:
    """image/jpeg, image/png, image/webp or image/heic; None where the bytes begin as none of these."""
    file.seek(0)
    start = file.read(512)
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp":
        brands = _brands(start)
        if brands & _HEVC or (brands & _ANY_HEIF and not brands & _AV1):
            return "image/heic"
    return None


def _brands(start: bytes) -> set[bytes]:
    """What a file of ISO/IEC 14496-12 says it is."""
    listed = start[8 : max(16, int.from_bytes(start[:4]))]
    return {listed[:4], *(listed[at : at + 4] for at in range(8, len(listed) - 3, 4))}


def sound_of(file: BinaryIO) -> str | None:
    """audio/webm, audio/ogg or audio/mp4; None where the bytes begin as none of these (RFC 8794 and the WebM container guidelines;
    RFC 7845 §3; ISO/IEC 14496-12 §4.3)."""
    file.seek(0)
    start = file.read(64)
    if start.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82" in start and b"webm" in start:
        return "audio/webm"
    if start.startswith(b"OggS") and b"OpusHead" in start:
        return "audio/ogg"
    if start[4:8] == b"ftyp" and not _brands(start) & (_HEVC | _ANY_HEIF | _AV1):
        return "audio/mp4"
    return None


def most_of(kind: str | None, most: int) -> int:
    """How many pixels of this kind can be decoded where `most` of another can, in the worker's memory: a WebP takes four
    times as much."""
    return min(most, WEBP_PIXELS) if kind == "image/webp" else most


class Scans(NamedTuple):
    """In how many parts a JPEG comes, one upon another, and how many samples it has in all its colours."""

    parts: int
    samples: int


def scans(file: BinaryIO) -> Scans:
    """Counted from the bytes, up to the end of the picture; what cannot be followed any more is left to the decoder."""
    file.seek(0)
    content, count, samples, at = file.read(), 0, 0, 2
    while (marker := _MARKER.search(content, at)) is not None and marker[0][-1] != 0xD9:
        kind, at = marker[0][-1], marker.end()
        if kind in _ALONE:
            continue
        if kind in _FRAMES and samples == 0 and len(content) >= at + 8:
            samples = _samples(content[at : at + 8 + 3 * content[at + 7]])
        count += kind == 0xDA
        at += int.from_bytes(content[at : at + 2])
    return Scans(count, samples)


def _samples(frame: bytes) -> int:
    """Of a frame header after its marker (ITU-T T.81, B.2.2): pixels, times the share of each colour."""
    height, width, colours = struct.unpack(">xxxHHB", frame[:8])
    shares = [(factor >> 4) * (factor & 15) for factor in frame[9 : 8 + 3 * colours : 3]]
    return int(height * width * sum(shares) / max([1, *shares]))


def pixels(file: BinaryIO, kind: str) -> int | None:
    """Width times height as the header claims; None where it cannot be read, which says nothing against the photo."""
    read = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/heic": _heif}[kind]
    file.seek(0)
    try:
        width, height = read(file)
    except (struct.error, EOFError, ValueError):
        return None
    return width * height


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    file.seek(2)
    for _segment in range(_SEGMENTS):
        while (marker := _one(file)) != 0xFF:
            pass  # bytes between segments are skipped, as decoders do
        while marker == 0xFF:
            marker = _one(file)
        if marker == 0 or marker in _ALONE:
            continue
        length = int.from_bytes(_exactly(file, 2))
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", _exactly(file, 5))
            return width, height
        if marker in (0xD9, 0xDA):  # the picture begins, or the file ends, without a frame header
            break
        file.seek(length - 2, io.SEEK_CUR)
    raise EOFError


def _png(file: BinaryIO) -> tuple[int, int]:
    width, height = struct.unpack(">16xII", _exactly(file, 24))
    return width, height


def _webp(file: BinaryIO) -> tuple[int, int]:
    start = _exactly(file, 30)
    chunk = start[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack("<26xHH", start)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError


def _heif(file: BinaryIO) -> tuple[int, int]:
    """The largest of the sizes listed: a photo of tiles lists its tiles' size and its own."""
    meta = _box(file, b"meta", 0, file.seek(0, io.SEEK_END))
    if meta[1] - meta[0] > _META_BYTES:
        raise ValueError
    properties = _box(file, b"ipco", *_box(file, b"iprp", meta[0] + 4, meta[1]))
    sizes = []
    for kind, at, _end in _boxes(file, *properties):
        if kind == b"ispe":
            file.seek(at)
            sizes.append(struct.unpack(">4xII", _exactly(file, 12)))
    return max(sizes, key=lambda size: size[0] * size[1])


def _box(file: BinaryIO, wanted: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the content of the first such box begins and ends. Raises ValueError where there is none."""
    for kind, inside, until in _boxes(file, at, end):
        if kind == wanted:
            return inside, until
    raise ValueError


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, where its content begins and ends) of each box from `at` to `end` (ISO/IEC 14496-12, 4.2)."""
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", _exactly(file, 8))
        head = 8
        if size == 1:
            size, head = int.from_bytes(_exactly(file, 8)), 16
        elif size == 0:
            size = end - at
        if size < head:
            raise ValueError
        yield kind, at + head, at + size
        at += size


def _one(file: BinaryIO) -> int:
    return _exactly(file, 1)[0]


def _exactly(file: BinaryIO, count: int) -> bytes:
    found = file.read(count)
    if len(found) < count:
        raise EOFError
    return found
