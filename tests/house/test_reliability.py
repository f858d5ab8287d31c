"""docs/reliability.md tells what is so: each fault names tests that exist, each mechanism is one that `make broken` takes away."""

import re
from pathlib import Path

from tests.reliability.broken import MECHANISMS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")
FAULTS = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
NAMED = r"`([\w/]+\.py)::(\w+)`"


def test_at_least_thirty_faults_are_listed_each_with_a_test_and_a_figure() -> None:
    numbers = [int(line.split("|")[1]) for line in FAULTS]
    assert numbers == list(range(1, len(FAULTS) + 1))
    assert len(FAULTS) >= 30
    for line in FAULTS:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 5, line
        assert all(cells), line
        assert re.search(NAMED, cells[3]), line


def test_every_test_it_names_is_there() -> None:
    missing = []
    for file, name in re.findall(NAMED, PAGE):
        path = ROOT / "tests" / file
        if not path.is_file() or f"def {name}(" not in path.read_text("utf-8"):
            missing.append(f"{file}::{name}")
    assert not missing


def test_every_mechanism_that_is_taken_away_is_told_of() -> None:
    told = re.findall(r"^- (.+?):", PAGE, re.MULTILINE)
    assert [one.name for one in MECHANISMS if one.name not in told] == []
    for one in MECHANISMS:
        assert (ROOT / one.file).read_text("utf-8").count(one.before) == 1, f"{one.name}: {one.file} has changed"
        for test in one.test.split():
            assert (ROOT / test.split("::")[0]).exists(), one.name
