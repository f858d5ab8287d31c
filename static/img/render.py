"""Draws the app's icons as PNG from icon.svg, the one source: `python static/img/render.py [path of a Chromium]`.

The PNGs are committed (they are ours and small), so a build needs no browser. Run this after changing icon.svg.
Maskable icons fill the square and keep the drawing inside the middle 80 %, which every launcher's shape shows.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
SQUARE = 'rx="0"'
SMALLER = '<g id="lamp" transform="translate(16 16) scale(.76) translate(-16 -16)"'


def main(chromium: str = "/usr/bin/chromium") -> None:
    """Write icon-180 (Apple: square, it rounds by itself), icon-192, icon-512 and icon-maskable-512 beside the SVG."""
    rounded = (HERE / "icon.svg").read_text()
    square = rounded.replace('rx="7"', SQUARE)
    maskable = square.replace('<g id="lamp"', SMALLER)
    icons = {"icon-180": square, "icon-192": rounded, "icon-512": rounded, "icon-maskable-512": maskable}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, svg in icons.items():
            size = int(name.rsplit("-", 1)[1])
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{svg}")
            page.screenshot(path=HERE / f"{name}.png", omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
