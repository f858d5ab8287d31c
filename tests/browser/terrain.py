"""A made-up neighbourhood around the browser tests' walks, as PMTiles files of each schema that the phone can draw.

Hides tippecanoe, GeoJSON and Mercator. Promises that what stands where is told here by name (LAKE, HOUSE and the rest),
that all schemas have the same places, and that `Picture.at` finds a place on a picture of the map.
"""

import io
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

Place = tuple[float, float]  # longitude, latitude

CREDIT = "© OpenStreetMap contributors"
ROUTE = [(9.9227, 57.0498), (9.9237, 57.0508), (9.9257, 57.0528)]
LAKE = (9.9251, 57.0503)
HOUSE = (9.9233, 57.0523)
MEADOW = (9.9232, 57.0505)
LIT, UNLIT, UNDERPASS = (9.9235, 57.05145), (9.92285, 57.0514), (9.9247, 57.05265)  # places on streets and ways
_PARK = (9.9185, 57.0470, 9.9300, 57.0560)


def _square(centre: Place, east: float, north: float) -> dict[str, Any]:
    (lon, lat), (e, n) = centre, (east / 2, north / 2)
    ring = [[lon - e, lat - n], [lon + e, lat - n], [lon + e, lat + n], [lon - e, lat + n], [lon - e, lat - n]]
    return {"type": "Polygon", "coordinates": [ring]}


def _line(*places: Place) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(place) for place in places]}


def _point(place: Place) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(place)}


_WEST, _EAST = 9.9190, 9.9295
_SHAPES = {
    "park": _square(((_PARK[0] + _PARK[2]) / 2, (_PARK[1] + _PARK[3]) / 2), 0.0110, 0.0088),
    "lake": _square(LAKE, 0.0010, 0.0007),
    "house": _square(HOUSE, 0.0010, 0.0005),
    "lit": _line((_WEST, 57.05145), (_EAST, 57.05145)),
    "unlit": _line((9.92285, 57.0485), (9.92285, 57.0545)),
    "ring": _line((_WEST, 57.05265), (_EAST, 57.05265)),
    "under": _line((9.9247, 57.05245), (9.9247, 57.05285)),
    "path": _line((9.9247, 57.0495), (9.9247, 57.05245)),
    "steps": _line((9.9247, 57.05285), (9.9247, 57.0530)),
}
# Shape, layer, properties: the same neighbourhood in the words of each schema.
_OWN: list[tuple[str, str, dict[str, Any]]] = [
    ("park", "land", {"kind": "grass"}),
    ("lake", "water", {"kind": "water"}),
    ("house", "building", {}),
    ("lit", "road", {"class": "street", "name": "Kildevej", "lit": "yes"}),
    ("unlit", "road", {"class": "street", "name": "Mørkevej", "lit": "no"}),
    ("ring", "road", {"class": "main", "name": "Ringvejen", "lit": "yes"}),
    ("under", "road", {"class": "path", "tunnel": True}),
    ("path", "road", {"class": "path", "lit": "yes"}),
    ("steps", "road", {"class": "steps"}),
]
_OPEN_MAP_TILES: list[tuple[str, str, dict[str, Any]]] = [
    ("park", "landcover", {"class": "grass"}),
    ("lake", "water", {"class": "lake"}),
    ("house", "building", {"render_height": 5}),
    ("lit", "transportation", {"class": "minor"}),
    ("lit", "transportation_name", {"class": "minor", "name": "Kildevej"}),
    ("unlit", "transportation", {"class": "minor"}),
    ("ring", "transportation", {"class": "secondary"}),
    ("under", "transportation", {"class": "path", "subclass": "footway", "brunnel": "tunnel"}),
    ("path", "transportation", {"class": "path", "subclass": "footway"}),
]
_SKAERMKORT: list[tuple[str, str, dict[str, Any]]] = [
    ("park", "natur", {"type": "hede"}),
    ("lake", "vand", {"type": "sø"}),
    ("house", "bebygget", {"type": "bygning"}),
    ("lit", "veje", {"type": "anden vej", "navn": "Kildevej"}),
    ("unlit", "veje", {"type": "anden vej"}),
    ("ring", "veje", {"type": "sekundærvej"}),
    ("under", "veje", {"type": "sti", "niveau": "tunnel"}),
    ("path", "veje", {"type": "sti"}),
]
_POINTS = [
    (HOUSE, "number", {"number": "12"}),
    ((9.9240, 57.0516), "place", {"kind": "suburb", "name": "Kildeparken"}),
    ((9.9240, 57.0513), "poi", {"kind": "lamp"}),
    ((9.9253, 57.0516), "poi", {"kind": "defibrillator"}),
]
SCHEMAS = {"own": _OWN, "openmaptiles": _OPEN_MAP_TILES, "skaermkort": _SKAERMKORT}


def archive(folder: Path, schema: str = "own", *, deepest: int = 16) -> Path:
    """A PMTiles file of the neighbourhood; `deepest`: its last zoom, by which two are told apart."""
    layers: dict[str, list[dict[str, Any]]] = {}
    for shape, layer, properties in SCHEMAS[schema]:
        layers.setdefault(layer, []).append(_feature(_SHAPES[shape], properties))
    if schema == "own":
        for place, layer, properties in _POINTS:
            layers.setdefault(layer, []).append(_feature(_point(place), properties))
    made = folder / f"{schema}-{deepest}.pmtiles"
    named = []
    for layer, features in layers.items():
        path = folder / f"{layer}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
        named.append(f"--named-layer={layer}:{path}")
    program = Path(sys.executable).with_name("tippecanoe")
    how = [
        "--quiet",
        "--force",
        "--minimum-zoom=12",
        f"--maximum-zoom={deepest}",
        "--drop-rate=1",
        "--no-tile-size-limit",
    ]
    subprocess.run([program, *how, f"--attribution={CREDIT}", "-o", made, *named], check=True, timeout=60)
    return made


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _mercator(place: Place) -> tuple[float, float]:
    """Web Mercator, the world being 1 wide; y grows southwards."""
    lon, lat = place
    return (lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


@dataclass
class Picture:
    """A picture of a map that shows ROUTE as it does at first: whole, with 48 pixels to spare, no closer than zoom 17."""

    image: Image.Image
    width: float  # CSS pixels

    @classmethod
    def of(cls, png: bytes, width: float) -> "Picture":
        return cls(Image.open(io.BytesIO(png)).convert("RGB"), width)

    def at(self, place: Place, around: int = 0) -> list[tuple[int, int, int]]:
        """The colours of the pixels at a place, and `around` it."""
        dense = self.image.width / self.width
        width, height = self.width, self.image.height / dense
        (west, south), (east, north) = _mercator(ROUTE[0]), _mercator(ROUTE[-1])
        scale = min((width - 96) / (east - west), (height - 96) / (south - north), 512 * 2**17)
        x, y = _mercator(place)
        column = round(dense * (width / 2 + (x - (west + east) / 2) * scale))
        row = round(dense * (height / 2 + (y - (north + south) / 2) * scale))
        near = range(-round(around * dense), round(around * dense) + 1)
        return [self.image.getpixel((column + right, row + down)) for right in near for down in near]  # type: ignore[misc]

    def brightness(self) -> float:
        """0 is black, 255 white."""
        histogram = self.image.convert("L").histogram()
        return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)


def alike(one: tuple[int, ...], other: tuple[int, ...], by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))
