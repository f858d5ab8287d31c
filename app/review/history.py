"""What was decided about a note and by whom, and one note whole, as a reviewer has it before them.

Hides where the parts stand. Promises that struck words are handed only to those who may read them, and that the history says
who, when and what, never what the struck words were. Reads only.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from app.access.guards import WalkReader
from app.access.notes import WORDS, redacted, shown
from app.models import Decision, Observation, Participant, Photo, Review, User
from app.review import personal

_PIECE = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the note: its characters from `start` to before `end`; `gap`: the white space before it; `kind`: why it
    looks personal, or ""."""

    text: str
    gap: str
    start: int
    end: int
    struck: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Step:
    """One decision. `who`: an address, or a name; `undone`: by whom, or ""; `after`: what it left behind."""

    id: str
    what: str
    who: str
    at: datetime
    mine: bool
    undone: str
    photo: bool
    after: dict[str, Any]


@dataclass(frozen=True)
class Whole:
    """One note. `own`: whether its words may be read as they were written; `words`: by field, to be struck; `said`: as others
    see them; `found`: by field, the spans that look personal and are not struck yet."""

    row: Observation
    version: int
    own: bool
    words: dict[str, list[Word]]
    said: dict[str, str]
    found: dict[str, list[personal.Span]]
    role: str
    team: str | None
    written_on: str
    photos: list[Photo]
    recordings: list[Photo]
    steps: list[Step]

    @property
    def redacted(self) -> bool:
        return redacted(self.row)

    @property
    def struck(self) -> dict[str, list[tuple[int, int]]]:
        """The spans that are struck now, by field."""
        here = self.row.shown if self.row.shown and self.row.shown["rev"] == self.row.rev else {}
        return {name: [(start, end) for start, end in spans] for name, spans in (here.get("struck") or {}).items()}

    @property
    def kinds(self) -> list[str]:
        """What is found in it, each kind once."""
        return list(dict.fromkeys(span.kind for name in WORDS for span in self.found.get(name, [])))

    def spans(self) -> str:
        """What is struck and what was found, as a form carries it."""
        both = [
            (name, span[0], span[1])
            for name in WORDS
            for span in (*self.struck.get(name, []), *self.found.get(name, []))
        ]
        return " ".join(f"{name}:{start}-{end}" for name, start, end in both)


def whole(tx: Session, reader: WalkReader, note_id: str) -> Whole | None:
    """The note with its history; None where it is not there or not theirs to judge."""
    row = tx.get(Observation, note_id)
    if row is None or not reader.judges(row):
        return None
    made, writer = tx.get(Review, note_id), tx.get_one(Participant, row.participant_id)
    own, said = reader.sensitive or not redacted(row), shown(row)
    ids = [*row.photo_ids, *row.recording_ids]
    kept = {one.id: one for one in tx.exec(select(Photo).where(col(Photo.id).in_(ids))).all()} if ids else {}
    photos, recordings = ([kept[one] for one in listed if one in kept] for listed in (row.photo_ids, row.recording_ids))
    note = Whole(
        row, made.version if made else 0, own, {}, {name: getattr(said, name) for name in WORDS}, {}, writer.role,
        writer.team, writer.kind, photos, recordings, steps(tx, reader, note_id),
    )  # fmt: skip
    for name in WORDS if own else ():
        text, struck = getattr(row, name), note.struck.get(name, [])
        open_ = [span for span in personal.found(text) if not _within(span.start, span.end, struck)]
        note.words[name] = _words(text, struck, open_)
        note.found[name] = open_
    return note


def steps(tx: Session, reader: WalkReader, note_id: str) -> list[Step]:
    """What was decided about a note, the newest first."""
    rows = tx.exec(select(Decision).where(Decision.observation_id == note_id).order_by(col(Decision.id).desc())).all()
    names = who(tx, {one.user_id for one in rows} | {one.undone_by for one in rows if one.undone_by})
    me = reader.person.user.id
    return [
        Step(one.id, one.what, names[one.user_id], one.at, one.user_id == me, names.get(one.undone_by or "", ""),
             one.photo_id is not None, one.after)
        for one in rows
    ]  # fmt: skip


def who(tx: Session, ids: set[str]) -> dict[str, str]:
    """What people are called: the part of their address that colleagues know them by."""
    rows = tx.exec(select(User).where(col(User.id).in_(ids))).all() if ids else []
    return {row.id: row.email.partition("@")[0] for row in rows}


def _within(start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in spans)


def _words(text: str, struck: list[tuple[int, int]], found: list[personal.Span]) -> list[Word]:
    words, at = [], 0
    for one in _PIECE.finditer(text):
        start, end = one.span()
        gone = any(start < last and first < end for first, last in struck)
        kind = next((span.kind for span in found if start < span.end and span.start < end), "")
        words.append(Word(one[0], text[at:start], start, end, gone, kind))
        at = end
    return words
