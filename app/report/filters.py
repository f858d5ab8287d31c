"""Which notes of a report a reader wants to see, from the words of an address.

Hides how filters are read, written and counted. Promises that an unknown value is told of in a sentence (422) and never
means "everything": a file that was asked for with a filter holds no more than that. Several values of one filter mean
either of them, several filters mean all of them. "none" asks for notes without one. `area` asks for places within it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import Query

from app.i18n import gettext as _
from app.problems import invalid
from app.report.area import Area, area
from app.report.report import Observation, Report, facets
from app.sync.protocol import Role, Valence
from app.taxonomy import categories

FACETS = ("valence", "category", "stop", "role")
Words = Annotated[list[str], Query(max_length=50)]


@dataclass(frozen=True)
class Choice:
    """One value of a filter, and how many notes it would show with the other filters as they are."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Filter:
    """What was asked for, facet by facet; an empty one asks for nothing in particular."""

    valence: frozenset[str] = frozenset()
    category: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()
    role: frozenset[str] = frozenset()
    area: Area | None = None

    def __bool__(self) -> bool:
        return self.area is not None or any(self.asked(facet) for facet in FACETS)

    def asked(self, facet: str) -> frozenset[str]:
        return frozenset(getattr(self, facet))

    def missed(self, has: dict[str, tuple[str, ...]]) -> list[str]:
        """The facets in which a note with these is not what was asked for; none where it is asked for."""
        return [facet for facet in FACETS if (wishes := getattr(self, facet)) and wishes.isdisjoint(has[facet])]

    def of(self, report: Report) -> Report:
        """The report with only the notes asked for. Raises invalid (422) where a value means nothing in this walk."""
        known = _known(report)
        wrong = [(facet, value) for facet in FACETS for value in self.asked(facet) if value not in known[facet]]
        if wrong:
            said = _("The report cannot be filtered by this. Choose one of those on the page.")
            raise invalid(*((facet, said) for facet, _value in sorted(wrong)))
        if not self:
            return report
        return replace(
            report, observations=tuple(seen for seen in self.within(report) if not self.missed(facets(seen)))
        )

    def within(self, report: Report) -> Iterable[Observation]:
        """The notes whose place is in the area asked for; all of them where none is."""
        asked = self.area
        return (
            report.observations
            if asked is None
            else (one for one in report.observations if asked.has(one.lon, one.lat))
        )

    def choices(self, report: Report) -> dict[str, list[Choice]]:
        """For each facet its values that occur in the whole report or are asked for, in their usual order."""
        counted: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
        for seen in report.observations:
            has, near = facets(seen), self.area is None or self.area.has(seen.lon, seen.lat)
            missed = self.missed(has)
            for facet, count in counted.items():
                shown = near and (not missed or missed == [facet])
                for value in has[facet]:
                    count[value] = count.get(value, 0) + shown
        return {
            facet: [
                Choice(value, counted[facet].get(value, 0), value in self.asked(facet))
                for value in known
                if value in counted[facet] or value in self.asked(facet)
            ]
            for facet, known in _known(report).items()
        }

    def query(self) -> str:
        """The filter as the query of an address, always in the same order; "" where nothing is asked for."""
        chosen = [(facet, value) for facet in FACETS for value in sorted(self.asked(facet))]
        return urlencode([*chosen, *([("area", self.area.words)] if self.area else [])], safe=",;")


def wanted(
    valence: Words = [],  # noqa: B006
    category: Words = [],  # noqa: B006
    stop: Words = [],  # noqa: B006
    role: Words = [],  # noqa: B006
    within: Annotated[str, Query(alias="area", max_length=10_000)] = "",
) -> Filter:
    """The filter a request asks for; an empty value, as a form sends for "all", asks for nothing. Raises invalid (422)
    where `area` is none."""
    asked = {"valence": valence, "category": category, "stop": stop, "role": role}
    facets_asked = {facet: frozenset(word for word in words if word) for facet, words in asked.items()}
    try:
        return Filter(**facets_asked, area=area(within) if within else None)
    except ValueError:
        raise invalid(("area", _("This is no area on the map. Draw it again."))) from None


def _known(report: Report) -> dict[str, list[str]]:
    """Every value that means something in this walk, in the order they are shown: the good first."""
    valences = sorted(get_args(Valence), key=["safe", "mixed", "unsafe"].index)
    return {
        "valence": [*valences, "none"],
        "category": [*(entry["key"] for entry in categories()), "none"],
        "stop": [*(str(stop.number) for stop in report.stops), "none"],
        "role": list(get_args(Role)),
    }
