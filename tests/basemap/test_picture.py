"""A map that stands still, for paper: legible in grey, with scale, north and credit, and drawn without a network."""

import gzip
import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mapbox_vector_tile
import pytest
import typst
from PIL import Image
from pmtiles.tile import Compression, TileType

from app.basemap.archive import Archive, put_together
from app.basemap.around import latitude
from app.basemap.kept import Maps
from app.basemap.picture import EDGE, HOUSE, LAND, RAIL, WATER, Shown, on_own_map, picture
from app.earth import metres
from app.models import Walk
from app.walks.typeface import FACES
from tests.access.conftest import Browser, add, hurry, signed_in
from tests.cast import Stage
from tests.maps import CREDIT, ROUTE, helsinki
from tests.photos.pictures import until

__all__ = ["add", "hurry", "signed_in"]

STOPS = [("1", [24.9494, 60.17312]), ("2", [24.94317, 60.17301]), ("12", [24.9442, 60.17442])]
NOTES = [("unsafe", [24.9475, 60.1725]), ("safe", [24.9468, 60.1739]), ("mixed", [24.9455, 60.1737])]
WIDTH, HEIGHT = 180.0, 120.0
SVG = "{http://www.w3.org/2000/svg}"


def drawn(shown: Shown, credit: str = CREDIT, ground: Path | None = None) -> str:
    archive = Archive(ground or helsinki())
    try:
        svg = picture(archive, shown, credit, WIDTH, HEIGHT)
    finally:
        archive.close()
    assert svg is not None
    return svg


def printed(svg: str, folder: Path) -> Image.Image:
    """The picture as a printer without colours has it, ten dots a millimetre."""
    (folder / "map.svg").write_text(svg)
    (folder / "map.typ").write_text(
        f'#set page(width: {WIDTH}mm, height: {HEIGHT}mm, margin: 0pt)\n#image("map.svg", width: 100%)'
    )
    faces = typst.Fonts(include_system_fonts=False, font_paths=[str(FACES)])
    sheet = typst.Compiler(str(folder / "map.typ"), root=str(folder), font_paths=faces)
    return Image.open(io.BytesIO(sheet.compile(format="png", ppi=254))).convert("L")  # type: ignore[arg-type]


def texts(svg: str) -> set[str]:
    return {str(text.text) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_it_says_where_one_is() -> None:
    said = texts(drawn(Shown(ROUTE, STOPS, NOTES)))
    assert {"1", "2", "12", "N", CREDIT} <= said
    assert any(re.fullmatch(r"\d+ m", words) for words in said)
    assert "Vilhonkatu" in said or "Puutarhakatu" in said
    assert "Kaisaniemen puisto" in said


def test_the_bar_is_as_long_as_it_says() -> None:
    svg = drawn(Shown(ROUTE, STOPS, []))
    stops = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in ElementTree.fromstring(svg).iter(f"{SVG}circle")]
    bar = re.search(r"M([\d.]+) [\d.]+V[\d.]+H([\d.]+)V", svg)
    long = re.search(r">(\d+) m<", svg)
    assert bar is not None
    assert long is not None
    units = ((stops[0][0] - stops[1][0]) ** 2 + (stops[0][1] - stops[1][1]) ** 2) ** 0.5
    per_metre = units / metres(STOPS[0][1], STOPS[1][1])
    assert (float(bar[2]) - float(bar[1])) / int(long[1]) == pytest.approx(per_metre, rel=0.01)


