"""Which notes seem to say the same: for a reviewer to merge, never merged by themselves.

Hides how near is near. Promises only suggestions: notes at one stop or within NEAR_M of each other that share a reason or
its subject, whoever wrote them; notes that feel otherwise are among them, because that is what is worth telling. Asks the
database nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from math import cos, radians

from app.earth import metres
from app.taxonomy import factors as known_factors

NEAR_M = 25.0  # from one note's place to the other's
MOST = 8  # suggestions beside one note: more are no longer looked at
LOOKED_AT = 300  # notes of one place that are compared
_STEP = NEAR_M / 111_000  # degrees of latitude: the side of a cell


@dataclass(frozen=True, slots=True)
class Spot:
    """A note as it is compared. `lat`, `lon`: where others see it; `subjects`: its reasons and their categories."""

    id: str
    lat: float | None
    lon: float | None
    stop_id: str | None
    subjects: frozenset[str] = field(default_factory=frozenset)


@lru_cache(10_000)
def subjects_of(factors: tuple[str, ...]) -> frozenset[str]:
    known = known_factors()
    return frozenset(factors) | {known[key]["category"] for key in factors if key in known}


class Neighbours:
    """The notes of a walk, found by where they are: looking at one costs no more than those around it."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        self._spots: dict[str, Spot] = {}
        self._cells: dict[object, list[Spot]] = {}
        for spot in spots:
            self._spots[spot.id] = spot
            for cell in (spot.stop_id, _cell(spot)):
                if cell is not None and spot.subjects:
                    self._cells.setdefault(cell, []).append(spot)

    def like(self, note_id: str) -> list[str]:
        """Which notes seem to say the same as this one, the nearest and most alike first."""
        spot = self._spots.get(note_id)
        return alike(spot, self._around(spot)) if spot and spot.subjects else []

    def _around(self, spot: Spot) -> Iterable[Spot]:
        found = {one.id: one for one in self._cells.get(spot.stop_id, [])[:LOOKED_AT]}
        if at := _cell(spot):
            for cell in ((at[0] + north, at[1] + east) for north in (-1, 0, 1) for east in (-1, 0, 1)):
                found |= {one.id: one for one in self._cells.get(cell, [])[:LOOKED_AT]}
        return found.values()


def alike(spot: Spot, others: Iterable[Spot]) -> list[str]:
    """Which of `others` seem to say the same as `spot`, the nearest and most alike first."""
    found = []
    for other in others:
        shared = len(spot.subjects & other.subjects)
        if other.id == spot.id or not shared:
            continue
        apart = _apart(spot, other)
        if apart is not None:
            found.append((-shared, apart, other.id))
    return [note_id for _shared, _apart, note_id in sorted(found)][:MOST]


def _apart(one: Spot, other: Spot) -> float | None:
    """Metres between them where that is near, or 0 at one stop; None where they are not at one place."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return 0.0 if one.stop_id and one.stop_id == other.stop_id else None
    if abs(one.lat - other.lat) > 2 * _STEP and one.stop_id != other.stop_id:
        return None
    far = metres([one.lon, one.lat], [other.lon, other.lat])
    return far if far <= NEAR_M or (one.stop_id and one.stop_id == other.stop_id) else None


def _cell(spot: Spot) -> tuple[int, int] | None:
    if spot.lat is None or spot.lon is None:
        return None
    return int(spot.lat // _STEP), int(spot.lon * cos(radians(spot.lat)) // _STEP)
