"""Every icon is made from the one drawing, in the size that its name says; the app's pictures are as large as they claim."""

import importlib.util
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from PIL import Image

from tests.running import Server

IMAGES = Path(__file__).parents[2] / "static" / "img"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("render", IMAGES / "render.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawings() -> dict[str, str]:
    """What static/img/render.py draws, by name."""
    found: dict[str, str] = script().drawings()
    return found


def test_every_icon_is_of_the_drawing_as_it_is_now(drawings: dict[str, str]) -> None:
    assert {path.stem for path in IMAGES.glob("*.png")} == set(drawings), "python static/img/render.py"
    for name, svg in drawings.items():
        with Image.open(IMAGES / f"{name}.png") as icon:
            assert icon.text["drawing"] == script().sum_of(svg), f"{name}: python static/img/render.py"  # type: ignore[attr-defined]
            assert icon.size == (int(name.rsplit("-", 1)[1]),) * 2, name


def test_a_maskable_icon_fills_its_square_and_draws_within_the_circle_that_every_launcher_shows() -> None:
    with Image.open(IMAGES / "icon-maskable-512.png") as icon:
        pixels = icon.convert("RGBA")
    corner = pixels.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert corner[3] == 255
    outside = [
        (x, y)
        for x in range(0, 512, 2)
        for y in range(0, 512, 2)
        if (x - 255.5) ** 2 + (y - 255.5) ** 2 > (0.4 * 512) ** 2 and pixels.getpixel((x, y)) != corner
    ]
    assert not outside


def test_a_monochrome_icon_is_a_shape_and_nothing_else() -> None:
    with Image.open(IMAGES / "icon-monochrome-512.png") as icon:
        alpha = icon.convert("RGBA").getchannel("A")
    assert alpha.getextrema() == (0, 255)
    assert alpha.getpixel((0, 0)) == 0


def test_what_the_manifest_shows_is_there_in_the_size_it_says(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        told = httpx.get(f"{server.url}/app/manifest.webmanifest").json()
        shown = [*told["icons"], *told["screenshots"], *(icon for one in told["shortcuts"] for icon in one["icons"])]
        for each in shown:
            answer = httpx.get(server.url + each["src"])
            assert (answer.status_code, answer.headers["content-type"]) == (200, each["type"])
            if each["sizes"] != "any":
                (tmp_path / "shown").write_bytes(answer.content)
                with Image.open(tmp_path / "shown") as picture:
                    assert "x".join(map(str, picture.size)) == each["sizes"], each["src"]
        pictures = [one for one in told["screenshots"] if len(httpx.get(server.url + one["src"]).content) > 80_000]
        assert not pictures, "a picture that an app store's page shows at once is small"
    finally:
        server.stop()
