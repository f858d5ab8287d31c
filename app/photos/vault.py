"""Photos: bytes in, bytes out. What every place that keeps them can do: a folder (folder.py), or a bucket (bucket.py).

Hides where a photo lies: `incoming/` holds originals until they are cleaned (and what remains of those that cannot be read),
`kept/` the clean pictures and their thumbnails. Promises that what was kept is durable before a call returns, and that
nothing half-written is ever seen under a photo's name. What requests call raises TryAgain for every trouble of the place;
what the cleaning calls raises OSError. Never looks into a picture, never holds an original whole but for the cleaning, and
imports nothing heavy: the worker's process imports it too.
"""

import contextlib
import hashlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from app.settings import Settings
    from app.streaming import Piece

PIECE = 256 * 1024  # bytes read or written at a time
INCOMING, KEPT = "incoming", "kept"
Place = dict[str, str]  # of a vault, so that another process can open it; with keys in it: never on a command line


class Digest:
    """Bytes that come in and are counted and hashed, and not kept."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._hash.update(piece)
            self.size += len(piece)

    def close(self) -> None:
        """Lets go of everything that was not kept."""


class Arriving(Digest):
    """An original on its way in, in a local file of its own. `file` may be read. Closed without keep(): nothing remains."""

    def __init__(self, vault: "Vault") -> None:
        super().__init__()
        self._vault = vault
        with _as_try_again():
            self.file, self.path = vault._new_file()

    def write(self, *pieces: bytes) -> None:
        """Raises TryAgain where the disk is full, failing or read-only."""
        super().write(*pieces)
        with _as_try_again():
            for piece in pieces:
                write_all(self.file, piece)

    def keep(self, photo_id: str) -> None:
        """Make it the photo's original, durably. Raises TryAgain."""
        with _as_try_again():
            self._vault._keep_arrived(photo_id, self)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)  # gone already when it was kept
        with contextlib.suppress(OSError):
            self.file.close()


class Opened:
    """A file as it was when it was opened, whatever takes its place while it is read. `size`: in bytes; `crc32`: its sum, None
    where the place does not keep it."""

    def __init__(self, file: BinaryIO | io.FileIO, size: int, crc32: int | None = None) -> None:
        self._file, self.size, self.crc32 = file, size, crc32

    def pieces(self, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """`length` bytes (all that are left) from byte `start`, once."""
        length = self.size - start if length is None else length
        with self._file as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(PIECE, length))):
                length -= len(piece)
                yield piece

    def begun(self) -> "Iterator[Piece]":
        """All of it, once, and that it can be read has been seen: the file itself where it lies on this machine, which is then the
        reader's to close, else its bytes. Raises OSError."""
        if isinstance(self._file, io.FileIO):
            from app.streaming import Part  # late, as below

            os.pread(self._file.fileno(), 1, 0)
            return iter([Part(self._file, self.size)])
        pieces = self.pieces()
        return chain([next(pieces, b"")], pieces)

    def close(self) -> None:
        """Where nobody reads it after all."""
        self._file.close()


class Bench(ABC):
    """Where the process that looks into pictures works, which knows folders alone: each of its photos lies there while it is
    worked on. `folder`; `passing`: nothing stays there. All but clear(), drop() and end() raise OSError."""

    folder: Path
    passing: bool

    @abstractmethod
    def fetch(self, photo_id: str, *, original: bool) -> None:
        """Have the original there, or the picture as it was before anything was blurred. Raises FileNotFoundError."""

    @abstractmethod
    def bring(self, photo_id: str, *, ready: bool) -> None:
        """Keep what was made of the original, durably: the clean picture and its thumbnail, or what remains of it."""

    @abstractmethod
    def take_over(self, photo_id: str, token: str) -> None:
        """Show the version that was made beside from now on; what was shown is set aside, unless something is already."""

    @abstractmethod
    def drop(self, photo_id: str, token: str) -> None:
        """Remove the version that was made beside, if it is still there."""

    @abstractmethod
    def clear(self, photo_id: str) -> None:
        """Nothing of the photo stays on the bench."""

    @abstractmethod
    def end(self) -> None:
        """Nothing stays at all."""


