"""`tryg erase-again`: what had been erased since a backup, erased once more after that backup was put back.

Hides that only a newer backup knows it: its receipts, which hold ids and nothing that was erased. Promises that each is taken up
once, in one transaction with what it names, however often it is called; that nothing else goes; and that a receipt which names
what no id can bring back (words struck out of a text, somebody who signed in) is told of. Never erases by rule: that is retention's.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlmodel import Session, col, delete, select, update

from app.copies.folder import read_manifest, read_sums
from app.copies.restore import up_to_date
from app.db import Database
from app.models import Erasure, Mark, Observation, Participant, Photo, Team, Track, Walk
from app.photos.vault import Vault
from app.privacy import erasing, trail
from app.settings import Settings

BY_HAND = {"words", "user"}  # kinds of which a receipt's ids do not say what it was


@dataclass
class Again:
    """`receipts`: how many were taken up; `erased`: how many of which kind; `by_hand`: ids of the receipts of which something is left."""

    receipts: int = 0
    erased: Counter[str] = field(default_factory=Counter)
    by_hand: list[str] = field(default_factory=list)


def erase_again(db: Database, vault: Vault, settings: Settings, folder: Path) -> Again:
    """Whatever people had erased, as the backup in `folder` has it and this installation does not.

    Raises Unusable where the backup is broken or newer; CannotMigrate, TryAgain, OSError: then it is run again."""
    read_manifest(folder)
    told = Again()
    with TemporaryDirectory(prefix="again-", dir=settings.data) as aside:
        copied = Database(up_to_date(folder, read_sums(folder), settings, Path(aside)))
        try:
            with copied.read() as tx:
                wanted = select(Erasure).where(Erasure.kind != "rule").order_by(col(Erasure.at), col(Erasure.id))
                receipts = [Erasure(**one.model_dump()) for one in tx.exec(wanted).all()]
        finally:
            copied.close()
    for receipt in receipts:
        gone = erasing.Gone()
        with db.write() as tx:
            if tx.get(Erasure, receipt.id) is not None:
                continue
            _taken_up(tx, Erasure(**receipt.model_dump()), gone)
        erasing.forget(db, vault, settings, gone)
        told.receipts += 1
        told.erased += +gone.counts
        left = BY_HAND | ({"agreement"} if receipt.kind == "person" else set())  # a phone's own go with the phone
        if left & _ids(receipt).keys():
            told.by_hand.append(receipt.id)
    return told


def _taken_up(tx: Session, receipt: Erasure, gone: erasing.Gone) -> None:
    """In the order of locks: participants, photos, notes. What is not here, of a walk that is newer than this, is no matter."""
    ids = _ids(receipt)
    kind, _colon, who = receipt.who.partition(":")
    phone = tx.get(Participant, who) if receipt.kind == "own" and kind == "participant" else None
    if phone:
        erasing.participant(tx, phone, gone)
    for walk_id in tx.exec(select(Observation.walk_id).where(col(Observation.id).in_(ids["note"])).distinct()).all():
        here = select(Observation.id).where(col(Observation.id).in_(ids["note"]), Observation.walk_id == walk_id)
        erasing.notes(tx, tx.get_one(Walk, walk_id), list(tx.exec(here).all()), gone)
    photos = list(tx.exec(select(Photo.id).where(col(Photo.id).in_(ids["photo"]))).all())
    erasing.tell(tx, erasing.held(tx, erasing.photos(photos, tx, gone)))
    erasing.tracks(tx, list(tx.exec(select(Track.id).where(col(Track.id).in_(ids["track"]))).all()), gone)
    tx.exec(update(Participant).where(col(Participant.id).in_(ids["name"])).values(name=None))
    tx.exec(update(Team).where(col(Team.id).in_(ids["team"])).values(duties={}))
    tx.exec(delete(Mark).where(col(Mark.id).in_(ids["mark"])))
    tx.add(receipt)
    trail.record(
        tx, "command", "erased", walk_id=receipt.walk_id, organisation_id=receipt.organisation_id,
        about=f"receipt:{receipt.id}", **dict[str, Any](+gone.counts),
    )  # fmt: skip


def _ids(receipt: Erasure) -> defaultdict[str, list[str]]:
    """What a receipt names, by kind."""
    found = defaultdict[str, list[str]](list)
    for named in receipt.erased.get("ids", []):
        kind, _colon, one = named.partition(":")
        found[kind].append(one)
    return found
