"""docs/security.md names files and tests that are there, and says of the rest why it is not met."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`((?:app|static|templates|tests|docs)/[\w./-]+|requirements\.txt)(?:::(\w+))?`")
HONEST = ("not met", "not tested: ", "not written down yet")


def rows() -> list[list[str]]:
    """The cells of the table of requirements."""
    table = PAGE.read_text("utf-8").partition("## OWASP ASVS 5.0")[2]
    lines = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_file_and_test_that_is_named_is_there() -> None:
    missing = []
    for path, test in NAMED.findall(PAGE.read_text("utf-8")):
        file = ROOT / path
        if not file.is_file() or (test and f"def {test}(" not in file.read_text("utf-8")):
            missing.append(f"{path}::{test}" if test else path)
    assert not missing


def test_each_requirement_is_met_somewhere_and_tested_or_it_is_said_why_not() -> None:
    assert len(rows()) > 70
    unsaid = []
    for number, *cells in rows():
        told = " ".join(cells)
        if "tests/" not in told and not any(word in told for word in HONEST):
            unsaid.append(number)
    assert not unsaid


def test_who_finds_a_hole_is_told_where_to_report_it_and_no_address_is_made_up() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "private vulnerability reporting" in text
    assert "TRYG_SECURITY_CONTACT" in text
    assert not re.search(r"[\w.]+@[\w.]+\.\w", text)
