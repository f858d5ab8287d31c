"""What others see of a note: whether, and in which words and place. The part of `guards` that looks at the note alone.

Hides how a review stands in a note (Observation.hidden, .sensitive, .shown). Promises that what a reviewer has struck out
is in nothing that others get; that a note whose struck words its author has changed since is out of sight until somebody
has looked at it again; and that one that looks as if it named a person is for the cleared until a reviewer has judged it.
Never asks the database: a row of it, or the columns named in COLUMNS, is enough.
"""

from dataclasses import dataclass
from typing import Any

from app.review.personal import looks_personal
from app.taxonomy import is_sensitive

# What must be read of an observation for the functions below, beside `deleted`.
COLUMNS = ("rev", "hidden", "sensitive", "shown", "factors", "note", "suggestion", "pin", "fix", "stop_id",
           "recording_ids", "spoken")  # fmt: skip
WORDS = ("note", "suggestion")


@dataclass(frozen=True, slots=True)
class Shown:
    """A note's words, place and stop as others see them. A place put right by a reviewer (`placed`) takes that of what was
    measured; `moved`: a reviewer has chosen the stop, or none."""

    note: str
    suggestion: str
    factors: list[str]
    pin: dict[str, Any] | None
    fix: dict[str, Any] | None
    stop_id: str | None
    placed: bool = False
    moved: bool = False


def shown(observation: Any, *, spoken: bool = True) -> Shown:
    """What others see; the walker's own where no reviewer has put anything in its place. What was said and written down
    (`spoken`) follows what was written."""
    new = _of_this_revision(observation)
    placed = "pin" in new
    note = new.get("note", observation.note)
    if spoken and observation.spoken:
        said = (observation.spoken.get(one) for one in observation.recording_ids)
        note = "\n".join(filter(None, (note, *said)))
    return Shown(
        note,
        new.get("suggestion", observation.suggestion),
        new.get("factors", observation.factors),
        new["pin"] if placed else observation.pin,
        None if placed else observation.fix,
        new.get("stop_id", observation.stop_id),
        placed,
        "stop_id" in new,
    )


def redacted(observation: Any) -> bool:
    """Whether words of it were struck out, of this revision or an earlier one."""
    return any(name in (observation.shown or {}) for name in WORDS)


def out_of_sight(observation: Any) -> bool:
    """Whether nobody but its author and its reviewers may see it: hidden, or written anew after words were struck out."""
    return bool(observation.hidden) or _written_anew(observation)


def note_is_sensitive(observation: Any, *, addresses: bool = True) -> bool:
    """Whether it is for its author and the cleared alone: as a reviewer judged this revision, else as its factors and
    words say (`addresses`: see looks_personal); always where words are written anew after some were struck out."""
    if _written_anew(observation):
        return True
    judged = observation.sensitive
    if judged or (judged is False and (not observation.shown or observation.shown["rev"] == observation.rev)):
        return bool(judged)
    seen = shown(observation) if observation.shown or observation.spoken else observation
    return is_sensitive(list(seen.factors)) or looks_personal(seen.note, seen.suggestion, addresses=addresses)


def _written_anew(observation: Any) -> bool:
    return bool(observation.shown) and observation.shown["rev"] != observation.rev and redacted(observation)


def _of_this_revision(observation: Any) -> dict[str, Any]:
    given: dict[str, Any] = observation.shown or {}
    return given if given.get("rev") == observation.rev else {}
