"""The route of an edition on a map that stands still, for a page without scripts.

Hides what is drawn when a walk has no map of its own: then the way and its stops on an empty ground. Promises the same picture
for the same edition, drawn once; its words stand on the page, so that nobody needs it.
"""

import json
from functools import lru_cache
from typing import Any, Literal

from app.basemap.kept import Maps
from app.basemap.picture import Shown, on_own_map, picture

Shape = Literal["wide", "tall", "page"]
SHAPES_MM = {"wide": (210.0, 105.0), "tall": (100.0, 110.0), "page": (174.0, 150.0)}
_FACE = 'font-family="IBM Plex Sans"'


class _Nowhere:
    """A ground of which nothing is known."""

    zooms = (0, 14)

    def tile(self, *_which: int) -> bytes | None:
        return None


def drawn(maps: Maps, sha256: str | None, content: dict[str, Any], credit: str, shape: Shape) -> str | None:
    """The SVG; None where neither the route nor a stop has a place."""
    return _drawn(maps, sha256, json.dumps([content["route"], content["stops"], content["notes"]]), credit, shape)


@lru_cache(64)
def _drawn(maps: Maps, sha256: str | None, told: str, credit: str, shape: Shape) -> str | None:
    route, stops, notes = json.loads(told)
    shown = Shown(
        (route or {}).get("coordinates", []),
        [(str(one["number"]), [one["lon"], one["lat"]]) for one in stops if one["lat"] is not None],
        [(one["valence"] or "mixed", [one["lon"], one["lat"]]) for one in notes if one["lat"] is not None],
    )
    found = on_own_map(maps, sha256, shown, credit, *SHAPES_MM[shape])
    if found is None:
        found = picture(_Nowhere(), shown, "", *SHAPES_MM[shape])  # type: ignore[arg-type]
    return found and found.replace(_FACE, 'font-family="IBM Plex Sans, system-ui, sans-serif"')
