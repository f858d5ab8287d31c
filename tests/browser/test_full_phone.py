"""A phone that is full, a database that is taken away, an older or a newer release's database: nothing saved is hurt."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, BrowserType, Page, Playwright, expect

from tests.browser.pocket import Phone, picture
from tests.browser.test_sync import SENT, on_the_server, wait_until
from tests.browser.walking import Evening, fill, plan
from tests.running import Server

# A database as the first release made it: five stores, two indexes, one walk, two notes, a photo, a draft with its own.
VERSION_1 = """
const me = await store.joined();
const digest = await ids.sha256(new Uint8Array([1, 2, 3]).buffer);
await store.leave();
await new Promise((resolve) => { const gone = indexedDB.deleteDatabase("tryghedsvandring"); gone.onsuccess = resolve; });
const db = await new Promise((resolve) => {
  const opening = indexedDB.open("tryghedsvandring", 1);
  opening.onupgradeneeded = () => {
    const db = opening.result;
    db.createObjectStore("kept");
    db.createObjectStore("notes", {keyPath: "id"});
    const photos = db.createObjectStore("photos", {keyPath: "id"});
    photos.createIndex("note", "note_id");
    photos.createIndex("draft", "draft_key");
    db.createObjectStore("bytes");
    db.createObjectStore("drafts", {keyPath: "key"});
  };
  opening.onsuccess = () => resolve(opening.result);
});
const content = {walk_id: me.walk.id, rev: 1, deleted: false, captured_at: i18n.stamp(), valence: "unsafe", feeling: null,
  factors: [], note: "", suggestion: "", fix: null, pin: null, stop_id: null, photos: []};
const rest = {saved_at: 1, tried_rev: 0, sent_rev: 0, receipt: null, problem: null, draft_id: ""};
const [first, second, photo, other] = [ids.uuid7(), ids.uuid7(), ids.uuid7(), ids.uuid7()];
const bytes = Uint8Array.from(atob(given[0]), (letter) => letter.charCodeAt(0)).buffer;
const shot = {type: "image/jpeg", bytes: bytes.byteLength, sha256: await ids.sha256(bytes), state: "kept", problem: null};
const declared = [{id: photo, sha256: shot.sha256, bytes: shot.bytes, type: shot.type}];
const tx = db.transaction([...db.objectStoreNames], "readwrite");
const put = (name, value, key) => tx.objectStore(name).put(value, key);
put("kept", me, "joined");
put("kept", "dark", "setting:theme");
put("notes", {id: first, content: {...content, note: "fra version 1", photos: declared}, ...rest});
put("notes", {id: second, content: {...content, note: "afvist i version 1"}, ...rest,
  problem: {code: "invalid", detail: "Nej.", at: 1, final: true, retry_at: null}});
