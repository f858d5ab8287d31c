"""A walk on WebKit, the engine of every iPhone: what was saved there is kept through kills, and arrives once.

Real WebKitGTK, real service worker and IndexedDB, a real server behind a network that can be taken away.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.browser import liar
from tests.browser.liar import Liar
from tests.browser.walking import Planned, plan
from tests.browser.webkit.running import Webkit, eventually, screen
from tests.running import Server

# Selenium 4 warns of its own doing.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

PRESS = """const all = (selector) => [...document.querySelectorAll(selector)];
  const said = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim();
  const found = all("a, button").find((element) => said(element) === given[0]);
  found?.click();
  return Boolean(found)"""
TYPE = """const field = document.querySelector(given[0]);
  if (field) { field.value = given[1]; field.dispatchEvent(new Event("input", { bubbles: true })); }
  return Boolean(field)"""
CHOOSE = """const files = new DataTransfer();
  for (const text of given) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    files.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
  }
  const input = document.querySelector("#library");
  input.files = files.files;
  input.dispatchEvent(new Event("change"));"""
# As iOS does in the background: the connection is closed behind the app's back, and its next use fails.
CLOSE = """const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...how) {
    IDBDatabase.prototype.transaction = transaction;
    globalThis.closed_behind_its_back = true;
    this.close();
    return transaction.apply(this, how);
  };"""
STORED = """const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open("tryghedsvandring");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const get = (store, how) => new Promise((resolve) => {
    const asked = db.transaction(store).objectStore(store)[how]();
    asked.onsuccess = () => resolve(asked.result);
  });
  const [notes, drafts, photos] = [await get("notes", "getAll"), await get("drafts", "getAll"), await get("photos", "getAll")];
  const [ids, buffers] = [await get("bytes", "getAllKeys"), await get("bytes", "getAll")];
  db.close();
  const sum = async (buffer) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", buffer))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const kinds = buffers.map((buffer) => [buffer.constructor.name, ...new Uint8Array(buffer.slice(0, 3))].join());
  const sums = Object.fromEntries(await Promise.all(ids.map(async (id, at) => [id, await sum(buffers[at])])));
  return {
    notes: notes.map(({ content }) => content.note), drafts: drafts.map(({ content }) => content.note), kinds, sums,
    declared: Object.fromEntries(photos.map(({ id, sha256 }) => [id, sha256])), types: photos.map(({ type }) => type),
  };"""


class Walker:
    """A walker with a WebKit phone, on the app's screens."""

    def __init__(self, phone: Webkit, network: Liar, planned: Planned) -> None:
        self.phone, self.network, self.planned = phone, network, planned

    def join(self) -> "Walker":
        self.phone.start().open(self.planned.walk["join_url"].replace(self.planned.server.url, self.network.url))
        self.press("Gå med")
        self.sees("Klar til at gå offline")
        return self

    def killed(self) -> "Walker":
        """The battery is out and in again; the app is opened."""
        self.phone.kill()
        self.phone.start().open(f"{self.network.url}/app/")
        return self

    def press(self, name: str) -> None:
        self.phone.until(PRESS, name)

    def sees(self, text: str) -> None:
        try:
            self.phone.until("return document.body.innerText.includes(given[0])", text)
        except AssertionError:
            raise AssertionError(f"{text!r} is not in {self.phone.run('return document.body.innerText')!r}") from None

    def begin(self, words: str, *photos: str) -> None:
        """A note with everything but the last tap."""
        self.phone.run("location.hash = '#/walk'")
        self.press("Ny note")
        self.phone.until("const it = document.querySelector('[value=unsafe]'); it?.click(); return Boolean(it)")
        self.press("Skriv")
        self.phone.until(TYPE, "#note", words)
        if photos:
            self.phone.run(CHOOSE, *photos)
            self.phone.until("return document.querySelectorAll('.shots li').length === given[0]", len(photos))
        self.phone.until(
            "return " + json.dumps(words) + " && (await (async () => {" + STORED + "})()).drafts.includes(given[0])",
            words,
        )

    def save(self) -> None:
        self.press("Gem")
        self.sees("Gemt på telefonen")

    def stored(self) -> dict[str, Any]:
        """What is in the phone's database; each photo is an ArrayBuffer with a JPEG of the declared sum."""
        held: dict[str, Any] = self.phone.run(STORED)
        assert set(held["kinds"]) <= {"ArrayBuffer,255,216,255"}
        assert set(held["types"]) <= {"image/jpeg"}
        assert held["sums"] == held["declared"]
        return held

    def all_sent(self) -> None:
        self.phone.run("location.hash = '#/notes'")
        self.press("Send nu")
        self.sees("Alle er fremme")

    def received(self) -> dict[str, int]:
        """How many photos came with each note, by its words; a note that came twice is a failure."""
        url = f"{self.planned.server.url}/walks/{self.planned.walk['walk_id']}/report.geojson"
        answer = httpx.get(url, headers={"Authorization": f"Bearer {self.planned.key}"}).raise_for_status()
        found = [feature["properties"] for feature in answer.json()["features"]]
        notes = {properties["note"]: len(properties["photos"]) for properties in found}
        assert len(notes) == len(found)
        return notes


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture(scope="module")
def network(shared_server: Server) -> Iterator[Liar]:
    network = Liar(shared_server.port).start()
    yield network
    network.stop()


