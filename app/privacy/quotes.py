"""Words of a note that others have repeated: in a measure, in the report's own words, in an edition.

Hides where words can have gone. Promises that once a note is erased nothing that is kept repeats five of its words in a row;
of a shorter note, nothing that rests on it. What others wrote themselves stays. An edition's sum is made anew, so that it
still proves that nobody else has changed it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from typing import Any

from sqlmodel import Session, col, select

from app import i18n
from app.measures.quoting import RUN, left_out, quotes
from app.models import Edition, Ground, Measure, MeasureStep, Telling, Walk
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


def out_of_editions(editions: Iterable[Edition], walk: Walk, note_ids: Collection[str], words: Sequence[str]) -> int:
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
