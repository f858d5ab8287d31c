"""What was promised after an earlier walk, as something the next one can ask about: "has it become better?"

Hides which measures are looked at again, and which of their words may lie on every walker's phone. Promises that a measure
which rests on nothing but hidden, sensitive or deleted notes leaves no trace; that nothing is told but its number, what was
promised, its state and the public answer; and that not even those are where no reviewer has released what it rests on,
where a note no longer says them, or where the words look as if they named somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.access.notes import note_is_sensitive, out_of_sight
from app.i18n import gettext as _
from app.measures import measures, quoting, words
from app.measures.measures import Told
from app.models import Observation, Review
from app.review.personal import looks_personal

WHAT, ANSWER = 120, 160  # characters of what was promised, and of the answer
RELEASED = {"released", "merged"}


@dataclass(frozen=True)
class Promise:
    """A measure to be looked at again: `said`: a sentence or two of it; `place`: what people call it, "" where that is not
    told; `stop_id`: the earlier walk's stop; `at`: [lon, lat], None where nobody knows."""

    number: int
    said: str
    place: str
    stop_id: str | None
    at: list[float] | None


def promises(tx: Session, walk_id: str) -> list[Promise]:
    """The measures of a walk that are looked at again, by their numbers; in the language spoken."""
    found = [one for one in quoting.outside(tx, measures.of_walk(tx, walk_id)) if one.revisit]
    seen, released = _grounds(tx, found)
    return [
        _promise(one, told=not released.isdisjoint(one.observation_ids))
        for one in found
        if not seen.isdisjoint(one.observation_ids)
    ]


def _grounds(tx: Session, found: Sequence[Told]) -> tuple[set[str], set[str]]:
    """Of the notes they rest on: those that others may see, and of these the ones that are released as they are now."""
    ids = sorted({note_id for one in found for note_id in one.observation_ids})
    seen, released = set[str](), set[str]()
    for at in range(0, len(ids), 500):
        wanted = select(Observation, Review).join(
            Review, col(Review.observation_id) == col(Observation.id), isouter=True
        )
        for note, review in tx.exec(wanted.where(col(Observation.id).in_(ids[at : at + 500]))).all():
            if note.deleted or out_of_sight(note) or note_is_sensitive(note):
                continue
            seen.add(note.id)
            if review is not None and review.state in RELEASED and review.of_rev == note.rev:
                released.add(note.id)
    return seen, released


def _promise(one: Told, *, told: bool) -> Promise:
    answer = one.answer or one.reason
    what = one.measure if told and not looks_personal(one.measure) else ""
    answer = answer if told and not looks_personal(answer) else ""
    number = _("Measure %(number)s", number=one.number)
    state = words.kind(one.kind) if one.kind == "impossible" else words.status(one.status)
    parts = [f"{number}: {_sentence(_begin(what, WHAT))}" if what else f"{number}:", f"{state}."]
    parts += [_("“%(words)s”", words=_begin(answer, ANSWER))] if answer else []
    place = one.place if told and not looks_personal(one.place) else ""
    at = [one.lon, one.lat] if one.lon is not None and one.lat is not None else None
    return Promise(one.number, " ".join(parts), place, one.stop_id, at)


def _begin(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 2].rsplit(" ", 1)[0].rstrip(",.;:–-") + " …"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
