"""The gathering at the coffee table: a walk's notes on the wall, stop by stop, and what the group says to them.

Hides how a report becomes pages for a projector, and who the group is: one participant of kind "table" for each walk, with
one voice. Promises that a wall shows no note on a sensitive subject, whoever stands before it, and no name, role or team;
that what feels safe stands as large as what does not, and first; and that what is added here goes the way of every note.
"""

import secrets
from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError
from sqlmodel import Session, col, select

from app.access.guards import reader_sees, secret_hash
from app.access.notes import COLUMNS, note_is_sensitive, out_of_sight
from app.i18n import gettext as _
from app.models import Agreement, Observation, Participant, Stop, Walk, new_id, now
from app.problems import Problem, invalid, sentence
from app.report import page, report, words
from app.sync import changes, ingest
from app.sync.protocol import ObservationIn, utc

ELSEWHERE = "other"  # in an address: what belongs to no stop
QUOTE = 220  # characters of a note on the wall; the rest unfolds
SHOWN = 2  # notes of each kind before the others are unfolded, so that many of one do not crowd out another
_ORDER = ("safe", "mixed", "unsafe", None)


@dataclass(frozen=True)
class Said:
    """One note on the wall. `quote` and `rest`: its words in two parts; `gist`: what stands for them where there are none."""

    id: str
    quote: str
    rest: str
    gist: str
    suggestion: str
    agreements: int
    agreed: bool
    by_group: bool


@dataclass(frozen=True)
class Group:
    """The notes of one valence (None: not said), those that most agree with first."""

    valence: str | None
    count: int
    said: tuple[Said, ...]

    @property
    def first(self) -> tuple[Said, ...]:
        return self.said[:SHOWN]

    @property
    def more(self) -> tuple[Said, ...]:
        return self.said[SHOWN:]


@dataclass(frozen=True)
class Leaf:
    """What one page of the wall shows. `at`: its place among `places`; `photos`: with the gist of their notes; `waiting`:
    notes of the whole walk that the coordinator reads alone."""

    places: tuple[tuple[str, str], ...]
    at: int
    prompt: str
    count: int
    groups: tuple[Group, ...]
    photos: tuple[tuple[report.Photo, str], ...]
    waiting: int


def leaf(tx: Session, walk: Walk, asked: str, base_url: str) -> Leaf:
    """The page for `asked`, a stop's number or ELSEWHERE; the first one where that is none."""
    whole = report.build(tx, walk.id, sensitive=False, base_url=base_url)
    along = page.along_the_route(whole)
    along += [] if along and along[-1].stop is None else [page.Place(None, ())]
    places = tuple((_address(place.stop), place.stop.name if place.stop else _("Other places")) for place in along)
    at = next((at for at, (address, _name) in enumerate(places) if address == asked), 0)
    here = along[at]
    group = seated(tx, walk.id)
    agreed, own = _of_the_group(tx, walk.id, group)
    return Leaf(
        places=places,
        at=at,
        prompt=here.stop.prompt if here.stop else "",
        count=len(here.notes),
        groups=tuple(_groups(here.notes, agreed, own)),
        photos=tuple((shot, words.gist(note)) for note in here.notes for shot in note.photos if shot.state == "ready"),
        waiting=_waiting(tx, walk.id),
    )


def seated(tx: Session, walk_id: str) -> Participant | None:
    """The group of a walk, if it has said anything yet."""
    return tx.exec(select(Participant).where(Participant.walk_id == walk_id, Participant.kind == "table")).first()


def seat(tx: Session, walk_id: str) -> Participant:
    """The group of a walk, made where there is none; in a transaction of its own, because the walk's row is held here and
    notes are held before it elsewhere. Raises walk-archived (410)."""
    walk = tx.get_one(Walk, walk_id, with_for_update=True)
    if walk.state == "archived":
        raise Problem("walk-archived")
    group = seated(tx, walk_id)
    if group is None:
        forgotten = secret_hash(secrets.token_urlsafe(32))
        group = Participant(id=new_id(), walk_id=walk_id, secret_hash=forgotten, role="other", kind="table")
        tx.add(group)
    return group


def agree(tx: Session, group: Participant, note_id: str, agrees: bool) -> None:
    """Give or take back the group's one voice. Raises own-observation (403), observation-unknown (404)."""
    note = tx.get(Observation, note_id)
    if note is None or not reader_sees(note, sensitive=False):
        raise Problem("observation-unknown")
    changes.agree(tx, group, note_id, agrees)


