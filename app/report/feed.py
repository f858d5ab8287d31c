"""The public answers of a released report as a feed (Atom, RFC 4287): what was answered and done, the newest first.

Promises that an entry keeps its id, so that a reader shows a changed answer once; that it says nothing that does not stand on
the page; and that whatever was typed is text in it, never markup.
"""

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from app.i18n import gettext as _
from app.report.public import Shown
from app.report.public_page import PAGE
from app.sync.protocol import utc

KIND = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"


def atom(shown: Shown, address: str) -> bytes:
    """`address`: of the report's page."""
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": shown.walk.language})
    released = utc(shown.edition.released_at or shown.edition.written_at)
    answered = sorted(
        ((when, one) for one in shown.plan if (when := max(filter(None, (one["answered_at"], one["done_at"])), default="")) and not one["removed"]),
        key=lambda pair: (pair[0], -pair[1]["number"]), reverse=True,
    )  # fmt: skip
    _say(feed, "title", _("Answers: %(walk)s", walk=shown.content["walk"]["title"]))
    _say(feed, "id", address)
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": address})
    SubElement(feed, "link", {"rel": "self", "type": KIND, "href": f"{address}/answers.atom"})
    _say(feed, "updated", max([released, *(_moment(when) for when, _one in answered)]))
    _say(SubElement(feed, "author"), "name", "Tryghedsvandring")
    for when, one in answered:
        entry = SubElement(feed, "entry")
        status = PAGE.status(one)[0]
        _say(entry, "id", f"{address}#m{one['number']}")
        _say(entry, "title", f"{one['number']}. {one['place']}: {status}")
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": f"{address}#m{one['number']}"})
        _say(entry, "updated", _moment(when))
        said = [one["measure"] or one["problem"], one["answer"], one["reason"], one["partner"]]
        if one["deadline"]:
            said.append(_("Deadline: %(day)s", day=PAGE.day(one["deadline"])))
        _say(entry, "content", "\n\n".join(part for part in said if part))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(feed, encoding="utf-8"))


def _say(parent: Element, name: str, text: str) -> None:
    # XML 1.0 knows no control characters but tab and line ends, and not the two signs that are none.
    SubElement(parent, name).text = "".join(
        sign for sign in text if " " <= sign < "\ufffe" or sign > "\uffff" or sign in "\t\n\r"
    )


def _moment(written: str) -> str:
    return utc(datetime.fromisoformat(written))
