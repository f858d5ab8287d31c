"""The life of a walk: made, opened, closed, opened again; and the walk as a phone carries it.

Hides codes and how people write them, and what a change of state means for phones: each is a change of the walk with a
number of its own. Never decides who may do it: that is access.guards.
"""

import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from app.db import next_seq
from app.i18n import mark
from app.models import Edition, Observation, Stop, Team, Walk, now
from app.privacy import trail
from app.problems import Problem
from app.settings import Settings
from app.sync.protocol import BASE, LIMITS, utc
from app.taxonomy import for_phones
from app.walks.notice import privacy_notice

# Crockford's base32: no I, L, O and U, so that a code can be read aloud. 8 characters are 40 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
ROLES = {
    "resident": mark("Resident"),
    "council": mark("Local council of associations"),
    "municipality": mark("Municipality"),
    "police": mark("Police"),
    "rescue": mark("Fire and rescue"),
    "housing": mark("Housing association"),
    "business": mark("Business"),
    "association": mark("Association"),
    "school": mark("School"),
    "other": mark("Other"),
}
_MISREAD = str.maketrans("OIL", "011")


def create(tx: Session, title: str, *, planned: bool = False, stops: list[Stop] | None = None, **given: Any) -> Walk:
    """A new walk, open unless `planned`. `given`: further columns of Walk; `stops`: numbered, their walk_id unset."""
    walk = Walk(title=title, code=given.pop("code", None) or _free_code(tx), **given)
    walk.state = "planned" if planned else "open"
    walk.privacy_notice = walk.privacy_notice or privacy_notice(walk.language)
    tx.add(walk)
    tx.flush()
    for stop in stops or []:
        stop.walk_id = walk.id
        tx.add(stop)
    return walk


def open_walk(tx: Session, walk: Walk, who: str = "server") -> None:
    """Open a planned walk, or a closed one again. A second opening changes nothing. `who`: as the access log calls them.
    Raises walk-archived (410)."""
    if walk.state == "archived":
        raise Problem("walk-archived")
    if walk.state != "open":
        trail.record(tx, who, "walk-opened" if walk.state == "planned" else "walk-reopened", walk=walk)
        _change(tx, walk, "open", None)


def pause(tx: Session, walk: Walk, paused: bool) -> None:
    """Have a break on an open walk, or go on. Phones show it, and what they send is taken in all the same."""
    if walk.state == "open" and paused != (walk.paused_at is not None):
        walk.paused_at = now() if paused else None
        _told(tx, walk)


def share(tx: Session, walk: Walk, sharing: bool) -> None:
    """Whether walkers see each other's notes from now on. That changes every note for them, so each gets a number in the
    walk's changes, after the walk's own: phones that follow are told to forget what they have read, or get it again."""
    if walk.sharing == sharing:
        return
    moved = _hold_with_notes(tx, walk)
    walk.sharing = sharing
    _told(tx, walk)
    renumber = text(
        "UPDATE observation SET seq = :after + moved.place FROM (SELECT id, row_number() OVER (ORDER BY seq) AS place"
        " FROM observation WHERE walk_id = :walk) AS moved WHERE observation.id = moved.id"
    )
    tx.execute(renumber, {"after": walk.seq, "walk": walk.id})
    walk.seq += moved
    tx.flush()


def _hold_with_notes(tx: Session, walk: Walk) -> int:
    """Hold the walk's row and every note of it, and tell how many those are. Notes come before the walk's row, as
    everywhere. One that came in between, and is being changed this very moment, waits for the row that is held here: then
    everything is let go (a savepoint that is rolled back gives its locks back), and taken anew."""
    of_walk = select(Observation.id).where(Observation.walk_id == walk.id)
    while True:
        with tx.begin_nested() as attempt:
            tx.exec(of_walk.order_by(col(Observation.id)).with_for_update()).all()
            tx.get_one(Walk, walk.id, with_for_update=True)
            notes = len(tx.exec(of_walk).all())  # no further one can come in from here on
            if len(tx.exec(of_walk.with_for_update(skip_locked=True)).all()) == notes:
                return notes
            attempt.rollback()


def ask_for_tracks(tx: Session, walk: Walk, tracks: bool) -> None:
    """Whether teams may record where they go from now on. What has come stays until whoever recorded it deletes it."""
    if walk.tracks != tracks:
        walk.tracks = tracks
        _told(tx, walk)


