"""The guide's pictures, taken from the running app: `python -m tests.guide` (`make guide`); with names after it, those alone
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from app.photos.vault import Vault
from app.report import edition, telling
from app.schema import migrate_to_newest
from app.settings import Settings
from tests import maps
from tests.conftest import CHROMIUM_FLAGS
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


@dataclass(frozen=True)
class Scene:
    """What the pictures of one language are taken from."""

    server: Server
    walk_id: str
    code: str
    language: str
    public: str
    partner: str

    def say(self, danish: str, english: str) -> str:
        return danish if self.language == "da" else english


@dataclass(frozen=True)
class Shot:
    """One picture. `address`: below the server, with {walk}, {code}, {public} and {partner}; `prepare`: what is done on the page first;
    `part`: a CSS selector, where only a part of the page is shown; `later`: the page may not be there yet."""

    name: str
    address: str
    prepare: Callable[[Page, Scene], None] = lambda _page, _scene: None
    part: str = ""
    later: bool = False


def type_in_paper(page: Page, scene: Scene) -> None:
    for stop, letter, words in (
        (1, scene.say("t", "s"), "Altid nogen i vinduet."),
        (4, "u", "Buskene skjuler legepladsen."),
    ):
        page.keyboard.press(str(stop))
        page.keyboard.press(letter)
        page.locator("#note").fill(words)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#note")).to_have_value("")
    page.keyboard.press("2")
    page.keyboard.press("u")
    page.keyboard.type(scene.say("lampe", "lamp"))
    page.keyboard.press("Enter")
    page.locator("#note").fill("Mørkt i tunnelen, jeg går udenom.")


def let_marks_be_put(page: Page, _scene: Scene) -> None:
    page.locator("form[action$='/marks/opening'] button").click()
    expect(page.get_by_role("img", name="QR")).to_be_visible()


def scroll_to(selector: str) -> Callable[[Page, Scene], None]:
    return lambda page, _scene: page.locator(selector).first.evaluate("one => one.scrollIntoView({block: 'start'})")


def with_maps(page: Page, _scene: Scene) -> None:
    page.locator("tryg-map").first.evaluate("one => one.scrollIntoView({block: 'center'})")
    expect(page.locator("tryg-map[state=drawn]")).to_have_count(2)


def with_a_map(page: Page, _scene: Scene) -> None:
    expect(page.locator("tryg-map[state=drawn]")).to_be_visible()


def open_the_first(page: Page, _scene: Scene) -> None:
    page.locator("table.plan th a").first.click()
    expect(page.locator("#an")).to_be_visible()
    page.evaluate("() => scrollTo(0, 0)")


def ask_for_release(page: Page, scene: Scene) -> None:
    """Somebody has written on, and asks another one to read it."""
    db = Database(f"sqlite:///{scene.server.data / 'tryg.sqlite'}")
    with db.write() as tx:
        walk, writer = tx.get_one(models.Walk, scene.walk_id), people.by_email(tx, "kommune@example.org")
        assert writer
        draft = telling.told(tx, walk)
        draft.texts["weather"] = "let regn, 4 grader, vinden lagde sig"
        telling.save(tx, walk.id, draft, writer)
        number = edition.ask(tx, walk, writer).number
    db.close()
    page.goto(f"{scene.server.url}/walks/{scene.walk_id}/release/{number}")


def with_the_sketch(page: Page, scene: Scene) -> None:
    scroll_to("#stops")(page, scene)
    expect(page.locator("tryg-sketch[state=drawn]")).to_be_visible()
    page.wait_for_load_state("networkidle")  # its tiles


DESK = (
    Shot("walks", "/"),
    Shot("plan", "/walks/{walk}/plan"),
    Shot("stops", "/walks/{walk}/plan", with_the_sketch),
    Shot("invite", "/walks/{walk}/plan", part="section[aria-labelledby=invite]"),
    Shot("poster", "/walks/{walk}/plan", part="section:has(> * a[href*='poster.pdf'])", later=True),
    Shot("marks-map", "/walks/{walk}/marks", let_marks_be_put, later=True),
    Shot("live", "/walks/{walk}/live", later=True),
    Shot("leaders", "/walks/{walk}/leaders", later=True),
    Shot("people", "/people", later=True),
    Shot("paper", "/walks/{walk}/paper", type_in_paper),
    Shot("table", "/walks/{walk}/table?stop=2"),
    Shot("report", "/walks/{walk}/report"),
    Shot("notes-in-report", "/walks/{walk}/report", scroll_to("#notes")),
    Shot("compare", "/walks/{walk}/report/comparison", with_maps),
    Shot("review", "/walks/{walk}/review", with_a_map),
    Shot("measures", "/walks/{walk}/measures"),
    Shot("meeting", "/walks/{walk}/measures/meeting"),
    Shot("overview", "/overview", with_a_map),
    Shot("write", "/walks/{walk}/report/write"),
    Shot("release", "/walks/{walk}/release", ask_for_release),
    Shot("partner", "{partner}", open_the_first),
    Shot("public", "{public}"),
    Shot("public-plan", "{public}", scroll_to("#plan")),
)


# Whoever is an admin everywhere, when all else has left its traces
OFFICE = (
    Shot("keeping", "/keeping"),
    Shot("log", "/log"),
)


# On the phone


def join(page: Page, scene: Scene) -> None:
    page.get_by_role("button", name=scene.say("Gå med", "Join"), exact=True).click()
    expect(page.get_by_role("link", name=scene.say("Ny note", "New note"), exact=True)).to_be_visible()
    ready = scene.say("Klar til at gå offline", "Ready to go offline")
    expect(page.get_by_text(ready, exact=True)).to_be_visible(timeout=30_000)


def map_screen(page: Page, scene: Scene) -> None:
    page.get_by_role("link", name=scene.say("Kort", "Map"), exact=True).click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()
    page.evaluate("() => scrollTo(0, 0)")


def move_the_pin(page: Page, scene: Scene) -> None:
    page.go_back()
    page.get_by_role("link", name=scene.say("Ny note", "New note"), exact=True).click()
    page.get_by_role("button", name=scene.say("Skift sted", "Change place")).click()
    page.get_by_role("button", name=scene.say("Flyt prikken på kortet", "Move the pin on the map")).click()
    expect(page.locator(".map[data-state=drawn]")).to_be_visible()


def begin_note(page: Page, scene: Scene) -> None:
    page.evaluate("() => { location.hash = '#/note/new'; }")  # from wherever the picture before was taken
    page.get_by_role("radio", name=scene.say("Utryg", "Unsafe"), exact=True).check(force=True)
    page.get_by_role("button", name=scene.say("Skriv", "Write"), exact=True).click()
    note = page.get_by_role("textbox", name="Note", exact=True)
    note.fill(scene.say("Lampen ved udgangen er slukket.", "The lamp at the way out is broken."))
    note.blur()
    page.evaluate("() => scrollTo(0, 0)")


def blur_a_photo(page: Page, scene: Scene) -> None:
    photo = min(path for path in (scene.server.data / "photos" / "kept").rglob("*.jpg") if "thumb" not in path.name)
    page.locator("input[type=file][multiple]").set_input_files(str(photo))
    page.get_by_role("button", name=scene.say("Slør nr. 1", "Blur no. 1"), exact=True).click()
    page.wait_for_function("document.querySelector('.photo image')?.getBoundingClientRect().width > 100")
    for name in (scene.say("Ansigt", "Face"), scene.say("Nummerplade", "Number plate")):
        page.get_by_role("button", name=name, exact=True).click()
    for _step in range(9):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
    page.evaluate("() => scrollTo(0, 0)")


def own_data(page: Page, _scene: Scene) -> None:
    page.evaluate("() => { location.hash = '#/data'; }")
    expect(page.locator("#main h2, #main button").first).to_be_visible()
    page.evaluate("() => scrollTo(0, 0)")


def save_without_network(page: Page, scene: Scene) -> None:
    if "/blur/" in page.url:
        page.locator("header a, .bar a").first.click()
    page.context.set_offline(True)
    page.get_by_role("button", name=scene.say("Gem", "Save"), exact=True).click()
    page.get_by_role("link", name=scene.say("Noter", "Notes"), exact=True).click()
    expect(page.get_by_role("button", name=scene.say("Send nu", "Send now"), exact=True)).to_be_visible()
    expect(page.get_by_text(scene.say("Venter på net", "Waiting for network")).first).to_be_visible()


def send(page: Page, scene: Scene) -> None:
    page.context.set_offline(False)
    page.get_by_role("button", name=scene.say("Send nu", "Send now"), exact=True).click()
    expect(page.locator("[data-phase=sent], [data-state=sent]").first).to_be_visible(timeout=20_000)


# One after another on one phone: an empty address means "where the last one left off".
POCKET = (
    Shot("marks-phone", "/marks/{code}", later=True),
    Shot("join", "/app/?walk={code}"),
    Shot("ready", "", join),
    Shot("map-phone", "", map_screen),
    Shot("pin", "", move_the_pin),
    Shot("note", "", begin_note),
    Shot("blur", "", blur_a_photo),
    Shot("waiting", "", save_without_network),
    Shot("sent", "", send),
    Shot("data", "", own_data),
)


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
        name for path in GUIDE.glob("*.md") for name in re.findall(r"\(pictures/([^)]+)\)", path.read_text("utf-8"))
    }
    for path in PICTURES.iterdir():
        if path.name not in wanted:
            print(f"no guide asks for {path.name}: removed")
            path.unlink()
    return 0


@contextmanager
def demo(data: Path, language: str) -> Iterator[Scene]:
    """A server with the demo walk of a fixed evening, its photos ready."""
    settings = Settings(data=data, base_url="http://127.0.0.1")
    data.mkdir(parents=True)
    migrate_to_newest(settings)
    db = Database(settings.database)
    with at(WALKED):
        told = make(db, Vault(settings.photos), settings)
    with db.write() as tx:
        tx.get_one(models.Walk, told["walk_id"]).code = CODE  # each demo draws its own
    db.close()
    ground = {"TRYG_BASEMAP": str(maps.helsinki()), "TRYG_BASEMAP_CREDIT": maps.CREDIT}
    server = Server(data, TRYG_RATE_LIMITS="off", **ground).start()
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
    db = Database(f"sqlite:///{scene.server.data / 'tryg.sqlite'}")
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
    for language in BOTH:
        path = GUIDE / f"{language}.md"

        def shown(asked: re.Match[str], language: str = language) -> str:
            name, words = asked[1], asked[2]
            return f"![{words}](pictures/{name}.{language}.webp)" if name in taken else asked[0]

        path.write_text(re.sub(r"<!-- picture: ([\w-]+) \| (.+?) -->", shown, path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
