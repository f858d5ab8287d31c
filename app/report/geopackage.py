"""A Report as a GeoPackage (OGC 12-128r18, version 1.3): what QGIS opens by a double click, on the municipalities' grid.

Hides SQLite, the binary geometry and the projection. Promises the layers notes, stops, route and measures, each there even
where it is empty; the notes' columns under the names of the other files, lists joined with ";"; places on EPSG:25832, or in
degrees (EPSG:4326) where the walk is too far from that grid to be put on it. Made in memory, from a Report alone.
"""

import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from app.earth import grid, metres
from app.measures.measures import Told
from app.report.exports import FIELDS, PIECE
from app.report.report import Observation, Report
from app.sync.protocol import utc

# The same number and version stand in every such file's header (clause 1.1.1.1.1): "GPKG", 1.3.0.
APPLICATION, VERSION = 0x47504B47, 10300
GRID, DEGREES = 25832, 4326
REACH_LON, REACH_LAT = 40.0, 84.0  # degrees from 9° E, and from the equator: as far as a transverse Mercator is of use

_WGS84 = 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
_UTM32 = 'PROJCS["ETRS89 / UTM zone 32N",GEOGCS["ETRS89",DATUM["European_Terrestrial_Reference_System_1989",SPHEROID["GRS 1980",6378137,298.257222101,AUTHORITY["EPSG","7019"]],AUTHORITY["EPSG","6258"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4258"]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",9],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]],AXIS["Easting",EAST],AXIS["Northing",NORTH],AUTHORITY["EPSG","25832"]]'
_KNOWN = (("Undefined Cartesian", -1, "NONE", -1, "undefined"), ("Undefined geographic", 0, "NONE", 0, "undefined"),
          ("WGS 84", DEGREES, "EPSG", DEGREES, _WGS84), ("ETRS89 / UTM zone 32N", GRID, "EPSG", GRID, _UTM32))  # fmt: skip
_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name), CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
"""
_NUMBERS = {"lat": "DOUBLE", "lon": "DOUBLE", "accuracy_m": "DOUBLE", "length_m": "DOUBLE", "feeling": "MEDIUMINT",
            "stop": "MEDIUMINT", "agreements": "MEDIUMINT", "number": "MEDIUMINT", "priority": "MEDIUMINT",
            "captured_utc": "DATETIME", "answered_at": "DATETIME", "done_at": "DATETIME", "deadline": "DATE"}  # fmt: skip
_OF_MEASURE = ("number", "place", "stop", "lat", "lon", "problem", "measure", "kind", "partner", "unit", "deadline", "money",
               "priority", "status", "reason", "answer", "answered_at", "done_at", "ticket", "observations")  # fmt: skip

Place = list[float]  # [lon, lat]


@dataclass(frozen=True)
class _Layer:
    """`shape`: POINT or LINESTRING; `rows`: (places, values by the columns' names)."""

    name: str
    title: str
    shape: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[list[Place], dict[str, Any]]]


def geopackage(report: Report) -> Iterator[bytes]:
    """The file, in pieces. GDAL and QGIS read it; so does every SQLite."""
    srs = GRID if _is_near(report) else DEGREES
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as file:
        file.execute(f"PRAGMA application_id = {APPLICATION}")
        file.execute(f"PRAGMA user_version = {VERSION}")
        file.executescript(_TABLES)
        file.execute("BEGIN")
        file.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", _KNOWN)
        for layer in _layers(report):
            _add(file, layer, srs, _as_of(report))
        file.execute("COMMIT")
        whole = memoryview(file.serialize())
    for at in range(0, len(whole), PIECE):
        yield bytes(whole[at : at + PIECE])


def _layers(report: Report) -> Iterator[_Layer]:
    line = (report.route or {}).get("coordinates") or []
    length = round(sum(metres(a, b) for a, b in pairwise(line)), 1)
    title = str(report.walk["title"])
    yield _Layer("notes", f"{title}: notes", "POINT", ("id", "lat", "lon", "captured_utc", *FIELDS),
                 ((_at(seen.lat, seen.lon), _note(seen)) for seen in report.observations))  # fmt: skip
    yield _Layer("measures", f"{title}: measures", "POINT", _OF_MEASURE,
                 ((_at(told.lat, told.lon), _measure(told)) for told in report.measures))  # fmt: skip
    yield _Layer("stops", f"{title}: stops", "POINT", ("id", "number", "name", "prompt", "lat", "lon"),
                 ((_at(stop.lat, stop.lon), {name: getattr(stop, name) for name in ("id", "number", "name", "prompt", "lat", "lon")})
                  for stop in report.stops))  # fmt: skip
    yield _Layer("route", f"{title}: route", "LINESTRING", ("title", "length_m"),
                 [(line, {"title": title, "length_m": length})] if len(line) > 1 else [])  # fmt: skip


