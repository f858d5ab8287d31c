"""A real sound file as an iPhone's recorder makes it: AAC in MPEG-4, silent, built here box by box; no encoder is needed.

ISO 14496-12 (boxes), 14496-14 (esds), 14496-3 (AudioSpecificConfig and the frames).
"""

RATE = 44_100
FRAME = 1024  # samples of an AAC frame
SILENCE = bytes.fromhex("00000007")  # one channel without a single band, and the end: a whole frame of AAC-LC
CONFIG = bytes.fromhex("1208")  # AAC-LC, 44.1 kHz, one channel


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4) + kind + body


def full(kind: bytes, *parts: bytes) -> bytes:
    """A box with version and flags, both 0."""
    return box(kind, bytes(4), *parts)


def number(*values: int, size: int = 4) -> bytes:
    return b"".join(value.to_bytes(size) for value in values)


def descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes([tag, len(body)]) + body


def mp4(seconds: float = 3.0) -> bytes:
    """An .m4a that every browser with AAC plays, `seconds` long."""
    frames = round(seconds * RATE / FRAME)
    length = frames * FRAME
    brands = box(b"ftyp", b"mp42", number(1), b"isommp41mp42")
    matrix = number(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    decoder = descriptor(4, b"\x40\x15", bytes(3), number(0, 0), descriptor(5, CONFIG))
    esds = full(b"esds", descriptor(3, number(1, size=2), b"\0", decoder, descriptor(6, b"\x02")))
    sound = box(b"mp4a", bytes(6), number(1, size=2), bytes(8), number(1, 16, 0, 0, size=2), number(RATE << 16), esds)

    def moov(offset: int) -> bytes:
        table = box(b"stbl", full(b"stsd", number(1), sound), full(b"stts", number(1, frames, FRAME)),
                    full(b"stsc", number(1, 1, frames, 1)), full(b"stsz", number(len(SILENCE), frames)),
                    full(b"stco", number(1, offset)))  # fmt: skip
        where = box(b"dinf", full(b"dref", number(1), box(b"url ", number(1))))
        media = box(b"mdia", full(b"mdhd", number(0, 0, RATE, length), number(0x55C4, 0, size=2)),
                    full(b"hdlr", number(0), b"soun", bytes(12), b"\0"),
                    box(b"minf", full(b"smhd", bytes(4)), where, table))  # fmt: skip
        head = box(
            b"tkhd", number(7), number(0, 0, 1, 0, length), bytes(8), number(0, 0, 0x100, 0, size=2), matrix, bytes(8)
        )
        movie = full(
            b"mvhd", number(0, 0, RATE, length, 0x10000), number(0x100, size=2), bytes(10), matrix, bytes(24), number(2)
        )
        return box(b"moov", movie, box(b"trak", head, media))

    start = len(brands) + len(moov(0)) + 8
    return brands + moov(start) + box(b"mdat", SILENCE * frames)
