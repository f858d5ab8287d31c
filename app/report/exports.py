"""A Report as files: GeoJSON, CSV, JSON and a ZIP with the photos. Each from a Report alone, piece by piece.

Hides the formats: RFC 7946, a CSV that Excel opens with æøå and without running anything a walker wrote, a ZIP whose
photos are stored as they are. Promises to begin at once and to hold no more than one piece in memory. The names of the
fields are a contract with scripts and QGIS projects: fields are added, never renamed. Never a participant's name.
"""

import csv
import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any
from zipfile import ZIP_DEFLATED

from pydantic_core import to_json

from app.photos.vault import Opened
from app.report.archive import Archive
from app.report.report import Observation, Report, facets
from app.streaming import Piece
from app.sync.protocol import utc

Told = Mapping[str, Any]  # what since_files.Beside tells of the walk before

log = logging.getLogger("tryg")

FIELDS = ("captured_at", "received_at", "valence", "feeling", "factors", "note", "suggestion", "place_source",
          "accuracy_m", "stop", "role", "team", "photos", "flags", "agreements", "review", "measures")  # fmt: skip
_OF_NOTE = attrgetter(*FIELDS)
VALENCES = ("safe", "mixed", "unsafe", "none")
SINCE_FIELDS = ("stop", "was", "name", *(f"{when}_{valence}" for when in ("then", "now") for valence in VALENCES), "measures",
                "statuses")  # fmt: skip
BEGINNING = 160  # letters of a note that the map shows; the list has all of it
LARGE = 1024 * 1024  # bytes of photos made at a time
_RUNS = frozenset("=+-@\t\r")  # how a cell begins that a spreadsheet runs
_MADE = (str, list, tuple)  # cells that need more than csv does by itself
PIECE = 64 * 1024  # bytes sent at a time: few enough to hold, many enough that sending is not mostly waiting


def geojson(report: Report) -> Iterator[bytes]:
    """A FeatureCollection (RFC 7946), one Feature for each note, in the order they were captured."""
    features = (to_json(_feature(seen)) for seen in report.observations)
    return _pieces(_listed(b'{"type":"FeatureCollection","features":[\n', features))


def places(report: Report) -> bytes:
    """The notes that have a place, for the map on the page: what they are filtered by, and how they begin."""
    features = [
        {"type": "Feature", "id": seen.id,
         "geometry": {"type": "Point", "coordinates": [seen.lon, seen.lat]},
         "properties": {name: values[0] if name != "category" else values for name, values in facets(seen).items()}
         | {"note": (seen.note or seen.suggestion)[:BEGINNING]}}
        for seen in report.observations if seen.lat is not None and seen.lon is not None
    ]  # fmt: skip
    return _json({"type": "FeatureCollection", "features": features}).encode()


def table(report: Report) -> Iterator[bytes]:
    """CSV (RFC 4180) in UTF-8 with BOM; one row for each note, lists joined with ";"."""
    return _csv(("id", "lat", "lon", *FIELDS), map(_row, report.observations))


def whole(report: Report, since: Told | None = None, **more: Any) -> Iterator[bytes]:
    """Everything as one JSON object: walk, numbers, stops, route, since, observations, and what `more` names. `since`: the walk
    before beside this one, None where there is none."""
    head = {"walk": {**report.walk, **more}, "numbers": report.numbers, "stops": _stops(report), "route": report.route,
            "since": since}  # fmt: skip
    begin = _json(head)[:-1].encode() + b',"observations":[\n'
    notes = (to_json({"id": seen.id, "lat": seen.lat, "lon": seen.lon, **_properties(seen), **_beside(seen)})
             for seen in report.observations)  # fmt: skip
    return _pieces(_listed(begin, notes))


def since_table(since: Told) -> Iterator[bytes]:
    """The walk before beside this one as CSV, as table() is one; a row for each place, no number where that walk had no such
    stop. `then_none`, `now_none`: notes that do not say how it feels; `measures`: those that the walk before promised there."""
    return _csv(SINCE_FIELDS, map(partial(_place_row, {one["number"]: one for one in since["plan"]}), since["rows"]))


def bundle(report: Report, opened: Callable[[str], Opened | None], since: Told | None = None) -> Iterator[Piece]:
    """A ZIP: observations.csv, observations.geojson, since.csv where there is a walk before, photos/<id>.jpg for each ready
    photo, and report.json, which names as `missing_photos` those that should have been there. `opened`: a photo, None where
    there is none; raises OSError. A photo that lies in a folder is an open file among the pieces."""
    archive, missing = (
        Archive(compress_type=ZIP_DEFLATED, compress_level=1),
        list[str](),
    )  # what takes room are the photos
    archive.add(table(report), "observations.csv")
    archive.add(geojson(report), "observations.geojson")
    if since:
        archive.add(since_table(since), "since.csv")
    yield from archive.all_files()
    for photo_id, photo, pieces in photos(report, opened, missing):
        yield from archive.stored(f"photos/{photo_id}.jpg", pieces, photo.size, photo.crc32)
    archive.add(whole(report, since, missing_photos=missing), "report.json")
    yield from archive.finalize()


