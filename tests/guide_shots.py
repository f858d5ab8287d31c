"""What the guide shows: each picture's page, and what is done on it first. tests/guide.py takes them."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from app import models
from app.access import people
from app.db import Database
from app.report import edition, telling
from tests.running import Server


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


def with_an_organisation(page: Page, scene: Scene) -> None:
    """The demo has none of its own."""
    db = Database(f"sqlite:///{scene.server.data / 'tryg.sqlite'}")
    with db.write() as tx:
        tx.add(models.Organisation(name=scene.say("Eksempelkommune", "Example municipality")))
    db.close()
    page.reload()


# Whoever is an admin everywhere, when all else has left its traces
OFFICE = (
    Shot("keeping", "/keeping", with_an_organisation),
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
