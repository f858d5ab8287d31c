"""The report is written, asked for, read by a second person and released; then anybody reads it, on a phone and without scripts."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select

from app.db import Database
from app.models import Edition, Observation, Photo, Review, Telling, User, Walk
from tests.browser.reading import assert_readable
from tests.running import Server

# Its evening is a data folder, copied for each test.
pytestmark = pytest.mark.embedded

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with the demo walk as it was before its report was released, all of its notes but one; the walk's id."""
    server = Server(tmp_path_factory.mktemp("written") / "var")
    made = server.tryg("demo")
    for email, role in (("anna@samraad.example", "organiser"), ("bo@kommune.example", "coordinator")):
        server.tryg("user", "add", email, "--role", role)
    db = Database(server.database)
    with db.write() as tx:
        by = tx.exec(select(User).where(User.email == "bo@kommune.example")).one()
        notes = tx.exec(select(Observation).where(Observation.walk_id == made["walk_id"])).all()
        for note in notes[1:]:
            tx.merge(  # the demo has reviewed some of them
                Review(
                    observation_id=note.id,
                    walk_id=note.walk_id,
                    version=1,
                    state="released",
                    of_rev=note.rev,
                    decided_by=by.id,
                )
            )
        for photo in tx.exec(select(Photo)).all():
            photo.review = "approved"
        for edition in tx.exec(select(Edition)).all():
            tx.delete(edition)
        for telling in tx.exec(select(Telling)).all():
            tx.delete(telling)
        tx.get_one(Walk, made["walk_id"]).slug = None
    db.close()
    return server.data, str(made["walk_id"])


@pytest.fixture
def server(written: tuple[Path, str], tmp_path: Path) -> Iterator[Server]:
    """A server with a copy of it."""
    copied = Server(Path(shutil.copytree(written[0], tmp_path / "var"))).start()
    yield copied
    copied.stop()


@pytest.fixture
def walk(written: tuple[Path, str]) -> str:
    return written[1]


@pytest.fixture
def context_of(browser: Browser, server: Server) -> Iterator[Callable[..., BrowserContext]]:
    contexts = []

    def open_one(email: str = "", role: str = "coordinator", **more: object) -> BrowserContext:
        context = browser.new_context(locale="da-DK", **({"viewport": DESK} | more))
        contexts.append(context)
        if email:
            page = context.new_page()
            page.goto(server.tryg("user", "add", email, "--role", role)["sign_in_url"])
            page.locator("main form button").first.click()
            page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
            page.close()
        return context

    yield open_one
    for context in contexts:
        context.close()


def no_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def released(context_of: Callable[..., BrowserContext], server: Server, walk: str) -> str:
    """The report is out; its address."""
    anna = context_of("anna@samraad.example", "organiser").new_page()
    anna.goto(f"{server.url}/walks/{walk}/release")
    anna.get_by_role("button", name="Bed om frigivelse").click()
    expect(anna.get_by_role("link", name="Åbn udgave 1")).to_be_visible()
    bo = context_of("bo@kommune.example").new_page()
    bo.goto(f"{server.url}/walks/{walk}/release/1")
    for box in bo.locator("#reading [type=checkbox]").all():
        box.check(force=True)
    bo.get_by_role("button", name="Frigiv udgave 1").click()
    link = bo.locator("aside a[href^='/r/']")
    expect(link).to_be_visible()
    return str(server.url + (link.get_attribute("href") or ""))


def test_what_is_written_is_saved_while_one_writes_and_not_over_somebody_elses(
    context_of: Callable[..., BrowserContext], server: Server, walk: str
) -> None:
    anna, bo = context_of("anna@samraad.example", "organiser").new_page(), context_of("bo@kommune.example").new_page()
    for page in (anna, bo):
        page.goto(f"{server.url}/walks/{walk}/report/write")
    anna.get_by_label("Kort fortalt").fill("Tunnelen er værst.")
    expect(anna.locator("#saved")).to_contain_text("Gemt kl.")
    bo.get_by_label("Vejret").fill("let regn")
    expect(bo.locator("#saved")).to_contain_text("En anden har ændret teksten")
    bo.get_by_role("button", name="Gem", exact=True).last.click()
    expect(bo.get_by_role("alert").first).to_contain_text("anna@samraad.example har ændret")
    expect(bo.get_by_role("alert").first).to_contain_text("Tunnelen er værst.")
    expect(bo.get_by_label("Vejret")).to_have_value("let regn")
    anna.reload()
    expect(anna.get_by_label("Kort fortalt")).to_have_value("Tunnelen er værst.")


