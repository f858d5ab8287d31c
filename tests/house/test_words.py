"""Our words: what people read says tryg and du and keeps to docs/glossary.md, in Danish and in English."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from app import catalogue, i18n

ROOT = Path(__file__).parents[2]

# Nobody writes these, whatever the thing is called. The glossary names more, for one thing each.
BANNED = {
    "da": (
        r"u?sik(?:ker[te]?|re|kert)",  # a lock is sikker; people feel tryg
        r"registr[eé]r\w*",
        r"lokation\w*",
        r"(?:ind)?submit\w*|indsend\w*",
        r"brugere\w*|brugernavn\w*|(?:en|hver|som) bruger",  # who walks is a person; "bruger" as a verb is fine
        r"venligst",
    ),
    "en": (r"submit\w*|submission\w*", r"locations?", r"users?", r"kindly"),
}
# Nobody is "De", which within a sentence it must be: the first word of one may mean "they".
POLITE = re.compile(r"(?<=[\w,] )(?:De|Deres|Dem)\b")

# text, and why it may stand
EXCEPTIONS = {
    "da": {
        "de registrerede": "the law's own word for the people data are about, in a paper for its readers",
        "Registrerede |": "the same, as the heading that the law's record asks for",
    },
    "en": {
        "Location Services": "what an iPhone calls its setting",
        "Precise Location": "what an iPhone calls its setting",
        "*Location*": "what Android calls its setting",
        "whether location is on": "the same setting",
        "Mixed users": "those who use a place, in the taxonomy",
        "Mix of users": "those who use a place, in the taxonomy",
    },
}

PAPERS = ("docs/guide/{}.md", "docs/guide/{}/*.md", "templates/**/*.{}.md")


def glossary() -> list[tuple[str, str, list[str], list[str]]]:
    """(Danish, English, what Danish never says, what English never says) of each row."""
    rows = re.findall(r"^\| (.+) \|$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.M)[1:]
    cells = [[cell.strip() for cell in re.split(r"(?<=\s)\||\|(?=\s)", row)] for row in rows]
    return [(da, en, _listed(never), _listed(not_en)) for da, en, _meaning, never, not_en in cells]


def _listed(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]


def spoken(language: str) -> Iterator[tuple[str, str]]:
    """(where, text) of everything that people read in Danish or English."""
    for message in catalogue.read(BytesIO(i18n.catalogue_path("da").read_bytes())):
        if message.id:
            said = message.string if language == "da" else message.id
            for form in said if isinstance(said, tuple) else (said,):
                yield "tryg.po", str(form)
    for path in sorted(found for name in PAPERS for found in ROOT.glob(name.format(language))):
        yield path.relative_to(ROOT).as_posix(), re.sub(r"\]\([^)]*\)|`[^`]*`", "]", path.read_text("utf-8"))
    yield "app/taxonomy.json", "\n".join(_labels(json.loads((ROOT / "app/taxonomy.json").read_text("utf-8")), language))


def _labels(node: object, language: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == language and isinstance(value, str):
                yield value
            else:
                yield from _labels(value, language)
    elif isinstance(node, list):
        for value in node:
            yield from _labels(value, language)


def found(pattern: re.Pattern[str], language: str) -> list[str]:
    """Where the pattern stands, with what is around it; exceptions apart."""
    hits = []
    for where, text in spoken(language):
        for phrase in EXCEPTIONS[language]:
            text = text.replace(phrase, "")
        hits += [f"{where}: {text[max(0, hit.start() - 40) : hit.end() + 20]!r}" for hit in pattern.finditer(text)]
    return hits


@pytest.mark.parametrize("language", ["da", "en"])
def test_nothing_people_read_uses_a_word_that_we_do_not_say(language: str) -> None:
    assert not found(re.compile(rf"\b(?:{'|'.join(BANNED[language])})\b", re.I), language)


def test_nobody_is_spoken_to_as_de() -> None:
    assert not found(POLITE, "da")


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_exception_is_still_needed(language: str) -> None:
    everything = "\n".join(text for _where, text in spoken(language))
    assert not [phrase for phrase in EXCEPTIONS[language] if phrase not in everything]


@pytest.mark.parametrize(("language", "column"), [("da", 0), ("en", 1)])
def test_every_word_of_the_glossary_is_one_we_use(language: str, column: int) -> None:
    everything = "\n".join(text for _where, text in spoken(language)).lower()
    assert len(glossary()) > 40
    assert not [row[column] for row in glossary() if str(row[column]).lower() not in everything]


@pytest.mark.parametrize(("language", "column"), [("da", 2), ("en", 3)])
def test_no_word_that_the_glossary_puts_aside_is_used(language: str, column: int) -> None:
    never = [word for row in glossary() for word in row[column]]
    assert len(never) > 40
    assert not found(re.compile(rf"\b(?:{'|'.join(map(re.escape, never))})\b", re.I), language)


@pytest.mark.parametrize("path", sorted(ROOT.glob("templates/paper/*.typ")), ids=lambda path: path.name)
def test_papers_have_no_words_of_their_own(path: Path) -> None:
    """What they print comes through the catalogue, which is looked at here; so no letters stand in their markup."""
    assert not re.search(r"[æøåÆØÅ]", re.sub(r"//.*", "", path.read_text("utf-8")))
