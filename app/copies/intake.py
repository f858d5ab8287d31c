"""Takes a phone's copy into its walk, as if the phone had sent it.

Hides the order: who, then each note's words, then each photo. Promises the same as the wire, because the same functions
do it: twice is once, before or after the phone itself is once, and what one note or photo lacks keeps no other out.
Promises too that a copy never speaks for a participant whose secret it does not know. Each note and each photo is
committed by itself, so a take-in that was broken off is simply done again.
"""

import hmac
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.copies import Unusable
from app.copies.phone_copy import PhoneCopy
from app.db import Database
from app.models import Participant, Photo, Revision, Walk
from app.photos import arrival
from app.photos.vault import Digest, Vault
from app.privacy import trail
from app.problems import Problem, TryAgain
from app.sync import ingest
from app.sync.body import as_model
from app.sync.protocol import HeldIn, ObservationIn


@dataclass
class Intake:
    """What became of a copy. `notes` and `photos` count `new`, `known`, `refused` and, of photos, `missing`: named by a
    note, and neither in the file nor here. `refusals`: a sentence for each that was refused."""

    walk: Walk
    notes: Counter[str] = field(default_factory=Counter)
    photos: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)


def take_in(db: Database, vault: Vault, copy: PhoneCopy, photo_bytes: int) -> Intake:
    """Put the copy's notes and photos into their walk; `photo_bytes`: the largest photo taken in.

    Raises Unusable where the copy is for nobody here; TryAgain, and then some of it may be in."""
    who, walk = _author(db, copy)
    done = Intake(walk)
    declared: dict[str, str] = {}
    for number, given in enumerate(copy.head.observations, 1):
        declared |= _note(db, copy, who, given, number, done)
    for photo_id in declared:
        if photo_id not in copy.photo_ids:
            done.photos["known" if _is_here(db, photo_id) else "missing"] += 1
    for photo_id in sorted(copy.photo_ids):
        _photo(db, vault, copy, who, declared.get(photo_id), photo_id, photo_bytes, done)
    notes, photos = done.notes["new"], done.photos["new"]
    with db.write() as tx:
        trail.record(tx, "command", "imported", walk=walk, about="file:copy", notes=notes, photos=photos)
    return done


def _author(db: Database, copy: PhoneCopy) -> tuple[Participant, Walk]:
    """The participant who made the notes, added where a restored backup does not know them."""
    told, walk_id = copy.head.participant, copy.head.walk.id
    with db.write() as tx:
        walk = tx.get(Walk, walk_id)
        if walk is None:
            raise Unusable(f"The copy belongs to a walk that is not here: {copy.head.walk.title or walk_id}.")
        if walk.state == "archived":
            raise Unusable(f"The walk has been emptied, and takes nothing in any more: {walk.title}.")
        row = Participant(id=told.id, walk_id=walk_id, secret_hash=told.secret_sha256, role=told.role, name=told.name,
                          team=told.team, language=told.language)  # fmt: skip
        ingest.insert_once(tx, row)
        who = tx.get_one(Participant, told.id)
        if who.walk_id != walk_id or not hmac.compare_digest(who.secret_hash, told.secret_sha256):
            raise Unusable("The copy says it is from a participant who is known here with another secret: refused.")
        return who, walk


def _note(
    db: Database, copy: PhoneCopy, who: Participant, given: dict[str, Any], number: int, done: Intake
) -> dict[str, str]:
    """Keep one note; the photos it names that should be here or in the file, each with the note's id."""
    try:
        note_id, sent = as_model(HeldIn, given).id, as_model(ObservationIn, given)
        with db.write() as tx:
            known = tx.get(Revision, (note_id, sent.rev)) is not None
            kept = ingest.keep(tx, who, note_id, sent)
    except TryAgain:
        raise
    except Problem as problem:
        done.notes["refused"] += 1
        done.refusals.append(f"note {str(given.get('id', number))[:36]}: {_why(problem)}")
        return {}
    if kept.clash:
        done.notes["refused"] += 1
        done.refusals.append(f"note {note_id}: another text was saved first under this revision; both are kept.")
    else:
        done.notes["known" if known else "new"] += 1
    named = [*(photo.id for photo in sent.photos), *(sound.id for sound in sent.recordings)]
    return {one: note_id for one in named if not sent.deleted or one in copy.photo_ids}


def _is_here(db: Database, photo_id: str) -> bool:
    with db.read() as tx:
        photo = tx.get(Photo, photo_id)
    return photo is not None and photo.state != "expected"


def _photo(
    db: Database, vault: Vault, copy: PhoneCopy, who: Participant, note_id: str | None, photo_id: str, limit: int,
    done: Intake,
) -> None:  # fmt: skip
    try:
        if note_id is None:
            raise Problem("photo-undeclared", "No note in the file names it.")
        if copy.size(photo_id) > limit:
            raise arrival.too_large(limit)
        with db.read() as tx:
            is_here = arrival.admitted(tx, who, note_id, photo_id, sound=None)
        arriving = Digest() if is_here else vault.arrive()
        try:
            for piece in copy.photo(photo_id):
                arriving.write(piece)
            _row, is_new = arrival.keep(db, vault, photo_id, arriving)
        finally:
            arriving.close()
        done.photos["new" if is_new else "known"] += 1
    except TryAgain:
        raise
    except (Problem, Unusable) as refusal:
        done.photos["refused"] += 1
        done.refusals.append(f"photo {photo_id}: {_why(refusal)}")


def _why(refusal: Problem | Unusable) -> str:
    if isinstance(refusal, Unusable):
        return str(refusal)
    said = str(refusal.body()["detail"])
    return f"{refusal.more['errors'][0]['field']}: {said}" if "errors" in refusal.more else said
