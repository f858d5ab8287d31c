"""Photos in a bucket of an object store that speaks S3, for any number of servers.

Hides the store's library, its keys and its moods. Promises what a folder does: what was kept the store has confirmed before a
call returns, under its name whole or not at all; and that a store which is slow, refuses, is full or answers late is told as
Unreached, to requests within 5 s, after which nobody waits for it for a moment: a store that hangs holds up no words.
A put may have succeeded although its answer was lost; putting the same again is no fault. An original is put only where none
lies, and written over only where what lies there is not what was declared. Files lie on this machine only while they pass.
"""

import contextlib
import errno
import fcntl
import hashlib
import io
import logging
import mmap
import os
import shutil
import threading
import time
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app.photos.folder import FolderVault
from app.photos.vault import PIECE, Arriving, Bench, Opened, Place, Vault, aside_of, clean_of, original_of, write_all
from app.problems import TryAgain

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("tryg")

QUICK_S = 4.0  # for one answer that a request waits for; with AGAIN_S below the contract's 10 s
AGAIN_S = 1.0  # how long after the first try another one may begin
PATIENT_S = 20.0  # where nobody waits: the cleaning, copies
REST_S = 2.0  # nobody asks a store that has just not answered
TELL_S = 60.0  # between two lines in the log about the same
MOST_BYTES = 256 * 1024 * 1024  # of one file: what is larger was put there by somebody else
PROBE = "probe"  # what is put to see whether anything can be
_SUM = "sha256"


