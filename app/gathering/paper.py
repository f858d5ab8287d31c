"""What was written on paper, typed in after the walk: note by note, sheet by sheet.

Hides how words on a form become an observation like a phone's: the same rules, receipts and flags, with a stop in place of
a position. Each sheet is a participant of its own, of kind "paper", whose secret nobody holds: one person filled it in, so
people and voices are counted as they were. Promises that a slip saved twice is one note, that a correction is a further
revision, and that what two people do at once overwrites nothing silently. Never touches a note that came from a phone.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlmodel import Session, col, select

from app.access.guards import WalkReader, secret_hash
from app.access.notes import redacted
from app.i18n import gettext as _
from app.i18n import language
from app.models import Observation, Participant, Revision, Stop, Walk, new_id, now
from app.problems import Problem, sentence
from app.sync import ingest
from app.sync.protocol import LIMITS, ObservationIn, Role, Uuid, clean, utc
from app.taxonomy import factors as known_factors
from app.taxonomy import label

ROLES = get_args(Role)
VALENCES = ("unsafe", "safe", "mixed")
_UUID = Uuid.__metadata__[0].pattern  # type: ignore[attr-defined]


class Changed(Exception):
    """Somebody else has changed the note meanwhile, or it was saved with other words; nothing was kept. `held`: as it is."""

    def __init__(self, held: Observation) -> None:
        super().__init__(held.id)
        self.held = held


@dataclass
class Slip:
    """One note as typed. `sheet`: the participant's id; `rev`: the revision it becomes; `why`: a reason not chosen yet;
    `errors`: a sentence by field, filled by sent()."""

    id: str = field(default_factory=new_id)
    sheet: str = field(default_factory=new_id)
    rev: int = 1
    role: str = "resident"
    team: str = ""
    stop: str = ""
    valence: str = ""
    feeling: str = ""
    why: str = ""
    factors: list[str] = field(default_factory=list)
    note: str = ""
    suggestion: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def sent(self, walk: Walk, stops: list[Stop], captured_at: str) -> ObservationIn | None:
        """The note as a phone would send it; None, with `errors`, where it cannot be."""
        self._choose_reasons()
        stop = next((one for one in stops if str(one.number) == self.stop), None)
        if self.stop and stop is None:
            self.errors["stop"] = _("There is no stop %(number)s on this walk.", number=self.stop[:10])
        if len(self.team) > LIMITS["name"]:
            self.errors["team"] = sentence("string_too_long", {"max_length": LIMITS["name"]})
        told = {
            "walk_id": walk.id, "rev": self.rev, "captured_at": captured_at, "valence": self.valence or None,
            "feeling": int(self.feeling) if self.feeling in ("0", "1", "2", "3") else None, "factors": self.factors,
            "note": self.note, "suggestion": self.suggestion, "stop_id": stop and stop.id,
        }  # fmt: skip
        try:
            made = ObservationIn.model_validate(told)
        except ValidationError as wrong:
            for error in wrong.errors():
                place = str(error["loc"][0]) if error["loc"] else "note"
                self.errors.setdefault(place, sentence(error["type"], error.get("ctx") or {}))
            return None
        return None if self.errors else made

    def _choose_reasons(self) -> None:
        """Take the reasons that are still only typed among the chosen ones; "; " parts several."""
        self.errors = {}
        left = []
        for word in filter(None, (part.strip() for part in self.why.split(";"))):
            found = reasons_like(word)
            if len(found) == 1:
                self.factors.append(found[0])
                continue
            left.append(word)
            near = ", ".join(label(key, language()) for key in found[:4])
            self.errors["why"] = (
                _("“%(word)s” can mean several things: %(near)s.", word=word[:40], near=near)
                if found
                else _("There is no reason called “%(word)s”. Choose one from the list.", word=word[:40])
            )
        self.why, self.factors = "; ".join(left), list(dict.fromkeys(self.factors))


def reasons_like(word: str) -> list[str]:
    """The factors that `word` names: the one of this name, else all whose name begins so."""
    names = {key: label(key, language()).lower() for key in known_factors()}
    exact = [key for key, name in names.items() if name == word.lower()]
    return exact or [key for key, name in names.items() if name.startswith(word.lower())]


def typed(form: Mapping[str, Any], factors: list[str]) -> Slip:
    """The slip as it stands in a form. Raises invalid (422) where its hidden fields are not ours."""
    said = {name: clean(str(value)).replace("\r\n", "\n") for name, value in form.items()}
    numbered = said.get("rev", "1")
    rev = int(numbered) if numbered.isascii() and numbered.isdigit() and len(numbered) < 10 else 1
    slip = Slip(rev=max(1, rev), factors=[key for key in factors if key in known_factors()])
    for name in ("team", "stop", "valence", "feeling", "why", "note", "suggestion"):
        setattr(slip, name, said.get(name, "").strip())
    slip.id, slip.sheet = own_id(said.get("id", "")), own_id(said.get("sheet", ""))
    slip.role = said["role"] if said.get("role") in ROLES else "resident"
    slip.valence = slip.valence if slip.valence in VALENCES else ""
    return slip


def own_id(written: str) -> str:
    """An id as our forms carry it. Raises invalid (422)."""
    if not re.fullmatch(_UUID, written):
        raise Problem("invalid", _("This page is not whole. Load it again; what you wrote is kept."))
    return written.lower()


def next_after(tx: Session, walk: Walk, note_id: str, *, same_sheet: bool) -> Slip:
    """An empty slip that goes on after a note: its stop and its writer's role stay, and the sheet unless it is a new one."""
    row = tx.get(Observation, note_id)
    writer = _writer(tx, walk, row)
    if row is None or writer is None:
        return Slip()
    stop = tx.get(Stop, row.stop_id) if row.stop_id else None
    slip = Slip(role=writer.role, team=writer.team or "", stop=str(stop.number) if stop else "")
    slip.sheet = writer.id if same_sheet else slip.sheet
    return slip


