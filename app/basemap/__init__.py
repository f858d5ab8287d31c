"""The ground under everything: the operator's base map.

Hides where it is. Promises that no page asks a third party: what is drawn comes from here.
"""

from app.settings import Settings


def basemap_of(settings: Settings) -> dict[str, str]:
    """What a page's map is drawn on: `src`, "" where there is none, and `credit`."""
    if not settings.basemap:
        return {"src": "", "credit": ""}
    return {"src": "/basemap.pmtiles", "credit": settings.basemap_credit}
