"""Whatever goes wrong on the phone, it says what happened, what is safe and what to do, in each of its languages.

Each mishap is one entry of static/js/mishaps/, in three sentences; what the server refuses is told by test_problems.py.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from app import i18n
from app.tongues import languages, path_of
from tests.house.test_problems import COLD

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
WALKERS = (
    "app",
    "api",
    "camera",
    "copy",
    "database",
    "dom",
    "outbox",
    "place",
    "pocket",
    "ready",
    "store",
    "sync",
    "track",
)
ENTRY = re.compile(r"^  (\w+): \(n?\) => \[(.*)\],$", re.M)
_STRING = r'"(?:[^"\\]|\\.)*"'
SENTENCE = re.compile(rf"(?:t\(({_STRING})\)|plural\(n, ({_STRING}), ({_STRING})\))(?:, |$)")
# Where nothing has gone wrong: something is still missing, and the phone says what to do about it.
ASKS = {
    "screens/capture.js": "There is nothing to save yet.",
    "screens/blur.js": "Nothing is covered yet.",
}


class Mishap(NamedTuple):
    """Where it stands, its name there, and its texts as they are in the source; a plural is [one, many]."""

    module: str
    name: str
    sentences: list[list[str]]


def mishaps() -> list[Mishap]:
    found = []
    for path in sorted((SCRIPTS / "mishaps").glob("*.js")):
        for name, texts in ENTRY.findall(path.read_text("utf-8")):
            parts = [[ast.literal_eval(text) for text in one if text] for one in SENTENCE.findall(texts)]
            assert SENTENCE.sub("", texts) == "", f"{path.name}: {name} is made of something else than sentences"
            found.append(Mishap(path.name, name, parts))
    return found


ALL = mishaps()


def scripts() -> dict[str, str]:
    """The walker's scripts by their names, mishaps apart."""
    folders = ("screens", "installed", "blurring", "walking")
    paths = [path for folder in folders for path in (SCRIPTS / folder).glob("*.js")]
    paths += [SCRIPTS / f"{name}.js" for name in WALKERS]
    return {path.relative_to(SCRIPTS).as_posix(): path.read_text("utf-8") for path in paths}


def catalogue(language: str) -> Catalog:
    path = i18n.catalogue_path("da") if language == "da" else path_of(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def forms_of(message: Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


def test_every_mishap_of_the_modules_is_read_here() -> None:
    assert len(ALL) >= 40
    written = sum(
        len(re.findall(r"^  \w+: \(", path.read_text("utf-8"), re.M)) for path in (SCRIPTS / "mishaps").iterdir()
    )
    assert written == len(ALL)


@pytest.mark.parametrize("mishap", ALL, ids=lambda one: f"{one.module}-{one.name}")
def test_a_mishap_says_what_happened_what_is_safe_and_what_to_do(mishap: Mishap) -> None:
    assert len(mishap.sentences) == 3
    happened, safe, act = mishap.sentences
    assert len({one[0] for one in mishap.sentences}) == 3
    assert all(re.fullmatch(r"(?:[A-Z]|\{n\}).+\.", text) for text in (*happened, *safe, *act))


@pytest.mark.parametrize("language", ["da", *languages()])
def test_no_sentence_is_missing_in_any_language_and_the_three_stay_three(language: str) -> None:
    told = catalogue(language)
    for mishap in ALL:
        texts = []
        for one in mishap.sentences:
            message = told.get(one[0])
            assert message, f"{language}: {one[0]}"
            forms = forms_of(message)
            assert all(form.endswith(".") and form != one[0] for form in forms), f"{language}: {forms}"
            texts.append(forms[0])
        assert len(set(texts)) == 3, f"{language}: {texts}"


@pytest.mark.parametrize("language", ["da", "en"])
def test_no_sentence_blames_or_speaks_of_the_machine(language: str) -> None:
    told = catalogue("da")
    for mishap in ALL:
        for one in mishap.sentences:
            message = told.get(one[0])
            assert message
            texts = one if language == "en" else forms_of(message)
            assert not [text for text in texts if COLD.search(text)], f"{mishap.name}: {texts}"


def test_the_phone_says_nothing_of_a_mishap_in_any_other_words() -> None:
    for name, code in scripts().items():
        assert not re.search(r"\btone:", code), f"{name}: an alarm is told by alarm() and notice()"
        assert not re.search(r"new (?:Error|Trouble)\([^)]*(?<![\w.])t\(", code), f"{name}: a mishap stands in mishaps/"
        asked = re.findall(r'icon: "alert",\s*text: t\("([^"]+)"\)', code)
        assert asked == ([ASKS[name]] if name in ASKS else []), f"{name}: {asked}"
        assert len(re.findall(r'icon: "alert"', code)) == len(asked), name


def test_no_mishap_is_kept_that_cannot_happen() -> None:
    code = "\n".join(scripts().values())
    for mishap in ALL:
        assert f"MISHAPS.{mishap.name}(" in code, f"{mishap.module}: nobody tells of {mishap.name}"
