"""Joining a walk by its code, without an account: the phone mints its id and its secret, we keep the secret's hash.

Hides the limits on guessing. Promises that a repeat is harmless, that a phone with the right secret always gets its walk
back, and that neither the answer nor its time tells an unknown code from an archived one.
"""

import hmac
from typing import Any

from sqlmodel import Session

from app.access import limits
from app.access.guards import count_try, not_guessing, secret_hash
from app.db import Database, tell
from app.models import Participant, Walk, now
from app.problems import Problem
from app.settings import Settings
from app.sync.ingest import erased, insert_once
from app.sync.protocol import JoinIn, Outbox
from app.walks.walks import find_by_code


def join(db: Database, participant_id: str, sent: JoinIn, address: str, settings: Settings) -> tuple[Walk, bool]:
    """The walk, and whether the participant is new. `address`: where the call came from.

    Raises Problem: participant-taken (409), too-many-attempts (429), walk-not-found (404), walk-closed (409)."""
    with db.write() as tx:
        known = tx.get(Participant, participant_id)
        if known:
            return _come_back(tx, known, sent), False
        if settings.rate_limits == "on":
            not_guessing(tx, "join", address)
        walk = find_by_code(tx, sent.code)
        if walk and walk.state in {"closed", "published"}:
            raise Problem("walk-closed")
        if walk and walk.state != "archived":
            limits.may_join(tx, walk.id, address, settings)
            row = Participant(id=participant_id, walk_id=walk.id, secret_hash=secret_hash(sent.secret), **_told(sent))
            if insert_once(tx, row):
                tell(tx, walk.id)
                return walk, True
            return _come_back(tx, tx.get_one(Participant, participant_id), sent), False
        count_try(tx, "join", address)
    raise Problem("walk-not-found")


def waits(tx: Session, who: Participant, said: Outbox) -> None:
    """Keep what the phone says it still holds, for whoever waits for it."""
    me = tx.get_one(Participant, who.id, with_for_update=True)
    me.waiting_notes, me.waiting_photos, me.heard_at = said.notes, said.photos, now()


def _come_back(tx: Session, known: Participant, sent: JoinIn) -> Walk:
    walk = tx.get_one(Walk, known.walk_id)
    same_secret = hmac.compare_digest(secret_hash(sent.secret), known.secret_hash)
    # Any other code is refused alike: who takes part in one walk must not try out codes of others here.
    by_code = find_by_code(tx, sent.code)
    if not same_secret or by_code is None or by_code.id != walk.id:
        raise Problem("participant-taken")
    if walk.state == "archived":
        raise Problem("walk-archived")
    if known.erased_at:
        raise erased()
    for name, value in _told(sent).items():
        if name != "name" or walk.closed_at is None:  # names are erased after the walk, and do not come back
            setattr(known, name, value)
    known.heard_at = now()
    return walk


def _told(sent: JoinIn) -> dict[str, Any]:
    return sent.model_dump(include={"role", "name", "team", "language"})
