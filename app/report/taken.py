"""What of an edition may not be read any longer: notes, photos, places and words that were taken out since it was frozen.

Hides the tables. Promises that a photo goes with the note it is of, and when its author takes it out of that note; that a place
goes when its reviewer moves it; and that a measure does not go on telling what a note that is gone said.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.access.notes import note_is_sensitive, out_of_sight, redacted, shown
from app.measures.quoting import left_out, quotes
from app.models import Edition, Observation, Photo, Review
from app.report.freezing import SEEN


@dataclass(frozen=True)
class Taken:
    """Numbers of `notes` and voices, those that were only written anew (`anew`) among them; names of `photos`; numbers of notes
    that are not where they were (`places`); `words`: what the notes that are gone said."""

    notes: frozenset[str]
    anew: frozenset[str]
    photos: frozenset[str]
    places: frozenset[str]
    words: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many notes, and photos of notes that are there still."""
        return len(self.notes) + sum(name.rpartition("-")[0] not in self.notes for name in self.photos)

    def measure(self, one: dict[str, Any]) -> dict[str, Any]:
        """A measure of the edition, without words of a note that is gone."""
        gone = {name: any(quotes(one[name], own) for own in self.words) for name in ("problem", "measure")}
        return one | {name: left_out() if name == "problem" else "" for name, is_gone in gone.items() if is_gone}


def taken_out(tx: Session, edition: Edition) -> Taken:
    """What is gone from it by now."""
    notes, keys = edition.frozen["public"]["notes"], edition.frozen["keys"]
    said = {one["number"]: (one["note"], one["suggestion"]) for note in notes for one in (note, *note["voices"])}
    rows = {row.id: row for row in in_batches(tx, Observation, list(keys["notes"].values()))}
    made = {one.observation_id: one for one in in_batches(tx, Review, list(rows), Review.observation_id)}
    gone = {
        number
        for number, key in keys["notes"].items()
        if key not in rows or _waits(made.get(key)) or _may_not(rows[key], said[number])
    }
    there = {rows[key].id: rows[key] for number, key in keys["notes"].items() if number not in gone}
    photos = {row.id: row for row in in_batches(tx, Photo, list(keys["photos"].values()))}
    return Taken(
        frozenset(gone),
        frozenset(number for number in gone if _is_anew(rows.get(keys["notes"][number]))),
        frozenset(name for name, key in keys["photos"].items() if not _is_shown(photos.get(key), there)),
        frozenset(
            note["number"]
            for note in notes
            if note["lat"] is not None and not _is_there(note, there.get(keys["notes"][note["number"]]))
        ),
        tuple(words for number in sorted(gone) for words in said[number] if words),
    )


def readable(tx: Session, edition: Edition) -> dict[str, Any]:
    """What was frozen, to be compared with another edition: of what is gone, and is not only written anew by its author, nothing
    but that it was there."""
    frozen, taken = edition.frozen, taken_out(tx, edition)
    public = dict(frozen["public"])
    public["notes"] = [
        _struck(note, taken) | {"voices": [_struck(one, taken) for one in note["voices"]]} for note in public["notes"]
    ]
    public["measures"] = [taken.measure(one) for one in public["measures"]]
    if public.get("since"):
        earlier = tx.get(Edition, frozen["keys"]["earlier"]["edition"])
        words = taken.words + (taken_out(tx, earlier).words if earlier else ())
        public["since"] = public["since"] | {"pairs": [_uncaptioned(pair, words) for pair in public["since"]["pairs"]]}
    return frozen | {"public": public}


def in_batches(tx: Session, table: Any, ids: list[str], key: Any = None) -> list[Any]:
    """The rows with these ids (`key`: the column, where it is another one): a database takes only so many values at once."""
    most, column = 500, col(key or table.id)
    return [
        row
        for at in range(0, len(ids), most)
        for row in tx.exec(select(table).where(column.in_(ids[at : at + most]))).all()
    ]


def _is_closed(row: Observation) -> bool:
    return row.deleted or out_of_sight(row) or note_is_sensitive(row)


def _waits(made: Review | None) -> bool:
    """Whether its reviewer has taken back that it is released, or parted it from those it was merged with."""
    return made is None or made.state == "waiting"


def _is_anew(row: Observation | None) -> bool:
    return row is not None and not _is_closed(row) and not redacted(row)


def _may_not(row: Observation, said: tuple[str, str]) -> bool:
    if _is_closed(row):
        return True
    # A recording that was written down since takes nothing of it back.
    return all((now.note, now.suggestion) != said for now in (shown(row), shown(row, spoken=False)))


def _is_shown(photo: Photo | None, notes: dict[str, Observation]) -> bool:
    if photo is None or photo.review not in SEEN or photo.state != "ready":
        return False
    note = notes.get(photo.observation_id)
    return note is not None and photo.id in note.photo_ids


def _is_there(note: dict[str, Any], row: Observation | None) -> bool:
    pin = shown(row).pin if row is not None and shown(row).placed else None
    return pin is not None and (round(pin["lat"], 6), round(pin["lon"], 6)) == (note["lat"], note["lon"])


def _struck(note: dict[str, Any], taken: Taken) -> dict[str, Any]:
    if note["number"] in taken.places:
        note = note | {"lat": None, "lon": None}
    if note["number"] not in taken.notes - taken.anew:
        return note
    return note | {"note": left_out(), "suggestion": "", "factors": [], "lat": None, "lon": None}


def _uncaptioned(pair: dict[str, Any], words: tuple[str, ...]) -> dict[str, Any]:
    """Two photos side by side, without what is said of them in words that are gone."""
    return pair | {
        side: pair[side] | {"said": ""}
        for side in ("before", "after")
        if any(quotes(pair[side]["said"], own) for own in words)
    }
