"""The overview in words, for its page: numbers that are few, days, ages, places without a name.

Promises that what rests on few voices or few measures is told in words and never as a number one could compare.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from babel.numbers import format_decimal

from app.i18n import gettext as _
from app.i18n import language, mark, ngettext
from app.measures import words
from app.measures.measures import STATUSES
from app.overview.asked import NOBODY, OPEN
from app.overview.overview import AGES, FEW, Due, Overview, Pace, Walked
from app.overview.places import Named, Visit, felt
from app.pages import LOCALES

NUMBERS = {1: mark("one"), 2: mark("two"), 3: mark("three"), 4: mark("four")}  # FEW - 1 of them
AGE_NAMES = {
    "late": mark("Deadline has passed"),
    "soon": mark("Due within two weeks"),
    "later": mark("Due later"),
    "none": mark("Without a deadline"),
}
STATES = {
    "planned": mark("Planned"), "open": mark("Open"), "closed": mark("Closed"), "published": mark("Published"),
    "archived": mark("Emptied"),
}  # fmt: skip

day, short_day, until, kind, status = words.day, words.short_day, words.until, words.kind, words.status


def age(key: str) -> str:
    return _(AGE_NAMES[key])


def state(walk: Walked) -> str:
    return _(STATES[walk.state])


def which(key: str) -> str:
    """A choice of status."""
    return _("Open ones") if key == OPEN else status(key)


def partner(partner_id: str | None, name: str) -> str:
    return name if partner_id and partner_id != NOBODY else _("Nobody yet")


def few(number: int) -> bool:
    return number < FEW


def number(value: int) -> str:
    """ "three"; as a figure from FEW on."""
    return _(NUMBERS[value]) if value in NUMBERS else str(value)


def notes(counted: Counter[str]) -> str:
    """ "two unsafe, one safe"; figures once there are enough."""
    said = {
        "unsafe": lambda n, num: ngettext("%(num)s unsafe", "%(num)s unsafe", n, num=num),
        "mixed": lambda n, num: ngettext("%(num)s both", "%(num)s both", n, num=num),
        "safe": lambda n, num: ngettext("%(num)s safe", "%(num)s safe", n, num=num),
        "none": lambda n, num: ngettext("%(num)s without a feeling", "%(num)s without a feeling", n, num=num),
    }
    small = few(counted.total())
    return ", ".join(said[key](many, number(many) if small else str(many)) for key, many in felt(counted))


def outcome(walk: Walked) -> str:
    """ "8 carried out, 3 open, 2 not possible"; "" without measures."""
    done, waits, not_possible = (walk.measures[key] for key in ("done", "open", "not_possible"))
    parts = [
        ngettext("%(num)s carried out", "%(num)s carried out", done) if done else "",
        ngettext("%(num)s open", "%(num)s open", waits) if waits else "",
        _("%(num)s not possible", num=not_possible) if not_possible else "",
    ]
    return ", ".join(part for part in parts if part)


def bars(walk: Walked) -> list[tuple[str, float, float]]:
    """(outcome, where its bar begins, how long it is) in parts of 100."""
    whole, at, found = walk.measures.total(), 0.0, []
    for key in ("done", "open", "not_possible"):
        long = 100 * walk.measures[key] / whole if whole else 0.0
        if long:
            found.append((key, round(at, 2), round(long, 2)))
        at += long
    return found


def median(pace: Pace) -> str:
    """ "14", "12,5"."""
    return format_decimal(pace.median or 0, locale=LOCALES[language()])


def days_range(pace: Pace) -> str:
    return _("%(few)s to %(most)s days", few=pace.shortest, most=pace.longest)


def pace_few(pace: Pace) -> str:
    """How many it rests on, where they are few."""
    said = ngettext(
        "One so far: too few to say how long it takes", "%(num)s so far: too few to say how long it takes", pace.number,
        num=number(pace.number),
    )  # fmt: skip
    return said[:1].upper() + said[1:]


def place(named: Named) -> str:
    """What a place is called; one without a name, by where it is."""
    if named.name:
        return named.name
    point = (
        words.degrees(round(named.lat, 4), round(named.lon, 4))
        if named.lat is not None and named.lon is not None
        else "–"
    )
    return _("Between the stops, at %(point)s", point=point)


def newest(visits: Sequence[Visit]) -> list[Visit]:
    return list(reversed(visits))


def on_map(walk: Walked) -> str:
    """What the map says of a walk."""
    return f"{walk.title}, {short_day(walk.day)}"


def ages_of(told: Overview) -> dict[str, int]:
    """How many open measures there are of each age."""
    counted = Counter(one.age for one in told.open)
    return {key: counted[key] for key in AGES}


def due(one: Due) -> str:
    """When an open measure is due."""
    return until(one.deadline, one.today) if one.deadline else _("No deadline")


def choices(told: Overview) -> dict[str, Any]:
    """What the filter's fields offer, (value, name)."""
    return {
        "area": [(name, name) for name in told.areas],
        "year": [(str(year), str(year)) for year in told.years],
        "partner": [(key, partner(key, name)) for key, name in told.partners],
        "status": [(key, which(key)) for key in (OPEN, *STATUSES)],
    }