def say(tx: Session, group: Participant, note_id: str, *, stop: str, valence: str, note: str) -> None:
    """Keep what the group says at a stop; once more under the same id is a correction. Raises invalid (422)."""
    tx.get_one(Participant, group.id, with_for_update=True)
    held = tx.get(Observation, note_id, with_for_update=True)
    numbered = (
        select(Stop).where(Stop.walk_id == group.walk_id, col(Stop.number) == int(stop)) if _is_number(stop) else None
    )
    at = tx.exec(numbered).first() if numbered is not None else None
    told = {
        "walk_id": group.walk_id, "rev": held.rev if held else 1, "valence": valence or None, "note": note.strip(),
        "captured_at": held.captured_at if held else utc(now()), "stop_id": at and at.id,
    }  # fmt: skip
    try:
        sent = ObservationIn.model_validate(told)
        shown = (held.valence, held.note, held.stop_id, held.deleted) if held else ()
        if held and shown != (sent.valence, sent.note, sent.stop_id, False):
            sent = ObservationIn.model_validate({**told, "rev": held.rev + 1})
    except ValidationError as wrong:
        raise invalid(*(("note", sentence(one["type"], one.get("ctx") or {})) for one in wrong.errors())) from None
    ingest.keep(tx, group, note_id, sent)


def take_back(tx: Session, group: Participant, note_id: str) -> None:
    """Delete what the group said; a further revision. Raises observation-unknown (404)."""
    tx.get_one(Participant, group.id, with_for_update=True)
    held = tx.get(Observation, note_id, with_for_update=True)
    if held is None or held.participant_id != group.id:
        raise Problem("observation-unknown")
    if not held.deleted:
        told = {"walk_id": held.walk_id, "rev": held.rev + 1, "captured_at": held.captured_at, "deleted": True,
                "valence": held.valence, "note": held.note, "stop_id": held.stop_id}  # fmt: skip
        ingest.keep(tx, group, note_id, ObservationIn.model_validate(told))


def _is_number(stop: str) -> bool:
    return stop.isascii() and stop.isdigit() and len(stop) < 6


def _address(stop: report.Stop | None) -> str:
    return str(stop.number) if stop else ELSEWHERE


def _groups(notes: tuple[report.Observation, ...], agreed: set[str], own: set[str]) -> list[Group]:
    found = []
    felt = {note.id: note.valence for note in notes}
    for valence in _ORDER:
        having = [note for note in notes if note.valence == valence]
        # A merged note is one more voice for the one that leads it; where it feels otherwise it stands for itself.
        voices = Counter(note.merged_into for note in having if felt.get(note.merged_into or "", "") == valence)
        alone = [note for note in having if note.merged_into not in voices]
        ordered = sorted(alone, key=lambda note: (-note.agreements - voices[note.id], note.captured_utc, note.id))
        said = tuple(
            _said(note, note.id in agreed, note.id in own, voices[note.id]) for note in ordered if _has_words(note)
        )
        if having:
            found.append(Group(valence, len(having), said))
    return found


def _has_words(note: report.Observation) -> bool:
    return bool(note.note or note.suggestion or note.factors)


def _said(note: report.Observation, agreed: bool, by_group: bool, voices: int) -> Said:
    text = " ".join(note.note.split())
    cut = text if len(text) <= QUOTE else text[:QUOTE].rsplit(" ", 1)[0]
    gist = ", ".join(words.factor(key) for key in note.factors[:4])
    return Said(
        note.id, cut, text[len(cut) :].strip(), gist, note.suggestion, note.agreements + voices, agreed, by_group
    )


def _of_the_group(tx: Session, walk_id: str, group: Participant | None) -> tuple[set[str], set[str]]:
    """The ids of the notes the group agrees with, and of those that are its own."""
    if group is None:
        return set(), set()
    voices = select(Agreement.observation_id).where(
        Agreement.participant_id == group.id, col(Agreement.agrees).is_(True)
    )
    own = select(Observation.id).where(Observation.walk_id == walk_id, Observation.participant_id == group.id)
    return set(tx.exec(voices).all()), set(tx.exec(own).all())


def _waiting(tx: Session, walk_id: str) -> int:
    kept = (getattr(Observation, name) for name in COLUMNS)
    wanted = select(*kept).where(Observation.walk_id == walk_id, col(Observation.deleted).is_(False))
    rows = tx.connection().execute(wanted)
    return sum(note_is_sensitive(row, addresses=False) and not out_of_sight(row) for row in rows)
