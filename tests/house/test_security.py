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


# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; they stand before those of level 3 in each.
ASVS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5,
    "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4,
    "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3,
    "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4,
    "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip


def test_each_requirement_of_asvs_is_answered_or_left_out_by_name() -> None:
    wanted = {f"{section}.{number}" for section, most in ASVS.items() for number in range(1, most + 1)}
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    left_out = text.partition("are left out:")[2].partition("\n")[0]
    answered = " ".join(
        line.split("|")[1].partition(" (keys")[0] for line in text.splitlines() if re.match(r"\| \d", line)
    )
    higher = set(re.findall(r"(\d+\.\d+\.\d+) \(level 3\)", answered))
    found = _numbers(answered, wanted) - higher | _numbers(left_out, wanted)
    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


def _numbers(words: str, wanted: set[str]) -> set[str]:
    """Requirements as they are written: 6.3.1; 3.3.1–3.3.4; a section or a chapter for all of it."""
    found = set()
    for first, last in re.findall(r"(\d+(?:\.\d+)*)(?:–(\d+(?:\.\d+)*))?", words):
        section, _dot, number = first.rpartition(".")
        if first.count(".") < 2:
            found |= {one for one in wanted if one.startswith(f"{first}.")}
        else:
            found |= {f"{section}.{each}" for each in range(int(number), int((last or first).rpartition(".")[2]) + 1)}
    return found
