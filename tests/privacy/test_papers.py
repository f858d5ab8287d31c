"""What everybody may know about data, accessibility and storage, in both languages, without an account or a cookie; the privacy
notice in every language of the walker's app."""

import re
from collections import Counter

import pytest

from app import i18n
from app.models import Organisation, Walk
from app.privacy import keeping, papers
from tests.cast import Stage
from tests.gathering.conftest import Hand

WAYS = ("/privacy", "/privacy/records", "/privacy/dpia", "/accessibility", "/storage")
FIRST = {
    "da": (
        "Sådan behandler vi dine oplysninger",
        "Fortegnelse over behandling",
        "Konsekvensanalyse",
        "Tilgængelighed",
        "Cookies",
    ),
    "en": ("How we treat your data", "Records of processing", "Impact assessment", "Accessibility", "Cookies"),
}


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_paper_is_read_in_both_languages_and_sets_no_cookie(stage: Stage, language: str) -> None:
    for way, heading in zip(WAYS, FIRST[language], strict=True):
        page = stage.http.get(way, headers={"Accept": "text/html", "Accept-Language": language})
        assert page.status_code == 200, way
        assert f"<h1>{heading}" in page.text, way
        assert "{" not in page.text.partition("<main")[2].partition("</main>")[0], "a value was left out"
        assert "set-cookie" not in page.headers
        assert 'href="/storage"' in page.text
        assert ".md" not in page.text


def test_the_notice_the_record_and_the_assessment_say_what_is_done(stage: Stage) -> None:
    with stage.db.write() as tx:
        mine = tx.get_one(Organisation, stage.walk.organisation_id)
        mine.name, mine.keeping = "<b>Aalborg</b> [Kommune](javascript:x)", {"photos": 77}
        tx.get_one(Walk, stage.walk.id).contacts = "Karen <i>12345678</i>"
    for way in WAYS[:3]:
        page = stage.http.get(f"{way}?walk={stage.walk.id}", headers={"Accept-Language": "en"}).text
        assert "77 days after the report was released" in page
        for rule in keeping.RULES:
            assert rule.what in page.replace("&#x27;", "'"), rule.name
        assert "counted from when they were taken out" in page
        assert "<b>Aalborg</b>" not in page
        assert "javascript:x&quot;" not in page
        assert "<i>" not in page
    same = stage.http.get(f"/privacy?of={stage.walk.organisation_id}", headers={"Accept-Language": "en"}).text
    assert "77 days" in same
    assert "Karen" not in same


@pytest.mark.parametrize("query", ["walk=x", "walk=01999999-0000-7000-8000-000000000000", "of=../..", "walk=%00"])
def test_an_unknown_walk_reads_as_one_of_no_organisation(stage: Stage, query: str) -> None:
    page = stage.http.get(f"/privacy?{query}", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "The organisation behind the walk" in page.text


def test_every_paper_is_there_in_both_languages_and_the_notice_in_all_of_the_walkers() -> None:
    assert {path.name for path in papers.FOLDER.glob("*.md")} == {
        f"{name}.{code}.md"
        for name in papers.PAPERS
        for code in (i18n.all_languages() if name == "notice" else i18n.LANGUAGES)
    }


# The notice, which a walker reads before joining


def written(language: str) -> str:
    return (papers.FOLDER / f"notice.{language}.md").read_text("utf-8")


def shape(language: str) -> list[str]:
    """What each block of it is, and what has to be filled in there; without the remark on the translation."""
    blocks = [block for block in written(language).split("\n\n") if not block.startswith(">")]
    return [
        re.match(r"#+ |\| |- |\{keeping\}|", block)[0] + str(sorted(Counter(re.findall(r"\{\w+\}", block)).items()))  # type: ignore[index]
        + str([len(re.findall(sign, block, re.M)) for sign in (r"^\|", r"^- ", r"\*\*", r"\]\(")])
        for block in blocks
    ]  # fmt: skip


@pytest.mark.parametrize("language", i18n.all_languages())
def test_the_notice_says_the_same_in_every_language(language: str) -> None:
    assert shape(language) == shape("da")
    for label in ("Help", "What you have sent"):  # what the app calls them
        assert f"*{i18n.phone_text(language, label)}*" in written(language)
    assert "https://www.datatilsynet.dk" in written(language)


@pytest.mark.parametrize("language", i18n.phone_languages())
def test_a_walker_reads_the_notice_in_the_language_of_their_phone(stage: Stage, language: str) -> None:
    page = stage.http.get("/privacy", headers={"Accept-Language": f"{language}-XX, en;q=0.5"}).text
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page
    assert re.search(r"<h1>(.*?)</h1>", page)[1] == written(language).splitlines()[0].removeprefix("# ")  # type: ignore[index]
    assert "{" not in page.partition("<main")[2].partition("</main>")[0], "a value was left out"
    # at its head: whether anybody has checked it, and that the Danish text is the one that counts
    remark = re.search(r"<blockquote>\s*<p>(.*?)\.</p>", page, re.DOTALL)[1].split(". ")  # type: ignore[index]
    unchecked = i18n.phone_text(language, "Nobody who grew up with this language has checked the translation yet.")
    assert [f"{sentence}." for sentence in remark[:-1]] in ([unchecked], [])
    assert f'hreflang="{language}" aria-current="page"' in page
    # around it too
    english = stage.http.get("/privacy?lang=en").text
    for told in (r'class="skip" href="#main">(.*?)<', r'<meta name="description" content="(.*?)"', r"<footer(.*?)</footer>", r"<th scope=.row.>(.*?)</th>",
                 r"<title>(.*?)</title>", r'class="tongues" aria-label="(.*?)"'):  # fmt: skip
        assert not set(re.findall(told, page, re.DOTALL)) & set(re.findall(told, english, re.DOTALL)), told


def test_a_chosen_language_goes_before_the_browsers_and_a_link_before_both(stage: Stage) -> None:
    browser = stage.browser(headers={"Accept-Language": "ar", "Sec-Fetch-Site": "same-origin"}, follow_redirects=True)
    assert '<html lang="ar"' in browser.get("/privacy").text
    assert '<html lang="ar"' not in browser.get("/storage").text, "there is none in Arabic"
    page = browser.get(f"/privacy?lang=uk&walk={stage.walk.id}").text
    assert '<html lang="uk"' in page
    assert f'href="/privacy?walk={stage.walk.id}&amp;lang=so" lang="so"' in page
    chosen = f"/privacy?walk={stage.walk.id}"
    assert f'name="next" value="{chosen}"' in page, "or the button for Danish would come back to this language"
    answer = browser.post("/language", data={"language": "da", "next": chosen})
    assert str(answer.url).endswith(chosen)
    assert '<html lang="da"' in answer.text
    assert '<html lang="da"' in browser.get("/privacy?lang=klingon").text


def test_an_organisations_name_keeps_its_own_direction_in_an_arabic_sentence(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Organisation, stage.walk.organisation_id).name = "Aalborg (Øst) <b>"
    page = stage.http.get(f"/privacy?lang=ar&walk={stage.walk.id}").text
    assert page.count("<bdi>Aalborg (Øst) &lt;b&gt;</bdi>") == 2


def test_who_is_signed_in_finds_the_menu_on_the_notice_and_in_the_guide(stage: Stage) -> None:
    ida = Hand(stage, "ida@kommune.example", "coordinator")
    for way in (*WAYS, "/guide", "/guide/coordinator"):
        assert 'id="menu"' in ida.http.get(way).text, way
        assert 'id="menu"' not in stage.http.get(way).text, way
