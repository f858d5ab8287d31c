"""This walk beside the one before, as it is printed: a table of places, and photos of one place beside each other.

Hides which file a photo of a pair is in. Promises what app.report.since_page does; that each photo has words for who only
hears it; and that a pair is printed whole or not at all. Made from a View alone.
"""

from typing import Any

from app.i18n import gettext as _
from app.report.since_page import Line, View, said
from app.report.words import written_day
from app.typesetting import cut, plain

ALT = 160
_UNKNOWN = (4, 3)  # the shape of a photo whose size is not known


def beside(view: View | None, files: dict[str, str]) -> dict[str, Any] | None:
    """`files`: by the names of the pairs' photos."""
    if view is None:
        return None
    return {
        "title": view.title,
        "sides": [{"name": plain(side.name), "facts": plain(f"{side.title}. {side.facts}")} for side in view.sides],
        "light": _("The light was not the same both times. What differs here may be the light alone.") if view.in_other_light else "",
        "few": _("Few voices means fewer than five notes. They are not counted against each other, but their words stand in the report.")
        if view.few else "",
        "rows": [_row(line) for line in view.lines],
        "pairs": [
            {"number": str(pair["stop"] or ""), "place": plain(pair["place"]),
             "before": _shot(pair["before"], _("Before"), pair["place"], files), "after": _shot(pair["after"], _("After"), pair["place"], files)}
            for pair in view.pairs
            if pair["before"]["name"] in files and pair["after"]["name"] in files
        ],
    }  # fmt: skip


def _row(line: Line) -> dict[str, Any]:
    promised = [plain(said(one)) for one in line.promised]
    return {
        "number": str(line.number or ""),
        "name": plain(line.name) or _("Between the stops"),
        "then": {"said": line.cell(0), "felt": [number for _key, number in line.marks(0)]},
        "now": {"said": line.cell(1), "felt": [number for _key, number in line.marks(1)]},
        "told": [plain(heard) for heard in line.heard] + promised,
    }


def _shot(shot: dict[str, Any], name: str, place: str, files: dict[str, str]) -> dict[str, Any]:
    width, height = (shot["width"], shot["height"]) if shot["width"] and shot["height"] else _UNKNOWN
    on = written_day(shot["day"])
    called = f"{name}, {on}" if on else name
    alt = f"{called}: {plain(place)}" + (f". {cut(shot['said'], ALT)}" if shot["said"] else "")
    return {
        "file": files[shot["name"]],
        "ratio": width / height,
        "alt": alt,
        "called": called,
        "said": plain(shot["said"]),
    }
