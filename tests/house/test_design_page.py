"""/design shows every component, and only to those who work on the product."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.schema import migrate_to_newest
from tests.cast import make_settings
from tests.house.styles import rules

HERE = "http://127.0.0.1:8000"
SHARED = {"parts.css", "seldom.css", "around.css", "walker.css", "desk.css", "help.css"}


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[str]:
    """/design of a server that somebody works on."""
    settings = make_settings(tmp_path / "var").model_copy(update={"base_url": HERE})
    migrate_to_newest(settings)
    with TestClient(create_app(settings), base_url=HERE) as http:
        answer = http.get("/design")
        assert answer.status_code == 200
        yield answer.text


def test_every_component_that_pages_share_stands_on_it(gallery: str) -> None:
    shown = {name for names in re.findall(r'class="([^"]*)"', gallery) for name in names.split()}
    components = {
        alone[1]
        for rule in rules()
        for selector in rule.selectors
        if rule.layer == "parts" and rule.file in SHARED and (alone := re.fullmatch(r"\.([\w-]+)", selector))
    }
    assert len(components) > 40
    assert sorted(components - shown) == []


def test_every_dress_shows_the_same(gallery: str) -> None:
    dresses = gallery.split('<div class="dress ')[1:]
    assert [one.split('"')[0] for one in dresses] == ["day", "night", "red"]
    assert len({len(re.findall("class=", one.split("</main>")[0])) for one in dresses}) == 1


@pytest.mark.parametrize(
    ("called", "asked"),
    [
        ("https://tryghed.example", "https://tryghed.example"),
        (HERE, "https://tryghed.example"),
        ("https://tryghed.example", HERE),
    ],
)
def test_a_server_that_others_reach_has_no_such_page(tmp_path: Path, called: str, asked: str) -> None:
    settings = make_settings(tmp_path / "var").model_copy(update={"base_url": called})
    migrate_to_newest(settings)
    with TestClient(create_app(settings), base_url=asked) as http:
        assert http.get("/design").status_code == 404
