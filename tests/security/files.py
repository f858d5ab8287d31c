"""Routes, lists of places, phones' copies and maps that are broken, odd or made to harm: made here, by code.

Each function gives files by name; `good …` must be taken in. MARK stands where a program might repeat what it was given.
"""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.security.corpus import MARK

LINE = {"type": "LineString", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}
GPX = b'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>%s</trkseg></trk></gpx>'
POINT = b'<trkpt lat="57.04" lon="9.98"/>'
MEGABYTE = 1024 * 1024


def routes() -> dict[str, bytes]:
    """For a plan's route: GeoJSON, GPX and neither."""
    return {name: content for part in (_geojson(), _geojson_wrong(), _gpx(), _neither()) for name, content in part}


def line(*points: Any) -> bytes:
    return json.dumps({"type": "LineString", "coordinates": list(points)}).encode()


def _stop(name: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": {"type": "Point", "coordinates": [9.98, 57.04]},
    }


def _geojson() -> Iterator[tuple[str, bytes]]:
    whole = json.dumps(LINE)
    yield "good geojson", whole.encode()
    yield "good geojson with a BOM", b"\xef\xbb\xbf" + whole.encode()
    yield "good geojson with heights", line([9.98, 57.04, 12.5], [9.99, 57.05, 1e308])
    named = _stop("\u202eexe.pilot\u202c")
    yield (
        "good geojson with names from right to left",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": None, "geometry": LINE}, named],
            }
        ).encode(),
    )
    controls = named | {"properties": {"name": "a\0b\x1b[31m" + "x" * 5000, "prompt": ["<script>"], "number": 1e308}}
    yield (
        "good geojson with names of controls",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {}, "geometry": LINE}, controls],
            }
        ).encode(),
    )


