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
from app.report import issued, since
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
        counted = Counter(voice["valence"] for voice in since.voices(self.notes))
        return [(valence, counted[valence]) for valence in VALENCES if counted[valence]]

    @property
    def photos(self) -> list[dict[str, Any]]:
        return [photo for note in self.notes for photo in note["photos"]]

    def quotes(self, valence: str) -> list[dict[str, Any]]:
        """What was said with this feeling, what others agree with first."""
        said = [
            voice
            for voice in since.voices(self.notes)
            if voice["valence"] == valence and (voice["note"] or voice["suggestion"])
        ]
        return sorted(said, key=lambda voice: (-voice["agreements"], not voice["note"]))

    def factors(self, *valences: str) -> list[str]:
        counted = Counter(
            key for note in since.voices(self.notes) if note["valence"] in valences for key in note["factors"]
        )
        return [key for key, _number in counted.most_common(3)]

    @property
    def divided(self) -> Counter[str] | None:
        """How many of each feeling, where at least two find it safe and two unsafe."""
        counted = Counter(str(voice["valence"]) for voice in since.voices(self.notes))
        return counted if min(counted["safe"], counted["unsafe"]) > 1 else None

    @property
    def by_role(self) -> list[tuple[str, Counter[str]]]:
        """How each role feels here, of those that can be named."""
        return _counted((voice["role"], voice["valence"]) for voice in since.voices(self.notes) if voice["role"])


@dataclass
class Shown:
    """`content`: the public document as it is read now; `taken_out`: how many notes and photos are gone from it since;
    `plan`: the measures as they are now; `earlier`: the walk before, as its own report tells it; `pairs`: the ids of the
    photos that stand side by side, by their names."""

    edition: Edition
    walk: Walk
    content: dict[str, Any]
    taken_out: int = 0
    plan: list[dict[str, Any]] = field(default_factory=list)
    earlier: "Shown | None" = None
    pairs: dict[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Another one whenever an answer would be."""
        facts = {"edition": self.edition.id, "content": self.content, "plan": self.plan, "slug": self.walk.slug,
                 "earlier": self.earlier.mark if self.earlier else ""}  # fmt: skip
        return hashlib.sha256(canonical(facts)).hexdigest()[:32]

    @property
    def voices(self) -> list[dict[str, Any]]:
        return since.voices(self.content["notes"])

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
    found = issued.released(tx, walk.id) if walk else None
    if walk is None or found is None:
        raise Problem("not-found")
    return walk, found


def shown(tx: Session, walk: Walk, edition: Edition, *, alone: bool = False) -> Shown:
    """The edition as it is read now; `alone`: without the walk before."""
    public, taken = edition.frozen["public"], taken_out(tx, edition)
    notes = [note for one in public["notes"] if (note := _without(one, taken))]
    told = [taken.measure(one) for one in public["measures"]]
    content = {name: part for name, part in public.items() if name != "since"} | {"notes": notes, "measures": told}
    found = Shown(edition, walk, content, taken.count, _plan(tx, edition, told))
    if not alone:
        found.earlier = _earlier(tx, walk)
        _put_beside(tx, found)
    return found


def before(tx: Session, walk: Walk) -> since.Before | None:
    """The walk before, for an edition that is made now: where everybody can read its report."""
    found = _earlier(tx, walk)
    if found is None or found.walk.state == "archived":
        return None
    return since.Before(found.edition.id, found.content, found.edition.frozen["keys"], found.plan)


def photo_of(tx: Session, edition: Edition, name: str) -> Photo | None:
    """A photo of the edition, or a measure's proof ("m3"), that may be seen now; None where there is none."""
    if name.startswith("m"):
        found = next((one for one in _live(tx, edition) if f"m{one.number}" == name), None)
        return tx.get(Photo, found.proof_photo_id or "") if found and not found.removed_at and _proven(found) else None
    keys = edition.frozen["keys"]
    if name in keys.get("pairs", {}):
        own = shown(tx, tx.get_one(Walk, edition.walk_id), edition).pairs.get(name)
        return tx.get(Photo, own) if own else None
    return (
        tx.get(Photo, keys["photos"][name])
        if name in keys["photos"] and name not in taken_out(tx, edition).photos
        else None
    )


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


def _earlier(tx: Session, walk: Walk) -> Shown | None:
    """The walk before, where its report can be read: what was agreed then, and what has become of it."""
    earlier = _walk_before(tx, walk)
    found = issued.released(tx, earlier.id) if earlier else None
    return shown(tx, earlier, found, alone=True) if earlier and found else None


def _walk_before(tx: Session, walk: Walk) -> Walk | None:
    """The one it follows; nothing is told of another organisation's."""
    found = tx.get(Walk, walk.follows_id) if walk.follows_id else None
    return found if found and found.organisation_id == walk.organisation_id else None


def _put_beside(tx: Session, found: Shown) -> None:
    """What was frozen of the walk before, as far as it may be read now: nothing once the edition it was made from has been
    withdrawn; no note and no photo that was taken out of either; its numbers also where retention has emptied that walk."""
    frozen, keys = found.edition.frozen["public"].get("since"), found.edition.frozen["keys"]
    walk = _walk_before(tx, found.walk)
    edition = tx.get(Edition, keys["earlier"]["edition"]) if frozen and walk else None
    if not frozen or walk is None or edition is None or edition.walk_id != walk.id or edition.state != "released":
        return
    is_same = found.earlier is not None and found.earlier.edition.id == edition.id
    then = found.earlier if is_same and found.earlier else shown(tx, walk, edition, alone=True)
    there = {since.THEN: _photo_ids(tx, then), since.NOW: _photo_ids(tx, found)}
    ids = {name: there[one["of"]].get(one["name"], "") for name, one in keys["pairs"].items()}
    pairs = [pair for pair in frozen["pairs"] if all(ids[pair[side]["name"]] for side in ("before", "after"))]
    found.pairs = {pair[side]["name"]: ids[pair[side]["name"]] for pair in pairs for side in ("before", "after")}
    rows = since.counted_anew(frozen, None if walk.state == "archived" else then.content, found.content)
    read = {since.THEN: (then.content, then.plan), since.NOW: (found.content, found.plan)}
    pairs = since.captioned(pairs, keys["pairs"], read)
    found.content["since"] = frozen | {"rows": rows, "pairs": pairs}


def _photo_ids(tx: Session, found: Shown) -> dict[str, str]:
    """The photos of an edition that may be seen now, measures' proofs too, by their names in it."""
    keys = found.edition.frozen["keys"]["photos"]
    ids = {photo["name"]: keys[photo["name"]] for note in found.content["notes"] for photo in note["photos"]}
    if any(one["proof"] for one in found.plan):
        live = (one for one in _live(tx, found.edition) if _proven(one) and not one.removed_at)
        ids |= {f"m{one.number}": one.proof_photo_id for one in live if one.proof_photo_id}
    return ids


def _categories(voice: dict[str, Any]) -> list[str]:
    found = dict.fromkeys(known_factors()[key]["category"] for key in voice["factors"] if key in known_factors())
    return list(found) or ["none"]


def _counted(pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, Counter[str]]]:
    counted: dict[str, Counter[str]] = {}
    for key, valence in pairs:
        counted.setdefault(key, Counter())[valence or "none"] += 1
    return sorted(counted.items(), key=lambda one: (one[0] in ("none", "few"), -one[1].total()))
