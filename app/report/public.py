"""An edition as everybody reads it: what was frozen, without what has been taken out since, with the measures as they are now.

Hides the table behind `shown()`; the page, the feed and the file are made from a Shown alone. Promises that a note which was
deleted, hidden, struck, rewritten or found sensitive after the release is gone from every answer at once, photos too; and that a measure's
state and answer are today's. Never a place's score: what rests on few notes is said with how few.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, select

from app.measures import measures
from app.measures.measures import Told
from app.models import Edition, Measure, Photo, Walk
from app.problems import Problem
from app.report import edition as editions
from app.report.allowed import LIVE, MEASURE, PUBLIC, only
from app.report.freezing import canonical
from app.report.taken import Taken, in_batches, taken_out
from app.taxonomy import factors as known_factors

IMPOSSIBLE = "impossible"
QUOTES = 4  # of each feeling at a stop; all of them stand in the annex
PICTURES = 3
GOOD = 4
VALENCES = ("safe", "mixed", "unsafe")


@dataclass(frozen=True)
class Place:
    """A stop (None: between the stops) with its notes, the voices among them counted."""

    stop: dict[str, Any] | None
    notes: list[dict[str, Any]]

    @property
    def number(self) -> int:
        return self.stop["number"] if self.stop else 0

    @property
    def marks(self) -> list[tuple[str, int]]:
        counted = Counter(voice["valence"] for voice in _voices(self.notes))
        return [(valence, counted[valence]) for valence in VALENCES if counted[valence]]

    @property
    def photos(self) -> list[dict[str, Any]]:
        return [photo for note in self.notes for photo in note["photos"]]

    def quotes(self, valence: str) -> list[dict[str, Any]]:
        """What was said with this feeling, what others agree with first."""
        said = [
            voice
            for voice in _voices(self.notes)
            if voice["valence"] == valence and (voice["note"] or voice["suggestion"])
        ]
        return sorted(said, key=lambda voice: (-voice["agreements"], not voice["note"]))

    def factors(self, *valences: str) -> list[str]:
        counted = Counter(key for note in _voices(self.notes) if note["valence"] in valences for key in note["factors"])
        return [key for key, _number in counted.most_common(3)]

    @property
    def divided(self) -> Counter[str] | None:
        """How many of each feeling, where at least two find it safe and two unsafe."""
        counted = Counter(str(voice["valence"]) for voice in _voices(self.notes))
        return counted if min(counted["safe"], counted["unsafe"]) > 1 else None

    @property
    def by_role(self) -> list[tuple[str, Counter[str]]]:
        """How each role feels here, of those that can be named."""
        return _counted((voice["role"], voice["valence"]) for voice in _voices(self.notes) if voice["role"])


@dataclass
class Shown:
    """`content`: the public document as it is read now; `taken_out`: how many notes and photos are gone from it since;
    `plan`: the measures as they are now; `earlier`: the walk before, as its own report tells it."""

    edition: Edition
    walk: Walk
    content: dict[str, Any]
    taken_out: int = 0
    plan: list[dict[str, Any]] = field(default_factory=list)
    earlier: "Shown | None" = None

    @property
    def mark(self) -> str:
        """Another one whenever an answer would be."""
        facts = {"edition": self.edition.id, "content": self.content, "plan": self.plan, "slug": self.walk.slug,
                 "earlier": self.earlier.mark if self.earlier else ""}  # fmt: skip
        return hashlib.sha256(canonical(facts)).hexdigest()[:32]

    @property
    def voices(self) -> list[dict[str, Any]]:
        return _voices(self.content["notes"])

    @property
    def marks(self) -> dict[str, int]:
        return dict(Counter(voice["valence"] for voice in self.voices))

    @property
    def places(self) -> list[Place]:
        """Every stop, then what lies between."""
        by_stop: dict[int, list[dict[str, Any]]] = {}
        for note in self.content["notes"]:
            by_stop.setdefault(note["stop"] or 0, []).append(note)
        found = [Place(stop, by_stop.get(stop["number"], [])) for stop in self.content["stops"]]
        return found + ([Place(None, by_stop[0])] if 0 in by_stop else [])

    @property
    def good(self) -> list[Place]:
        """Where it feels safe, the most mentioned first; with only the notes that say so."""
        safe = [Place(place.stop, [note for note in place.notes if note["valence"] == "safe"]) for place in self.places]
        return sorted(
            (place for place in safe if place.notes), key=lambda place: (-len(place.notes), not place.photos)
        )[:GOOD]

    @property
    def first(self) -> list[tuple[Place, str]]:
        """The places to begin with, each with what is said of it."""
        by_number = {place.number: place for place in self.places if place.stop}
        return [(by_number[one["stop"]], one["words"]) for one in self.content["places"] if one["stop"] in by_number]

    @property
    def categories(self) -> list[tuple[str, Counter[str]]]:
        """Notes by category and feeling, the most mentioned first."""
        return _counted((category, voice["valence"]) for voice in self.voices for category in _categories(voice))

    @property
    def roles(self) -> list[tuple[str, Counter[str], list[str]]]:
        """Notes by role and feeling, each with the categories it most speaks of; "few" for the roles that few had."""
        subjects: dict[str, Counter[str]] = {}
        for voice in self.voices:
            subjects.setdefault(voice["role"] or "few", Counter()).update(_categories(voice))
        counted = _counted((voice["role"] or "few", voice["valence"]) for voice in self.voices)
        return [
            (role, marks, [key for key, _n in subjects[role].most_common(3) if key != "none"])
            for role, marks in counted
        ]

    @property
    def agreed(self) -> list[dict[str, Any]]:
        return [one for one in self.plan if one["kind"] != IMPOSSIBLE and one["status"] != "refused"]

    @property
    def refused(self) -> list[dict[str, Any]]:
        return [one for one in self.plan if one not in self.agreed]


def behind(tx: Session, slug: str) -> tuple[Walk, Edition]:
    """The walk at /r/{slug}, and its newest released edition. Raises not-found (404), the same for every address that has
    nothing to read."""
    walk = tx.exec(select(Walk).where(Walk.slug == slug)).first() if len(slug) <= 100 else None
    found = editions.released(tx, walk.id) if walk else None
    if walk is None or found is None:
        raise Problem("not-found")
    return walk, found


def shown(tx: Session, walk: Walk, edition: Edition, *, alone: bool = False) -> Shown:
    """The edition as it is read now; `alone`: without the walk before."""
    public, taken = edition.frozen["public"], taken_out(tx, edition)
    notes = [note for one in public["notes"] if (note := _without(one, taken))]
    told = [taken.measure(one) for one in public["measures"]]
    earlier = None if alone or not walk.follows_id else _earlier(tx, walk.follows_id)
    content = public | {"notes": notes, "measures": told}
    return Shown(edition, walk, content, taken.count, _plan(tx, edition, told), earlier)


def photo_of(tx: Session, edition: Edition, name: str) -> Photo | None:
    """A photo of the edition, or a measure's proof ("m3"), that may be seen now; None where there is none."""
    if name.startswith("m"):
        found = next((one for one in _live(tx, edition) if f"m{one.number}" == name), None)
        return tx.get(Photo, found.proof_photo_id or "") if found and not found.removed_at and _proven(found) else None
    keys = edition.frozen["keys"]["photos"]
    return tx.get(Photo, keys[name]) if name in keys and name not in taken_out(tx, edition).photos else None


