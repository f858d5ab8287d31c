"""The review's queue: which notes wait, in which order, and which one opens next.

Hides lanes, paging and who may see what in them. Promises the same order for all reviewers, along the route and in time, so
that two who begin at different ends meet; that whoever is not cleared learns of a sensitive note only that it waits; and the
same number of queries however many notes there are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.access.guards import WalkReader
from app.access.notes import COLUMNS, Shown, note_is_sensitive, out_of_sight, shown
from app.models import Observation, Photo, Stop
from app.review.decided import WAITING, Decided, decided
from app.review.likeness import Neighbours, Spot, subjects_of

LANES = ("waiting", "sensitive", "photos", "recordings", "done")
FOR_CLEARED = {"sensitive", "recordings"}
PER_PAGE = 60  # lines of the list


@dataclass(frozen=True, slots=True)
class Line:
    """One note in the queue. `row`: its columns; `said`: as others see it; `unseen`: photos that nobody has looked at; `unheard`: recordings
    of which nobody has written down what is said."""

    row: Any
    said: Shown
    stop: Stop | None
    made: Decided
    sensitive: bool
    unseen: int
    unheard: int = 0
    lanes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return str(self.row.id)

    @property
    def place(self) -> tuple[float, float] | None:
        """(lat, lon) of the pin, else of what was measured, else of the stop."""
        point = self.said.pin or self.said.fix
        if point:
            return point["lat"], point["lon"]
        here = self.stop
        return (here.lat, here.lon) if here and here.lat is not None and here.lon is not None else None


@dataclass
class Queue:
    """`lines`: every note this reviewer may judge; `held`: sensitive ones that wait for somebody else; `lane`: the one that
    is open; `all`: how many notes the walk has."""

    lane: str
    lines: list[Line]
    held: int
    all: int
    counts: Counter[str] = field(default_factory=Counter)
    here: list[Line] = field(default_factory=list)
    _order: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = Counter(lane for line in self.lines for lane in line.lanes)
        self.here = [line for line in self.lines if self.lane in line.lanes]
        self._order = {line.id: at for at, line in enumerate(self.lines)}

    @property
    def reviewed(self) -> int:
        return self.counts["done"]

    def line(self, note_id: str) -> Line | None:
        at = self._order.get(note_id)
        return None if at is None else self.lines[at]

    def open(self, note_id: str, after: str) -> Line | None:
        """The note asked for; else the next of the lane after the one that was just decided; else the lane's first."""
        asked = self.line(note_id) if note_id else None
        here = self.here
        if asked or not here:
            return asked
        passed = self._order.get(after, -1)
        return next((line for line in here if self._order[line.id] > passed), here[0])

    def beside(self, line: Line | None) -> tuple[Line | None, Line | None]:
        """The notes of the lane before and after this one."""
        here, order = self.here, self._order
        if line is None:
            return None, None
        before = [one for one in here if order[one.id] < order[line.id]]
        after = (one for one in here if order[one.id] > order[line.id])
        return (before[-1] if before else None), next(after, None)

    def page(self, line: Line | None, asked: int) -> tuple[list[Line], int, int]:
        """(the lines of one page of the lane, its number, how many there are); `asked` 0: the one with the open note."""
        here = self.here
        last = max(1, -(-len(here) // PER_PAGE))
        if asked < 1:
            at = next((at for at, one in enumerate(here) if line and one.id == line.id), 0)
            asked = at // PER_PAGE + 1
        number = min(asked, last)
        return here[(number - 1) * PER_PAGE : number * PER_PAGE], number, last

    def like(self, wanted: Sequence[Line]) -> dict[str, list[Line]]:
        """For each of these notes, those that seem to say the same and are neither hidden nor merged with it yet."""
        around = Neighbours(_spot(line) for line in self.lines if not line.row.hidden)
        found = {}
        for line in wanted:
            like = (self.lines[self._order[one]] for one in around.like(line.id))
            found[line.id] = [one for one in like if not one.made.merged_into and one.id != line.made.merged_into]
        return found

    def led(self, note_id: str) -> list[Line]:
        """The notes merged into this one."""
        return [line for line in self.lines if line.made.merged_into == note_id]


def queue(tx: Session, reader: WalkReader, lane: str) -> Queue:
    """The walk's notes as this reviewer has them before them."""
    walk_id, made = reader.walk.id, decided(tx, reader.walk.id)
    stops = {stop.id: stop for stop in tx.exec(select(Stop).where(Stop.walk_id == walk_id)).all()}
    unseen, here = _unseen(tx, walk_id), _heard(tx, walk_id)
    note = Observation
    kept = (note.id, note.captured_utc, note.valence, note.photo_ids,
            *(getattr(note, name) for name in COLUMNS))  # fmt: skip
    rows = tx.connection().execute(select(*kept).where(note.walk_id == walk_id, col(note.deleted).is_(False))).all()
    lines, held = [], 0
    for row in rows:
        sensitive = note_is_sensitive(row)
        if sensitive and not reader.sensitive:
            held += made[row.id].state == "waiting"
            continue
        photos = sum(photo_id in unseen for photo_id in row.photo_ids)
        unheard = sum(one in here and one not in row.spoken for one in row.recording_ids)
        review, said = made.get(row.id, WAITING), shown(row)
        stop = stops.get(said.stop_id or "")
        lanes = _lanes(row, review, sensitive, photos, unheard)
        lines.append(Line(row, said, stop, review, sensitive, photos, unheard, lanes))
    lines.sort(key=_along)
    return Queue(_lane(lane, reader), lines, held, len(rows))


def places(lines: Sequence[Line]) -> dict[str, Any]:
    """Where the notes are, as GeoJSON for the map beside them."""
    features = [
        {"type": "Feature", "id": line.id,
         "geometry": {"type": "Point", "coordinates": [line.place[1], line.place[0]]},
         "properties": {"valence": line.row.valence or "none", "note": (line.said.note or line.said.suggestion)[:90]}}
        for line in lines if line.place and not out_of_sight(line.row)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def _lanes(row: Any, made: Decided, sensitive: bool, unseen: int, unheard: int) -> tuple[str, ...]:
    own = "done" if made.state != "waiting" else "sensitive" if sensitive else "waiting"
    more = [lane for lane, number in (("photos", unseen), ("recordings", unheard)) if number and not row.hidden]
    return (own, *more)


def _lane(asked: str, reader: WalkReader) -> str:
    return asked if asked in LANES and (asked not in FOR_CLEARED or reader.sensitive) else "waiting"


def _along(line: Line) -> tuple[bool, int, datetime, str]:
    return line.stop is None, line.stop.number if line.stop else 0, line.row.captured_utc, line.id


def _unseen(tx: Session, walk_id: str) -> set[str]:
    wanted = select(Photo.id).join(Observation, col(Observation.id) == col(Photo.observation_id))
    waiting = wanted.where(Observation.walk_id == walk_id, Photo.state == "ready", Photo.review == "unseen")
    return set(tx.exec(waiting).all())


def _heard(tx: Session, walk_id: str) -> set[str]:
    """The walk's recordings that can be heard."""
    wanted = select(Photo.id).join(Observation, col(Observation.id) == col(Photo.observation_id))
    kept = wanted.where(Observation.walk_id == walk_id, Photo.state == "kept", col(Photo.erased_at).is_(None))
    return set(tx.exec(kept).all())


def _spot(line: Line) -> Spot:
    lat, lon = line.place or (None, None)
    return Spot(line.id, lat, lon, line.said.stop_id, subjects_of(tuple(line.said.factors)))
