"""A measure's words that are a note's own, where that note's words are nobody's to read any longer.

Hides how a quotation is found. A measure begins with the words of a note, and stays when its author writes the note anew or
takes it back, or a reviewer strikes words out. Promises that those outside, and in the report those who are not cleared, are
not told then what the note itself no longer says; whoever plans the walk reads the measure on its own page as it is, and
writes it anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from app.access.notes import WORDS, note_is_sensitive, out_of_sight, shown
from app.i18n import gettext as _
from app.measures.measures import Told
from app.models import Decision, Observation, Revision, Variant

MOST = 500  # notes asked for at once: a database takes only so many values
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
        for at in range(0, len(ids), MOST)
        for row, said in ever_said(tx, _notes(tx, ids[at : at + MOST]))
        if (pairs := _taken_back(row, said))
    }
    return tuple(_told(one, [pair for key in one.observation_ids for pair in gone.get(key, ())]) for one in found)


def ever_said(tx: Session, notes: Sequence[Observation]) -> list[tuple[Observation, list[str]]]:
    """Each of the notes (at most MOST) with everything that it ever said: as its author sent it, also before it was written
    anew, as it was written down from a recording, and as reviewers put it."""
    said = {row.id: [row.note, row.suggestion, *row.spoken.values()] for row in notes}
    for table in (Revision, Variant):
        sent = select(table.observation_id, table.content).where(col(table.observation_id).in_(said))
        for key, content in tx.exec(sent).all():
            said[key] += _texts(content)
    decided = select(Decision.observation_id, Decision.after).where(col(Decision.observation_id).in_(said))
    for key, after in tx.exec(decided).all():
        said[key] += [*_texts(after.get("shown")), *after.get("spoken", {}).values()]
    return [(row, list(filter(None, dict.fromkeys(said[row.id])))) for row in notes]


def _notes(tx: Session, ids: Sequence[str]) -> Sequence[Observation]:
    return tx.exec(select(Observation).where(col(Observation.id).in_(ids))).all()


def _texts(content: Mapping[str, Any] | None) -> list[str]:
    return [(content or {}).get(name, "") for name in WORDS]


def _taken_back(row: Observation, said: Iterable[str]) -> list[tuple[str, str]]:
    """(what the note once said, what of it may be read) wherever those are not the same."""
    closed = row.deleted or out_of_sight(row) or note_is_sensitive(row)
    still = "" if closed else "\n".join((shown(row).note, shown(row).suggestion))
    return [(own, still) for own in said if own not in still]


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
