"""Places on the Earth: how people write one, and how far it is from one to another."""

import re
from math import asin, cos, radians, sqrt

RADIUS_M = 6_371_000  # the Earth's mean radius (IUGG)
# "57.0488, 9.9217", also with Danish commas and with degree signs, as map programs give it.
_WRITTEN = re.compile(r"(-?\d{1,2}(?:[.,]\d{1,20})?)\s*°?\s*[,; ]\s*(-?\d{1,3}(?:[.,]\d{1,20})?)\s*°?")


def place_of(written: str) -> tuple[float, float] | None:
    """(lat, lon) in degrees of a place as people write it; None where it is none."""
    found = _WRITTEN.fullmatch(written.strip()[:100])
    if found is None:
        return None
    lat, lon = (float(number.replace(",", ".")) for number in found.groups())
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def metres(a: list[float], b: list[float]) -> float:
    """Between two GeoJSON positions [lon, lat], on a sphere; right to half a per cent."""
    north, east = radians(b[1] - a[1]), radians(b[0] - a[0])
    h = (1 - cos(north)) / 2 + cos(radians(a[1])) * cos(radians(b[1])) * (1 - cos(east)) / 2
    return 2 * RADIUS_M * asin(sqrt(h))
