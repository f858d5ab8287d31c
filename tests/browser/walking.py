"""A walker on the screens of the app: a walk with stops, joining it, three taps to a note, and what the server then has.

Hides how the walk is made and how the report is read. Finds everything by the Danish names that people hear and see.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.running import Server

STOPS = {
    "Beboerhuset Kilden": (57.0498, 9.9227),
    "Birketorvet": (57.0508, 9.9237),
    "Tunnelen under ringvejen": (57.0528, 9.9257),
}
AT_THE_TUNNEL: Any = {"latitude": 57.0528, "longitude": 9.9257, "accuracy": 8}
KEPT = """async (key) => {
  const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  const found = await new Promise((done) => (db.transaction("kept").objectStore("kept").get(key).onsuccess = ({ target }) => done(target.result)));
  db.close();
  return found ?? null;
}"""
FILL = """(now) => {
  const { put } = IDBObjectStore.prototype;
  if (globalThis.full === undefined) IDBObjectStore.prototype.put = function (...given) {
    if (globalThis.full) throw new DOMException("full", "QuotaExceededError");
    return put.apply(this, given);
  };
  globalThis.full = now;
}"""


@dataclass(frozen=True)
class Planned:
    """A walk on a real server: what `tryg walk create` printed, and a coordinator's reading key."""

    server: Server
    walk: dict[str, str]
    key: str


@dataclass
class Evening:
    """One walker's evening: a page on which he or she takes part in a planned walk."""

    plan: Planned
    page: Page
    server: Server = field(init=False)
    walk: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.server, self.walk = self.plan.server, self.plan.walk
        self.page.context.grant_permissions(["geolocation"])
        self.page.context.set_geolocation(AT_THE_TUNNEL)

    @property
    def url(self) -> str:
        return f"{self.server.url}/app/"

    def join(self) -> "Evening":
        self.page.goto(self.walk["join_url"])
        self.page.get_by_role("button", name="Gå med", exact=True).click()
        expect(self.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
        return self

    def ready(self) -> "Evening":
        """Waits until the phone says that it can do without a network."""
        expect(self.page.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()
        return self

    def offline(self, gone: bool = True) -> "Evening":
        self.page.context.set_offline(gone)
        return self

    def begin(self, valence: str | None = None) -> "Evening":
        self.page.get_by_role("link", name="Ny note", exact=True).click()
        expect(self.button("Gem")).to_be_visible()
        if valence:
            self.page.get_by_role("radio", name=valence, exact=True).check()
        return self

    def write(self, words: str) -> "Evening":
        self.button("Skriv").click()
        self.page.get_by_role("textbox", name="Note", exact=True).fill(words)
        return self

    def add_photos(self, *photos: Path) -> "Evening":
        before = self.page.locator(".shots li").count()
        self.page.locator("input[type=file][multiple]").set_input_files([str(photo) for photo in photos])
        expect(self.page.locator(".shots li")).to_have_count(before + len(photos))
        return self

    def save(self) -> "Evening":
        self.button("Gem").click()
        expect(self.said).to_contain_text("Gemt på telefonen")
        return self

    def notes(self) -> "Evening":
        self.page.get_by_role("link", name="Noter", exact=True).click()
        expect(self.button("Send nu")).to_be_visible()
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def keeps(self, key: str, value: Any) -> None:
        """Waits until the phone has it in its database: a choice is seen before it is kept."""
        self.wait(lambda: bool(self.page.evaluate(KEPT, key) == value))

    @property
    def said(self) -> Locator:
        return self.page.get_by_role("status")

    def received(self, words: str) -> list[dict[str, Any]]:
        """The report's features whose note says `words`, as a coordinator's script reads them."""
        address = f"{self.server.url}/walks/{self.walk['walk_id']}/report.geojson"
        answer = httpx.get(address, headers={"Authorization": f"Bearer {self.plan.key}"})
        answer.raise_for_status()
        return [feature for feature in answer.json()["features"] if words in feature["properties"]["note"]]

    def received_at_last(self, words: str, count: int) -> None:
        """Waits until the report has `count` notes that say `words`; at most 20 s."""
        for _ in range(100):
            if len(self.received(words)) == count:
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"the report has {len(self.received(words))} notes with {words!r}, not {count}")

    def wait(self, until: Callable[[], bool]) -> None:
        """Waits until it is so; at most 20 s."""
        for _ in range(100):
            if until():
                return
            self.page.wait_for_timeout(200)
        raise AssertionError("it has not come to that")


def plan(server: Server, folder: Path, key: str = "") -> Planned:
    """A fresh walk with three stops; `key`: one that was made before."""
    route = folder / "route.geojson"
    line = {"type": "LineString", "coordinates": [[lon, lat] for lat, lon in STOPS.values()]}
    points = [
        {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": [lon, lat]}}
        for name, (lat, lon) in STOPS.items()
    ]
    features = [{"type": "Feature", "properties": {}, "geometry": line}, *points]
    route.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    walk = server.tryg("walk", "create", "--title", "Aftenvandring i Aalborg Øst", "--route", str(route))
    if not key:
        server.tryg("user", "add", "tovholder@kommune.example", "--role", "coordinator")
        key = server.tryg("user", "key", "tovholder@kommune.example")["key"]
    return Planned(server, walk, key)


def fill(page: Page, full: bool = True) -> None:
    """From now on the phone has no room for anything more, or has it again."""
    page.evaluate(FILL, full)
