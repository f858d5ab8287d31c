"""The overview as files: its measures and its repeated places as CSV, the measures as GeoJSON, the walks for the page's map.

Hides the formats (those of app.measures.exports). Promises the fields that a page shows, names that are added to and never
renamed, and rows in the page's order: by time or by alphabet.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.measures import exports
from app.overview.overview import Due, Overview, Walked
from app.sync.protocol import utc

MEASURES = ("number", "walk", "walked_on", "area", "place", "stop", "lat", "lon", "easting", "northing", "problem", "measure", "kind",
            "partner", "unit", "deadline", "age", "priority", "money", "status", "ticket", "answer", "reason", "answered_at", "done_at",
            "days", "url")  # fmt: skip
PLACES = ("place", "lat", "lon", "easting", "northing", "walk", "walked_on", "area", "unsafe", "mixed", "safe", "not_said",
          "url")  # fmt: skip
LINE_POINTS = 60  # of a route on a map of all walks


def measures_table(told: Overview, base_url: str) -> Iterator[bytes]:
    """One row for each measure."""
    return exports.table(MEASURES, (fields for _id, fields in _measures(told, base_url)))


def measures_geojson(told: Overview, base_url: str, *, on_grid: bool) -> bytes:
    """One Feature for each measure."""
    return exports.geojson(_measures(told, base_url), on_grid=on_grid)


def places_table(told: Overview, base_url: str) -> Iterator[bytes]:
    """One row for each walk on which a place was named that was named on others too."""
    walks = {walk.id: walk for walk in told.walks}
    return exports.table(
        PLACES,
        (
            {
                "place": place.name,
                "lat": place.lat,
                "lon": place.lon,
                **exports.on_the_grid(place.lat, place.lon),
                **_of_walk(walks[visit.walk_id]),
                **{name: visit.notes[name] for name in ("unsafe", "mixed", "safe")},
                "not_said": visit.notes["none"],
                "url": f"{base_url}/walks/{visit.walk_id}/report",
            }
            for place in told.places
            for visit in place.visits
        ),
    )


def on_map(told: Overview, say: Any) -> bytes:
    """A point for each walk that has a place, for <tryg-map>; `say(walk)`: what a pop-up says."""
    features = [
        {"type": "Feature", "id": walk.id, "geometry": {"type": "Point", "coordinates": [walk.lon, walk.lat]},
         "properties": {"valence": "none", "note": say(walk), "href": f"/walks/{walk.id}/report"}}
        for walk in told.walks if walk.lat is not None
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def lines(routes: Iterable[Mapping[str, Any] | None]) -> bytes:
    """The routes as one GeoJSON line each, with as many points as such a map can tell apart."""
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": _thinned(route["coordinates"])}}
        for route in routes if route and len(route.get("coordinates", ())) > 1
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")).encode()


def _measures(told: Overview, base_url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    walks = {walk.id: walk for walk in told.walks}
    return ((one.id, _fields(one, walks[one.walk_id], base_url)) for one in told.measures)


def _fields(one: Due, walk: Walked, base_url: str) -> dict[str, Any]:
    made = {
        **_of_walk(walk),
        **exports.on_the_grid(one.lat, one.lon),
        "deadline": one.deadline.isoformat() if one.deadline else None,
        "answered_at": utc(one.answered_at) if one.answered_at else None,
        "done_at": utc(one.done_at) if one.done_at else None,
        "url": f"{base_url}/walks/{walk.id}/measures/{one.number}",
    }
    return {name: made[name] if name in made else getattr(one, name) for name in MEASURES}


def _of_walk(walk: Walked) -> dict[str, Any]:
    return {"walk": walk.title, "walked_on": walk.day.isoformat(), "area": walk.area}


def _thinned(points: list[list[float]]) -> list[list[float]]:
    """Every so-manieth point, the first and the last; to some metres."""
    step = max(1, len(points) // LINE_POINTS)
    kept = points[::step] + ([points[-1]] if (len(points) - 1) % step else [])
    return [[round(lon, 5), round(lat, 5)] for lon, lat, *_height in kept]
