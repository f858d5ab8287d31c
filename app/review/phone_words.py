"""Writes static/js/personal.json from the patterns and names of personal.py, so that phone and server suspect the same words.

`python -m app.review.phone_words` writes the file, which is committed; a test fails when it is stale. Hides how Python's
regular expressions are said in JavaScript: letters and word boundaries are Unicode's there only when it is asked for.
"""

import json
import re
from pathlib import Path
from typing import Any

from app.review import personal

TARGET = Path(__file__).parents[2] / "static" / "js" / "personal.json"
PATTERNS = {
    "email": personal._EMAIL,
    "cpr": personal._CPR,
    "phone": personal._PHONE,
    "plate": personal._PLATE,
    "address": personal._ADDRESS,
    "place": personal._PLACE,
    "saint": personal._SAINT,
    "capital": personal._CAPITAL,
    "next": personal._NEXT,
    "cued": personal._CUED,
}
_LETTER = r"\p{L}\p{N}_"
_SYNTAX = r"^$\.*+?()[]{}|/-"  # what else is escaped, JavaScript refuses
_BOUNDARY = rf"(?:(?<=[{_LETTER}])(?![{_LETTER}])|(?<![{_LETTER}])(?=[{_LETTER}]))"


def spoken(pattern: str) -> tuple[str, str]:
    """A pattern of Python's as (source, flags) of JavaScript's. Knows what personal.py uses, and no more."""
    flags = "u"
    if pattern.startswith("(?i)"):
        pattern, flags = pattern.removeprefix("(?i)"), "iu"
    said, at, in_class, folded = "", 0, False, list[bool]()
    while at < len(pattern):
        two, one = pattern[at : at + 2], pattern[at]
        if two == r"\w":
            said, at = said + (_LETTER if in_class else f"[{_LETTER}]"), at + 2
        elif two == r"\b":
            said, at = said + _BOUNDARY, at + 2
        elif one == "\\":
            said, at = said + (two if two[1].isalnum() or two[1] in _SYNTAX else two[1]), at + 2
        elif pattern.startswith("(?i:", at):
            said, at = said + "(?:", at + 4
            folded.append(True)
        else:
            if not in_class and one in "()":
                folded = [*folded, any(folded)] if one == "(" else folded[:-1]
            in_class = one == "[" or (in_class and one != "]")
            said, at = said + _folded(one, in_class or one == "]", any(folded)), at + 1
    return said, flags


def _folded(letter: str, in_class: bool, either: bool) -> str:
    if not either or not letter.isalpha():
        return letter
    both = letter.lower() + letter.upper()
    return both if in_class else f"[{both}]"


def written() -> str:
    """The text of personal.json."""
    known: dict[str, Any] = {
        "patterns": {name: spoken(pattern.pattern) for name, pattern in PATTERNS.items()},
        "first": sorted(personal._FIRST),
        "ambiguous": sorted(personal._AMBIGUOUS),
        "last": sorted(personal._LAST),
        "alone": sorted(personal._ALONE),
        "cues": sorted(personal._CUES),
    }
    assert not any(pattern.flags & ~re.UNICODE & ~re.IGNORECASE for pattern in PATTERNS.values())
    lines = (f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in known.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(written(), "utf-8")
