"""A walk's plan as typed: its texts, its stops in order, its route, and whether all of it can be kept.

Hides times and places as people type them, and lists of places copied from elsewhere. Promises a sentence beside the field
for whatever cannot be kept; never touches the database.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from app.earth import metres, place_of
from app.i18n import gettext as _
from app.models import new_id
from app.walks.light import Place
from app.walks.route import MOST_STOPS

TEXTS = {"title": 120, "purpose": 2000, "area": 120, "meeting_point": 200, "contacts": 500, "privacy_notice": 4000}
STOP_NAME, STOP_PROMPT = 120, 500
LANGUAGES = ("da", "en")
LIGHTS = ("", "daylight", "dusk", "dark")
FARTHEST_M = 30_000  # along the stops or the route: farther is a mistyped place, and no walk
LATEST_END = time(6)  # an end before it, of a walk that begins in the evening, is on the next day
EVENING = time(17)
YEARS = range(2000, 2100)
USUAL_LENGTH = timedelta(hours=2)  # where nobody has said when it ends
USUAL_START = "19:00"  # stands in the form until somebody says otherwise
_COUNTED = re.compile(r"(?:\d{1,3}[.)]|[-*•])\s+")  # "3. " or "- " before a place in a list that was copied


@dataclass
class StopDraft:
    """One stop as typed. `place`: "57.0488, 9.9217" or nothing; `id` of a stop that is there already, else a new one."""

    name: str = ""
    prompt: str = ""
    place: str = ""
    id: str = field(default_factory=new_id)

    @property
    def point(self) -> Place | None:
        return place_of(self.place)


@dataclass
class Draft:
    """A plan as typed: `texts` by field, `stops` in order, `route` a GeoJSON LineString, `invited` roles of participants.
    `rev`: the plan it was made from. `errors`: a sentence by field, "stops.2.place" for the second stop's place; none
    after check() where it can be kept. `refused`: what was wrong before it came so far (a route's file). `places`: a list
    of places that could not become stops, to be mended where it was typed. `from_file`: the route came in a file."""

    texts: dict[str, str]
    stops: list[StopDraft]
    rev: int
    route: dict[str, Any] | None = None
    invited: list[str] = field(default_factory=list)
    places: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    from_file: bool = False

    def check(self, timezone: str) -> bool:
        """Whether it can be kept; fills `errors`."""
        self.errors = dict(self.refused)
        for name, most in TEXTS.items():
            if len(self.texts[name]) > most:
                self.errors[name] = _(
                    "At most %(most)s characters; this is %(num)s.", most=most, num=len(self.texts[name])
                )
        if not self.texts["title"].strip():
            self.errors["title"] = _("Give the walk a name.")
        self._check_times(timezone)
        self._check_stops()
        return not self.errors

    def times(self, timezone: str) -> tuple[datetime | None, datetime | None]:
        """When it begins and ends; None where no day or hour is said. Raises ValueError where it cannot be."""
        on, begins, ends = (self.texts[name].strip() for name in ("day", "begins", "ends"))
        if not (on and begins):
            return None, None
        zone = ZoneInfo(timezone)
        day = date.fromisoformat(on)
        if day.year not in YEARS:
            raise ValueError(on)
        begin = time.fromisoformat(begins)
        starts_at = datetime.combine(day, begin, zone)
        if not ends:
            return starts_at, None
        end = time.fromisoformat(ends)
        over = timedelta(days=1) if end <= LATEST_END and begin >= EVENING else timedelta()
        return starts_at, datetime.combine(day + over, end, zone)

    def place(self) -> Place | None:
        """Where the walk is: its first stop with a place, or the beginning of its route."""
        for stop in self.stops:
            if stop.point:
                return stop.point
        points = (self.route or {}).get("coordinates") or []
        return (points[0][1], points[0][0]) if points else None

    def length_m(self) -> float:
        """Along the route, or from stop to stop where there is none; metres."""
        return _length_m(points) if (points := (self.route or {}).get("coordinates")) else self._from_stop_to_stop_m()

    def straight(self) -> None:
        """Lay the route from stop to stop; `refused` where fewer than two have a place."""
        points = self._points()
        if len(points) < 2:
            self.refused["route"] = _("A route needs two stops that have a place.")
        else:
            self.route = {"type": "LineString", "coordinates": points}

    def add_listed(self, text: str) -> None:
        """The places of a list typed by hand, one in each line, become stops at the end: "Kilden", "Kilden; 57.04, 9.98".
        All of them or, with a sentence in `refused`, none."""
        found = [_listed(line) for line in text.splitlines() if line.strip()]
        if found and len(self.stops) + len(found) > MOST_STOPS:
            self.places = text
            self.refused["places"] = _(
                "That would be %(num)s stops; a walk has at most %(most)s. None of these was added.",
                num=len(self.stops) + len(found), most=MOST_STOPS,
            )  # fmt: skip
            return
        for stop in found:
            self.stops.append(stop)
            stop.name = stop.name or _("Stop %(number)s", number=len(self.stops))

    def opens(self, timezone: str) -> datetime | None:
        """When it opens by itself, on its day; None where it does not, or has been opened already. Raises ValueError
        where that is no time."""
        clock, on = self.texts.get("opens_at", "").strip(), self.texts["day"].strip()
        if not (clock and on):
            return None
        return datetime.combine(
            date.fromisoformat(on), time.fromisoformat(clock).replace(tzinfo=None), ZoneInfo(timezone)
        )

    def _points(self) -> list[list[float]]:
        return [[p[1], p[0]] for stop in self.stops if (p := stop.point)]

    def _from_stop_to_stop_m(self) -> float:
        return _length_m(self._points())

    def _check_times(self, timezone: str) -> None:
        try:
            starts_at, ends_at = self.times(timezone)
        except (ValueError, OverflowError):
            self.errors["day"] = _("Write the date and the time so: 26-11-2026, 19:00.")
            return
        on, begins, ends = (self.texts[name].strip() for name in ("day", "begins", "ends"))
        if (on or ends) and not begins:
            self.errors["begins"] = _("Say when it begins, too.")
        elif not on and (ends or begins not in ("", USUAL_START)):
            self.errors["day"] = _("Say on which day.")
        elif starts_at and ends_at and ends_at <= starts_at:
            self.errors["ends"] = _("It would end before it begins.")
        self._check_opening(timezone, starts_at, ends_at)

    def _check_opening(self, timezone: str, starts_at: datetime | None, ends_at: datetime | None) -> None:
        try:
            opens_at = self.opens(timezone)
        except ValueError:
            self.errors["opens_at"] = _("Write the time so: 18:30.")
            return
        last = ends_at or (starts_at and starts_at + USUAL_LENGTH)
        if self.texts.get("opens_at", "").strip() and not self.texts["day"].strip():
            self.errors["day"] = _("Say on which day.")
        elif opens_at and last and opens_at >= last:
            self.errors["opens_at"] = _("It would open when the walk is over.")

    def _check_stops(self) -> None:
        if len(self.stops) > MOST_STOPS:
            self.errors["stops"] = _("These are too many: at most %(most)s.", most=MOST_STOPS)
        for number, stop in enumerate(self.stops, 1):
            if not stop.name.strip():
                self.errors[f"stops.{number}.name"] = _("Give the stop a name.")
            if len(stop.name) > STOP_NAME or len(stop.prompt) > STOP_PROMPT:
                self.errors[f"stops.{number}.name"] = _(
                    "A name has at most %(name)s characters, a question %(prompt)s.", name=STOP_NAME, prompt=STOP_PROMPT
                )
            if stop.place.strip() and stop.point is None:
                self.errors[f"stops.{number}.place"] = _("Write a place so: 57.0488, 9.9217 – or leave it empty.")
        longest = max(self.length_m(), self._from_stop_to_stop_m())
        if not self.errors and longest > FARTHEST_M:
            self.errors["stops"] = _(
                "The way would be %(num)s km long. One of the places is mistyped.", num=round(longest / 1000)
            )


def _length_m(points: list[list[float]]) -> float:
    return sum(metres(a, b) for a, b in pairwise(points))


def _listed(line: str) -> StopDraft:
    """One line of a list: a name, a place, or both with a semicolon (or a spreadsheet's tab) between them."""
    line = line.strip()
    counted = _COUNTED.match(line)
    line = line[counted.end() if counted else 0 :].replace("\t", ";")
    alone = StopDraft(place=line)
    if alone.point:
        return alone
    name, _semicolon, place = line.partition(";")
    return StopDraft(name.strip(), place=place.strip())