def _note(seen: Observation) -> dict[str, Any]:
    values = {name: getattr(seen, name) for name in FIELDS}
    values |= {"photos": [photo.url for photo in seen.photos], "captured_utc": utc(seen.captured_utc)}
    return values | {"id": seen.id, "lat": seen.lat, "lon": seen.lon}


def _measure(told: Told) -> dict[str, Any]:
    values = {name: getattr(told, name) for name in _OF_MEASURE if name != "observations"}
    return values | {"observations": told.observation_ids}


def _add(file: sqlite3.Connection, layer: _Layer, srs: int, as_of: str) -> None:
    """Make the layer's table, fill it, and say that it is there and how far it reaches."""
    columns = ", ".join(f'"{name}" {_NUMBERS.get(name, "TEXT")}' for name in layer.columns)
    file.execute(f'CREATE TABLE "{layer.name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom {layer.shape}, {columns})')
    marks, box = ", ".join("?" * (len(layer.columns) + 1)), _Box()
    names = ", ".join(f'"{name}"' for name in layer.columns)
    made: Callable[[list[tuple[float, float]]], bytes] = _point if layer.shape == "POINT" else _line

    def rows() -> Iterator[list[Any]]:
        for places, values in layer.rows:
            on_map = [_on(srs, place) for place in places]
            is_placed = bool(on_map) and all(place is not None for place in on_map)
            points = [place for place in on_map if place is not None] if is_placed else []
            box.take(points)
            shape = _HEADER.pack(b"GP", 0, 1, srs) + made(points) if points else None
            yield [shape, *(_value(values.get(name)) for name in layer.columns)]

    file.executemany(f'INSERT INTO "{layer.name}" (geom, {names}) VALUES ({marks})', rows())
    file.execute("INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
                 (layer.name, layer.title, as_of, *box.edges, srs))  # fmt: skip
    file.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (layer.name, layer.shape, srs))


_HEADER = struct.Struct("<2sBBi")  # "GP", version, flags (little-endian, no envelope), srs (clause 2.1.3.1.1)


def _point(points: list[tuple[float, float]]) -> bytes:
    return struct.pack("<BIdd", 1, 1, *points[0])


def _line(points: list[tuple[float, float]]) -> bytes:
    return struct.pack("<BII", 1, 2, len(points)) + b"".join(struct.pack("<dd", *point) for point in points)


class _Box:
    """How far a layer reaches: min x, min y, max x, max y; nothing where it is empty."""

    def __init__(self) -> None:
        self.edges: tuple[float | None, ...] = (None,) * 4

    def take(self, points: list[tuple[float, float]]) -> None:
        for x, y in points:
            left, low, right, top = (
                edge if edge is not None else now for edge, now in zip(self.edges, (x, y, x, y), strict=True)
            )
            self.edges = (min(left, x), min(low, y), max(right, x), max(top, y))


def _on(srs: int, place: Place) -> tuple[float, float] | None:
    """The place on that grid; None where it cannot be put there: a note from the other side of the Earth, say."""
    if srs == DEGREES:
        return place[0], place[1]
    return grid(place[1], place[0]) if _in_reach(place) else None


def _in_reach(place: Place) -> bool:
    return abs(place[0] - 9.0) <= REACH_LON and abs(place[1]) <= REACH_LAT


def _is_near(report: Report) -> bool:
    """Whether most of what is known of the walk can be put on the grid."""
    line = (report.route or {}).get("coordinates") or []
    points = [(stop.lat, stop.lon) for stop in report.stops] + [(seen.lat, seen.lon) for seen in report.observations]
    known = [place for point in points for place in _at(*point)]
    far = sum(not _in_reach(place) for place in [*line, *known])
    return 2 * far <= len(line) + len(known)


def _at(lat: float | None, lon: float | None) -> list[Place]:
    return [[lon, lat]] if lat is not None and lon is not None else []


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ";".join(map(str, value))
    if isinstance(value, datetime):
        return utc(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _as_of(report: Report) -> str:
    """When the newest note was made: the same report makes the same file."""
    moments = [seen.captured_utc for seen in report.observations] or [datetime(1970, 1, 1, tzinfo=UTC)]
    return utc(max(moments))