put("photos", {id: photo, note_id: first, ...shot});
put("photos", {id: other, note_id: null, draft_key: "new", ...shot});
put("bytes", bytes, photo);
put("bytes", bytes, other);
put("drafts", {key: "new", id: ids.uuid7(), note_id: ids.uuid7(), content: {...content, note: "kladde fra version 1"}});
await new Promise((resolve) => { tx.oncomplete = resolve; });
db.close();
"""


def test_a_phone_with_the_first_releases_database_keeps_everything_and_sends_it(phone: Phone) -> None:
    phone.run(VERSION_1, picture())
    phone.open()
    assert phone.run("return (await store.notes()).map((note) => note.content.note)") == [
        "afvist i version 1",
        "fra version 1",
    ]
    assert phone.run("return store.unsent()") == {"notes": 2, "photos": 1}
    assert phone.run("return store.setting('theme')") == "dark"
    draft = phone.run("return store.draft(null)")
    assert (draft["content"]["note"], len(draft["photos"])) == ("kladde fra version 1", 1)
    phone.run("sync.start()")
    wait_until(phone, SENT)
    held = {note["note"]: note["photos"] for note in on_the_server(phone)}
    assert held.keys() == {"fra version 1", "afvist i version 1"}
    assert held["fra version 1"][0]["state"] in ("stored", "ready")


def test_a_tab_goes_on_saving_and_sending_after_a_newer_release_has_changed_the_database(
    phone: Phone, context: BrowserContext
) -> None:
    phone.run("await save({note: 'før'})")
    newer = context.new_page()
    newer.goto(f"{phone.url}/healthz")
    newer.evaluate(
        """() => new Promise((resolve, reject) => {
          const opening = indexedDB.open("tryghedsvandring", 99);
          opening.onupgradeneeded = () => opening.result.createObjectStore("what comes later");
          opening.onsuccess = resolve;
          opening.onblocked = () => reject(new Error("the older tab stands in the way"));
        })"""
    )
    phone.run("await save({note: 'efter'}, [given[0]]); await sync.sendNow()", picture())
    assert phone.phases() == ["sent", "sent"]
    phone.open()
    assert phone.run("return (await store.notes()).length") == 2


@pytest.fixture
def whole_context(browser_type: BrowserType, whole_browser_args: dict[str, Any]) -> Iterator[BrowserContext]:
    browser = browser_type.launch(**whole_browser_args)
    yield browser.new_context()
    browser.close()


def test_a_full_phone_is_told_as_full_where_not_even_the_map_can_be_taken_away(phone: Phone) -> None:
    phone.run(
        """const { put, delete: forget } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
        IDBObjectStore.prototype.delete = function (key) {
          if (key === "map") throw new DOMException("full", "QuotaExceededError");
          return forget.call(this, key);
        };"""
    )
    assert phone.run("return save({note: 'x'}).catch(({ name, what }) => [name, what])") == ["Full", "words"]


def test_connections_that_the_browser_closes_in_the_midst_of_writing_are_opened_again(
    whole_context: BrowserContext, phone_on: Callable[[Page, Server], Phone], shared_server: Server, code: str
) -> None:
    phone = phone_on(whole_context.new_page(), shared_server)
    phone.run("await join(given[0])", code)
    phone.run(
        """globalThis.lost = 0;
        globalThis.probe = () => {
          indexedDB.open("tryghedsvandring").onsuccess = ({target}) => {
            target.result.onclose = () => { lost += 1; probe(); };
          };
        };
        probe();"""
    )
    inside = whole_context.new_page()
    inside.goto("chrome://indexeddb-internals")
    phone.page.evaluate(
        "void (globalThis.writing = (async () => { for (let n = 0; n < 60; n++) await phone.save({note: `${n}`}) })())"
    )
    for _ in range(3):
        inside.locator(".force-close").click()
        phone.page.wait_for_timeout(100)
    phone.run("await writing")
    assert phone.run("return lost") == 3, "the browser did close them"
    texts = phone.run("return (await store.notes()).map((note) => note.content.note)")
    assert texts == [str(n) for n in reversed(range(60))]


def test_a_phone_that_gets_full_in_the_midst_of_a_photo_keeps_the_words_and_says_so(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], shared_server: Server, tmp_path: Path
) -> None:
    upright: Any = {"viewport": {"width": 390, "height": 844}, "locale": "da-DK"}
    folder = str(tmp_path / "profile")
    context = playwright.chromium.launch_persistent_context(folder, **browser_type_launch_args, **upright)
    devtools = context.new_cdp_session(context.pages[0])
    # Before the first write: Chromium remembers for a while how much room there was.
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": shared_server.url, "quotaSize": 4_000_000})
    night = Evening(plan(shared_server, tmp_path), context.pages[0]).join().ready().offline()
    kept = []
    for number in range(12):
        night.begin("Utryg").write(f"Ordene skal blive {number}")
        night.page.locator("input[type=file][multiple]").set_input_files(grain(tmp_path))
        there = night.said.get_by_text("billede er med").or_(night.said.locator("small", has_text="Dine ord er gemt."))
        expect(there).to_have_count(1)
        kept.append(night.page.locator(".shots li").count())
        if not kept[-1]:
            expect(night.said).to_contain_text(
                "Billedet kunne ikke være der.Dine ord er gemt. Gør plads på telefonen, og prøv igen."
            )
        night.save()
        if not kept[-1]:
            break
    assert kept == [1] * (len(kept) - 1) + [0]
    assert len(kept) > 2, "there was room for some"

    devtools.send("Storage.overrideQuotaForOrigin", {"origin": shared_server.url})
    night.begin("Utryg").write("Der er plads igen").add_photos(grain(tmp_path)).save()
    night.offline(False).notes()
    expect(night.page.get_by_text("Alle er fremme")).to_be_visible()
    received = {one["properties"]["note"]: len(one["properties"]["photos"]) for one in night.received("")}
    expected = {f"Ordene skal blive {number}": photos for number, photos in enumerate(kept)}
    assert received == {**expected, "Der er plads igen": 1}
    print(f"\n{len(kept) - 1} photos, then full: all {len(kept)} notes and those photos are in the report")
    context.close()


def test_a_note_that_finds_no_room_offline_says_that_the_words_are_here_and_is_saved_once_there_is(
    night: Evening,
) -> None:
    night.join().ready().begin("Utryg").write("Ord på en fuld telefon").offline()
    fill(night.page)
    night.button("Gem").click()
    expect(night.said).to_contain_text(
        "Noten kunne ikke gemmes. Telefonen er fuld.Dine ord står her endnu. Gør plads på telefonen, og prøv igen."
    )
    expect(night.page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Ord på en fuld telefon")
    fill(night.page, False)
    night.save().offline(False)
    night.received_at_last("Ord på en fuld telefon", 1)


def grain(folder: Path) -> Path:
    """A photo unlike any other, and that cannot be made smaller than some hundred kilobytes."""
    path = folder / "image.jpg"
    Image.effect_noise((1600, 1200), 100).convert("RGB").save(path, quality=90)
    return path
