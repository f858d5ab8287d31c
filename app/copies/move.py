"""`tryg move`: an installation from one database and one place for photos to others, SQLite and a folder or PostgreSQL and S3.

Hides that it may be broken off: what has arrived is noted in a ledger, and a second run goes on from there. Promises that
nothing is written where it comes from; that photos come first, each read back from where it went and compared by its SHA-256,
then all rows in one transaction, which is only committed where each table holds the same rows there; that another
installation is never written over; and that one which changed meanwhile is told of, not moved by halves.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from app.copies import Unusable, rows
from app.db import Database
from app.models import Photo, Walk, now
from app.photos.vault import Vault, aside_of
from app.privacy import trail
from app.sync.protocol import utc

AT_ONCE = 8  # photos on their way
CHANGED = "The installation has changed while it was moved: stop what serves from it, and run the same again."


@dataclass
class Moved:
    """`rows`: how many, by table. `photos`: with all their files there now; `copied`: of them in this run. `missing`: ids of
    those whose files are not where they come from either; `differing`: of those that are not what their phone declared."""

    rows: dict[str, int] = field(default_factory=dict)
    photos: int = 0
    copied: int = 0
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


class Ledger:
    """What has arrived: a file's name and its SHA-256 a line, as coreutils write it. `begun`: an earlier run was broken off."""

    def __init__(self, path: Path) -> None:
        self.path, self.begun = path, path.exists()
        self._lock = threading.Lock()
        lines = path.read_text("utf-8").splitlines() if self.begun else []
        self.known = {name: digest for digest, _space, name in (line.partition("  ") for line in lines) if name}
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if lines and not path.read_bytes().endswith(b"\n"):
            self._write("\n")  # after a line that was cut off

    def note(self, digests: dict[str, str]) -> None:
        with self._lock:
            self.known |= digests
            self._write("".join(f"{digest}  {name}\n" for name, digest in digests.items()))

    def _write(self, text: str) -> None:
        os.write(self._file, text.encode())
        os.fsync(self._file)

    def done(self) -> None:
        """All is there: a run after this one begins anew."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._file)


@contextmanager
def ledger(path: Path) -> Iterator[Ledger]:
    held = Ledger(path)
    try:
        yield held
    finally:
        held.close()


def move(source: Database, target: Database, come: Vault, go: Vault, kept: Ledger) -> Moved:
    """Everything that `source` and `come` hold into `target` and `go`; where a pair is one and the same, that part stays.

    Raises Unusable, TryAgain, OSError: then it is run again."""
    carries = target is not source
    if carries and not kept.begun:
        with target.read() as tx:
            _holds_no_walks(tx)
    kept.note({})
    with source.read() as tx:
        before = rows.sums(tx)
        named = tx.exec(select(Photo).where(Photo.state != "expected").order_by(col(Photo.id))).all()
    told = Moved()
    if go is not come:
        _photos(come, go, list(named), kept, told)
    if carries:
        told.rows = _carried(source, target, before, kept)
    with source.read() as tx:
        if rows.sums(tx) != before:
            raise Unusable(CHANGED)
    kept.done()
    return told


def _photos(come: Vault, go: Vault, named: list[Photo], kept: Ledger, told: Moved) -> None:
    lock = threading.Lock()

    def one(photo: Photo) -> None:
        try:
            copied, same = _photo(come, go, photo, kept)
        except FileNotFoundError:
            with lock:
                told.missing.append(photo.id)
            return
        with lock:
            told.photos += 1
            told.copied += copied
            if not same:
                told.differing.append(photo.id)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for _done in pool.map(one, named):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
    told.missing.sort()
    told.differing.sort()


def _photo(come: Vault, go: Vault, photo: Photo, kept: Ledger) -> tuple[bool, bool]:
    """Whether it was copied now, and whether it is what its phone declared, where that can still be told."""
    names = come.names(photo.id, original=photo.state != "ready")
    if photo.blurs and come.holds(aside_of(photo.id)):
        names.append(aside_of(photo.id))
    wanted = [name for name in names if name not in kept.known or not go.holds(name)]
    if wanted:
        digests = dict(zip(wanted, go.adopt(come, wanted), strict=True))
        for name, digest in digests.items():
            if _sum(go, name) != digest:
                raise Unusable(f"What arrived as {name} is not what was sent: run the same again.")
        kept.note(digests)
    same = photo.state not in ("stored", "kept") or kept.known[names[0]] == photo.sha256
    return bool(wanted), same


def _sum(vault: Vault, name: str) -> str:
    digest = hashlib.sha256()
    for piece in vault.stream(name):
        digest.update(piece)
    return digest.hexdigest()


def _carried(source: Database, target: Database, before: rows.Sums, kept: Ledger) -> dict[str, int]:
    with source.read() as given, target.write() as taken:
        if not target.sqlite:  # nobody makes a walk from here to the commit; SQLite has one writer anyway
            taken.connection().exec_driver_sql("LOCK TABLE walk IN SHARE ROW EXCLUSIVE MODE")
            taken.connection().exec_driver_sql("SET LOCAL statement_timeout = 0")
        if not kept.begun:
            _holds_no_walks(taken)
        with trail.replaced(taken, utc(now()), "moved"):
            rows.clear(taken)
            counts = rows.carry(given, taken)
            there = rows.sums(taken)
        if rows.sums(given) != before:
            raise Unusable(CHANGED)
        for table, held in before.items():
            if there[table] != held:
                raise Unusable(f"The table {table} did not arrive as it was: nothing was kept there.")
        return counts


def _holds_no_walks(tx: Session) -> None:
    if tx.exec(select(Walk.id).limit(1)).first() is not None:
        raise Unusable("There are walks in the database that is to be moved to: name an empty one.")


def ledger_of(data: Path, *to: Any) -> Path:
    """Where it is noted what has arrived there: another file for another aim."""
    return data / f"move-{hashlib.sha256(repr(to).encode()).hexdigest()[:16]}"
