"""A measure's words that are a note's own, where that note's words are nobody's to read any longer.

Hides how a quotation is found. A measure begins with the words of a note, and stays when its author takes the note back or a
reviewer strikes words out. Promises that those outside, and in the report those who are not cleared, are not told then what the
note itself no longer says; whoever plans the walk reads the measure on its own page as it is, and writes it anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from app.access.notes import WORDS, note_is_sensitive, out_of_sight, redacted, shown
from app.i18n import gettext as _
from app.measures.measures import Told
from app.models import Observation

RUN = 5  # words in a row that are somebody's own; of a shorter note all of them


def quotes(text: str, own: str, still: str = "") -> bool:
    """Whether `text` repeats words of `own` that are not in `still`."""
    said, left = _words(text), _words(still)
    words = _words(own)
    long = min(RUN, len(words))
    return bool(long) and any(run in _runs(said, long) and run not in _runs(left, long) for run in _runs(words, long))


def left_out() -> str:
    """What stands in place of such words."""
    return _("The words of a note that is no longer shown have been taken out.")


def outside(tx: Session, found: Sequence[Told]) -> tuple[Told, ...]:
    """These measures as they are told to those outside."""
    ids = sorted({note_id for one in found for note_id in one.observation_ids})
    gone = {
        row.id: pairs
        for at in range(0, len(ids), 500)
        for row in tx.exec(select(Observation).where(col(Observation.id).in_(ids[at : at + 500]))).all()
        if (pairs := _taken_back(row))
    }
    return tuple(_told(one, [pair for key in one.observation_ids for pair in gone.get(key, ())]) for one in found)


def _taken_back(row: Observation) -> list[tuple[str, str]]:
    """(as it was written, what of it may be read) of a note whose words are not, or not all, for others."""
    if row.deleted or out_of_sight(row) or note_is_sensitive(row):
        return [(own, "") for own in (*(getattr(row, name) for name in WORDS), *row.spoken.values())]
    return [(getattr(row, name), getattr(shown(row), name)) for name in WORDS] if redacted(row) else []


def _told(one: Told, pairs: Iterable[tuple[str, str]]) -> Told:
    pairs = list(pairs)
    problem, measure = (any(quotes(text, *pair) for pair in pairs) for text in (one.problem, one.measure))
    if not (problem or measure):
        return one
    return replace(one, problem=left_out() if problem else one.problem, measure="" if measure else one.measure)


def _words(text: str) -> list[str]:
    return ["".join(filter(str.isalnum, word)) for word in text.casefold().split() if any(map(str.isalnum, word))]


def _runs(words: Sequence[str], long: int) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + long]) for at in range(len(words) - long + 1)}
