"""What a reviewer decides about notes: each decision one step, with what was before and after, and its undoing.

Hides locks, versions and the three places a decision stands in: the note itself (what others see of it), Review (where the
queue is) and Decision (history, never changed). Promises that nothing is decided on words or a state that the reviewer has
not seen; that a decision sent twice is made once; that one is undone only while nothing was decided after it; and that
whoever follows the walk hears of each. The walker's own words are never touched.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.access.guards import WalkReader
from app.access.notes import WORDS, note_is_sensitive, redacted
from app.db import next_seq
from app.i18n import gettext as _
from app.models import Decision, Observation, Review, new_id, now
from app.problems import Problem
from app.review import personal
from app.sync.protocol import LIMITS

IN_NOTE = ("hidden", "sensitive", "shown", "spoken")
IN_REVIEW = ("state", "because", "of_rev", "priority", "partner_id", "merged_into")
MOST_MERGED = 100  # notes in one step


@dataclass(frozen=True)
class Seen:
    """What a reviewer had before them: which note, how often decided about, which revision of its words."""

    note_id: str
    version: int
    rev: int


class Changed(Exception):
    """Somebody else has decided, or the author has written, since the reviewer's page was made; nothing was kept."""

    def __init__(self, note: Observation, made: Review) -> None:
        super().__init__(note.id)
        self.note, self.made = note, made


class Gone(Exception):
    """The author has deleted the note meanwhile. Nothing is lost: its history stays."""


class Refused(Exception):
    """It cannot be decided so; the text is a sentence for the reviewer."""


@dataclass
class Case:
    """A note and what is decided about it, held until the transaction ends."""

    note: Observation
    made: Review

    @property
    def stale(self) -> bool:
        """Whether `shown` belongs to words that the author has changed since."""
        return bool(self.note.shown) and self.note.shown["rev"] != self.note.rev  # type: ignore[index]

    def show(self, **given: Any) -> None:
        """Put these in place of the walker's own; None takes one away again ("pin" has a None of its own: no place). With none,
        today's words are what was judged; else a judgement of earlier ones is void. Raises Refused where struck words were changed."""
        if self.stale and redacted(self.note) and not set(given) & set(WORDS):
            raise _rewritten()
        if given and self.stale and self.note.sensitive is False:
            self.note.sensitive = None
        kept = {} if self.stale else dict(self.note.shown or {})
        for name, value in given.items():
            kept.pop(name, None)
            if value is not OWN:
                kept[name] = value
        kept["rev"] = self.note.rev
        self.note.shown = kept if len(kept) > 1 or self.note.sensitive is False else None

    def looked_at(self, state: str, because: str = "") -> None:
        self.made.state, self.made.because, self.made.of_rev = state, because, self.note.rev
        self.note.hidden = state == "hidden"


OWN = object()  # in place of a value: the walker's own again
Change = Callable[[Case], None]


def decide(tx: Session, reader: WalkReader, seen: Seen, *steps: tuple[str, Change]) -> list[Decision]:
    """Take `steps`, each (what, how), on one note. What was decided; nothing where it was decided just so already.

    Raises Changed, Gone, Refused, not-found (404)."""
    [case] = _held(tx, reader, [seen.note_id])
    if _again(tx, reader, case, seen, steps[-1][0]):
        return []
    _current(case, seen)
    if redacted(case.note) and not reader.sensitive and any(what == "redact" for what, _change in steps):
        raise Problem(
            "not-allowed", _("Words were struck out here already. Only somebody who is cleared can change that.")
        )
    together = new_id() if len(steps) > 1 else None
    made = []
    for what, change in steps:
        before = state_of(case)
        change(case)
        made.append(_note_down(tx, reader, case, what, before, together))
    _tell(tx, [case])
    return made


def release(*, for_all: bool = True) -> Change:
    """It may be read; `for_all`: also where its subject or words are sensitive, else by the cleared alone."""

    def change(case: Case) -> None:
        case.looked_at("released")
        if case.stale:
            case.note.shown = None
        if not for_all:
            case.note.sensitive = True
        elif note_is_sensitive(case.note) or case.note.sensitive is not None:
            case.note.sensitive = False
            case.show()

    return change


