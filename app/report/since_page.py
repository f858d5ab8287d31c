"""This walk beside the one before, as pages and paper tell it: place by place, then and now, with what was promised there.

Hides which quotes are told, and where the two reports come from. Promises that few voices are words and no numbers, that no
place gets a score, and that where the light differed it is said. Made from a Shown, or from two Reports, alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.i18n import gettext as _
from app.i18n import ngettext
from app.measures import words as plan
from app.pages import local
from app.report import comparison, words
from app.report.comparison import FEW
from app.report.public import Shown
from app.report.report import Report
from app.report.since import VALENCES, by_stop
from app.report.words import written_day

QUOTES, QUOTE = 2, 140


@dataclass(frozen=True)
class Side:
    """One of the two walks: `name`: what its column is called; `facts`: when, in which light, how many."""

    name: str
    title: str
    day: str
    facts: str


@dataclass(frozen=True)
class Promised:
    """A measure of the walk before. `status`: (words, tone, icon); `goes_on`: the number of the one of this walk that goes
    on with it."""

    number: int
    what: str
    status: tuple[str, str, str]
    answer: str
    goes_on: int | None


@dataclass(frozen=True)
class Line:
    """A place; `number` None: no stop of this walk. `notes`: how many of each feeling then and now, None where that walk had
    no such place; `heard`: what was said there now."""

    number: int | None
    name: str
    notes: tuple[Mapping[str, int] | None, Mapping[str, int] | None]
    heard: list[str]
    promised: list[Promised]

    def cell(self, at: int) -> str:
        """What is told in words where no numbers stand; "" where they do."""
        notes = self.notes[at]
        if notes is None:
            return _("Not on this walk")
        if not sum(notes.values()):
            return _("no notes")
        return comparison.in_words(notes) if sum(notes.values()) < FEW else ""

    def marks(self, at: int) -> list[tuple[str, int]]:
        """The numbers, where there are enough to be told."""
        notes = self.notes[at]
        return [] if notes is None or self.cell(at) else [(key, notes.get(key, 0)) for key in VALENCES[:3]]


@dataclass(frozen=True)
class View:
    """`kind`: return pair; `in_other_light`: the light was not the same both times; `pairs`: of photos, as frozen."""

    kind: str
    sides: tuple[Side, Side]
    in_other_light: bool
    lines: list[Line]
    pairs: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return _("Since last time") if self.kind == "return" else _("The same way in another light")

    @property
    def few(self) -> bool:
        return any(line.cell(at) and sum((line.notes[at] or {}).values()) for line in self.lines for at in (0, 1))


def of_public(shown: Shown) -> View | None:
    """The comparison of an edition as it is read now; None where it has none."""
    since, content = shown.content.get("since"), shown.content
    if since is None:
        return None
    walk = content["walk"] | {"people": sum(content["participants"].values()), "notes": len(shown.voices)}
    there = {one["number"]: one for one in shown.earlier.plan} if shown.earlier else {}
    here = {one["number"] for one in shown.plan if not one["removed"]}
    goes_on = {int(was): now for was, now in since["continued"].items() if now in here}
    heard: dict[int | None, list[dict[str, Any]]] = {}
    for voice in shown.voices:
        heard.setdefault(voice["stop"], []).append(voice)
    lines = [
        Line(
            row["stop"], row["name"], (row["then"], row["now"]),
            _heard(heard.get(row["stop"], []) if row["now"] is not None else []),
            [_promised(there[number], goes_on.get(number)) for number in row["measures"] if number in there],
        )
        for row in since["rows"]
    ]  # fmt: skip
    return _view(since["kind"], since["walk"], walk, lines, since["pairs"])


def of_reports(earlier: Report, later: Report, kind: str) -> View:
    """The same from two reports, for who may read both."""
    then, now = ([_plain(seen) for seen in report.observations] for report in (earlier, later))
    goes_on = {one.continues_id: one.number for one in later.measures if one.continues_id}
    found = comparison.rows(earlier.stops, by_stop(then, earlier.stops), later.stops, by_stop(now, later.stops))
    lines = []
    for row in found:
        asked = [one for one in earlier.measures if one.stop == row.was and row.notes[0] is not None]
        said = [seen for seen in now if seen["stop"] == row.number] if row.notes[1] is not None else []
        promised = [
            _promised({"removed": False} | {name: getattr(one, name) for name in _OF_MEASURE}, goes_on.get(one.id))
            for one in asked
        ]
        lines.append(Line(row.number, row.name, row.notes, _heard(said), promised))
    return _view(kind, facts(earlier), facts(later), lines, [])


_OF_MEASURE = ("number", "measure", "place", "kind", "status", "answer", "reason")


def _plain(seen: Any) -> dict[str, Any]:
    names = ("stop", "valence", "note", "suggestion", "agreements")
    return {name: getattr(seen, name) for name in names} | {"voices": ()}


def facts(report: Report) -> dict[str, Any]:
    """What is told of a walk as a whole: title, day, light, people, notes."""
    begun, _ended = words.walked(report)
    on = local(begun, report.walk["timezone"]).date().isoformat() if begun else None
    people = sum(report.participants.values())
    return {"title": report.walk["title"], "day": on, "light": report.walk["light"], "people": people,
            "notes": len(report.observations)}  # fmt: skip


def _view(
    kind: str, then: dict[str, Any], now: dict[str, Any], lines: Sequence[Line], pairs: list[dict[str, Any]]
) -> View:
    other_light = bool(then["light"] and now["light"]) and then["light"] != now["light"]
    names = (_("First time"), _("Second time"))
    if other_light:
        names = (_light(then), _light(now))
    sides = (_side(names[0], then), _side(names[1], now))
    told = [
        line for line in lines if line.name or line.promised or any(sum((notes or {}).values()) for notes in line.notes)
    ]
    return View(kind, sides, other_light, told, pairs)


def _side(name: str, walk: dict[str, Any]) -> Side:
    light = _light(walk)
    people = ngettext("%(num)s walked along", "%(num)s walked along", walk["people"]) if walk["people"] else ""
    notes = ngettext("%(num)s note", "%(num)s notes", walk["notes"])
    on = written_day(walk["day"])
    facts = ". ".join(part for part in (on, light, ", ".join(filter(None, (people, notes)))) if part)
    return Side(name, walk["title"], on, f"{facts}.")


def _light(walk: dict[str, Any]) -> str:
    key = walk["light"]
    return _(words.LIGHTS[key]) if key else ""


def _promised(one: Mapping[str, Any], goes_on: int | None) -> Promised:
    what = one["measure"] or one["place"]
    return Promised(one["number"], what, status_of(one), one["answer"] or one["reason"], goes_on)


def said(one: Promised) -> str:
    """A measure of the walk before as a sentence, for paper and tables."""
    number = _("Measure %(number)s", number=one.number)
    goes_on = _("Goes on as measure %(number)s.", number=one.goes_on) if one.goes_on else ""
    what = f"{number}: {one.what.rstrip('.')} – {one.status[0]}."
    return " ".join(part for part in (what, one.answer, goes_on) if part)


def status_of(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """(words, tone, icon) of a measure as it stands."""
    if one["removed"]:
        return _("Taken out of the plan"), "failed", "alert"
    if one["kind"] == "impossible":
        return _("Not possible"), "failed", "alert"
    status = one["status"]
    return plan.status(status), plan.TONES[status], plan.ICONS[status]


def _heard(said: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was said, what others agree with first."""
    told = sorted((one for one in said if one["note"]), key=lambda one: -one["agreements"])
    return [_quote(one) for one in told[:QUOTES]]


def _quote(one: Mapping[str, Any]) -> str:
    quoted = _("“%(words)s”", words=words.beginning(one["note"], QUOTE))
    if not one["agreements"]:
        return quoted
    agree = ngettext("%(num)s sees it so too", "%(num)s see it so too", one["agreements"])
    return f"{quoted} {agree}."
