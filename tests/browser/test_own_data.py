"""A walker looks at what the server holds of them, takes it home, and erases it, on the phone's own screen."""

import json
import zipfile
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.walking import Evening

PATIENCE_MS = 20_000
WORDS = "Han i det røde hus råber hver aften."


def test_a_walker_sees_fetches_and_erases_all_that_they_have_sent(night: Evening, tmp_path: Path) -> None:
    page = night.page
    page.set_default_timeout(PATIENCE_MS)
    night.join()
    night.begin()
    page.get_by_role("radio", name="Utryg", exact=True).check()
    night.write(WORDS)
    night.save()
    night.notes()
    night.received_at_last("røde hus", 1)
    page.goto(f"{night.url}#/help")
    page.get_by_role("link", name="Det, du har sendt", exact=True).click()
    expect(page.get_by_role("heading", name="Det, du har sendt")).to_be_visible()
    expect(page.get_by_text(WORDS)).to_be_visible()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    with page.expect_download() as download:
        page.get_by_role("button", name="Hent det hele", exact=True).click()
    file = tmp_path / "mine.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("data.json"))
    assert [note["note"] for note in told["notes"]] == [WORDS]
    key = told["participant"]["id"]

    page.get_by_role("button", name="Slet det hele", exact=True).click()
    expect(page.get_by_text("Ingen af dine noter står i en offentlig rapport.", exact=False)).to_be_visible()
    page.get_by_role("button", name="Nej, behold det", exact=True).click()
    expect(page.get_by_text(WORDS)).to_be_visible()
    page.get_by_role("button", name="Slet det hele", exact=True).click()
    page.get_by_role("button", name="Ja, slet det hele", exact=True).click()
    expect(page.get_by_text("Alt, du havde sendt, er slettet")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("textbox", name="Kode", exact=True)).to_be_visible()
    assert night.received("røde hus") == []

    # They can come again, as somebody new.
    night.join()
    night.notes()
    expect(page.get_by_text(WORDS)).to_have_count(0)
    page.goto(f"{night.url}#/data")
    expect(page.get_by_text("0 noter", exact=True)).to_be_visible()
    assert page.evaluate("document.cookie") == ""
    assert key


def test_a_strangers_yes_erases_nothing_on_the_phone_and_their_page_is_no_file(night: Evening) -> None:
    night.join().begin("Utryg").write(WORDS).save().notes()
    night.received_at_last("røde hus", 1)
    night.page.goto(f"{night.url}#/data")
    page = "<html>Welcome to CafeNet</html>"
    night.page.route("**/data.zip", lambda asked: asked.fulfill(status=200, content_type="text/html", body=page))
    night.page.route("**/erasure", lambda asked: asked.fulfill(status=200, json={"login": "required"}))
    night.button("Hent det hele").click()
    expect(night.said).to_contain_text("ikke")
    expect(night.said).not_to_contain_text("Det er hentet")
    night.button("Slet det hele").click()
    night.button("Ja, slet det hele").click()
    expect(night.said).to_contain_text("Serveren har ikke sagt, at det er slettet")
    night.page.unroute("**/erasure")
    night.page.reload()
    expect(night.page.get_by_text(WORDS)).to_be_visible()
    night.button("Slet det hele").click()
    night.button("Ja, slet det hele").click()
    expect(night.page.get_by_text("Alt, du havde sendt, er slettet")).to_be_visible()
    assert night.received("røde hus") == []