def hide(because: str) -> Change:
    """Nobody but its author and the reviewers sees it. Raises Refused without a reason."""
    if not because.strip():
        raise Refused(_("Say why the note is hidden. Whoever reads this later will ask."))
    return lambda case: case.looked_at("hidden", because.strip()[:500])


def redact(spans: dict[str, list[tuple[int, int]]]) -> Change:
    """Strike words out: by field, the characters from … to before …. None: as it was written."""

    def change(case: Case) -> None:
        told, kept = dict[str, Any](), dict[str, list[tuple[int, int]]]()
        for name in WORDS:
            own = getattr(case.note, name)
            gaps = personal.joined(own, spans.get(name, []))
            told[name] = personal.struck(own, gaps) if gaps else OWN
            if gaps:
                kept[name] = gaps
        case.show(**told, struck=kept or OWN)

    return change


def place(pin: dict[str, float] | object | None) -> Change:
    """Where it is: {"lat", "lon"}, None for nowhere, OWN for where the walker said."""
    return lambda case: case.show(pin=pin)


def move(stop_id: str | object | None) -> Change:
    """Which stop it belongs to: its id, None for none, OWN for what the walker chose. Where it is on the map stays."""
    return lambda case: case.show(stop_id=OWN if stop_id == case.note.stop_id else stop_id)


def sort(factors: Sequence[str]) -> Change:
    """What it is about."""
    return lambda case: case.show(factors=OWN if list(factors) == case.note.factors else list(factors))


def judge(sensitive: bool) -> Change:
    """For the cleared alone, or fit to show."""

    def change(case: Case) -> None:
        case.note.sensitive = sensitive
        if not sensitive:
            case.show()

    return change


def rank(priority: int | None) -> Change:
    return lambda case: setattr(case.made, "priority", priority)


def route(partner_id: str | None) -> Change:
    """Whose it is to mend."""
    return lambda case: setattr(case.made, "partner_id", partner_id)


def write_down(tx: Session, reader: WalkReader, seen: Seen, recording_id: str, words: str) -> list[Decision]:
    """What is said in one of the note's recordings, "" where nothing is. Nothing where it stands so already.
    Raises Changed, Gone, Refused, not-found (404), not-allowed (403) to who may not hear it."""
    if not reader.sensitive:
        raise Problem("not-allowed")
    [case] = _held(tx, reader, [seen.note_id])
    if recording_id not in case.note.recording_ids:
        raise Refused(_("This recording is not in the note any more."))
    if len(words) > LIMITS["note"]:
        raise Refused(_("What is said in a recording is at most %(most)s characters.", most=LIMITS["note"]))
    if case.note.spoken.get(recording_id) == words:
        return []
    _current(case, seen)

    def change(case: Case) -> None:
        case.note.spoken = case.note.spoken | {recording_id: words}
        if case.note.sensitive is False and personal.looks_personal(words):
            case.note.sensitive = None  # it was judged without these words

    return _each(tx, reader, [case], "transcribe", change)


def merge(tx: Session, reader: WalkReader, lead: Seen, others: Sequence[Seen]) -> list[Decision]:
    """Let `lead` speak for the others; those it or they spoke for already come along. Each keeps its own words.

    Raises Changed, Gone, Refused, not-found (404)."""
    wanted = [one for one in others if one.note_id != lead.note_id]
    if not wanted or len(wanted) > MOST_MERGED:
        raise Refused(_("Choose the notes that say the same."))
    below = select(Review.observation_id).where(col(Review.merged_into).in_([one.note_id for one in wanted]))
    ids = [lead.note_id, *(one.note_id for one in wanted)]
    led = [one for one in tx.exec(below).all() if one not in ids]
    cases = {case.note.id: case for case in _held(tx, reader, [*ids, *led], led=led)}
    if set(tx.exec(below).all()) - set(cases):  # somebody has merged another one into them before they were held
        raise Changed(cases[lead.note_id].note, cases[lead.note_id].made)
    if all(cases[one.note_id].made.merged_into == lead.note_id for one in wanted):
        return []
    for seen in (lead, *wanted):
        _current(cases[seen.note_id], seen)
    if cases[lead.note_id].made.merged_into:
        raise Refused(_("This note is merged into another one itself. Part it first."))
    if any(cases[one].note.hidden for one in ids):
        raise Refused(_("A hidden note cannot be merged. Release it first."))
    return _each(tx, reader, [cases[one] for one in (*ids[1:], *led)], "merge", _into(lead.note_id, led))


