"""What everybody may know about data, accessibility and storage, in both languages, without an account or a cookie."""

import pytest

from app.models import Organisation, Walk
from app.privacy import keeping, papers
from tests.cast import Stage

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


def test_every_paper_is_there_in_both_languages() -> None:
    assert {path.name for path in papers.FOLDER.glob("*.md")} == {
        f"{name}.{code}.md" for name in papers.PAPERS for code in ("da", "en")
    }
