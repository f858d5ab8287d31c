"""What a partner reads: the measures that are routed to them, each with its place, the released words and photos of its
notes, and how many voices there are.

Hides whose notes they are. Promises no name, role or team of anybody who walked, nothing that waits for review, is hidden or
sensitive (access.answering decides note by note), and the same number of queries however many measures there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from app.access import notes
from app.access.answering import partner_reads, partner_sees_photo
from app.measures import measures, quoting
from app.measures.measures import Told, today_of
from app.models import Agreement, Ground, Measure, Observation, Photo, Review, Walk, now

SHOWS = ("waiting", "going", "done", "all")
Rests = tuple[str, Observation, Review]  # a measure's id, and a note that it rests on
_STATUSES = {"waiting": {"proposed"}, "going": {"accepted", "doing", "other_owner"}, "done": {"done"}}


@dataclass(frozen=True)
class Heard:
    """What was said in a note, without who said it. `photos`: ids."""

    valence: str | None
    text: str
    suggestion: str
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """A measure as its partner reads it. `voices`: how many people see it so, over all its notes that they may read."""

    told: Told
    walk: Walk
    heard: tuple[Heard, ...]
    voices: int
    today: date

    @property
    def photos(self) -> tuple[str, ...]:
        return tuple(photo for one in self.heard for photo in one.photos)


def routed(tx: Session, partner_ids: Sequence[str]) -> list[Item]:
    """What is routed to these partners: what is open and due first, then what is closed, the newest first."""
    wanted = select(Measure).where(col(Measure.partner_id).in_(partner_ids), col(Measure.removed_at).is_(None))
    rows = tx.exec(wanted.order_by(col(Measure.id))).all() if partner_ids else []
    told = quoting.outside(tx, measures.told(tx, rows))
    walk_ids = sorted({one.walk_id for one in told})
    walks = {walk.id: walk for walk in tx.exec(select(Walk).where(col(Walk.id).in_(walk_ids))).all()}
    readable = _readable(tx, partner_ids)
    heard, voices = _heard(tx, partner_ids, readable), _voices(tx, readable)
    items = [
        Item(one, walks[one.walk_id], heard.get(one.id, ()), voices.get(one.id, 0), today_of(walks[one.walk_id], now()))
        for one in told
        if walks[one.walk_id].state != "archived"
    ]
    return sorted(items, key=_first)


def shown(items: Sequence[Item], show: str) -> list[Item]:
    return [one for one in items if show == "all" or one.told.status in _STATUSES[show]]


def counts(items: Sequence[Item]) -> dict[str, int]:
    return {show: len(shown(items, show)) for show in SHOWS}


def sees_photo(tx: Session, partner_ids: Sequence[str], photo_id: str) -> bool:
    """Whether one of their measures rests on a note whose photo this is, and it is for them."""
    photo = tx.get(Photo, photo_id)
    if photo is None:
        return False
    rests = (
        select(Ground.measure_id)
        .join(Measure, col(Measure.id) == col(Ground.measure_id))
        .join(Walk, col(Walk.id) == col(Measure.walk_id))
        .where(
            Walk.state != "archived",
            Ground.observation_id == photo.observation_id,
            col(Measure.partner_id).in_(partner_ids),
            col(Measure.removed_at).is_(None),
        )
    )
    if tx.exec(rests.limit(1)).first() is None:
        return False
    note = tx.get_one(Observation, photo.observation_id)
    return partner_sees_photo(note, tx.get(Review, note.id), photo)


def _first(item: Item) -> tuple[bool, bool, date, int]:
    told = item.told
    due = told.deadline or date.max
    return (not told.is_open, told.deadline is None, due, told.number)


def _readable(tx: Session, partner_ids: Sequence[str]) -> list[Rests]:
    """Of the notes that each measure rests on those that partners may read."""
    rows = tx.exec(
        select(Ground.measure_id, Observation, Review)
        .join(Measure, col(Measure.id) == col(Ground.measure_id))
        .join(Observation, col(Observation.id) == col(Ground.observation_id))
        .join(Review, col(Review.observation_id) == col(Observation.id))
        .where(col(Measure.partner_id).in_(partner_ids), col(Measure.removed_at).is_(None))
        .order_by(col(Observation.captured_utc), col(Observation.id))
    ).all()
    return [(measure_id, note, review) for measure_id, note, review in rows if partner_reads(note, review)]


def _heard(tx: Session, partner_ids: Sequence[str], readable: Sequence[Rests]) -> dict[str, tuple[Heard, ...]]:
    """What is said in each measure's notes."""
    photos = _photos(tx, partner_ids)
    found: dict[str, tuple[Heard, ...]] = {}
    for measure_id, note, review in readable:
        words = notes.shown(note)
        mine = [photos[one] for one in note.photo_ids if one in photos]
        heard = Heard(
            note.valence, words.note, words.suggestion,
            tuple(one.id for one in mine if partner_sees_photo(note, review, one)),
        )  # fmt: skip
        found[measure_id] = (*found.get(measure_id, ()), heard)
    return found


def _photos(tx: Session, partner_ids: Sequence[str]) -> dict[str, Photo]:
    wanted = (
        select(Photo)
        .join(Ground, col(Ground.observation_id) == col(Photo.observation_id))
        .join(Measure, col(Measure.id) == col(Ground.measure_id))
        .where(col(Measure.partner_id).in_(partner_ids))
    )
    return {photo.id: photo for photo in tx.exec(wanted).all()}


def _voices(tx: Session, readable: Sequence[Rests]) -> dict[str, int]:
    """Everybody who wrote one of each measure's notes, or sees one of them so too; each person once."""
    people: dict[str, set[str]] = {}
    of_note: dict[str, list[str]] = {}
    for measure_id, note, _review in readable:
        people.setdefault(measure_id, set()).add(note.participant_id)
        of_note.setdefault(note.id, []).append(measure_id)
    ids = sorted(of_note)
    for at in range(0, len(ids), 500):
        some = col(Agreement.observation_id).in_(ids[at : at + 500]), col(Agreement.agrees).is_(True)
        for note_id, participant_id in tx.exec(
            select(Agreement.observation_id, Agreement.participant_id).where(*some)
        ).all():
            for measure_id in of_note[note_id]:
                people[measure_id].add(participant_id)
    return {measure_id: len(found) for measure_id, found in people.items()}