def part(tx: Session, reader: WalkReader, seen: Seen) -> list[Decision]:
    """Take a note out of those it was merged with, or, where it leads them, all of them. Raises as merge() does."""
    below = select(Review.observation_id).where(Review.merged_into == seen.note_id)
    led = list(tx.exec(below).all())
    cases = {case.note.id: case for case in _held(tx, reader, [seen.note_id, *led], led=led)}
    _current(cases[seen.note_id], seen)
    apart = [case for case in cases.values() if case.made.merged_into]
    return _each(tx, reader, apart, "part", lambda case: _alone(case.made))


def undo(tx: Session, reader: WalkReader, decision_id: str) -> list[Decision]:
    """Take a decision back, with all that was decided in the same step; nothing where that is done already.

    Raises Refused where somebody decided since, Gone, not-found (404)."""
    asked = tx.get(Decision, decision_id)
    if asked is None or asked.walk_id != reader.walk.id or asked.photo_id is not None:
        raise Problem("not-found")
    wanted = select(Decision).where(Decision.together == asked.together if asked.together else Decision.id == asked.id)
    steps = sorted(tx.exec(wanted).all(), key=lambda one: one.id)
    ids = {one.observation_id for one in steps}
    mine = [one.observation_id for one in steps if one.user_id == reader.person.user.id]
    leads = {one.before["merged_into"] for one in steps if one.before["merged_into"]} - ids
    held = {case.note.id: case for case in _held(tx, reader, ids | leads, led=[*mine, *leads], gone=True)}
    cases = {note_id: held[note_id] for note_id in held if note_id in ids}
    for step in steps:
        tx.refresh(step)
    if all(step.undone_at for step in steps):
        return []
    if not reader.sensitive and any(step.what == "redact" and step.observation_id not in mine for step in steps):
        raise Problem(
            "not-allowed", _("Words were struck out here already. Only somebody who is cleared can change that.")
        )
    for case in cases.values():
        newest = latest(tx, case.note.id)
        if newest is None or newest.id != max(step.id for step in steps if step.observation_id == case.note.id):
            raise Refused(_("Something was decided about this note since. Undo that first."))
        then = next(step.before["shown"] for step in steps if step.observation_id == case.note.id)
        if case.stale and redacted(case.note) and not case.note.deleted and not set(then or {}) & set(WORDS):
            raise _rewritten()  # else words that nobody has looked at would come into sight
    _still_leads(tx, steps, held)
    for step in reversed(steps):
        case = cases[step.observation_id]
        for name in IN_NOTE:
            if name in step.before:  # what was decided before notes could be spoken does not say
                setattr(case.note, name, step.before[name])
        for name in IN_REVIEW:
            setattr(case.made, name, step.before[name])
        step.undone_at, step.undone_by = now(), reader.person.user.id
    for case in cases.values():
        _sign(reader, case)
    _tell(tx, list(cases.values()))
    return steps


def latest(tx: Session, note_id: str) -> Decision | None:
    """The newest decision about a note that stands; those about its photos apart."""
    wanted = select(Decision).where(
        Decision.observation_id == note_id, col(Decision.photo_id).is_(None), col(Decision.undone_at).is_(None)
    )
    return tx.exec(wanted.order_by(col(Decision.id).desc()).limit(1)).first()


def state_of(case: Case) -> dict[str, Any]:
    """Everything that a decision can change, as it is."""
    kept = {name: getattr(case.note, name) for name in IN_NOTE} | {name: getattr(case.made, name) for name in IN_REVIEW}
    return kept | {"version": case.made.version, "rev": case.note.rev}


# Inside


