"""A measure is made, changed, answered, passed on, taken out: each time with who did it and what it was before.

Hides versions and history. Promises that nothing is overwritten unseen: whoever changes an older version is told what it
has become, and what they wrote stands in the history beside it; and that no step is ever taken back out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, func, select

from app.i18n import gettext as _
from app.models import Ground, Measure, MeasureStep, Observation, Partner, Walk, new_id, now
from app.problems import Problem, invalid
from app.sync.protocol import clean

WORD = 500  # characters of why something is passed on, or of what was said at a meeting
MOST_NOTES = 200


@dataclass(frozen=True)
class By:
    """Who does it: a person, or somebody with a partner's link."""

    user_id: str | None = None
    link_id: str | None = None


class Changed(Exception):
    """Somebody else has changed the measure meanwhile; it is as they left it. `held`: the row, as it is."""

    def __init__(self, held: Measure) -> None:
        super().__init__(held.id)
        self.held = held


def make(tx: Session, walk: Walk, measure_id: str, note_ids: Sequence[str], wanted: dict[str, Any], by: By) -> Measure:
    """A measure that rests on these notes, which the maker may read. The same id again: the one that was made. Raises
    walk-archived (410), invalid (422)."""
    _hold_notes(tx, note_ids)
    held_walk = _open(tx, walk)
    found = tx.get(Measure, measure_id)
    if found is not None:
        if found.walk_id != walk.id:
            raise Problem("not-found")
        return found
    if not note_ids or len(note_ids) > MOST_NOTES:
        raise invalid(("note", _("A measure rests on at least one note.")))
    newest = tx.exec(select(func.max(Measure.number)).where(Measure.walk_id == held_walk.id)).one()
    assert by.user_id
    if _is_impossible(wanted):
        wanted = wanted | {"revisit": False}
    made = Measure(
        id=measure_id, walk_id=walk.id, number=(newest or 0) + 1, created_by=by.user_id, created_at=now(), **wanted
    )
    _date(made, {}, made.model_dump())
    tx.add(made)
    tx.flush()
    for note_id in dict.fromkeys(note_ids):
        tx.add(Ground(measure_id=made.id, observation_id=note_id))
    usual = {name: field.default for name, field in Measure.model_fields.items()}
    step = {name: [None, _plain(value)] for name, value in wanted.items() if value not in (None, "", usual[name])}
    _note(tx, made, step | {"notes": [[], list(dict.fromkeys(note_ids))]}, by)
    return made


def change(tx: Session, measure: Measure, version: int, wanted: Mapping[str, Any], by: By, **beside: Any) -> Measure:
    """Keep these fields of the measure, and the step. `beside`: what goes into the step and is no field (word, said,
    meeting). What is so already changes nothing, whatever the version. Raises walk-archived (410); Changed: then call
    keep_both() in a transaction of its own, so that what was wanted stands in the history."""
    held = hold(tx, measure)
    before = held.model_dump()
    wanted = _with_revisit(before, wanted)
    changes = {name: [_plain(before[name]), _plain(value)] for name, value in wanted.items() if before[name] != value}
    beside = {name: [None, value] for name, value in beside.items() if value}
    if not changes and not (beside.keys() - {"meeting"}):
        return held
    if held.version != version:
        if not changes and _said_already(tx, held, beside, by):
            return held
        if changes == {"revisit": [False, True]} and _is_impossible(before):
            return held  # the form that made it impossible, sent once more
        raise Changed(held)
    for name, value in wanted.items():
        setattr(held, name, value)
    _date(held, before, held.model_dump())
    held.version += 1
    _note(tx, held, changes | beside, by)
    return held


