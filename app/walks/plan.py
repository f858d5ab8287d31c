"""A walk's plan as its organisers write it: read from a form, checked field by field, kept without overwriting anybody.

Hides times and places as people type them, the order of stops, and what two people at one plan mean. Promises that what was
typed is never lost: what cannot be kept comes back with a sentence beside its field; a plan that somebody else has changed
meanwhile is told and not overwritten; a stop that notes name is not taken away. Every change reaches the phones.
"""

from collections.abc import Mapping
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, or_, select

from app.db import next_seq
from app.i18n import gettext as _
from app.models import Measure, Observation, Stop, Walk, new_id
from app.problems import Problem
from app.sync.protocol import Role
from app.walks.draft import LANGUAGES, LIGHTS, TEXTS, USUAL_START, Draft, StopDraft
from app.walks.light import light_at
from app.walks.route import MOST_STOPS, line
from app.walks.walks import stops_of

ROLES = get_args(Role)  # of participants


class PlanChanged(Exception):
    """Somebody else has changed the plan meanwhile; nothing was kept."""


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
    if walk.state == "planned":
        texts["opens_at"] = f"{walk.opens_at.astimezone(zone):%H:%M}" if walk.opens_at else ""
    stops = [StopDraft(stop.name, stop.prompt, written(stop), stop.id) for stop in stops_of(tx, walk.id)]
    draft = Draft(texts, stops, walk.plan_rev, walk.route, list(walk.invited))
    if walk.light == _light(draft, walk.timezone):
        texts["light"] = ""  # as the sun says, and so it stays when the walk is moved to another hour
    return draft


def typed(form: Mapping[str, Any], lists: Mapping[str, list[str]], now: Draft) -> Draft:
    """The plan as it stands in a form; `lists`: the fields that come several times, by name. What the form lacks stays as
    in `now`."""
    known = {stop.id for stop in now.stops}
    columns = [lists.get(f"stop_{name}", []) for name in ("name", "prompt", "place", "id")]
    stops = []
    for name, prompt, place, stop_id in zip(*columns, strict=False):
        stops.append(StopDraft(name, prompt, place, stop_id if stop_id in known else new_id()))
        known.discard(stop_id)  # no two stops are one
    texts = {name: str(form.get(name, value)).replace("\r\n", "\n") for name, value in now.texts.items()}
    texts["language"] = texts["language"] if texts["language"] in LANGUAGES else now.texts["language"]
    texts["light"] = texts["light"] if texts["light"] in LIGHTS else ""
    rev = str(form.get("rev", ""))
    draft = Draft(texts, stops, int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 10 else -1, now.route)
    # A box that is not ticked is not sent: only who asked may read that as nobody.
    asked = "invited_asked" in form
    draft.invited = [role for role in ROLES if role in lists.get("invited", [])] if asked else now.invited
    if "route_line" in form:
        _take_line(draft, str(form["route_line"]), now.route)
    return draft


def _take_line(draft: Draft, written: str, kept: dict[str, Any] | None) -> None:
    """The route as it was drawn; what is kept stays where it is no route, with a sentence."""
    try:
        draft.route = line(written)
    except Problem as wrong:
        draft.route = kept
        draft.refused["route"] = str(wrong.body()["detail"])


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
    walk.route, walk.invited = draft.route, draft.invited
    if walk.state == "planned":
        walk.opens_at = draft.opens(walk.timezone)
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
    """Whether the stops are now as drafted; not, with an error, where a stop would go that notes or measures belong to."""
    there = {stop.id: stop for stop in stops_of(tx, walk.id)}
    going = [stop for stop_id, stop in there.items() if stop_id not in {stop.id for stop in draft.stops}]
    for stop in going:
        # As its walker said, or as a reviewer put it.
        here = or_(Observation.stop_id == stop.id, col(Observation.shown)["stop_id"].as_string() == stop.id)
        notes = tx.exec(select(func.count()).where(Observation.walk_id == walk.id, here)).one()
        told = tx.exec(select(func.count()).where(Measure.walk_id == walk.id, Measure.stop_id == stop.id)).one()
        if notes:
            draft.errors["stops"] = _(
                "%(name)s stays: %(num)s notes belong to it. Move it or rename it instead.", name=stop.name, num=notes
            )
        elif told:
            draft.errors["stops"] = _(
                "%(name)s stays: %(num)s measures belong to it. Move it or rename it instead.", name=stop.name, num=told
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
    """A stop's place as people type it, to a tenth of a metre; nothing where it has none."""
    if stop.lat is None or stop.lon is None:
        return ""
    return ", ".join(f"{degrees:.6f}".rstrip("0").rstrip(".") for degrees in (stop.lat, stop.lon))
