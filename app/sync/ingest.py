"""A walker's words come in here and are never lost: the one place where observations are written.

Hides revisions, history, late and clashing copies, flags and photo declarations behind `keep()`. Promises that the same
words sent twice, k times at once, late or in another order leave one record and one receipt, by unique keys and one lock
on the participant, who alone writes their notes. Never decides what a coordinator may: that is another record.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select

from app.access import guards, phones
from app.db import next_seq
from app.i18n import gettext as _
from app.models import Observation, Participant, Photo, Revision, Stop, Track, Variant, Walk, now
from app.problems import Problem, invalid
from app.sync.protocol import ObservationIn, PhotoOut, Receipt, RecordingOut, instant, utc
from app.taxonomy import factors as known_factors

CLOCK_AHEAD = timedelta(hours=24)  # a phone's clock further ahead than this is flagged; the contract's number


@dataclass(frozen=True)
class Kept:
    """`created`: nothing was held under this id before. `clash`: this revision was held with other content."""

    receipt: Receipt
    created: bool = False
    clash: bool = False


def insert_once(tx: Session, row: SQLModel) -> bool:
    """Insert `row` unless its key is there already; whether it was inserted. Two at once: one wins, none fails."""
    columns = type(row).__table__.columns  # type: ignore[attr-defined]
    return _insert(tx.connection(), type(row), {column.name: getattr(row, column.name) for column in columns})


def _insert(db: Connection, model: type[SQLModel], values: dict[str, Any]) -> bool:
    """The same without an object; what `values` do not name is as the model has it without saying."""
    insert, rest = _inserting(model, db.dialect.name)
    return db.execute(insert, rest | values).first() is not None  # what the drivers count is not to be relied on


@cache
def _inserting(model: type[SQLModel], dialect: str) -> tuple[Any, dict[str, Any]]:
    # Made once for each table: making it is most of what an insert costs.
    table = model.__table__  # type: ignore[attr-defined]
    made = (sqlite if dialect == "sqlite" else postgresql).insert(table).on_conflict_do_nothing()
    rest = {name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()
            if not field.is_required()}  # fmt: skip
    return made.returning(*table.primary_key.columns), rest


# What every note asks, without the rows' objects: a walk's holds its route, and this runs for each note of each phone.
_IS_HELD = select(Observation.id).where(Observation.id == bindparam("of"))
_WALK = select(Walk.id, Walk.state, Walk.closed_at).where(Walk.id == bindparam("of"))


def keep(tx: Session, who: Participant | Row[Any], observation_id: str, sent: ObservationIn) -> Kept:
    """Keep `sent` as a revision of the observation. `who`: as phones.held() gave it in this transaction, or a participant, who is
    held then. Raises Problem (403, 410, 422); a clash is told, not raised, because the other content is kept too and must be
    committed."""
    tx.flush()
    db, at = tx.connection(), now()
    me = phones.held_again(tx, who.id) if isinstance(who, Participant) else who  # a phone's requests go one by one
    is_held = db.execute(_IS_HELD, {"of": observation_id}).first() is not None
    # Its row before the walk's row, everywhere: no deadlock.
    held = tx.get(Observation, observation_id, with_for_update=True) if is_held else None
    may_write(me, held, sent.walk_id, _("A note stays in the walk it was made in."))
    walk = db.execute(_WALK, {"of": me.walk_id}).one()
    if walk.state == "archived":
        raise Problem("walk-archived")
    if held and (earlier := _already(tx, held, sent, at)):
        return earlier
    flags, content, digest = _flags(tx, walk, sent, at), sent.content, sent.digest
    said = {"observation_id": observation_id, "rev": sent.rev, "digest": digest, "content": content, "received_at": at,
            "flags": flags}  # fmt: skip
    if held and sent.rev < held.rev:  # late and never held: history only, what is shown does not change
        _insert(db, Revision, said | {"seq": held.seq})
        _declare(tx, observation_id, sent, _replaced(tx, observation_id))
        return Kept(receipt(tx, held.id, held.rev))
    seq = next_seq(tx, walk.id)
    shown = _shown(tx, sent, content, at, flags) | {"seq": seq}
    if held is None:
        row = {"id": observation_id, "walk_id": walk.id, "participant_id": me.id, "first_received_at": at}
        if not _insert(db, Observation, row | shown):  # another participant minted the same id in this very moment
            raise Problem("not-yours")
    else:
        for name, value in shown.items():
            setattr(held, name, value)
        tx.flush()
    _insert(db, Revision, said | {"seq": seq})
    _declare(tx, observation_id, sent)
    given = Receipt(id=observation_id, rev=sent.rev, seq=seq, received_at=utc(at), flags=flags, **_coming(tx, content))
    return Kept(given, created=held is None)


def receipt(tx: Session, observation_id: str, rev: int) -> Receipt:
    """The receipt of a revision that is held, with its photos' states as of now."""
    revision = tx.get_one(Revision, (observation_id, rev))
    return Receipt(
        id=observation_id,
        rev=rev,
        seq=revision.seq,
        received_at=utc(revision.received_at),
        flags=revision.flags,
        **_coming(tx, revision.content),
    )


