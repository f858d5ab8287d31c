"""The map under the demo walk: the middle of Helsinki, built once by `make` from the extract that a package carries.

Hides where it lies. Promises that the demo runs without it too, and that an operator's own base map is never replaced.
"""

from pathlib import Path

from app.pages import ROOT
from app.settings import Settings

MAP = ROOT / "build" / "helsinki.pmtiles"  # empty where the extract could not be fetched


def with_its_map(settings: Settings) -> Settings:
    """The settings with the demo's map, where no other is set and it was built."""
    if settings.basemap or not is_built(MAP):
        return settings
    return settings.model_copy(update={"basemap": str(MAP), "basemap_credit": "© OpenStreetMap contributors"})


def is_built(path: Path) -> bool:
    """Whether there is a map in the file."""
    return path.is_file() and path.stat().st_size > 0
