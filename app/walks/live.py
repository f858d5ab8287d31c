"""What whoever leads a walk sees of it while it goes on: which phones take part, and what has arrived from them.

Hides how it is counted. Promises that it never says where anybody is, that notes on sensitive subjects are counted only
for who may read them, and that what a phone still holds is what the phone itself said, when it was last heard. A name is
there only where the walker gave one.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from app.access.guards import reader_sees
from app.access.notes import shown
from app.models import Observation, Participant, Photo, Stop, Walk, now
from app.walks.walks import stops_of

NEWEST = 5
SILENT = timedelta(minutes=10)  # a phone that shows the app is heard about once a minute
SOON = timedelta(minutes=2)  # so one that was heard this recently will be heard again in a moment
OVER = {"closed", "published", "archived"}


@dataclass(frozen=True)
class PhoneSeen:
    """One phone. `number`: in the order of joining; `waiting_*`: as it said itself, None where it never did;
    `notes`: how many have arrived; `missing`: the walk is over, and there may be more on it."""

    number: int
    name: str | None
    role: str
    team: str | None
    heard_at: datetime
    notes: int
    waiting_notes: int | None
    waiting_photos: int | None
    silent: bool
    missing: bool

    @property
    def holds(self) -> bool:
        """Whether it said that there is something on it that has not been sent."""
        return bool(self.waiting_notes or self.waiting_photos)


@dataclass(frozen=True)
class StopSeen:
    """A stop, or None for notes that name none, with its notes by valence (safe mixed unsafe, none where not said)."""

    stop: Stop | None
    notes: Counter[str]


@dataclass(frozen=True)
class Arrival:
    received_at: datetime
    valence: str | None
    stop: Stop | None


@dataclass(frozen=True)
class Live:
    """A walk at one moment. `photos`: (arrived, on their way); `phones`: those to wait for first."""

    walk: Walk
    at: datetime
    phones: tuple[PhoneSeen, ...]
    roles: tuple[tuple[str, int], ...]
    teams: tuple[tuple[str | None, int], ...]
    notes: Counter[str]
    photos: tuple[int, int]
    stops: tuple[StopSeen, ...]
    newest: tuple[Arrival, ...]

    @property
    def missing(self) -> tuple[PhoneSeen, ...]:
        """Whom to ask before everybody goes home."""
        return tuple(phone for phone in self.phones if phone.missing)

    @property
    def settling(self) -> bool:
        """Whether the walk was closed a moment ago, and not every phone can have been heard since."""
        closed = self.walk.closed_at
        return closed is not None and any(phone.heard_at < closed and not phone.missing for phone in self.phones)


def signature(tx: Session, walk_id: str) -> tuple[Any, ...]:
    """What differs as soon as anything in the walk's Live differs, cheaply; each minute too, as it says how long ago."""
    of_walk = select(Walk.seq, Walk.plan_rev, Walk.state).where(Walk.id == walk_id)
    phones = select(func.count(), func.max(Participant.heard_at)).where(Participant.walk_id == walk_id)
    return (*tx.exec(of_walk).one(), *tx.exec(phones).one(), now().replace(second=0, microsecond=0))


def look(tx: Session, walk: Walk, *, sensitive: bool) -> Live:
    """The walk as it is now; `sensitive`: for somebody who may read the notes on sensitive subjects too."""
    walk, at = tx.get_one(Walk, walk.id), now()
    rows = tx.exec(select(Observation).where(Observation.walk_id == walk.id)).all()
    seen = [row for row in rows if reader_sees(row, sensitive=sensitive)]
    stops = {stop.id: stop for stop in stops_of(tx, walk.id)}
    phones = _phones(tx, walk, at, Counter(row.participant_id for row in seen))
    roles, teams = Counter(phone.role for phone in phones), Counter(phone.team for phone in phones)
    latest = sorted(seen, key=lambda row: row.first_received_at, reverse=True)[:NEWEST]
    return Live(
        walk=walk,
        at=at,
        phones=tuple(sorted(phones, key=_whom_to_wait_for)),
        roles=tuple(roles.most_common()),
        teams=tuple(sorted(teams.items(), key=lambda team: (team[0] is None, team[0]))) if set(teams) != {None} else (),
        notes=Counter(row.valence or "none" for row in seen),
        photos=_photos(tx, seen),
        stops=_by_stop(seen, stops),
        newest=tuple(
            Arrival(row.first_received_at, row.valence, stops.get(shown(row).stop_id or "")) for row in latest
        ),
    )


def _phones(tx: Session, walk: Walk, at: datetime, notes: Counter[str]) -> list[PhoneSeen]:
    wanted = select(Participant).where(Participant.walk_id == walk.id, Participant.kind == "phone")
    rows = tx.exec(wanted.order_by(col(Participant.joined_at), col(Participant.id))).all()
    found = []
    for number, row in enumerate(rows, 1):
        holds = bool(row.waiting_notes or row.waiting_photos)
        unheard = walk.closed_at is not None and row.heard_at < walk.closed_at and at - row.heard_at > SOON
        seen = PhoneSeen(
            number=number,
            name=row.name,
            role=row.role,
            team=row.team,
            heard_at=row.heard_at,
            notes=notes[row.id],
            waiting_notes=row.waiting_notes,
            waiting_photos=row.waiting_photos,
            silent=at - row.heard_at > SILENT,
            missing=walk.state in OVER and (holds or unheard),
        )
        found.append(seen)
    return found


def _whom_to_wait_for(phone: PhoneSeen) -> tuple[bool, bool, bool, int]:
    return (not phone.missing, not phone.holds, not phone.silent, phone.number)


def _photos(tx: Session, seen: list[Observation]) -> tuple[int, int]:
    ids = [photo_id for row in seen for photo_id in row.photo_ids]
    coming = select(func.count()).where(col(Photo.id).in_(ids), Photo.state == "expected")
    expected = tx.exec(coming).one() if ids else 0
    return len(ids) - expected, expected


def _by_stop(seen: list[Observation], stops: dict[str, Stop]) -> tuple[StopSeen, ...]:
    counted: dict[str, Counter[str]] = {stop_id: Counter() for stop_id in [*stops, ""]}
    for row in seen:
        at = shown(row).stop_id or ""
        counted[at if at in stops else ""][row.valence or "none"] += 1
    return tuple(
        StopSeen(stops.get(stop_id), notes) for stop_id, notes in counted.items() if stop_id or notes.total()
    )  # fmt: skip
