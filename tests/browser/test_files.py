"""What phones hand over as photos: three of one name in one tick, one twice, one that cannot be read here, an empty one."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.walking import Evening, Planned
from tests.photos.pictures import heic, looks_like_the_scene, opened, saved, scene, until


@pytest.fixture
def night(planned: Planned, page: Page) -> Evening:
    return Evening(planned, page).join().begin("Utryg")


def file(data: bytes, name: str = "image.jpg", kind: str = "image/jpeg") -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": data}


def choose(night: Evening, *files: dict[str, Any]) -> None:
    night.page.locator("input[type=file][multiple]").set_input_files(list(files))


def photos_in_the_report(night: Evening, words: str, count: int) -> list[bytes]:
    """The photos of the one note that says `words`, once there are so many and each is ready."""
    night.write(words).save()

    def ready() -> list[dict[str, Any]] | None:
        found = [photo for note in night.received(words) for photo in note["properties"]["photos"]]
        return found if len(found) == count and all(photo["state"] == "ready" for photo in found) else None

    key = {"Authorization": f"Bearer {night.plan.key}"}
    return [httpx.get(photo["url"], headers=key).content for photo in until(ready)]


def test_three_photos_of_one_name_chosen_in_one_tick_arrive_as_three(night: Evening) -> None:
    colours = [(200, 30, 30), (30, 180, 30), (30, 30, 200)]
    choose(night, *(file(saved(Image.new("RGB", (640, 480), colour))) for colour in colours))
    expect(night.page.locator(".shots li")).to_have_count(3)
    for colour, photo in zip(colours, photos_in_the_report(night, "Tre på én gang", 3), strict=True):
        seen: Any = opened(photo).convert("RGB").getpixel((100, 100))
        assert all(abs(a - b) < 16 for a, b in zip(seen, colour, strict=True)), (seen, colour)


def test_the_same_photo_chosen_twice_is_there_twice_and_blocks_nothing(night: Evening) -> None:
    same = file(saved(scene(640, 480)))
    choose(night, same)
    expect(night.page.locator(".shots li")).to_have_count(1)
    choose(night, same)
    expect(night.page.locator(".shots li")).to_have_count(2)
    assert all(looks_like_the_scene(opened(photo)) for photo in photos_in_the_report(night, "Det samme to gange", 2))


def test_a_heic_photo_this_browser_cannot_read_is_a_jpeg_in_the_report(night: Evening) -> None:
    choose(night, file(heic(scene(640, 480)), "IMG_0001.HEIC", "image/heic"))
    expect(night.page.locator(".shots li")).to_have_count(1)
    [photo] = photos_in_the_report(night, "Et billede fra en iPhone", 1)
    assert Image.open(BytesIO(photo)).format == "JPEG"
    assert looks_like_the_scene(opened(photo))


def test_an_empty_file_is_told_and_takes_neither_the_words_nor_the_other_photo_with_it(night: Evening) -> None:
    choose(night, file(b""), file(saved(scene(640, 480))))
    expect(night.said).to_contain_text("Dine ord er gemt.")
    expect(night.page.locator(".shots li")).to_have_count(1)
    assert len(photos_in_the_report(night, "Et tomt billede", 1)) == 1


def test_a_private_window_works_and_says_at_the_start_that_it_may_forget(planned: Planned, page: Page) -> None:
    Evening(planned, page).join()  # Playwright's contexts are private windows
    expect(page.get_by_text("et privat vindue glemmer alt")).to_be_visible()


def test_a_browser_that_keeps_nothing_says_so_instead_of_losing_notes(
    planned: Planned, browser: Browser, browser_context_args: Any
) -> None:
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.add_init_script("indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };")
    page.goto(planned.walk["join_url"])
    expect(page.get_by_role("alert")).to_contain_text("gemmer ikke noget på telefonen")
    context.close()
