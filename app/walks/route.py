"""Reads a walk's route, and its stops where there are any, from a GeoJSON or GPX file as map programs write it.

Hides the shapes such a file may have: in GeoJSON (RFC 7946) a LineString alone, in a Feature, or in a FeatureCollection
beside Points that become stops; in GPX a track or a route, with waypoints. Promises a sentence for whatever cannot be
used, never half a route; a file made to harm (entities that swell) is refused unread.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree

from app.i18n import gettext as _
from app.models import Stop
from app.problems import Problem, invalid
from app.sync.protocol import clean

MOST_POINTS = 5_000  # a line that every phone carries; more is a mistake
MOST_STOPS = 200  # what one evening never needs, and a list still shows


@dataclass(frozen=True)
class Route:
    """`line`: a GeoJSON LineString of [lon, lat]; `stops`: numbered from 1, not yet in any walk."""

    line: dict[str, Any]
    stops: list[Stop]


def read(content: bytes) -> Route:
    """The route in a GeoJSON or GPX file. Stops are its Points, by their property `number` where all have one, else in the
    file's order; `name` and `prompt` are properties too. Raises invalid (422)."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_gpx(content)
    try:
        whole = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _wrong(_("The file is not GeoJSON.")) from None
    shapes = list(_shapes(whole))
    lines = [geometry for geometry, _about in shapes if geometry.get("type") == "LineString"]
    if len(lines) != 1:
        raise _wrong(_("The file must hold one line (LineString): the route. It holds %(num)s.", num=len(lines)))
    points = [(geometry, about) for geometry, about in shapes if geometry.get("type") == "Point"]
    if len(points) > MOST_STOPS:
        raise _wrong(_("These are too many: at most %(most)s.", most=MOST_STOPS))
    return Route({"type": "LineString", "coordinates": _line(lines[0].get("coordinates"))}, _stops(points))


def line(drawn: str) -> dict[str, Any] | None:
    """The route as a page's map draws it: the JSON of its [lon, lat], empty where there is none. Raises invalid (422)."""
    if not drawn.strip():
        return None
    try:
        points = json.loads(drawn, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _wrong(_("The drawn route cannot be read. Draw it once more.")) from None
    return {"type": "LineString", "coordinates": _line(points)}


def _read_gpx(content: bytes) -> Route:
    try:
        whole = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # the last of an alphabet that nobody knows
        raise _wrong(_("The file is not GPX.")) from None
    parts = [(part, str(part.tag).rpartition("}")[2]) for part in whole.iter()]
    # A track has been walked, a route was planned; programs write one or the other.
    line = [_gpx_position(part) for part, tag in parts if tag == "trkpt"]
    line = line or [_gpx_position(part) for part, tag in parts if tag == "rtept"]
    points = [
        ({"coordinates": _gpx_position(part)}, {"name": _said(part, "name"), "prompt": _said(part, "desc")})
        for part, tag in parts
        if tag == "wpt"
    ]
    if len(points) > MOST_STOPS:
        raise _wrong(_("These are too many: at most %(most)s.", most=MOST_STOPS))
    return Route({"type": "LineString", "coordinates": _line(_thinned(line))}, _stops(points))


def _gpx_position(part: Any) -> list[float]:
    try:
        return [float(part.get("lon", "")), float(part.get("lat", ""))]
    except ValueError:
        raise _wrong(_("Points must be [longitude, latitude] in degrees (WGS 84).")) from None


def _said(part: Any, name: str) -> str:
    return next((str(child.text or "") for child in part if str(child.tag).rpartition("}")[2] == name), "")


def _thinned(line: list[list[float]]) -> list[list[float]]:
    """A watch writes a point each second; as many as a phone needs, evenly, the ends among them."""
    step = -(-len(line) // (MOST_POINTS - 1))
    return line if step < 2 else [*line[:-1:step], line[-1]]


def _shapes(whole: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(geometry, properties) of everything in the file."""
    kind = whole.get("type") if isinstance(whole, dict) else None
    if kind == "FeatureCollection" and isinstance(whole.get("features"), list):
        for feature in whole["features"]:
            if isinstance(feature, dict) and feature.get("type") == "Feature":
                yield from _shapes(feature)
    elif kind == "Feature" and isinstance(whole.get("geometry"), dict):
        about = whole.get("properties")
        yield whole["geometry"], about if isinstance(about, dict) else {}
    elif kind is not None:
        yield whole, {}


def _line(coordinates: Any) -> list[list[float]]:
    if not isinstance(coordinates, list) or not 2 <= len(coordinates) <= MOST_POINTS:
        raise _wrong(_("The line must have between 2 and %(most)s points.", most=MOST_POINTS))
    return [list(_position(point)) for point in coordinates]


def _position(point: Any) -> tuple[float, float]:
    """(lon, lat) in degrees; a height is left out."""
    if isinstance(point, list) and 2 <= len(point) <= 4:
        lon, lat = point[:2]
        if _is_number(lon) and _is_number(lat) and abs(lon) <= 180 and abs(lat) <= 90:
            return float(lon), float(lat)
    raise _wrong(_("Points must be [longitude, latitude] in degrees (WGS 84)."))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _stops(points: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[Stop]:
    if points and all(_is_number(about.get("number")) for _geometry, about in points):
        points = sorted(points, key=lambda point: point[1]["number"])
    stops = []
    for number, (geometry, about) in enumerate(points, 1):
        lon, lat = _position(geometry.get("coordinates"))
        name, prompt = (clean(str(about.get(name) or "")).strip() for name in ("name", "prompt"))
        stops.append(
            Stop(walk_id="", number=number, name=name[:120] or f"Stop {number}", prompt=prompt[:500], lat=lat, lon=lon)
        )
    return stops


def _wrong(sentence: str) -> Problem:
    return invalid(("route", sentence))


def _no_number(_name: str) -> NoReturn:
    raise ValueError
