"""The teams of a large group: read from a form, put in order, kept without overwriting anybody.

Hides how an order of stops is said (from the third stop on, backwards, one up, one down). Promises that every change
reaches the phones as a change of the walk, that teams which somebody else has changed are told and not overwritten, and
that nobody is ever moved: walkers choose their team themselves.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from app import i18n
from app.db import next_seq
from app.i18n import gettext as _
from app.models import Participant, Stop, Team, Walk, new_id
from app.problems import Problem
from app.sync.protocol import LIMITS
from app.walks.walks import stops_of, teams_of

MOST = 12
NAME = LIMITS["name"]  # of a team, and of who does something in it
DUTIES = ("leader", "notes", "photos", "time")


class TeamsChanged(Exception):
    """Somebody else has changed the teams meanwhile; nothing was kept."""


@dataclass
class TeamDraft:
    """A team as typed. `order`: all stops' ids as it goes; `error`: a sentence where it cannot be kept."""

    name: str
    order: list[str]
    duties: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    error: str = ""


def drafted(tx: Session, walk: Walk) -> list[TeamDraft]:
    """The teams as they are kept, each with every stop."""
    stops = stops_of(tx, walk.id)
    return [TeamDraft(one.name, whole(one.stop_ids, stops), dict(one.duties), one.id) for one in teams_of(tx, walk.id)]


def whole(order: list[str], stops: list[Stop]) -> list[str]:
    """An order with each stop once: those it leaves out come last, as on the phone, and those that are gone fall out."""
    known = {stop.id: None for stop in stops}
    named = {stop_id: None for stop_id in order if stop_id in known}
    return list(named | known)


def version(teams: list[TeamDraft]) -> str:
    """What tells one state of the teams from another."""
    told = json.dumps([[team.id, team.name, team.order, sorted(team.duties.items())] for team in teams])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def chosen(tx: Session, walk_id: str) -> Counter[str]:
    """How many walkers have chosen each team, by name."""
    counted = select(Participant.team, func.count()).where(
        Participant.walk_id == walk_id, col(Participant.team).is_not(None)
    )
    return Counter({str(name): number for name, number in tx.exec(counted.group_by(col(Participant.team))).all()})


def rearranged(teams: list[TeamDraft], what: str, walk: Walk, stops: list[Stop]) -> list[TeamDraft]:
    """`teams` after "add", "split:3", "remove:2", "start:2:3" (from the third of its stops on), "back:2", "up:2:3" or
    "down:2:3"; unchanged where that says nothing."""
    deed, *parts = what.split(":")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 5]
    changed = list(teams)
    if deed == "add" and len(changed) < MOST:
        changed.append(TeamDraft(_free_name(changed, walk), [stop.id for stop in stops]))
    elif deed == "split" and numbers and not changed:
        for number in range(min(max(numbers[0], 2), MOST)):
            start = round(number * len(stops) / numbers[0])
            changed.append(TeamDraft(_free_name(changed, walk), _from([stop.id for stop in stops], start)))
    elif numbers and 1 <= numbers[0] <= len(changed):
        if deed == "remove":
            del changed[numbers[0] - 1]
        else:
            team = changed[numbers[0] - 1]
            team.order = _reordered(team.order, deed, numbers[1] - 1 if len(numbers) > 1 else 0)
    return changed


def _reordered(order: list[str], deed: str, at: int) -> list[str]:
    moved = list(order)
    if deed == "back":
        moved.reverse()
    elif deed == "start" and 0 <= at < len(moved):
        moved = _from(moved, at)
    elif deed in ("up", "down"):
        other = at + (1 if deed == "down" else -1)
        if min(at, other) >= 0 and max(at, other) < len(moved):
            moved[at], moved[other] = moved[other], moved[at]
    return moved


def _from(order: list[str], at: int) -> list[str]:
    return order[at:] + order[:at]


def _free_name(teams: list[TeamDraft], walk: Walk) -> str:
    taken = {team.name.casefold() for team in teams}
    with i18n.use(walk.language):
        names = [_("Team %(letter)s", letter=letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    return next(name for name in names if name.casefold() not in taken)


def check(teams: list[TeamDraft]) -> bool:
    """Whether they can be kept; fills `error`."""
    seen: set[str] = set()
    for team in teams:
        team.error = ""
        if not team.name:
            team.error = _("Give the team a name.")
        elif team.name.casefold() in seen:
            team.error = _("Another team has this name.")
        elif max(len(text) for text in (team.name, *team.duties.values())) > NAME:
            team.error = _("Names have at most %(most)s characters.", most=NAME)
        seen.add(team.name.casefold())
    return not any(team.error for team in teams)


def save(tx: Session, walk_id: str, teams: list[TeamDraft], seen: str) -> None:
    """Keep checked drafts. `seen`: the version they were made from. Raises TeamsChanged, walk-archived (410)."""
    walk = tx.get_one(Walk, walk_id, with_for_update=True)
    before = drafted(tx, walk)
    if version(before) != seen:
        raise TeamsChanged
    if walk.state == "archived":
        raise Problem("walk-archived")
    stops = stops_of(tx, walk.id)
    as_the_walk = [stop.id for stop in stops]
    for row in teams_of(tx, walk.id):
        tx.delete(row)
    tx.flush()  # out of the way: two teams may have changed their names for one another
    for team in teams[:MOST]:
        order = whole(team.order, stops)
        duties = {what: who for what, who in team.duties.items() if who}
        row = Team(id=team.id, walk_id=walk.id, name=team.name, duties=duties)
        row.stop_ids = [] if order == as_the_walk else order
        tx.add(row)
    tx.flush()
    if version(drafted(tx, walk)) != seen:
        walk.seq = walk.changed_seq = next_seq(tx, walk.id)
