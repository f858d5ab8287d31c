"""A walker who wrote all evening without a network: 500 notes and 300 photos slow nothing down, and go off smoothly.

Times are compared with the same phone while its outbox was empty, the processor slowed four times; printed by pytest -s.
How long the page's thread was busy is its own processor time, so that a busy machine is not taken for a frozen page. What
the browser itself does in between to take back memory is measured apart: it posts those tasks, and we only leave it less.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.browser.pocket import Phone, picture
from tests.running import Server

SLOWER = 4
TRIES = 5
NOTES, PHOTOS, PHOTO_BYTES = 500, 300, 60_000
SENT_BEFORE = 20
WORDS = {
    "valence": "unsafe",
    "feeling": 1,
    "factors": ["lighting.outage"],
    "note": "Lampen er slukket, og her er mørkt. " * 6,
}
ARRIVED_PHOTOS = "photo WHERE state IN ('stored', 'ready')"
AS_BEFORE = 1.5  # times what it takes with an empty outbox
NOISE_MS = 40  # nobody feels it, and a disk that others use is no more even than that
FROZEN_MS = 50
ROUNDS = 3
COLLECTOR = ("v8/src/heap/", "/cppgc-internal/", "base/allocator/")
COLLECTED_MS = 200  # seen: 40 to 130, most of it the browser's own counting of what is no longer used
TASK = "ThreadControllerImpl::RunTask"
WATCHED_MS = 8_000

# Milliseconds from a tap on the link or button called `name` until something that fits the selector says `words`.
FROM_TAP = """([name, appears, words]) => new Promise((resolve) => {
  const started = performance.now();
  const watcher = new MutationObserver(() => {
    if (![...document.querySelectorAll(appears)].some((one) => one.innerText.includes(words))) return;
    watcher.disconnect();
    resolve(performance.now() - started);
  });
  watcher.observe(document.body, {childList: true, subtree: true, characterData: true});
  [...document.querySelectorAll("a, button")].find((one) => one.innerText.trim().startsWith(name)).click();
})"""
# Writes one note with a photo, and then as many like it as are missing straight into the database, which saves minutes.
FILL = """
const [count, photos, jpeg, size, words] = given;
const start = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
const bytes = (n) => { const all = new Uint8Array(size).fill(n); all.set(start); all[size - 1] = n >> 8; return all.buffer; };
await store.addDraftPhoto("new", {buffer: bytes(0), type: "image/jpeg"});
const first = await save(words);
const db = await new Promise((resolve) => { indexedDB.open("tryghedsvandring").onsuccess = ({target}) => resolve(target.result); });
const get = (name, id) => new Promise((resolve) => { db.transaction(name).objectStore(name).get(id).onsuccess = ({target}) => resolve(target.result); });
const [record, photo] = [await get("notes", first.id), await get("photos", first.photos[0].id)];
const made = [];
for (let n = 1; n < count; n++) {
  const [id, photo_id, buffer] = [ids.uuid7(), ids.uuid7(), bytes(n)];
  const own = n < photos ? [{...photo, id: photo_id, note_id: id, sha256: await ids.sha256(buffer)}] : [];
  const declared = own.map(({id, sha256, bytes, type}) => ({id, sha256, bytes, type}));
  made.push({record: {...record, id, content: {...record.content, note: `${n}. ${words.note}`, photos: declared}}, own, buffer});
}
const tx = db.transaction(["notes", "photos", "bytes"], "readwrite");
for (const {record, own, buffer} of made) {
  tx.objectStore("notes").put(record);
  for (const one of own) { tx.objectStore("photos").put(one); tx.objectStore("bytes").put(buffer, one.id); }
}
await new Promise((resolve) => { tx.oncomplete = resolve; });
db.close();
"""


@pytest.fixture
def context(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[BrowserContext]:
    """A browser whose database is on the disk, as a phone's is."""
    upright: Any = {"viewport": {"width": 390, "height": 844}, "locale": "da-DK"}
    folder = str(tmp_path / "profile")
    context = playwright.chromium.launch_persistent_context(folder, **browser_type_launch_args, **upright)
    yield context
    context.close()