def close(tx: Session, walk: Walk, who: str = "server") -> None:
    """Close it: nobody new joins, late phones still deliver. A second closing changes nothing. `who`: as in the access log."""
    if walk.state not in {"closed", "published", "archived"}:
        trail.record(tx, who, "walk-closed", walk=walk)
        _change(tx, walk, "closed", now())


def file_away(tx: Session, walk: Walk) -> None:
    """It takes nothing in any longer, and its phones are told so; what is public of it stays."""
    if walk.state != "archived":
        walk.state, walk.paused_at, walk.marks_open, walk.tracks = "archived", None, False, False
        _told(tx, walk)


def find_by_code(tx: Session, written: str) -> Walk | None:
    """The walk of a code as people write it: case, spaces and hyphens do not matter; O is 0, I and L are 1."""
    return tx.exec(select(Walk).where(Walk.code == normalised(written))).first()


def normalised(written: str) -> str:
    """A code as it is kept; something that no walk has where it cannot be a code."""
    code = re.sub(r"[\s\-\u2010-\u2015]", "", written).upper().translate(_MISREAD)
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else ""


def shown(code: str) -> str:
    """A code as people read it: K7QF-2MXD."""
    return f"{code[:4]}-{code[4:]}"


def join_url(walk: Walk, settings: Settings) -> str:
    """The link a walker joins by."""
    return f"{settings.base_url}/app/?walk={walk.code}"


def stops_of(tx: Session, walk_id: str) -> list[Stop]:
    """The stops in the order of the walk."""
    return list(tx.exec(select(Stop).where(Stop.walk_id == walk_id).order_by(col(Stop.number))).all())


def teams_of(tx: Session, walk_id: str) -> list[Team]:
    """The teams of a large group, by name; none where everybody walks together."""
    return list(tx.exec(select(Team).where(Team.walk_id == walk_id).order_by(col(Team.name))).all())


def for_phone(tx: Session, walk: Walk, settings: Settings) -> dict[str, Any]:
    """The contract's Walk, as JSON."""
    return {
        "id": walk.id,
        "title": walk.title,
        "purpose": walk.purpose,
        "state": walk.state,
        "starts_at": walk.starts_at and utc(walk.starts_at),
        "ends_at": walk.ends_at and utc(walk.ends_at),
        "timezone": walk.timezone,
        "light": walk.light,
        "meeting_point": walk.meeting_point,
        "route": walk.route,
        "stops": [stop.model_dump(exclude={"walk_id"}) for stop in stops_of(tx, walk.id)],
        "teams": [team.model_dump(exclude={"walk_id"}) for team in teams_of(tx, walk.id)],
        "paused": walk.paused_at is not None,
        "sharing": walk.sharing,
        "tracks": walk.tracks,
        "taxonomy": for_phones(),
        "privacy_notice": walk.privacy_notice,
        "contacts": walk.contacts,
        "report_url": _report_url(tx, walk, settings),
        "basemap": _own_map(walk, settings),
        "limits": {"note": LIMITS["note"], "photos": LIMITS["photos"], "photo_bytes": settings.photo_bytes},
        "seq": walk.seq,
    }


def _report_url(tx: Session, walk: Walk, settings: Settings) -> str | None:
    """Where everybody reads what came of it; None while no edition of the report is released."""
    if walk.slug is None:
        return None
    released = select(Edition.id).where(Edition.walk_id == walk.id, Edition.state == "released")
    return f"{settings.base_url}/r/{walk.slug}" if tx.exec(released.limit(1)).first() else None


def _own_map(walk: Walk, settings: Settings) -> dict[str, Any] | None:
    """Where a phone finds the walk's own map, and how it knows that it has all of it; None where it has none (yet)."""
    if not walk.map_sha256:
        return None
    return {
        "url": f"{settings.base_url}{BASE}/maps/{walk.map_sha256}.pmtiles",
        "sha256": walk.map_sha256,
        "bytes": walk.map_bytes,
        "credit": settings.basemap_credit,
    }


def _change(tx: Session, walk: Walk, state: str, closed_at: datetime | None) -> None:
    walk.state, walk.closed_at, walk.paused_at = state, closed_at, None
    _told(tx, walk)


def _told(tx: Session, walk: Walk) -> None:
    """The walk has changed, and its phones will hear of it."""
    tx.flush()
    walk.seq = walk.changed_seq = next_seq(tx, walk.id)


def _free_code(tx: Session) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if find_by_code(tx, code) is None:
            return code
