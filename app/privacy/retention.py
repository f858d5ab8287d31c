"""What is no longer needed is erased: by `tryg retention run`, and every day by the server itself.

Hides the thread, and the steps of a run. Promises that each step is whole or not at all, and that a run which is cut off is
finished by the next one; that however many servers share a database, one of them does it; that a dry run changes nothing; and
that what was erased is told by a receipt for each walk (Erasure), in numbers and ids. The rules are in app/privacy/keeping.py.
"""

import logging
import threading
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from app.db import Database
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

ALONE = 20_261  # this work's number among those that one server does for all
AT_ONCE = 100  # notes, photos and so on in one transaction: phones wait that long at most
FIRST_S = 60.0  # after the start, which it must not hold up
EVERY_S = 24 * 3600.0
SERVER = "server"


class Keeper:
    """Erases what is due, from start() to stop()."""

    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self._db, self._vault, self._settings = db, vault, settings
        self._stopping = threading.Event()
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="keeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait = FIRST_S
        while not self._stopping.wait(wait):
            wait = EVERY_S
            try:
                run(self._db, self._vault, self._settings, stopping=self._stopping)
            except TryAgain:
                wait = FIRST_S  # the database is busy or its disk full
            except Exception:
                log.exception("erasing what is due was interrupted")


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
        return _due(tx, vault, tx.get_one(Walk, walk_id)).counts


def one_walk(db: Database, vault: Vault, settings: Settings, walk_id: str, who: str) -> dict[str, int]:
    """Erase what of the walk is due; how much that was. One receipt, which grows with each step."""
    all_gone, receipt_id = erasing.Gone(), ""
    while look(db, vault, walk_id):
        gone = erasing.Gone()
        with db.write() as tx:
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
