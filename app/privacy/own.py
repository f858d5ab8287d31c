"""What one phone has made: looked at, taken out and erased, by its own secret, after the walk too.

Hides the tables. Promises that what is taken out is everything which is held of it, as it was sent and as it is shown now, with
every photo and recording that is here; that erasing takes all of it, once, whatever the state of the walk; and that what was erased does not
come back. What others have written of it is not theirs: see app/privacy/quotes.py.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlmodel import Session, col, select
from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from app.access.notes import shown
from app.db import Database
from app.models import (
    Agreement,
    Edition,
    Erasure,
    Observation,
    Participant,
    Photo,
    Revision,
    Track,
    Variant,
    Walk,
)
from app.photos.vault import Vault, clean_of, original_of
from app.privacy import erasing, receipts
from app.settings import Settings
from app.sync.protocol import Erased, utc

FORMAT = "tryghedsvandring.own/1"
SENT = ("captured_at", "valence", "feeling", "factors", "note", "suggestion", "fix", "pin", "stop_id")
WAITING = {"waiting_notes", "waiting_photos"}  # what a phone says of itself


def held(tx: Session, who: Participant) -> dict[str, Any]:
    """Everything that is held of this phone, as JSON has it."""
    me, walk = tx.get_one(Participant, who.id), tx.get_one(Walk, who.walk_id)
    rows = tx.exec(
        select(Observation).where(Observation.participant_id == me.id).order_by(col(Observation.captured_utc))
    ).all()
    ids = [row.id for row in rows]
    photos, revisions, variants = _of(tx, Photo, ids), _of(tx, Revision, ids), _of(tx, Variant, ids)
    voices = tx.exec(select(Agreement).where(Agreement.participant_id == me.id)).all()
    tracks = tx.exec(select(Track).where(Track.participant_id == me.id)).all()
    return {
        "format": FORMAT,
        "participant": {
            "id": me.id, "role": me.role, "name": me.name, "team": me.team, "language": me.language,
            "joined_at": utc(me.joined_at), "heard_at": utc(me.heard_at), "erased_at": me.erased_at and utc(me.erased_at),
        },
        "walk": {"id": walk.id, "title": walk.title, "state": walk.state},
        "notes": [_note(row, photos.get(row.id, []), revisions.get(row.id, []), variants.get(row.id, [])) for row in rows],
        "tracks": [{"id": one.id, "team": one.team, "received_at": utc(one.received_at), "parts": one.parts} for one in tracks],
        "agreements": [{"id": one.observation_id, "agrees": one.agrees} for one in voices],
        "public": _public(tx, walk, set(ids)),
    }  # fmt: skip


def note(tx: Session, row: Observation) -> dict[str, Any]:
    """Everything that is held of one note."""
    photos, revisions, variants = (_of(tx, table, [row.id]).get(row.id, []) for table in (Photo, Revision, Variant))
    return _note(row, photos, revisions, variants)


def archive(db: Database, vault: Vault, who: Participant) -> Iterator[bytes]:
    """A ZIP: data.json, each photo as photos/<id>.jpg, as it is kept now, and each recording as recordings/<id>.…, as it came."""
    with db.write() as tx:
        told = held(tx, who)
        receipts.handed_out(tx, receipts.by_phone(who), f"participant:{who.id}", tx.get_one(Walk, who.walk_id))
        brought = [photo["id"] for note in told["notes"] for photo in (*note["photos"], *note["recordings"])]
        files = files_of(tx, brought)
    return zipped(told, "data.json", vault, files)


def files_of(tx: Session, photo_ids: list[str]) -> dict[str, tuple[str, str]]:
    """By its name in a ZIP, (its name in the vault, its id), for each of these photos and recordings that is here."""
    here = (
        select(Photo)
        .where(col(Photo.state).in_(("ready", "kept")), col(Photo.erased_at).is_(None))
        .order_by(col(Photo.id))
    )
    rows = [row for part in erasing.parts(photo_ids) for row in tx.exec(here.where(col(Photo.id).in_(part))).all()]
    return {
        (f"photos/{row.id}.jpg" if row.seconds is None else f"recordings/{row.id}.{row.type.rpartition('/')[2]}"):
        (clean_of(row.id, False) if row.seconds is None else original_of(row.id), row.id)
        for row in rows
    }  # fmt: skip


def zipped(told: dict[str, Any], name: str, vault: Vault, files: dict[str, tuple[str, str]]) -> Iterator[bytes]:
    """A ZIP with `told` as JSON and these files; one that cannot be read is named in missing.txt."""
    made, missing = ZipStream(compress_type=ZIP_STORED), list[str]()
    written = json.dumps(told, ensure_ascii=False, indent=1).encode()
    made.add(written, name, compress_type=ZIP_DEFLATED)
    yield from made.all_files()
    for path, (kept, photo_id) in files.items():
        pieces = vault.stream(kept)
        try:
            first = next(pieces, b"")
        except OSError:
            missing.append(photo_id)
            continue
        made.add(chain([first], pieces), path)
        yield from made.all_files()
    if missing:
        made.add("\n".join(missing).encode(), "missing.txt")
    yield from made.finalize()


def erase(db: Database, vault: Vault, settings: Settings, who: Participant) -> Erased:
    """Erase it all. What was erased; told once more where that was done already. Raises TryAgain."""
    gone = erasing.Gone()
    with db.write() as tx:
        before = tx.get_one(Participant, who.id).erased_at
        erasing.participant(tx, who, gone)
        me = tx.get_one(Participant, who.id)
        if before is None or gone:
            receipts.keep(tx, gone.receipt("own", receipts.by_phone(who), tx.get_one(Walk, who.walk_id)))
        assert me.erased_at is not None
        told = _told(utc(me.erased_at), _newest(tx, who))
    erasing.forget(db, vault, settings, gone)
    return told


def _newest(tx: Session, who: Participant) -> Erasure | None:
    mine = select(Erasure).where(Erasure.kind == "own", Erasure.who == receipts.by_phone(who))
    return tx.exec(mine.order_by(col(Erasure.at).desc())).first()


def _told(at: str, receipt: Erasure | None) -> Erased:
    counts = receipt.erased["counts"] if receipt else {}
    return Erased(
        erased_at=at, receipt=receipt.id if receipt else None, notes=counts.get("note", 0), photos=counts.get("photo", 0),
        tracks=counts.get("track", 0),
    )  # fmt: skip


def _of(tx: Session, table: Any, ids: list[str]) -> dict[str, list[Any]]:
    """The rows of the table that belong to these notes, by note."""
    found: dict[str, list[Any]] = {}
    for part in erasing.parts(ids):
        for row in tx.exec(select(table).where(col(table.observation_id).in_(part))).all():
            found.setdefault(row.observation_id, []).append(row)
    return found


def _note(row: Observation, photos: list[Photo], revisions: list[Revision], variants: list[Variant]) -> dict[str, Any]:
    sent = [*_contents(revisions), *_contents(variants)]
    declared = {one["id"] for content in sent for one in (*content["photos"], *content.get("recordings", ()))}
    seen = shown(row)
    return {
        "id": row.id, "rev": row.rev, "received_at": utc(row.received_at), "deleted": row.deleted,
        "erased_at": row.erased_at and utc(row.erased_at), "flags": row.flags,
        **{name: getattr(row, name) for name in SENT},
        "shown": None if row.hidden else {"note": seen.note, "suggestion": seen.suggestion, "factors": seen.factors, "stop_id": seen.stop_id},
        "photos": [
            {"id": one.id, "state": one.state, "bytes": one.bytes, "in_note": one.id in row.photo_ids, "erased_at": one.erased_at and utc(one.erased_at)}
            for one in photos if one.id in declared and one.seconds is None
        ],
        "recordings": [
            {"id": one.id, "state": one.state, "bytes": one.bytes, "seconds": one.seconds, "in_note": one.id in row.recording_ids,
             "written_down": row.spoken.get(one.id), "erased_at": one.erased_at and utc(one.erased_at)}
            for one in photos if one.id in declared and one.seconds is not None
        ],
        "history": [{"rev": one.rev, "received_at": utc(one.received_at), "content": one.content} for one in sorted(revisions, key=lambda one: one.rev)],
        "other_texts": [{"rev": one.rev, "received_at": utc(one.received_at), "content": one.content} for one in variants],
    }  # fmt: skip


def _contents(rows: Iterable[Revision | Variant]) -> list[dict[str, Any]]:
    return [row.content for row in rows]


def _public(tx: Session, walk: Walk, ids: set[str]) -> dict[str, Any] | None:
    """How many of these notes stand in the report that everybody can read, and where; None where there is none."""
    wanted = select(Edition).where(Edition.walk_id == walk.id, Edition.state == "released")
    newest = tx.exec(wanted.order_by(col(Edition.number).desc())).first()
    if newest is None or walk.slug is None:
        return None
    return {"path": f"/r/{walk.slug}", "notes": len(ids & set(newest.frozen["keys"]["notes"].values()))}