@pytest.mark.alone
def test_500_notes_and_300_photos_slow_nothing_down_and_go_off_without_freezing(
    context: BrowserContext, phone: Phone, shared_server: Server
) -> None:
    phone.run("for (let n = 0; n < given[0]; n++) await save(given[1]); await sync.sendNow()", SENT_BEFORE, WORDS)
    page = context.new_page()
    page.goto(f"{shared_server.url}/app/")
    expect(page.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()
    context.set_offline(True)
    slow_down(page, SLOWER)
    empty = waits(page, shared_server)
    phone.run(FILL, NOTES - 2 * TRIES, PHOTOS, picture(1200, 900), PHOTO_BYTES, WORDS)
    total, full = NOTES, waits(page, shared_server)
    for _ in range(ROUNDS - 1):  # somebody else's second on this machine is no second of ours
        if all(full[what] < AS_BEFORE * before + NOISE_MS for what, before in empty.items()):
            break
        total, full = (
            total + TRIES,
            {what: min(full[what], again) for what, again in waits(page, shared_server).items()},
        )
    for what, before in empty.items():
        print(f"\n{what}: {before:.0f} ms with an empty outbox, {full[what]:.0f} ms with {total} notes", end="")
        assert full[what] < AS_BEFORE * before + NOISE_MS

    page.get_by_role("link", name="Noter", exact=True).click()
    expect(page.get_by_text(f"{total} på vej")).to_be_visible()
    expect(page.locator(".note")).to_have_count(8)
    page.locator(".note").last.scroll_into_view_if_needed()
    expect(page.locator(".note")).to_have_count(16)  # never more than one has scrolled to
    words = busiest(page, lambda: context.set_offline(False))
    slow_down(page, 1)
    expect(page.get_by_text(re.compile("^[1-2][0-9][0-9] på vej"))).to_be_visible(
        timeout=90_000
    )  # only photos are left
    slow_down(page, SLOWER)
    photos = busiest(page, lambda: None)
    slow_down(page, 1)
    expect(page.get_by_text("Alle er fremme")).to_be_visible(timeout=90_000)
    print(f"\nlongest task while sending, at {SLOWER}×: words {max(words[0]):.0f} ms, photos {max(photos[0]):.0f} ms")
    print(f"longest taking back of memory: {max(words[1] + photos[1]):.0f} ms")
    # One may be over, by less than anybody notices: our own looking on costs time too, and so does drawing without a GPU.
    ours = words[0] + photos[0]
    assert len([task for task in ours if task > FROZEN_MS]) <= 1
    assert max(ours) < 2 * FROZEN_MS
    assert max(words[1] + photos[1]) < COLLECTED_MS
    with sqlite3.connect(shared_server.data / "tryg.sqlite") as db:
        arrived = [db.execute(f"SELECT count(*) FROM {what}").fetchone()[0] for what in ("observation", ARRIVED_PHOTOS)]
    db.close()
    assert arrived == [total + SENT_BEFORE, PHOTOS]


def slow_down(page: Page, times: int) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


def waits(page: Page, server: Server) -> dict[str, float]:
    """Milliseconds to open the app, to open the list and to save a note: the best of a few, when nothing else happened."""
    starts, lists, saves = [], [], []
    for _ in range(TRIES):
        page.goto("about:blank")
        page.goto(f"{server.url}/app/", wait_until="commit")
        page.get_by_role("link", name="Ny note", exact=True).wait_for()
        starts.append(float(page.evaluate("performance.now()")))
        lists.append(float(page.evaluate(FROM_TAP, ["Noter", ".note .state", ""])))
        page.get_by_role("link", name="Ny note", exact=True).click()
        page.get_by_role("radio", name="Utryg", exact=True).check()
        saves.append(float(page.evaluate(FROM_TAP, ["Gem", "[role=status]", "Gemt på telefonen"])))
        page.get_by_role("link", name="Noter", exact=True).wait_for()
    return {name: min(all) for name, all in [("start", starts), ("list", lists), ("save", saves)]}


def busiest(page: Page, begin: Any) -> tuple[list[float], list[float]]:
    """The page's tasks while we watch, and the browser's own for its memory, in milliseconds of the thread's own time."""
    devtools = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    over: list[Any] = []
    devtools.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    devtools.on("Tracing.tracingComplete", lambda end: over.append(end))
    config = {"includedCategories": ["toplevel", "__metadata"]}
    devtools.send("Tracing.start", {"traceConfig": config, "transferMode": "ReportEvents"})
    begin()
    page.wait_for_timeout(WATCHED_MS)
    devtools.send("Tracing.end")
    for _ in range(100):
        if over:
            break
        page.wait_for_timeout(100)
    named = {"thread_name": "CrRendererMain"}
    mains = {
        (one["pid"], one["tid"]) for one in events if one["name"] in named and one["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        one
        for one in events
        if one["name"] == TASK and one["ph"] == "X" and (one["pid"], one["tid"]) in mains and "tdur" in one
    ]
    assert len(tasks) > 100, "the page was at work, and was seen"
    collecting = [one for one in tasks if any(place in one["args"].get("src_file", "") for place in COLLECTOR)]
    return [one["tdur"] / 1000 for one in tasks if one not in collecting], [one["tdur"] / 1000 for one in collecting]
