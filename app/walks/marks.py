"""Marks that residents put on the map before a walk, without an account: here it is safe, here it is not.

Hides how a place is typed, who may take a mark back, and which stop a mark is near. Promises that a mark sent twice is
there once; that words are for those who plan the walk alone; that no mark ever becomes one of the walk's notes, nor
part of a report. A walk takes marks while it is planned or open and somebody has switched them on.
"""

import hmac
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from app.access.guards import count_try, not_guessing, secret_hash
from app.db import Database, next_seq
from app.earth import metres, place_of
from app.i18n import gettext as _
from app.models import Mark, Stop, Walk
from app.problems import Problem, invalid
from app.settings import Settings
from app.sync.ingest import insert_once
from app.sync.protocol import utc
from app.walks.route import MOST_STOPS
from app.walks.walks import find_by_code, stops_of

MOST = 2000  # marks of one walk
NOTE = 500  # characters
FARTHEST_M = 30_000  # from the route or a stop: farther is a mistyped place
AT_STOP_M = 100  # so near, a mark is at the stop
VALENCES = ("safe", "unsafe")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{20,128}")


@dataclass
class Typed:
    """A mark as it stands in the form. `place`: "57.0488, 9.9217", before `stop`, a stop's id. `errors`: by field."""

    id: str = ""
    secret: str = ""
    valence: str = ""
    place: str = ""
    stop: str = ""
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """A mark with the stop it is nearest to, if the walk has a stop with a place."""

    mark: Mark
    stop: Stop | None = None
    metres: float = 0

    @property
    def at_stop(self) -> bool:
        return self.stop is not None and self.metres <= AT_STOP_M


def marks_url(walk: Walk, settings: Settings) -> str:
    """The link that residents are given."""
    return f"{settings.base_url}/marks/{walk.code}"


def walk_behind(db: Database, written: str, address: str, *, limited: bool, taking_back: bool = False) -> Walk:
    """The walk that takes marks behind this code; one's own may be taken back until the walk is emptied.

    Raises walk-not-found (404), the same for a code that nobody has, a closed walk and one whose marks are switched off;
    too-many-attempts (429). A wrong code counts as a wrong one at joining does; `limited`: whether the count matters."""
    with db.read() as tx:
        if limited:
            not_guessing(tx, "join", address)
        walk = find_by_code(tx, written)
    if walk and (walk.state != "archived" if taking_back else walk.marks_open and walk.state in {"planned", "open"}):
        return walk
    with db.write() as tx:
        count_try(tx, "join", address)
    sentence = _("No walk takes marks behind this link. Perhaps the code is mistyped, or it is over.")
    raise Problem("walk-not-found", sentence)


def check(tx: Session, walk: Walk, typed: Typed) -> tuple[float, float]:
    """(lat, lon) of a mark as typed. Fills `typed.errors` and raises invalid (422) where it cannot be kept."""
    stops = stops_of(tx, walk.id)
    written = typed.place.strip()
    place = place_of(written) if written else _of_stop(stops, typed.stop)
    typed.errors = {}
    if typed.valence not in VALENCES:
        typed.errors["valence"] = _("Say whether it feels safe or unsafe.")
    if place is None and written:
        typed.errors["place"] = _("Write a place so: 57.0488, 9.9217.")
    elif place is None:
        typed.errors["place"] = _("Say where: tap the map, choose a stop, or write a place.")
    elif far_off(walk, stops, place):
        typed.errors["place"] = _("This is more than 30 km from the walk. Choose a place nearer to it.")
    if len(typed.note) > NOTE:
        typed.errors["note"] = _("At most %(most)s characters; this is %(num)s.", most=NOTE, num=len(typed.note))
    if not (_ID.fullmatch(typed.id) and _SECRET.fullmatch(typed.secret)):
        typed.errors["id"] = _("This has the wrong form.")
    if typed.errors or place is None:
        raise invalid(*typed.errors.items())
    return place


def keep(tx: Session, walk: Walk, typed: Typed, place: tuple[float, float]) -> bool:
    """Whether the mark is new; with the same id and secret the newest words hold. Raises invalid (422) where the walk
    is full, not-yours (403)."""
    row = Mark(
        id=typed.id, walk_id=walk.id, secret_hash=secret_hash(typed.secret), valence=typed.valence, lat=place[0],
        lon=place[1], note=typed.note.strip(),
    )  # fmt: skip
    held = tx.get(Mark, typed.id)
    if held is None:
        if tx.exec(select(func.count()).where(Mark.walk_id == walk.id)).one() >= MOST:
            raise invalid(("place", _("This walk has got all the marks it can hold: %(most)s.", most=MOST)))
        if insert_once(tx, row):
            return True
        held = tx.get_one(Mark, typed.id)
    if held.walk_id != walk.id or not hmac.compare_digest(held.secret_hash, row.secret_hash):
        raise Problem("not-yours")
    held.valence, held.lat, held.lon, held.note = row.valence, row.lat, row.lon, row.note
    return False


