"""The pictures that are shown before the app is installed, taken from the running app: `python -m tests.screens`.

The walker's screens of the guide (tests/guide.py), in Danish: upright and twice as fine as a phone of 390 × 844, and the map
across 1280 × 800. Written to static/img/screen-<name>.webp; app/shell.py says their sizes and what is on them.
"""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from app.shell import BROAD
from tests import guide
from tests.conftest import CHROMIUM_FLAGS
from tests.guide_shots import POCKET, Scene
from tests.machine import system_chromium

IMAGES = Path(__file__).parents[1] / "static" / "img"
MOST_BYTES = 80_000
UPRIGHT = {"ready": "walk", "note": "note", "map-phone": "map"}
WIDE = {"map-phone": "wide"}
FINE: dict[str, Any] = guide.PHONE | {"device_scale_factor": 2}
ACROSS: dict[str, Any] = {"viewport": dict(zip(("width", "height"), BROAD, strict=True)), "has_touch": True}


def main() -> None:
    expect.set_options(timeout=20_000)
    guide.MOST_BYTES = MOST_BYTES
    with (
        tempfile.TemporaryDirectory(prefix="tryg-screens-") as folder,
        guide.demo(Path(folder) / "var", "da") as scene,
        sync_playwright() as playwright,
    ):
        path = system_chromium()
        browser = playwright.chromium.launch(executable_path=str(path) if path else None, args=CHROMIUM_FLAGS)
        for how, wanted in ((FINE, UPRIGHT), (ACROSS, WIDE)):
            page = guide.somebody(browser, scene, how)
            page.context.grant_permissions(["geolocation"])
            page.context.set_geolocation(guide.HERE)
            page.clock.install(time=guide.WALKING)
            take(page, scene, wanted)
        browser.close()


def take(page: Page, scene: Scene, wanted: dict[str, str]) -> None:
    """Goes the walker's way as far as the last picture that is wanted."""
    left = dict(wanted)
    for shot in (one for one in POCKET if not one.later):
        if not left:
            return
        if shot.address:
            page.goto(scene.server.url + shot.address.format(code=scene.code))
        shot.prepare(page, scene)
        name = left.pop(shot.name, "")
        if name:
            page.evaluate("() => document.fonts.ready")
            page.wait_for_timeout(1_000)  # a map is painted in the next frames
            guide.write(IMAGES / f"screen-{name}.webp", page.screenshot(animations="disabled"))


if __name__ == "__main__":
    main()
