"""Draws the app's icons as PNG from icon.svg, the one source: `python static/img/render.py [path of a Chromium]`.

The PNGs are committed (they are ours and small), so a build needs no browser. Run this after changing icon.svg or what is
drawn here. Each PNG bears the SHA-256 of the drawing it was made from: tests/house/test_icons.py sees when one is stale.
Maskable icons fill the square and keep the drawing inside the middle 80 %, which every launcher's shape shows.
"""

import hashlib
import io
import sys
from pathlib import Path

HERE = Path(__file__).parent
LAMP = '<g id="lamp"'
SMALLER = f'{LAMP} transform="translate(16 16) scale(.76) translate(-16 -16)"'
STROKES = 'fill="none" stroke="#ffd678" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"'
SHORTCUTS = {  # by screen: what stands in the lamp's place
    "note": "M16 8v16M8 16h16",
    "map": "M16 26s7.5-6.8 7.5-12.2a7.5 7.5 0 0 0-15 0C8.5 19.2 16 26 16 26zM16 13.5h.01",
    "notes": "M12.5 10H24M12.5 16H24M12.5 22H24M8 10h.01M8 16h.01M8 22h.01",
}


def drawings() -> dict[str, str]:
    """The SVG of each PNG by its name, which ends in its size: `icon-180` is Apple's, square, as it rounds by itself."""
    rounded = (HERE / "icon.svg").read_text("utf-8").strip()
    square = rounded.replace('rx="7"', 'rx="0"')
    frame, lamp = rounded.split(LAMP)
    shape = frame[: frame.index("<rect")] + SMALLER + lamp  # the system gives it its colour, and takes its alpha alone
    plain = [f"icon-{size}" for size in (32, 192, 512)]
    return {
        **dict.fromkeys(plain, rounded),
        "icon-180": square,
        "icon-maskable-192": square.replace(LAMP, SMALLER),
        "icon-maskable-512": square.replace(LAMP, SMALLER),
        "icon-monochrome-512": shape.replace("#ffd678", "#fff").replace("#eef3f4", "#fff"),
        **{f"shortcut-{name}-96": f'{frame}<path d="{path}" {STROKES}/></svg>' for name, path in SHORTCUTS.items()},
    }


def sum_of(svg: str) -> str:
    """What a PNG bears of its drawing."""
    return hashlib.sha256(svg.encode()).hexdigest()


def main(chromium: str = "/usr/bin/chromium") -> None:
    """Write each drawing beside the SVG."""
    from PIL import Image, PngImagePlugin
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, svg in drawings().items():
            size = int(name.rsplit("-", 1)[1])
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{svg}")
            drawn = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
            told = PngImagePlugin.PngInfo()
            told.add_text("drawing", sum_of(svg))
            drawn.save(HERE / f"{name}.png", optimize=True, pnginfo=told)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
