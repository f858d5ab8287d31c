"""`tryg backup`: everything that is held, in one folder, while the server goes on serving.

Hides the race between rows and files. All rows come first, from one snapshot, then the photos they name. A photo that was
cleaned in between is taken clean, and its row with it; one whose file is gone is expected again, so that its phone sends it
once more. Promises that what an earlier backup in the same folder says stays true until the new one is whole, that a photo
already there is not copied again (photos never change under their names), and that what is no longer named goes, so that
what was erased here is erased there too.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from app.copies import rows
from app.copies.folder import (
    PART,
    PHOTOS,
    ROWS,
    SECRET,
    Sums,
    held,
    read_sums,
    sha256_of,
    write,
    write_manifest,
    write_sums,
)
from app.db import Database
from app.models import Decision, Photo, now
from app.photos import states
from app.photos.folder import FolderVault
from app.photos.vault import Vault
from app.privacy import trail
from app.problems import TryAgain
from app.schema import migrate_to_newest
from app.settings import Settings
from app.sync.protocol import utc


def back_up(db: Database, vault: Vault, settings: Settings, folder: Path) -> dict[str, Any]:
    """Write a backup into `folder`, which is empty or holds an earlier one. What is in it: `made_at`, `walks`, `notes`,
    `photos`, of those `copied` now, and `removed` files. Raises Unusable, TryAgain, OSError."""
    with held(folder):
        made_at = utc(now())
        # Before the rows are taken, so that the backup holds it too. What cannot be written here is saved all the same.
        with suppress(TryAgain), db.write() as tx:
            trail.record(tx, "command", "backed-up")
        counts = _snapshot(db, settings, folder / PART)
        known, copies = read_sums(folder), FolderVault(folder / PHOTOS)
        there = set(copies.files())
        part = Database(f"sqlite:///{folder / PART}")
        try:
            taking = _Taking(
                db, vault, part, copies, {name: sums for name, sums in known.items() if _bare(name) in there}
            )
            taking.all()
        finally:
            part.close()
        sums = taking.sums | {ROWS: {sha256_of(folder / PART)}} | _secret(settings, folder)
        # From here until the end both the earlier rows and these are vouched for.
        write_sums(folder, {name: sums.get(name, set()) | known.get(name, set()) for name in {*sums, *known}})
        (folder / PART).replace(folder / ROWS)
        write_manifest(folder, made_at, counts)
        unnamed = there - {_bare(name) for name in taking.sums}
        for name in unnamed:
            copies.erase(name)
        copies.sweep()
        write_sums(folder, sums)
    told = {"made_at": made_at, "walks": counts["walk"], "notes": counts["observation"]}
    return told | {"photos": taking.photos, "copied": taking.copied, "removed": len(unnamed)}


def _snapshot(db: Database, settings: Settings, path: Path) -> dict[str, int]:
    """All rows as they are at one moment, in a new SQLite file; how many, by table."""
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    path.touch(mode=0o600)
    address = f"sqlite:///{path}"
    migrate_to_newest(settings.model_copy(update={"database_url": address}))
    part = Database(address)
    try:
        with db.read() as source, part.write() as target:
            return rows.carry(source, target)
    finally:
        part.close()


class _Taking:
    """The photos that the rows in `part` name, taken one after another. `sums`: of all that belong to the backup."""

    def __init__(self, db: Database, vault: Vault, part: Database, copies: Vault, known: Sums) -> None:
        self._db, self._vault, self._part, self._copies, self._known = db, vault, part, copies, known
        self.sums: Sums = {}
        self.photos = self.copied = 0

    def all(self) -> None:
        with self._part.read() as tx:
            named = tx.exec(
                select(Photo.id, Photo.state).where(Photo.state != "expected").order_by(col(Photo.id))
            ).all()
            blurred = tx.exec(select(Decision.photo_id).where(Decision.what == "blur").distinct()).all()
        # Their pictures have changed under their names: what an earlier backup has must not stay, nor come back.
        for name in (name for photo_id in blurred if photo_id for name in self._vault.names(photo_id, original=False)):
            self._known.pop(f"{PHOTOS}/{name}", None)
        for photo_id, state in named:
            if state == "unreadable":  # nor what came with it, before it proved to be no picture
                self._known.pop(f"{PHOTOS}/{self._vault.names(photo_id, original=True)[0]}", None)
            if self._take(photo_id, original=state != "ready") or self._take_cleaned(photo_id):
                self.photos += 1
            else:
                states.lost(self._part, photo_id)

    def _take(self, photo_id: str, *, original: bool) -> bool:
        """Whether the photo's files are in the backup, now or already."""
        names = self._vault.names(photo_id, original=original)
        full = [f"{PHOTOS}/{name}" for name in names]
        if all(name in self._known for name in full):
            self.sums |= {name: self._known[name] for name in full}
            return True
        try:
            digests = self._copies.adopt(self._vault, names)
        except FileNotFoundError:
            return False
        self.copied += 1
        self.sums |= {name: {digest} for name, digest in zip(full, digests, strict=True)}
        return True

    def _take_cleaned(self, photo_id: str) -> bool:
        """A photo whose original has gone since the snapshot, because it is clean now."""
        with self._db.read() as tx:
            photo = tx.get(Photo, photo_id)
        if photo is None or photo.state != "ready" or photo.width is None or photo.height is None:
            return False
        if not self._take(photo_id, original=False):
            return False
        states.cleaned(self._part, photo_id, photo.width, photo.height)
        return True


def _secret(settings: Settings, folder: Path) -> Sums:
    """The key that signs what we hand out, where it was made here; else none is left from before."""
    if not settings.secret_file.exists():
        (folder / SECRET).unlink(missing_ok=True)
        return {}
    write(folder / SECRET, settings.secret_file.read_bytes())
    return {SECRET: {sha256_of(folder / SECRET)}}


def _bare(name: str) -> str:
    return name.removeprefix(f"{PHOTOS}/")
