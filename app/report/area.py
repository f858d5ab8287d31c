"""An area somebody drew on the map, from the words of an address: which places lie in it.

Hides how it is written ("9.92,57.04;9.93,57.04;9.93,57.05": longitude, latitude, WGS 84, in degrees) and the sums. Promises
that what is no area is told of (ValueError) and never means everything. static/js/reading/filter.js counts alike.
"""

import math
import re
from dataclasses import dataclass

CORNERS = range(3, 201)  # as many as a hand draws; the page sends 40 at most
_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?"
_CORNER = re.compile(rf"({_NUMBER}),({_NUMBER})")


@dataclass(frozen=True)
class Area:
    """A polygon with straight sides between `corners` (longitude, latitude); `words`: as it was written."""

    words: str
    corners: tuple[tuple[float, float], ...]

    def has(self, lon: float | None, lat: float | None) -> bool:
        """Whether a place lies in it; one that is not known never does."""
        if lon is None or lat is None:
            return False
        inside, (bx, by) = False, self.corners[-1]
        for ax, ay in self.corners:
            if (ay > lat) != (by > lat) and lon < (bx - ax) * (lat - ay) / (by - ay) + ax:
                inside = not inside
            bx, by = ax, ay
        return inside


def area(words: str) -> Area:
    """The area that is written so. Raises ValueError."""
    found = [_CORNER.fullmatch(corner) for corner in words.split(";")]
    if len(found) not in CORNERS or None in found:
        raise ValueError(words)
    corners = tuple((float(corner[1]), float(corner[2])) for corner in found if corner)
    if not all(math.fabs(lon) <= 180 and math.fabs(lat) <= 90 for lon, lat in corners):
        raise ValueError(words)
    return Area(words, corners)
