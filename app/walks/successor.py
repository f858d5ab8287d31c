"""A walk made from an earlier one: a fresh plan with its words, a walk back to what was unsafe and to what was promised, the
same route in other light.

Hides what is taken over, and how places that were noted unsafe, and measures, become stops and questions. Promises that the
earlier walk is left as it is, that the new one has no date yet, and that nothing of a note but that there was one goes
along: its words, whoever wrote it and every sensitive note stay behind, because a plan lies on each walker's phone.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, get_args

from sqlmodel import Session, col, select

from app import i18n
from app.access.notes import out_of_sight, shown
from app.earth import metres
from app.i18n import gettext as _
from app.i18n import ngettext
from app.models import Observation, Stop, Team, Walk
from app.problems import Problem, invalid
from app.taxonomy import is_sensitive
from app.walks.draft import STOP_NAME, STOP_PROMPT, TEXTS
from app.walks.revisit import Promise, promises
from app.walks.route import MOST_STOPS
from app.walks.walks import create, stops_of, teams_of

Kind = Literal["template", "return", "pair"]
KINDS = get_args(Kind)
NEAR_M = 30  # a place belongs to the stop that is no farther off
MOST_PLACES = 20  # that become stops of their own
DECIMALS = 4  # some ten metres: near enough to walk to, and nobody's measured position, which is never public
OTHERS = 60  # characters kept for naming the measures that there is no room to tell of
MOST_NUMBERS = 5
WRONG_M = 100  # a position measured worse than this is no place to walk back to
OTHER_LIGHT = {"dark": "daylight", "daylight": "dark", "dusk": "daylight", None: "dark"}
_TEXTS = [name for name in TEXTS if name != "title"] + ["language", "timezone", "organisation_id"]


@dataclass
class _Asked:
    """What is asked about at one place: unsafe `notes`, and measures that were promised there."""

    notes: int = 0
    promises: list[Promise] = field(default_factory=list)


@dataclass
class _Place(_Asked):
    """A place that is near no stop. `points`: [lon, lat] of what lies there, no farther than NEAR_M from its middle."""

    points: list[list[float]] = field(default_factory=list)

    @property
    def middle(self) -> list[float] | None:
        return [sum(values) / len(self.points) for values in zip(*self.points, strict=True)] if self.points else None

    def is_near(self, point: list[float]) -> bool:
        middle = self.middle
        return middle is not None and metres(point, middle) <= NEAR_M


def succeed(tx: Session, earlier: Walk, kind: str, title: str = "") -> Walk:
    """A planned walk made from `earlier`: "template", "return" or "pair". Raises invalid (422) for another kind,
    walk-archived (410)."""
    if kind not in KINDS:
        raise invalid(("kind", _("Say what the new walk is to be.")))
    if earlier.state == "archived":
        raise Problem("walk-archived")
    with i18n.use(earlier.language):
        old = stops_of(tx, earlier.id)
        stops = [_copy(stop) for stop in old]
        new_of = {before.id: after.id for before, after in zip(old, stops, strict=True)}
        if kind == "return":
            stops = _asked_again(tx, earlier, stops, new_of)
        given: dict[str, Any] = {name: getattr(earlier, name) for name in _TEXTS}
        given |= {"route": json.loads(json.dumps(earlier.route)), "invited": list(earlier.invited)}
        if kind != "template":
            given |= {"follows_id": earlier.id, "follows_as": kind}
        if kind == "pair":
            given["light"] = OTHER_LIGHT[earlier.light]
        walk = create(tx, title or _title(earlier, kind), planned=True, stops=stops, **given)
    for team in teams_of(tx, earlier.id):  # who does what in it is said anew each time
        order = [new_of[stop_id] for stop_id in team.stop_ids if stop_id in new_of]
        tx.add(Team(walk_id=walk.id, name=team.name, stop_ids=order))
    return walk


def _copy(stop: Stop) -> Stop:
    return Stop(walk_id="", number=stop.number, name=stop.name, prompt=stop.prompt, lat=stop.lat, lon=stop.lon)


def _title(earlier: Walk, kind: str) -> str:
    if kind == "return":
        said = _("%(title)s – again", title=earlier.title)
    elif kind == "pair" and OTHER_LIGHT[earlier.light] == "dark":
        said = _("%(title)s – after dark", title=earlier.title)
    elif kind == "pair":
        said = _("%(title)s – in daylight", title=earlier.title)
    else:
        said = earlier.title
    return said if len(said) <= TEXTS["title"] else earlier.title


def _asked_again(tx: Session, earlier: Walk, stops: list[Stop], new_of: dict[str, str]) -> list[Stop]:
    """`stops` with a question where notes were unsafe last time or something was promised, and those places that had no
    stop among them."""
    at_stop, places = defaultdict[str, _Asked](_Asked), list[_Place]()
    for note in _unsafe(tx, earlier):
        point = _where(note)
        found = _there(note.stop_id, point, stops, new_of, at_stop, places)
        if found is not None:
            found.notes += 1
    for promise in promises(tx, earlier.id):
        found = _there(promise.stop_id, promise.at, stops, new_of, at_stop, places)
        if found is None:  # nobody has said where: a stop that somebody puts in its place
            places.append(found := _Place())
        found.promises.append(promise)
    for stop in stops:
        own = _own_words(stop.prompt)
        stop.prompt = _question(at_stop[stop.id], own) if stop.id in at_stop else own
    room = min(MOST_PLACES, MOST_STOPS - len(stops))
    first = sorted(places, key=lambda place: (not place.promises, -place.notes))[: max(0, room)]
    along = [*enumerate(stops)] + [(_after(place, stops), _as_stop(place)) for place in first]
    ordered = [stop for _at, stop in sorted(along, key=lambda one: one[0])]
    taken, unnamed = {stop.name for stop in ordered}, count(1)
    for number, stop in enumerate(ordered, 1):
        stop.number = number
        if not stop.name:
            stop.name = next(name for n in unnamed if (name := _("Unsafe last time %(number)s", number=n)) not in taken)
    return ordered


def _unsafe(tx: Session, earlier: Walk) -> list[Observation]:
    """The notes about feeling unsafe that others may know of."""
    wanted = select(Observation).where(
        Observation.walk_id == earlier.id, Observation.valence == "unsafe", col(Observation.deleted).is_(False)
    )
    found = []
    for note in tx.exec(wanted.order_by(col(Observation.captured_utc), col(Observation.id))).all():
        sensitive = is_sensitive(list(shown(note).factors)) if note.sensitive is None else note.sensitive
        if not (out_of_sight(note) or sensitive):  # the words are not told, so they make no difference
            found.append(note)
    return found


def _there(
    stop_id: str | None, point: list[float] | None, stops: list[Stop], new_of: dict[str, str], at_stop: dict[str, _Asked],
    places: list[_Place],
) -> _Asked | None:  # fmt: skip
    """What is asked at the stop it names, else at the nearest one, else at a place of its own; None where it is nowhere."""
    if stop_id in new_of:
        return at_stop[new_of[stop_id]]
    if point is None:
        return None
    near = min(((metres(point, at), n) for n, stop in enumerate(stops) if (at := _at(stop))), default=None)
    if near and near[0] <= NEAR_M:
        return at_stop[stops[near[1]].id]
    place = next((one for one in places if one.is_near(point)), None)
    if place is None:
        places.append(place := _Place())
    place.points.append(point)
    return place


def _where(note: Observation) -> list[float] | None:
    """[lon, lat] of the pin, else of what was measured well enough."""
    said = shown(note)
    if said.pin:
        return [said.pin["lon"], said.pin["lat"]]
    fix = said.fix
    if fix is None or (fix.get("accuracy_m") or 0) > WRONG_M:
        return None
    return [fix["lon"], fix["lat"]]


def _at(stop: Stop) -> list[float] | None:
    return None if stop.lat is None or stop.lon is None else [stop.lon, stop.lat]


def _after(place: _Place, stops: list[Stop]) -> float:
    """Where in the order it comes: after the nearest stop; at the end where none has a place."""
    middle = place.middle
    known = [(n, at) for n, stop in enumerate(stops) if (at := _at(stop))] if middle else []
    near = min(((metres(middle, at), n) for n, at in known if middle), default=None)
    return (near[1] if near else len(stops)) + 0.5


def _as_stop(place: _Place) -> Stop:
    lon, lat = (round(value, DECIMALS) for value in place.middle) if place.middle else (None, None)
    first = next(iter(place.promises), None)
    name = (first.place or _("Measure %(number)s", number=first.number))[:STOP_NAME] if first else ""
    return Stop(walk_id="", number=0, name=name, prompt=_question(place, ""), lat=lat, lon=lon)


def _question(asked: _Asked, own: str) -> str:
    """What is asked at a stop: what there was last time, and then the stop's `own` words, as far as there is room."""
    last, better = _("Last time:"), _("Has it become better?")
    parts = [last]
    if asked.notes:
        said = ngettext("%(num)s note about feeling unsafe", "%(num)s notes about feeling unsafe", asked.notes)
        parts.append(f"{said}.")
    left_out = []
    for promise in asked.promises:
        if len(" ".join([*parts, promise.said, better])) <= STOP_PROMPT - OTHERS:
            parts.append(promise.said)
        else:
            left_out.append(str(promise.number))
    if left_out:
        others = ", ".join(left_out[:MOST_NUMBERS]) + (" …" if left_out[MOST_NUMBERS:] else "")
        said = ngettext("And measure %(numbers)s.", "And measures %(numbers)s.", len(left_out), numbers=others)
        parts.append(said.replace("….", "…"))
    return " ".join(part for part in (*parts, better, own) if part)[:STOP_PROMPT].strip()


def _own_words(prompt: str) -> str:
    """A stop's question without what an earlier walk back has put before it."""
    return prompt.partition(_("Has it become better?"))[2].strip() if prompt.startswith(_("Last time:")) else prompt