def test_the_second_person_marks_what_they_read_and_releases_it(
    context_of: Callable[..., BrowserContext], server: Server, walk: str
) -> None:
    anna = context_of("anna@samraad.example", "organiser").new_page()
    anna.goto(f"{server.url}/walks/{walk}/release")
    anna.get_by_role("button", name="Bed om frigivelse").click()
    anna.get_by_role("link", name="Åbn udgave 1").click()
    expect(anna.get_by_text("Du har skrevet udgaven, så en anden læser og frigiver den.")).to_be_visible()
    expect(anna.get_by_role("button", name="Frigiv udgave 1")).to_have_count(0)
    bo = context_of("bo@kommune.example", viewport=PHONE).new_page()
    bo.goto(f"{server.url}/walks/{walk}/release/1")
    no_wider_than_the_screen(bo)
    first = bo.locator(".changes [type=checkbox]").first
    first.focus()
    bo.keyboard.press("Space")
    expect(bo.get_by_text(re.compile(r"^1 af \d+ er læst$"))).to_be_visible()
    expect(bo.locator("#kept")).to_have_text("Det er gemt, hvor langt du er")
    bo.reload()
    expect(first).to_be_checked()
    bo.get_by_role("button", name="Frigiv udgave 1").click()
    expect(bo.get_by_role("alert")).to_contain_text("5 flueben mangler.")
    for box in bo.locator("#reading [type=checkbox]").all():
        box.check(force=True)
    bo.get_by_role("button", name="Frigiv udgave 1").click()
    expect(bo.get_by_text("Alle kan læse den", exact=True)).to_be_visible()
    expect(bo.locator(".editions-list")).to_contain_text("af bo@kommune.example")


def test_anybody_reads_it_on_a_phone_without_scripts_and_asks_for_something_to_go(
    context_of: Callable[..., BrowserContext], server: Server, walk: str
) -> None:
    address = released(context_of, server, walk)
    page = context_of(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Aftenvandring i Helsinki")
    expect(page.get_by_role("heading", name="Her føles det trygt")).to_be_visible()
    picture = page.get_by_role("img", name="Kort over ruten")
    assert page.request.get(server.url + str(page.locator("source").get_attribute("srcset"))).ok
    expect(picture).to_be_visible()
    page.get_by_role("link", name="Alle steder som tekst").click()
    page.get_by_role("link", name="Bed om at få noget taget ned").click()
    page.get_by_label("Hvad er det, og hvor i rapporten?").fill("Billedet ved stop 2")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Vi har fået det.")


def test_a_walker_finds_what_came_of_it(context_of: Callable[..., BrowserContext], server: Server, walk: str) -> None:
    phone = context_of(viewport=PHONE, has_touch=True).new_page()
    db = Database(server.database)
    with db.read() as tx:
        code = tx.get_one(Walk, walk).code
    db.close()
    phone.goto(f"{server.url}/app/?walk={code}")
    phone.get_by_role("button", name="Gå med").click()
    expect(phone.get_by_role("link", name="Ny note")).to_be_visible()
    address = released(context_of, server, walk)
    started = time.monotonic()
    while not phone.get_by_role("link", name="Det kom der ud af det").count() and time.monotonic() - started < 60:
        phone.reload()
        expect(phone.get_by_role("link", name="Ny note")).to_be_visible()
    phone.get_by_role("link", name="Det kom der ud af det").click()
    phone.wait_for_url(address)


def test_every_page_of_it_can_be_read_by_everybody(
    context_of: Callable[..., BrowserContext], server: Server, walk: str
) -> None:
    address = released(context_of, server, walk)
    page = context_of("bo@kommune.example").new_page()
    inside = [f"{server.url}/walks/{walk}/{one}" for one in ("release", "release/1", "release/1/page", "report/write")]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path in (address, f"{address}/takedown", *inside):
            page.set_viewport_size(DESK)
            page.goto(path)
            assert_readable(page, f"{path}, {scheme}")


def test_the_reading_page_can_be_read_by_everybody_while_it_waits(
    context_of: Callable[..., BrowserContext], server: Server, walk: str
) -> None:
    anna = context_of("anna@samraad.example", "organiser").new_page()
    anna.goto(f"{server.url}/walks/{walk}/release")
    anna.get_by_role("button", name="Bed om frigivelse").click()
    for email in ("anna@samraad.example", "bo@kommune.example"):
        page = context_of(email, "organiser" if email.startswith("anna") else "coordinator").new_page()
        page.goto(f"{server.url}/walks/{walk}/release/1")
        assert_readable(page, email)
