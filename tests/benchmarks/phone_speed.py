"""How long the phone makes a walker wait, with its processor slowed four times: to a saved note, and to an open app.

"Durable" is what the app says itself: "Gemt på telefonen" appears only when IndexedDB's strict transaction is complete.
"""

import re
import statistics
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.benchmarks.table import Row
from tests.conftest import CHROMIUM_FLAGS
from tests.machine import system_chromium
from tests.running import Server

SLOWED = 4
NOTES, PHOTOS, STARTS = 15, 5, 7

# Runs in the page: milliseconds from the tap on `button` to the moment `said` stands in the page.
TAP_TO_WORDS = """
([button, said]) => new Promise((resolve) => {
  const started = performance.now();
  const seen = () => document.body.innerText.toLowerCase().includes(said);
  const watcher = new MutationObserver(() => {
    if (seen()) { watcher.disconnect(); resolve(performance.now() - started); }
  });
  watcher.observe(document.body, {childList: true, subtree: true, characterData: true});
  [...document.querySelectorAll("button")].find((one) => one.innerText.trim() === button).click();
})
"""
# Milliseconds from handing the photo over to the moment its small picture, read back from the store, is shown.
PHOTO_TO_STORE = """
() => new Promise((resolve) => {
  const started = performance.now();
  const watcher = new MutationObserver(() => {
    if (document.querySelector(".shots img:not([hidden])")) { watcher.disconnect(); resolve(performance.now() - started); }
  });
  watcher.observe(document.body, {childList: true, subtree: true, attributes: true});
})
"""


def measure(folder: Path) -> list[Row]:
    """Medians of several tries each."""
    server = Server(folder / "var").start()
    try:
        walk = server.tryg("walk", "create", "--title", "Fart")
        with sync_playwright() as playwright:
            path = system_chromium()
            context = playwright.chromium.launch_persistent_context(
                str(folder / "profile"),
                args=CHROMIUM_FLAGS,
                viewport={"width": 390, "height": 844},
                locale="da-DK",
                **({"executable_path": str(path)} if path else {}),
            )
            page = context.pages[0]
            page.goto(walk["join_url"])
            page.get_by_role("button", name="Gå med").click()
            expect(page.get_by_text("Klar til at gå offline", exact=True)).to_be_visible(timeout=30_000)
            context.set_offline(True)
            slow = context.new_cdp_session(page)
            slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
            starts = [_start(page, server) for _ in range(STARTS)]
            notes = [_note(page) for _ in range(NOTES)]
            photos = [_photo(page, _picture(folder)) for _ in range(PHOTOS)]
            context.close()
    finally:
        server.stop()
    slowed = f"(offline, processor {SLOWED} times slower)"
    return [
        Row(f"from Gem to durable, a note {slowed}", statistics.median(notes), "ms", promise=100),
        Row(
            f"from choosing a photo of 12 megapixels to durable {slowed}", statistics.median(photos), "ms", promise=2000
        ),
        Row(f"from opening the app to a screen that answers {slowed}", statistics.median(starts), "ms", promise=1000),
    ]


def _start(page: Page, server: Server) -> float:
    """Milliseconds from the navigation's beginning until "Ny note" stands on the screen."""
    page.goto("about:blank")
    page.goto(f"{server.url}/app/", wait_until="commit")
    page.get_by_role("link", name="Ny note").wait_for()
    return float(page.evaluate("performance.now()"))


def _new_note(page: Page) -> None:
    page.get_by_role("link", name="Ny note").click()
    page.get_by_role("radio", name=re.compile("^Utryg")).check(force=True)
    page.get_by_role("button", name="Skriv", exact=True).wait_for()


def _note(page: Page) -> float:
    _new_note(page)
    return float(page.evaluate(TAP_TO_WORDS, ["Gem", "gemt på telefonen"]))


def _photo(page: Page, picture: Path) -> float:
    _new_note(page)
    waiting = page.evaluate_handle(f"() => {{ window.shown = ({PHOTO_TO_STORE})(); }}")
    page.locator("input[type=file]").last.set_input_files(str(picture))
    took = float(page.evaluate("window.shown"))
    waiting.dispose()
    page.evaluate(TAP_TO_WORDS, ["Gem", "gemt på telefonen"])
    return took


def _picture(folder: Path) -> Path:
    path = folder / "image.jpg"
    if not path.exists():
        Image.effect_noise((4032, 3024), 24).convert("RGB").save(path, "JPEG", quality=88)
    return path
