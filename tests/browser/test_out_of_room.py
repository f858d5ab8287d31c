"""A phone that became full after saving, or whose browser has lost a photo's bytes: the rest goes out all the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Playwright, expect

from tests.browser.pocket import Phone, picture
from tests.browser.test_copy import saved, stored
from tests.browser.test_full_phone import grain
from tests.browser.test_sync import SEND, on_the_server
from tests.browser.walking import Evening, fill, plan
from tests.running import Server

UNNOTED = "Telefonen er fuld og kan ikke notere, hvad der er kommet af sted."


@pytest.fixture
def pocketed(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Callable[[], BrowserContext]]:
    """Starts the same phone's browser, again after it was closed."""
    opened: list[BrowserContext] = []

    def start() -> BrowserContext:
        upright: Any = {"viewport": {"width": 390, "height": 844}, "locale": "da-DK"}
        opened.append(
            playwright.chromium.launch_persistent_context(
                str(tmp_path / "profile"), **browser_type_launch_args, **upright
            )
        )
        return opened[-1]

    yield start
    for context in opened:
        context.close()


def three_notes_with_photos(night: Evening, folder: Path) -> None:
    for number in range(3):
        night.begin("Utryg").write(f"Vigtig note {number}").add_photos(grain(folder)).save()


def test_a_phone_that_became_full_after_saving_sends_everything_and_one_photo_makes_room_for_the_receipts(
    pocketed: Callable[[], BrowserContext], shared_server: Server, tmp_path: Path
) -> None:
    planned, context = plan(shared_server, tmp_path), pocketed()
    three_notes_with_photos(Evening(planned, context.pages[0]).join().ready().offline(), tmp_path)
    used = context.pages[0].evaluate("navigator.storage.estimate().then(({ usage }) => usage)")
    context.close()
    context = pocketed()  # Chromium remembers for a while how much room there was
    quota = {"origin": shared_server.url, "quotaSize": used - 200_000}
    context.new_cdp_session(context.pages[0]).send("Storage.overrideQuotaForOrigin", quota)
    night = Evening(planned, context.pages[0])
    night.page.goto(f"{night.url}#/notes")
    expect(night.page.get_by_text("Alle er fremme")).to_be_visible()
    assert [len(one["properties"]["photos"]) for one in night.received("Vigtig note")] == [1, 1, 1]
    night.page.reload()
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(3)


def test_a_full_phone_sends_each_note_once_and_calls_it_sent_only_when_that_is_kept(phone: Phone) -> None:
    phone.run("await save({note: 'en'}); await save({note: 'to'})")
    fill(phone.page)
    for _ in range(2):
        status = phone.run(SEND)
        assert (status["last_problem"]["code"], status["confirmed"], status["next_try"]) == ("full", False, None)
    assert [note["note"] for note in on_the_server(phone)] == ["en", "to"]
    assert phone.phases() == ["saved", "saved"]
    assert len(phone.paths("observations")) == 2

    phone.open()  # what was only remembered is gone, so they go again
    fill(phone.page)
    phone.run(SEND)
    assert len(phone.paths("observations")) == 4
    fill(phone.page, False)
    assert phone.run(SEND)["confirmed"]
    assert phone.phases() == ["sent", "sent"]
    assert len(phone.paths("observations")) == 4
    assert [note["rev"] for note in on_the_server(phone)] == [1, 1]


def test_what_a_full_phone_sent_and_is_then_edited_or_deleted_is_so_on_the_server_too(phone: Phone) -> None:
    ids = [phone.run("return (await save({note: given[0]})).id", words) for words in ("rettes", "fortrydes")]
    fill(phone.page)
    phone.run(SEND)
    fill(phone.page, False)
    phone.run("await edit(given[0], {note: 'rettet'}); await store.deleteNote(given[1])", *ids)
    assert phone.run(SEND)["confirmed"]
    held = {note["id"]: note for note in on_the_server(phone)}
    assert held[ids[0]]["note"] == "rettet"
    assert held[ids[1]]["deleted"]


def test_a_photo_whose_arrival_was_not_noted_before_its_bytes_went_is_known_by_the_notes_receipt(phone: Phone) -> None:
    note = phone.run("return save({note: 'x'}, given)", picture())
    phone.run(SEND)
    phone.run(
        """await outbox.keepPhotoState(given[0], "kept");
        const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({target}) => done(target.result)));
        const tx = db.transaction("bytes", "readwrite");
        tx.objectStore("bytes").delete(given[0]);
        await new Promise((done) => (tx.oncomplete = done));
        db.close();""",
        note["photos"][0]["id"],
    )
    phone.run(SEND)
    assert phone.phases() == ["sent"]
    assert len(phone.paths("photos")) == 1


def test_a_full_phone_says_so_when_it_is_to_send_and_calls_its_copy_saved(night: Evening, tmp_path: Path) -> None:
    night.join().ready().offline().begin("Utryg").write("Ingen plads til kvitteringen").save().notes()
    fill(night.page)
    saved(night, tmp_path)
    expect(night.said).to_contain_text(UNNOTED)
    assert stored(night, "setting:copied") is None
    night.offline(False).button("Send nu").click()
    expect(night.said).to_contain_text(UNNOTED)
    expect(night.page.locator(".state", has_text="Gemt på telefonen")).to_have_count(1)
    assert len(night.received("Ingen plads")) == 1
    fill(night.page, False)
    night.button("Send nu").click()
    expect(night.page.get_by_text("Alle er fremme")).to_be_visible()


def test_a_photo_whose_bytes_the_browser_has_lost_holds_up_neither_the_others_nor_the_copy_nor_leaving(
    pocketed: Callable[[], BrowserContext], shared_server: Server, tmp_path: Path
) -> None:
    planned, context = plan(shared_server, tmp_path), pocketed()
    three_notes_with_photos(Evening(planned, context.pages[0]).join().ready().offline(), tmp_path)
    context.close()
    # Chromium keeps what is large in a file of its own.
    large = sorted((tmp_path / "profile").glob("Default/IndexedDB/*.blob/**/*"), key=lambda path: path.stat().st_mtime)
    next(path for path in large if path.is_file() and path.stat().st_size > 60_000).unlink()
    night = Evening(planned, pocketed().pages[0]).offline(False)
    night.page.goto(f"{night.url}#/notes")
    expect(night.page.locator(".state", has_text="Sendt")).to_have_count(2)
    expect(night.page.get_by_role("article").filter(has_text="Kunne ikke sendes")).to_contain_text(
        "Et billede eller en optagelse er ikke længere på telefonen."
    )
    saved(night, tmp_path)
    expect(night.said).to_contain_text("Et billede eller en optagelse er ikke længere på telefonen.")
    night.page.goto(f"{night.url}#/help")
    night.button("Forlad vandringen").click()
    night.button("Forlad: Jeg har kopien").click()
    expect(night.page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
    assert len(night.received("Vigtig note")) == 3