def _with_revisit(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What becomes impossible or refused is not looked at again on the next walk until somebody marks it; what becomes
    possible again is."""
    was, becomes = _is_impossible(before), _is_impossible({**before, **wanted})
    turns = was != becomes and wanted.get("revisit", before["revisit"]) == before["revisit"]
    return {**wanted, "revisit": not becomes} if turns else dict(wanted)


def _is_impossible(fields: Mapping[str, Any]) -> bool:
    return fields.get("kind") == "impossible" or fields.get("status") == "refused"


def keep_both(tx: Session, measure: Measure, wanted: Mapping[str, Any], by: By) -> None:
    """Put into the history what somebody wrote while another one had just changed the measure; it is not in force."""
    held = hold(tx, measure)
    offered = {
        name: [_plain(getattr(held, name)), _plain(value)]
        for name, value in wanted.items()
        if getattr(held, name) != value
    }
    last = _newest(tx, held)
    if offered and (last is None or last.changes != {"beside": offered}):
        held.version += 1  # a report must tell of it, and whoever reads it anew starts from here
        _note(tx, held, {"beside": offered}, by)


def rest_on(tx: Session, measure: Measure, note_ids: Sequence[str], by: By, *, off: bool = False) -> None:
    """The measure rests on these notes too, or (`off`) on them no longer; on one at least. Raises invalid (422)."""
    held = hold(tx, measure)
    before = list(
        tx.exec(select(Ground.observation_id).where(Ground.measure_id == held.id).order_by(Ground.observation_id)).all()
    )
    after = [one for one in before if one not in note_ids] if off else sorted({*before, *note_ids})
    if after == before:
        return
    if not after or len(after) > MOST_NOTES:
        raise invalid(("note", _("A measure rests on at least one note.")))
    _hold_notes(tx, set(after) - set(before))
    for note_id in set(before) - set(after):
        tx.delete(tx.get_one(Ground, (held.id, note_id)))
    for note_id in set(after) - set(before):
        tx.add(Ground(measure_id=held.id, observation_id=note_id))
    held.version += 1
    _note(tx, held, {"notes": [before, after]}, by)


def remove(tx: Session, measure: Measure, by: By, *, back: bool = False) -> None:
    """Take it out of the plan, or put it back; its number and its history stay."""
    held = hold(tx, measure)
    if (held.removed_at is None) == back:
        return
    held.removed_at = None if back else now()
    held.version += 1
    _note(tx, held, {"removed": [back, not back]}, by)


def pass_on(tx: Session, measure: Measure, version: int, to: str, word: str, by: By) -> Measure:
    """ "Not ours": to another partner of the same organisation, or ("") back to the coordinator. Raises invalid (422)
    without a word of why, Changed."""
    if not word.strip():
        raise invalid(("word", _("Write in a few words why it is not yours, or whose it is.")))
    walk = tx.get_one(Walk, measure.walk_id)
    other = tx.get(Partner, to) if to else None
    if to and (
        other is None
        or other.ended_at
        or other.organisation_id != walk.organisation_id
        or other.id == measure.partner_id
    ):
        raise invalid(("to", _("Choose one of the list.")))
    wanted: dict[str, Any] = {"partner_id": other.id if other else None, "unit": ""}
    wanted["status"] = "proposed" if other else "other_owner"
    return change(tx, measure, version, wanted, by, word=word.strip()[:WORD])


def hold(tx: Session, measure: Measure) -> Measure:
    """The measure as it is now; it stays so until the transaction ends. Raises walk-archived (410)."""
    if tx.get_one(Walk, measure.walk_id).state == "archived":
        raise Problem("walk-archived")
    return tx.get_one(Measure, measure.id, with_for_update=True, populate_existing=True)


def _newest(tx: Session, measure: Measure) -> MeasureStep | None:
    steps = select(MeasureStep).where(MeasureStep.measure_id == measure.id)
    return tx.exec(steps.order_by(col(MeasureStep.at).desc(), col(MeasureStep.id).desc()).limit(1)).first()


def _said_already(tx: Session, measure: Measure, beside: Mapping[str, Any], by: By) -> bool:
    """Whether the newest step is theirs and says just this: the button was pressed twice."""
    last = _newest(tx, measure)
    if last is None or (last.user_id, last.link_id) != (by.user_id, by.link_id):
        return False
    return all(last.changes.get(name) == value for name, value in beside.items())


def _hold_notes(tx: Session, note_ids: Collection[str]) -> None:
    """Notes that a measure will rest on are there until the transaction ends; held in one order and before the walk's row,
    as everywhere, so that reviewers and phones never wait for somebody who waits for them."""
    wanted = select(Observation.id).where(col(Observation.id).in_(list(note_ids))).order_by(col(Observation.id))
    tx.exec(wanted.with_for_update(read=True, key_share=True)).all()


def _open(tx: Session, walk: Walk) -> Walk:
    """The walk, held, so that two who make measures at once get two numbers. Raises walk-archived (410)."""
    held = tx.get_one(Walk, walk.id, with_for_update=True)
    if held.state == "archived":
        raise Problem("walk-archived")
    return held


def _note(tx: Session, measure: Measure, changes: dict[str, Any], by: By) -> None:
    tx.add(
        MeasureStep(
            id=new_id(), measure_id=measure.id, at=now(), user_id=by.user_id, link_id=by.link_id, changes=changes
        )
    )
    tx.flush()


def _date(measure: Measure, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """When it was answered, and when it was done."""
    if after["answer"] != before.get("answer", ""):
        measure.answered_at = now() if after["answer"] else None
    if (after["status"] == "done") != (before.get("status") == "done"):
        measure.done_at = now() if after["status"] == "done" else None


def readable(tx: Session, walk: Walk, note_ids: Sequence[str], sees: Any) -> list[Observation]:
    """Those of the notes that exist, belong to the walk and are for who asks (`sees`), in the order they were made."""
    wanted = [one for one in dict.fromkeys(note_ids) if len(one) == 36 and clean(one) == one][:MOST_NOTES]
    rows = tx.exec(select(Observation).where(col(Observation.id).in_(wanted), Observation.walk_id == walk.id)).all()
    return sorted((row for row in rows if sees(row)), key=lambda row: (row.captured_utc, row.id))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
