"""The report's own words, by those who write it: what the walk was for, a summary, the places that matter most.

Hides where they are kept, and which places are proposed. Promises that what was typed is never lost, and that words which
somebody else has changed meanwhile are told and not overwritten. Proposes an order of places by how many speak of them and
how urgent a reviewer found it; never a score, and whoever writes decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from app.i18n import gettext as _
from app.models import Stop, Telling, User, Walk, now
from app.problems import Problem
from app.report.report import Report
from app.review.decided import RELEASED
from app.review.personal import looks_personal
from app.walks.walks import stops_of

TEXTS = {
    "purpose": 2000, "summary": 2000, "safe": 2000, "themes": 3000, "impossible": 3000, "weather": 120, "journal": 60,
    "followup_on": 10, "followup": 300, "contact": 300,
}  # fmt: skip
PLACES = 5
PLACE_WORDS = 200
KEY, MOST_PAIRS = 100, 200  # characters of a pair's key; choices that are remembered
_FIRST = 1  # a reviewer's priority: before everything else


class TellingChanged(Exception):
    """Somebody else has changed the words meanwhile; nothing was kept."""


@dataclass
class Draft:
    """The words as typed. `places`: (a stop's id or "", words), PLACES of them in order; `version`: of what they were made
    from, 0 for none; `by`: who wrote that. `pairs`: whether a pair of photos is in, by its key, where somebody has said so.
    `errors`: a sentence by field."""

    texts: dict[str, str]
    places: list[tuple[str, str]]
    version: int = 0
    by: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, bool] = field(default_factory=dict)

    def check(self) -> bool:
        """Whether it can be kept; fills `errors`."""
        self.errors = {
            name: _("At most %(most)s characters; this is %(num)s.", most=most, num=len(self.texts[name]))
            for name, most in TEXTS.items()
            if len(self.texts[name]) > most
        }
        if self.texts["followup_on"] and _day(self.texts["followup_on"]) is None:
            self.errors["followup_on"] = _("Write the date so: 26-11-2026.")
        named = [stop for stop, _words in self.places if stop]
        if len(set(named)) < len(named):
            self.errors["places"] = _("The same place stands there twice.")
        if any(len(words) > PLACE_WORDS for _stop, words in self.places):
            self.errors["places"] = _("At most %(most)s characters for each place.", most=PLACE_WORDS)
        return not self.errors

    def personal(self) -> list[str]:
        """The fields whose words look as if they named a person; the contact's may."""
        found = [name for name, text in self.texts.items() if name != "contact" and looks_personal(text)]
        return found + (["places"] if any(looks_personal(words) for _stop, words in self.places) else [])


@dataclass(frozen=True)
class Proposal:
    """A place that may matter: how many notes feel unsafe or both, how many voices agree with them, how many of them come
    first in a reviewer's eyes; `factors`: what they are about."""

    stop: int
    notes: int
    voices: int
    first: int
    factors: tuple[str, ...]


def told(tx: Session, walk: Walk) -> Draft:
    """The words as they are kept; the plan's purpose where nobody has written one."""
    held = tx.get(Telling, walk.id)
    kept: dict[str, Any] = held.texts if held else {"purpose": walk.purpose, "contact": walk.contacts}
    stops = {stop.id for stop in stops_of(tx, walk.id)}
    places = [(one["stop"] if one["stop"] in stops else "", one["words"]) for one in kept.get("places", [])]
    writer = tx.get(User, held.written_by) if held else None
    return Draft(
        {name: str(kept.get(name, "")) for name in TEXTS}, _padded(places), held.version if held else 0, writer.email if writer else "",
        pairs={key: bool(is_in) for key, is_in in kept.get("pairs", {}).items()},
    )  # fmt: skip


def typed(form: Mapping[str, Any], lists: Mapping[str, list[str]], kept: Draft) -> Draft:
    """The words as they stand in a form; what it lacks stays as in `kept`. `lists`: "stop" and "words" of the
    places, "shown" and "pair" of the photos: the pairs that could be ticked, and those that were."""
    texts = {name: str(form.get(name, text)).replace("\r\n", "\n") for name, text in kept.texts.items()}
    pairs = list(zip(lists.get("stop", []), lists.get("words", []), strict=False))
    ticked, shown = set(lists.get("pair", [])), lists.get("shown", [])
    chosen = {key[:KEY]: key in ticked for key in shown}
    version = str(form.get("version", ""))
    made = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
    both = dict(list({**kept.pairs, **chosen}.items())[-MOST_PAIRS:])
    return Draft(texts, _padded(pairs) if pairs else kept.places, made, kept.by, pairs=both)


def moved(places: list[tuple[str, str]], what: str) -> list[tuple[str, str]]:
    """`places` after "up:2" or "down:2"; unchanged where that says nothing."""
    deed, _colon, number = what.partition(":")
    at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 3 else -1
    other = at + {"up": -1, "down": 1}.get(deed, 0)
    changed = list(places)
    if other != at and min(at, other) >= 0 and max(at, other) < len(changed):
        changed[at], changed[other] = changed[other], changed[at]
    return changed


def save(tx: Session, walk_id: str, draft: Draft, by: User) -> int:
    """Keep a checked draft; its version. Raises TellingChanged, walk-archived (410)."""
    walk = tx.get_one(Walk, walk_id, with_for_update=True)
    if walk.state == "archived":
        raise Problem("walk-archived")
    held = tx.get(Telling, walk_id)
    if draft.version != (held.version if held else 0):
        raise TellingChanged
    known = {stop.id for stop in stops_of(tx, walk_id)}
    places = [{"stop": stop if stop in known else "", "words": " ".join(words.split())} for stop, words in draft.places]
    texts: dict[str, Any] = {name: text.strip() for name, text in draft.texts.items()} | {"places": places}
    texts |= {"pairs": draft.pairs} if draft.pairs else {}
    if held is None:
        held = Telling(walk_id=walk_id, version=0, texts={}, written_by=by.id)
    if held.texts != texts:
        held.texts, held.version, held.written_by, held.written_at = texts, held.version + 1, by.id, now()
        tx.add(held)
    return held.version


def for_report(tx: Session, walk: Walk, report: Report) -> dict[str, Any]:
    """The words as an edition takes them: `places` by the stops' numbers, those proposed where nobody has chosen."""
    draft = told(tx, walk)
    numbers = {stop.id: stop.number for stop in report.stops}
    chosen = [{"stop": numbers[stop], "words": words} for stop, words in draft.places if stop in numbers]
    proposals = [{"stop": one.stop, "words": ""} for one in proposed(report)]
    return {**draft.texts, "places": chosen or proposals, "pairs": draft.pairs}


def proposed(report: Report) -> list[Proposal]:
    """The stops that most speak of, the most first; those with nothing unsafe are left out."""
    counted: dict[int, list[Any]] = {}
    for seen in report.observations:
        if seen.stop is not None and seen.valence in ("unsafe", "mixed") and seen.review in RELEASED:
            counted.setdefault(seen.stop, []).append(seen)
    found = [
        Proposal(
            stop, len(notes), sum(one.agreements for one in notes), sum(one.priority == _FIRST for one in notes),
            tuple(dict.fromkeys(key for one in notes for key in one.factors))[:3],
        )
        for stop, notes in counted.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.first, -(one.notes + one.voices), one.stop))[:PLACES]


def stop_choices(stops: list[Stop]) -> list[tuple[str, str]]:
    return [(stop.id, f"{stop.number}. {stop.name}") for stop in stops]


def _padded(places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return (places + [("", "")] * PLACES)[:PLACES]


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
