"""Where a walk's notes were made, for the map of its live page: drawn once for all who look, until another note has come.

Hides that the answer is kept, for the few walks that were looked at last, and what of a note is read for it. Promises that it
says what was felt and said, never when, by whom or by which team, and nothing of a sensitive note to who may not read it.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.access.guards import reader_sees
from app.access.notes import COLUMNS, shown
from app.db import Database
from app.models import Observation, Stop, Walk
from app.walks.walks import stops_of

_MOST = 32  # answers that are kept; one of 5,000 notes has about 1 MB
_READ: tuple[Any, ...] = (
    Observation.valence, Observation.deleted, *(getattr(Observation, name) for name in COLUMNS),
)  # fmt: skip


@dataclass
class _Kept:
    seq: int = -1
    body: bytes = b""
    turn: threading.Lock = field(default_factory=threading.Lock)


class Places:
    """The answers for this process's readers."""

    def __init__(self, db: Database) -> None:
        self._db, self._lock = db, threading.Lock()
        self._kept: OrderedDict[tuple[str, bool], _Kept] = OrderedDict()

    def of(self, walk: Walk, *, sensitive: bool) -> tuple[int, bytes]:
        """The walk's number as of which it is, and the GeoJSON; `sensitive`: for who may read sensitive notes. Raises
        TryAgain."""
        with self._lock:
            kept = self._kept.setdefault((walk.id, sensitive), _Kept())
            self._kept.move_to_end((walk.id, sensitive))
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        with kept.turn:
            if kept.seq < walk.seq:
                with self._db.read() as tx:
                    found = _places(tx, walk.id, sensitive=sensitive)
                kept.seq, kept.body = walk.seq, json.dumps(found).encode()
            return kept.seq, kept.body


def _places(tx: Session, walk_id: str, *, sensitive: bool) -> dict[str, Any]:
    """A place is the pin, else what was measured, else the stop's; a note without any is in the list alone. Without ids and
    from south to north, because an id and the order of arrival tell the time."""
    wanted = select(*(col(name) for name in _READ)).where(col(Observation.walk_id) == walk_id)
    stops = {stop.id: stop for stop in stops_of(tx, walk_id)}
    features: list[dict[str, Any]] = []
    rows: Any = tx.connection().execute(wanted).all()
    for row in rows:
        said = shown(row)
        point = said.pin or said.fix or _place_of(stops.get(said.stop_id or ""))
        if reader_sees(row, sensitive=sensitive) and point:
            features.append({"type": "Feature",
                             "geometry": {"type": "Point", "coordinates": [point["lon"], point["lat"]]},
                             "properties": {"valence": row.valence, "note": said.note or said.suggestion}})  # fmt: skip
    features.sort(key=lambda one: (one["geometry"]["coordinates"][::-1], one["properties"]["note"]))
    return {"type": "FeatureCollection", "features": features}


def _place_of(stop: Stop | None) -> dict[str, float] | None:
    return {"lat": stop.lat, "lon": stop.lon} if stop and stop.lat is not None and stop.lon is not None else None
