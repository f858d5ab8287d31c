"""What is another in an edition than in the one before, in words: for whoever reads it before everybody can.

Hides how two editions are compared: by what a note, photo or measure is, never by its number, which may be another one. Promises
that what can be read stands in a change, with what was and what is; of a first edition everything is new.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.i18n import gettext as _
from app.i18n import mark, ngettext
from app.measures import words as measure_words
from app.pages import clock
from app.report import words
from app.report.allowed import LIVE

LABELS = {
    "purpose": mark("What the walk was for"),
    "summary": mark("Summary"),
    "safe": mark("What feels safe"),
    "themes": mark("Across the stops"),
    "impossible": mark("What is not possible, and why"),
    "weather": mark("The weather"),
    "journal": mark("Journal number"),
    "followup_on": mark("Day of the follow-up"),
    "followup": mark("The follow-up"),
    "contact": mark("Contact"),
}
OF_WALK = {
    "title": mark("Name of the walk"),
    "area": mark("Area"),
    "day": mark("Date"),
    "starts_at": mark("Begins"),
    "ends_at": mark("Ends"),
    "light": mark("Light"),
}
HOURS = ("starts_at", "ends_at")
_NOTHING: dict[str, Any] = {
    "walk": {}, "telling": {}, "places": [], "participants": {}, "route": None, "stops": [], "notes": [], "measures": [],
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """`kind`: new mended out; `lines`: (what was, what is), "" for nothing; `photos`: names of new ones, to be looked at."""

    key: str
    kind: str
    title: str
    lines: tuple[tuple[str, str], ...] = ()
    photos: tuple[str, ...] = ()


def since(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    """What changed from one frozen edition (None: none) to another."""
    then, now = (before or {"public": _NOTHING, "keys": {}})["public"], after["public"]
    stops = {stop["number"]: stop["name"] for stop in [*then["stops"], *now["stops"]]}
    found = [
        *_own_words(then, now),
        *_frame(then, now, stops),
        *_notes(_by_id(before), _by_id(after), stops),
        *_photos(before, after, stops),
        *_measures(before, after),
        *_beside(before, after),
    ]
    rest = [Change("rest", "mended", _("Small things: numbers and order"))]
    return found or (rest if then != now else [])


def _change(key: str, title: str, then: str, now: str) -> list[Change]:
    if then == now:
        return []
    return [Change(key, "new" if not then else "mended" if now else "out", title, ((then, now),))]


def _own_words(then: dict[str, Any], now: dict[str, Any]) -> Iterable[Change]:
    for name, label in LABELS.items():
        a, b = (doc["telling"].get(name, "") for doc in (then, now))
        if name == "followup_on":
            a, b = words.written_day(a), words.written_day(b)
        yield from _change(f"told.{name}", _(label), a, b)


def _frame(then: dict[str, Any], now: dict[str, Any], stops: dict[int, str]) -> Iterable[Change]:
    told = [[(one, _said_of_walk(one, doc["walk"])) for one in OF_WALK] for doc in (then, now)]
    differing = [(name, a, b) for (name, a), (_same, b) in zip(*told, strict=True) if a != b]
    if differing:
        lines = tuple(
            ((a and f"{_(OF_WALK[name])}: {a}"), (b and f"{_(OF_WALK[name])}: {b}")) for name, a, b in differing
        )
        yield Change("walk", "mended" if then["walk"] else "new", _("The walk"), lines)
    yield from _change("people", _("Who took part"), *(words.people(doc["participants"]) for doc in (then, now)))
    yield from _change("places", _("Places to begin with"), *(_places(doc, stops) for doc in (then, now)))
    yield from _change("stops", _("The stops"), *("\n".join(map(_stop, doc["stops"])) for doc in (then, now)))
    drawn, there = ([doc["route"], *([stop["lat"], stop["lon"]] for stop in doc["stops"])] for doc in (then, now))
    if drawn != there:
        kind = "new" if not then["route"] else "mended" if now["route"] else "out"
        yield Change("route", kind, _("The route on the map"))


def _said_of_walk(name: str, walk: dict[str, Any]) -> str:
    value = walk.get(name) or ""
    if name == "light" and value:
        return _(words.LIGHTS[value])
    if name == "day":
        return words.written_day(value)
    return clock(datetime.fromisoformat(value), walk["timezone"]) if name in HOURS and value else str(value)


def _places(doc: dict[str, Any], stops: dict[int, str]) -> str:
    return "\n".join(f"{stops.get(one['stop'], '')}: {one['words']}".rstrip(": ") for one in doc["places"])


def _stop(stop: dict[str, Any]) -> str:
    return f"{stop['number']}. {stop['name']}" + (f" ({stop['prompt']})" if stop["prompt"] else "")


def _by_id(frozen: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """The notes of an edition, and the voices merged into them, by what they are."""
    if frozen is None:
        return {}
    notes = [voice | {"stop": note["stop"], "lat": None, "lon": None}
             for note in frozen["public"]["notes"] for voice in note["voices"]]  # fmt: skip
    keys = frozen["keys"]["notes"]
    return {keys[note["number"]]: note for note in [*frozen["public"]["notes"], *notes]}


def _notes(then: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], stops: dict[int, str]) -> Iterable[Change]:
    for kind, some, others in (("new", now, then), ("out", then, now)):
        for number in _stops_of(one for key, one in some.items() if key not in others):
            notes = [one for key, one in some.items() if key not in others and one["stop"] == number]
            title = (
                ngettext("%(place)s: %(num)s note", "%(place)s: %(num)s notes", len(notes), place=stops[number])
                if number and number in stops
                else ngettext("%(num)s note between the stops", "%(num)s notes between the stops", len(notes))
            )
            lines = tuple(("", said(one)) if kind == "new" else (said(one), "") for one in notes)
            yield Change(f"{kind}.notes.{number or 0}", kind, title, lines)
    for key, one in now.items():
        if key in then and (said(one), one["stop"], _pin(one)) != (said(then[key]), then[key]["stop"], _pin(then[key])):
            title = _("Note %(number)s: %(place)s", number=one["number"], place=_at(one["stop"], stops))
            pairs = [(told(then[key]), told(one)) for told in (said, lambda note: _at(note["stop"], stops), _pin)]
            yield Change(f"note.{key}", "mended", title, tuple((a, b) for a, b in pairs if a != b))


def said(note: dict[str, Any]) -> str:
    """A note as one line: its feeling, words, suggestion, what it is about, who wrote it."""
    parts = [words.valence(note["valence"] or "none")]
    parts += [_("“%(words)s”", words=note["note"])] if note["note"] else []
    parts += [_("Suggestion: %(words)s", words=note["suggestion"])] if note["suggestion"] else []
    parts += [", ".join(map(words.factor, note["factors"]))] if note["factors"] else []
    parts += [words.role(note["role"])] if note["role"] else []
    if note["agreements"]:
        parts.append(ngettext("%(num)s sees it so too", "%(num)s see it so too", note["agreements"]))
    return " · ".join(parts)


def _pin(note: dict[str, Any]) -> str:
    return f"{note['lat']}, {note['lon']}" if note["lat"] is not None else ""


def _photos(before: dict[str, Any] | None, after: dict[str, Any], stops: dict[int, str]) -> Iterable[Change]:
    then, now = (_pictures(frozen) for frozen in (before, after))
    for kind, some, others in (("new", now, then), ("out", then, now)):
        for number in sorted({stop for key, (stop, _name) in some.items() if key not in others}):
            names = tuple(name for key, (stop, name) in some.items() if key not in others and stop == number)
            title = (
                ngettext("%(place)s: %(num)s photo", "%(place)s: %(num)s photos", len(names), place=stops[number])
                if number and number in stops
                else ngettext("%(num)s photo between the stops", "%(num)s photos between the stops", len(names))
            )
            yield Change(f"{kind}.photos.{number}", kind, title, photos=names if kind == "new" else ())


def _pictures(frozen: dict[str, Any] | None) -> dict[str, tuple[int, str]]:
    """At which stop each photo is (0: between them) and its name, by what it is."""
    if frozen is None:
        return {}
    keys = frozen["keys"]["photos"]
    return {
        keys[photo["name"]]: (note["stop"] or 0, photo["name"])
        for note in frozen["public"]["notes"]
        for photo in note["photos"]
    }


def _measures(before: dict[str, Any] | None, after: dict[str, Any]) -> Iterable[Change]:
    then, now = (_planned(frozen) for frozen in (before, after))
    for key, one in now.items():
        title = _("Measure %(number)s: %(place)s", number=one["number"], place=one["place"])
        yield from _change(f"measure.{key}", title, _told(then[key]) if key in then else "", _told(one))
    for key, one in then.items():
        if key not in now:
            title = _("Measure %(number)s: %(place)s", number=one["number"], place=one["place"])
            yield Change(f"measure.{key}", "out", title, ((_told(one), ""),))
    answered = [one for key, one in now.items() if key in then and _live(one) != _live(then[key])]
    if answered:
        numbers = ", ".join(str(one["number"]) for one in answered)
        lines = tuple(("", f"{one['number']}: {one['answer'] or one['reason'] or one['partner']}") for one in answered)
        title = ngettext("State and answer of measure %(numbers)s", "State and answers of measures %(numbers)s",
                         len(answered), numbers=numbers)  # fmt: skip
        yield Change("answers", "new", title, lines)


def _beside(before: dict[str, Any] | None, after: dict[str, Any]) -> Iterable[Change]:
    """The walk before, place by place, and each pair of photos."""
    then, now = ((frozen or {"public": {}})["public"].get("since") for frozen in (before, after))
    yield from _change("since", _("This walk beside the one before"), *(_compared(since) for since in (then, now)))
    pairs_then, pairs_now = _pairs(before), _pairs(after)
    for kind, some, others in (("new", pairs_now, pairs_then), ("out", pairs_then, pairs_now)):
        for key, (said, names) in some.items():
            if key not in others:
                title = _("Before and after: %(place)s", place=said[0])
                line = ("", said[1]) if kind == "new" else (said[1], "")
                yield Change(f"pair.{key}", kind, title, (line,), photos=names if kind == "new" else ())
    for key, (said, _names) in pairs_now.items():
        if key in pairs_then and pairs_then[key][0] != said:
            title = _("Before and after: %(place)s", place=said[0])
            yield Change(f"pair.{key}", "mended", title, ((pairs_then[key][0][1], said[1]),))


def _compared(since: dict[str, Any] | None) -> str:
    if not since:
        return ""
    rows = [
        f"{row['name'] or _('Between the stops')}: {_felt(row['then'])} → {_felt(row['now'])}" for row in since["rows"]
    ]
    return "\n".join([since["walk"]["title"], *rows])


def _felt(counted: dict[str, int] | None) -> str:
    if counted is None:
        return _("Not on this walk")
    told = [f"{number} {words.valence(key).lower()}" for key, number in counted.items() if number]
    return ", ".join(told) or _("no notes")


def _pairs(frozen: dict[str, Any] | None) -> dict[str, tuple[tuple[str, str], tuple[str, str]]]:
    """By what its photos are: the pair's place and words, and the photos' names in the edition."""
    found: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {}
    for pair in ((frozen or {}).get("public", {}).get("since") or {}).get("pairs", []):
        shots = (pair["before"], pair["after"])
        ids = [frozen["keys"]["pairs"][shot["name"]]["id"] for shot in shots] if frozen else []
        said = " – ".join(filter(None, (shot["said"] for shot in shots)))
        found[":".join(ids)] = ((pair["place"], said or pair["place"]), (shots[0]["name"], shots[1]["name"]))
    return found


def _planned(frozen: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    if frozen is None:
        return {}
    return {frozen["keys"]["measures"][str(one["number"])]: one for one in frozen["public"]["measures"]}


def _told(one: dict[str, Any]) -> str:
    said = (
        one["place"],
        one["problem"],
        one["measure"],
        measure_words.kind(one["kind"]),
        measure_words.money(one["money"]),
    )
    return " · ".join(part for part in said if part)


def _live(one: dict[str, Any]) -> list[Any]:
    return [one[name] for name in LIVE]


def _at(number: int | None, stops: dict[int, str]) -> str:
    return stops.get(number or 0) or _("between the stops")


def _stops_of(notes: Iterable[dict[str, Any]]) -> list[int | None]:
    return sorted({note["stop"] for note in notes}, key=lambda stop: stop or 0)
