"""An edition beside the walk before: the same places then and now, and photos of one place from both.

Hides which places are the same and which photos may show one. Promises that it is made of what everybody can read of the
walk before and of what is going to be public of this one, and of nothing else; that whoever writes the report decides which
pair of photos is in it; and that no place gets a score: notes are counted, and nothing is made of the numbers. Made from
documents alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.report import comparison
from app.report.allowed import PAIR, PLACE, PUBLIC, SHOT, SINCE, SINCE_WALK, only
from app.report.freezing import Document
from app.report.report import Stop
from app.report.words import beginning

VALENCES = ("safe", "mixed", "unsafe", "none")
AT_EACH = 2  # photos of a place, from each walk, that are proposed
MOST_PAIRS, MOST_PROPOSED = 8, 40  # that go in by themselves; that can be chosen from
GIST = 140
THEN, NOW = "then", "now"
_ANGST_FIRST = {"unsafe": 0, "mixed": 1, "safe": 2, None: 3}


@dataclass(frozen=True)
class Before:
    """The walk before, as everybody can read it now. `plan`: its measures as they are now; `keys`: of its edition."""

    edition_id: str
    content: dict[str, Any]
    keys: dict[str, dict[str, Any]]
    plan: list[dict[str, Any]]


@dataclass(frozen=True)
class Compared:
    """A place on both walks. `stop`: its number now, `was`: then, None where it is no stop (both None: between the stops);
    `then`, `now`: how many voices of each feeling, None where that walk had no such stop; `measures`: numbers of those that
    the walk before promised there."""

    stop: int | None
    was: int | None
    name: str
    then: dict[str, int] | None
    now: dict[str, int] | None
    measures: list[int]


@dataclass(frozen=True)
class Shot:
    """One photo of a pair. `name`: in this edition; `day`: when it was taken; `said`: what it was about."""

    name: str
    day: str | None
    said: str
    width: int | None
    height: int | None


@dataclass(frozen=True)
class Pair:
    number: int
    place: str
    stop: int | None
    measure: int | None
    before: Shot
    after: Shot


@dataclass(frozen=True)
class Candidate:
    """Two photos that may show one place. `key`: what the writer's choice is kept under; `sources`: where the photos are,
    (which walk's edition, its name there, its id); `proposed`: it is in unless somebody leaves it out."""

    key: str
    pair: Pair
    sources: tuple[tuple[str, str, str], tuple[str, str, str]]
    proposed: bool

    def is_in(self, chosen: Mapping[str, bool]) -> bool:
        return chosen.get(self.key, self.proposed)


@dataclass(frozen=True)
class _Found:
    """A photo that is there, with what it shows: `key`: it, or the measure whose proof it is."""

    of: str
    name: str
    key: str
    shot: Shot


def add(made: Document, before: Before, kind: str, chosen: Mapping[str, bool], continued: Mapping[str, str]) -> None:
    """Put the comparison into a public document. `kind`: what this walk is to the one before (return pair); `chosen`: the
    writer's choice of pairs; `continued`: by the id of a measure of this walk the id of the one it goes on with."""
    rows, found = compared(before, made.content), before.content
    pairs, keys = list[Pair](), dict[str, dict[str, str]]()
    for one in (one for one in candidates(made, before, rows) if one.is_in(chosen)):
        pairs.append(_named(one.pair, len(pairs) + 1))
        for shot, (of, name, key) in zip((pairs[-1].before, pairs[-1].after), one.sources, strict=True):
            keys[shot.name] = {"of": of, "name": name, "id": key}
    was = {key: number for number, key in before.keys["measures"].items()}
    goes_on = {
        was[earlier]: int(number)
        for number, key in made.keys["measures"].items()
        if (earlier := continued.get(key)) in was
    }
    walk = found["walk"] | {"people": sum(found["participants"].values()), "notes": len(voices(found["notes"]))}
    since: dict[str, Any] = {
        "kind": kind, "walk": only(walk, SINCE_WALK, PUBLIC), "rows": [only(row, PLACE, PUBLIC) for row in rows],
        "continued": goes_on, "pairs": [_written(pair) for pair in pairs],
    }  # fmt: skip
    made.content["since"] = only(since, SINCE, PUBLIC)
    made.keys |= {"earlier": {"edition": before.edition_id}, "pairs": keys}


def compared(before: Before, content: dict[str, Any]) -> list[Compared]:
    """Every place of this walk, then those that only the walk before had, then what lies between the stops."""
    then, now = ([_stop(one) for one in document["stops"]] for document in (before.content, content))
    rows = comparison.rows(then, by_stop(before.content["notes"], then), now, by_stop(content["notes"], now))
    promised: dict[int | None, list[int]] = {}
    for one in before.plan:
        if not one["removed"]:
            promised.setdefault(one["stop"], []).append(one["number"])
    return [
        Compared(
            row.number, row.was, row.name, plain(row.notes[0]), plain(row.notes[1]),
            promised.pop(row.was, []) if row.notes[0] is not None else [],
        )
        for row in rows
    ]  # fmt: skip


def by_stop(notes: Iterable[dict[str, Any]], stops: Iterable[Stop]) -> dict[int | None, Counter[str]]:
    """The voices by feeling of each stop, by its number; None: what lies between them."""
    counted: dict[int | None, Counter[str]] = {stop.number: Counter() for stop in stops} | {None: Counter()}
    for voice in voices(notes):
        counted[voice["stop"] if voice["stop"] in counted else None][voice["valence"] or "none"] += 1
    return counted


def counted_anew(since: dict[str, Any], then: dict[str, Any] | None, now: dict[str, Any]) -> list[dict[str, Any]]:
    """The frozen rows with what can still be read now; of the walk before as it was frozen where that is gone (None)."""
    of_now = by_stop(now["notes"], map(_stop, now["stops"]))
    of_then = by_stop(then["notes"], map(_stop, then["stops"])) if then else None
    return [
        row
        | ({} if row["now"] is None else {"now": plain(of_now[row["stop"]])})
        | ({} if row["then"] is None or of_then is None else {"then": plain(of_then[row["was"]])})
        for row in since["rows"]
    ]


def captioned(
    pairs: list[dict[str, Any]],
    sources: Mapping[str, Mapping[str, str]],
    read: Mapping[str, tuple[dict[str, Any], list[dict[str, Any]]]],
) -> list[dict[str, Any]]:
    """The frozen pairs, each photo with what may be read of it now: the words of its note, or of whoever speaks for that note
    today, or of the measure that it shows done. `sources`: by the name of a photo where it is from; `read`: of THEN and NOW
    the content and the measures."""
    told = {
        (of, photo["name"]): _about(note)
        for of, (content, _plan) in read.items()
        for note in content["notes"]
        for photo in note["photos"]
    }
    told |= {(of, f"m{one['number']}"): _done(one) for of, (_content, plan) in read.items() for one in plan}

    def side(shot: dict[str, Any]) -> dict[str, Any]:
        source = sources[shot["name"]]
        return shot | {"said": told[source["of"], source["name"]]}

    return [pair | {"before": side(pair["before"]), "after": side(pair["after"])} for pair in pairs]


def plain(counted: Counter[str] | None) -> dict[str, int] | None:
    return None if counted is None else {valence: counted[valence] for valence in VALENCES}


def candidates(made: Document, before: Before, rows: list[Compared]) -> list[Candidate]:
    """Photos of one place from both walks, as may be shown: those of a stop, and those of a measure that was carried out."""
    found: list[Candidate] = []
    for row in rows:
        if row.stop is not None and row.was is not None:
            then, now = _at_stop(THEN, before, row.was), _at_stop(NOW, made, row.stop)
            found += [_candidate(row.name, row.stop, None, a, b, at == other == 0)
                      for at, a in enumerate(then) for other, b in enumerate(now)]  # fmt: skip
    now_at = {row.was: row.stop for row in rows if row.was is not None}
    for one in before.plan:
        then, done = _grounds_of(one, before), _proof_of(one, before)
        now = _at_stop(NOW, made, now_at.get(one["stop"]))[:1] if one["stop"] is not None else []
        afters = done + now
        found += [_candidate(one["place"], now_at.get(one["stop"]), one["number"], then[0], b, at == 0)
                  for at, b in enumerate(afters if then else [])]  # fmt: skip
    return _each_once(found)


def _each_once(found: list[Candidate]) -> list[Candidate]:
    """No two of one pair; a photo is proposed only once, the proof of a measure first."""
    kept: dict[str, Candidate] = {}
    for one in found:
        kept.setdefault(one.key, one)
    used, proposed = set[str](), 0
    in_turn = sorted(kept.values(), key=lambda one: (one.sources[1][1][0] != "m", not one.proposed))
    takes: dict[str, bool] = {}
    for one in in_turn:
        ids = {key for _of, _name, key in one.sources}
        takes[one.key] = one.proposed and proposed < MOST_PAIRS and used.isdisjoint(ids)
        if takes[one.key]:
            used |= ids
            proposed += 1
    ordered = [Candidate(one.key, one.pair, one.sources, takes[one.key]) for one in kept.values()]
    return sorted(ordered, key=lambda one: (one.pair.stop is None, one.pair.stop or 0, not one.proposed))[
        :MOST_PROPOSED
    ]


def _candidate(
    place: str, stop: int | None, measure: int | None, then: _Found, now: _Found, proposed: bool
) -> Candidate:
    pair = Pair(0, place, stop, measure, then.shot, now.shot)
    sources = ((then.of, then.name, then.key), (now.of, now.name, now.key))
    return Candidate(f"{then.key}:{now.key}", pair, sources, proposed)


def _at_stop(of: str, there: "Before | Document", number: int | None) -> list[_Found]:
    """The photos of a stop, those of unease first, and of these what others agree with."""
    notes = [note for note in there.content["notes"] if note["stop"] == number and note["photos"]]
    notes.sort(key=lambda note: (_ANGST_FIRST[note["valence"]], -note["agreements"]))
    return [_photo(of, there, note, photo) for note in notes for photo in note["photos"]][:AT_EACH]


def _grounds_of(one: dict[str, Any], before: Before) -> list[_Found]:
    notes = [note for note in before.content["notes"] if note["number"] in one["notes"]]
    return [_photo(THEN, before, note, photo) for note in notes for photo in note["photos"]][:1]


def _photo(of: str, there: "Before | Document", note: dict[str, Any], photo: dict[str, Any]) -> _Found:
    shot = Shot("", there.content["walk"]["day"], _about(note), photo["width"], photo["height"])
    return _Found(of, photo["name"], there.keys["photos"][photo["name"]], shot)


def _proof_of(one: dict[str, Any], before: Before) -> list[_Found]:
    """The photo that shows a measure done, where somebody has looked at it."""
    if not one["proof"]:
        return []
    shot = Shot("", (one["done_at"] or "")[:10] or None, _done(one), None, None)
    return [_Found(THEN, f"m{one['number']}", before.keys["measures"][str(one["number"])], shot)]


def _about(note: dict[str, Any]) -> str:
    """What a photo of a note is about."""
    return beginning(note["note"] or note["suggestion"], GIST)


def _done(measure: dict[str, Any]) -> str:
    """What a photo of a measure carried out is about."""
    return beginning(measure["measure"] or measure["place"], GIST)


def _named(pair: Pair, number: int) -> Pair:
    shots = {name: Shot(**asdict(getattr(pair, name)) | {"name": f"p{number}-{name}"}) for name in ("before", "after")}
    return Pair(number, pair.place, pair.stop, pair.measure, **shots)


def _written(pair: Pair) -> dict[str, Any]:
    shots = {name: only(getattr(pair, name), SHOT, PUBLIC) for name in ("before", "after")}
    return only(pair, PAIR, PUBLIC) | shots


def _stop(one: dict[str, Any]) -> Stop:
    return Stop("", one["number"], one["name"], "", one["lat"], one["lon"])


def voices(notes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The notes and those merged into them, each for itself."""
    return [voice for note in notes for voice in (note, *({"stop": note["stop"]} | one for one in note["voices"]))]
