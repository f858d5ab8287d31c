"""What people are invited with: the QR code, the words to copy, the date for their calendar.

Hides the formats (SVG, iCalendar). Promises plain words in the walk's own language, and a calendar entry that keeps its
identity when the walk is moved, so that it is moved in people's calendars too.
"""

import io
from urllib.parse import urlsplit

import segno

from app import __version__, i18n
from app.i18n import gettext as _
from app.i18n import mark
from app.models import Walk
from app.pages import clock, day
from app.settings import Settings
from app.walks.draft import USUAL_LENGTH
from app.walks.walks import join_url, shown

ROLES = {
    "resident": mark("residents"),
    "council": mark("the local council"),
    "municipality": mark("the municipality"),
    "police": mark("the police"),
    "rescue": mark("fire and rescue"),
    "housing": mark("the housing association"),
    "business": mark("shops and businesses"),
    "association": mark("clubs and associations"),
    "school": mark("the school"),
    "other": mark("other people who know the place"),
}


def roles() -> dict[str, str]:
    """Who can be invited: each role of the contract, in the reader's words."""
    return {role: _(words) for role, words in ROLES.items()}


def qr_code(walk: Walk, settings: Settings) -> bytes:
    """The join link as an SVG image."""
    return qr_of(join_url(walk, settings))


def qr_of(link: str) -> bytes:
    """A link as an SVG image: dark on white whatever the page's colours, with the quiet zone that cameras need."""
    file = io.BytesIO()
    code = segno.make(link, error="m", micro=False)
    code.save(file, kind="svg", border=4, dark="#10212b", light="#fff", xmldecl=False, omitsize=True)
    return file.getvalue()


def words(walk: Walk, settings: Settings) -> str:
    """An invitation to copy into a letter, in the walk's language."""
    with i18n.use(walk.language):
        lines = [_("Come along on a safety walk: %(title)s", title=walk.title)]
        if walk.starts_at:
            lines.append(_("When: %(day)s at %(clock)s", day=day(walk.starts_at, walk.timezone), clock=clock(walk.starts_at, walk.timezone)))  # fmt: skip
        if walk.meeting_point:
            lines.append(_("Where: %(place)s", place=walk.meeting_point))
        if walk.invited:
            invited = [_(ROLES[role]) for role in walk.invited if role in ROLES]
            lines.append(_("Invited: %(people)s", people=_listed(invited)))
        lines += ["", walk.purpose, ""] if walk.purpose else [""]
        lines += [
            _("We walk together, and note where it feels safe, where it does not, and what could help."),
            _(
                "You need no account. Open the link on your phone before you come: afterwards it works without a network."
            ),
            "",
            join_url(walk, settings),
            _("Or type the code: %(code)s", code=shown(walk.code)),
        ]
        if walk.contacts:
            lines += ["", _("Questions: %(contacts)s", contacts=walk.contacts)]
    return "\n".join(lines)


def _listed(names: list[str]) -> str:
    """ "residents, the school and the police"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(most)s and %(last)s", most=", ".join(names[:-1]), last=names[-1])


def calendar(walk: Walk, settings: Settings) -> bytes:
    """An iCalendar file (RFC 5545) with the walk's date. Needs `starts_at`."""
    from icalendar import Calendar, Event  # late: a twentieth of the start, for a file that few ask for

    assert walk.starts_at is not None
    event = Event()
    event.add("uid", f"{walk.id}@{urlsplit(settings.base_url).hostname or 'tryghedsvandring'}")
    event.add("sequence", walk.plan_rev)
    event.add("dtstamp", walk.created_at)
    event.add("dtstart", walk.starts_at)
    event.add("dtend", walk.ends_at or walk.starts_at + USUAL_LENGTH)
    event.add("summary", walk.title)
    event.add("location", walk.meeting_point)
    event.add("description", words(walk, settings))
    event.add("url", join_url(walk, settings))
    whole = Calendar()
    whole.add("prodid", f"-//Tryghedsvandring//{__version__}//DA")
    whole.add("version", "2.0")
    whole.add_component(event)
    return bytes(whole.to_ical())