def _without(note: dict[str, Any], taken: Taken) -> dict[str, Any] | None:
    """The note without what is gone: another voice speaks where the one that led is gone, and none where all are."""
    voices: list[dict[str, Any]] = [voice for voice in note["voices"] if voice["number"] not in taken.notes]
    kept = [photo for photo in note["photos"] if photo["name"] not in taken.photos]
    place = {"lat": None, "lon": None} if note["number"] in taken.places else {}
    if note["number"] not in taken.notes:
        return note | {"voices": voices, "photos": kept} | place
    if not voices:
        return None
    return note | voices[0] | {"number": note["number"], "voices": voices[1:], "photos": kept, "lat": None, "lon": None}


def _plan(tx: Session, edition: Edition, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The edition's measures (`told`) as they are now."""
    live = {str(one.number): one for one in _live(tx, edition)}
    found = []
    for frozen in told:
        one = live.get(str(frozen["number"]))
        now = only(one, {name: MEASURE[name] for name in LIVE}, PUBLIC) if one and not one.removed_at else {}
        plain = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in now.items()}
        found.append(frozen | plain | {"removed": not now, "proof": bool(one and now and _proven(one))})
    return found


def _live(tx: Session, edition: Edition) -> tuple[Told, ...]:
    return measures.told(tx, in_batches(tx, Measure, list(edition.frozen["keys"]["measures"].values())))


def _proven(one: Told) -> bool:
    return one.status == "done" and one.proof == "ready" and one.proof_seen


def _earlier(tx: Session, walk_id: str) -> Shown | None:
    """The walk before, where its report can be read: what was agreed then, and what has become of it."""
    walk = tx.get(Walk, walk_id)
    found = editions.released(tx, walk_id) if walk else None
    return shown(tx, walk, found, alone=True) if walk and found else None


def _voices(notes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The notes and those merged into them, each for itself."""
    return [voice for note in notes for voice in (note, *({"stop": note["stop"]} | one for one in note["voices"]))]


def _categories(voice: dict[str, Any]) -> list[str]:
    found = dict.fromkeys(known_factors()[key]["category"] for key in voice["factors"] if key in known_factors())
    return list(found) or ["none"]


def _counted(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, Counter[str]]]:
    counted: dict[str, Counter[str]] = {}
    for key, valence in pairs:
        counted.setdefault(key, Counter())[valence or "none"] += 1
    return sorted(counted.items(), key=lambda one: (one[0] in ("none", "few"), -one[1].total()))
