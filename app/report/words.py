"""A report's facts as words for a page, in the reader's language.

Hides how places, photos, flags and roles are said. Promises that whatever a map, a colour or a shape shows on the page
also stands there as text. Never says who somebody is.
"""

from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from babel.numbers import format_decimal

from app.earth import metres
from app.i18n import gettext as _
from app.i18n import language, mark, ngettext
from app.pages import clock, day, distance, in_words, local
from app.report.report import Observation, Report
from app.taxonomy import label
from app.walks.walks import ROLES

VALENCES = {"safe": mark("Safe"), "mixed": mark("Both"), "unsafe": mark("Unsafe"), "none": mark("Not said")}
FEELINGS = (mark("very unsafe"), mark("unsafe"), mark("fairly safe"), mark("safe, after dark too"))
LIGHTS = {"daylight": mark("In daylight"), "dusk": mark("At dusk"), "dark": mark("After dark")}
# What a human should look at in a note.
FLAGS = {
    "late": mark("Came in after the walk was closed."),
    "after-close": mark("Made after the walk was closed."),
    "clock-skew": mark("The phone's clock was ahead: the time is not to be relied on."),
    "unknown-factor": mark("Has a reason this version does not know."),
    "needs-place": mark("The place is not known. Ask those who walked along."),
}


def valence(key: str) -> str:
    return _(VALENCES[key])


def role(key: str) -> str:
    return _(ROLES[key])


def recorded(report: Report) -> str:
    """Who recorded their way, and what the line on the map does not tell; nothing where nobody did."""
    teams = [one.team for one in report.tracks if one.team]
    named = ngettext("%(num)s team recorded its way: %(names)s.", "%(num)s teams recorded their way: %(names)s.", len(teams),
                     names=", ".join(teams))  # fmt: skip
    alone = _("The group recorded its way.") if not teams else _("So did people without a team.")
    said = ([named] if teams else []) + ([alone] if len(teams) < len(report.tracks) else [])
    return " ".join([*said, _("Where the dots stop, nothing was measured.")]) if said else ""


def category(key: str) -> str:
    """A category's name, or what stands for notes without a reason."""
    return _("No reason given") if key == "none" else label(key, language())


def factor(key: str) -> str:
    """A factor's name; an unknown one as the phone sent it."""
    return label(key, language())


def feeling(value: int) -> str:
    return _(FEELINGS[value])


def flag(key: str, seen: Observation) -> str:
    if key == "needs-place" and seen.place_source != "none":
        return _("Names a stop that this walk does not have.")
    return _(FLAGS[key]) if key in FLAGS else key


def people(counts: dict[str, int]) -> str:
    """ "14 residents, 4 from the municipality and 2 from the police"."""
    said = [_people_of(role, number) for role, number in counts.items()]
    if len(said) < 2:
        return "".join(said)
    return _("%(most)s and %(last)s", most=", ".join(said[:-1]), last=said[-1])


def _people_of(role: str, number: int) -> str:
    if role == "resident":
        return ngettext("%(num)s resident", "%(num)s residents", number)
    from_whom = {
        "council": mark("%(num)s from the local council"),
        "municipality": mark("%(num)s from the municipality"),
        "police": mark("%(num)s from the police"),
        "rescue": mark("%(num)s from fire and rescue"),
        "housing": mark("%(num)s from the housing association"),
        "business": mark("%(num)s from business"),
        "association": mark("%(num)s from associations"),
        "school": mark("%(num)s from the school"),
        "other": mark("%(num)s in another role"),
    }
    return _(from_whom[role], num=number)


EARTH_M = 20_000_000  # half around the earth: no measurement can be further off, whatever a phone says


def place(seen: Observation) -> str:
    """How the place is known: "Measured by the phone, ± 8 m", "Put on the map by hand"."""
    if seen.place_source == "pin":
        return _("Put on the map by hand")
    if seen.place_source == "stop":
        return _("The place of the stop")
    if seen.place_source == "none":
        return _("Place not known")
    if seen.accuracy_m is None:
        return _("From the photo") if seen.place_source == "exif" else _("Measured by the phone")
    metres = number(max(1, round(min(seen.accuracy_m, EARTH_M))))
    if seen.place_source == "exif":
        return _("From the photo, ± %(metres)s m", metres=metres)
    return _("Measured by the phone, ± %(metres)s m", metres=metres)


def photos(seen: Observation) -> list[tuple[str, str]]:
    """What is to be said of a note's photos, each with a tone (wait fail); nothing where all are there."""
    states = [photo.state for photo in seen.photos]
    said = []
    if "expected" in states:
        received = len(states) - states.count("expected")
        text = ngettext("%(received)s of %(num)s photo received", "%(received)s of %(num)s photos received",
                        len(states), received=received)  # fmt: skip
        said.append(("wait", text))
    if "stored" in states:
        said.append(("wait", ngettext("%(num)s photo is being made ready. Open the page again in a minute.",
                                      "%(num)s photos are being made ready. Open the page again in a minute.",
                                      states.count("stored"))))  # fmt: skip
    if "unreadable" in states:
        said.append(("fail", ngettext("%(num)s photo cannot be read. Ask for it again.",
                                      "%(num)s photos cannot be read. Ask for them again.",
                                      states.count("unreadable"))))  # fmt: skip
    return said


def number(value: int) -> str:
    return str(value) if abs(value) < 1000 else str(format_decimal(value, locale=language()))


def beginning(text: str, most: int = 90) -> str:
    """The first words of a text, at most `most` characters, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0].rstrip(",.;:–-") + " …"


def gist(seen: Observation) -> str:
    """A note in a few words: its own, or what stands for them."""
    words = seen.note or seen.suggestion
    if words:
        return beginning(words)
    if seen.factors:
        return ", ".join(factor(key) for key in seen.factors[:3])
    return valence(seen.valence or "none")


def length(route: dict[str, Any] | None) -> str:
    """How long a route is: "1,8 km", "640 m", not to be parted; "" where there is none."""
    points = (route or {}).get("coordinates") or []
    return distance(sum(metres(a, b) for a, b in pairwise(points)))


def walked(report: Report) -> tuple[datetime | None, datetime | None]:
    """When it began and ended: as planned, else the moment of the first note."""
    if report.walk["starts_at"]:
        return report.walk["starts_at"], report.walk["ends_at"]
    return (report.observations[0].captured_utc if report.observations else None), None


def moment(seen: Observation, report: Report) -> str:
    """When the note was made, where the walk was: the time, with the date where it is another day than the walk's."""
    begun, zone = walked(report)[0], report.walk["timezone"]
    same_day = begun and local(begun, zone).date() == local(seen.captured_utc, zone).date()
    minute = seen.captured_utc.replace(second=0, microsecond=0)
    return _moment(minute, zone, bool(same_day), language())


@lru_cache(10_000)
def _moment(minute: datetime, zone: str, same_day: bool, _language: str) -> str:
    """Once for each minute: writing a time takes longer than the rest of a note."""
    return clock(minute, zone) if same_day else f"{day(minute, zone)}, {clock(minute, zone)}"


def stop_name(number: str, report: Report) -> str:
    """A stop's number and name, or what stands for no stop ("none")."""
    name = next((stop.name for stop in report.stops if str(stop.number) == number), None)
    return f"{number}. {name}" if name else _("Between the stops")


def written_day(written: str | None) -> str:
    """ "2026-11-26" or a moment as "26. november 2026"; "" for none, or for what is no day."""
    try:
        return in_words(date.fromisoformat((written or "")[:10]))
    except ValueError:
        return ""
