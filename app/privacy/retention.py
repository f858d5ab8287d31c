"""What is no longer needed is erased: by `tryg retention run`, and every day by the server itself.

Hides the steps of a run. Promises that each step is whole or not at all, and that a run which is cut off is
finished by the next one; that however many servers share a database, one of them does it; that a dry run changes nothing; and
that what was erased is told by a receipt for each walk (Erasure), in numbers and ids. The rules are in app/privacy/keeping.py.
"""

import logging
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from app.db import Database, may_rest
from app.models import (
    Erasure,
    FailedTry,
    Invitation,
    Mark,
    ReadingKey,
    Sent,
    SignIn,
    Takedown,
    UserSession,
    Walk,
    now,
)
from app.photos.vault import Vault
from app.privacy import erasing, keeping, receipts, trail
from app.privacy.due import Due, due, some
from app.problems import TryAgain
from app.settings import Settings
from app.walks import walks

log = logging.getLogger("tryg")

REST_S = 3600  # while the store is asked of each photo; nobody waits for a row then
ALONE = 20_261  # this work's number among those that one server does for all
AT_ONCE = 100  # notes, photos and so on in one transaction: phones wait that long at most
TASK = "retention"
FIRST_S = 60.0  # after the start, which it must not hold up
BELIEVED_S = 3600.0  # a clock that is off by more may be off by years, and all would be due
SERVER = "server"


class Keeper:
    """Erases what is due, once a day. A clock that has jumped, by a mistake or by a repair, makes everything due at once or
    nothing: it is told in the log, and not believed that day."""

    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self._db, self._vault, self._settings = db, vault, settings
        self._ahead = self._ahead_s() if db.sqlite else 0.0

    def daily(self, stopping: threading.Event) -> None:
        """Raises TryAgain, OSError."""
        ahead = self._ahead_s()
        off, self._ahead = ahead - self._ahead, ahead if self._db.sqlite else 0.0
        if abs(off) > BELIEVED_S:
            log.error(
                "nothing is erased just now: this machine's clock is off by %.1f hours, or has been set", off / 3600
            )
            if self._db.sqlite:
                return  # until tomorrow, when it is what the clock says
            raise TryAgain()  # another server may know better
        run(self._db, self._vault, self._settings, stopping=stopping)

    def _ahead_s(self) -> float:
        """Ahead of what nobody can set: the database's clock, or where that is on this machine, the time since its start."""
        if self._db.sqlite:
            return now().timestamp() - time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
        with self._db.read() as tx:
            there: datetime = tx.connection().execute(text("SELECT now()")).scalar_one()
        return (now() - there).total_seconds()


def run(
    db: Database, vault: Vault, settings: Settings, *, dry: bool = False, who: str = SERVER,
    stopping: threading.Event | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Erase what is due, or (`dry`) only say what would be. `walks`: what of each; `over`: rows of what is over; `busy`: whether
    another server is at it, and nothing was done. Raises TryAgain, OSError: the next run goes on from there."""
    told: dict[str, Any] = {"dry_run": dry, "busy": False, "walks": [], "over": {}, "log": 0, "swept": 0}
    with db.alone(ALONE) as free:
        if not free:
            return told | {"busy": True}
        with db.read() as tx:
            every = [(walk.id, walk.code) for walk, _organisation in keeping.walks(tx)]
        for walk_id, code in every:
            if stopping is not None and stopping.is_set():
                break
            counts = look(db, vault, walk_id) if dry else one_walk(db, vault, settings, walk_id, who)
            if counts:
                told["walks"].append({"walk_id": walk_id, "code": walks.shown(code), "erased": counts})
        told["over"], told["log"] = over(db, dry=dry), trail.cut(db, dry=dry)
        if not dry:
            told["swept"] = erasing.sweep(db, vault)
            db.settle()
    log.info("erased what was due: %s walks, %s files of erased photos were left", len(told["walks"]), told["swept"])
    return told


def look(db: Database, vault: Vault, walk_id: str) -> dict[str, int]:
    """How much of the walk is due now."""
    with db.read() as tx:
        may_rest(tx, REST_S)
        return _due(tx, vault, tx.get_one(Walk, walk_id)).counts


def one_walk(db: Database, vault: Vault, settings: Settings, walk_id: str, who: str) -> dict[str, int]:
    """Erase what of the walk is due; how much that was. One receipt, which grows with each step."""
    all_gone, receipt_id = erasing.Gone(), ""
    while look(db, vault, walk_id):
        gone = erasing.Gone()
        with db.write() as tx:
            may_rest(tx, REST_S)
            walk = tx.get_one(Walk, walk_id)
            part = some(_due(tx, vault, walk), AT_ONCE)
            _erase(tx, walk, part, gone)
            if not gone:  # somebody else was quicker
                break
            all_gone.counts += gone.counts
            all_gone.ids += gone.ids
            made = all_gone.receipt("rule", who, walk)
            receipt_id = receipt_id or made.id
            held = tx.get(Erasure, receipt_id)
            if held is None:
                made.id = receipt_id
                receipts.keep(tx, made)
            else:
                held.erased = made.erased
        for photo_id in part.unblurred:
            vault.erase_unblurred(photo_id)
        erasing.forget(db, vault, settings, gone)
    return dict(all_gone.counts)


def _due(tx: Session, vault: Vault, walk: Walk) -> Due:
    return due(tx, vault, walk, keeping.of(keeping.organisation_of(tx, walk)), now())


def _erase(tx: Session, walk: Walk, part: Due, gone: erasing.Gone) -> None:
    """This part of what is due, in one transaction."""
    if part.notes:
        erasing.notes(tx, walk, part.notes, gone)
    owners = erasing.photos(part.photos, tx, gone)
    if owners:
        erasing.tell(tx, erasing.held(tx, owners))
    if part.names:
        erasing.names(tx, walk.id, gone)
    if part.tracks:
        erasing.tracks(tx, part.tracks, gone)
        walks.ask_for_tracks(tx, walk, False)  # else a phone that still has one would bring it back
    tx.exec(delete(Mark).where(col(Mark.id).in_(part.marks)))
    gone.add("mark", part.marks)
    for asked in tx.exec(select(Takedown).where(col(Takedown.id).in_(part.takedowns))).all():
        asked.text = asked.contact = ""
    gone.add("takedown", part.takedowns)
    gone.add("unblurred", part.unblurred)
    if part.filed:
        walks.file_away(tx, walk)
        gone.add("filed", [walk.id])


def over(db: Database, *, dry: bool) -> dict[str, int]:
    """Rows of what is over in itself: sign-ins, tries, letters that went out; how many of each."""
    at = now()
    old: dict[str, datetime] = {name: at - timedelta(days=days) for name, days in keeping.OVER.items()}
    wanted = {
        UserSession: col(UserSession.expires_at) < old["session"],
        SignIn: col(SignIn.expires_at) < old["signin"],
        FailedTry: col(FailedTry.at) < old["failedtry"],
        ReadingKey: col(ReadingKey.revoked_at) < old["readingkey"],
        Sent: col(Sent.at) < old["sent"],
        Invitation: col(Invitation.accepted_at) < old["invitation"],
    }
    counts: dict[str, int] = {}
    with db.read() as tx:
        for table, condition in wanted.items():
            found = len(tx.exec(select(*table.__table__.primary_key.columns).where(condition)).all())  # type: ignore[attr-defined]
            if found:
                counts[table.__name__] = found
    if counts and not dry:
        with db.write() as tx:
            for table, condition in wanted.items():
                tx.exec(delete(table).where(condition))
    return counts
