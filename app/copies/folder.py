"""A backup's folder: what lies in it, and how one can tell that it is whole.

manifest.json · SHA256SUMS (of every other file, as coreutils write and check it) · tryg.sqlite · photos/ · secret

Hides how files are written so that they are there whole or not at all. Promises that a folder with anything else in it is
never touched, and that two backups never write into one folder at once.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app import __version__
from app.copies import Unusable
from app.photos.folder import sync_folder

FORMAT, VERSION = "tryghedsvandring-backup", 1
MANIFEST, SUMS, ROWS, PHOTOS, SECRET = "manifest.json", "SHA256SUMS", "tryg.sqlite", "photos", "secret"
PART = f"{ROWS}.part"
_OURS = {MANIFEST, SUMS, ROWS, PHOTOS, SECRET}
_OURS |= {f"{name}.part" for name in _OURS} | {f"{PART}{ending}" for ending in ("-wal", "-shm", "-journal")}
_PIECE = 1024 * 1024

Sums = dict[str, set[str]]  # by a file's name in the folder; two for a file that is just being replaced


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, made where it is not there, for this process alone. Raises Unusable where something else lies in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"Another backup is being written into {folder} just now.") from None
        names = {path.name for path in folder.iterdir()} - {"lost+found"}  # a disk of its own
        if names and (not names <= _OURS or not names & {MANIFEST, PART}):
            raise Unusable(
                f"{folder} holds something else than a backup: name an empty folder, or an earlier backup's."
            )
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(folder.parent)  # where the folder itself is named


def write(path: Path, content: bytes) -> None:
    """Put a file there, readable by its owner alone, whole or not at all, and durably once `held` ends."""
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def write_manifest(folder: Path, made_at: str, counts: dict[str, int]) -> None:
    told = {"format": FORMAT, "version": VERSION, "made_at": made_at, "program": __version__, "rows": counts}
    write(folder / MANIFEST, json.dumps(told, indent=1).encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises Unusable where there is none, or one of a newer version."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        is_ours = told["format"] == FORMAT
        is_newer = told["version"] > VERSION
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        is_ours = is_newer = False
        told = {}
    if not is_ours:
        raise Unusable(f"{folder} holds no backup: its {MANIFEST} is missing or is none of ours.")
    if is_newer:
        raise Unusable("The backup was made by a newer version of this program: update the program.")
    return dict(told)


def write_sums(folder: Path, sums: Sums) -> None:
    lines = (f"{digest}  {name}\n" for name in sorted(sums) for digest in sorted(sums[name]))
    write(folder / SUMS, "".join(lines).encode())


def read_sums(folder: Path) -> Sums:
    """The sums that the folder vouches for; none where it does not, or not any more."""
    sums: Sums = {}
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    for digest, _space, name in (line.partition("  ") for line in lines):
        sums.setdefault(name, set()).add(digest)
    return sums


def sha256_of(path: Path) -> str:
    """In hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
