"""Photos on disk: bytes in, bytes out. The only place that touches the photos' files.

Hides where a photo lies: `incoming/` holds originals until they are cleaned (and what remains of those that cannot be read), `kept/` the clean pictures and their
thumbnails, `new/` what is being written. Promises that what was kept is on disk, file and folder, before a call
returns, and that a half-written file is never seen under a photo's name. What requests call raises TryAgain for every
trouble of the disk; what the cleaning calls raises OSError. Never looks into a picture, never holds an original whole
but for the cleaning, and imports nothing heavy: the worker's process imports it too.
"""

import contextlib
import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

PIECE = 256 * 1024  # bytes read or written at a time
_FOLDERS = [f"{number:02x}" for number in range(256)]


class Digest:
    """Bytes that come in and are counted and hashed, and not kept."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.size += len(piece)

    def close(self) -> None:
        """Lets go of everything that was not kept."""


class Arriving(Digest):
    """An original on its way in, in a file of its own. `file` may be read. Closed without keep(): nothing remains."""

    def __init__(self, vault: "Vault") -> None:
        super().__init__()
        self._vault = vault
        with _as_try_again():
            self.file, self._path = vault._new_file()

    def write(self, piece: bytes) -> None:
        """Raises TryAgain where the disk is full, failing or read-only."""
        super().write(piece)
        with _as_try_again():
            _write(self.file, piece)

    def keep(self, photo_id: str) -> None:
        """Make it the photo's original, durably. Raises TryAgain."""
        with _as_try_again():
            self._vault._settle((self.file, self._path, self._vault._original(photo_id)))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)  # gone already when it was kept
        with contextlib.suppress(OSError):
            self.file.close()


