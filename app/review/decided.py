"""What a walk's reviewers have decided so far, for those who show notes: report, exports, editions, the coffee table.

Hides the tables of the review. Promises an entry for each note that is not deleted, in a constant number of queries; that
a note its author has changed since it was looked at waits again; and that merged notes always have one that leads them,
also when their author takes the leading one back. Reads only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, and_, col, select

from app.models import Observation, Review


@dataclass(frozen=True, slots=True)
class Decided:
    """`state`: waiting released hidden merged; `because`: why it is hidden; `priority`: 1 first, 2, 3; `partner_id`: whose it
    is to mend; `merged_into`: the note it is merged into, as decided; `of_rev`: the revision looked at, 0 where none was;
    `version`: how often something was decided about it."""

    state: str = "waiting"
    because: str = ""
    priority: int | None = None
    partner_id: str | None = None
    merged_into: str | None = None
    of_rev: int = 0
    version: int = 0


WAITING = Decided()
RELEASED = frozenset({"released", "merged"})  # states in which others may read it: who merges a note has looked at it


def decided(tx: Session, walk_id: str) -> dict[str, Decided]:
    """What is decided about each note of the walk that is not deleted."""
    note, made = Observation, Review
    rows = tx.connection().execute(
        select(note.id, note.rev, made.state, made.because, made.priority, made.partner_id, made.merged_into, made.of_rev,  # type: ignore[call-overload]
               made.version)
        .join(made, and_(col(made.observation_id) == col(note.id)), isouter=True)
        .where(note.walk_id == walk_id, col(note.deleted).is_(False))
    )  # fmt: skip
    return {row.id: _decided(row) if row.version else WAITING for row in rows}


def _decided(row: "object") -> Decided:
    state = state_of(row.state, row.merged_into, row.of_rev, row.rev)  # type: ignore[attr-defined]
    return Decided(state, row.because, row.priority, row.partner_id, row.merged_into, row.of_rev, row.version)  # type: ignore[attr-defined]


def state_of(state: str, merged_into: str | None, of_rev: int, rev: int) -> str:
    """The state as readers see it: waiting released hidden merged."""
    if state == "hidden":
        return state
    if of_rev < rev:
        return "waiting"
    return "merged" if merged_into else state


def led_by(ids: Iterable[str], merged_into: Mapping[str, str]) -> dict[str, str]:
    """For each of `ids` that another of them speaks for, which one. `ids` in the order they count; `merged_into`: as decided.

    The note that leads is the one they were merged into; where that is not among `ids` (deleted, hidden, not for this
    reader), the first of those merged into it."""
    ids = list(ids)
    there, first = set(ids), dict[str, str]()
    found = {}
    for one in ids:
        lead = merged_into.get(one)
        if lead is None:
            continue
        if lead in there:
            found[one] = lead
        elif first.setdefault(lead, one) != one:
            found[one] = first[lead]
    return found
