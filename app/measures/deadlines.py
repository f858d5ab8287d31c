"""Deadlines as a calendar that people's calendars subscribe to (iCalendar, RFC 5545).

Hides the format, and that a calendar's address is made of a mark of its own. Promises one entry for each open measure with a deadline, which keeps its identity when the deadline is
moved, so that it is moved in people's calendars too; no names of people, no words of notes.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from sqlmodel import Session

from app import __version__
from app.access.subscribing import calendar_secret
from app.i18n import gettext as _
from app.measures import words
from app.measures.measures import Told
from app.models import Partner, Walk, new_id
from app.settings import Settings


def address(of: Walk | Partner, settings: Settings) -> str:
    """Where its deadlines are subscribed to; "": nowhere."""
    secret = calendar_secret(of, settings.signing_key())
    below = "" if isinstance(of, Walk) else "partners/"
    return f"{settings.base_url}/deadlines/{below}{of.id}/{secret}.ics" if secret else ""


def give_address(tx: Session, table: type[Walk] | type[Partner], of_id: str) -> None:
    """A new address for its calendar; the one it had opens nothing from now on."""
    tx.get_one(table, of_id, with_for_update=True).calendar = new_id()


def withdraw_address(tx: Session, table: type[Walk] | type[Partner], of_id: str) -> None:
    """Its calendar has no address from now on; once more changes nothing."""
    tx.get_one(table, of_id, with_for_update=True).calendar = None


def calendar(found: Sequence[tuple[Told, str]], name: str, base_url: str) -> bytes:
    """The open ones of these measures, each with the address it is read at; `name`: what the calendar is called."""
    from icalendar import Calendar, Event  # late: a twentieth of the start, for a file that few ask for

    whole = Calendar()
    whole.add("prodid", f"-//Tryghedsvandring//{__version__}//DA")
    whole.add("version", "2.0")
    whole.add("x-wr-calname", " ".join(name.split()))  # a line end in it would begin a line of the file
    for told, address in found:
        if told.deadline is None or not told.is_open:
            continue
        event = Event()
        event.add("uid", f"{told.id}@{urlsplit(base_url).hostname or 'tryghedsvandring'}")
        event.add("sequence", told.version)
        event.add("dtstamp", told.steps[-1].at if told.steps else told.created_at)
        event.add("dtstart", told.deadline)
        event.add("dtend", told.deadline + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("summary", f"{told.number}. {told.place}: {told.measure or words.kind(told.kind)}"[:200])
        event.add("description", f"{words.status(told.status)}. {told.partner or _('Nobody yet')}")
        event.add("url", address)
        whole.add_component(event)
    return bytes(whole.to_ical())