class Unreached(TryAgain, OSError):
    """The store did not do as it was asked, or not in time."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.errno, self.strerror = errno.EIO, f"The photo store did not do as asked: {why}"

    def __str__(self) -> str:
        return str(self.strerror)


class BucketVault(Vault):
    """`place`: bucket, prefix, endpoint, key, secret, region; `aside`: a folder of this machine for what passes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._resting_until, self._told = 0.0, -TELL_S
        self._probed = (0.0, False)
        self._making = threading.Lock()
        self._passing: _Passing | None = None

    def writable(self) -> bool:
        """Asked at most once a second."""
        if time.monotonic() - self._probed[0] > 1:
            self._probed = (time.monotonic(), self._try_out())
        return self._probed[1]

    def _try_out(self) -> bool:
        self._resting_until = 0.0
        name = f"{PROBE}/{uuid4().hex}"
        try:
            file, path = self._new_file()
            path.unlink()
            file.close()
            self._put(self._quick, name, b"ready", hashlib.sha256(b"ready").hexdigest(), create=True)
            self._delete(self._quick, name)
        except OSError:
            return False
        return True

    def stream(self, name: str) -> Iterator[bytes]:
        with self._asking(self._patient):
            found = self._obstore.get(self._patient, name)
            if found.meta["size"] > MOST_BYTES:
                raise OSError(errno.EFBIG, f"{name} is larger than any photo")
            for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    def adopt(self, source: Vault, names: list[str]) -> list[str]:
        with contextlib.ExitStack() as undo, contextlib.ExitStack() as unless_done:
            come: list[tuple[str, io.FileIO, str]] = []
            for name in names:
                file, path = self._new_file()
                undo.callback(file.close)
                undo.callback(path.unlink, missing_ok=True)
                digest = hashlib.sha256()
                for piece in source.stream(name):
                    digest.update(piece)
                    write_all(file, piece)
                come.append((name, file, digest.hexdigest()))
            for name, file, sha256 in come:
                if self._keep_file(self._patient, name, file, sha256):
                    unless_done.callback(self._try_to_remove, name)
            unless_done.pop_all()
        return [sha256 for _name, _file, sha256 in come]

    def bench(self) -> Bench:
        return _Apart(self)

    def keep_from(self, local: FolderVault, *names: str, anew: bool) -> None:
        """Files of a folder, durably; `anew` as in _keep()."""
        for name in names:
            with (local.folder / name).open("rb", buffering=0) as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                with _mapped(file) as content:
                    self._keep_one(name, content, sha256, anew)

    def take_over(self, photo_id: str, local: FolderVault, token: str) -> None:
        """Show the version that lies in a folder from now on; what was shown is set aside, unless something is already."""
        began = time.monotonic()
        if not self.keeps_unblurred(photo_id):
            _in_time(began)
            shown = b"".join(self._open(clean_of(photo_id, False)).pieces())
            _in_time(began)
            with contextlib.suppress(FileExistsError):
                self._put(self._quick, aside_of(photo_id), shown, hashlib.sha256(shown).hexdigest(), create=True)
        thumbnail, jpeg = ((local.folder / name).read_bytes() for name in local.beside(photo_id, token))
        for content, name in ((thumbnail, clean_of(photo_id, True)), (jpeg, clean_of(photo_id, False))):
            _in_time(began)
            self._put(self._quick, name, content, hashlib.sha256(content).hexdigest())

    def forget(self, photo_id: str) -> None:
        clean = self.names(photo_id, original=False)
        self._remove(original_of(photo_id), *clean, aside_of(photo_id), durably=True)

    def sweep(self) -> None:
        """And what was put here to see whether it could be."""
        for folder in Path(self.place["aside"]).glob("*"):
            with contextlib.suppress(OSError), _held(folder):
                shutil.rmtree(folder)
        old = datetime.now(UTC) - timedelta(days=1)
        for found in self._listed(PROBE):
            if found["last_modified"] < old:
                self._remove(found["path"])

    # Inside

    def _new_file(self) -> tuple[io.FileIO, Path]:
        with self._making:
            if self._passing is None or not self._passing.folder.is_dir():
                self._passing = _Passing(Path(self.place["aside"]))
                weakref.finalize(self, self._passing.end)
        return self._passing._new_file()

    def _keep_arrived(self, photo_id: str, arriving: Arriving) -> None:
        self._keep_file(self._quick, original_of(photo_id), arriving.file, arriving.sha256)

    def _keep_file(self, store: "S3Store", name: str, file: io.FileIO, sha256: str) -> bool:
        """Whether it is there now and was not before."""
        began = time.monotonic()
        with _mapped(file) as content:
            try:
                self._put(store, name, content, sha256, create=True)
            except (
                FileExistsError
            ):  # the same, whose answer was lost on the way or is on it now; or what an older backup forgot
                soon = began if store is self._quick else None
                _in_time(soon)
                if self._sum(store, name) != sha256:
                    _in_time(soon)
                    self._put(store, name, content, sha256)
                return False
        return True

    def _keep(self, *written: tuple[bytes, str], anew: bool = True) -> None:
        for content, name in written:
            self._keep_one(name, content, hashlib.sha256(content).hexdigest(), anew)

    def _keep_one(self, name: str, content: Any, sha256: str, anew: bool) -> None:
        try:
            self._put(self._patient, name, content, sha256, create=not anew)
        except FileExistsError:  # Amazon's says so, too, to one of two who put at once, whatever becomes of the other
            with self._asking(self._patient):
                self._obstore.head(self._patient, name)

    def _remove(self, *names: str, durably: bool = False) -> None:
        self._delete(self._quick, *names)

    def _size(self, name: str) -> int | None:
        try:
            with self._asking(self._quick):
                return int(self._obstore.head(self._quick, name)["size"])
        except FileNotFoundError:
            return None

    def _open(self, name: str) -> Opened:
        """Read at once: whoever reads slowly keeps no line to the store open, and clean pictures are small."""
        with self._asking(self._quick):
            found = self._obstore.get(self._quick, name)
            if found.meta["size"] > MOST_BYTES:
                raise OSError(errno.EFBIG, f"{name} is larger than any photo")
            content = found.bytes().to_bytes()
        return Opened(io.BytesIO(content), len(content))

    def _names(self, parent: str) -> Iterator[str]:
        for found in self._listed(parent):
            yield found["path"]

    def _listed(self, parent: str) -> Iterator[Any]:
        with self._asking(self._patient):
            for page in self._obstore.list(self._patient, prefix=parent, chunk_size=1000):
                yield from page

    # The store

    @cached_property
    def _obstore(self) -> Any:
        import obstore  # late: who has a folder does without

        return obstore

    @cached_property
    def _quick(self) -> "S3Store":
        return self._store(QUICK_S, AGAIN_S)

    @cached_property
    def _patient(self) -> "S3Store":
        return self._store(PATIENT_S, PATIENT_S)

    def _store(self, answer_s: float, again_s: float) -> "S3Store":
        from obstore.store import S3Store

        given: dict[str, Any] = {name: self.place[name] for name in ("prefix", "endpoint") if self.place.get(name)}
        return S3Store(
            self.place["bucket"], access_key_id=self.place["key"], secret_access_key=self.place["secret"], region=self.place["region"],
            client_options={"allow_http": True, "connect_timeout": "2s", "timeout": f"{answer_s * 1000:.0f}ms"},
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=again_s)}, **given,
        )  # fmt: skip

    def _put(self, store: "S3Store", name: str, content: Any, sha256: str, *, create: bool = False) -> None:
        """Raises FileExistsError where `create` and something lies there."""
        with self._asking(store):
            self._obstore.put(
                store, name, content, mode="create" if create else "overwrite", use_multipart=False,
                attributes={_SUM: sha256, "Content-Type": "image/jpeg" if name.endswith(".jpg") else "application/octet-stream"},
            )  # fmt: skip

    def _sum(self, store: "S3Store", name: str) -> str:
        """What was said of the file when it was put; "" where it is not there, or nothing was."""
        try:
            with self._asking(store):
                return str(self._obstore.get(store, name, options={"head": True}).attributes.get(_SUM, ""))
        except FileNotFoundError:
            return ""

    def _delete(self, store: "S3Store", *names: str) -> None:
        for name in names:
            with contextlib.suppress(FileNotFoundError), self._asking(store):
                self._obstore.delete(store, name)

    def _try_to_remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._remove(name)

    @contextlib.contextmanager
    def _asking(self, store: "S3Store") -> Iterator[None]:
        """The library's failures as Python's own. Raises FileNotFoundError, FileExistsError, Unreached."""
        from obstore.exceptions import AlreadyExistsError, BaseError

        began = time.monotonic()
        if store is self._quick and began < self._resting_until:
            raise Unreached("it has just not answered")
        try:
            yield
        except FileNotFoundError as missing:
            if "NoSuchBucket" in str(missing):  # then no photo is gone
                raise Unreached(f"there is no bucket {self.place['bucket']}") from None
            raise
        except AlreadyExistsError as there:
            raise FileExistsError(str(there)) from None
        except BaseError as trouble:
            if time.monotonic() - began > QUICK_S / 2:
                self._resting_until = time.monotonic() + REST_S
            told = Unreached(str(trouble).partition("\n")[0][:300])
            if time.monotonic() - self._told > TELL_S:
                self._told = time.monotonic()
                log.warning("%s", told)
            raise told from trouble


