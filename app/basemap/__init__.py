"""The ground under everything: the operator's base map, and the piece of it that each walk's phones keep.

Hides whether it is a PMTiles file of ours or somebody's tile server. Promises that no phone and no page asks a third party:
what is drawn comes from here.
"""

from app.settings import Settings

CREDIT = "© OpenStreetMap contributors"


def basemap_of(settings: Settings, base: str = "") -> dict[str, str]:
    """What a page's map is drawn on: `src` (a PMTiles file's address, or that of tiles with {z}, {x} and {y} in it; "" where
    there is none) and `credit`. `base`: where it is for readers who are not signed in, as "/marks/K7QF2MXD"."""
    if not settings.basemap:
        return {"src": "", "credit": ""}
    ending = "basemap.pmtiles" if settings.basemap_file else "tiles/{z}/{x}/{y}.mvt"
    root = base or ("" if settings.basemap_file else "/api/v1")
    return {"src": f"{root}/{ending}", "credit": settings.basemap_credit}
