"""From notes to a measure, its partner's answer and the follow-up meeting, in a browser; how its pages look is in test_everyone.py."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.reading import assert_readable
from tests.browser.test_plan import sign_in
from tests.browser.walking import Planned
from tests.phone import Phone

DESK = {"width": 1280, "height": 900}
FIX = {"lat": 57.0402, "lon": 9.9801, "accuracy_m": 6.0, "source": "gps", "fixed_at": "2026-11-24T19:32:08+01:00"}


@pytest.fixture(scope="module")
def walked(planned: Planned) -> Planned:
    """Three notes have come in."""
    with httpx.Client(base_url=planned.server.url) as http:
        phone = Phone(http, planned.walk["code"]).join()
        for words, factor in (("Mast 4471 er mørk.", "lighting.outage"), ("Her er helt sort.", "lighting.outage"), ("Buskene er for høje.", "visibility.vegetation")):  # fmt: skip
            phone.note(note=words, factors=[factor], fix=FIX)
        phone.sync()
    return planned


@pytest.fixture
def desk(page: Page, walked: Planned) -> Page:
    """A coordinator's laptop, at the walk's measures."""
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    sign_in(page, walked.server, "ida@kommune.example")
    page.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/measures")
    return page


def make(desk: Page, walked: Planned, *notes: str) -> None:
    desk.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/measures/new")
    for words in notes:
        desk.get_by_role("listitem").filter(has_text=words).get_by_role("checkbox").check()
    desk.get_by_role("button", name="Lav et tiltag af dem").click()
    desk.get_by_role("button", name="Gem tiltaget").click()
    expect(desk.get_by_role("status")).to_contain_text("Tiltaget er lavet.")


def partners_link(desk: Page, walked: Planned) -> str:
    desk.goto(f"{walked.server.url}/partners")
    partner = desk.get_by_role("region", name="Kommune: vej, trafik og belysning")
    if not partner.get_by_role("textbox", name=re.compile("^Link til")).count():
        partner.get_by_text("0 links uden konto").click()
        partner.get_by_role("button", name="Lav et link").click()
    return partner.get_by_role("textbox", name=re.compile("^Link til")).first.input_value()


def test_notes_become_a_measure_its_partner_answers_and_the_meeting_ends_it(
    desk: Page, walked: Planned, browser: Browser
) -> None:
    make(desk, walked, "Mast 4471", "Her er helt sort")
    make(desk, walked, "Buskene")
    desk.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/measures")
    expect(desk.get_by_role("row").filter(has_text="Lampe virker ikke")).to_contain_text("om 14 dage")

    theirs = browser.new_page(locale="da-DK")
    theirs.goto(partners_link(desk, walked))
    theirs.get_by_role("link", name=re.compile("^1\\. ")).click()
    theirs.get_by_label("Status").select_option("Accepteret")
    theirs.get_by_label("Svar til borgerne").fill("Vi skifter lampen inden 10. december.")
    theirs.get_by_label("Jeres sagsnr.").fill("VB-2026-3310")
    theirs.get_by_role("button", name="Gem svar").click()
    expect(theirs.get_by_role("status")).to_contain_text("Jeres svar er gemt.")
    assert "/p/" not in theirs.url
    theirs.close()

    desk.goto(f"{walked.server.url}/walks/{walked.walk['walk_id']}/measures")
    expect(desk.get_by_role("row").filter(has_text="Lampe virker ikke")).to_contain_text(
        "Vi skifter lampen inden 10. december."
    )
    desk.get_by_role("link", name="Opfølgningsmøde").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("1")
    desk.keyboard.press("ArrowRight")  # the next one, and back
    expect(desk).to_have_url(re.compile("at=2"))
    desk.get_by_label("Til referatet").press("ArrowLeft")  # not while one types
    expect(desk).to_have_url(re.compile("at=2"))
    desk.get_by_role("heading", level=1).click()
    desk.keyboard.press("k")
    expect(desk).to_have_url(re.compile("at=1"))
    desk.get_by_text("Udført", exact=True).click()
    desk.get_by_label("Til referatet").fill("Lampen er skiftet i går.")
    desk.get_by_role("button", name="Gem, og videre til det næste").click()
    desk.get_by_role("button", name="Gem, og til referatet").click()
    expect(desk.get_by_role("main")).to_contain_text("Lampen er skiftet i går.")
    expect(desk.get_by_role("main")).to_contain_text("Accepteret → Udført")


def test_the_link_is_copied_by_its_button(desk: Page, walked: Planned) -> None:
    make(desk, walked, "Mast 4471")
    link = partners_link(desk, walked)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.get_by_role("button", name="Kopiér").first.click()
    expect(desk.get_by_role("button", name="Kopieret")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == link


@pytest.mark.once
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_partners_measure_is_read_by_everybody_with_all_of_it_unfolded(
    desk: Page, walked: Planned, scheme: Any
) -> None:
    make(desk, walked, "Mast 4471", "Her er helt sort")
    desk.emulate_media(color_scheme=scheme)
    desk.goto(partners_link(desk, walked))
    desk.goto(f"{walked.server.url}/partner?show=all")
    desk.get_by_role("row").nth(1).get_by_role("link").click()
    desk.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert_readable(desk, "a partner's measure")
