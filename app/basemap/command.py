"""`tryg basemap …`: what one does about maps on the command line.

Hides how a box is written. Promises what every command does: --json prints one object and nothing else, and a failure is one
sentence. Needs no data folder: the map it makes is a file like any other, named by TRYG_BASEMAP.
"""

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from app.basemap.build import CannotBuild, build

commands = typer.Typer(help="Make the map under everything from OpenStreetMap.", no_args_is_help=True)


@commands.callback()
def maps() -> None:
    """Make the map under everything from OpenStreetMap."""


@commands.command("build")
def build_map(
    extract: Annotated[Path, typer.Argument(metavar="FILE.osm.pbf", help="An extract of OpenStreetMap.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.pmtiles", help="The map; one that is there is replaced.")],
    bbox: Annotated[str, typer.Option(metavar="W,S,E,N", help="Only what lies in this box, in degrees.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Make vector tiles, zooms 10 to 16, in one PMTiles file for TRYG_BASEMAP. Needs the extra `basemap`, and no network."""
    told = build(extract, out, box_of(bbox))
    line = f"{out}: {told['features']} features, {told['bytes'] / 1e6:.1f} MB, in {told['seconds']} s."
    print(json.dumps(told) if as_json else line, flush=True)


def box_of(written: str) -> tuple[float, float, float, float] | None:
    """West, south, east and north as written: "9.8,57.0,10.1,57.1"; None where nothing is. Raises CannotBuild."""
    if not written.strip():
        return None
    try:
        west, south, east, north = (float(number) for number in written.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise CannotBuild("--bbox must be west,south,east,north in degrees, such as 9.8,57.0,10.1,57.1.")
    return west, south, east, north
