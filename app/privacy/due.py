"""What of a walk is due to be erased, by the rules on keeping.

Hides what counts as released. Promises that nothing which readers find in a public report is due, unless its author has taken
it back; that what was taken out of one counts from then, so that it can be put back until its time is over; that nothing
younger than its rule is due, whenever the report was released; and that looking changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.access.notes import note_is_sensitive
from app.models import Decision, Edition, Mark, Observation, Participant, Photo, Revision, Takedown, Team, Track, Walk
from app.photos.vault import Vault
from app.privacy import erasing, keeping, replaced
from app.report.taken import taken_out


@dataclass
class Due:
    """Ids, by what they are of. `files`: whether the walk's files are to be there in the released version alone: ids of photos
    that still have an unblurred one. `filed`: whether the walk is to be filed away."""

    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    tracks: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    takedowns: list[str] = field(default_factory=list)
    unblurred: list[str] = field(default_factory=list)
    filed: bool = False

    @property
    def counts(self) -> dict[str, int]:
        told = {name: len(value) for name, value in vars(self).items() if isinstance(value, list) and value}
        return told | ({"filed": 1} if self.filed else {})


@dataclass
class _Public:
    """Ids of the notes and the photos that everybody can read in a report. `out`: of those that were there once, when their
    note was last written or decided about: the earliest moment since which they are not."""

    notes: set[str] = field(default_factory=set)
    photos: set[str] = field(default_factory=set)
    out: dict[str, datetime] = field(default_factory=dict)

    def left(self, one_id: str, here_since: datetime) -> datetime:
        """From when on a note or a photo counts as one that is in no report."""
        return max(here_since, self.out.get(one_id, here_since))


def due(tx: Session, vault: Vault, walk: Walk, days: Mapping[str, int], at: datetime) -> Due:
    """What of the walk is due at that moment."""
    when = keeping.due(walk, days, keeping.released_at(tx, walk.id))
    old = {name: at - timedelta(days=number) for name, number in days.items()}
    found = Due()
    if when["names"] <= at:
        found.names = _named(tx, walk.id)
    rows = tx.exec(
        select(Observation)
        .where(Observation.walk_id == walk.id, col(Observation.erased_at).is_(None))
        .order_by(col(Observation.id))
    ).all()
    every = tx.exec(
        select(Photo)
        .join(Observation, col(Observation.id) == col(Photo.observation_id))
        .where(Observation.walk_id == walk.id, col(Photo.erased_at).is_(None))
        .order_by(col(Photo.id))
    ).all()
    public = _public(tx, walk.id, rows, every)
    found.notes = [row.id for row in rows if _is_due(row, when, old, public, at)]
    proofs = erasing.proofs(tx, walk.id)
    mine = [one for one in every if one.id not in proofs]
    gone = replaced.left(mine, {photo_id for row in rows for photo_id in row.photo_ids})
    gone |= _taken_out(tx, rows, mine, old["deleted"])
    found.photos = [one.id for one in mine if one.id in gone]
    if when["photos"] <= at:
        found.photos = [one.id for one in mine if one.id in gone or _is_over(one, old, public)]
        found.unblurred = [one.id for one in every if one.blurs and vault.keeps_unblurred(one.id)]
    if when["tracks"] <= at:
        held = tx.exec(select(Track).where(Track.walk_id == walk.id).order_by(col(Track.id))).all()
        found.tracks = [one.id for one in held if one.parts and one.received_at <= old["tracks"]]
    if when["marks"] <= at:
        marks = select(Mark.id).where(Mark.walk_id == walk.id, col(Mark.created_at) <= old["marks"])
        found.marks = list(tx.exec(marks.order_by(col(Mark.id))).all())
    answered = select(Takedown).where(Takedown.walk_id == walk.id, col(Takedown.handled_at) <= old["takedowns"])
    found.takedowns = [one.id for one in tx.exec(answered).all() if one.text or one.contact]
    found.filed = when["notes"] <= at and walk.state in {"closed", "published"} and not _is_young(rows, old["notes"])
    return found


def some(found: Due, most: int) -> Due:
    """A part of it that one transaction can bear; the names and the filing away come whole, the latter when all else is done."""
    few: dict[str, list[str]] = {
        name: value[:most] for name, value in vars(found).items() if isinstance(value, list) and name != "names"
    }
    part = Due(names=found.names, **few)  # type: ignore[arg-type]
    part.filed = found.filed and part.counts == {name: one for name, one in found.counts.items() if name != "filed"}
    return part


def _is_due(
    row: Observation, when: Mapping[str, datetime], old: Mapping[str, datetime], public: _Public, at: datetime
) -> bool:
    if row.deleted:
        return row.received_at <= old["deleted"]
    since = public.left(row.id, row.received_at)
    return row.id not in public.notes and any(when[rule] <= at and since <= old[rule] for rule in _rules(row))


def _is_over(photo: Photo, old: Mapping[str, datetime], public: _Public) -> bool:
    if photo.id in public.photos:
        return False
    return photo.stored_at is None or public.left(photo.id, photo.stored_at) <= old["photos"]


def _taken_out(tx: Session, rows: Sequence[Observation], photos: Sequence[Photo], since: datetime) -> set[str]:
    """Photos that their walkers have taken out of their notes and not put back, at that moment or before."""
    named = {row.id: {*row.photo_ids, *row.recording_ids} for row in rows if not row.deleted}
    out = [one for one in photos if one.observation_id in named and one.id not in named[one.observation_id]]
    taken: dict[str, datetime | None] = {}  # since when its note is without it; None: the newest text so far names it
    for part in erasing.parts({one.observation_id for one in out}):
        sent = select(Revision).where(col(Revision.observation_id).in_(part)).order_by(col(Revision.rev))
        for text in tx.exec(sent).all():
            names = {one["id"] for one in (*text.content["photos"], *text.content.get("recordings", ()))}
            here = {one.id for one in out if one.observation_id == text.observation_id}
            taken |= dict.fromkeys(here & names)
            for photo_id in (here - names) & taken.keys():
                taken[photo_id] = min(taken[photo_id] or text.received_at, text.received_at)
    return {one.id for one in out if (at := taken.get(one.id)) and max(at, one.stored_at or at) <= since}


def _rules(row: Observation) -> Iterator[str]:
    """By which of the rules a note that is in no public report goes."""
    yield "notes"
    if row.hidden or note_is_sensitive(row, addresses=False):
        yield "sensitive"


def _is_young(rows: Sequence[Observation], since: datetime) -> bool:
    return any(row.received_at > since for row in rows)


def _named(tx: Session, walk_id: str) -> list[str]:
    people = select(Participant.id).where(Participant.walk_id == walk_id, col(Participant.name).is_not(None))
    teams = tx.exec(select(Team).where(Team.walk_id == walk_id)).all()
    return [*tx.exec(people).all(), *(team.id for team in teams if team.duties)]


def _public(tx: Session, walk_id: str, rows: Sequence[Observation], photos: Sequence[Photo]) -> _Public:
    """Of the editions that stand, as they are read now."""
    found, ever = _Public(), set[str]()
    for one in tx.exec(select(Edition).where(Edition.walk_id == walk_id, Edition.state == "released")).all():
        keys, taken = one.frozen["keys"], taken_out(tx, one)
        ever |= {*keys["notes"].values(), *keys["photos"].values()}
        found.notes |= {key for number, key in keys["notes"].items() if number not in taken.notes}
        found.photos |= {key for name, key in keys["photos"].items() if name not in taken.photos}
    gone = ever - found.notes - found.photos
    of = {row.id: row.id for row in rows if row.id in gone}
    of |= {one.id: one.observation_id for one in photos if one.id in gone}
    judged = {row.id: row.received_at for row in rows if row.id in of.values()}
    for part in erasing.parts(judged):
        steps = select(Decision.observation_id, Decision.at, Decision.undone_at)
        for note_id, at, undone in tx.exec(steps.where(col(Decision.observation_id).in_(part))).all():
            judged[note_id] = max(judged[note_id], at, undone or at)
    found.out = {one: judged[note_id] for one, note_id in of.items() if note_id in judged}
    return found
