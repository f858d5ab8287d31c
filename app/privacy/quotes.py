"""Words of a note that others have repeated: in a measure, in the report's own words, in an edition, in what a later walk asks.

Hides where words can have gone. Promises that once a note is erased nothing that is kept repeats five of its words in a row;
of a shorter note, nothing that rests on it. What others wrote themselves stays. An edition's sum is made anew, so that it
still proves that nobody else has changed it; phones of a walk that asked in such words hear of it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, or_, select

from app import i18n
from app.db import next_seq
from app.i18n import gettext as _
from app.measures.quoting import RUN, left_out, quotes
from app.models import Edition, Ground, Measure, MeasureStep, Stop, Telling, Walk
from app.report.freezing import digest

TEXTS = ("problem", "measure", "reason", "answer")  # what is written in a measure
SAID = (*TEXTS, "word", "said", "beside")  # … and in its history
Strike = Callable[[str], str]


def kin(tx: Session, walk_id: str) -> list[str]:
    """The walk and those that go back to it, which may tell what was said on it."""
    found = [walk_id]
    for one in found:
        found += [other for other in tx.exec(select(Walk.id).where(Walk.follows_id == one)).all() if other not in found]
    return found


def hold_editions(tx: Session, walk_ids: Collection[str]) -> list[Edition]:
    """The editions of these walks, locked in one order, before any note: as releasing one does."""
    wanted = select(Edition).where(col(Edition.walk_id).in_(walk_ids)).order_by(col(Edition.id))
    return list(tx.exec(wanted.with_for_update().execution_options(populate_existing=True)).all())


@dataclass(frozen=True)
class Asked:
    """What takes words of notes out of the stops of later walks. `phrases`: RUN of the words in a row; `measures`: what those
    that rest on the notes are called where a stop asks about them."""

    walk: Walk
    words: tuple[str, ...]
    phrases: frozenset[tuple[str, ...]]
    measures: tuple[str, ...]

    def without(self, name: str, prompt: str) -> tuple[str, str]:
        """A stop's name and question; what is asked of last time goes whole, the stop's own words stay."""
        with i18n.use(self.walk.language):
            last, better, instead, nothing = _("Last time:"), _("Has it become better?"), left_out(), _("[erased]")
        told, asked, own = prompt.partition(better)
        if asked and self._repeats(told):
            told = f"{last} {instead} "
        elif not asked and self._repeats(prompt):
            told = instead
        own = f" {instead}" if asked and self._repeats(own) else own
        return nothing if self._repeats(name) else name, f"{told}{asked}{own}"

    def _repeats(self, text: str) -> bool:
        if not self.phrases.isdisjoint(_phrases(text)):
            return True
        return any(one in text for one in self.measures) and any(quotes(text, own) for own in self.words)


def asked(tx: Session, walk: Walk, note_ids: Collection[str], words: Sequence[str]) -> Asked:
    resting = select(Ground.measure_id).where(col(Ground.observation_id).in_(note_ids))
    wanted = select(Measure.number).where(or_(col(Measure.id).in_(resting), col(Measure.continues_id).in_(resting)))
    with i18n.use(walk.language):
        names = tuple(f"{_('Measure %(number)s', number=number)}:" for number in sorted(set(tx.exec(wanted).all())))
    return Asked(walk, tuple(words), frozenset(run for one in words for run in _phrases(one)), names)


def out_of_stops(tx: Session, of: Asked) -> list[str]:
    """The walks whose stops had words of the notes in them: those that go back, and copies of these, which nothing names. They
    are held newest first, as the walk itself comes last."""
    later = col(Walk.organisation_id) == of.walk.organisation_id, col(Walk.created_at) >= of.walk.created_at
    every = select(Stop.walk_id, Stop.name, Stop.prompt).join(Walk, col(Walk.id) == col(Stop.walk_id)).where(*later)
    rows = tx.exec(every.order_by(col(Walk.created_at).desc(), col(Walk.id).desc())).all()
    changed = list(dict.fromkeys(walk_id for walk_id, *said in rows if of.without(*said) != tuple(said)))
    for walk_id in changed:
        walk = tx.get_one(Walk, walk_id, with_for_update=True, populate_existing=True)
        stops = select(Stop).where(Stop.walk_id == walk_id).execution_options(populate_existing=True)
        for stop in tx.exec(stops).all():
            stop.name, stop.prompt = of.without(stop.name, stop.prompt)
        walk.plan_rev += 1
        tx.flush()
        walk.seq = walk.changed_seq = next_seq(tx, walk.id)  # its phones hear of it
    return changed


def out_of_measures(tx: Session, walk: Walk, walk_ids: Collection[str], note_ids: Collection[str], words: Sequence[str]) -> int:  # fmt: skip
    """How many measures had words of these notes in them, or in their history; each is now without."""
    resting = set(tx.exec(select(Ground.measure_id).where(col(Ground.observation_id).in_(note_ids))).all())
    wanted = select(Measure).where(col(Measure.walk_id).in_(walk_ids)).order_by(col(Measure.id)).with_for_update()
    changed = 0
    for one in tx.exec(wanted.execution_options(populate_existing=True)).all():
        strike = striking(walk, words, short=one.id in resting or one.continues_id in resting)
        told = {name: strike(getattr(one, name)) for name in TEXTS}
        steps = tx.exec(select(MeasureStep).where(MeasureStep.measure_id == one.id)).all()
        anew = [(step, changes) for step in steps if (changes := only(step.changes, SAID, strike)) != step.changes]
        for step, changes in anew:
            step.changes = changes
        if anew or any(getattr(one, name) != value for name, value in told.items()):
            for name, value in told.items():
                setattr(one, name, value)
            one.version += 1
            changed += 1
    return changed


def out_of_tellings(tx: Session, walk: Walk, walk_ids: Collection[str], words: Sequence[str]) -> None:
    strike = striking(walk, words)
    for told in tx.exec(select(Telling).where(col(Telling.walk_id).in_(walk_ids)).with_for_update()).all():
        if (anew := mended(told.texts, strike)) != told.texts:
            told.texts = anew
            told.version += 1


def out_of_editions(
    editions: Iterable[Edition], walk: Walk, note_ids: Collection[str], words: Sequence[str], of: Asked
) -> int:
    """How many editions had the notes, or words of them, in them."""
    changed = 0
    for one in editions:
        frozen = deepcopy(one.frozen)
        public, keys = frozen["public"], frozen["keys"]["notes"]
        gone = {number for number, key in keys.items() if key in note_ids}
        for note in public["notes"]:
            for said in (note, *note["voices"]):
                if said["number"] in gone:
                    said |= {"note": "", "suggestion": "", "factors": [], "role": None}
                    said |= {name: None for name in ("lat", "lon") if name in said}
        long, short = striking(walk, words), striking(walk, words, short=True)
        public["measures"] = [only(one, TEXTS, short) for one in public["measures"]]
        for stop in public["stops"]:
            stop["name"], stop["prompt"] = of.without(stop["name"], stop["prompt"])
        public |= {name: mended(public[name], long) for name in ("telling", "places", "since") if name in public}
        for pair in (public.get("since") or {}).get("pairs", ()):
            pair |= {side: only(pair[side], ("said",), short) for side in ("before", "after")}
        if frozen != one.frozen:
            one.frozen, one.sha256 = frozen, digest(public)
            changed += 1
    return changed


def striking(walk: Walk, words: Sequence[str], *, short: bool = False) -> Strike:
    """What puts something else in place of a text that repeats `words`; `short`: also where they are fewer than RUN."""
    wanted = [one for one in words if short or len(one.split()) >= RUN]
    with i18n.use(walk.language):
        instead = left_out()
    return lambda text: instead if any(quotes(text, one) for one in wanted) else text


def _phrases(text: str) -> Iterable[tuple[str, ...]]:
    """Every RUN of its words, so that many texts are compared at once."""
    plain = [word for one in text.casefold().split() if (word := "".join(filter(str.isalnum, one)))]
    return zip(*(plain[at:] for at in range(RUN)), strict=False)


def mended(value: Any, strike: Strike) -> Any:
    """`value`, as JSON has it, with every text in it struck."""
    if isinstance(value, str):
        return strike(value)
    if isinstance(value, list):
        return [mended(one, strike) for one in value]
    if isinstance(value, dict):
        return {name: mended(one, strike) for name, one in value.items()}
    return value


def only(fields: dict[str, Any], names: Collection[str], strike: Strike) -> dict[str, Any]:
    """`fields` with the texts in those of these `names` struck."""
    return {name: mended(value, strike) if name in names else value for name, value in fields.items()}


def struck(public: dict[str, Any], strike: Strike) -> dict[str, Any]:
    """What everybody may read of an edition, with the texts in it struck: never its codes and numbers."""
    own, of_stop, of_walk = ("note", "suggestion"), ("name", "prompt"), ("title", "area", "purpose", "meeting_point")
    notes = [
        only(one, own, strike) | {"voices": [only(voice, own, strike) for voice in one["voices"]]}
        for one in public["notes"]
    ]
    measures = [only(one, (*TEXTS, "place", "unit", "ticket"), strike) for one in public["measures"]]
    made = {"notes": notes, "measures": measures, "walk": only(public["walk"], of_walk, strike)}
    made["stops"] = [only(one, of_stop, strike) for one in public["stops"]]
    made |= {name: mended(public[name], strike) for name in ("telling",) if name in public}
    made["places"] = [only(one, ("words",), strike) for one in public["places"]]
    if since := public.get("since"):
        pairs = [
            one | {side: only(one[side], ("said",), strike) for side in ("before", "after")} for one in since["pairs"]
        ]
        made["since"] = since | {"pairs": pairs}
    return public | made