class Vault(ABC):
    """The photos of one installation. `place`: how another process opens the same."""

    place: Place

    # For requests

    def arrive(self) -> Arriving:
        """A place for an original that comes in. Raises TryAgain."""
        return Arriving(self)

    @abstractmethod
    def writable(self) -> bool:
        """Whether a photo could be kept now, tried out by keeping something small."""

    def size(self, photo_id: str, *, thumbnail: bool = False) -> int | None:
        """Bytes of the clean JPEG, or of its thumbnail; None where there is none yet. Raises OSError."""
        return self._size(clean_of(photo_id, thumbnail))

    def opened(self, photo_id: str, *, thumbnail: bool = False) -> Opened | None:
        """The clean JPEG, or its thumbnail, to be read later; None where there is none yet. Raises OSError."""
        try:
            return self._open(clean_of(photo_id, thumbnail))
        except FileNotFoundError:
            return None

    def opened_original(self, photo_id: str) -> Opened | None:
        """The bytes as they came, as of a recording, to be read later; None where there are none. Raises OSError."""
        try:
            return self._open(original_of(photo_id))
        except FileNotFoundError:
            return None

    def pieces(self, photo_id: str, *, thumbnail: bool = False) -> Iterator[bytes]:
        """The clean JPEG, or its thumbnail. Raises FileNotFoundError, OSError."""
        yield from self._open(clean_of(photo_id, thumbnail)).pieces()

    # For copies: files by name, as "kept/0f/….jpg". OSError where the place fails

    def names(self, photo_id: str, *, original: bool) -> list[str]:
        """Which files a photo is: its original, or the clean picture and its thumbnail."""
        return [original_of(photo_id)] if original else [clean_of(photo_id, True), clean_of(photo_id, False)]

    def files(self) -> Iterator[str]:
        """The names of all files that are kept."""
        yield from self._names(INCOMING)
        yield from self._names(KEPT)

    def holds(self, name: str) -> bool:
        return self._size(name) is not None

    @abstractmethod
    def stream(self, name: str) -> Iterator[bytes]:
        """A file, piece by piece. Raises FileNotFoundError."""

    @abstractmethod
    def adopt(self, source: "Vault", names: list[str]) -> list[str]:
        """Take over a photo's files from another vault, durably and all or none; the SHA-256 of each, in hex.

        Raises FileNotFoundError where the other has not all of them (any more)."""

    def erase(self, name: str) -> None:
        """Remove one file."""
        self._remove(name)

    # For the cleaning: OSError where the place fails

    @abstractmethod
    def bench(self) -> Bench:
        """For one worker."""

    def original(self, photo_id: str) -> bytes:
        """The bytes as received. Raises FileNotFoundError where there are none (any more)."""
        return b"".join(self.stream(original_of(photo_id)))

    def keep_remains(self, photo_id: str, remains: bytes | None) -> None:
        """In the place of an original that cannot be read, durably; None: nothing is kept of it."""
        if remains is None:
            return self.erase_original(photo_id)
        self._keep((remains, original_of(photo_id)))

    def keep_clean(self, photo_id: str, jpeg: bytes, thumbnail: bytes) -> None:
        """Keep both, durably; what is there already stays. Of those who make the same twice, because one that was taken for
        gone was only slow, the late one never puts the bare picture over what was blurred meanwhile."""
        self._keep((thumbnail, clean_of(photo_id, True)), (jpeg, clean_of(photo_id, False)), anew=False)

    def erase_original(self, photo_id: str) -> None:
        """Remove the bytes as received, and their metadata with them."""
        self._remove(original_of(photo_id))

    def originals(self) -> Iterator[str]:
        """The ids of the photos whose original is here."""
        for name in self._names(INCOMING):
            yield name.rpartition("/")[2]

    # For blurring. What was there before it stays aside, until it is erased for good

    def unblurred(self, photo_id: str) -> bytes:
        """The clean JPEG as it was before anything in it was blurred. Raises FileNotFoundError."""
        return b"".join(self._unblurred(photo_id).pieces())

    def keeps_unblurred(self, photo_id: str) -> bool:
        return self.holds(aside_of(photo_id))

    def erase_unblurred(self, photo_id: str) -> None:
        """What was blurred cannot be brought back after this."""
        self._remove(aside_of(photo_id), durably=True)

    @abstractmethod
    def forget(self, photo_id: str) -> None:
        """Remove everything that is kept of a photo, durably: original, picture, thumbnail, every other version of it."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove half-written files that nobody writes any more."""

    # Inside: what each place does in its own way

    def _unblurred(self, photo_id: str) -> Opened:
        try:
            return self._open(aside_of(photo_id))
        except FileNotFoundError:
            return self._open(clean_of(photo_id, False))

    @abstractmethod
    def _new_file(self) -> tuple[io.FileIO, Path]:
        """A local file for what is being written, which sweep() leaves alone."""

    @abstractmethod
    def _keep_arrived(self, photo_id: str, arriving: Arriving) -> None: ...

    @abstractmethod
    def _keep(self, *written: tuple[bytes, str], anew: bool = True) -> None:
        """Contents under their names, durably; what was there is replaced, or stays (`anew` False), and is durable then. Where
        there are two, the last one counts."""

    @abstractmethod
    def _remove(self, *names: str, durably: bool = False) -> None:
        """Files that may be gone already."""

    @abstractmethod
    def _size(self, name: str) -> int | None: ...

    @abstractmethod
    def _open(self, name: str) -> Opened:
        """Raises FileNotFoundError."""

    @abstractmethod
    def _names(self, parent: str) -> Iterator[str]: ...


def vault_of(settings: "Settings") -> Vault:
    """Where this installation keeps its photos."""
    return at(settings.photos_place)


def at(place: Place) -> Vault:
    if "bucket" in place:
        from app.photos.bucket import BucketVault  # late: who has a folder does without its library

        return BucketVault(place)
    from app.photos.folder import FolderVault

    return FolderVault(Path(place["folder"]))


# Names: 256 folders each, by the end of the id, which is random in a UUIDv7: no folder grows long


def original_of(photo_id: str) -> str:
    return f"{INCOMING}/{photo_id[-2:]}/{photo_id}"


def clean_of(photo_id: str, thumbnail: bool) -> str:
    return f"{KEPT}/{photo_id[-2:]}/{photo_id}{'.thumbnail' if thumbnail else ''}.jpg"


def aside_of(photo_id: str) -> str:
    return f"{KEPT}/{photo_id[-2:]}/{photo_id}.unblurred.jpg"


def write_all(file: io.FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # a disk that is nearly full takes a part, and refuses only the next
        rest = rest[file.write(rest) :]


@contextlib.contextmanager
def _as_try_again() -> Iterator[None]:
    try:
        yield
    except OSError as trouble:
        from app.problems import TryAgain  # not above: it brings the web framework, which the worker can do without

        raise TryAgain() from trouble
