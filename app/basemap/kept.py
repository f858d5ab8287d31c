"""The walks' own maps as files: each by the SHA-256 of what is in it, so that a name says what one gets.

Hides the folder. Promises that a file is there whole or not at all, that one content lies there once however many walks
have it, and that what no walk names goes, but not while a phone may still be fetching it. Never changes a file.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

GRACE_S = 3600.0  # how long a map that was replaced can still be fetched
_NAME = re.compile(r"[0-9a-f]{64}")


class Maps:
    """The folder of the walks' maps; made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
