"""What is printed for a walk: the poster, and the form for whoever comes without a phone; as PDF, by Typst.

Hides the sheets' sources (templates/paper/), and what is left off where there is no room. Promises what app.typesetting
does: the same sheet on every machine, nothing typed read as anything but text. Keeps no file.
"""

from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from app import i18n
from app.earth import metres
from app.i18n import gettext as _
from app.models import Stop, Walk
from app.pages import clock, distance, in_words, local
from app.settings import Settings
from app.taxonomy import categories
from app.typesetting import cut, plain, printed
from app.walks.invitation import qr_code
from app.walks.walks import join_url, shown

MAP_MM = (186.0, 178.0)  # of the drawn map on a sheet of A4; A5 has the same, smaller
LEAD, CONTACTS = 420, 300  # characters that a sheet has room for


def poster(walk: Walk, stops: list[Stop], settings: Settings, size: str, map_svg: str | None = None) -> bytes:
    """The poster in the walk's language, with the way on a sheet of its own where there is a map. `size`: "a4" or "a5"."""
    with i18n.use(walk.language):
        given = _shared(walk, settings) | {
            "size": size,
            "when": _when(walk, _("EEEE d MMMM")),
            "lead": cut(walk.purpose, LEAD)
            or _("Where does it feel safe? Where does it not? We take a walk together and write it down."),
            "where": plain(walk.meeting_point),
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
    return printed("poster.typ", given)


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
    return printed("form.typ", given)


def _way(stops: list[Stop], map_svg: str | None) -> dict[str, Any]:
    """The stops, and the map of the way to them where there is one."""
    named = [{"number": stop.number, "name": plain(stop.name)} for stop in stops]
    return {"stops": named, "map": map_svg}


def _shared(walk: Walk, settings: Settings) -> dict[str, Any]:
    return {
        "language": i18n.language(),
        "title": plain(walk.title) or _("Safety walk"),
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
    day = in_words(local(walk.starts_at, walk.timezone), pattern)
    at = clock(walk.starts_at, walk.timezone)
    return _("%(day)s at %(clock)s", day=day[:1].upper() + day[1:], clock=at)


def _questions(walk: Walk, most: int) -> str:
    contacts = cut(walk.contacts, most)
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
