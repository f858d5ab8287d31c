"""What a vector tile holds (Mapbox Vector Tile 2.1, a small part of Protocol Buffers), read without trusting it.

Hides the wire format. Promises that bytes which are no such tile are refused (ValueError), however they came to be, and that
nothing is made larger than it was.
"""

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

_LENGTHS = {1: 8, 5: 4}  # of the fixed wire types


def unpacked(tile: bytes, most: int) -> bytes:
    """The tile without its gzip, if it has one. Raises ValueError where it is broken, or larger than `most` bytes."""
    if tile[:2] != b"\x1f\x8b":
        return tile
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(tile, most)
    except zlib.error:
        content = b""
    if not unpacking.eof:
        raise ValueError("a tile that cannot be unpacked")
    return content


def layers_of(tile: bytes) -> dict[str, set[str]]:
    """The layers that have something in them, and the names of what is said there. Raises ValueError where this is no
    vector tile."""
    found: dict[str, set[str]] = {}
    for number, value in fields(tile):
        if number != 3 or not isinstance(value, bytes):
            raise ValueError("no vector tile")
        inside = list(fields(value))
        names = [text for at, text in inside if at == 1]
        if len(names) != 1 or not isinstance(names[0], bytes):
            raise ValueError("a layer without a name")
        if any(at == 2 for at, _value in inside):
            keys = {text.decode() for at, text in inside if at == 3 and isinstance(text, bytes)}
            found.setdefault(names[0].decode(), set()).update(keys)
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


class Thing(NamedTuple):
    """A feature: `kind` is 1 for points, 2 for lines, 3 for areas; `parts` in tile widths from the tile's corner."""

    kind: int
    about: dict[str, Any]
    parts: list[list[tuple[float, float]]]


def things(tile: bytes) -> dict[str, list[Thing]]:
    """What is in each layer. Raises ValueError where this is no vector tile."""
    try:
        return _things(tile)
    except (AttributeError, TypeError, LookupError, ArithmeticError) as broken:  # a number where words should be, say
        raise ValueError("no vector tile") from broken


def _things(tile: bytes) -> dict[str, list[Thing]]:
    found: dict[str, list[Thing]] = {}
    for number, layer in fields(tile):
        if number != 3 or not isinstance(layer, bytes):
            raise ValueError("no vector tile")
        inside: dict[int, list[Any]] = {}
        for at, value in fields(layer):
            inside.setdefault(at, []).append(value)
        keys, values = [key.decode() for key in inside.get(3, [])], [_value(value) for value in inside.get(4, [])]
        extent = inside.get(5, [4096])[0] or 4096
        name = inside[1][0].decode() if 1 in inside else ""
        found.setdefault(name, []).extend(_thing(feature, keys, values, extent) for feature in inside.get(2, []))
    return found


def _thing(feature: bytes, keys: list[str], values: list[Any], extent: int) -> Thing:
    told = dict(fields(feature))
    tags = _numbers(told.get(2, b""))
    about = {keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return Thing(int(told.get(3, 0)), about, _parts(_numbers(told.get(4, b"")), extent))


def _value(message: bytes) -> Any:
    number, value = next(fields(message), (0, 0))
    if number == 1 and isinstance(value, bytes):
        return value.decode()
    return bool(value) if number == 7 else value


def _numbers(packed: int | bytes) -> list[int]:
    found, at = [], 0
    if not isinstance(packed, bytes):
        raise ValueError("not packed")
    while at < len(packed):
        number, at = varint(packed, at)
        found.append(number)
    return found


def _parts(commands: list[int], extent: int) -> list[list[tuple[float, float]]]:
    """The drawing commands: 1 begins a part, 2 draws on, 7 closes it."""
    parts: list[list[tuple[float, float]]] = []
    x = y = at = 0
    while at < len(commands):
        what, times = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            if parts:
                parts[-1].append(parts[-1][0])
            continue
        steps = commands[at : at + 2 * times]
        if what not in (1, 2) or len(steps) < 2 * times or (what == 2 and not parts):
            raise ValueError("no drawing")
        at += 2 * times
        for across, down in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + ((across >> 1) ^ -(across & 1)), y + ((down >> 1) ^ -(down & 1))
            if what == 1:
                parts.append([])
            parts[-1].append((x / extent, y / extent))
    return parts
