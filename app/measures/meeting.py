"""The follow-up meeting: one open measure after another, and the minutes of what was said and decided.

Hides that the minutes are the measures' own history: what was changed and said on the day of a meeting. Promises minutes
that nobody has to write, that say only what is in the history, and never who walked along.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.i18n import gettext as _
from app.measures import words
from app.measures.measures import Told


@dataclass(frozen=True)
class Turn:
    """One measure at the meeting. `at`, `of`: which one it is of how many; `before`, `after`: the numbers of the open ones
    around it, None at the ends."""

    told: Told
    at: int
    of: int
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Minute:
    """What was said and decided about a measure. `decided`: (field, before, after), the last word of each field."""

    told: Told
    said: tuple[str, ...]
    decided: tuple[tuple[str, str, str], ...]


def turn(found: Sequence[Told], number: int | None) -> Turn | None:
    """The measure with that number, also if it has just been closed, else the first open one; None where none is open."""
    still = [one for one in found if one.is_open]
    told = next((one for one in found if one.number == number), None) or next(iter(still), None)
    if told is None:
        return None
    before = [one.number for one in still if one.number < told.number]
    after = [one.number for one in still if one.number > told.number]
    listed = len({told.number, *(one.number for one in still)})
    return Turn(told, len(before) + 1, listed, before[-1] if before else None, after[0] if after else None)


def days(found: Sequence[Told]) -> list[date]:
    """The days on which there was a meeting, the newest first."""
    held = {step.changes["meeting"][1] for one in found for step in one.steps if "meeting" in step.changes}
    return sorted((date.fromisoformat(one) for one in held), reverse=True)


def minutes(found: Sequence[Told], day: date, names: dict[str, str]) -> list[Minute]:
    """What that day's meeting said and decided, by the measures' numbers. `names`: of partners and stops by id."""
    told = []
    for one in found:
        steps = [step for step in one.steps if step.changes.get("meeting", [None, ""])[1] == day.isoformat()]
        if not steps:
            continue
        said = tuple(step.changes["said"][1] for step in steps if "said" in step.changes)
        first: dict[str, object] = {}
        last: dict[str, object] = {}
        for step in steps:
            for name, (before, after) in step.changes.items():
                if name not in words.UNTOLD and name != "said":
                    first.setdefault(name, before)
                    last[name] = after
        decided = [
            (words.field(name), words.said(name, first[name], names), words.said(name, value, names))
            for name, value in last.items()
            if first[name] != value
        ]
        told.append(Minute(one, said, tuple(decided)))
    return told


def text(title: str, day: date, found: Sequence[Minute]) -> str:
    """The minutes as plain text, for a mail or a case file."""
    lines = [title, _("Follow-up meeting, %(day)s", day=words.day(day)), ""]
    for one in found:
        lines.append(f"{one.told.number}. {one.told.place}")
        lines.append(one.told.problem)
        if one.told.partner:
            lines.append(words.field("partner_id") + ": " + one.told.partner)
        lines += [f"– {said}" for said in one.said]
        lines += [f"{name}: {before or '–'} → {after or '–'}" for name, before, after in one.decided]
        lines.append("")
    return "\n".join(lines)
