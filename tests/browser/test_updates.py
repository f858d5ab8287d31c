"""A new release comes while people write: nothing unsent is lost, and nobody is asked in the middle of a sentence.

The whole application behind releases that a test puts in force one after the other; a phone may skip two of them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import Response
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from app.main import create_app
from app.schema import migrate_to_newest
from app.settings import Settings
from app.walks import walks
from tests.browser.releases import UPDATE, Releases, release_of

OFFER = "En ny udgave er klar."
HELD = """async () => {
  const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open("tryghedsvandring");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const get = (store) => new Promise((resolve) => {
    const asked = db.transaction(store).objectStore(store).getAll();
    asked.onsuccess = () => resolve(asked.result);
  });
  const [notes, drafts, bytes] = [await get("notes"), await get("drafts"), await get("bytes")];
  db.close();
  const sums = await Promise.all(bytes.map(async (one) => new Uint8Array(await crypto.subtle.digest("SHA-256", one)).join()));
  return {
    notes: notes.map(({ content }) => content.note).sort(),
    drafts: drafts.map(({ content }) => content.note).sort(),
    photos: sums.sort(),
  };
}"""


class Walker:
    """A walker on release A, with one note with a photo unsent and the network gone."""

    def __init__(self, page: Page, releases: Releases, photo: Path) -> None:
        self.page, self.releases, self.photo = page, releases, photo

    def write(self, words: str) -> None:
        self.page.get_by_role("link", name="Ny note", exact=True).click()
        self.page.get_by_role("radio", name="Utryg", exact=True).check()
        self.button("Skriv").click()
        self.page.get_by_role("textbox", name="Note", exact=True).fill(words)

    def save(self) -> None:
        self.page.locator("input[type=file][multiple]").set_input_files(str(self.photo))
        expect(self.page.locator(".shots li")).to_have_count(1)
        self.button("Gem").click()
        expect(self.page.get_by_role("status")).to_contain_text("Gemt på telefonen")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def held(self) -> dict[str, list[str]]:
        held: dict[str, list[str]] = self.page.evaluate(HELD)
        return held

    def turn(self, screen: str) -> None:
        self.page.evaluate("(screen) => { location.hash = screen; }", f"#/{screen}")

    def offered(self) -> Any:
        return self.page.locator(".toast", has_text=OFFER)

    def all_sent(self, count: int) -> None:
        self.turn("notes")
        self.button("Send nu").click()
        expect(self.page.locator("h1")).to_contain_text("Alle er fremme")
        expect(self.page.locator(".notes .state", has_text="Sendt")).to_have_count(count)


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """The whole application; release A is in force, B, C and D are built beside it."""
    settings = Settings(data=tmp_path / "var", rate_limits="off")
    migrate_to_newest(settings)
    releases = Releases(tmp_path, monkeypatch, create_app(settings))
    for name in "ABCD":
        releases.build(name)
    releases.serve("A")
    releases.thread.start()
    yield releases
    releases.stop()


@pytest.fixture
def walker(context: BrowserContext, page: Page, releases: Releases, tmp_path: Path) -> Walker:
    with releases.app.state.db.write() as tx:
        walk = walks.create(tx, "Aftenvandring")
    photo = tmp_path / "image.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(photo)
    page.goto(f"{releases.url}/app/?walk={walk.code}")
    page.get_by_role("button", name="Gå med", exact=True).click()
    expect(page.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    context.set_offline(True)
    walker = Walker(page, releases, photo)
    walker.write("før udgaven")
    walker.save()
    return walker


def test_a_new_release_brings_the_words_of_the_walkers_language_before_it_is_offered(
    walker: Walker, context: BrowserContext
) -> None:
    page = walker.page
    context.set_offline(False)
    page.evaluate("localStorage.setItem('language', 'ar')")
    walker.turn("walk")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    expect(page.locator("#ready[data-ok=true]")).to_be_visible()
    walker.releases.serve("B")
    assert page.evaluate(UPDATE) is True
    kept = page.evaluate("async () => (await (await caches.open('walker-B')).keys()).map((one) => one.url)")
    assert len([url for url in kept if "/assets/ar-" in url]) == 1
    assert len([url for url in kept if "/assets/foreign-" in url]) == 2, "the script and its styles"
    assert not [url for url in kept if "/assets/pl-" in url]


def test_a_new_release_is_offered_between_notes_only_and_takes_everything_along(
    walker: Walker, context: BrowserContext
) -> None:
    page = walker.page
    walker.write("midt i en sætning")
    context.set_offline(False)
    walker.releases.instead = {"/healthz": lambda: Response("", 503)}  # online for the release, not for the notes
    walker.releases.serve("B")
    assert page.evaluate(UPDATE) is True
    page.wait_for_timeout(300)
    expect(walker.offered()).to_have_count(0)
    walker.turn("notes")  # the draft is put aside, not done with
    expect(page.locator(".notes .state")).to_have_count(1)
    page.wait_for_timeout(300)
    expect(walker.offered()).to_have_count(0)
    context.set_offline(True)
    walker.turn("note/new")
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("midt i en sætning")
    walker.save()
    before = walker.held()
    assert (before["notes"], len(before["photos"])) == (["før udgaven", "midt i en sætning"], 2)
    walker.turn("help")
    walker.turn("walk")
    expect(walker.offered()).to_be_visible()
    assert release_of(page) == "A"
    with page.expect_navigation():
        walker.button("Brug den nu").click()
    page.wait_for_function("() => globalThis.release === 'B'")
    assert walker.held() == before
    walker.releases.instead = {}
    context.set_offline(False)
    walker.all_sent(2)


def test_a_phone_that_skipped_two_releases_opens_offline_sends_and_takes_the_newest(
    walker: Walker, context: BrowserContext
) -> None:
    page = walker.page
    walker.write("kladde fra dengang")
    before = walker.held()
    walker.releases.serve("D")
    assert page.request.get(f"{walker.releases.url}/static/dist/assets/app-{'A' * 8}.js").status == 404
    page.reload()
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("kladde fra dengang")
    assert release_of(page) == "A"
    assert walker.held() == before
    context.set_offline(False)
    assert page.evaluate(UPDATE) is True
    page.reload()  # the old worker and its app, with the new server
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("kladde fra dengang")
    assert release_of(page) == "A"
    walker.save()
    walker.all_sent(2)
    sent = walker.held()
    page.close()
    walker.page = context.new_page()
    walker.page.goto(f"{walker.releases.url}/healthz")
    walker.page.wait_for_function("navigator.serviceWorker.getRegistration('/app/').then((it) => it.waiting === null)")
    walker.page.goto(f"{walker.releases.url}/app/")
    walker.page.wait_for_function("() => globalThis.release === 'D'")
    assert walker.held() == sent
    walker.all_sent(2)


def test_clearing_every_cache_and_the_worker_touches_no_note(walker: Walker, context: BrowserContext) -> None:
    page = walker.page
    walker.write("kladden")
    before = walker.held()
    assert (before["notes"], before["drafts"], len(before["photos"])) == (["før udgaven"], ["kladden"], 1)
    gone = page.evaluate(
        """async () => {
          for (const name of await caches.keys()) await caches.delete(name);
          for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
          return (await caches.keys()).length;
        }"""
    )
    assert gone == 0
    assert walker.held() == before
    context.set_offline(False)
    page.reload()
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("kladden")
    assert walker.held()["photos"] == before["photos"]
    walker.save()
    walker.all_sent(2)