def _held(
    tx: Session, reader: WalkReader, ids: Iterable[str], *, led: Sequence[str] = (), gone: bool = False
) -> list[Case]:
    """The notes, locked in one order, so that two reviewers never wait for each other. `led`: those that come along,
    whether the reader may judge them or not; `gone`: also deleted ones."""
    wanted = select(Observation).where(col(Observation.id).in_(sorted(set(ids))), Observation.walk_id == reader.walk.id)
    notes = tx.exec(wanted.order_by(Observation.id).with_for_update().execution_options(populate_existing=True)).all()
    if len(notes) < len(set(ids)):
        raise Problem("not-found")
    found = tx.exec(select(Review).where(col(Review.observation_id).in_([note.id for note in notes]))).all()
    made = {one.observation_id: one for one in found}
    by, cases = reader.person.user.id, []
    for note in notes:
        if note.deleted and not gone and note.id not in led:
            raise Gone
        if note.id not in led and not reader.judges(note) and not (note.deleted and gone):
            raise Problem("not-found")
        fresh = Review(observation_id=note.id, walk_id=note.walk_id, version=0, of_rev=0, decided_by=by)
        cases.append(Case(note, made.get(note.id) or fresh))
    return cases


def _still_leads(tx: Session, steps: Sequence[Decision], held: dict[str, Case]) -> None:
    """Raises Refused where a note would come back under one that is merged itself by now, or speaks for others meanwhile:
    then nobody would be left to speak for it."""
    after = {note_id: case.made.merged_into for note_id, case in held.items()}
    after |= {one.observation_id: one.before["merged_into"] for one in reversed(steps)}
    back = [note_id for note_id, lead in after.items() if lead and lead != held[note_id].made.merged_into]
    led = tx.exec(select(Review.observation_id).where(col(Review.merged_into).in_(back))).all() if back else []
    if any(one not in after or after[one] in back for one in led) or any(after[str(after[one])] for one in back):
        raise Refused(_("Something was decided about this note since. Undo that first."))


def _rewritten() -> Refused:
    return Refused(_("The author has changed the words since some were struck out. Look at the words first."))


def _current(case: Case, seen: Seen) -> None:
    if (case.made.version, case.note.rev) != (seen.version, seen.rev):
        raise Changed(case.note, case.made)


def _again(tx: Session, reader: WalkReader, case: Case, seen: Seen, what: str) -> bool:
    """Whether this very decision was made by this reviewer on this very state: the button was pressed twice."""
    last = latest(tx, case.note.id)
    if last is None or case.note.rev != seen.rev or last.user_id != reader.person.user.id or last.what != what:
        return False
    first = tx.exec(select(Decision).where(Decision.together == last.together)).all() if last.together else [last]
    began = min(int(one.before["version"]) for one in first)
    return began == seen.version and case.made.version == last.after["version"]


def _each(tx: Session, reader: WalkReader, cases: Sequence[Case], what: str, change: Change) -> list[Decision]:
    together = new_id() if len(cases) > 1 else None
    made = []
    for case in cases:
        before = state_of(case)
        change(case)
        made.append(_note_down(tx, reader, case, what, before, together))
    _tell(tx, cases)
    return made


def _into(lead: str, led: Sequence[str]) -> Change:
    def change(case: Case) -> None:
        if case.note.id not in led:  # else nobody has looked at it just now
            case.looked_at("released")
        case.made.merged_into = lead

    return change


def _alone(made: Review) -> None:
    made.merged_into, made.state = None, "waiting"


def _note_down(
    tx: Session, reader: WalkReader, case: Case, what: str, before: dict[str, Any], together: str | None
) -> Decision:
    _sign(reader, case)
    tx.add(case.made)
    step = Decision(walk_id=case.note.walk_id, observation_id=case.note.id, user_id=reader.person.user.id, what=what,
                    together=together, before=before, after=state_of(case))  # fmt: skip
    tx.add(step)
    return step


def _sign(reader: WalkReader, case: Case) -> None:
    case.made.version += 1
    case.made.decided_by, case.made.decided_at = reader.person.user.id, now()


def _tell(tx: Session, cases: Sequence[Case]) -> None:
    """Whoever follows the walk hears of it. The notes are held already, the walk's row only from here."""
    tx.flush()
    for case in cases:
        case.note.seq = next_seq(tx, case.note.walk_id)
    tx.flush()
