"""Every page is valid HTML, as the server sends it and as the walker's phone has made it: by the checker that the W3C uses (vnu),
in one process for all of them. Style sheets are for Biome: vnu does not know container queries yet."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.pages import PLACES, WALKER, world

ROOT = Path(__file__).parents[2]
VNU = [
    "java",
    "-Xss4m",
    "-jar",
    str(ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"),
    "--format",
    "json",
    "--exit-zero-always",
    "--stdout",
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Path]:
    """A folder with every page."""
    folder = tmp_path_factory.mktemp("markup")
    with world(tmp_path_factory.mktemp("world")) as made:
        for place in PLACES:
            page = made.open(browser, place, "da")
            html = page.content() if place.who == WALKER else made.answers[page].text()
            (folder / f"{place.name}.html").write_text(html, "utf-8")
        yield folder
        for context in made.contexts.values():
            context.close()


def wrong(*what: str) -> dict[str, list[str]]:
    """Each error and warning, by file."""
    done = subprocess.run([*VNU, *what], capture_output=True, text=True, timeout=300, check=True)
    found: dict[str, list[str]] = defaultdict(list)
    for one in json.loads(done.stdout)["messages"]:
        if one["type"] == "error" or one.get("subType") == "warning":
            found[Path(one["url"]).name].append(f"{one.get('lastLine')}: {one['message']} {one.get('extract', '')}")
    return found


def test_every_page_is_valid_html(pages: Path) -> None:
    assert len(list(pages.iterdir())) == len(PLACES)
    assert wrong("--skip-non-html", str(pages)) == {}


def test_the_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<!doctype html><html lang="da"><title>x</title><p><ul><li id="a"><li id="a"></ul></p>', "utf-8"
    )
    assert len(wrong(str(tmp_path))["page.html"]) >= 2
