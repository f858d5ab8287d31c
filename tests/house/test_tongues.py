"""Every language of the walker's app says everything, counts as its speakers do, and is called checked only by who checked it."""

import json
import re
from gettext import c2py  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

import httpx
import pytest
from babel.core import Locale
from babel.messages.catalog import Message

from app import catalogue, i18n, shell, tongues
from tests.cast import Stage

ORDER = ("zero", "one", "two", "few", "many", "other")
PROMISED = {"ar", "de", "pl", "so", "tr", "uk"}


def header(language: str) -> dict[str, str]:
    return tongues.header_of(tongues.path_of(language).read_bytes())


def test_every_language_says_everything_with_the_same_names_and_stars() -> None:
    assert not tongues.problems()


def test_the_languages_that_are_offered_are_those_that_have_words() -> None:
    script = (catalogue.SCRIPTS / "tongues.js").read_text("utf-8")
    names = re.search(r"NAMES = \{(.*?)\};", script, re.DOTALL)
    assert names
    assert set(re.findall(r"(\w\w): \"", names[1])) == {"da", "en", *tongues.languages()} >= PROMISED


@pytest.mark.parametrize("language", tongues.languages())
def test_a_language_counts_as_its_speakers_do_and_the_phone_finds_the_form(language: str) -> None:
    """The phone takes the form by the CLDR's name for it; a translator's editor by gettext's sum. Both must mean the same."""
    told = header(language)["plural-forms"]
    sums = c2py(told.partition("plural=")[2].rstrip(" ;"))
    rule = Locale.parse(language).plural_form
    has = [name for name in ORDER if name in {*rule.rules, "other"}]
    for n in [*range(130), 1000, 1001, 1002, 1011, 1_000_000]:
        # A form for fractions alone stands last, and no whole number takes it.
        assert sums(n) == min(has.index(rule(n)), tongues.forms_of(header(language)) - 1), n


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (["{n} nuta", "{n} nuty", "{n} nut"], ""),
        (["nuta", "{n} nuty", "{n} nut"], ""),
        (["{n} nuta", "{n} nuty"], "wants 3 forms"),
        ("{n} nut", "wants 3 forms"),
        (["{n} nuta", "{n} nuty", "nut"], "placeholders differ"),
        (["{n} nuta", "{n} nuty", "{m} nut"], "placeholders differ"),
        (["{n} nuta", "", "{n} nut"], "untranslated"),
        (["*{n}* nuta", "{n} nuty", "{n} nut"], "emphasis differs"),
    ],
)
def test_a_plural_that_does_not_fit_is_told(text: str | list[str], reason: str) -> None:
    assert tongues.fits(Message(("{n} note", "{n} notes")), text, 3) == reason


def test_a_text_keeps_its_names_and_its_stars() -> None:
    asked = Message("*Stop {number}* is near")
    assert tongues.fits(asked, "*Halt {number}* ist nah", 2) == ""
    assert tongues.fits(asked, "*Halt {nummer}* ist nah", 2) == "placeholders differ"
    assert tongues.fits(asked, "Halt {number} ist nah", 2) == "emphasis differs"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree with one text, and no catalogue of any language."""
    for folder in ("app/locales", "templates", "static/js"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "static/js/a.js").write_text('t("Save")')
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "SCRIPTS", tmp_path / "static/js")
    monkeypatch.setattr(i18n, "LOCALES", tmp_path / "app/locales")
    return tmp_path


def test_a_translators_work_comes_in_and_a_new_text_is_missed_until_it_is_there(elsewhere: Path) -> None:
    assert tongues.put("nl", {"phone": {"Save": "Bewaar", "Gone": "Weg"}}) == ["not in the walker's app: Gone"]
    assert tongues.path_of("nl").read_text("utf-8").count('msgstr "Bewaar"') == 1
    (elsewhere / "static/js/a.js").write_text('t("Save"); t("New")')
    tongues.update()
    assert "nl: untranslated: 'New'" in tongues.problems()
    assert "New" in tongues.missing("nl")["phone"]
    assert "Save" not in tongues.missing("nl")["phone"]


def test_it_is_called_checked_when_its_header_names_who_did(elsewhere: Path) -> None:
    tongues.put("nl", {"phone": {"Save": "Bewaar", tongues.UNCHECKED: "Niet gezien"}})
    tongues.write_texts(elsewhere)
    assert json.loads((elsewhere / "nl.json").read_text("utf-8"))["unchecked"]["own"] == "Niet gezien"
    path = tongues.path_of("nl")
    path.write_text(path.read_text("utf-8").replace("X-Checked-By: ", "X-Checked-By: Anneke, 2027-01-05"), "utf-8")
    tongues.update()  # the header stays as the translator left it
    tongues.write_texts(elsewhere)
    assert json.loads((elsewhere / "nl.json").read_text("utf-8")) == {
        "unchecked": None,
        "texts": {"Save": "Bewaar", tongues.UNCHECKED: "Niet gezien"},
        "words": {},
    }


# What a phone says of the app before it is opened


def manifest(stage: Stage, accepted: str) -> httpx.Response:
    return stage.browser(headers={"Accept-Language": accepted}).get("/app/manifest.webmanifest")


def words_of(told: dict[str, Any]) -> list[str]:
    return [
        told["description"],
        *(one["name"] for one in told["shortcuts"]),
        *(one["label"] for one in told["screenshots"]),
    ]


@pytest.mark.parametrize("language", ["en", *tongues.languages()])
def test_a_phone_shows_the_app_in_its_own_language_and_it_stays_the_same_app(stage: Stage, language: str) -> None:
    danish, theirs = manifest(stage, "da").json(), manifest(stage, f"{language}-XX, da;q=0.5")
    told = theirs.json()
    assert (told["lang"], told["dir"]) == (language, "rtl" if language == "ar" else "ltr")
    assert (theirs.headers["vary"], theirs.headers["content-language"]) == ("Accept-Language", language)
    assert theirs.headers["cache-control"] == "no-cache"
    english = words_of(manifest(stage, "en").json())
    for other in [words_of(danish)] if language == "en" else [words_of(danish), english]:
        assert not [text for text, same in zip(words_of(told), other, strict=True) if text == same]
    said = {"description", "shortcuts", "screenshots", "lang", "dir"}
    assert {name: value for name, value in told.items() if name not in said} == {
        name: value for name, value in danish.items() if name not in said
    }
    assert (told["id"], told["scope"], told["start_url"]) == ("/app/", "/app/", "/app/")
    for list_name, text in (("shortcuts", "name"), ("screenshots", "label")):
        here, there = ([{**one, text: ""} for one in each[list_name]] for each in (told, danish))
        assert here == there


def test_a_phone_that_speaks_none_of_ours_shows_the_app_in_danish(stage: Stage) -> None:
    assert manifest(stage, "fi, ja;q=0.8").json() == manifest(stage, "da").json() == manifest(stage, "").json()


def test_what_only_the_manifest_says_is_not_fetched_with_a_language() -> None:
    for language in tongues.languages():
        texts = json.loads((catalogue.SCRIPT_TEXTS.parent / f"{language}.json").read_text("utf-8"))["texts"]
        assert shell.DESCRIPTION not in texts
        assert shell.SHORTCUTS[0][0] in texts
