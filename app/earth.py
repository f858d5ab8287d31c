"""How far it is from one place on the Earth to another."""

from math import asin, cos, radians, sqrt

RADIUS_M = 6_371_000  # the Earth's mean radius (IUGG)


def metres(a: list[float], b: list[float]) -> float:
    """Between two GeoJSON positions [lon, lat], on a sphere; right to half a per cent."""
    north, east = radians(b[1] - a[1]), radians(b[0] - a[0])
    h = (1 - cos(north)) / 2 + cos(radians(a[1])) * cos(radians(b[1])) * (1 - cos(east)) / 2
    return 2 * RADIUS_M * asin(sqrt(h))
