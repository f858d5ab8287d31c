"""What is there in the end, of all that a run's phones have made: each note and photo once, as it was sent.

Hides where it lies: rows, files, and what a phone reads. Promises that everything is compared with everything, that nothing
from nowhere is passed over, and that each picture in the store is looked at. What is wrong goes to `run.wrong`.
"""

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image
from sqlmodel import Session, col, select

from app.db import Database
from app.models import Observation, Photo, Revision, Walk
from tests.photos.pictures import until
from tests.reliability.hands import WALKS, Hand, Run


def count(run: Run, hands: list[Hand]) -> None:
    """Compares everything with everything. What is wrong goes to `run.wrong`."""
    db = Database(run.whole.database_url)
    try:
        until(lambda: not _waiting(db), 180)  # a photo that becomes ready is a change of its note
        until(lambda: not list(run.vault().originals()), 60)  # what a photo came with goes, without a restart
        for hand in hands:
            hand._look()
        with db.read() as tx:
            _notes(run, hands, tx)
            _photos(run, hands, tx)
        _files(run, hands, run.vault())
        _followed(run, hands)
    finally:
        db.close()


def _waiting(db: Database) -> bool:
    with db.read() as tx:
        return tx.exec(select(Photo.id).where(Photo.state == "stored")).first() is not None


def _notes(run: Run, hands: list[Hand], tx: Session) -> None:
    made = {note: (hand, body) for hand in hands for note, body in hand.phone.made.items()}
    walks = [walk["walk_id"] for walk in run.walks]
    held = {row.id: row for row in tx.exec(select(Observation).where(col(Observation.walk_id).in_(walks))).all()}
    if held.keys() != made.keys():
        run.wrong.append(f"notes: {len(made.keys() - held.keys())} lost, {len(held.keys() - made.keys())} from nowhere")
    told = tx.exec(select(Revision).where(col(Revision.observation_id).in_(held))).all()
    history = {(row.observation_id, row.rev): row for row in told}
    numbers = Counter((held[note].walk_id, held[note].seq) for note in held)
    run.wrong += [f"one number twice: {number}" for number, times in numbers.items() if times > 1]
    for note, (hand, body) in made.items():
        row, receipt = held.get(note), hand.phone.receipts[note]
        if row is None:
            continue
        said = (row.rev, row.note, row.deleted, row.photo_ids)
        meant = (body["rev"], body["note"], body.get("deleted", False), [one["id"] for one in body["photos"]])
        if said != meant:
            run.wrong.append(f"a note is not as it was written: {said} for {meant}")
        kept = history.get((note, receipt["rev"]))
        if kept is None or kept.seq != receipt["seq"]:
            run.wrong.append(f"a receipt is broken: {receipt}")
    run.counted["notes"], run.counted["revisions"] = len(made), len(history)
    highest = dict(tx.exec(select(Walk.id, Walk.seq)).all())
    run.wrong += [f"a number beyond its walk's: {key}" for key in numbers if key[1] > highest[key[0]]]


def _photos(run: Run, hands: list[Hand], tx: Session) -> None:
    made = {picture.id: (hand.phone.owner[picture.id], picture.declared())
            for hand in hands for picture in hand.phone.pictures.values()}  # fmt: skip
    notes = [note for hand in hands for note in hand.phone.made]
    held = {row.id: row for row in tx.exec(select(Photo).where(col(Photo.observation_id).in_(notes))).all()}
    if held.keys() != made.keys():
        run.wrong.append(
            f"photos: {len(made.keys() - held.keys())} lost, {len(held.keys() - made.keys())} from nowhere"
        )
    for photo, (note, declared) in made.items():
        row = held.get(photo)
        if row and (row.observation_id, row.sha256, row.bytes, row.state) != (
            note,
            declared["sha256"],
            declared["bytes"],
            "ready",
        ):
            run.wrong.append(f"a photo is not as it was taken: {row}")
    run.counted["photos"] = len(made)
    run.counted["photo bytes"] = sum(declared["bytes"] for _note, declared in made.values())


def _files(run: Run, hands: list[Hand], vault: Any) -> None:
    """Each picture and its thumbnail lie in the store, nothing else does, and each is the one that was taken."""
    colours = {picture: colour for hand in hands for picture, colour in hand.colours.items()}
    expected = {name for picture in colours for name in vault.names(picture, original=False)}
    there = set(vault.files()) - run.before
    if there != expected:
        run.wrong.append(f"files: {sorted(expected - there)[:5]} are missing, {sorted(there - expected)[:5]} too many")

    def differs(picture: str) -> str:
        shown = vault.opened(picture, thumbnail=False)
        if shown is None:
            return f"no picture {picture}"
        with Image.open(io.BytesIO(b"".join(shown.pieces()))) as opened:
            pixel = opened.convert("RGB").getpixel((16, 12))
        off = max(abs(ours - theirs) for ours, theirs in zip(pixel, colours[picture], strict=True))  # type: ignore[arg-type]
        return f"another picture: {picture} has {pixel} for {colours[picture]}" if off > 12 else ""

    with ThreadPoolExecutor(4) as pool:
        run.wrong += [told for told in pool.map(differs, colours) if told]


def _followed(run: Run, hands: list[Hand]) -> None:
    """Whoever has followed a walk from number to number has seen the same as whoever begins now."""
    for number in range(min(WALKS, len(hands))):
        fresh = {change["id"]: change for change in hands[number].phone.changes()}
        for hand in hands[number::WALKS]:
            own = set(hand.phone.made)
            seen, now = (_others(changes, own) for changes in (hand.seen, fresh))
            if seen != now:
                told = [(note, seen.get(note), now.get(note)) for note in seen | now if seen.get(note) != now.get(note)]
                run.wrong.append(f"phone {hand.number} has seen something else: {told[:3]}")


def _others(changes: dict[str, dict[str, Any]], own: set[str]) -> dict[str, Any]:
    """What others wrote, as it was read; photos apart, for becoming ready is no change."""
    return {
        note: (change["seq"], change.get("rev"), change.get("note"))
        for note, change in changes.items()
        if note not in own
    }
