"""A walk that has a map of its own, and the map in its phone's pocket; the server that cuts it is the fixture `mapped`."""

from pathlib import Path

from playwright.sync_api import expect

from app.db import Database
from app.models import Walk
from tests.browser.walking import Evening, Planned, plan
from tests.browser.webkit.running import eventually
from tests.running import Server

IN_POCKET = """async () => {
  const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  const map = await new Promise((done) => (db.transaction("kept").objectStore("kept").get("map").onsuccess = ({ target }) => done(target.result)));
  db.close();
  let text = "";
  for (const byte of new Uint8Array(map.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def planned_with_map(server: Server, folder: Path) -> Planned:
    """A walk whose map has been cut."""
    planned = plan(server, folder)
    wait_for_map(planned)
    return planned


def wait_for_map(planned: Planned) -> None:
    db = Database(planned.server.database)

    def is_cut() -> bool:
        with db.read() as tx:
            walk = tx.get(Walk, planned.walk["walk_id"])
            return walk is not None and walk.map_sha256 is not None

    eventually(is_cut, "the walk has a map")
    db.close()


def ready_with_map(night: Evening) -> Evening:
    expect(night.page.get_by_text("Kortet ligger på telefonen")).to_be_visible(timeout=40_000)
    return night.ready()
