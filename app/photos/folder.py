"""Photos in a folder of this machine.

Hides the file system. Promises that file and folder are on disk before a call returns, and that a half-written file, which
lies in `new/`, is never seen under a photo's name. A folder through which photos only pass, on their way between a bucket
and the process that looks into them, promises less: nothing in it outlives the machine.
"""

import contextlib
import fcntl
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from app.photos.vault import (
    INCOMING,
    KEPT,
    Arriving,
    Bench,
    Opened,
    Vault,
    aside_of,
    clean_of,
    original_of,
    write_all,
)

_SUM = "user.tryg.crc32"  # an attribute of the file, in hex: another version of a photo is another file, with its own
_FOLDERS = [f"{number:02x}" for number in range(256)]


class FolderVault(Vault):
    """The photos below `folder`, which is made when first written to. `passing`: they do not stay."""

    def __init__(self, folder: Path, *, passing: bool = False) -> None:
        self.folder, self.passing = folder.resolve(), passing
        self.place = {"folder": str(self.folder)}
        self._new = self.folder / "new"
        self._laid_out = False

    def writable(self) -> bool:
        try:
            file, path = self._new_file()
            name = path.with_suffix(".name")
            try:
                write_all(file, b"ready")
                os.fsync(file.fileno())
                os.link(path, name)
            finally:
                name.unlink(missing_ok=True)
                path.unlink()
                file.close()
        except OSError:
            return False
        return True

    def stream(self, name: str) -> Iterator[bytes]:
        yield from self._open(name).pieces()

    def adopt(self, source: Vault, names: list[str]) -> list[str]:
        digests = []
        with self._writing() as written:
            for name in names:
                file, path = self._new_file()
                written.append((file, path, self.folder / name))
                digest, crc32 = hashlib.sha256(), 0
                for piece in source.stream(name):
                    digest.update(piece)
                    crc32 = zlib.crc32(piece, crc32)
                    write_all(file, piece)
                _note_sum(file, crc32)
                digests.append(digest.hexdigest())
        return digests

    def bench(self) -> Bench:
        return _Here(self)

    def keep_beside(self, photo_id: str, token: str, jpeg: bytes, thumbnail: bytes) -> None:
        """Keep another version of a photo, durably, which nobody is shown before take_over()."""
        small, large = self.beside(photo_id, token)
        self._keep((thumbnail, small), (jpeg, large))

    def beside(self, photo_id: str, token: str) -> tuple[str, str]:
        """The names of another version: its thumbnail, its picture."""
        parent = clean_of(photo_id, False).rpartition("/")[0]
        return f"{parent}/{photo_id}.{token}.thumbnail.jpg", f"{parent}/{photo_id}.{token}.jpg"

    def take_over(self, photo_id: str, token: str) -> None:
        """Show that version from now on; what was shown is set aside, unless something is already."""
        thumbnail, jpeg = self.beside(photo_id, token)
        aside, shown = self.folder / aside_of(photo_id), self.folder / clean_of(photo_id, False)
        if not aside.exists():
            os.link(shown, aside)
        (self.folder / thumbnail).replace(self.folder / clean_of(photo_id, True))
        (self.folder / jpeg).replace(shown)
        sync_folder(shown.parent)

    def forget(self, photo_id: str) -> None:
        parent = clean_of(photo_id, False).rpartition("/")[0]
        beside = (f"{parent}/{path.name}" for path in (self.folder / parent).glob(f"{photo_id}.*"))
        self._remove(original_of(photo_id), *beside, durably=True)

    def sweep(self) -> None:
        """Their writer's lock has gone with its process."""
        for path in self._new.glob("*"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()

    # Inside

    def _keep_arrived(self, photo_id: str, arriving: Arriving) -> None:
        self._settle((arriving.file, arriving.path, self.folder / original_of(photo_id)))

    def _keep(self, *written: tuple[bytes, str], anew: bool = True) -> None:
        with self._writing(anew) as files:
            for content, name in written:
                file, path = self._new_file()
                files.append((file, path, self.folder / name))
                write_all(file, content)
                _note_sum(file, zlib.crc32(content))

    @contextlib.contextmanager
    def _writing(self, anew: bool = True) -> Iterator[list[tuple[io.FileIO, Path, Path]]]:
        """What is put into the list (file, its path, its name for good) is settled at the end, or gone."""
        written: list[tuple[io.FileIO, Path, Path]] = []
        try:
            yield written
            self._settle(*written, anew=anew)
        finally:
            for file, path, _target in written:
                path.unlink(missing_ok=True)
                file.close()

    def _size(self, name: str) -> int | None:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def _open(self, name: str) -> Opened:
        file = io.FileIO(f"{self.folder}/{name}")  # a ZIP opens a thousand, and a Path takes as long as the file
        found = os.fstat(file.fileno())
        return Opened(file, found.st_size, _noted_sum(file, found.st_mtime_ns))

    def _remove(self, *names: str, durably: bool = False) -> None:
        paths = [self.folder / name for name in names]
        for path in paths:
            path.unlink(missing_ok=True)
        if durably and not self.passing:
            for parent in {path.parent for path in paths}:
                with contextlib.suppress(FileNotFoundError):
                    sync_folder(parent)

    def _names(self, parent: str) -> Iterator[str]:
        for path in (self.folder / parent).glob("*/*"):
            yield path.relative_to(self.folder).as_posix()

    def _new_file(self) -> tuple[io.FileIO, Path]:
        """A locked file that sweep() leaves alone."""
        self._lay_out()
        while True:
            path = self._new / uuid4().hex
            try:
                file = io.FileIO(path, "x+", opener=lambda name, flags: os.open(name, flags, 0o600))
            except FileNotFoundError:  # somebody removed the folder
                self._laid_out = False
                raise
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:  # else swept in the moment before it was locked
                return file, path
            file.close()

    def _settle(self, *written: tuple[io.FileIO, Path, Path], anew: bool = True) -> None:
        """Give written files (file, its path, its name for good; all in one folder) their names, durably; not `anew`: but
        those that others have already."""
        give = Path.replace if anew else _give_once
        if self.passing:
            for _file, path, target in written:
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                give(path, target)
            return
        for file, _path, _target in written:
            os.fsync(file.fileno())
        for _file, path, target in written:
            give(path, target)
        sync_folder(written[0][2].parent)

    def _lay_out(self) -> None:
        """All folders once, before the first file: then a photo's receipt needs to sync one folder alone."""
        if self._laid_out:
            return
        if self.passing:
            self._new.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._laid_out = True
            return
        for parent in (self.folder / INCOMING, self.folder / KEPT):
            parent.mkdir(parents=True, exist_ok=True)
            for name in _FOLDERS:
                (parent / name).mkdir(exist_ok=True)
            sync_folder(parent)
        self._new.mkdir(exist_ok=True)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)
        self._laid_out = True


