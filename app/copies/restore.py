"""`tryg restore`: a backup's rows and photos into an installation that holds no walks.

Hides that the backup may be older than the program, and the database of another kind. Promises to check every file's sum
before a row says that it is here; photos first, then all rows in one transaction; and that the backup itself is only read:
an older one is brought up to date in a copy. Where it is refused or fails, nothing of it stays.
"""

import hashlib
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlmodel import Session, select

from app.copies import Unusable, rows
from app.copies.folder import PHOTOS, ROWS, SECRET, Sums, read_manifest, read_sums, sha256_of, write
from app.db import Database
from app.models import Photo, Walk
from app.photos.folder import FolderVault
from app.photos.vault import Vault
from app.privacy import trail
from app.schema import migrate_to_newest
from app.settings import Settings


def restore(db: Database, vault: Vault, settings: Settings, folder: Path) -> dict[str, Any]:
    """Put the backup in `folder` into this installation. What came: `made_at`, `walks`, `notes`, `photos`.

    Raises Unusable where the backup is broken or newer, or there are walks here; CannotMigrate, TryAgain, OSError."""
    manifest, sums = read_manifest(folder), read_sums(folder)
    with db.read() as tx:
        _holds_no_walks(tx)
    with TemporaryDirectory(prefix="restore-", dir=settings.data) as aside, ExitStack() as undo:
        copied = Database(up_to_date(folder, sums, settings, Path(aside)))
        undo.callback(copied.close)
        with copied.read() as source, ExitStack() as unless_done:
            photos = _bring_photos(source, FolderVault(folder / PHOTOS), vault, sums, unless_done)
            with db.write() as target:
                if not db.sqlite:  # nobody makes a walk from here to the commit; SQLite has one writer anyway
                    target.connection().exec_driver_sql("LOCK TABLE walk IN SHARE ROW EXCLUSIVE MODE")
                _holds_no_walks(target)
                with trail.replaced(target, str(manifest.get("made_at") or "")):
                    rows.clear(target)
                    counts = rows.carry(source, target)
            unless_done.pop_all()
    if (folder / SECRET).exists():
        _vouched(sums, SECRET, sha256_of(folder / SECRET))
        write(settings.secret_file, (folder / SECRET).read_bytes())
    told = {"made_at": manifest.get("made_at"), "walks": counts["walk"], "notes": counts["observation"]}
    return told | {"photos": photos}


def up_to_date(folder: Path, sums: Sums, settings: Settings, aside: Path) -> str:
    """The address of a copy of the backup's rows, in the newest schema."""
    digest, own = hashlib.sha256(), aside / ROWS
    try:
        with (folder / ROWS).open("rb") as file, own.open("wb") as copy:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                copy.write(piece)
    except FileNotFoundError:
        raise Unusable(f"The backup is broken: it has no {ROWS}.") from None
    _vouched(sums, ROWS, digest.hexdigest())
    address = f"sqlite:///{own}"
    migrate_to_newest(settings.model_copy(update={"database_url": address}))
    return address


def _holds_no_walks(tx: Session) -> None:
    if tx.exec(select(Walk.id).limit(1)).first() is not None:
        raise Unusable("There are walks in this database already: restore into an empty one (another --data).")


def _bring_photos(source: Session, copies: Vault, vault: Vault, sums: Sums, unless_done: ExitStack) -> int:
    """Every photo that a row says is here; how many. `unless_done` takes them away again."""
    named = source.exec(select(Photo.id, Photo.state).where(Photo.state != "expected")).all()
    for photo_id, state in named:
        names = copies.names(photo_id, original=state != "ready")
        for name in names:
            if not vault.holds(name):
                unless_done.callback(vault.erase, name)
        try:
            digests = vault.adopt(copies, names)
        except FileNotFoundError:
            raise Unusable(f"The backup is broken: photo {photo_id} is missing.") from None
        for name, digest in zip(names, digests, strict=True):
            _vouched(sums, f"{PHOTOS}/{name}", digest)
    return len(named)


def _vouched(sums: Sums, name: str, digest: str) -> None:
    if digest not in sums.get(name, set()):
        raise Unusable(f"The backup is broken: {name} is not what was written there.")
