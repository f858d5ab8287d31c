"""Drafts that nobody has touched for thirty days go by themselves; what was saved, sent or not, stays. The clock is wound on by hand."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pocket import Phone
from tests.browser.test_blurring import HELD
from tests.browser.test_gathering import desk, paper  # noqa: F401  fixtures
from tests.browser.walking import Evening
from tests.phone import jpeg

pytestmark = pytest.mark.once

BEGUN = datetime(2031, 3, 1, 12, tzinfo=UTC)  # whenever this runs
PHOTO = base64.b64encode(jpeg()).decode()


def day(page: Page, number: float) -> None:
    """It is so many days later; timers run as ever."""
    page.clock.set_fixed_time(BEGUN + timedelta(days=number))


def drafts(page: Page) -> list[Any]:
    return list(page.evaluate(HELD)["drafts"])


def test_a_draft_goes_with_its_photos_after_thirty_days_and_what_was_saved_stays(phone: Phone) -> None:
    day(phone.page, 0)
    saved = phone.run(
        """const [photo] = given;
        const bytes = () => ({ buffer: Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0)).buffer, type: "image/jpeg" });
        await store.join({ participant_id: ids.uuid7(), secret: ids.newSecret(), role: "resident", name: null, team: null, language: "da",
          code: "ABCDEFGH", walk: { id: ids.uuid7() }, joined_at: i18n.stamp(), etag: null });
        const note = await save({ note: "Gemt og aldrig sendt" }, [photo, photo]);
        const correction = store.freshDraft(note);
        await store.saveDraft({ ...correction, content: { ...correction.content, note: "En rettelse, der blev opgivet" } });
        await store.removeDraftPhoto(correction.key, note.photos[0].id);
        await store.addDraftPhoto(correction.key, bytes());
        const fresh = store.freshDraft();
        await store.saveDraft({ ...fresh, content: { ...fresh.content, note: "Aldrig gemt" } });
        await store.addDraftPhoto("new", bytes());
        return note.id;""",
        PHOTO,
    )
    held = (
        "const held = await store.note(given[0]); return [await drafts.letGo(), held.content.note, held.photos.length];"
    )
    day(phone.page, 29)
    phone.open()
    assert phone.run(held, saved) == [0, "Gemt og aldrig sendt", 2]
    phone.run("await store.saveDraft(await store.draft(null));")  # touched once more
    day(phone.page, 31)
    assert phone.run(held, saved) == [1, "Gemt og aldrig sendt", 2], "the correction alone was left alone for so long"
    assert phone.run("return (await store.draft(null)).photos.length") == 1
    assert phone.run("return (await store.draft(given[0]))", saved) is None
    day(phone.page, 60)
    assert phone.run(held, saved) == [1, "Gemt og aldrig sendt", 2]
    everything = phone.page.evaluate(HELD)
    assert (len(everything["drafts"]), len(everything["photos"]), len(everything["bytes"])) == (0, 2, 2)
    assert not any("removed_in" in one for one in everything["photos"]), (
        "the photo that was to be taken out is in its note"
    )
    assert phone.run("return store.unsent()") == {"notes": 1, "photos": 2}


def test_a_phone_that_woke_up_in_another_year_loses_no_draft(phone: Phone) -> None:
    phone.page.clock.set_fixed_time(datetime(1970, 1, 1, tzinfo=UTC))
    phone.run(
        "const fresh = store.freshDraft(); await store.saveDraft({ ...fresh, content: { ...fresh.content, note: 'Ord' } });"
    )
    for number, gone, left in ((0, 0, 1), (29, 0, 1), (31, 1, 0)):
        day(phone.page, number)
        assert phone.run("return drafts.letGo()") == gone
        assert len(drafts(phone.page)) == left


def test_the_app_lets_an_old_draft_go_when_it_is_opened_with_a_network(night: Evening) -> None:
    page = night.page
    day(page, 0)
    night.join().ready().begin("Utryg").write("Begyndt og glemt")
    page.wait_for_function(f"async () => (await ({HELD})()).drafts.some((one) => one.includes('Begyndt og glemt'))")
    day(page, 31)
    night.offline()
    page.goto(night.url)
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    assert len(drafts(page)) == 1, "a phone without a network may not know what day it is"
    night.offline(False)
    page.reload()
    page.wait_for_function(f"async () => (await ({HELD})()).drafts.length === 0")


def test_words_from_paper_that_nobody_has_touched_go_when_paper_is_next_typed_in(paper: Page) -> None:  # noqa: F811
    said = expect(paper.get_by_label("Note", exact=True))
    day(paper, 0)
    paper.reload()
    paper.get_by_label("Note", exact=True).fill("Tastet og glemt")
    expect(paper.get_by_role("status")).to_have_text("Kladden er gemt i denne browser")
    paper.evaluate(
        """localStorage.setItem("tryg:paper:another:walk", JSON.stringify([["note", "Fra før der var datoer"]]))"""
    )
    day(paper, 29)
    paper.reload()
    said.to_have_value("Tastet og glemt")
    day(paper, 31)
    paper.reload()
    said.to_have_value("")
    kept = "Object.values({...localStorage}).join()"
    assert "Tastet og glemt" not in paper.evaluate(kept)
    assert "Fra før der var datoer" in paper.evaluate(kept), "it counts from when it was first looked at"
    day(paper, 62)
    paper.reload()
    said.to_have_value("")
    assert "Fra før der var datoer" not in paper.evaluate(kept)
