"""The guide's pictures, taken from the running app: `python -m tests.guide` (`make pictures`); with names after it, those alone
are written.

Starts a server with the demo walk, at a date that stays the same, once for each language; opens every page as its people
see it, on a laptop or a phone; and writes docs/guide/pictures/<name>.<language>.webp, each below 150 KB. A page that is
not there yet is left out, and said; once it is, the line <!-- picture: name | what is on it --> in the guides becomes the
picture. Pictures that no guide asks for are removed.
"""

import io
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app import models
from app.access import people, signin
from app.db import Database
from app.demo.walk import make
from app.schema import migrate_to_newest
from tests import maps
from tests.conftest import CHROMIUM_FLAGS
from tests.guide_shots import DESK, OFFICE, POCKET, Scene, Shot
from tests.machine import system_chromium
from tests.running import Server

GUIDE = Path(__file__).parents[1] / "docs" / "guide"
PICTURES = GUIDE / "pictures"
MOST_BYTES = 150_000
WALKED = datetime(2026, 11, 19, 9, tzinfo=UTC)  # the morning after the demo walk
WALKING = datetime(2026, 11, 18, 18, 16, tzinfo=UTC)
CODE = "K7QF2MXD"
LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 1}
HERE: Any = {"latitude": 60.17301, "longitude": 24.94317, "accuracy": 8}
BOTH = {"da": "da-DK", "en": "en-GB"}


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=20_000)
    taken: dict[str, set[str]] = {}
    for language in BOTH:
        with tempfile.TemporaryDirectory(prefix="tryg-guide-") as folder, demo(Path(folder) / "var", language) as scene:
            taken[language] = set(pictures(scene))
    both = set.intersection(*taken.values())
    put_into_the_guides(both)
    wanted = {
        name for path in GUIDE.glob("*/*.md") for name in re.findall(r"/pictures/([^)]+)\)", path.read_text("utf-8"))
    }
    for path in PICTURES.iterdir():
        if path.name not in wanted:
            print(f"no guide asks for {path.name}: removed")
            path.unlink()
    return 0


@contextmanager
def demo(data: Path, language: str) -> Iterator[Scene]:
    """A server with the demo walk of a fixed evening, its photos ready."""
    ground = {"TRYG_BASEMAP": str(maps.helsinki()), "TRYG_BASEMAP_CREDIT": maps.CREDIT}
    server = Server(data, TRYG_RATE_LIMITS="off", **ground)
    data.mkdir(parents=True)
    migrate_to_newest(server.settings)
    db = Database(server.database)
    with at(WALKED):
        told = make(db, server.vault, server.settings)
    with db.write() as tx:
        tx.get_one(models.Walk, told["walk_id"]).code = CODE  # each demo draws its own
    db.close()
    server.start()
    try:
        public, partner = (urlsplit(told[name]).path for name in ("public_url", "partner_url"))
        yield Scene(server, told["walk_id"], CODE, language, public, partner)
    finally:
        server.stop()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The clock of this process stands at `moment`, in every module that has taken models.now over."""
    real = models.now
    takers = [module for module in sys.modules.values() if getattr(module, "now", None) is real]
    for module in takers:
        module.now = lambda: moment  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in takers:
            module.now = real  # type: ignore[attr-defined]


def pictures(scene: Scene) -> Iterator[str]:
    """Takes every picture of a language; the names of those there are."""
    with sync_playwright() as playwright:
        path = system_chromium()
        browser = playwright.chromium.launch(executable_path=str(path) if path else None, args=CHROMIUM_FLAGS)
        with_photos(scene)
        desk = somebody(browser, scene, LAPTOP)
        sign_in(desk, scene)
        phone = somebody(browser, scene, PHONE)
        phone.context.grant_permissions(["geolocation"])
        phone.context.set_geolocation(HERE)
        phone.clock.install(time=WALKING)  # the app is dark after sunset, and says when a note was made
        office = somebody(browser, scene, LAPTOP)
        sign_in(office, scene, "admin@example.org")
        for page, shots in ((desk, DESK), (phone, POCKET), (office, OFFICE)):
            for shot in shots:
                if take(page, scene, shot):
                    yield shot.name
        browser.close()


def somebody(browser: Browser, scene: Scene, how: dict[str, Any]) -> Page:
    local = {"locale": BOTH[scene.language], "timezone_id": "Europe/Copenhagen", "color_scheme": "light"}
    page = browser.new_context(**how, **local, reduced_motion="reduce").new_page()
    page.set_default_timeout(20_000)
    return page


def sign_in(page: Page, scene: Scene, email: str = "tovholder@example.org") -> None:
    """Signed in as somebody of the demo, or as an admin who comes with it."""
    db = Database(scene.server.database)
    with db.write() as tx:
        person = people.by_email(tx, email) or people.add(tx, email, "admin")
        link = signin.new_link(tx, person, scene.server.url)
    db.close()
    page.goto(link)
    page.get_by_role("button", name=scene.say("Log ind", "Sign in"), exact=True).click()
    page.wait_for_url(f"{scene.server.url}/**")


def with_photos(scene: Scene) -> None:
    """Waits until the server has cleaned the demo's photos."""
    deadline = time.monotonic() + 120
    while True:
        file = scene.server.data.parent / "notes.json"
        scene.server.tryg("export", scene.code, "--format", "json", "--out", str(file))
        states = [
            one["state"] for note in json.loads(file.read_text("utf-8"))["observations"] for one in note["photos"]
        ]
        if set(states) == {"ready"}:
            return
        assert time.monotonic() < deadline, states
        time.sleep(0.5)


def take(page: Page, scene: Scene, shot: Shot) -> bool:
    """One picture; whether its page was there."""
    if shot.address:
        known = {"walk": scene.walk_id, "code": scene.code, "public": scene.public, "partner": scene.partner}
        address = scene.server.url + shot.address.format(**known)
        if shot.later and httpx.get(address, follow_redirects=False).status_code == 404:
            print(f"{shot.name}: its page is not there yet")
            return False
        answer = page.goto(address)
        if shot.later and (answer is None or answer.status >= 400):
            print(f"{shot.name}: {urlsplit(address).path} does not answer")
            return False
    shot.prepare(page, scene)
    if shot.part and not page.locator(shot.part).count():
        print(f"{shot.name}: not on its page yet")
        return False
    page.wait_for_load_state("load")
    page.evaluate("() => document.fonts.ready")
    page.wait_for_timeout(300)  # a picture that has come is painted in the next frames
    shown = page.locator(shot.part).first if shot.part else page
    if not sys.argv[1:] or shot.name in sys.argv[1:]:
        write(PICTURES / f"{shot.name}.{scene.language}.webp", shown.screenshot(animations="disabled"))
    return True


def write(path: Path, png: bytes) -> None:
    """As WebP, as well as fits into MOST_BYTES."""
    for quality in (82, 70, 55):
        file = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= MOST_BYTES:
            path.write_bytes(file.getvalue())
            print(f"{path.name}: {file.tell() // 1000} KB")
            return
    raise AssertionError(f"{path.name} does not fit into {MOST_BYTES} bytes")


def put_into_the_guides(taken: set[str]) -> None:
    """A comment that asks for a picture becomes the picture, once it was taken in both languages."""
    for path in GUIDE.glob("*/*.md"):

        def shown(asked: re.Match[str], language: str = path.parent.name) -> str:
            name, words = asked[1], asked[2]
            return f"![{words}](../pictures/{name}.{language}.webp)" if name in taken else asked[0]

        path.write_text(re.sub(r"<!-- picture: ([\w-]+) \| (.+?) -->", shown, path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
