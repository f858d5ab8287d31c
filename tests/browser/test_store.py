"""What a walker has saved is on the phone, whatever happens to the tab, the browser or the disk."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.browser.pocket import Phone, picture
from tests.running import Server

pytestmark = pytest.mark.once

UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def test_a_saved_note_with_its_photos_is_there_after_a_reload(phone: Phone) -> None:
    saved = phone.run("return save({valence: 'unsafe', note: 'Lampen er slukket'}, given)", picture())
    phone.open()
    [note] = phone.run("return store.notes()")
    assert note["content"]["note"] == "Lampen er slukket"
    assert note["id"] == saved["id"]
    assert (note["rev"], note["phase"]) == (1, "saved")
    assert [photo["id"] for photo in note["content"]["photos"]] == [photo["id"] for photo in saved["photos"]]
    assert phone.run("return (await store.photoBytes(given[0])).buffer.byteLength", saved["photos"][0]["id"]) > 500


def test_what_was_saved_survives_a_browser_killed_at_that_moment(
    playwright: Playwright,
    whole_browser_args: dict[str, Any],
    tmp_path: Path,
    shared_server: Server,
    code: str,
    phone_on: Any,
) -> None:
    folder = tmp_path / "profile"
    context = playwright.chromium.launch_persistent_context(str(folder), **whole_browser_args)
    phone: Phone = phone_on(context.pages[0], shared_server)
    phone.run("await join(given[0]); await store.saveDraft({...store.freshDraft(), more: 1})", code)
    phone.run("await store.addDraftPhoto('new', {buffer: new ArrayBuffer(9), type: 'image/jpeg'})")
    phone.run("for (let n = 0; n < 20; n++) await save({note: `note ${n}`}, n === 19 ? [given[0]] : [])", picture())
    phone.run("await store.saveDraft({...store.freshDraft(), content: {note: 'næsten færdig'}})")
    _kill_browser(folder)
    again = playwright.chromium.launch_persistent_context(str(folder), **whole_browser_args)
    phone = phone_on(again.pages[0], shared_server)
    texts = phone.run("return (await store.notes()).map((note) => note.content.note)")
    assert texts == [f"note {n}" for n in reversed(range(20))]
    assert phone.run("return (await store.draft(null)).content.note") == "næsten færdig"
    assert phone.run("return store.unsent()") == {"notes": 20, "photos": 2}
    again.close()


def _kill_browser(profile: Path) -> None:
    """SIGKILL for the browser of this profile, as a system short of memory does it."""
    # The lock names host and process: host-1234.
    os.kill(int(os.readlink(profile / "SingletonLock").rsplit("-", 1)[1]), signal.SIGKILL)


def test_a_draft_keeps_words_and_photos_and_what_the_screen_noted(phone: Phone) -> None:
    phone.run("await store.saveDraft({...store.freshDraft(), step: 'why', content: {note: 'Her er'}})")
    photo = phone.run("return store.addDraftPhoto('new', {buffer: new ArrayBuffer(12), type: 'image/jpeg'})")
    phone.open()
    draft = phone.run("return store.draft(null)")
    assert (draft["content"]["note"], draft["step"]) == ("Her er", "why")
    assert draft["photos"] == [photo]
    phone.run("await store.dropDraft('new')")
    assert phone.run("return store.draft(null)") is None
    assert phone.run("return store.photoBytes(given[0])", photo["id"]) is None


def test_a_draft_saved_twice_is_one_note(phone: Phone) -> None:
    count = phone.run(
        """const draft = {...store.freshDraft(), content: {valence: 'safe'}};
        await store.addDraftPhoto('new', {buffer: new ArrayBuffer(12), type: 'image/jpeg'});
        const [first, second] = await Promise.all([store.saveNote(draft), store.saveNote(draft)]);
        return [(await store.notes()).length, first.rev, second.rev, second.photos.length];"""
    )
    assert count == [1, 1, 1, 1]


def test_a_late_autosave_does_not_bring_a_saved_draft_back(phone: Phone) -> None:
    phone.run(
        """const draft = {...store.freshDraft(), content: {valence: 'safe'}};
        await store.saveNote(draft);
        await store.saveDraft(draft);"""
    )
    assert phone.run("return store.draft(null)") is None


def test_an_edit_is_the_next_revision_and_no_change_is_none(phone: Phone) -> None:
    note = phone.run("return save({note: 'før'}, given)", picture())
    edited = phone.run("return edit(given[0], {note: 'efter'})", note["id"])
    assert (edited["rev"], edited["content"]["note"]) == (2, "efter")
    assert edited["content"]["captured_at"] == note["content"]["captured_at"]
    assert [photo["id"] for photo in edited["photos"]] == [photo["id"] for photo in note["photos"]]
    assert phone.run("return edit(given[0], {note: 'efter'})", note["id"])["rev"] == 2


def test_a_photo_taken_out_goes_only_when_the_note_is_saved(phone: Phone) -> None:
    note = phone.run("return save({note: 'to'}, given)", picture(), picture(colour=(9, 9, 9)))
    kept, gone = [photo["id"] for photo in note["photos"]]
    phone.run(
        """const draft = store.freshDraft(await store.note(given[0]));
        await store.saveDraft(draft);
        await store.removeDraftPhoto(draft.key, given[1]);""",
        note["id"],
        gone,
    )
    assert len(phone.run("return store.note(given[0])", note["id"])["photos"]) == 2
    assert len(phone.run("return store.draft(given[0])", note["id"])["photos"]) == 1
    saved = phone.run("return store.saveNote(await store.draft(given[0]))", note["id"])
    assert [photo["id"] for photo in saved["content"]["photos"]] == [kept]
    assert phone.run("return store.photoBytes(given[0])", gone) is None


def test_a_dropped_edit_leaves_the_note_as_it_was(phone: Phone) -> None:
    note = phone.run("return save({note: 'to'}, given)", picture())
    phone.run(
        """const draft = store.freshDraft(await store.note(given[0]));
        await store.removeDraftPhoto(draft.key, draft.photos[0].id);
        await store.addDraftPhoto(draft.key, {buffer: new ArrayBuffer(3), type: 'image/png'});
        await store.dropDraft(draft.key);""",
        note["id"],
    )
    again = phone.run("return edit(given[0], {note: 'to ord'})", note["id"])
    assert [photo["id"] for photo in again["photos"]] == [photo["id"] for photo in note["photos"]]


def test_a_deletion_can_be_undone_and_counts_as_a_revision(phone: Phone) -> None:
    note = phone.run("return save({note: 'væk'})")
    assert phone.run("return store.deleteNote(given[0])", note["id"])["rev"] == 2
    assert phone.run("return store.notes()") == []
    back = phone.run("return store.undeleteNote(given[0])", note["id"])
    assert (back["rev"], back["content"]["deleted"]) == (3, False)
    assert phone.run("return (await store.notes()).length") == 1


def test_photos_are_stored_as_bytes_never_as_blobs(phone: Phone) -> None:
    phone.run("await save({note: 'x'}, given)", picture())
    kinds = phone.run(
        """const db = await new Promise((resolve) => {
          indexedDB.open("tryghedsvandring").onsuccess = ({target}) => resolve(target.result);
        });
        const all = (name) => new Promise((resolve) => {
          db.transaction(name).objectStore(name).getAll().onsuccess = ({target}) => resolve(target.result);
        });
        const records = [...(await all("photos")), ...(await all("notes"))];
        const blobs = records.flatMap(Object.values).filter((value) => value instanceof Blob).length;
        return [(await all("bytes")).map((value) => value.constructor.name), blobs];"""
    )
    assert kinds == [["ArrayBuffer"], 0]


def test_a_lost_connection_is_opened_again(phone: Phone) -> None:
    # iOS closes connections in the background; the next transaction then fails.
    phone.page.add_init_script(
        """const open = IDBFactory.prototype.open;
        globalThis.connections = [];
        IDBFactory.prototype.open = function (...given) {
          const request = open.apply(this, given);
          request.addEventListener("success", () => connections.push(request.result));
          return request;
        };"""
    )
    phone.open()
    phone.run("await save({note: 'før'})")
    phone.run("for (const connection of connections) connection.close()")
    assert phone.run("return (await save({note: 'efter'})).rev") == 1
    phone.run("for (const connection of connections) connection.close()")
    assert phone.run("return (await store.notes()).map((note) => note.content.note)") == ["efter", "før"]
    assert phone.run("return connections.length") == 3


def test_a_full_phone_keeps_the_words_and_says_what_it_could_not_keep(
    playwright: Playwright,
    browser_type_launch_args: dict[str, Any],
    tmp_path: Path,
    shared_server: Server,
    code: str,
    phone_on: Any,
) -> None:
    context = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"), **browser_type_launch_args)
    phone: Phone = phone_on(context.pages[0], shared_server)
    # Before the first write: Chromium remembers for a while how much room there was.
    devtools = context.new_cdp_session(phone.page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": shared_server.url, "quotaSize": 3_000_000})
    phone.run("await join(given[0])", code)
    told = phone.run(
        """await store.saveDraft({...store.freshDraft(), content: {note: 'ordene'}});
        for (let n = 0; n < 20; n++) {
          const bytes = new Uint8Array(400_000);
          for (let at = 0; at < bytes.length; at += 50_000) crypto.getRandomValues(bytes.subarray(at, at + 50_000));
          try {
            await store.addDraftPhoto("new", {buffer: bytes.buffer, type: "image/jpeg"});
          } catch (failure) {
            return [failure.name, failure.what, n];
          }
        }"""
    )
    assert told[:2] == ["Full", "photo"]
    assert 1 <= told[2] < 10
    note = phone.run("return store.saveNote(await store.draft(null))")
    assert (note["content"]["note"], len(note["photos"])) == ("ordene", told[2])
    context.close()


def test_leaving_is_refused_while_something_is_only_here(phone: Phone) -> None:
    refusal = "return store.leave().then(() => 'left', (reason) => [reason.name, reason.left])"
    phone.run("await save({note: 'usendt'}, given)", picture())
    assert phone.run(refusal) == [
        "Unsent",
        {"notes": 1, "photos": 1, "sounds": 0, "drafts": 0, "track": None, "copied": False},
    ]
    phone.run("await store.deleteNote((await store.notes())[0].id)")
    phone.run("await store.saveDraft({...store.freshDraft(), content: {note: 'kladde'}})")
    assert phone.run(refusal) == [
        "Unsent",
        {"notes": 0, "photos": 0, "sounds": 0, "drafts": 1, "track": None, "copied": True},
    ]
    phone.run("await store.dropDraft('new')")
    assert phone.run(refusal) == "left"
    assert phone.run("return store.joined()") is None


def test_ids_are_uuid7_and_grow_and_times_carry_this_phones_offset(phone: Phone) -> None:
    made = phone.run("return Array.from({length: 500}, ids.uuid7)")
    assert all(UUID7.match(one) for one in made)
    assert made == sorted(made)
    assert len(phone.run("return ids.newSecret()")) == 43
    assert phone.run("return i18n.stamp(Date.UTC(2026, 10, 24, 18, 32, 11, 120))") == "2026-11-24T19:32:11.120+01:00"
    assert phone.run("return i18n.stamp(Date.UTC(2026, 6, 1, 22, 30))") == "2026-07-02T00:30:00.000+02:00"


@pytest.mark.parametrize(
    ("given", "phase"),
    [
        ("", "saved"),
        ("traffic = {online: false}", "waiting"),
        ("problem = {code: 'try-again', detail: 'x', at: 0, final: false, retry_at: 9}", "failed"),
        (
            "problem = {code: 'invalid', detail: 'x', at: 0, final: true, retry_at: null}; traffic = {online: false}",
            "failed",
        ),
        ("receipt = 'expected'", "photos"),
        ("receipt = 'ready'", "sent"),
    ],
)
def test_a_notes_phase_follows_from_its_records(phone: Phone, given: str, phase: str) -> None:
    phone.run("await save({note: 'x'}, given)", picture())
    phone.run(
        f"""let traffic = {{}}, problem, receipt;
        {given};
        const [note] = await store.notes();
        if (problem) await outbox.keepProblem("notes", note.id, problem);
        const photos = note.photos.map(({{id}}) => ({{id, state: receipt}}));
        if (receipt) await outbox.keepReceipt(note.id, 1, {{id: note.id, rev: 1, seq: 1, received_at: "", flags: [], photos}});
        Object.assign(phone.traffic, traffic);"""
    )
    assert phone.phases() == [phase]