class _Passing(FolderVault):
    """A folder for what passes: held by this process as long as it lives, and gone with it, or swept after it."""

    def __init__(self, aside: Path) -> None:
        super().__init__(aside / uuid4().hex, passing=True)
        self.folder.mkdir(mode=0o700, parents=True)
        self._descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._ended = False

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._descriptor)


class _Apart(Bench):
    """A folder of its own beside the bucket, made when the first photo is worked on. The worker's process has no keys."""

    passing = True

    def __init__(self, vault: BucketVault) -> None:
        self._vault = vault
        self._making = threading.Lock()  # several threads may work at it
        self._made: _Passing | None = None

    @property
    def _local(self) -> _Passing:
        with self._making:
            self._made = self._made or _Passing(Path(self._vault.place["aside"]))
            return self._made

    @property
    def folder(self) -> Path:  # type: ignore[override]
        return self._local.folder

    def fetch(self, photo_id: str, *, original: bool) -> None:
        if original:
            self._local.adopt(self._vault, [original_of(photo_id)])
            return
        self._local._keep((self._vault.unblurred(photo_id), clean_of(photo_id, False)))

    def bring(self, photo_id: str, *, ready: bool) -> None:
        if ready:
            self._vault.keep_from(self._local, *self._vault.names(photo_id, original=False), anew=False)
        elif self._local.holds(original_of(photo_id)):
            self._vault.keep_from(self._local, original_of(photo_id), anew=True)
        else:
            self._vault.erase_original(photo_id)

    def take_over(self, photo_id: str, token: str) -> None:
        self._vault.take_over(photo_id, self._local, token)

    def drop(self, photo_id: str, token: str) -> None:
        self.clear(photo_id)

    def clear(self, photo_id: str) -> None:
        if made := self._made:
            with contextlib.suppress(OSError):
                made.forget(photo_id)

    def end(self) -> None:
        with self._making:
            made, self._made = self._made, None
        if made:
            made.end()


def _in_time(began: float | None) -> None:
    """Before another step of what a request waits for, which `began` then. Raises Unreached."""
    if began is not None and time.monotonic() - began > QUICK_S:
        raise Unreached("it took too long")


@contextlib.contextmanager
def _mapped(file: Any) -> Iterator[Any]:
    """The whole content without reading it into memory."""
    if not os.fstat(file.fileno()).st_size:
        yield b""
        return
    with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
        yield content


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else is at it. Raises OSError where somebody is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
