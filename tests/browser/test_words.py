"""While one writes: a gentle word where the text looks as if it named a person, by the server's own rules, never in the way."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.demo import content
from app.review import personal, phone_words
from tests.browser.pocket import Phone
from tests.browser.walking import Evening
from tests.review.test_personal import CASES

pytestmark = pytest.mark.once

# Where JavaScript reads patterns otherwise than Python, were they not translated: letters, borders of words, lines, kinds of space.
TRICKY = [
    "Åge Øster", "ægevej 12a", "Éva Hansen\nIda", "(Ida)", "Ida-Marie", "_Ida", "Ida_", "ida", "IDA", "Idas", "Ida's", "Mette\tHansen",
    "Ida Hansen Sørensen Jensen", "Ida.Hansen@aalborg.example", "AB12345é", "éAB12345", "Adgangsvej 12", "ADGANGSvej 12", "Villavej 12 lamper",
    "pastor Hansen", "St. Hans", "naboen Ib bor der", "NABOEN Ib", "Jens 💡 Hansen 💡 98123456", "010203-1234 og 3112991234 og 3213991234",
    "20261124 20261324 20260230 19891231", "Peter Sabroes Store Plads", "hr. Holm", "fru Å", "Hans Å. Ø", "Egevej 12, 3. tv.", "Egevej nr. 7b",
    "Ringvejen 12, Hans Broges Gade 5 og Bo Bakke", "Tine-Line Holm", "Tine’s have", "Ahmed\u00a0Ali", "a" * 3_900 + " Ida", "Hansen " * 400,
]  # fmt: skip


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    return [text for part in parts for text in texts(part)]


def test_what_the_phone_has_of_the_servers_patterns_is_not_stale() -> None:
    assert phone_words.TARGET.read_text("utf-8") == phone_words.written(), "run python -m app.review.phone_words"


def test_phone_and_server_suspect_the_same_words_in_every_case(phone: Phone) -> None:
    demo = texts({name: value for name, value in vars(content).items() if name.isupper()})
    cases = [text for text, _ in CASES] + TRICKY + demo
    assert len(cases) > 80
    told = phone.run(
        "return given[0].map((text) => [text, personal.found(text).map(({start, end, kind}) => [start, end, kind])])",
        cases,
    )
    for text, spans in told:
        assert spans == in_utf_16(text), text


def in_utf_16(text: str) -> list[list[Any]]:
    """The server's spans of `text`, counted as JavaScript counts."""

    def units(end: int) -> int:
        return len(text[:end].encode("utf-16-le")) // 2

    return [[units(span.start), units(span.end), span.kind] for span in personal.found(text)]


def word(page: Page, field: str) -> Any:
    return (
        page.get_by_role("textbox", name=field, exact=True)
        .locator("xpath=ancestor::*[contains(@class, 'field')]")
        .locator(".notice")
    )


def test_a_name_is_pointed_out_when_the_writer_pauses_and_the_note_is_saved_all_the_same(night: Evening) -> None:
    page = night.join().ready().page
    night.begin("Utryg").offline()
    page.evaluate("""() => { globalThis.heard = []; new MutationObserver(() => heard.push(document.getElementById("said").innerText))
      .observe(document.getElementById("said"), {childList: true, subtree: true, characterData: true}); }""")
    night.button("Skriv").click()
    note = page.get_by_role("textbox", name="Note", exact=True)
    note.press_sequentially("Peter Hansen bor her", delay=20)
    expect(word(page, "Note")).to_contain_text("Det ligner et navn på en person. Beskriv stedet, ikke personen.")
    expect(note).to_be_focused()
    note.press_sequentially(", siger Ida Holm", delay=20)
    note.fill("Cpr 010203-1234 stod på døren")
    expect(word(page, "Note")).to_contain_text("Det ligner et CPR-nummer.")
    heard = json.loads(page.evaluate("JSON.stringify(heard)"))
    assert len([one for one in heard if "navn på en person" in one]) == 1  # once, and not at each key
    page.get_by_role("textbox", name="Forslag", exact=True).fill("Klip hækken ved Egevej 12")
    expect(word(page, "Forslag")).to_contain_text("Er selve huset stedet? Så er det fint.")
    expect(word(page, "Forslag")).not_to_have_attribute("data-tone", "wait")
    note.fill("Lampen er slukket")
    expect(word(page, "Note")).to_have_count(0)
    night.save()


def test_what_stands_in_a_draft_already_is_pointed_out_when_it_is_opened_again(night: Evening) -> None:
    page = night.join().ready().begin("Utryg").write("Ring på 98 12 34 56").page
    expect(word(page, "Note")).to_contain_text("Det ligner et telefonnummer.")
    page.reload()
    expect(word(page, "Note")).to_contain_text("Det ligner et telefonnummer.")
