"""Every page and state as people see it: `python -m tests.tour` (`make tour`); with names after it, those places alone.

Writes build/tour/<place>.<language>.<theme>.<size>.png and index.html, where all of one place stand beside each other; prints what
a person should look at: pages that need sideways scrolling, text under 14 px, targets that are too small, errors on the console.
"""

import sys
import tempfile
from collections import defaultdict
from html import escape
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import CHROMIUM_FLAGS
from tests.machine import system_chromium
from tests.pages import PLACES, WALKER, Place, World, world

TOUR = Path(__file__).parents[1] / "build" / "tour"
SIZES = ((390, 844), (320, 640), (1280, 900))
THEMES = ("light", "dark")
LANGUAGES = ("da", "en", "ar")  # Arabic in the walker's app alone
TALLEST = 16_000  # CSS pixels of a page that are shown; Chromium draws 16,384
LEAST_TEXT, LEAST_TARGET, LEAST_TARGET_OF_WALKER = 14, 24, 48
# Lists leave out what is far below the screen until one comes there.
WHOLE = """async () => { const images = [...document.images]; for (const one of images) one.loading = "eager"; await Promise.allSettled(images.map((one) => one.decode())); const sheet = new CSSStyleSheet(); sheet.replaceSync(".note { content-visibility: visible !important; }"); document.adoptedStyleSheets = [sheet]; }"""
# While a tall picture is taken Chromium makes the page 32 px wide for a moment, and a map would draw itself for that.
HOLD = """(held) => { for (const one of document.querySelectorAll(".map-frame")) { const { width, height } = one.getBoundingClientRect(); one.style.inlineSize = held ? `${width}px` : ""; one.style.blockSize = held ? `${height}px` : ""; } }"""
CHOOSE = """(theme) => { localStorage.setItem("theme", JSON.stringify(theme)); document.documentElement.dataset.theme = theme; }"""
LOOK = """([text, target]) => {
  const name = (one) => `${one.tagName.toLowerCase()}.${one.className?.baseVal ?? one.className} "${(one.textContent || "").trim().replace(/\\s+/g, " ").slice(0, 30)}"`;
  const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".hidden, .maplibregl-canvas-container, svg"));
  // 12 px are enough for who made the map.
  const words = seen.filter((one) => !one.closest(".maplibregl-ctrl-attrib")).filter((one) => [...one.childNodes].some((it) => it.nodeType === 3 && it.data.trim()));
  // A link in a sentence is as high as its line; a box is as large as its label.
  const pressed = seen.filter((one) => one.matches("button, input:not([type=hidden]), select, textarea, summary, a[href]") && !one.closest("p, li p, dd, label") && getComputedStyle(one).display !== "inline");
  const small = pressed.filter((one) => { const box = one.getBoundingClientRect(); return box.width && Math.min(box.width, box.height) < target - 0.5; });
  return {
    "needs sideways scrolling": document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} px wide`] : [],
    [`text under ${text} px`]: words.filter((one) => parseFloat(getComputedStyle(one).fontSize) < text).map((one) => `${getComputedStyle(one).fontSize} ${name(one)}`),
    [`targets under ${target} px`]: small.map((one) => `${Math.round(one.getBoundingClientRect().width)}x${Math.round(one.getBoundingClientRect().height)} ${name(one)}`),
  };
}"""


def main() -> int:
    expect.set_options(timeout=30_000)
    TOUR.mkdir(parents=True, exist_ok=True)
    found: dict[str, set[str]] = defaultdict(set)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="tryg-tour-") as folder:
        path = system_chromium()
        browser = playwright.chromium.launch(executable_path=str(path) if path else None, args=CHROMIUM_FLAGS)
        with world(Path(folder)) as made:
            for language in LANGUAGES:
                for place in PLACES:
                    if place.who == WALKER or (language != "ar" and (not sys.argv[1:] or place.name in sys.argv[1:])):
                        visit(made.open(browser, place, language), made, place, language, found)
            found["console errors"].update(made.said)
            for context in made.contexts.values():
                context.close()
        browser.close()
    (TOUR / "index.html").write_text(sheet(), "utf-8")
    for what, where in sorted(found.items()):
        print(f"\n{what}: {len(where)}", *sorted(where), sep="\n  ")
    print(f"\nLook at {TOUR / 'index.html'}")
    return 0


def visit(page: Page, made: World, place: Place, language: str, found: dict[str, set[str]]) -> None:
    """The place's pictures in this language, and what there is to say about them."""
    page.evaluate(WHOLE)
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        if place.who == WALKER:  # or the sun decides
            page.evaluate(CHOOSE, "night" if theme == "dark" else "day")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(700 if page.locator("canvas").count() else 150)  # a map draws itself again
            page.evaluate(HOLD, True)
            tall = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
            page.screenshot(path=TOUR / f"{place.name}.{language}.{theme}.{width}.png", animations="disabled", full_page=True,
                            clip={"x": 0, "y": 0, "width": width, "height": max(height, tall)})  # fmt: skip
            page.evaluate(HOLD, False)
            if theme == "light":
                target = LEAST_TARGET_OF_WALKER if place.who == WALKER else LEAST_TARGET
                for what, where in page.evaluate(LOOK, [LEAST_TEXT, target]).items():
                    found[what].update(f"{place.name} {language} {width}: {one}" for one in where[:5])


def sheet() -> str:
    """One page on which all pictures of a place stand beside each other."""
    rows = []
    for place in PLACES:
        shots = sorted(TOUR.glob(f"{place.name}.*.png"), key=lambda path: path.name.split(".")[1:])
        figures = "".join(
            f'<figure><a href="{escape(shot.name)}"><img src="{escape(shot.name)}" alt="" loading="lazy"></a><figcaption>{escape(" ".join(shot.name.split(".")[1:4]))}</figcaption></figure>'
            for shot in shots
        )
        rows.append(f"<section><h2>{escape(place.name)}</h2><div>{figures}</div></section>" if shots else "")
    style = "body{font:14px sans-serif;margin:1rem;background:#888}div{display:flex;flex-wrap:wrap;gap:.5rem;align-items:start}figure{margin:0}img{inline-size:240px}"
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>The tour</title><style>{style}</style><h1>The tour</h1>{"".join(rows)}</html>'


if __name__ == "__main__":
    sys.exit(main())
