"""A walk's plan as its organisers write it: read from a form, checked field by field, kept without overwriting anybody.

Hides times and places as people type them, the order of stops, and what two people at one plan mean. Promises that what was
typed is never lost: what cannot be kept comes back with a sentence beside its field; a plan that somebody else has changed
meanwhile is told and not overwritten; a stop that notes name is not taken away. Every change reaches the phones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from app.db import next_seq
from app.earth import metres
from app.i18n import gettext as _
from app.models import Observation, Stop, Walk, new_id
from app.problems import Problem
from app.walks.light import Place, light_at
from app.walks.route import MOST_STOPS
from app.walks.walks import stops_of

TEXTS = {"title": 120, "purpose": 2000, "area": 120, "meeting_point": 200, "contacts": 500, "privacy_notice": 4000}
STOP_NAME, STOP_PROMPT = 120, 500
LANGUAGES = ("da", "en")
LIGHTS = ("", "daylight", "dusk", "dark")
FARTHEST_M = 30_000  # along the stops or the route: farther is a mistyped place, and no walk
LATEST_END = time(6)  # an end before it, of a walk that begins in the evening, is on the next day
EVENING = time(17)
YEARS = range(2000, 2100)
USUAL_START = "19:00"  # stands in the form until somebody says otherwise
_PLACE = re.compile(r"(-?\d{1,2}(?:[.]\d+)?)\s*°?\s*[,; ]\s*(-?\d{1,3}(?:[.]\d+)?)\s*°?")


class PlanChanged(Exception):
    """Somebody else has changed the plan meanwhile; nothing was kept."""


@dataclass
class StopDraft:
    """One stop as typed. `place`: "57.0488, 9.9217" or nothing; `id` of a stop that is there already, else a new one."""

    name: str = ""
    prompt: str = ""
    place: str = ""
    id: str = field(default_factory=new_id)

    @property
    def point(self) -> Place | None:
        found = _PLACE.fullmatch(self.place.strip())
        if found is None:
            return None
        lat, lon = float(found[1]), float(found[2])
        return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


@dataclass
class Draft:
    """A plan as typed: `texts` by field, `stops` in order, `route` a GeoJSON LineString. `rev`: the plan it was made from.
    `errors`: a sentence by field, "stops.2.place" for the second stop's place; none after check() where it can be kept.
    `refused`: what was wrong before it came so far (a route's file)."""

    texts: dict[str, str]
    stops: list[StopDraft]
    rev: int
    route: dict[str, Any] | None = None
    refused: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

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
        points = (self.route or {}).get("coordinates") or [[p[1], p[0]] for stop in self.stops if (p := stop.point)]
        return sum(metres(a, b) for a, b in pairwise(points))

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
        if not self.errors and self.length_m() > FARTHEST_M:
            self.errors["stops"] = _(
                "The way would be %(num)s km long. One of the places is mistyped.", num=round(self.length_m() / 1000)
            )


def drafted(tx: Session, walk: Walk) -> Draft:
    """The plan as it is kept."""
    zone = ZoneInfo(walk.timezone)
    begins, ends = (moment and moment.astimezone(zone) for moment in (walk.starts_at, walk.ends_at))
    texts = {name: str(getattr(walk, name)) for name in (*TEXTS, "language")} | {
        "light": walk.light or "",
        "day": f"{begins:%Y-%m-%d}" if begins else "",
        "begins": f"{begins:%H:%M}" if begins else USUAL_START,
        "ends": f"{ends:%H:%M}" if ends else "",
    }
    stops = [StopDraft(stop.name, stop.prompt, written(stop), stop.id) for stop in stops_of(tx, walk.id)]
    draft = Draft(texts, stops, walk.plan_rev, walk.route)
    if walk.light == _light(draft, walk.timezone):
        texts["light"] = ""  # as the sun says, and so it stays when the walk is moved to another hour
    return draft


def typed(form: Mapping[str, Any], lists: Mapping[str, list[str]], now: Draft) -> Draft:
    """The plan as it stands in a form; `lists`: the stops' fields by name. What the form lacks stays as in `now`."""
    known = {stop.id for stop in now.stops}
    columns = [lists.get(f"stop_{name}", []) for name in ("name", "prompt", "place", "id")]
    stops = [
        StopDraft(name, prompt, place, stop_id if stop_id in known else new_id())
        for name, prompt, place, stop_id in zip(*columns, strict=False)
    ]
    texts = {name: str(form.get(name, value)).replace("\r\n", "\n") for name, value in now.texts.items()}
    texts["language"] = texts["language"] if texts["language"] in LANGUAGES else now.texts["language"]
    texts["light"] = texts["light"] if texts["light"] in LIGHTS else ""
    rev = str(form.get("rev", ""))
    return Draft(texts, stops, int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else -1, now.route)


def rearranged(stops: list[StopDraft], what: str) -> list[StopDraft]:
    """`stops` after "add", "up:2", "down:2" or "remove:2"; unchanged where that says nothing."""
    deed, _colon, number = what.partition(":")
    at = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 5 else -1
    moved = list(stops)
    if deed == "add" and len(moved) < MOST_STOPS:
        moved.append(StopDraft(name=_("Stop %(number)s", number=len(moved) + 1)))
    elif deed == "remove" and 0 <= at < len(moved):
        del moved[at]
    elif deed in ("up", "down"):
        other = at + (1 if deed == "down" else -1)
        if min(at, other) >= 0 and max(at, other) < len(moved):
            moved[at], moved[other] = moved[other], moved[at]
    return moved


def save(tx: Session, walk_id: str, draft: Draft) -> Walk:
    """Keep a checked draft. The walk as it then is; `draft.errors` where a stop could not go. Raises PlanChanged,
    walk-archived (410)."""
    walk = tx.get_one(Walk, walk_id, with_for_update=True)
    if walk.plan_rev != draft.rev:
        raise PlanChanged
    if walk.state == "archived":
        raise Problem("walk-archived")
    before = (walk.model_dump(), [stop.model_dump() for stop in stops_of(tx, walk.id)])
    if not _keep_stops(tx, walk, draft):
        return walk
    walk.starts_at, walk.ends_at = draft.times(walk.timezone)
    for name in (*TEXTS, "language"):
        setattr(walk, name, draft.texts[name].strip())
    walk.route = draft.route
    walk.light = draft.texts["light"] or _light(draft, walk.timezone)
    tx.flush()
    after = ({**before[0], **walk.model_dump()}, [stop.model_dump() for stop in stops_of(tx, walk.id)])
    if after != before:
        walk.plan_rev += 1
        walk.seq = walk.changed_seq = next_seq(tx, walk.id)
    return walk


def _light(draft: Draft, timezone: str) -> str | None:
    starts_at, place = draft.times(timezone)[0], draft.place()
    return light_at(starts_at, place, timezone) if starts_at and place else None


def _keep_stops(tx: Session, walk: Walk, draft: Draft) -> bool:
    """Whether the stops are now as drafted; not, with an error, where a stop would go that notes name."""
    there = {stop.id: stop for stop in stops_of(tx, walk.id)}
    going = [stop for stop_id, stop in there.items() if stop_id not in {stop.id for stop in draft.stops}]
    named = select(Observation.stop_id, func.count()).where(
        Observation.walk_id == walk.id, col(Observation.stop_id).in_([stop.id for stop in going])
    )
    for stop_id, notes in tx.exec(named.group_by(col(Observation.stop_id))).all():
        stop = there[str(stop_id)]
        draft.errors["stops"] = _(
            "%(name)s stays: %(num)s notes belong to it. Move it or rename it instead.", name=stop.name, num=notes
        )
    if "stops" in draft.errors:
        return False
    for stop in going:
        tx.delete(stop)
    for number, stop in enumerate(there.values(), 1):
        stop.number = -number  # out of the way: no two stops of a walk have one number, not even for a moment
    tx.flush()
    for number, wanted in enumerate(draft.stops, 1):
        stop = there.get(wanted.id) or Stop(id=wanted.id, walk_id=walk.id, number=number, name="")
        point = wanted.point
        stop.number, stop.name, stop.prompt = number, wanted.name.strip(), wanted.prompt.strip()
        stop.lat, stop.lon = point or (None, None)
        tx.add(stop)
    tx.flush()
    return True


def written(stop: Stop) -> str:
    """A stop's place as people type it; nothing where it has none."""
    return "" if stop.lat is None or stop.lon is None else f"{stop.lat:.6g}, {stop.lon:.6g}"
