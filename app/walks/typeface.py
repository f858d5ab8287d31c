"""The product's own face as the printed sheets need it: unpacked at the build from what the front end brings.

`python -m app.walks.typeface` reads the WOFF2 files of npm's @fontsource-variable/ibm-plex-sans and writes static/dist/faces/,
because Typst does not read WOFF2. Promises two families, since Typst wants one file for each name: "IBM Plex Sans" (Latin)
and "IBM Plex Sans Ext" (what Danish and English do without). Only the build needs fontTools.
"""

from pathlib import Path

from app.pages import ROOT
from app.typesetting import FACES

PACKED = ROOT / "node_modules" / "@fontsource-variable" / "ibm-plex-sans" / "files"
FAMILY = "IBM Plex Sans"
_NAMES = (1, 3, 4, 16, 21)  # the records of a font's `name` table that hold its family (OpenType 1.9, name IDs)


def unpack(packed: Path = PACKED, faces: Path = FACES) -> None:
    """Write both files, each at once or not at all."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    faces.mkdir(parents=True, exist_ok=True)
    for subset, family in (("latin", FAMILY), ("latin-ext", f"{FAMILY} Ext")):
        font = TTFont(packed / f"ibm-plex-sans-{subset}-wght-normal.woff2")
        font.flavor = None
        for record in font["name"].names:
            if record.nameID in _NAMES:
                record.string = record.toUnicode().replace(FAMILY, family)
        half = faces / f"{subset}.part"
        font.save(half)
        half.replace(faces / f"{subset}.ttf")


if __name__ == "__main__":
    unpack()
