"""What is printed for a walk: the poster, and the form for whoever comes without a phone; as PDF, by Typst.

Hides the sheets' sources and face (templates/paper/), and what is left off where there is no room. Promises that whatever
people typed is given to Typst as data and never as its language; that a sheet looks the same on every machine; and that it
can be read by a screen reader (PDF/UA-1), unless a letter was typed that none of our faces has. Keeps no file.
"""

import json
import logging
import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_date

from app import i18n
from app.earth import metres
from app.i18n import gettext as _
from app.models import Stop, Walk
from app.pages import LOCALES, ROOT, clock, distance, local
from app.settings import Settings
from app.taxonomy import categories
from app.walks.invitation import qr_code
from app.walks.typeface import FACES
from app.walks.walks import join_url, shown

log = logging.getLogger("tryg")

MAP_MM = (186.0, 178.0)  # of the drawn map on a sheet of A4; A5 has the same, smaller
SOURCES = ROOT / "templates" / "paper"
LEAD, CONTACTS = 420, 300  # characters that a sheet has room for
_LONG = re.compile(r"(\S{24})(?=\S{8})")  # longer than any Danish word: it may be parted here
# No face has these: pictures (emoji), what joins and turns them, marks that turn the direction of the text.
_NOT_PRINTED = re.compile(
    "[\U00010000-\U0010ffff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\uffff]"
)


def poster(walk: Walk, stops: list[Stop], settings: Settings, size: str, map_svg: str | None = None) -> bytes:
    """The poster in the walk's language, with the way on a sheet of its own where there is a map. `size`: "a4" or "a5"."""
    with i18n.use(walk.language):
        given = _shared(walk, settings) | {
            "size": size,
            "when": _when(walk, _("EEEE d MMMM")),
            "lead": _cut(walk.purpose, LEAD)
            or _("Where does it feel safe? Where does it not? We take a walk together and write it down."),
            "where": _plain(walk.meeting_point),
            "contacts": _questions(walk, CONTACTS),
            "checks": _what_happens(walk, stops),
            "address": f"{urlsplit(settings.base_url).netloc}/app",
        }
        given |= _way(stops, map_svg)
        given["words"] |= {
            "kicker": _("Safety walk"),
            "where": _("Meeting point"),
            "fine": _("Everything you write is read through before anything becomes public."),
        }
    return _printed("poster.typ", given)


def paper_form(walk: Walk, stops: list[Stop], settings: Settings, map_svg: str | None = None) -> bytes:
    """The form in the walk's language: two pages with four notes, a list of the stops where they are many, and the way on a
    sheet of its own where there is a map."""
    with i18n.use(walk.language):
        given = _shared(walk, settings) | {
            "when": _when(walk, _("EEEE d MMMM y")),
            **_way(stops, map_svg),
            "categories": [str(category[i18n.language()]) for category in categories()],
            "contacts": _questions(walk, CONTACTS // 2),
        }
        given["words"] |= {
            "kicker": _("Safety walk: paper form"),
            "front": _("front"),
            "back": _("back"),
            "team": _("Team"),
            "role": _("I walk as (resident, council …)"),
            "note": _("Note {number}"),
            "stop": _("Stop"),
            "stop-number": _("Stop no."),
            "stops": _("Stops"),
            "place": _("Place"),
            "time": _("Time"),
            "unsafe": _("Unsafe"),
            "safe": _("Safe"),
            "mixed": _("Both"),
            "see": _("What do you see?"),
            "place-only": _("Describe the place, not the person."),
            "help": _("What would help here?"),
            "hand-in": _("Give the form to whoever leads the walk before you go home."),
            "read-by": _(
                "They type in the notes and shred the paper. Nothing becomes public before two people have read it."
            ),
            "danger": _("Danger: call 112. Police, no danger: 114."),
        }
    return _printed("form.typ", given)


def _way(stops: list[Stop], map_svg: str | None) -> dict[str, Any]:
    """The stops, and the map of the way to them where there is one."""
    named = [{"number": stop.number, "name": _plain(stop.name)} for stop in stops]
    return {"stops": named, "map": map_svg}


def _shared(walk: Walk, settings: Settings) -> dict[str, Any]:
    return {
        "language": i18n.language(),
        "title": _plain(walk.title) or _("Safety walk"),
        "code": shown(walk.code),
        "link": join_url(walk, settings),
        "qr": qr_code(walk, settings).decode(),
        "words": {
            "when": _("Date"),
            "qr": _("QR code: the link to join"),
            "way": _("Where we walk"),
            "map": _("Map of the way; the stops are numbered on it, and named below."),
        },
    }


def _when(walk: Walk, pattern: str) -> str:
    """ "Torsdag 26. november kl. 19.00", with or without the year; "" where no date is set."""
    if walk.starts_at is None:
        return ""
    day = format_date(local(walk.starts_at, walk.timezone), pattern, locale=LOCALES[i18n.language()])
    at = clock(walk.starts_at, walk.timezone)
    return _("%(day)s at %(clock)s", day=day[:1].upper() + day[1:], clock=at)


def _questions(walk: Walk, most: int) -> str:
    contacts = _cut(walk.contacts, most)
    return _("Questions: %(contacts)s", contacts=contacts) if contacts else ""


def _length_m(walk: Walk, stops: list[Stop]) -> float:
    """Along the route, or from stop to stop where there is none."""
    points = (walk.route or {}).get("coordinates") or [[s.lon, s.lat] for s in stops if s.lat is not None]
    return sum(metres(a, b) for a, b in pairwise(points))


def _what_happens(walk: Walk, stops: list[Stop]) -> list[str]:
    lines = [_("We walk together, and note where it feels safe, where it does not, and what could help.")]
    if length := distance(_length_m(walk, stops)):
        lines.append(_("The way is %(length)s long, at a calm pace.", length=length))
    lines.append(_("You need no account. Come without a phone, and you get paper."))
    if walk.light in {"dark", "dusk"}:
        lines.append(_("Bring a torch, and clothes for the weather."))
    else:
        lines.append(_("Bring clothes for the weather."))
    return lines


def _plain(text: str) -> str:
    """One line of it, without what no face has; letters composed, words of endless length made partable."""
    text = _NOT_PRINTED.sub("", unicodedata.normalize("NFC", text))
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _LONG.sub("\\1\u200b", line)


def _cut(text: str, most: int) -> str:
    line = _plain(text)
    return line if len(line) <= most else line[:most].rpartition(" ")[0].rstrip(",.;:–- ") + " …"


@cache
def _faces() -> Any:
    import typst  # 40 MB of machine code that only printing needs

    return typst.Fonts(include_system_fonts=False, font_paths=[str(FACES)])


def _printed(source: str, given: dict[str, Any]) -> bytes:
    import typst

    path, inputs = SOURCES / source, {"given": json.dumps(given)}
    sheet: Any = typst.Compiler(str(path), root=str(SOURCES), font_paths=_faces(), sys_inputs=inputs)
    try:
        return sheet.compile(format="pdf", pdf_standards="ua-1")  # type: ignore[no-any-return]
    except typst.TypstError as refused:
        # A letter that our faces lack (Chinese, say) is no reason for no sheet: a box stands for it.
        if "could not be displayed" not in str(refused):
            if not given.get("map"):
                raise
            log.error("A sheet is printed without its map: %s", refused)
            return _printed(source, given | {"map": None})
        return sheet.compile(format="pdf")  # type: ignore[no-any-return]
