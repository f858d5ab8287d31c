"""A measure's facts as words for a page, in the reader's language.

Hides codes. Promises that each kind, state and step is said in a person's words, and that a history names officials and
partners, never who walked along.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from app.earth import grid
from app.i18n import gettext as _
from app.i18n import language, mark, ngettext
from app.measures.measures import Step, Told
from app.pages import in_words
from app.taxonomy import label, owners
from app.walks.walks import ROLES

KINDS = {
    "upkeep": mark("Upkeep, now"),
    "small_works": mark("Small works"),
    "project": mark("Larger project"),
    "together": mark("Together, or volunteers"),
    "police": mark("Police or youth work (SSP)"),
    "looked_into": mark("Is looked into"),
    "impossible": mark("Not possible"),
}
MONEY = {"none": mark("No money set aside"), "running": mark("Running budget"), "applied": mark("Applied for")}
STATUSES = {
    "proposed": mark("Proposed"),
    "accepted": mark("Accepted"),
    "doing": mark("Under way"),
    "done": mark("Carried out"),
    "refused": mark("Refused"),
    "other_owner": mark("Waits for another owner"),
}
TONES = {
    "proposed": "waiting",
    "other_owner": "waiting",
    "accepted": "saved",
    "doing": "saved",
    "done": "done",
    "refused": "failed",
}
ICONS = {
    "proposed": "clock",
    "other_owner": "clock",
    "accepted": "check",
    "doing": "refresh",
    "done": "check",
    "refused": "alert",
}
VALENCES = {"safe": mark("Safe"), "mixed": mark("Both"), "unsafe": mark("Unsafe")}
PRIORITIES = {1: mark("First"), 2: mark("Then"), 3: mark("Later")}
FIELDS = {
    "place": mark("Place"),
    "stop_id": mark("Stop"),
    "lat": mark("Latitude"),
    "lon": mark("Longitude"),
    "problem": mark("Problem"),
    "measure": mark("Measure"),
    "kind": mark("Kind"),
    "partner_id": mark("Responsible"),
    "unit": mark("Unit"),
    "deadline": mark("Deadline"),
    "money": mark("Money"),
    "priority": mark("Priority"),
    "status": mark("Status"),
    "reason": mark("Reason"),
    "answer": mark("Public answer"),
    "ticket": mark("Their case number"),
    "proof_photo_id": mark("Photo of it done"),
    "revisit": mark("Looked at again on the next walk"),
    "continues_id": mark("Goes on with"),
    "notes": mark("Notes"),
    "word": mark("Passed on"),
    "said": mark("Said at the meeting"),
}
UNTOLD = {"lat", "lon", "meeting", "removed"}  # said in other words, or by the place's name


def kind(key: str) -> str:
    return _(KINDS[key])


def status(key: str) -> str:
    return _(STATUSES[key])


def money(key: str) -> str:
    return _(MONEY[key])


def priority(key: int) -> str:
    return _(PRIORITIES[key])


def field(name: str) -> str:
    return _(FIELDS.get(name, name))


def owner(code: str) -> str:
    return owners()[code][language()] if code in owners() else code


def role(key: str) -> str:
    return _(ROLES[key])


def factor(key: str) -> str:
    return label(key, language())


def day(when: date) -> str:
    """ "10. december 2026", "10 December 2026"."""
    return in_words(when)


def short_day(when: date) -> str:
    return in_words(when, "medium")


def until(when: date, today: date) -> str:
    """How far off a deadline is: "in 14 days", "today", "3 days over"."""
    days = (when - today).days
    if days == 0:
        return _("today")
    if days < 0:
        return ngettext("%(num)s day over", "%(num)s days over", -days)
    if days <= 21:
        return ngettext("in %(num)s day", "in %(num)s days", days)
    if days <= 90:
        return ngettext("in %(num)s week", "in %(num)s weeks", round(days / 7))
    return ngettext("in %(num)s month", "in %(num)s months", round(days / 30.4))


def on_grid(lat: float, lon: float) -> str:
    """The place on the municipalities' grid, to a metre: "6322417 N, 561204 E"."""
    east, north = grid(lat, lon)
    return f"{north:.0f} N, {east:.0f} E"


def degrees(lat: float, lon: float) -> str:
    """The place in degrees, to a tenth of a metre, as it may be typed again: "57.0488, 9.9217"."""
    return ", ".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in (lat, lon))


def steps(
    told: Told, names: dict[str, str], timezone: str, only: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The history, the newest step first: each `at`, `by`, `lines` of (field, before, after). `names`: of partners and
    stops by id; `only`: the fields that are told of, where not all are."""
    found = [
        {"at": step.at, "by": by(step), "lines": _lines(step, names, only), "beside": "beside" in step.changes}
        | {"timezone": timezone}
        for step in reversed(told.steps)
    ]
    return [one for one in found if one["lines"]]


def by(step: Step) -> str:
    return _("%(partner)s, by their link", partner=step.by) if step.by_link else step.by


def _lines(step: Step, names: dict[str, str], only: Collection[str] | None) -> list[tuple[str, str, str]]:
    changes = step.changes.get("beside") or step.changes
    told = {name: pair for name, pair in changes.items() if name not in UNTOLD and (only is None or name in only)}
    lines = [(field(name), said(name, pair[0], names), said(name, pair[1], names)) for name, pair in told.items()]
    if "removed" in changes and only is None:
        lines.append((_("Taken out of the plan") if changes["removed"][1] else _("Put back into the plan"), "", ""))
    return lines


def said(name: str, value: Any, names: dict[str, str]) -> str:
    """A field's value in words; "" for none."""
    if value is None or value in ("", []):
        return ""
    if name in ("partner_id", "stop_id", "continues_id"):
        return names.get(value, "–")
    if name == "notes":
        return ngettext("%(num)s note", "%(num)s notes", len(value))
    if name == "deadline":
        return day(date.fromisoformat(value))
    if name == "revisit":
        return _("yes") if value else _("no")
    if name == "proof_photo_id":
        return _("a photo")
    coded: dict[str, Any] = {"kind": KINDS, "status": STATUSES, "money": MONEY, "priority": PRIORITIES}
    return _(coded[name][value]) if name in coded and value in coded[name] else str(value)


def form_value(name: str, value: str, names: dict[str, str]) -> str:
    """What a form's field says, in words."""
    if name in ("partner", "stop", "continues"):
        return names.get(value, "")
    if name == "priority":
        return priority(int(value)) if value in ("1", "2", "3") else ""
    if name == "revisit":
        return _("yes") if value else _("no")
    try:
        return said(name, value, names)
    except ValueError:  # a day that is none
        return value


def valence(key: str) -> str:
    return _(VALENCES[key])
