"""A partner's measures as files: a CSV that spreadsheets open, GeoJSON for maps in degrees or on EPSG:25832.

Hides the formats. Promises the same fields in both, nothing but what the partner's page shows, no formula that somebody
typed, and names of fields that are added to and never renamed.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from app.earth import grid
from app.measures.routing import Item
from app.sync.protocol import utc

FIELDS = ("number", "walk", "place", "stop", "lat", "lon", "easting", "northing", "problem", "measure", "kind", "unit",
          "deadline", "priority", "money", "status", "ticket", "answer", "reason", "answered_at", "done_at", "voices", "words",
          "photos", "url")  # fmt: skip


def table(items: Sequence[Item], base_url: str) -> Iterator[bytes]:
    """CSV (RFC 4180) in UTF-8 with BOM; one row for each measure, lists joined with ";"."""
    written = io.StringIO()
    writer = csv.writer(written)
    written.write("\ufeff")
    writer.writerow(FIELDS)
    for item in items:
        writer.writerow([_cell(value) for value in fields(item, base_url).values()])
        yield written.getvalue().encode()
        written.seek(0)
        written.truncate()
    yield written.getvalue().encode()


def geojson(items: Sequence[Item], base_url: str, *, on_grid: bool) -> bytes:
    """A FeatureCollection, one Feature for each measure: RFC 7946, in degrees; `on_grid`: in metres of EPSG:25832, named in
    the "crs" member of GeoJSON 2008, which GDAL and QGIS read."""
    features = []
    for item in items:
        properties = fields(item, base_url)
        x, y = ("easting", "northing") if on_grid else ("lon", "lat")
        placed = properties[x] is not None
        point = {"type": "Point", "coordinates": [properties[x], properties[y]]} if placed else None
        features.append({"type": "Feature", "id": item.told.id, "geometry": point, "properties": properties})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    whole = {"type": "FeatureCollection"} | ({"crs": crs} if on_grid else {}) | {"features": features}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def fields(item: Item, base_url: str) -> dict[str, Any]:
    """Everything there is about a measure, by FIELDS."""
    told = item.told
    east, north = grid(told.lat, told.lon) if told.lat is not None and told.lon is not None else (None, None)
    made = {
        "walk": item.walk.title,
        "easting": round(east, 2) if east is not None else None,
        "northing": round(north, 2) if north is not None else None,
        "deadline": told.deadline.isoformat() if told.deadline else None,
        "answered_at": utc(told.answered_at) if told.answered_at else None,
        "done_at": utc(told.done_at) if told.done_at else None,
        "voices": item.voices,
        "words": [one.text for one in item.heard if one.text],
        "photos": [f"{base_url}/partner/photos/{photo}" for photo in item.photos],
        "url": f"{base_url}/partner/measures/{told.id}",
    }
    return {name: made[name] if name in made else getattr(told, name) for name in FIELDS}


def _cell(value: Any) -> Any:
    """One cell. A text that a spreadsheet would run as a formula gets ' before it; a number never does."""
    if value is None:
        return ""
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
