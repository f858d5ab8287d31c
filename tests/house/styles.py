"""The stylesheets as the house tests read them: every rule with where it stands.

Hides comments, strings and nesting. Promises nothing about CSS that is not CSS: the build would have refused that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CSS = Path(__file__).parents[2] / "static" / "css"
_PIECE = re.compile(r"[^{};]*[{};]")


@dataclass(frozen=True)
class Rule:
    """One rule: the file's name, what it stands in (outermost first), its selectors and its declarations."""

    file: str
    within: tuple[str, ...]
    selectors: tuple[str, ...]
    declarations: tuple[tuple[str, str], ...]

    @property
    def layer(self) -> str:
        """The name of its cascade layer; "" for none."""
        return next((one.removeprefix("@layer").strip() for one in self.within if one.startswith("@layer")), "")

    def __str__(self) -> str:
        return f"{self.file}: {', '.join(self.selectors)}"


def rules() -> list[Rule]:
    """Every rule of every stylesheet of ours; those of @font-face and @page stand with their name for a selector."""
    return [rule for file in sorted(CSS.glob("*.css")) for rule in _read(file)]


def _read(file: Path) -> Iterator[Rule]:
    text = re.sub(r"/\*.*?\*/", " ", file.read_text("utf-8"), flags=re.S)
    open_blocks: list[tuple[str, list[tuple[str, str]]]] = []
    for piece in _PIECE.findall(text):
        said, end = " ".join(piece[:-1].split()), piece[-1]
        if end == "{":
            open_blocks.append((said, []))
            continue
        if said and open_blocks:  # a declaration; outside of blocks it is @import or the order of layers
            name, _, value = said.partition(":")
            open_blocks[-1][1].append((name.strip(), value.strip()))
        if end == "}":
            head, declarations = open_blocks.pop()
            if declarations:
                yield Rule(file.name, tuple(one for one, _ in open_blocks), tuple(parts(head)), tuple(declarations))


def parts(text: str, mark: str = ",") -> list[str]:
    """`text` parted at `mark` where that stands in no bracket."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == mark and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [one.strip() for one in found if one.strip()]