def to_correct(tx: Session, reader: WalkReader, note_id: str) -> Slip:
    """A note that was typed in, to be corrected. Raises not-found (404): also where it is not theirs to read."""
    row = tx.get(Observation, note_id)
    writer = _writer(tx, reader.walk, row)
    if row is None or writer is None or not reads(reader, row):
        raise Problem("not-found")
    stop = tx.get(Stop, row.stop_id) if row.stop_id else None
    return Slip(
        row.id, writer.id, row.rev + 1, writer.role, writer.team or "", str(stop.number) if stop else "",
        row.valence or "", "" if row.feeling is None else str(row.feeling), "", list(row.factors), row.note, row.suggestion,
    )  # fmt: skip


def keep(tx: Session, reader: WalkReader, stops: list[Stop], slip: Slip) -> bool:
    """Keep a slip; False, with `slip.errors`, where it cannot be. Raises Changed, not-yours (403), walk-archived (410)."""
    walk = reader.walk
    if slip.sent(walk, stops, utc(now())) is None:
        return False
    ingest.insert_once(tx, Participant(
        id=slip.sheet, walk_id=walk.id, secret_hash=secret_hash(secrets.token_urlsafe(32)), role=slip.role,
        language=walk.language, kind="paper",
    ))  # fmt: skip
    writer = tx.get_one(Participant, slip.sheet, with_for_update=True)
    if writer.kind != "paper" or writer.walk_id != walk.id:
        raise Problem("not-yours")
    held = tx.get(Observation, slip.id, with_for_update=True)
    slip.rev = slip.rev if held else 1
    sent = slip.sent(walk, stops, held.captured_at if held else _captured_at(walk, writer))
    if sent is None:
        return False
    if held and held.participant_id == writer.id:
        _not_over_others(tx, reader, held, sent)
    writer.role, writer.team = slip.role, slip.team or None
    ingest.keep(tx, writer, slip.id, sent)
    return True


def _not_over_others(tx: Session, reader: WalkReader, held: Observation, sent: ObservationIn) -> None:
    """Raises Changed where `sent` was not made from the note as it is; not-allowed (403) where it is not theirs to read."""
    same = tx.get(Revision, (held.id, sent.rev))
    if same and same.digest == sent.digest:
        return
    if not held.deleted and not reads(reader, held):
        raise Problem("not-allowed", _("The note is on a sensitive subject. Only a coordinator can correct it now."))
    if sent.rev != held.rev + 1:
        raise Changed(held)