def test_it_can_be_read_in_grey(tmp_path: Path) -> None:
    svg = drawn(Shown(ROUTE, STOPS, NOTES))
    page = printed(svg, tmp_path)
    circles = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in ElementTree.fromstring(svg).iter(f"{SVG}circle")]
    safe, *stops = circles
    pixels = sorted(page.tobytes())
    assert pixels[len(pixels) // 2] > 200, "the ground: half of the picture is lighter"
    assert page.getpixel((round(safe[0]), round(safe[1]))) < 90
    for stop_x, stop_y in stops:
        around = [page.getpixel((round(stop_x + 22), round(stop_y + step))) for step in (-4, 0, 4)]
        assert max(around) < 60, "a stop's dark disc"
    # The middle of the way's first leg: the drawing is as good as linear over some hundred metres.
    lon, lat = ((ROUTE[0][at] + ROUTE[1][at]) / 2 for at in (0, 1))
    (x, y), (to_x, _to_y), (_x, far_y) = stops
    across = x + (to_x - x) * (lon - STOPS[0][1][0]) / (STOPS[1][1][0] - STOPS[0][1][0])
    down = y + (far_y - y) * (lat - STOPS[0][1][1]) / (STOPS[2][1][1] - STOPS[0][1][1])
    assert page.getpixel((round(across), round(down))) < 60, "the way is dark"
    assert sum(pixel < 60 for pixel in pixels) / len(pixels) < 0.15, "and little else is"


def test_what_the_notes_say_is_told_by_shape() -> None:
    shapes = drawn(Shown(ROUTE, [], NOTES)).rpartition('stroke-width="13.0"')[2]
    assert shapes.count("<polygon") == 3  # a triangle, the half of a square, and the arrow to the north
    assert shapes.count("<circle") == 1
    assert len(re.findall(r'<rect [^>]*stroke="#10212b"', shapes)) == 1


def test_whatever_is_typed_stays_text() -> None:
    svg = drawn(Shown(ROUTE, [("<1>", [24.9494, 60.1731])], []), credit='© "Kort" & <script>alert(1)</script>')
    assert {"<1>", '© "Kort" & <script>alert(1)</script>'} <= texts(svg)
    assert "href" not in svg
    assert "<script" not in svg


@pytest.mark.parametrize(
    "shown",
    [Shown([], [("1", [24.9442, 60.1744])], []), Shown([[24.94, 60.17], [24.95, 60.178]], [], []), Shown([[9.9, 57.0], [10.9, 57.9]], [], [])],
    ids=["one stop", "a way", "far from the map"],
)  # fmt: skip
def test_it_fits_whatever_is_shown(shown: Shown, tmp_path: Path) -> None:
    svg = drawn(shown)
    assert printed(svg, tmp_path).size == (1800, 1200)
    assert texts(svg) >= {"N", CREDIT}


def test_without_a_map_or_with_a_broken_one_there_is_no_picture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maps, shown = Maps(tmp_path), Shown(ROUTE, STOPS, [])
    assert on_own_map(maps, None, shown, CREDIT, WIDTH, HEIGHT) is None
    assert on_own_map(maps, "0" * 64, shown, CREDIT, WIDTH, HEIGHT) is None
    whole = helsinki().read_bytes()
    for content in (b"no map", whole[:100_000], whole[:30_000] + bytes(len(whole) - 30_000)):
        assert on_own_map(maps, maps.put(content), shown, CREDIT, WIDTH, HEIGHT) is None
    assert caplog.text.count("No picture of the map") == 3
    assert on_own_map(maps, maps.put(whole), Shown([], [], []), CREDIT, WIDTH, HEIGHT) is None
    assert on_own_map(maps, maps.put(whole), shown, CREDIT, WIDTH, HEIGHT)


def field(number: int, content: bytes | int) -> bytes:
    """A field of a tile as it is written: bytes with their length, or a small number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    assert len(content) < 16_384
    return bytes([number << 3 | 2, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def layer(*more: bytes, name: bytes | int = b"road") -> bytes:
    return field(3, field(1, name) + b"".join(more))


NAME = b"\x0a\x04name"
TILES = {
    "packed wrongly": gzip.compress(bytes(999))[:10] + b"\xff" * 40,
    "packed and cut off": gzip.compress(layer())[:-9],
    "a bomb": gzip.compress(bytes(40_000_000)),
    "no tile": gzip.compress(b"<html>"),
    "a number for a name": layer(name=7),
    "a number for a key": layer(field(3, 7)),
    "a number for a value": layer(field(4, 7)),
    "a number for a thing": layer(field(2, 7)),
    "no such key": layer(field(2, field(2, b"\x07\x07"))),
    "a key without a value": layer(field(2, field(2, b"\x07"))),
    "words for the extent": layer(field(5, b"wide"), field(2, field(3, 2) + field(4, b"\x09\x02\x02\x0a\x04\x04"))),
    "words for the kind": layer(field(2, field(3, b"line"))),
    "words that are none": layer(field(3, b"\xff\xfe")),
    "a line that ends nowhere": layer(field(2, field(3, 2) + field(4, b"\x0a\x02"))),
}


def on_tile(tile: bytes) -> bytes:
    """A map of some tiles around PLACE, all like this one."""
    around = {(16, 37308 + x, 18960 + y): tile for x in range(-2, 3) for y in range(-2, 3)}
    return put_together(around, TileType.MVT, Compression.GZIP, (24.92, 60.16, 24.96, 60.18), {})


PLACE = [(37308 + 0.5) / 2**16 * 360 - 180, latitude((18960 + 0.5) / 2**16)]


@pytest.mark.parametrize("how", TILES)
def test_a_map_with_a_broken_tile_is_told_and_is_no_picture(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    maps = Maps(tmp_path)
    shown = Shown([], [("1", PLACE)], [])
    assert on_own_map(maps, maps.put(on_tile(TILES[how])), shown, CREDIT, WIDTH, HEIGHT) is None
    assert "No picture of the map" in caplog.text


def test_a_map_of_wild_zooms_is_none(tmp_path: Path) -> None:
    content = bytearray(on_tile(layer()))
    content[100:102] = b"\xc8\xff"  # the first and the last
    maps = Maps(tmp_path)
    assert on_own_map(maps, maps.put(bytes(content)), Shown([], [("1", PLACE)], []), CREDIT, WIDTH, HEIGHT) is None


def test_a_name_that_cannot_be_printed_makes_no_broken_drawing(tmp_path: Path) -> None:
    name = "Kil\x00de\x1bgade\ufffe"
    tile = mapbox_vector_tile.encode([{"name": "road", "features": lines({"class": "street", "name": name})}])
    maps = Maps(tmp_path)
    svg = on_own_map(maps, maps.put(on_tile(tile)), Shown([], [("1", PLACE)], []), "\x07" + CREDIT, WIDTH, HEIGHT)
    assert svg is not None
    assert texts(svg) >= {"Kildegade", CREDIT}
    assert printed(svg, tmp_path).size == (1800, 1200)


def test_for_a_stop_typed_far_away_no_continent_is_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    maps, far = Maps(tmp_path), [("1", [24.9494, 60.17312]), ("2", [9.98, 57.04])]
    sha256 = maps.put(helsinki().read_bytes())
    svg = on_own_map(maps, sha256, Shown(ROUTE, far, []), CREDIT, WIDTH, HEIGHT)
    assert svg is not None
    assert "Kaisaniemen puisto" in texts(svg), "the way as it is without that stop"
    assert on_own_map(maps, sha256, Shown([], far, []), CREDIT, WIDTH, HEIGHT) is None
    assert "too far from each other" in caplog.text


class TestOnPaper:
    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {"basemap": str(helsinki()), "basemap_credit": CREDIT}

    @pytest.mark.parametrize(("sheet", "pages"), [("poster.pdf", 1), ("poster.pdf?size=a5", 1), ("paper-form.pdf", 2)])
    def test_the_way_is_printed_on_a_sheet_of_its_own(
        self, stage: Stage, signed_in: Callable[..., Browser], sheet: str, pages: int
    ) -> None:
        browser = signed_in("organiser", "Aalborg Kommune")

        def told(tool: str, *options: str) -> str:
            reply = browser.get(f"/walks/{stage.walk.id}/{sheet}")
            assert reply.status_code == 200
            done = subprocess.run([tool, *options], input=reply.content, capture_output=True, check=True, timeout=60)
            return done.stdout.decode()

        assert int(re.findall(r"Pages:\s+(\d+)", told("pdfinfo", "-"))[0]) == pages  # its stops lie in Aalborg
        with stage.db.write() as tx:
            walk = tx.get_one(Walk, stage.walk.id)
            walk.route, walk.plan_rev = {"type": "LineString", "coordinates": ROUTE}, walk.plan_rev + 1

        def is_mapped() -> bool:
            with stage.db.read() as tx:
                return tx.get_one(Walk, stage.walk.id).map_sha256 is not None

        until(is_mapped)
        about = told("pdfinfo", "-")
        assert int(re.findall(r"Pages:\s+(\d+)", about)[0]) == pages + 1
        assert re.search(r"Tagged:\s+yes", about)
        words = told("pdftotext", "-f", str(pages + 1), "-", "-")
        assert "Her går vi" in words
        assert "Kilden" in words
        assert CREDIT in words


def lines(*features: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"geometry": "LINESTRING(400 2000, 3600 2100)", "properties": about} for about in features]


def areas(*features: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"geometry": "POLYGON((100 100, 900 100, 900 900, 100 900, 100 100))", "properties": about}
        for about in features
    ]


SCHEMAS = {
    "OpenMapTiles": [
        {"name": "transportation", "features": lines({"class": "minor"}, {"class": "path"}, {"class": "rail"})},
        {"name": "transportation_name", "features": lines({"name": "Kildegade", "class": "minor"})},
        {"name": "water", "features": areas({"class": "lake"})},
        {"name": "building", "features": areas({})},
        {"name": "landcover", "features": areas({"class": "wood"}, {"class": "ice"})},
    ],
    "Skærmkort": [
        {"name": "veje", "features": lines({"type": "anden vej", "navn": "Kildegade"}, {"type": "sti"})},
        {"name": "jernbane", "features": lines({"type": "s-tog"})},
        {"name": "vand", "features": areas({"type": "sø"})},
        {"name": "bebygget", "features": areas({"type": "bygning"}, {"type": "by"})},
        {"name": "natur", "features": areas({"type": "skov"}, {"type": "land"})},
    ],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_maps_of_others_are_drawn_as_ours_are(schema: str, tmp_path: Path) -> None:
    column, row = 37308, 18960
    tile = gzip.compress(mapbox_vector_tile.encode(SCHEMAS[schema]))
    around = {(16, column + x, row + y): tile for x in range(-2, 3) for y in range(-2, 3)}
    (tmp_path / "theirs.pmtiles").write_bytes(
        put_together(around, TileType.MVT, Compression.GZIP, (24.92, 60.16, 24.96, 60.18), {})
    )
    place = [(column + 0.5) / 2**16 * 360 - 180, latitude((row + 0.5) / 2**16)]
    svg = drawn(Shown([], [("1", place)], []), ground=tmp_path / "theirs.pmtiles")
    assert "Kildegade" in texts(svg)
    for colour in (LAND["wood"], WATER, HOUSE, RAIL, EDGE, "#6d665d"):
        assert colour in svg, colour
    assert LAND["grass"] not in svg
