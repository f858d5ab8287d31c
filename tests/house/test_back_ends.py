"""What runs on one kind of database and store alone (tests/back_ends.py) has nothing to do with what they hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

BROWSER = Path(__file__).parents[1] / "browser"
# How browser tests look at what a server holds, or let another phone see it.
LOOKS = re.compile(r"\.received|\.rows\(|\.photos\(\)|\.vault\b|Database\(|(?<!_)\bnoted\(\w|\banother: |\.tryg\(")


def marked() -> Iterator[tuple[str, str]]:
    """Name and text of each test that is marked `once`, by itself or with its module."""
    for path in sorted(BROWSER.rglob("test_*.py")):
        text = path.read_text("utf-8")
        for one in ast.parse(text).body:
            if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"):
                dress = [ast.unparse(mark) for mark in one.decorator_list]
                if "pytestmark = pytest.mark.once" in text or "pytest.mark.once" in dress:
                    yield f"{path.name}::{one.name}", ast.get_source_segment(text, one) or ""


def test_what_runs_once_never_looks_at_what_the_server_holds() -> None:
    tests = dict(marked())
    assert len(tests) > 100
    assert [name for name, text in tests.items() if LOOKS.search(text)] == []


def test_each_page_is_opened_on_every_kind_of_database_and_store() -> None:
    assert not {name for name, _text in marked() if "test_every_page_is_valid_html" in name}
    assert "def test_every_page_is_valid_html" in (BROWSER / "test_everyone.py").read_text("utf-8")