def set_deleted(tx: Session, reader: WalkReader, note_id: str, rev: int, deleted: bool) -> None:
    """Delete a note that was typed in, or bring it back: a further revision. Done already: nothing changes.

    Raises Changed where it is not at `rev` any more, not-found (404), walk-archived (410)."""
    row = tx.get(Observation, note_id)
    writer = _writer(tx, reader.walk, row)
    if row is None or writer is None or not (row.deleted or reads(reader, row)):
        raise Problem("not-found")
    tx.get_one(Participant, writer.id, with_for_update=True)
    held = tx.get_one(Observation, note_id, with_for_update=True, populate_existing=True)
    if held.erased_at:
        raise ingest.erased()
    if held.deleted == deleted:
        return
    if held.rev != rev:
        raise Changed(held)
    content = tx.get_one(Revision, (held.id, held.rev)).content
    sent = ObservationIn.model_validate({**content, "rev": held.rev + 1, "deleted": deleted})
    ingest.keep(tx, writer, note_id, sent)


@dataclass(frozen=True)
class Row:
    """A note that was typed in, for the list: `sheet` and `stop` as numbers."""

    note: Observation
    sheet: int
    role: str
    stop: int | None


@dataclass(frozen=True)
class Typed:
    """What was typed in so far. `rows`: the newest first, those the reader may read; `unseen`: how many others there are;
    `sheets`: their ids in order."""

    rows: list[Row]
    unseen: int
    sheets: list[str]

    def sheet_number(self, sheet: str) -> int:
        """The number of a sheet; the next one where it is new."""
        return self.sheets.index(sheet) + 1 if sheet in self.sheets else len(self.sheets) + 1

    def on_sheet(self, sheet: str) -> int:
        number = self.sheet_number(sheet)
        return sum(row.sheet == number for row in self.rows)


def typed_in(tx: Session, reader: WalkReader, stops: list[Stop]) -> Typed:
    of_walk = select(Participant).where(Participant.walk_id == reader.walk.id, Participant.kind == "paper")
    writers = {row.id: row for row in tx.exec(of_walk.order_by(col(Participant.joined_at), col(Participant.id))).all()}
    notes = tx.exec(
        select(Observation)
        .join(Participant, col(Participant.id) == col(Observation.participant_id))
        .where(Observation.walk_id == reader.walk.id, Participant.kind == "paper", col(Observation.deleted).is_(False))
        .order_by(col(Observation.first_received_at).desc(), col(Observation.id).desc())
    ).all()
    numbers = {stop.id: stop.number for stop in stops}
    sheets = list(writers)
    rows = [
        Row(
            note,
            sheets.index(note.participant_id) + 1,
            writers[note.participant_id].role,
            numbers.get(note.stop_id or ""),
        )
        for note in notes
        if reads(reader, note)
    ]
    return Typed(rows, len(notes) - len(rows), sheets)


def reads(reader: WalkReader, note: Observation) -> bool:
    """Whether the note as it was written is for them: what was struck out of it is for the cleared."""
    return reader.sees(note) and (reader.sensitive or not redacted(note))


def _writer(tx: Session, walk: Walk, row: Observation | None) -> Participant | None:
    """Whoever wrote a note on paper on this walk; None for any other note."""
    writer = tx.get(Participant, row.participant_id) if row and row.walk_id == walk.id else None
    return writer if writer and writer.kind == "paper" else None


def _captured_at(walk: Walk, writer: Participant) -> str:
    """When it was written, as well as we know: at the walk's beginning; else when the sheet came to us, or the walk closed."""
    latest = min(filter(None, (writer.joined_at, walk.closed_at, now())))
    return _local(min(walk.starts_at or latest, latest), walk.timezone)


def _local(moment: datetime, timezone: str) -> str:
    try:
        return moment.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")
    except OverflowError:
        return utc(moment)
