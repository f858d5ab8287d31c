"""The guide: the same in both languages, in our words, and every picture it names is there."""

import re
from pathlib import Path

import pytest

from app.guide import anchor
from tests.cast import Stage
from tests.house.test_translations import WRONG_WORDS

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
LANGUAGES = ("da", "en")
MOST_BYTES = 150_000


def text(language: str) -> str:
    return (GUIDE / f"{language}.md").read_text("utf-8")


def pictures(language: str) -> list[str]:
    return re.findall(r"!\[[^\]]+\]\(pictures/([^)]+)\)", text(language))


def headings(language: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", text(language), re.M)


def test_every_picture_the_guide_names_is_there_and_none_lies_there_unused() -> None:
    named = [name for language in LANGUAGES for name in pictures(language)]
    assert sorted(named) == sorted(path.name for path in (GUIDE / "pictures").iterdir()), "make guide"


def test_no_picture_is_larger_than_a_slow_line_can_bear() -> None:
    assert not [path.name for path in (GUIDE / "pictures").iterdir() if path.stat().st_size > MOST_BYTES]


def test_both_languages_have_the_same_sections_and_pictures_in_the_same_order() -> None:
    danish, english = (headings(language) for language in LANGUAGES)
    assert [level for level, _name in danish] == [level for level, _name in english]
    shown = [[name.removesuffix(f".{language}.webp") for name in pictures(language)] for language in LANGUAGES]
    assert shown[0] == shown[1]
    waiting = [re.findall(r"<!-- picture: ([\w-]+) ", text(language)) for language in LANGUAGES]
    assert waiting[0] == waiting[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_somewhere(language: str) -> None:
    known = {f"#{anchor(name)}" for _level, name in headings(language)} | {"da.md", "en.md"}
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text(language))
    assert links
    assert set(links) <= known


def test_the_danish_guide_says_tryg_and_du() -> None:
    assert not WRONG_WORDS.findall(text("da"))


def test_the_readme_leads_to_the_guide_in_both_languages() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"docs/guide/{language}.md" in readme for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_reads_it_on_the_server_in_their_language_with_its_pictures(stage: Stage, language: str) -> None:
    page = stage.http.get("/guide", headers={"Accept-Language": language})
    assert page.status_code == 200
    for _level, name in headings(language)[1:]:
        assert f'id="{anchor(name)}"' in page.text, name
    shown = re.findall(r'src="(/guide/pictures/[^"]+)"', page.text)
    assert len(shown) == len(pictures(language))
    assert "picture:" not in page.text
    for address in shown:
        assert stage.http.get(address).headers["content-type"] == "image/webp", address


@pytest.mark.parametrize("name", ["../da.md", "..%2Fda.md", "nothing.da.webp", "x"])
def test_nothing_but_its_pictures_is_handed_out(stage: Stage, name: str) -> None:
    assert stage.http.get(f"/guide/pictures/{name}").status_code == 404