def photos(
    report: Report, opened: Callable[[str], Opened | None], missing: list[str]
) -> Iterator[tuple[str, Opened, Iterator[Piece]]]:
    """The id, the file and the pieces of each photo that is ready; the id of one that cannot be read is put into `missing`."""
    for photo_id in (photo.id for seen in report.observations for photo in seen.photos if photo.state == "ready"):
        try:
            photo = opened(photo_id)
            if photo is None:
                raise FileNotFoundError(photo_id)
            pieces = photo.begun()
        except OSError as trouble:
            log.error("photo %s is ready but cannot be read: %s", photo_id, trouble)
            missing.append(photo_id)
            continue
        yield photo_id, photo, pieces


def file_name(report: Report, ending: str) -> str:
    """A name for the file that says which walk it is, in letters every system takes: "aalborg-oest-2026-11-26.csv"."""
    return f"{name_of(report.walk['title'], report.walk['starts_at'])}.{ending}"


def name_of(title: str, begun: datetime | None) -> str:
    """The same without what comes after the dot."""
    plain = title.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only)[:60].strip("-") or "tryghedsvandring"
    return f"{words}{begun:-%Y-%m-%d}" if begun else words


def _feature(seen: Observation) -> dict[str, Any]:
    placed = seen.lat is not None and seen.lon is not None
    point = {"type": "Point", "coordinates": [seen.lon, seen.lat]} if placed else None
    return {"type": "Feature", "id": seen.id, "geometry": point, "properties": _properties(seen)}


def _properties(seen: Observation) -> dict[str, Any]:
    photos = [{"id": photo.id, "url": photo.url, "state": photo.state} for photo in seen.photos]
    return dict(zip(FIELDS, _OF_NOTE(seen), strict=True), photos=photos)


def _beside(seen: Observation) -> dict[str, Any]:
    """What only the JSON tells: what was sent under a revision that was already held, and which note leads this one."""
    texts = [{"rev": other.rev, "valence": other.valence, "note": other.note, "suggestion": other.suggestion}
             for other in seen.other_texts]  # fmt: skip
    return {"other_texts": texts, "merged_into": seen.merged_into}


def _stops(report: Report) -> list[dict[str, Any]]:
    return [{"id": stop.id, "number": stop.number, "name": stop.name, "prompt": stop.prompt, "lat": stop.lat,
             "lon": stop.lon} for stop in report.stops]  # fmt: skip


def _row(seen: Observation) -> Iterable[Any]:
    values = dict(zip(FIELDS, _OF_NOTE(seen), strict=True), photos=[photo.url for photo in seen.photos])
    return (seen.id, seen.lat, seen.lon, *values.values())


def _place_row(plan: dict[int, dict[str, Any]], row: dict[str, Any]) -> Iterable[Any]:
    counted = [(row[when] or {}).get(valence) for when in ("then", "now") for valence in VALENCES]
    return (
        row["stop"],
        row["was"],
        row["name"],
        *counted,
        row["measures"],
        [plan[one]["status"] for one in row["measures"]],
    )


def _csv(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Pieces of about PIECE."""
    written = io.StringIO("\ufeff")
    written.seek(1)
    writer = csv.writer(written)
    writer.writerow(names)
    for row in rows:
        # What is neither text nor a list is written by csv as we would write it.
        writer.writerow([_cell(value) if isinstance(value, _MADE) else value for value in row])
        if written.tell() >= PIECE:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def _cell(value: str | list[Any] | tuple[Any, ...]) -> str:
    """One cell. A text that a spreadsheet would run as a formula gets ' before it; a number never does."""
    text = value if isinstance(value, str) else ";".join(map(str, value))
    return "'" + text if text[:1] in _RUNS else text


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return utc(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


# Moments as they are written elsewhere, too, which to_json() would write in another way. A note has none, and is there many times:
# to_json() takes a quarter of the time.
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def _listed(begin: bytes, items: Iterable[bytes]) -> Iterator[bytes]:
    yield begin
    for at, item in enumerate(items):
        yield b",\n" + item if at else item
    yield b"\n]}\n"


def _pieces(texts: Iterable[bytes]) -> Iterator[bytes]:
    """The same, gathered to pieces of about PIECE."""
    held, size = list[bytes](), 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
