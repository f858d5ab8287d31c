"""How many faces the phone suggests, by their size in the photo and by light, and how long it looks.

Real photos are shrunk until their faces have a size, and laid on a street of 1,600 × 1,200 pixels, as the phone's photos
are. What is to be found is what was found in the photo at its full size (look at it: `--show`); found is a face whose middle
lies in a suggestion not much larger. In Chromium, by the built app, on this machine. `python -m tests.benchmarks.faces
[--show] [FOLDER]` reads the photos of a folder of one's own; without one there is only the tests' portrait.
"""

import base64
import io
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.table import Row, show
from tests.conftest import CHROMIUM_FLAGS
from tests.machine import system_chromium
from tests.running import Server

ROOT = Path(__file__).parents[2]
PORTRAITS = ROOT / "build" / "portraits"
MANIFEST = ROOT / "static" / "dist" / "manifest.json"
SIZES = (64, 40, 32, 24, 16, 12)  # pixels, the height of a face in the phone's photo
LIGHTS = {"by day": 1.0, "at night": 0.15}  # how bright
STREET = (1600, 1200)
LOOK = """async ([module, bytes]) => {
  const {suggest} = await import(module);
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d", {alpha: false, willReadFrequently: true}).drawImage(bitmap, 0, 0);
  const started = performance.now();
  const found = await suggest(canvas);
  return {found, ms: performance.now() - started};
}"""

Face = tuple[float, float, float, float]  # x, y, width, height in pixels


class Looker:
    """A page of the app that looks for faces in pictures."""

    def __init__(self, page: Page) -> None:
        self.page = page
        built = json.loads(MANIFEST.read_text("utf-8"))
        self.module = "/static/dist/" + built["js/blurring/suggesting.js"]["file"]
        self.ms: list[float] = []

    def look(self, picture: Image.Image) -> list[Face]:
        file = io.BytesIO()
        picture.convert("RGB").save(file, "JPEG", quality=80)
        told: dict[str, Any] = self.page.evaluate(LOOK, [self.module, base64.b64encode(file.getvalue()).decode()])
        assert told["found"] is not None, "nothing could look"
        self.ms.append(told["ms"])
        return [(box["x"], box["y"], box["w"], box["h"]) for box in told["found"]]


def on_the_street(photo: Image.Image, scale: float, light: float) -> Image.Image:
    street = Image.effect_noise((400, 300), 40).resize(STREET).convert("RGB")
    small = photo.resize((max(1, round(photo.width * scale)), max(1, round(photo.height * scale))))
    street.paste(small, (200, 150))
    return ImageEnhance.Brightness(street).enhance(light)


def is_found(face: Face, found: list[Face]) -> bool:
    x, y, w, h = face
    at = (x + w / 2, y + h / 2)
    return any(
        left <= at[0] <= left + width and top <= at[1] <= top + height and height < 3 * h
        for left, top, width, height in found
    )


def recall(looker: Looker, photos: list[tuple[Image.Image, list[Face]]], size: int, light: float) -> tuple[int, int]:
    """Of how many faces of that size how many were suggested."""
    right = wanted = 0
    for photo, faces in photos:
        scale = size / statistics.median(face[3] for face in faces)
        if scale * photo.width > STREET[0] - 200 or scale * photo.height > STREET[1] - 150:
            continue
        found = looker.look(on_the_street(photo, scale, light))
        there = [(200 + x * scale, 150 + y * scale, w * scale, h * scale) for x, y, w, h in faces]
        right += sum(is_found(face, found) for face in there)
        wanted += len(there)
    return right, wanted


def measure(folder: Path, photos: Path = PORTRAITS, shown: bool = False) -> list[Row]:
    rows: list[Row] = []
    if "js/blurring/suggesting.js" not in json.loads(MANIFEST.read_text("utf-8")):
        return rows  # built without suggestions
    server = Server(folder / "var").start()
    try:
        with sync_playwright() as playwright:
            path = system_chromium()
            browser = playwright.chromium.launch(args=CHROMIUM_FLAGS, executable_path=str(path) if path else None)
            page = browser.new_page()
            page.goto(f"{server.url}/app/")
            looker = Looker(page)
            pictures = [
                Image.open(one).convert("RGB")
                for one in sorted(photos.iterdir())
                if one.suffix in {".jpg", ".jpeg", ".png"}
            ]
            for one in pictures:
                one.thumbnail(STREET)
            known = [(one, looker.look(one)) for one in pictures]
            if shown:
                for at, (one, faces) in enumerate(known):
                    _show(one, faces, folder.parent / f"faces-{at}.png")
            for name, light in LIGHTS.items():
                for size in SIZES:
                    right, wanted = recall(looker, known, size, light)
                    if wanted:
                        text = f"faces of {size} px not suggested, {name} ({wanted} faces)"
                        rows.append(Row(text, 100 - 100 * right / wanted, "%"))
            browser.close()
    finally:
        server.stop()
    first = looker.ms[0]
    rows.append(Row("looking for faces the first time, with fetching and starting", first, "ms"))
    rows.append(
        Row(f"looking for faces in a photo (median of {len(looker.ms) - 1})", statistics.median(looker.ms[1:]), "ms")
    )
    return rows


def _show(picture: Image.Image, faces: list[Face], path: Path) -> None:
    told = picture.copy()
    pen = ImageDraw.Draw(told)
    for x, y, w, h in faces:
        pen.rectangle((x, y, x + w, y + h), outline="red", width=3)
    told.save(path)
    print(f"{path}: {len(faces)} faces")


if __name__ == "__main__":
    given = [Path(one) for one in sys.argv[1:] if one != "--show"]
    with tempfile.TemporaryDirectory(prefix="tryg-faces-") as place:
        show(measure(Path(place), *given, shown="--show" in sys.argv))