@pytest.fixture
def walker(display: str, shared_server: Server, network: Liar, tmp_path: Path) -> Iterator[Walker]:
    """A walker on a walk of her own, ready to go offline."""
    phone = Webkit(display, tmp_path / "profile")
    try:
        yield Walker(phone, network, plan(shared_server, tmp_path)).join()
    finally:
        phone.close()
        network.honest()


@pytest.fixture(scope="module")
def photo() -> Callable[[int], str]:
    """Makes photos of a phone's size, in base64; another number, another photo."""

    def make(number: int) -> str:
        file = io.BytesIO()
        Image.effect_noise((2400, 1800), 20 + number).convert("RGB").save(file, "JPEG")
        return base64.b64encode(file.getvalue()).decode()

    return make


def test_a_walk_without_a_server_is_kept_and_sent_when_it_is_back(
    walker: Walker, shared_server: Server, photo: Callable[[int], str]
) -> None:
    shared_server.stop()
    walker.killed()
    for number in range(3):
        walker.begin(f"note {number}", *(photo(10 * number + at) for at in range(number + 1)))
        walker.save()
    held = walker.stored()
    assert sorted(held["notes"]) == ["note 0", "note 1", "note 2"]
    assert len(held["sums"]) == 6
    assert len(set(held["sums"].values())) == 6
    walker.phone.run("location.hash = '#/notes'")
    walker.press("Send nu")
    walker.sees("Der er ikke net lige nu.")
    walker.sees("venter på net")
    shared_server.start()
    walker.all_sent()
    assert walker.received() == {"note 0": 1, "note 1": 2, "note 2": 3}
    stored = {path.name: path for path in (shared_server.data / "photos").rglob("*") if path.is_file()}
    assert stored


def test_what_was_saved_outlives_five_kills_and_arrives_once(walker: Walker, photo: Callable[[int], str]) -> None:
    kept: dict[str, int] = {}
    for number in range(5):
        walker.network.tell(liar.hangs, "/photos/")  # the words arrive, the photos are on their way
        before = len(walker.network.asked)
        walker.begin(f"drab {number}", photo(number))
        walker.save()
        kept[f"drab {number}"] = 1
        if number % 2:  # in mid-upload
            eventually(
                lambda since=before: [1 for _, path in walker.network.asked[since:] if "/photos/" in path], "an upload"
            )
        walker.begin(f"kladde {number}")
        walker.network.tell(liar.resets)
        walker.killed()
        walker.sees("Ny note")
        assert walker.phone.until("return document.querySelector('#note')?.value") == f"kladde {number}"
        held = walker.stored()
        assert sorted(held["notes"]) == sorted(kept)
        assert len(held["sums"]) == len(kept)
        walker.press("Smid kladden væk")
        walker.sees("Kladden er smidt væk")
    walker.network.honest()
    walker.all_sent()
    assert walker.received() == kept


def test_a_database_that_the_system_took_away_is_opened_again(walker: Walker, photo: Callable[[int], str]) -> None:
    walker.begin("før", photo(1))
    walker.save()
    walker.begin("efter")
    walker.phone.run(CLOSE)
    walker.phone.until(TYPE, "#note", "efter, skrevet videre")
    walker.phone.until("return globalThis.closed_behind_its_back")
    walker.save()
    walker.all_sent()
    assert walker.received() == {"før": 1, "efter, skrevet videre": 0}
    walker.killed()
    assert sorted(walker.stored()["notes"]) == ["efter, skrevet videre", "før"]