def _coming(tx: Session, content: dict[str, Any]) -> dict[str, Any]:
    """The photos that a revision declares, and its recordings where it has some, in the same order, with their states as of now."""
    photos, recordings = ([one["id"] for one in content.get(kind, ())] for kind in ("photos", "recordings"))
    if not photos and not recordings:
        return {"photos": []}
    rows = tx.exec(select(Photo.id, Photo.state).where(col(Photo.id).in_([*photos, *recordings])))
    states = dict(rows.all())
    told: dict[str, Any] = {"photos": [PhotoOut(id=one, state=states[one]) for one in photos]}  # type: ignore[arg-type]
    if recordings:
        told["recordings"] = [
            RecordingOut(id=one, state="expected" if states[one] == "expected" else "stored") for one in recordings
        ]
    return told


def may_write(me: Participant | Row[Any], held: Observation | Track | None, walk_id: str, stays: str) -> None:
    """Raises not-yours (403) where `held` is another's, or a new one is for a walk that was not joined; invalid (422), in the
    words `stays`, where it would move to another walk; erased (410)."""
    if held is None:
        guards.walks_with(me, walk_id)
    elif held.participant_id != me.id:
        raise Problem("not-yours")
    elif held.walk_id != walk_id:
        raise invalid(("walk_id", stays))
    if me.erased_at or (isinstance(held, Observation) and held.erased_at):
        raise erased()


def erased() -> Problem:
    """What was erased does not come back, however often a phone sends it."""
    return Problem("erased", _("This has been erased here, and it stays so. Nothing of it was taken in."))


def _already(tx: Session, held: Observation, sent: ObservationIn, at: datetime) -> Kept | None:
    """The answer where this revision number is held already, else None."""
    same = tx.get(Revision, (held.id, sent.rev))
    if same is None:
        return None
    if same.digest != sent.digest:
        insert_once(tx, Variant(observation_id=held.id, rev=sent.rev, digest=sent.digest, content=sent.content,
                                received_at=at))  # fmt: skip
        return Kept(receipt(tx, held.id, held.rev), clash=sent.rev == held.rev)
    return Kept(receipt(tx, held.id, held.rev))


def _flags(tx: Session, walk: Row[Any], sent: ObservationIn, at: datetime) -> list[str]:
    """What a human should look at, judged at arrival."""
    captured = instant(sent.captured_at)
    stop = tx.get(Stop, sent.stop_id) if sent.stop_id else None
    stop_known = stop is not None and stop.walk_id == walk.id
    placed = bool(sent.fix or sent.pin) or stop_known
    closed = walk.state in {"closed", "published"}
    judged = {
        "late": closed,
        "after-close": closed and walk.closed_at is not None and captured > walk.closed_at,
        "clock-skew": captured > at + CLOCK_AHEAD,
        "unknown-factor": any(key not in known_factors() for key in sent.factors),
        "needs-place": not placed or (sent.stop_id is not None and not stop_known),
    }
    return [flag for flag, is_so in judged.items() if is_so]


def _declare(tx: Session, observation_id: str, sent: ObservationIn, replaced: Collection[str] = ()) -> None:
    """Note which photos and recordings will come; those `replaced` will not. Raises invalid (422) where an id is taken, twice in the
    lists, or has other bytes."""
    seen: set[str] = set()
    for number, photo in enumerate(sent.photos):
        insert_once(tx, Photo(id=photo.id, observation_id=observation_id, sha256=photo.sha256, bytes=photo.bytes,
                              type=photo.type, replaces=photo.replaces,
                              erased_at=now() if photo.id in replaced else None))  # fmt: skip
        kept = tx.get_one(Photo, photo.id)
        others = kept.observation_id != observation_id or kept.sha256 != photo.sha256 or kept.seconds is not None
        if others or photo.id in seen:
            raise invalid((f"photos.{number}", _("This photo belongs to another note, or is listed twice.")))
        seen.add(photo.id)
    for number, sound in enumerate(sent.recordings):
        insert_once(tx, Photo(id=sound.id, observation_id=observation_id, sha256=sound.sha256, bytes=sound.bytes,
                              type=sound.type, seconds=sound.seconds))  # fmt: skip
        kept = tx.get_one(Photo, sound.id)
        others = kept.observation_id != observation_id or kept.sha256 != sound.sha256 or kept.seconds is None
        if others or sound.id in seen:
            raise invalid((f"recordings.{number}", _("This recording belongs to another note, or is listed twice.")))
        seen.add(sound.id)


def _replaced(tx: Session, observation_id: str) -> set[str]:
    """Photos of the note whose blurred ones are here already."""
    here = select(Photo.replaces).where(Photo.observation_id == observation_id, Photo.state != "expected")
    return {earlier for replaces in tx.exec(here).all() for earlier in replaces}


def _shown(tx: Session, sent: ObservationIn, content: dict[str, Any], at: datetime, flags: list[str]) -> dict[str, Any]:
    declared, erased = [photo.id for photo in sent.photos], set[str]()
    if declared:
        gone = select(Photo.id).where(col(Photo.id).in_(declared), col(Photo.erased_at).is_not(None))
        erased.update(tx.exec(gone).all())
    kept = ("deleted", "captured_at", "valence", "feeling", "factors", "note", "suggestion", "fix", "pin", "stop_id")
    return {
        **{name: content[name] for name in kept},
        "captured_utc": instant(sent.captured_at),
        "photo_ids": [photo_id for photo_id in declared if photo_id not in erased],
        "recording_ids": [
            sound.id for sound in sent.recordings
        ],  # also erased ones: what was written down of them stays
        "rev": sent.rev,
        "received_at": at,
        "flags": flags,
    }
