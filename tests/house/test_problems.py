"""Whatever goes wrong, the sentence says what happened, what is safe and what to do, in both languages, and blames nobody."""

import re
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app import i18n
from app.problems import AFTER, CATALOGUE, Problem
from tests.cast import Stage

# What blames, or speaks of the machine where a person asks for help.
COLD = re.compile(r"\b(fejl\w*|ugyldig\w*|forbudt|errors?|invalid|illegal|forbidden|failed|wrong)\b", re.I)


def said(code: str, language: str) -> tuple[str, str, str]:
    """(what happened, what is safe, what to do)"""
    with i18n.use(language):
        safe, do = AFTER[code]
        return i18n.gettext(CATALOGUE[code][1]), i18n.gettext(safe), i18n.gettext(do)


def test_every_failure_has_all_three_parts_and_none_is_told_that_cannot_happen() -> None:
    assert AFTER.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("code", CATALOGUE)
@pytest.mark.parametrize("language", ["da", "en"])
def test_the_three_parts_are_three_different_sentences(code: str, language: str) -> None:
    happened, safe, do = said(code, language)
    assert len({happened, safe, do}) == 3
    assert re.fullmatch(r"[A-ZÆØÅ].+[^.]", happened)
    assert re.fullmatch(r"[A-ZÆØÅ].+\.", safe)
    assert re.fullmatch(r"[A-ZÆØÅ].+\.", do)


@pytest.mark.parametrize("code", CATALOGUE)
def test_no_part_is_left_in_english(code: str) -> None:
    assert not set(said(code, "da")) & set(said(code, "en"))


@pytest.mark.parametrize("code", sorted(CATALOGUE.keys() - {"unexpected"}))
@pytest.mark.parametrize("language", ["da", "en"])
def test_no_sentence_blames(code: str, language: str) -> None:
    assert not [part for part in said(code, language) if COLD.search(part)]


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_phone_is_told_all_three(code: str) -> None:
    with i18n.use("da"):
        detail = Problem(code, **({"retry_after": 1} if CATALOGUE[code][0] == 503 else {})).body()["detail"]
    assert all(part in detail for part in said(code, "da"))


def failing(stage: Stage, code: str, detail: str) -> TestClient:
    """The stage's server with one more address, which fails with `code`."""
    app: FastAPI = stage.app

    def fail(_request: Request) -> Any:
        raise Problem(code, detail)

    app.add_api_route(f"/fails/{code}", fail)
    return stage.browser(headers={"Accept": "text/html", "Accept-Language": "en"}, follow_redirects=False)


@pytest.mark.parametrize(
    "code", sorted(CATALOGUE.keys() - {"sign-in-first", "sign-in-again"})
)  # these lead to the sign-in
def test_a_page_tells_all_three(stage: Stage, code: str) -> None:
    page = failing(stage, code, "").get(f"/fails/{code}")
    assert page.status_code == CATALOGUE[code][0]
    words = page.text.replace("&#39;", "'")
    assert all(part in words for part in said(code, "en"))


def test_a_page_keeps_what_was_said_of_this_failure_and_adds_what_is_safe(stage: Stage) -> None:
    page = failing(stage, "edition-changed", "Nothing has changed since edition 2.").get("/fails/edition-changed")
    assert "Nothing has changed since edition 2." in page.text
    assert AFTER["edition-changed"][0] in page.text
