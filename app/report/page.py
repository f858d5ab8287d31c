"""The report as its page shows it: the good places first, what needs a pair of eyes, then every note along the route.

Hides order, grouping and paging. Promises that each note that was asked for stands on exactly one page of the list, and
that links to a note find the page it is on. Made from a Report alone; the words are app.report.words'.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.i18n import gettext as _
from app.i18n import ngettext
from app.report import words
from app.report.report import Observation, Photo, Report, Stop

PER_PAGE = 500  # notes: every real walk fits on one page, and a page of 5,000 would hang a small computer
GOOD_PLACES = 4
LINKED = 12  # notes named under one matter; each note says it itself, too
_GOOD_FIRST = {"safe": 0, "mixed": 1, "unsafe": 2, None: 3}
_MARKS = ("safe", "mixed", "unsafe")


@dataclass(frozen=True)
class Place:
    """A stop, or what lies between stops (`stop` None), with the notes made there."""

    stop: Stop | None
    notes: tuple[Observation, ...]

    @property
    def marks(self) -> list[tuple[str, int]]:
        """How many notes of each valence: safe, mixed, unsafe; those that occur."""
        return _marks(self.notes)

    @property
    def picture(self) -> Photo | None:
        return next((photo for seen in self.notes for photo in seen.photos if photo.state == "ready"), None)

    @property
    def quotes(self) -> list[str]:
        """Two of the walkers' own sentences, those that others agree with first."""
        said = sorted((seen for seen in self.notes if seen.note), key=lambda seen: -seen.agreements)
        return [words.beginning(seen.note, 110) for seen in said[:2]]


@dataclass(frozen=True)
class Matter:
    """Something a coordinator should look at: a sentence, and the notes it is about."""

    tone: str
    sentence: str
    notes: tuple[Observation, ...]


def in_order(report: Report) -> list[Observation]:
    """The notes as the list shows them: along the stops, what lies between last, the good first at each."""
    return sorted(report.observations, key=lambda seen: (seen.stop is None, seen.stop or 0, _GOOD_FIRST[seen.valence],
                                                         seen.captured_utc, seen.id))  # fmt: skip


def listed(report: Report) -> list[Observation]:
    """The notes that stand for themselves in the list; those merged into one of them are told with it."""
    there = {seen.id for seen in report.observations}
    return [seen for seen in in_order(report) if seen.merged_into not in there]


def places(report: Report, notes: Iterable[Observation]) -> list[Place]:
    """`notes`, in the list's order, grouped by where they were made."""
    stops = {stop.number: stop for stop in report.stops}
    return [
        Place(stops[number] if number is not None else None, tuple(group))
        for number, group in groupby(notes, key=lambda seen: seen.stop)
    ]


def good_places(report: Report) -> list[Place]:
    """Where it feels safe, the most mentioned first, and of those with as many notes the ones with a photo."""
    safe = [seen for seen in in_order(report) if seen.valence == "safe"]
    found = sorted(places(report, safe), key=lambda place: (-len(place.notes), place.picture is None))
    return found[:GOOD_PLACES]


def along_the_route(report: Report) -> list[Place]:
    """Every stop with what was noted there, also those where nothing was; then what lies between."""
    noted = {place.stop.number if place.stop else None: place for place in places(report, in_order(report))}
    at_stops = [noted.get(stop.number, Place(stop, ())) for stop in report.stops]
    return at_stops + ([noted[None]] if None in noted else [])


def subjects(report: Report) -> list[tuple[str, list[tuple[str, int]]]]:
    """The categories that were mentioned, the most mentioned first, with their marks."""
    mentioned = Counter((key, seen.valence) for seen in report.observations for key in seen.categories)
    each = Counter(key for seen in report.observations for key in seen.categories)
    return [
        (key, _marked({valence: mentioned[key, valence] for valence in _MARKS})) for key, _number in each.most_common()
    ]


def matters(report: Report) -> list[Matter]:
    """What needs a pair of eyes: photos, clashing texts, flags."""
    seen = report.observations
    missing = [note for note in seen if any(photo.state == "expected" for photo in note.photos)]
    unreadable = [note for note in seen if any(photo.state == "unreadable" for photo in note.photos)]
    clashing = [note for note in seen if note.other_texts]
    found = [
        ("wait", missing, ngettext("%(num)s note waits for photos", "%(num)s notes wait for photos", len(missing))),
        ("fail", unreadable, ngettext("%(num)s note has a photo that cannot be read",
                                      "%(num)s notes have photos that cannot be read", len(unreadable))),
        ("wait", clashing, ngettext("%(num)s note: another text was saved under the same revision",
                                    "%(num)s notes: another text was saved under the same revision", len(clashing))),
        *(("wait", having, said(len(having))) for said, having in _flagged(seen)),
    ]  # fmt: skip
    return [Matter(tone, sentence, tuple(notes)) for tone, notes, sentence in found if notes]


def pages(notes: list[Observation], asked: int) -> tuple[list[Observation], int, int]:
    """(the notes on page `asked`, that page's number, how many pages); a page that is not there is the nearest one."""
    last = max(1, -(-len(notes) // PER_PAGE))
    number = min(max(1, asked), last)
    return notes[(number - 1) * PER_PAGE : number * PER_PAGE], number, last


def addresses(report: Report, path: str) -> Callable[[Observation], str]:
    """A function that gives a note's address in the unfiltered list."""
    page_of = {seen.id: at // PER_PAGE + 1 for at, seen in enumerate(listed(report))}

    def address(seen: Observation) -> str:
        page = page_of[seen.id if seen.id in page_of else str(seen.merged_into)]
        return f"{path}{f'?page={page}' if page > 1 else ''}#n-{seen.id}"

    return address


def _flagged(seen: tuple[Observation, ...]) -> list[tuple[Callable[[int], str], list[Observation]]]:
    said: dict[str, Callable[[int], str]] = {
        "needs-place": lambda n: ngettext("%(num)s note whose place needs a look", "%(num)s notes whose place needs a look", n),
        "late": lambda n: ngettext("%(num)s note came in after the walk was closed",
                                   "%(num)s notes came in after the walk was closed", n),
        "after-close": lambda n: ngettext("%(num)s note was made after the walk was closed",
                                          "%(num)s notes were made after the walk was closed", n),
        "clock-skew": lambda n: ngettext("%(num)s note comes from a phone whose clock was ahead",
                                         "%(num)s notes come from phones whose clock was ahead", n),
        "unknown-factor": lambda n: ngettext("%(num)s note has a reason this version does not know",
                                             "%(num)s notes have reasons this version does not know", n),
    }  # fmt: skip
    return [(say, [note for note in seen if flag in note.flags]) for flag, say in said.items()]


def _marks(notes: Iterable[Observation]) -> list[tuple[str, int]]:
    return _marked(Counter(seen.valence for seen in notes))


def _marked(counted: Mapping[str | None, int]) -> list[tuple[str, int]]:
    return [(valence, counted[valence]) for valence in _MARKS if counted[valence]]


def place_name(stop: Stop | None) -> str:
    return stop.name if stop else _("Between the stops")


def stop_points(report: Report) -> list[dict[str, Any]]:
    """The stops that have a place, as the map takes them."""
    return [{"number": stop.number, "name": stop.name, "lat": stop.lat, "lon": stop.lon}
            for stop in report.stops if stop.lat is not None]  # fmt: skip