class Opened:
    """A clean picture as it was when it was opened, whatever takes its place while it is read. `size`: in bytes."""

    def __init__(self, file: io.FileIO) -> None:
        self._file, self.size = file, os.fstat(file.fileno()).st_size

    def pieces(self, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes from byte `start`, once."""
        with self._file as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(PIECE, length))):
                length -= len(piece)
                yield piece

    def close(self) -> None:
        """Where nobody reads it after all."""
        self._file.close()


class Vault:
    """The photos below `folder`, which is made when first written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._new, self._incoming, self._kept = (self.folder / name for name in ("new", "incoming", "kept"))
        self._laid_out = False

    # For requests

    def arrive(self) -> Arriving:
        """A place for an original that comes in. Raises TryAgain."""
        return Arriving(self)

    def writable(self) -> bool:
        """Whether a photo could be kept now: a small file is written and removed."""
        try:
            file, path = self._new_file()
            try:
                _write(file, b"ready")
                os.fsync(file.fileno())
            finally:
                path.unlink()
                file.close()
        except OSError:
            return False
        return True

    def size(self, photo_id: str, *, thumbnail: bool = False) -> int | None:
        """Bytes of the clean JPEG, or of its thumbnail; None where there is none yet."""
        try:
            return self._clean(photo_id, thumbnail).stat().st_size
        except FileNotFoundError:
            return None

    def opened(self, photo_id: str, *, thumbnail: bool = False) -> Opened | None:
        """The clean JPEG, or its thumbnail, to be read later; None where there is none yet."""
        try:
            return Opened(io.FileIO(self._clean(photo_id, thumbnail)))
        except FileNotFoundError:
            return None

    def pieces(self, photo_id: str, *, thumbnail: bool = False) -> Iterator[bytes]:
        """The clean JPEG, or its thumbnail. Raises FileNotFoundError."""
        opened = Opened(io.FileIO(self._clean(photo_id, thumbnail)))
        yield from opened.pieces(0, opened.size)

    # For backups: files by name, as "kept/0f/….jpg". OSError where the disk fails

    def names(self, photo_id: str, *, original: bool) -> list[str]:
        """Which files a photo is: its original, or the clean picture and its thumbnail; all in one folder."""
        paths = [self._original(photo_id)] if original else [self._clean(photo_id, True), self._clean(photo_id, False)]
        return [path.relative_to(self.folder).as_posix() for path in paths]

    def files(self) -> Iterator[str]:
        """The names of all files that are kept."""
        for parent in (self._incoming, self._kept):
            for path in parent.glob("*/*"):
                yield path.relative_to(self.folder).as_posix()

    def adopt(self, source: "Vault", names: list[str]) -> list[str]:
        """Take over a photo's files from another vault, durably and all or none; the SHA-256 of each, in hex.

        Raises FileNotFoundError where the other has not all of them (any more)."""
        digests = []
        with contextlib.ExitStack() as undo:
            written = []
            for name in names:
                come = undo.enter_context((source.folder / name).open("rb"))
                file, path = self._new_file()
                undo.callback(file.close)
                undo.callback(path.unlink, missing_ok=True)
                digest = hashlib.sha256()
                while piece := come.read(PIECE):
                    digest.update(piece)
                    _write(file, piece)
                digests.append(digest.hexdigest())
                written.append((file, path, self.folder / name))
            self._settle(*written)
        return digests

    def erase(self, name: str) -> None:
        """Remove one file."""
        (self.folder / name).unlink(missing_ok=True)

    # For the cleaning: OSError where the disk fails

    def original(self, photo_id: str) -> bytes:
        """The bytes as received. Raises FileNotFoundError where there are none (any more)."""
        return self._original(photo_id).read_bytes()

    def keep_remains(self, photo_id: str, remains: bytes | None) -> None:
        """In the place of an original that cannot be read, durably; None: nothing is kept of it."""
        if remains is None:
            return self.erase_original(photo_id)
        with contextlib.ExitStack() as undo:
            file, path = self._new_file()
            undo.callback(file.close)
            undo.callback(path.unlink, missing_ok=True)
            _write(file, remains)
            self._settle((file, path, self._original(photo_id)))

    def keep_clean(self, photo_id: str, jpeg: bytes, thumbnail: bytes) -> None:
        """Keep both, durably; what was there is replaced."""
        with contextlib.ExitStack() as undo:
            written = []
            for content, target in (
                (thumbnail, self._clean(photo_id, thumbnail=True)),
                (jpeg, self._clean(photo_id, thumbnail=False)),
            ):
                file, path = self._new_file()
                undo.callback(file.close)
                undo.callback(path.unlink, missing_ok=True)
                _write(file, content)
                written.append((file, path, target))
            self._settle(*written)

    # For blurring: OSError where the disk fails. What was there before it stays beside, until it is erased for good

    def unblurred(self, photo_id: str) -> bytes:
        """The clean JPEG as it was before anything in it was blurred. Raises FileNotFoundError."""
        aside = self._aside(photo_id)
        return (aside if aside.exists() else self._clean(photo_id, thumbnail=False)).read_bytes()

    def keeps_unblurred(self, photo_id: str) -> bool:
        return self._aside(photo_id).exists()

    def keep_beside(self, photo_id: str, token: str, jpeg: bytes, thumbnail: bytes) -> None:
        """Keep another version of a photo, durably, which nobody is shown before take_over()."""
        with contextlib.ExitStack() as undo:
            written = []
            for content, target in zip((thumbnail, jpeg), self._beside(photo_id, token), strict=True):
                file, path = self._new_file()
                undo.callback(file.close)
                undo.callback(path.unlink, missing_ok=True)
                _write(file, content)
                written.append((file, path, target))
            self._settle(*written)

    def take_over(self, photo_id: str, token: str) -> None:
        """Show the version that was kept beside from now on; what was shown is set aside, unless something is already."""
        thumbnail, jpeg = self._beside(photo_id, token)
        aside, shown = self._aside(photo_id), self._clean(photo_id, thumbnail=False)
        if not aside.exists():
            os.link(shown, aside)
        thumbnail.replace(self._clean(photo_id, thumbnail=True))
        jpeg.replace(shown)
        _sync_folder(shown.parent)

    def drop_beside(self, photo_id: str, token: str) -> None:
        for path in self._beside(photo_id, token):
            path.unlink(missing_ok=True)

    def erase_unblurred(self, photo_id: str) -> None:
        """What was blurred cannot be brought back after this."""
        self._aside(photo_id).unlink(missing_ok=True)
        _sync_folder(self._aside(photo_id).parent)

    def forget(self, photo_id: str) -> None:
        """Remove everything that is kept of a photo, durably: original, picture, thumbnail, every other version of it."""
        beside = self._clean(photo_id, thumbnail=False).parent.glob(f"{photo_id}.*")
        for path in (self._original(photo_id), *beside):
            path.unlink(missing_ok=True)
        for folder in (self._original(photo_id).parent, self._clean(photo_id, thumbnail=False).parent):
            with contextlib.suppress(FileNotFoundError):
                _sync_folder(folder)

    def erase_original(self, photo_id: str) -> None:
        """Remove the bytes as received, and their metadata with them."""
        self._original(photo_id).unlink(missing_ok=True)

    def originals(self) -> Iterator[str]:
        """The ids of the photos whose original is here."""
        for path in self._incoming.glob("*/*"):
            yield path.name

    def sweep(self) -> None:
        """Remove half-written files that nobody writes any more: their writer's lock has gone with its process."""
        for path in self._new.glob("*"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()

    # Inside

    def _original(self, photo_id: str) -> Path:
        return self._incoming / photo_id[-2:] / photo_id

    def _clean(self, photo_id: str, thumbnail: bool) -> Path:
        return self._kept / photo_id[-2:] / f"{photo_id}{'.thumbnail' if thumbnail else ''}.jpg"

    def _aside(self, photo_id: str) -> Path:
        return self._kept / photo_id[-2:] / f"{photo_id}.unblurred.jpg"

    def _beside(self, photo_id: str, token: str) -> tuple[Path, Path]:
        """The names of another version: its thumbnail, its picture."""
        folder = self._kept / photo_id[-2:]
        return folder / f"{photo_id}.{token}.thumbnail.jpg", folder / f"{photo_id}.{token}.jpg"

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

    def _settle(self, *written: tuple[io.FileIO, Path, Path]) -> None:
        """Give written files (file, its path, its name for good; all in one folder) their names, durably."""
        for file, _path, _target in written:
            os.fsync(file.fileno())
        for _file, path, target in written:
            path.replace(target)
        _sync_folder(written[0][2].parent)

    def _lay_out(self) -> None:
        """All folders once, before the first file: then a photo's receipt needs to sync one folder alone.

        256 folders each, by the end of the id, which is random in a UUIDv7: no folder grows long."""
        if self._laid_out:
            return
        for parent in (self._incoming, self._kept):
            parent.mkdir(parents=True, exist_ok=True)
            for name in _FOLDERS:
                (parent / name).mkdir(exist_ok=True)
            _sync_folder(parent)
        self._new.mkdir(exist_ok=True)
        _sync_folder(self.folder)
        _sync_folder(self.folder.parent)
        self._laid_out = True


def _write(file: io.FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # a disk that is nearly full takes a part, and refuses only the next
        rest = rest[file.write(rest) :]


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _as_try_again() -> Iterator[None]:
    try:
        yield
    except OSError as trouble:
        from app.problems import TryAgain  # not above: it brings the web framework, which the worker can do without

        raise TryAgain() from trouble
