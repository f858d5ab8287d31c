"""What a vector tile holds (Mapbox Vector Tile 2.1, a small part of Protocol Buffers), read without trusting it.

Hides the wire format. Promises that bytes which are no such tile are refused (ValueError), however they came to be, and that
nothing is made larger than it was.
"""

from collections.abc import Iterator

_LENGTHS = {1: 8, 5: 4}  # of the fixed wire types


def layer_names(tile: bytes) -> list[str]:
    """The names of the layers that have something in them. Raises ValueError where this is no vector tile."""
    found = []
    for number, value in fields(tile):
        if number != 3 or not isinstance(value, bytes):
            raise ValueError("no vector tile")
        inside = list(fields(value))
        names = [text for at, text in inside if at == 1]
        if len(names) != 1 or not isinstance(names[0], bytes):
            raise ValueError("a layer without a name")
        if any(at == 2 for at, _value in inside):
            found.append(names[0].decode())
    return found


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field: an int, or bytes where it has a length. Raises ValueError."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(message, at)
            yield number, value
            continue
        length, at = varint(message, at) if kind == 2 else (_LENGTHS.get(kind, -1), at)
        if number == 0 or length < 0 or at + length > len(message):
            raise ValueError("no such field")
        yield number, message[at : at + length]
        at += length


def varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where the next thing begins. Raises ValueError."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("no number")
