"""Thirty times the system kills the browser, at the worst moments; each time the phone wakes in airplane mode with all.

What the screen called saved, and what was being written, must be in the database after the restart, every photo byte for
byte; at the end all of it is in the report once. Counts are printed with pytest -s.
"""

import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserType, Error, Page, expect

from tests.browser.test_whole_job import Walker
from tests.browser.walking import Planned, plan
from tests.running import Server

KILLS = 10  # of each kind
SLOW = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": 100_000}  # ms, bytes a second

# Read from the database itself, past our own modules.
HELD = """async () => {
  const db = await new Promise((resolve) => { indexedDB.open("tryghedsvandring").onsuccess = ({target}) => resolve(target.result); });
  const all = (name, keys) => new Promise((resolve) => {
    const store = db.transaction(name).objectStore(name);
    (keys ? store.getAllKeys() : store.getAll()).onsuccess = ({target}) => resolve(target.result);
  });
  const [notes, photos, drafts, ids, bytes] = [await all("notes"), await all("photos"), await all("drafts"),
    await all("bytes", true), await all("bytes")];
  db.close();
  const sums = {};
  for (const [at, id] of ids.entries()) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes[at]));
    sums[id] = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return {
    notes: notes.map(({content}) => [content.note, content.photos.map(({id, sha256}) => [sha256, sums[id] ?? "gone"])]),
    drafts: drafts.map(({content, key}) => [content.note, photos.filter((one) => one.draft_key === key)
      .map(({id, sha256}) => [sha256, sums[id] ?? "gone"])]),
    left: notes.filter(({content, sent_rev}) => sent_rev < content.rev).length + photos.filter(({state}) => state === "kept").length,
  };
}"""
# Tells Python, as soon as the screen says so, that the note is saved.
WATCH = """new MutationObserver(() => {
  if (document.querySelector("[role=status]").innerText.includes("Gemt på telefonen")) told();
}).observe(document.body, {childList: true, subtree: true, characterData: true})"""