class _Here(Bench):
    """The worker's process works in the vault itself: what it keeps is kept."""

    passing = False

    def __init__(self, vault: FolderVault) -> None:
        self._vault, self.folder = vault, vault.folder

    def fetch(self, photo_id: str, *, original: bool) -> None: ...

    def bring(self, photo_id: str, *, ready: bool) -> None: ...

    def take_over(self, photo_id: str, token: str) -> None:
        self._vault.take_over(photo_id, token)

    def drop(self, photo_id: str, token: str) -> None:
        self._vault._remove(*self._vault.beside(photo_id, token))

    def clear(self, photo_id: str) -> None: ...

    def end(self) -> None: ...


def _give_once(path: Path, name: Path) -> None:
    """One step, unlike a look and then a replace: whoever was stopped between those might go on an hour later."""
    with contextlib.suppress(FileExistsError):
        os.link(path, name)


def _note_sum(file: io.FileIO, crc32: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not every file system keeps such a thing, nor every system
        # With the time of the last write: copied over in place, a file keeps the sum of what it was.
        os.setxattr(file.fileno(), _SUM, b"%08x %d" % (crc32, os.fstat(file.fileno()).st_mtime_ns))


def _noted_sum(file: io.FileIO, last_write_ns: int) -> int | None:
    try:
        crc32, written_ns = os.getxattr(file.fileno(), _SUM).split()
        return int(crc32, 16) if int(written_ns) == last_write_ns else None
    except (OSError, AttributeError, ValueError):
        return None


def sync_folder(path: Path) -> None:
    """The names in this folder are on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
