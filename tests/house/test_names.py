"""How things are called and how large they get: a newcomer should find a promise by its name and read it in one go."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EMPTY_WORDS = {"service", "services", "manager", "handler", "helper", "helpers", "utils", "util", "common", "crud"}
EMPTY_MODULES = EMPTY_WORDS | {"base", "data", "misc", "core", "lib"}
LINES = {".py": 400, ".js": 350, ".html": 200, ".css": 500}
FUNCTION_LINES = 60
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def files(*endings: str) -> list[Path]:
    places = [ROOT / name for name in ("app", "static/js", "static/css", "templates", "tests", "migrations")]
    found = [path for place in places for path in place.rglob("*") if path.suffix in endings]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def words(name: str) -> set[str]:
    """The words of a name; a service worker is one, the browsers' own."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.replace("service_worker", ""))}


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    named = [path for path in files(".py", ".js") if EMPTY_MODULES & {path.stem, *path.relative_to(ROOT).parts[1:-1]}]
    assert not [shown(path) for path in named]


def test_no_class_or_function_has_a_name_that_says_nothing() -> None:
    wrong = [
        f"{shown(path)}:{node.lineno} {node.name}"
        for path in files(".py")
        for node in definitions(path)
        if words(node.name) & EMPTY_WORDS and not node.name.startswith("test_")
    ]
    assert not wrong


@pytest.mark.parametrize("ending", LINES)
def test_every_file_can_be_read_in_one_go(ending: str) -> None:
    long = {shown(path): path.read_text("utf-8").count("\n") for path in files(ending)}
    assert not {name: lines for name, lines in long.items() if lines > LINES[ending]}


def test_every_function_can_be_seen_at_once() -> None:
    wrong = [
        f"{shown(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in files(".py")
        for node in definitions(path)
        if not isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]
    assert not wrong


def test_every_module_opens_with_what_it_is_for() -> None:
    python = [path for path in files(".py") if path.read_text("utf-8").strip()]
    silent = [shown(path) for path in python if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    scripts = [path for path in files(".js") if not path.read_text("utf-8").lstrip().startswith(("//", "/*"))]
    assert not silent + [shown(path) for path in scripts]


def test_nothing_is_left_unfinished() -> None:
    wrong = [
        f"{shown(path)}:{number}"
        for path in files(".py", ".js", ".html", ".css")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not wrong
