"""What has changed in a walk since a reader last looked, and voices of agreement.

Hides visibility: what a reader may not see, or may no longer see, is a tombstone. Promises that following `next` until
`more` is false gives every change, whatever is written meanwhile, because numbers are handed out in commit order and one
page is read from one snapshot. Never a name.
"""

from typing import Any

from sqlmodel import Session, case, col, func, or_, select

from app.access.guards import walker_sees
from app.access.notes import shown
from app.db import next_seq
from app.models import Agreement, Observation, Participant, Photo, Walk
from app.problems import Problem
from app.sync.ingest import insert_once
from app.sync.protocol import (
    AgreementOut,
    Change,
    Changes,
    Gone,
    HeldIn,
    KnownIn,
    KnownOut,
    Missing,
    PhotoOut,
    WalkChange,
)


def since(tx: Session, who: Participant, walk: Walk, for_phone: dict[str, Any], after: int, limit: int) -> Changes:
    """The changes after `after`, oldest first, `limit` at most. `for_phone`: the walk as phones read it.

    Raises cursor-ahead (409) where `after` was never handed out: a backup was restored."""
    if after > walk.seq:
        raise Problem("cursor-ahead")
    wanted = select(Observation).where(Observation.walk_id == walk.id, Observation.seq > after)
    rows = list(tx.exec(wanted.order_by(col(Observation.seq)).limit(limit + 1)).all())
    found: list[Change | Gone | WalkChange] = _as_changes(tx, who, walk, rows)  # type: ignore[assignment]
    if walk.changed_seq > after:
        found.append(WalkChange(walk=for_phone, seq=walk.changed_seq))
        found.sort(key=lambda change: change.seq)
    page = found[:limit]
    return Changes(changes=page, next=page[-1].seq if page else after, more=len(found) > limit)


def agree(tx: Session, who: Participant, observation_id: str, agrees: bool) -> AgreementOut:
    """Give or take back a participant's voice. Raises own-observation (403), observation-unknown (404)."""
    # The row is held, so that an edit of the note and a voice for it never overwrite each other's seq.
    held = tx.get(Observation, observation_id, with_for_update=True)
    if held is None or held.deleted or not walker_sees(who, held, tx.get_one(Walk, held.walk_id)):
        raise Problem("observation-unknown")
    if held.participant_id == who.id:
        raise Problem("own-observation")
    voice = Agreement(observation_id=held.id, participant_id=who.id, agrees=agrees)
    given = tx.get(Agreement, (held.id, who.id))
    changed = given.agrees != agrees if given else insert_once(tx, voice) and agrees
    if given:
        given.agrees = agrees
    if changed:
        held.seq = next_seq(tx, held.walk_id)
    tx.flush()
    return AgreementOut(id=held.id, agrees=agrees, agreements=_agreements(tx, [held.id]).get(held.id, 0))


def missing(tx: Session, who: Participant, asked: KnownIn) -> KnownOut:
    """What of a phone's own records the server does not hold, and what it holds but cannot read; other people's are missing too."""
    ids = [held.id for held in asked.observations]
    mine = select(Observation.id, Observation.rev).where(
        col(Observation.id).in_(ids), Observation.participant_id == who.id
    )
    revs = dict(tx.exec(mine).all())
    state = case((col(Photo.erased_at).is_not(None), "erased"), else_=col(Photo.state))
    arrived = select(Photo.id, state).join(Observation, col(Observation.id) == col(Photo.observation_id)).where(
        col(Photo.id).in_([*asked.photos, *asked.recordings]), Observation.participant_id == who.id,
        or_(Photo.state != "expected", col(Photo.erased_at).is_not(None)),
    )  # fmt: skip
    here = dict(tx.exec(arrived).all())
    lacking = {"photos": [one for one in asked.photos if one not in here]}
    if asked.recordings:
        lacking["recordings"] = [one for one in asked.recordings if one not in here]
    notes = [HeldIn(id=held.id, rev=held.rev) for held in asked.observations if revs.get(held.id, 0) < held.rev]
    files = [*asked.photos, *asked.recordings]
    become = {said: [one for one in files if here.get(one) == said] for said in ("unreadable", "stored")}
    told = {said: ones for said, ones in become.items() if ones and asked.states}
    return KnownOut(missing=Missing(observations=notes, **lacking), **told)


def _as_changes(tx: Session, who: Participant, walk: Walk, rows: list[Observation]) -> list[Change | Gone]:
    voices, own = _agreements(tx, [row.id for row in rows]), _own_voices(tx, who, [row.id for row in rows])
    ids = [photo_id for row in rows for photo_id in row.photo_ids]
    found = tx.exec(select(Photo.id, Photo.state, Photo.review).where(col(Photo.id).in_(ids))).all() if ids else []
    states = {photo_id: (state, review) for photo_id, state, review in found}
    return [
        Gone(id=row.id, seq=row.seq)
        if row.deleted or not walker_sees(who, row, walk)
        else _as_change(who, row, states, voices.get(row.id, 0), row.id in own)
        for row in rows
    ]


def _as_change(
    who: Participant, row: Observation, states: dict[str, tuple[str, str]], agreements: int, agreed: bool
) -> Change:
    """The author's own words and photos to the author; what a reviewer has put in their place, to all others."""
    mine = row.participant_id == who.id
    said = row if mine else shown(row)
    kept = ("id", "seq", "rev", "captured_at", "valence", "feeling")
    photos = [(photo_id, *states[photo_id]) for photo_id in row.photo_ids]
    return Change(
        **{name: getattr(row, name) for name in kept},
        **{name: getattr(said, name) for name in ("factors", "note", "suggestion", "fix", "pin", "stop_id")},
        photos=[PhotoOut(id=photo_id, state=state) for photo_id, state, review in photos  # type: ignore[arg-type]
                if mine or review != "refused"],
        agreements=agreements,
        mine=mine,
        agreed=agreed,
    )  # fmt: skip


def _own_voices(tx: Session, who: Participant, ids: list[str]) -> set[str]:
    given = select(Agreement.observation_id).where(
        col(Agreement.observation_id).in_(ids), Agreement.participant_id == who.id, col(Agreement.agrees).is_(True)
    )
    return set(tx.exec(given).all())


def _agreements(tx: Session, ids: list[str]) -> dict[str, int]:
    if not ids:
        return {}
    counted = select(Agreement.observation_id, func.count()).where(
        col(Agreement.observation_id).in_(ids), col(Agreement.agrees).is_(True)
    )
    return dict(tx.exec(counted.group_by(col(Agreement.observation_id))).all())
