"""Whatever a walker types is in the draft at once: beside photos that take their time, on a full phone, and in two windows."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.walking import Evening, fill

# A phone so slow that a photo is made smaller when the test says so.
SLOW = """() => {
  const { postMessage } = Worker.prototype;
  const waiting = (globalThis.waiting = []);
  Worker.prototype.postMessage = function (...given) {
    if (given[0] instanceof Blob) waiting.push(() => postMessage.apply(this, given));
    else postMessage.apply(this, given);
  };
}"""
HELD = """async () => {
  const db = await new Promise((done) => (indexedDB.open("tryghedsvandring").onsuccess = ({ target }) => done(target.result)));
  const all = (name) => new Promise((done) => (db.transaction(name).objectStore(name).getAll().onsuccess = ({ target }) => done(target.result)));
  const [drafts, notes, photos] = [await all("drafts"), await all("notes"), await all("photos")];
  db.close();
  return {
    drafts: drafts.map(({ content }) => content.note),
    notes: notes.map(({ content }) => [content.note, content.photos.length, content.deleted]),
    photos: photos.length,
  };
}"""


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n}.jpg" for n in range(3)]
    for n, path in enumerate(paths):
        Image.new("RGB", (640, 480), (n * 90, 90, 90)).save(path)
    return paths


def held(page: Page) -> dict[str, list[Any]]:
    return dict(page.evaluate(HELD))


def choose(walker: Evening, photos: list[Path]) -> None:
    walker.page.locator("input[type=file][multiple]").set_input_files([str(photo) for photo in photos])
    expect(walker.page.get_by_text("Gør billedet mindre …", exact=True)).to_be_visible()


def words(walker: Evening) -> Any:
    return walker.page.get_by_role("textbox", name="Note", exact=True)


def make_one(walker: Evening) -> None:
    """The next photo has its turn."""
    walker.wait(lambda: bool(walker.page.evaluate("waiting.length")))
    walker.page.evaluate("waiting.shift()()")


def test_words_typed_while_photos_are_made_smaller_survive_the_end_of_the_tab(
    night: Evening, photos: list[Path]
) -> None:
    page = night.join().ready().page
    page.evaluate(SLOW)
    night.begin("Utryg").write("")
    choose(night, photos)
    words(night).fill("Her blev en cyklist kørt ned")
    night.wait(lambda: held(page)["drafts"] == ["Her blev en cyklist kørt ned"])
    page.close()
    night.page = page.context.new_page()
    night.page.goto(night.url)
    expect(words(night)).to_have_value("Her blev en cyklist kørt ned")


def test_who_goes_back_and_comes_again_while_photos_are_made_smaller_finds_words_and_photos(
    night: Evening, photos: list[Path]
) -> None:
    page = night.join().ready().page
    night.offline()
    page.evaluate(SLOW)
    night.begin("Utryg").write("Her blev en cyklist kørt ned")
    choose(night, photos)
    make_one(night)
    expect(page.locator(".shots li")).to_have_count(1)
    words(night).fill("Her blev en cyklist kørt ned i aftes")
    page.go_back()
    night.begin()
    expect(words(night)).to_have_value("Her blev en cyklist kørt ned i aftes")
    expect(page.locator(".shots li")).to_have_count(1)
    expect(page.get_by_text("Gør billedet mindre …", exact=True)).to_be_visible()
    words(night).fill("Her blev en cyklist kørt ned i aftes. Hul i vejen")
    make_one(night)
    make_one(night)
    expect(page.locator(".shots li")).to_have_count(3)
    expect(words(night)).to_have_value("Her blev en cyklist kørt ned i aftes. Hul i vejen")
    night.save()
    assert held(page)["notes"] == [["Her blev en cyklist kørt ned i aftes. Hul i vejen", 3, False]]
    assert held(page)["drafts"] == []


COULD_NOT = "Det kunne ikke lade sig gøre: telefonen er fuld."


def test_undo_that_a_full_phone_cannot_do_says_so_and_can_be_pressed_again(night: Evening) -> None:
    page = night.join().ready().page
    night.offline().begin("Utryg").write("Fortrudt").save()
    fill(page)
    night.said.get_by_role("button", name="Fortryd", exact=True).click()
    expect(night.said).to_contain_text(COULD_NOT)
    assert held(page)["notes"] == [["Fortrudt", 0, False]]
    fill(page, False)
    night.said.get_by_role("button", name="Fortryd", exact=True).click()
    night.wait(lambda: held(page)["notes"] == [["Fortrudt", 0, True]])


def test_a_note_that_a_full_phone_cannot_delete_says_so_and_can_still_be_corrected(night: Evening) -> None:
    page = night.join().ready().page
    night.offline().begin("Utryg").write("Lampen er slukket").save().notes()
    page.get_by_role("link", name="Ret eller slet", exact=True).click()
    words(night).fill("Lampen er slukket ved nr. 4")
    night.wait(lambda: held(page)["drafts"] == ["Lampen er slukket ved nr. 4"])
    fill(page)
    night.button("Slet").click()
    expect(night.said).to_contain_text(COULD_NOT)
    assert held(page)["drafts"] == ["Lampen er slukket ved nr. 4"], "what was begun is not gone either"
    fill(page, False)
    words(night).fill("Lampen er slukket ved nr. 6")
    night.wait(lambda: held(page)["drafts"] == ["Lampen er slukket ved nr. 6"])
    night.save()
    assert held(page)["notes"] == [["Lampen er slukket ved nr. 6", 0, False]]


def test_a_begun_correction_of_a_deleted_note_does_not_stay_behind(night: Evening) -> None:
    page = night.join().ready().page
    night.offline().begin("Utryg").write("Lampen er slukket").save().notes()
    page.get_by_role("link", name="Ret eller slet", exact=True).click()
    words(night).fill("Lampen er slukket ved nr. 4")
    night.wait(lambda: held(page)["drafts"] == ["Lampen er slukket ved nr. 4"])
    night.button("Slet").click()
    expect(night.said).to_contain_text("Slettet")
    assert (held(page)["drafts"], held(page)["notes"]) == ([], [["Lampen er slukket", 0, True]])
    night.said.get_by_role("button", name="Fortryd", exact=True).click()
    night.wait(lambda: held(page)["notes"] == [["Lampen er slukket", 0, False]])


@pytest.fixture
def other(night: Evening) -> Evening:
    """The app's other window on the same phone; both are offline."""
    night.join().ready()
    other = Evening(night.plan, night.page.context.new_page())
    other.page.goto(other.url)
    expect(other.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    night.offline()
    return other


def saved(page: Page) -> list[Any]:
    return sorted(held(page)["notes"])


def test_two_windows_write_two_notes_each_with_its_own_photos(
    night: Evening, other: Evening, photos: list[Path]
) -> None:
    night.begin("Tryg")
    other.begin("Utryg").write("Ved tunnelen").add_photos(*photos[:2])
    night.page.go_back()
    night.begin("Tryg").write("På torvet").add_photos(photos[2])
    night.wait(lambda: sorted(held(night.page)["drafts"]) == ["På torvet", "Ved tunnelen"])
    night.save()
    other.save()
    assert saved(night.page) == [["På torvet", 1, False], ["Ved tunnelen", 2, False]]


def test_going_back_from_an_empty_note_takes_nothing_from_the_other_window(
    night: Evening, other: Evening, photos: list[Path]
) -> None:
    night.begin()
    other.begin("Utryg").write("Ved tunnelen").add_photos(*photos)
    night.page.go_back()
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    other.save()
    assert saved(night.page) == [["Ved tunnelen", 3, False]]


def test_what_was_begun_in_a_window_that_is_gone_is_found_in_the_other(night: Evening, other: Evening) -> None:
    other.begin("Utryg").write("Ved tunnelen")
    night.wait(lambda: held(night.page)["drafts"] == ["Ved tunnelen"])
    night.begin("Tryg")
    expect(words(night)).not_to_have_value("Ved tunnelen")
    night.write("På torvet").save()
    other.page.close()
    night.begin()
    expect(words(night)).to_have_value("Ved tunnelen")
    night.save()
    assert saved(night.page) == [["På torvet", 0, False], ["Ved tunnelen", 0, False]]


def correct(*windows: Evening) -> None:
    for one in windows:
        one.page.goto(f"{one.url}#/notes")
        one.page.get_by_role("link", name="Ret eller slet", exact=True).click()
        expect(one.button("Gem")).to_be_visible()


def test_who_corrects_one_thing_leaves_what_another_window_corrected_meanwhile(night: Evening, other: Evening) -> None:
    night.begin("Utryg").write("Lampen er slukket").save()
    correct(night, other)
    words(other).fill("Lampen er slukket. Jeg faldt")
    other.save()
    night.page.get_by_role("radio", name="Både-og", exact=True).check()
    night.save()
    assert saved(night.page) == [["Lampen er slukket. Jeg faldt", 0, False]]
    valence = night.page.evaluate(HELD.replace("content.note, ", "content.valence, "))["notes"][0][0]
    assert valence == "mixed"


def test_a_note_deleted_in_one_window_does_not_come_back_from_the_other_with_nothing_new(
    night: Evening, other: Evening
) -> None:
    night.begin("Utryg").write("Lampen er slukket").save()
    correct(night, other)
    night.button("Slet").click()
    expect(night.said).to_contain_text("Slettet")
    other.save()
    assert saved(night.page) == [["Lampen er slukket", 0, True]]


def test_a_deleted_note_with_something_new_from_the_other_window_is_there_again(night: Evening, other: Evening) -> None:
    night.begin("Utryg").write("Lampen er slukket").save()
    correct(night, other)
    night.button("Slet").click()
    expect(night.said).to_contain_text("Slettet")
    words(other).fill("Lampen er slukket ved nr. 4")
    other.save()
    assert saved(night.page) == [["Lampen er slukket ved nr. 4", 0, False]]


# Goes on to the walk's screen as soon as a picture is asked for, and tells whether an address goes before its picture is there.
HASTY = """() => {
  const { revokeObjectURL } = URL;
  const { get } = IDBObjectStore.prototype;
  const pictures = [];
  globalThis.early = null;
  const Before = Image;
  globalThis.Image = function () { const one = new Before(); pictures.push(one); return one; };
  IDBObjectStore.prototype.get = function (key) {
    if (this.name === "bytes") location.hash = "#/walk";
    return get.call(this, key);
  };
  URL.revokeObjectURL = (url) => {
    globalThis.early ||= pictures.some((one) => one.src === url && !one.complete);
    revokeObjectURL.call(URL, url);
  };
}"""


def test_a_picture_still_loading_when_its_screen_is_left_keeps_its_address(night: Evening, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    Image.effect_noise((1600, 1600), 90).convert("RGB").save(large, quality=95)
    page = night.join().ready().page
    night.offline().begin("Utryg").add_photos(large).save()
    page.evaluate(HASTY)
    page.evaluate("location.hash = '#/notes'")
    night.wait(lambda: page.evaluate("early") is not None)
    assert page.evaluate("early") is False
