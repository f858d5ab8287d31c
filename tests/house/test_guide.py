"""The guide: for every role the same in both languages, in our words, and every picture and page it names is there."""

import re
from itertools import product
from pathlib import Path

import pytest

from app.guide import ROLES, anchor
from app.pages import CHAPTERS
from tests.cast import Stage
from tests.gathering.conftest import Hand

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
LANGUAGES = ("da", "en")
FILES = ("", *ROLES)
MOST_BYTES = 150_000


def path(role: str, language: str) -> Path:
    return GUIDE / (f"{language}/{role}.md" if role else f"{language}.md")


def text(role: str, language: str) -> str:
    return path(role, language).read_text("utf-8")


def pictures(role: str, language: str) -> list[str]:
    return re.findall(r"!\[[^\]]+\]\(\.\./pictures/([^)]+)\)", text(role, language))


def headings(role: str, language: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", text(role, language), re.M)


def test_every_role_has_a_file_in_both_languages_and_no_other_lies_there() -> None:
    there = sorted(found.relative_to(GUIDE).as_posix() for found in GUIDE.rglob("*.md"))
    assert there == sorted(
        path(role, language).relative_to(GUIDE).as_posix() for role, language in product(FILES, LANGUAGES)
    )


def test_every_picture_the_guide_names_is_there_and_none_lies_there_unused() -> None:
    named = {name for role, language in product(ROLES, LANGUAGES) for name in pictures(role, language)}
    assert sorted(named) == sorted(found.name for found in (GUIDE / "pictures").iterdir()), "make pictures"
    assert sorted(name.replace(".da.", ".en.") for name in named if ".da." in name) == sorted(
        name for name in named if ".en." in name
    )


def test_no_picture_is_larger_than_a_slow_line_can_bear() -> None:
    assert not [found.name for found in (GUIDE / "pictures").iterdir() if found.stat().st_size > MOST_BYTES]


@pytest.mark.parametrize("role", FILES)
def test_both_languages_have_the_same_sections_and_pictures_in_the_same_order(role: str) -> None:
    danish, english = (headings(role, language) for language in LANGUAGES)
    assert [level for level, _name in danish] == [level for level, _name in english]
    shown = [[name.removesuffix(f".{language}.webp") for name in pictures(role, language)] for language in LANGUAGES]
    assert shown[0] == shown[1]
    waiting = [re.findall(r"<!-- picture: ([\w-]+) ", text(role, language)) for language in LANGUAGES]
    assert waiting[0] == waiting[1]


@pytest.mark.parametrize(("role", "language"), [*product(FILES, LANGUAGES)])
def test_every_link_leads_somewhere(role: str, language: str) -> None:
    here = path(role, language)
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text(role, language))
    assert links
    for link in links:
        name, _, chapter = link.partition("#")
        there = (here.parent / name).resolve() if name else here
        assert there.is_file(), link
        if chapter:
            known = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.M)
            assert chapter in map(anchor, known), link


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_leads_to_every_role(language: str) -> None:
    assert all(f"]({language}/{role}.md)" in text("", language) for role in ROLES)


def test_the_readme_leads_to_the_guide_in_both_languages() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"docs/guide/{language}.md" in readme for language in LANGUAGES)


@pytest.mark.parametrize(("role", "language"), [*product(FILES, LANGUAGES)])
def test_everybody_reads_it_on_the_server_in_their_language_with_its_pictures(
    stage: Stage, role: str, language: str
) -> None:
    page = stage.http.get(f"/guide/{role}".rstrip("/"), headers={"Accept-Language": language})
    assert page.status_code == 200
    for (_level, name), (_same, english) in zip(headings(role, language), headings(role, "en"), strict=True):
        assert f'id="{anchor(name)}"' in page.text, name
        assert f'id="{anchor(english)}"' in page.text, english
    shown = re.findall(r'src="(/guide/pictures/[^"]+)"', page.text)
    assert len(shown) == len(pictures(role, language))
    assert "picture:" not in page.text
    assert ".md" not in re.sub(r"<code>.*?</code>", "", page.text)
    for address in [*shown, *re.findall(r'href="(/guide[^"#]*)', page.text)]:
        assert stage.http.get(address).status_code == 200, address


def test_every_page_of_ours_leads_to_a_chapter_that_is_there() -> None:
    for name, chapter in CHAPTERS.items():
        assert (ROOT / "templates" / name).exists(), name
        role, _, wanted = chapter.partition("#")
        assert wanted in [anchor(heading) for _level, heading in headings(role, "en")], chapter


def test_help_on_a_coordinators_page_opens_at_its_chapter(stage: Stage) -> None:
    ida = Hand(stage, "ida@kommune.example", "coordinator")
    assert 'href="/guide/organiser#plan-a-walk"' in ida.open("plan").text
    assert 'href="/guide/coordinator#review"' in ida.open("review").text
    assert 'href="/guide/organiser#type-in-paper-notes"' in ida.open("paper").text


@pytest.mark.parametrize("name", ["../da.md", "..%2Fda.md", "nothing.da.webp", "x"])
def test_nothing_but_its_pictures_is_handed_out(stage: Stage, name: str) -> None:
    assert stage.http.get(f"/guide/pictures/{name}").status_code == 404


@pytest.mark.parametrize("role", ["somebody", "pictures", "..%2Fda", "da.md"])
def test_who_is_no_role_has_no_page(stage: Stage, role: str) -> None:
    assert stage.http.get(f"/guide/{role}").status_code == 404
