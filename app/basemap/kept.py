"""The walks' own maps as files: each by the SHA-256 of what is in it, so that a name says what one gets.

Hides the folder. Promises that a file is there whole or not at all, that one content lies there once however many walks
have it, that what no walk names goes, but not while a phone may still be fetching it, and that one process at a time may
say that the folder is its own to fill. Never changes a file.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

GRACE_S = 3600.0  # how long a map that was replaced can still be fetched
_NAME = re.compile(r"[0-9a-f]{64}")


class Maps:
    """The folder of the walks' maps; made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._turn = folder, -1

    def take_turn(self) -> bool:
        """Whether this process is the one that cuts for this folder: from now on until leave_turn(), or its end. A lock on
        a file beside the folder, so that it does not matter what the database is. Raises OSError."""
        if self._turn >= 0:
            return True
        lock = os.open(self._folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._turn = lock
        return True

    def leave_turn(self) -> None:
        """The next process that asks may have it."""
        if self._turn >= 0:
            # Closing alone does not give it back, where a process that was begun meanwhile has the file open too.
            fcntl.flock(self._turn, fcntl.LOCK_UN)
            os.close(self._turn)
            self._turn = -1

    def path(self, sha256: str) -> Path | None:
        """Where this map lies; None where it is not here, or the name is no name."""
        if not _NAME.fullmatch(sha256):
            return None
        path = self._folder / f"{sha256}.pmtiles"
        return path if path.is_file() else None

    def put(self, content: bytes) -> str:
        """Keep a map, durably; its name. Raises OSError."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self._folder / f"{sha256}.pmtiles"
        if target.is_file() and target.stat().st_size == len(content):
            os.utime(target)  # young again: nobody names it yet, and it must not go before somebody does
            return sha256
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{uuid4().hex}.part"
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return sha256

    def let_go(self, sha256: str) -> None:
        """A walk names this map no more: from now on it can be fetched for GRACE_S, however old it is."""
        with suppress(OSError):  # lost already
            os.utime(self._folder / f"{sha256}.pmtiles")

    def tidy(self, named: Iterable[str]) -> int:
        """Remove what is not `named` and has not been for a while, and what was left half-written; how many."""
        if not self._folder.is_dir():
            return 0
        kept, gone = {f"{sha256}.pmtiles" for sha256 in named}, 0
        for path in self._folder.iterdir():
            if path.suffix in {".pmtiles", ".part"} and path.name not in kept and _age(path) > GRACE_S:
                path.unlink(missing_ok=True)
                gone += 1
        return gone


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
