"""Paper: what people typed, made fit to print, and a Typst source made a PDF.

Hides Typst, the product's own face and what no face has. Promises that a sheet looks the same on every machine, that nothing
typed is ever read as Typst's language (it comes in as data), and that the PDF can be read by a screen reader (PDF/UA-1) and
kept (PDF/A-2a), unless a letter was typed that none of our faces has: then a box stands for it. Keeps no file.
"""

import json
import logging
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from app.pages import DIST, ROOT

log = logging.getLogger("tryg")

FACES = DIST / "faces"  # unpacked at the build by app.walks.typeface
SOURCES = ROOT / "templates" / "paper"
READ_ALOUD = ("ua-1",)
KEPT = ("a-2a", "ua-1")  # and kept for long, without anything from outside
_LONG = re.compile(r"\S{32,}")
_WORD = 45  # letters of the longest words that Danes write; what is longer is none, and may be parted anywhere
# No face has these: pictures (emoji), what joins and turns them, marks that turn the direction of the text.
_NOT_PRINTED = re.compile(
    "[\U00010000-\U0010ffff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\uffff]"
)


def plain(text: str) -> str:
    """One line of it, without what no face has; letters composed, words of endless length made partable."""
    text = _NOT_PRINTED.sub("", unicodedata.normalize("NFC", text))
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _LONG.sub(_partable, line)


def _partable(found: re.Match[str]) -> str:
    word = found[0]
    return word if word.isalpha() and len(word) <= _WORD else re.sub(r"(.{24})(?=.{8})", "\\1\u200b", word)


def paragraphs(text: str) -> list[str]:
    """Each of its lines that says something, as plain() makes it."""
    return [line for line in map(plain, text.splitlines()) if line]


def cut(text: str, most: int) -> str:
    """Its beginning, at most `most` characters, cut between words."""
    line = plain(text)
    return line if len(line) <= most else line[:most].rpartition(" ")[0].rstrip(",.;:–- ") + " …"


def printed(
    source: str, given: dict[str, Any], *, folder: Path = SOURCES, standards: tuple[str, ...] = READ_ALOUD
) -> bytes:
    """The PDF of a source with what it is given. `folder`: where the source lies, and what it may read beside it."""
    import typst  # 40 MB of machine code that only printing needs

    inputs = {"given": json.dumps(given)}
    sheet: Any = typst.Compiler(str(folder / source), root=str(folder), font_paths=_faces(), sys_inputs=inputs)
    try:
        return sheet.compile(format="pdf", pdf_standards=list(standards))  # type: ignore[no-any-return]
    except typst.TypstError as refused:
        # A letter that our faces lack (Chinese, say) is no reason for no sheet: a box stands for it.
        if "could not be displayed" not in str(refused):
            if not given.get("map"):
                raise
            log.error("A sheet is printed without its map: %s", refused)
            return printed(source, given | {"map": None}, folder=folder, standards=standards)
        return sheet.compile(format="pdf")  # type: ignore[no-any-return]


@cache
def _faces() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(FACES)])
