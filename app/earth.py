"""Places on the Earth: how people write one, how far it is from one to another, and where it is on a map's grid."""

import re
from dataclasses import dataclass
from math import asin, asinh, atan, atanh, cos, cosh, radians, sin, sinh, sqrt, tan

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


@dataclass(frozen=True)
class Projection:
    """A transverse Mercator projection: the ellipsoid (metres, flattening), and where its grid begins."""

    a: float
    f: float
    lat_0: float
    lon_0: float
    scale: float
    false_east: float
    false_north: float


# EPSG:25832, ETRS89 / UTM zone 32N, on GRS 80: the municipalities' grid west of the Great Belt, and used for all Denmark.
# WGS 84 and ETRS89 are taken as one: they lie less than a metre apart, and a phone knows its place to several.
UTM32 = Projection(6_378_137.0, 1 / 298.257222101, 0.0, 9.0, 0.9996, 500_000.0, 0.0)


def grid(lat: float, lon: float, onto: Projection = UTM32) -> tuple[float, float]:
    """(easting, northing) in metres of a place in degrees, by Krüger's series to the fourth order of the third flattening
    (IOGP Guidance Note 7-2, 3.5.3.1, "JHS formulas"): right to a millimetre within 3000 km of the middle meridian."""
    n = onto.f / (2 - onto.f)
    radius = onto.a / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    h = (
        n / 2 - 2 / 3 * n**2 + 5 / 16 * n**3 + 41 / 180 * n**4,
        13 / 48 * n**2 - 3 / 5 * n**3 + 557 / 1440 * n**4,
        61 / 240 * n**3 - 103 / 140 * n**4,
        49561 / 161280 * n**4,
    )

    def series(latitude: float, longitude: float) -> tuple[float, float]:
        e = sqrt(onto.f * (2 - onto.f))
        q = asinh(tan(latitude)) - e * atanh(e * sin(latitude))
        beta = atan(sinh(q))
        eta = atanh(cos(beta) * sin(longitude))
        xi = asin(max(-1.0, min(1.0, sin(beta) * cosh(eta))))
        north = xi + sum(h[i] * sin(2 * (i + 1) * xi) * cosh(2 * (i + 1) * eta) for i in range(4))
        east = eta + sum(h[i] * cos(2 * (i + 1) * xi) * sinh(2 * (i + 1) * eta) for i in range(4))
        return radius * north, radius * east

    north, east = series(radians(lat), radians(lon - onto.lon_0))
    origin = series(radians(onto.lat_0), 0.0)[0]
    return onto.false_east + onto.scale * east, onto.false_north + onto.scale * (north - origin)
