"""How many notes there are of each walk, at which stop or place and how it felt, as far as they are for the reader.

Hides that most notes are counted by the database: those that no reviewer has changed are for a cleared reader unless they
are hidden. Every other note is looked at by the guards, one by one. Promises three queries, and that a place and a stop put
right by a reviewer count in place of the walker's own. Never reads a word for a cleared reader that it does not need.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, and_, col, func, null, select, true

from app.access.across import theirs
from app.access.guards import Person, WalkReader, reader_sees
from app.access.notes import COLUMNS, shown
from app.models import Observation, Stop, Walk

NOTE = Observation


@dataclass(frozen=True, slots=True)
class Heard:
    """`number` notes of a walk that felt so: at a stop, or ("") at a place."""

    walk_id: str
    stop_id: str
    lat: float | None
    lon: float | None
    valence: str
    number: int


def heard(tx: Session, person: Person, by_id: dict[str, WalkReader]) -> list[Heard]:
    """The notes of these walks."""
    cleared = {walk_id for walk_id, reader in by_id.items() if reader.sensitive}
    counted = [one for one in (*_at_stops(tx, person), *_elsewhere(tx, person)) if one.walk_id in cleared]
    return counted + _looked_at(tx, person, by_id, cleared)


def _at_stops(tx: Session, person: Person) -> list[Heard]:
    counted = _plain(person, NOTE.walk_id, Stop.id, NOTE.valence, func.count()).where(col(Stop.id).is_not(None))
    rows = tx.connection().execute(counted.group_by(NOTE.walk_id, Stop.id, NOTE.valence)).all()
    return [
        Heard(walk_id, stop_id, None, None, valence or "none", number) for walk_id, stop_id, valence, number in rows
    ]


def _elsewhere(tx: Session, person: Person) -> list[Heard]:
    wanted = _plain(person, NOTE.walk_id, NOTE.valence, *_place()).where(col(Stop.id).is_(None))
    rows = tx.connection().execute(wanted).all()
    return [Heard(walk_id, "", lat, lon, valence or "none", 1) for walk_id, valence, lat, lon in rows]


def _place() -> list[Any]:
    """`lat` and `lon` of the walker's pin, else of what was measured: taken out by the database, that reads JSON faster."""
    return [
        func.coalesce(col(NOTE.pin)[name].as_float(), col(NOTE.fix)[name].as_float()).label(name)
        for name in ("lat", "lon")
    ]


def _plain(person: Person, *kept: Any) -> Any:
    """Of notes that are as their walkers wrote them, each with the stop of its walk that it names."""
    own_stop = and_(col(Stop.id) == col(NOTE.stop_id), col(Stop.walk_id) == col(NOTE.walk_id))
    wanted = (
        select(*kept).select_from(NOTE).join(Walk, col(Walk.id) == col(NOTE.walk_id)).join(Stop, own_stop, isouter=True)
    )
    in_sight = (col(NOTE.deleted).is_(False), col(NOTE.hidden).is_(False), col(NOTE.shown).is_(None))
    return wanted.where(theirs(person), *in_sight)


def _looked_at(tx: Session, person: Person, by_id: dict[str, WalkReader], cleared: set[str]) -> list[Heard]:
    """Notes that a reviewer has changed, and all of those walks whose reader is not cleared."""
    unread = [null().label(name) for name in ("pin", "fix")]  # _place() has them
    kept = [getattr(NOTE, name) for name in COLUMNS if name not in ("pin", "fix")]
    changed = col(NOTE.shown).is_not(None)
    which = true() if len(cleared) < len(by_id) else changed
    wanted = select(NOTE.walk_id, NOTE.valence, NOTE.deleted, *kept, *unread, *_place())
    there = wanted.join(Walk, col(Walk.id) == col(NOTE.walk_id)).where(
        theirs(person), col(NOTE.deleted).is_(False), which
    )
    rows: Any = tx.connection().execute(there).all()
    found = []
    for row in rows:
        counted = row.shown is None and row.walk_id in cleared
        if row.walk_id not in by_id or counted or not reader_sees(row, sensitive=row.walk_id in cleared):
            continue
        said = shown(row) if row.shown else None
        point = (said.pin or {"lat": None, "lon": None}) if said and said.placed else {"lat": row.lat, "lon": row.lon}
        stop_id = (said.stop_id if said else row.stop_id) or ""
        found.append(Heard(row.walk_id, stop_id, point["lat"], point["lon"], row.valence or "none", 1))
    return found