def _geojson_wrong() -> Iterator[tuple[str, bytes]]:
    whole = json.dumps(LINE)
    named = _stop("Kilden")
    yield "geojson in UTF-16", whole.encode("utf-16")
    yield (
        "geojson in Latin-1",
        b'{"type": "LineString", "name": "\xe6\xf8\xe5", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}',
    )
    for name, number in {"NaN": "NaN", "Infinity": "Infinity", "1e400": "1e400", "text": '"9.98"', "null": "null",
                         "true": "true", "a number of 5000 digits": "9" * 5000, "an object": "{}"}.items():  # fmt: skip
        yield (
            f"geojson with {name}",
            f'{{"type": "LineString", "coordinates": [[{number}, 57.04], [9.99, 57.05]]}}'.encode(),
        )
    yield "geojson off the Earth", line([181, 57], [9, 91])
    yield "geojson of one point", line([9.98, 57.04])
    yield "geojson of 5001 points", line(*([9.98, 57.04] for _n in range(5001)))
    yield "geojson of 250000 points", line(*([9.98, 57.04] for _n in range(250_000)))
    yield "geojson of empty points", line([], [])
    yield "geojson nested 100000 deep", b"[" * 100_000 + b"]" * 100_000
    yield (
        "geojson nested in its coordinates",
        b'{"type": "LineString", "coordinates": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    )
    deep = '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": ' * 2000
    yield "geojson of collections in collections", deep.encode()
    yield (
        "geojson of features in features",
        (b'{"type":"Feature","geometry":' * 900 + whole.encode() + b',"properties":{}}' * 900),
    )
    yield (
        "geojson of 201 stops",
        json.dumps(
            {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": LINE}] + [named] * 201}
        ).encode(),
    )
    for kind in ("null", "[]", "3", '"LineString"', '{"type": []}', '{"type": "Feature"}', '{"type": {"a": 1}}',
                 '{"type": "FeatureCollection", "features": {"a": 1}}', '{"type": "Feature", "geometry": {"type": ["Point"]}}',
                 '{"type": "LineString", "coordinates": {"0": 1}}', '{"type": "GeometryCollection", "geometries": []}',
                 '{"type": "LineString", "type": "Point", "coordinates": []}'):  # fmt: skip
        yield f"json {kind}", kind.encode()
    yield "geojson twice", whole.encode() * 2
    yield "geojson cut", whole.encode()[:-9]
    yield "geojson with null bytes", whole.encode().replace(b" ", b"\0")
    yield "geojson with a million keys", b"{" + b",".join(b'"%d":1' % number for number in range(300_000)) + b"}"
    yield (
        "geojson with lone surrogates",
        b'{"type": "LineString", "x": "\\ud800", "coordinates": [["\\udfff", 57], [9, 57]]}',
    )


def _gpx() -> Iterator[tuple[str, bytes]]:
    plain = GPX % (POINT * 2)
    yield "good gpx", plain
    yield "good gpx with a head", b'<?xml version="1.0" encoding="UTF-8"?>' + plain
    yield "good gpx in UTF-8 with a BOM", b"\xef\xbb\xbf" + plain
    yield (
        "good gpx in Latin-1",
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + plain.replace(b"<trk>", b"<trk><name>\xe6</name>"),
    )
    yield "good gpx of 60000 points", GPX % (POINT * 60_000)
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    yield "gpx of a billion laughs", b'<!DOCTYPE x [<!ENTITY l0 "lol">' + laughs + b"]><gpx>&l9;</gpx>"
    yield (
        "gpx of a quadratic bomb",
        b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><gpx>' + b"&a;" * 50_000 + b"</gpx>",
    )
    for name, address in {"a file": "file:///etc/passwd", "an address": "http://127.0.0.1:1/x"}.items():
        yield f"gpx that names {name}", f'<!DOCTYPE x [<!ENTITY e SYSTEM "{address}">]><gpx>&e;</gpx>'.encode()
        yield f"gpx with a DTD of {name}", f'<!DOCTYPE gpx SYSTEM "{address}">'.encode() + plain
        yield f"gpx with a parameter of {name}", f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{address}"> %e;]>'.encode() + plain
    yield (
        "gpx that includes",
        b'<gpx xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></gpx>',
    )
    yield "gpx nested 400000 deep", b"<a>" * 400_000 + b"</a>" * 400_000
    yield "gpx nested 400000 deep and cut", b"<a>" * 400_000
    yield "gpx with 100000 attributes", b"<gpx " + b" ".join(b'a%d="x"' % number for number in range(100_000)) + b"/>"
    yield "gpx with a name of a megabyte", b"<" + b"a" * MEGABYTE + b"/>"
    for name, value in {
        "NaN": b"nan",
        "inf": b"inf",
        "nothing": b"",
        "text": b"north",
        "1e400": b"1e400",
        "null": b"\0",
    }.items():
        yield f"gpx with {name}", GPX % (b'<trkpt lat="%s" lon="9.98"/>' % value * 2)
    yield "gpx of 201 stops", b"<gpx>" + b'<wpt lat="57" lon="9"/>' * 201 + POINT * 2 + b"</gpx>"
    yield "gpx in UTF-16", plain.decode().encode("utf-16")
    yield "gpx in an unknown alphabet", b'<?xml version="1.0" encoding="EBCDIC-XYZ"?>' + plain
    yield "gpx in UTF-7", b'<?xml version="1.0" encoding="UTF-7"?>+ADw-gpx+AD4-'
    yield "gpx cut", plain[:-9]
    yield "gpx of comments", b"<!--" + b"x" * MEGABYTE + b"-->"
    yield "gpx of instructions", b"<?a b?>" * 100_000 + b"<gpx/>"
    yield "html", b"<!doctype html><script>alert(1)</script>"
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def _neither() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b" "
    yield "null bytes", bytes(100_000)
    yield "a picture", b"\x89PNG\r\n\x1a\n" + MARK
    yield "a zip", b"PK\x03\x04" + MARK
    yield "blanks", b" " * (5 * MEGABYTE)
    yield "noise", bytes((number * 7919) & 255 for number in range(100_000))


def places() -> dict[str, str]:
    """For a plan's list of places, one in each line."""
    return {
        "good ordinary": "Kilden; 57.04, 9.98\nTunnelen",
        "good from right to left": "\u202eKilden; 57.04, 9.98",
        "good a name of markup": "<script>alert(1)</script>; 57.04, 9.98",
        "good a formula": '=HYPERLINK("http://x.example"); 57.04, 9.98',
        "null bytes": "Kil\0den; 57.04\0, 9.98",
        "separators of lines": "a\u2028b\u2029c\x85d\x0be\x0cf",
        "5000 lines": "Kilden; 57.04, 9.98\n" * 5000,
        "a line of a megabyte": "x" * MEGABYTE,
        "digits": "Kilden; " + "9" * 100_000 + ", 9.98",
        "other digits": "Kilden; ٥٧.٠٤, ٩.٩٨",
        "not a number": "Kilden; nan, inf",
        "off the Earth": "Kilden; 91, 181",
        "many separators": "Kilden" + ";" * 50_000,
        "many blanks": "Kilden; 57.04" + " " * 50_000 + ", 9.98" + " " * 50_000 + "x",
        "emoji and marks": "👩‍👩‍👧‍👦" * 5000 + "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞" * 2000,
    }


def copies(head: Callable[..., dict[str, Any]], photo: bytes) -> Iterator[tuple[str, bytes]]:
    """For `tryg import`; `head()`: a copy.json as a phone writes it, `photo`: bytes for a picture that it names."""

    def packed(names: dict[str, bytes], *, how: int = zipfile.ZIP_STORED) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", how) as archive:
            for name, content in names.items():
                archive.writestr(name, content)
        return file.getvalue()

    told = json.dumps(head()).encode()
    name = f"photos/{head()['observations'][0]['photos'][0]['id']}"
    whole = packed({"copy.json": told, name: photo})
    for out in ("../evil", "/etc/cron.d/evil", "..\\evil", "C:evil", "photos/../../evil", "photos/..\\..\\evil"):
        yield f"names {out}", packed({"copy.json": told, out: MARK})
    yield (
        "good odd names beside",
        packed({"copy.json": told, name: photo, "\u202egpj.exe": MARK, "æ" * 3000: MARK, "a//b": MARK}),
    )
    yield "good photo that is a bomb", packed({"copy.json": told, name: photo})
    yield "swelling words", packed({"copy.json": b" " * (80 * MEGABYTE) + told}, how=zipfile.ZIP_DEFLATED)
    yield "swelling photos", packed({"copy.json": told, name: bytes(60 * MEGABYTE)}, how=zipfile.ZIP_DEFLATED)
    yield "zip in a zip", packed({"copy.zip": whole})
    yield "20000 entries", packed({f"{number}": b"" for number in range(20_000)})
    yield "no words", packed({name: photo})
    yield "words twice", packed({"copy.json": told, "a/copy.json": told})
    yield "words nested 100000 deep", packed({"copy.json": b"[" * 100_000 + b"]" * 100_000})
    yield "words of NaN", packed({"copy.json": told.replace(b"57.0488", b"NaN")})
    yield "words in UTF-16", packed({"copy.json": told.decode().encode("utf-16")})
    yield "another format", packed({"copy.json": json.dumps(head(format="other")).encode()})
    yield "a later version", packed({"copy.json": json.dumps(head(version=10**30)).encode()})
    yield (
        "notes that are no notes",
        packed({"copy.json": json.dumps(head(observations=[1, None, [], {"id": 3}])).encode()}),
    )
    yield "25000 notes", packed({"copy.json": json.dumps(head(observations=[{}] * 25_000)).encode()})
    for cut in (3, 30, len(whole) // 2, len(whole) - 10, len(whole) - 1):
        yield f"cut at {cut}", whole[:cut]
    for at in (14, 18, 26, len(whole) - 20, len(whole) - 6, len(whole) - 2):
        yield f"wrong at {at}", whole[:at] + b"\xff\xff" + whole[at + 2 :]
    yield "a wrong sum", whole.replace(photo, photo[:-1] + bytes([photo[-1] ^ 1]), 1)
    encrypted = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[whole.index(mark) + offset] |= 1
    yield "encrypted", bytes(encrypted)
    other_packing = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        other_packing[whole.index(mark) + offset] = 99
    yield "packed in an unknown way", bytes(other_packing)
    yield "no zip", b"x" * 1000
    yield "nothing", b""
    yield "an end alone", b"PK\x05\x06" + bytes(18)
    yield "an end that lies", b"PK\x05\x06" + b"\xff" * 18
    yield "good something before it", b"#!/bin/sh\n" + whole


def maps(good: bytes) -> Iterator[tuple[str, bytes]]:
    """For TRYG_BASEMAP: a PMTiles file, and what only says it is one."""
    yield "nothing", b""
    yield "name alone", b"PMTiles\x03"
    yield "another version", b"PMTiles\x09" + good[8:]
    for tenth in (1, 50, 100, 126, 127, 200):
        yield f"cut at {tenth}", good[:tenth]
    for at in range(8, 100, 8):
        yield f"turned round at {at}", good[:at] + bytes(255 - byte for byte in good[at : at + 8]) + good[at + 8 :]
    root, length = struct.unpack("<QQ", good[8:24])
    swollen = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(swollen.compress(bytes(MEGABYTE)) for _n in range(600)) + swollen.flush()
    at = len(good)
    yield "a directory that swells to 600 MB", good[:8] + struct.pack("<QQ", at, len(bomb)) + good[24:] + bomb
    yield "metadata that swell to 600 MB", good[:24] + struct.pack("<QQ", at, len(bomb)) + good[40:] + bomb
    many = zlib.compressobj(9, zlib.DEFLATED, 31)
    varints = many.compress(b"\xff\xff\xff\xff\x7f") + many.flush()
    yield "a directory of 34 billion", good[:8] + struct.pack("<QQ", at, len(varints)) + good[24:] + varints
    assert root + length <= at
    yield "a database", b"SQLite format 3\0" + bytes(200)
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(200)
