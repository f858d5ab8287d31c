"""5,000 notes on the map of a desk without a GPU: soon there, and filtered at once. Prints what was measured (pytest -s)."""

import random
import statistics
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.db import Database
from app.models import Observation, Participant, Walk, new_id, now
from app.taxonomy import factors
from tests.browser.test_report import Evening, walked
from tests.running import Server

pytestmark = pytest.mark.alone
NOTES = 5_000
# What is aimed at is 1,500 and 100 ms, on a machine that does nothing else; a slow one is no failure, a map that got slow is. Of what
# a filter takes until it is drawn, two or three frames of the browser's software renderer are most: docs/decisions/0005-the-map.md.
FIRST_MS, FILTER_MS = 4_500, 300
# Milliseconds from the map's beginning, with nothing of it fetched yet, until it shows the notes.
FIRST = """async () => {
  const map = document.querySelector("tryg-map");
  const started = performance.now();
  const drawing = await map.drawing();
  return {took: performance.now() - started, notes: drawing.all().length, resting: drawing.map.areTilesLoaded()};
}"""
# Milliseconds from a filter's change until the notes that pass are gathered, and until they are drawn.
FILTERED = """async (valence) => {
  const map = document.querySelector("tryg-map");
  const drawing = await map.drawing();
  const started = performance.now();
  await map.filter(valence ? (note) => note.properties.valence === valence : null);
  const gathered = performance.now() - started;
  while (!drawing.map.isSourceLoaded("notes")) await new Promise((resolve) => drawing.map.once("sourcedata", resolve));
  await new Promise((resolve) => drawing.map.once("render", resolve).triggerRepaint());
  return {gathered, drawn: performance.now() - started, notes: drawing.notes().length};
}"""


@pytest.fixture(scope="module")
def crowded(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """A walk with 5,000 notes, most along its route, put straight into the database."""
    evening = walked(shared_server, tmp_path_factory.mktemp("walk"))
    chance, walk_id = random.Random(5), evening.url.split("/")[4]
    reasons = [key for key, about in factors().items() if not about["sensitive"]]
    db = Database(shared_server.database)
    with db.write() as tx:
        walk = tx.get_one(Walk, walk_id)
        people = [
            Participant(id=new_id(), walk_id=walk_id, secret_hash="x", role=role) for role in ("resident", "police")
        ]
        tx.add_all(people)
        tx.flush()
        for number in range(NOTES - 3):
            along, moment = chance.random(), now() - timedelta(seconds=number)
            place = {
                "lat": 57.04 + along * 0.002 + chance.gauss(0, 0.0006),
                "lon": 9.98 + along * 0.004 + chance.gauss(0, 0.0012),
            }
            tx.add(Observation(
                id=new_id(), walk_id=walk_id, participant_id=chance.choice(people).id, rev=1, seq=walk.seq + number + 1,
                first_received_at=moment, received_at=moment, captured_at=moment.isoformat(), captured_utc=moment,
                valence=chance.choice(["safe", "mixed", "unsafe", None]), factors=chance.sample(reasons, 2),
                note="Lampen ved hjørnet er slukket, og buskene står tæt. " * chance.randrange(1, 4),
                fix=place | {"accuracy_m": 8, "source": "gps", "fixed_at": moment.isoformat()},
            ))  # fmt: skip
        walk.seq += NOTES
    db.close()
    return evening


def test_five_thousand_notes_are_on_the_map_soon_and_filtered_at_once(crowded: Evening, page: Page) -> None:
    crowded.read(page)
    opened = []
    for _ in range(3):  # first the server builds the places; then the browser asks whether they are still the same
        page.set_viewport_size({"width": 1280, "height": 250})  # the map is too far off to begin by itself
        page.goto(crowded.url)
        expect(page.locator("#notes")).to_be_attached()
        page.set_viewport_size({"width": 1280, "height": 900})
        opened.append(page.evaluate(FIRST))
    assert [one["notes"] for one in opened] == [NOTES] * 3
    firsts = [one["took"] for one in opened]
    page.locator("tryg-map").scroll_into_view_if_needed()
    page.evaluate(FILTERED, "safe")
    times = [page.evaluate(FILTERED, valence) for valence in ("unsafe", "safe", None, "mixed", None)]
    assert times[2]["notes"] == NOTES
    assert 0 < times[0]["notes"] < NOTES / 2
    gathered, seen = (statistics.median(one[part] for one in times) for part in ("gathered", "drawn"))
    told = ", ".join(f"{took:.0f}" for took in firsts)
    print(f"\n5,000 notes on the map after {told} ms; a filter: gathered {gathered:.0f} ms, drawn {seen:.0f} ms")
    assert statistics.median(firsts) < FIRST_MS
    assert gathered < FILTER_MS
