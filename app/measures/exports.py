"""Measures as files: a CSV that spreadsheets open, GeoJSON for maps in degrees or on EPSG:25832; and what a partner's hold.

Hides the formats. Promises the same fields in both, of a partner's nothing but what their page shows, no formula that
somebody typed, and names of fields that are added to and never renamed.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.earth import grid
from app.measures.routing import Item
from app.sync.protocol import utc

FIELDS = ("number", "walk", "place", "stop", "lat", "lon", "easting", "northing", "problem", "measure", "kind", "unit",
          "deadline", "priority", "money", "status", "ticket", "answer", "reason", "answered_at", "done_at", "voices", "words",
          "photos", "url")  # fmt: skip


def table(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """CSV (RFC 4180) in UTF-8 with BOM, under these names; lists joined with ";"."""
    written = io.StringIO()
    writer = csv.writer(written)
    written.write("\ufeff")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
        yield written.getvalue().encode()
        written.seek(0)
        written.truncate()
    yield written.getvalue().encode()


def geojson(rows: Iterable[tuple[str, dict[str, Any]]], *, on_grid: bool) -> bytes:
    """A FeatureCollection, one Feature for each (id, fields), placed by its lat and lon or easting and northing: RFC 7946, in
    degrees; `on_grid`: in metres of EPSG:25832, named in the "crs" member of GeoJSON 2008, which GDAL and QGIS read."""
    features = []
    for row_id, properties in rows:
        x, y = ("easting", "northing") if on_grid else ("lon", "lat")
        placed = properties[x] is not None
        point = {"type": "Point", "coordinates": [properties[x], properties[y]]} if placed else None
        features.append({"type": "Feature", "id": row_id, "geometry": point, "properties": properties})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    whole = {"type": "FeatureCollection"} | ({"crs": crs} if on_grid else {}) | {"features": features}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def fields(item: Item, base_url: str) -> dict[str, Any]:
    """Everything there is about a measure, by FIELDS."""
    told = item.told
    made = {
        "walk": item.walk.title,
        **on_the_grid(told.lat, told.lon),
        "deadline": told.deadline.isoformat() if told.deadline else None,
        "answered_at": utc(told.answered_at) if told.answered_at else None,
        "done_at": utc(told.done_at) if told.done_at else None,
        "voices": item.voices,
        "words": [one.text for one in item.heard if one.text],
        "photos": [f"{base_url}/partner/photos/{photo}" for photo in item.photos],
        "url": f"{base_url}/partner/measures/{told.id}",
    }
    return {name: made[name] if name in made else getattr(told, name) for name in FIELDS}


def on_the_grid(lat: float | None, lon: float | None) -> dict[str, float | None]:
    """`easting` and `northing` in metres of EPSG:25832."""
    if lat is None or lon is None:
        return {"easting": None, "northing": None}
    east, north = grid(lat, lon)
    return {"easting": round(east, 2), "northing": round(north, 2)}


def _cell(value: Any) -> Any:
    """One cell. A text that a spreadsheet would run as a formula gets ' before it; a number never does."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