def take_back(tx: Session, walk: Walk, mark_id: str, secret: str) -> None:
    """Delete a mark for good, for whoever put it there. Nothing where it is gone already. Raises not-yours (403)."""
    mark = own(tx, walk, mark_id, secret)
    if mark is not None:
        tx.delete(mark)


def own(tx: Session, walk: Walk, mark_id: str, secret: str) -> Mark | None:
    """A mark, for whoever put it there; None where there is none (any more). Raises not-yours (403)."""
    mark = tx.get(Mark, mark_id)
    if mark is None or mark.walk_id != walk.id:
        return None
    if not hmac.compare_digest(mark.secret_hash, secret_hash(secret)):
        raise Problem("not-yours")
    return mark


def told(mark: Mark) -> dict[str, Any]:
    """Everything that is held of a mark, as JSON has it, for whoever put it there."""
    kept = ("id", "walk_id", "valence", "lat", "lon", "note", "hidden")
    return {name: getattr(mark, name) for name in kept} | {"created_at": utc(mark.created_at)}


def of_walk(tx: Session, walk_id: str, *, hidden: bool = False) -> list[Mark]:
    """The walk's marks, newest first; `hidden`: those too that an organiser has taken out of sight."""
    wanted = select(Mark).where(Mark.walk_id == walk_id).order_by(col(Mark.created_at).desc(), col(Mark.id).desc())
    return list(tx.exec(wanted if hidden else wanted.where(col(Mark.hidden).is_(False))).all())


def of_id(tx: Session, walk_id: str, mark_id: str) -> Mark:
    """A mark of this walk. Raises not-found (404)."""
    mark = tx.get(Mark, mark_id.lower())
    if mark is None or mark.walk_id != walk_id:
        raise Problem("not-found")
    return mark


def placed(marks: list[Mark], stops: list[Stop]) -> list[Placed]:
    """Each mark with its nearest stop."""
    known = [stop for stop in stops if stop.lat is not None]
    found = []
    for mark in marks:
        near = min(((_metres(mark, stop), stop.number, stop) for stop in known), default=None)
        found.append(Placed(mark, near[2], near[0]) if near else Placed(mark))
    return found


def by_stop(marks: list[Placed]) -> list[tuple[Stop | None, Counter[str]]]:
    """(stop, how many of each valence), the stops in order; None: away from all of them."""
    stops: dict[float, Stop | None] = {}
    counted: dict[float, Counter[str]] = {}
    for one in marks:
        stop = one.stop if one.at_stop else None
        number = stop.number if stop else math.inf
        stops[number] = stop
        counted.setdefault(number, Counter())[one.mark.valence] += 1
    return [(stops[number], counted[number]) for number in sorted(counted)]


def on_map(marks: list[Mark], *, words: bool) -> dict[str, Any]:
    """RFC 7946, as the map element reads it; `words`: for those who plan the walk."""
    features = [
        {"type": "Feature", "id": mark.id, "geometry": {"type": "Point", "coordinates": [mark.lon, mark.lat]},
         "properties": {"valence": mark.valence, "note": mark.note if words else "", "suggestion": ""}}
        for mark in marks
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def make_stop(tx: Session, walk_id: str, mark: Mark) -> Stop:
    """A stop where the mark is, the walk's last. A change of the plan. Raises invalid (422) where there are too many,
    walk-archived (410)."""
    walk = tx.get_one(Walk, walk_id, with_for_update=True)
    if walk.state == "archived":
        raise Problem("walk-archived")
    stops = stops_of(tx, walk.id)
    if len(stops) >= MOST_STOPS:
        raise invalid(("stops", _("These are too many: at most %(most)s.", most=MOST_STOPS)))
    number = (stops[-1].number if stops else 0) + 1
    stop = Stop(walk_id=walk.id, number=number, name=_("Stop %(number)s", number=number), lat=mark.lat, lon=mark.lon)
    tx.add(stop)
    walk.plan_rev += 1
    tx.flush()
    walk.seq = walk.changed_seq = next_seq(tx, walk.id)
    return stop


def far_off(walk: Walk, stops: list[Stop], place: tuple[float, float]) -> bool:
    """Whether a place is FARTHEST_M from everything the walk has on the map; never where it has nothing there yet."""
    points: list[list[float]] = [
        [stop.lon, stop.lat] for stop in stops if stop.lat is not None and stop.lon is not None
    ]
    points += (walk.route or {}).get("coordinates") or []
    return bool(points) and all(metres([place[1], place[0]], point) > FARTHEST_M for point in points)


def _of_stop(stops: list[Stop], stop_id: str) -> tuple[float, float] | None:
    found = next((stop for stop in stops if stop.id == stop_id), None)
    return (found.lat, found.lon) if found and found.lat is not None and found.lon is not None else None


def _metres(mark: Mark, stop: Stop) -> float:
    return metres([mark.lon, mark.lat], [stop.lon or 0.0, stop.lat or 0.0])
