"""A walk made from an earlier one: a fresh plan with its words, a walk back to what was unsafe, the same route in other light.

Hides what is taken over, and how places that were noted unsafe become stops and questions. Promises that the earlier walk
is left as it is, that the new one has no date yet, and that nothing of a note but that there was one goes along: its
words, whoever wrote it and every sensitive note stay behind, because a plan lies on each walker's phone.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
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
from app.walks.draft import STOP_PROMPT, TEXTS
from app.walks.route import MOST_STOPS
from app.walks.walks import create, stops_of, teams_of

Kind = Literal["template", "return", "pair"]
KINDS = get_args(Kind)
NEAR_M = 30  # a place belongs to the stop that is no farther off
MOST_PLACES = 20  # that become stops of their own
WRONG_M = 100  # a position measured worse than this is no place to walk back to
OTHER_LIGHT = {"dark": "daylight", "daylight": "dark", "dusk": "daylight", None: "dark"}
_TEXTS = [name for name in TEXTS if name != "title"] + ["language", "timezone", "organisation_id"]


@dataclass
class _Place:
    """Places of unsafe notes that are no farther than NEAR_M from each other's middle, and from no stop."""

    points: list[list[float]] = field(default_factory=list)

    @property
    def middle(self) -> list[float]:
        return [sum(values) / len(self.points) for values in zip(*self.points, strict=True)]


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
    """`stops` with a question where notes were unsafe last time, and those places that had no stop among them."""
    at_stop, places = _unsafe(tx, earlier, stops, new_of)
    for stop in stops:
        if at_stop[stop.id]:
            was = "" if stop.prompt.startswith(_("Last time:")) else stop.prompt
            stop.prompt = f"{_question(at_stop[stop.id])} {was}".strip()[:STOP_PROMPT]
    room = min(MOST_PLACES, MOST_STOPS - len(stops))
    often = sorted(places, key=lambda place: -len(place.points))[: max(0, room)]
    along = [*enumerate(stops)] + [(_after(place, stops), _as_stop(place)) for place in often]
    ordered = [stop for _at, stop in sorted(along, key=lambda one: one[0])]
    found = 0
    for number, stop in enumerate(ordered, 1):
        stop.number = number
        if not stop.name:
            found += 1
            stop.name = _("Unsafe last time %(number)s", number=found)
    return ordered


def _unsafe(tx: Session, earlier: Walk, stops: list[Stop], new_of: dict[str, str]) -> tuple[Counter[str], list[_Place]]:
    """How many unsafe notes each stop had, by the new stop's id; and the places of those that had none."""
    wanted = select(Observation).where(
        Observation.walk_id == earlier.id, Observation.valence == "unsafe", col(Observation.deleted).is_(False)
    )
    at_stop, places = Counter[str](), list[_Place]()
    for note in tx.exec(wanted.order_by(col(Observation.captured_utc), col(Observation.id))).all():
        said = shown(note)
        sensitive = is_sensitive(list(said.factors)) if note.sensitive is None else note.sensitive
        if out_of_sight(note) or sensitive:  # the words are not told, so they make no difference
            continue
        if note.stop_id in new_of:
            at_stop[new_of[note.stop_id]] += 1
            continue
        point = _where(note)
        if point is None:
            continue
        near = min(
            ((metres(point, at), stop) for stop in stops if (at := _at(stop))), default=None, key=lambda one: one[0]
        )
        if near and near[0] <= NEAR_M:
            at_stop[near[1].id] += 1
        else:
            place = next((one for one in places if metres(point, one.middle) <= NEAR_M), None)
            if place is None:
                places.append(place := _Place())
            place.points.append(point)
    return at_stop, places


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
    near = min(((metres(place.middle, at), n) for n, stop in enumerate(stops) if (at := _at(stop))), default=None)
    return (near[1] if near else len(stops)) + 0.5


def _as_stop(place: _Place) -> Stop:
    lon, lat = place.middle
    return Stop(walk_id="", number=0, name="", prompt=_question(len(place.points)), lat=lat, lon=lon)


def _question(notes: int) -> str:
    last = ngettext("%(num)s note about feeling unsafe", "%(num)s notes about feeling unsafe", notes)
    return " ".join((_("Last time:"), f"{last}.", _("Has it become better?")))