class Evening:
    """One walker's evening in a browser that keeps being killed: what was told, and what must be there."""

    def __init__(self, walker: Walker, planned: Planned, folder: Path) -> None:
        self.walker, self.planned, self.folder = walker, planned, folder
        self.random = random.Random(3)
        self.saved: dict[str, int] = {}  # words of each note that must be there, and its number of photos
        self.told = False
        self.counts = {"kills": 0, "notes told saved": 0, "found as draft": 0, "with unsent": 0}
        page = self.start(offline=False)
        page.goto(planned.walk["join_url"])
        page.get_by_role("button", name="Gå med", exact=True).click()
        expect(page.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()
        assert self.walker.context
        self.walker.context.set_offline(True)

    def start(self, offline: bool = True) -> Page:
        self.page = self.walker.start(offline=offline)
        self.page.expose_function("told", lambda: setattr(self, "told", True))
        return self.page

    def open(self) -> None:
        """The app in airplane mode; a draft that was cut off opens by itself, is what it was, and is saved now."""
        self.page.goto(f"{self.walker.url}/app/")
        self.page.get_by_role("link", name="Ny note", exact=True).or_(self.button("Gem")).first.wait_for()

    def write(self, words: str, photo: bool) -> None:
        """A note that lacks nothing but the tap on Gem."""
        self.page.get_by_role("link", name="Ny note", exact=True).click()
        self.page.get_by_role("radio", name="Utryg", exact=True).check()
        self.button("Skriv").click()
        self.page.get_by_role("textbox", name="Note", exact=True).fill(words)
        if photo:
            path = self.folder / "image.jpg"
            Image.effect_noise((900, 700), 80).convert("RGB").save(path, quality=90)
            self.page.locator("input[type=file][multiple]").set_input_files(path)
            expect(self.page.locator(".shots li")).to_have_count(1)
        self.told = False
        self.page.evaluate(WATCH)

    def save(self) -> None:
        self.button("Gem").click()
        expect(self.page.get_by_role("status")).to_contain_text("Gemt på telefonen")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def kill(self, after_ms: float, script: str) -> None:
        """SIGKILL for the browser `after_ms` from the moment the script begins to run in the page."""
        browser = int(os.readlink(self.walker.folder / "SingletonLock").rsplit("-", 1)[1])
        timer = threading.Timer(after_ms / 1000, os.kill, (browser, signal.SIGKILL))
        timer.start()
        with pytest.raises(Error):
            self.page.evaluate(f"{script}; new Promise(() => {{}})")
        timer.join()
        self.walker.kill()
        self.counts["kills"] += 1
        self.counts["notes told saved"] += self.told

    def check(self, words: str, photos: int) -> None:
        """After the restart, in airplane mode: everything saved before, and this note, as a note or at least as draft."""
        self.start()
        self.open()
        held = self.page.evaluate(HELD)
        notes = dict(held["notes"])
        assert len(notes) == len(held["notes"]), "twice"
        assert {text: len(own) for text, own in notes.items()}.items() >= self.saved.items()
        drafts = dict(held["drafts"])
        assert words in notes or (words in drafts and not self.told), f"{words!r} is lost"
        kept = notes[words] if words in notes else drafts[words]
        assert len(kept) == photos
        sums = [pair for own in (*notes.values(), *drafts.values()) for pair in own]
        assert [declared for declared, _ in sums] == [found for _, found in sums], "every photo, byte for byte"
        if words in drafts:
            self.counts["found as draft"] += 1
            expect(self.page.get_by_role("textbox", name="Note", exact=True)).to_have_value(words)
            self.save()
        self.counts["with unsent"] += held["left"] > 0
        self.saved[words] = photos

    def arrives_once(self, server: Server) -> None:
        """Online again: the report has each note once, the server each photo with the phone's own sum."""
        assert self.walker.context
        self.walker.context.set_offline(False)
        self.page.get_by_role("link", name="Noter", exact=True).click()
        self.button("Send nu").click()
        expect(self.page.get_by_text("Alle er fremme")).to_be_visible(timeout=60_000)
        held = dict(self.page.evaluate(HELD)["notes"])
        assert {words: len(own) for words, own in held.items()} == self.saved
        query = """SELECT o.note, p.sha256, p.state FROM observation o LEFT JOIN photo p ON p.observation_id = o.id
                   WHERE o.walk_id = :walk_id"""
        rows = server.rows(query, walk_id=self.planned.walk["walk_id"])
        assert len(rows) == sum(max(1, photos) for photos in self.saved.values())
        assert {words for words, *_ in rows} == set(self.saved)
        assert {state for _, sum_, state in rows if sum_} <= {"stored", "ready"}
        assert {sum_ for _, sum_, _ in rows if sum_} == {found for own in held.values() for _, found in own}
        print(
            f"\n{self.counts}, {len(self.saved)} notes with {sum(self.saved.values())} photos in the report, none twice"
        )


@pytest.fixture
def evening(
    planned: Planned,
    shared_server: Server,
    browser_type: BrowserType,
    whole_browser_args: dict[str, Any],
    tmp_path: Path,
) -> Iterator[Evening]:
    walker = Walker(browser_type, whole_browser_args, tmp_path / "profile", shared_server.url)
    mine = plan(shared_server, tmp_path, planned.key)
    yield Evening(walker, mine, tmp_path)
    walker.close()


def test_ten_kills_at_the_tap_on_save_lose_nothing(evening: Evening, shared_server: Server) -> None:
    evening.open()
    for number in range(KILLS):
        words, photo = f"Ved gem {number}", number % 3 == 2
        evening.write(words, photo)
        tap = "[...document.querySelectorAll('button')].find((one) => one.innerText.trim() === 'Gem').click()"
        evening.kill(evening.random.uniform(0, 60), tap)
        evening.check(words, int(photo))
    evening.arrives_once(shared_server)
    assert evening.counts["kills"] == KILLS


def test_ten_kills_while_the_camera_is_open_lose_nothing(evening: Evening, shared_server: Server) -> None:
    evening.open()
    for number in range(KILLS):
        words = f"Ved kameraet {number}"
        evening.write(words, photo=False)
        with evening.page.expect_file_chooser():
            evening.button("Billede").click()
        evening.kill(evening.random.uniform(0, 60), "0")
        evening.check(words, 0)
    evening.arrives_once(shared_server)
    assert evening.counts["found as draft"] == KILLS


def test_ten_kills_in_mid_upload_lose_nothing_and_send_nothing_twice(evening: Evening, shared_server: Server) -> None:
    evening.open()
    for number in range(KILLS):
        words = f"Undervejs {number}"
        evening.write(words, photo=True)
        evening.save()
        line = evening.page.context.new_cdp_session(evening.page)
        with evening.page.expect_request("**/api/v1/observations/**"):
            evening.page.context.set_offline(False)
            line.send("Network.emulateNetworkConditions", SLOW)
        evening.kill(evening.random.uniform(0, 1500), "0")
        evening.check(words, 1)
    evening.arrives_once(shared_server)
    assert evening.counts["with unsent"] == KILLS
