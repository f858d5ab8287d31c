"""A walker with a WebKit phone: what she does on the app's screens, and what is then on the phone and in the report."""

import json
import shutil
from typing import Any

import httpx

from tests.browser.liar import Liar
from tests.browser.walking import Planned
from tests.browser.webkit.running import Webkit

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

    def killed(self, tidied: bool = False) -> "Walker":
        """The battery is out and in again; the app is opened. `tidied`: the system has emptied the browser's cache, as it may."""
        self.phone.kill()
        if tidied:
            shutil.rmtree(self.phone.cache)
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
