"""A phone's copy, opened: the file that "Save a copy" makes of what a phone could not send.

Hides the ZIP and everything that a broken or hostile one can do. Promises that whatever the file is, it is either a copy
whose head is sound or Unusable with one sentence, in little memory and time; that no name in it is ever a path here; and
that a photo is read piece by piece and never larger than it says. Never writes anything. docs/decisions/0003 has the format.
"""

import errno
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from app.copies import Unusable
from app.problems import Problem
from app.sync.body import parsed
from app.sync.protocol import LIMITS, Hex256, Role, Uuid, Wire

VERSION = 1
PIECE = 256 * 1024  # bytes read at a time
CONTENTS_BYTES = 8 * 1024 * 1024  # of a ZIP's table of contents; 300 photos take 30 KB
WORDS_BYTES = 64 * 1024 * 1024  # of copy.json; 500 of the longest notes take 10 MB
SWELLING = 4  # how much larger than the file its photos may be: photos do not shrink, a file made to harm does
_HARMFUL = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError)
_PHOTO = re.compile(r"photos/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


class CopiedWalk(Wire):
    id: Uuid
    code: str = ""
    title: str = ""


class CopiedParticipant(Wire):
    """Who made the notes. `secret_sha256`: as we keep it; the secret itself never leaves the phone."""

    id: Uuid
    secret_sha256: Hex256
    role: Role = "resident"
    name: Annotated[str | None, Field(max_length=LIMITS["name"])] = None
    team: Annotated[str | None, Field(max_length=LIMITS["name"])] = None
    language: Annotated[str, Field(max_length=35)] = "da"


class Head(Wire):
    """copy.json. `observations`: the wire's bodies, each with its `id`; they are judged one by one when they come in."""

    format: Literal["tryghedsvandring-copy"]
    version: int
    walk: CopiedWalk
    participant: CopiedParticipant
    observations: Annotated[list[dict[str, Any]], Field(max_length=20_000)]


class PhoneCopy:
    """An open copy: `head`, and the bytes of the photos by their ids."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        if any(_leads_out(entry.filename) for entry in entries):
            raise Unusable("The file names places outside itself: it is no copy from a phone.")
        # A copy that somebody has unpacked and packed again lies in a folder.
        heads = [entry for entry in entries if re.fullmatch(r"(?:[^/]*/)?copy\.json", entry.filename)]
        if len(heads) != 1:
            raise Unusable("The file is no copy from a phone: it holds no copy.json.")
        self._archive = archive
        at = len(heads[0].filename) - len("copy.json")
        self._photos = {
            found[1].lower(): entry for entry in entries if (found := _PHOTO.fullmatch(entry.filename[at:]))
        }
        self._refuse_swelling(heads[0])
        self.head = self._read_head(heads[0])

    @property
    def photo_ids(self) -> set[str]:
        return set(self._photos)

    def size(self, photo_id: str) -> int:
        """Bytes of a photo in the file, as it says."""
        return self._photos[photo_id].file_size

    def photo(self, photo_id: str) -> Iterator[bytes]:
        """A photo's bytes. Raises Unusable where they cannot be read whole."""
        with _as_unusable("It is damaged in the file."):
            yield from self._pieces(self._photos[photo_id])

    def _pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._archive.open(entry) as file:
            while piece := file.read(PIECE):
                yield piece

    def _refuse_swelling(self, head: zipfile.ZipInfo) -> None:
        there = self._archive.fp.seek(0, io.SEEK_END) if self._archive.fp else 0
        too_much = sum(entry.file_size for entry in self._photos.values()) > SWELLING * there
        if too_much or head.file_size > WORDS_BYTES:
            raise Unusable("The file would swell to far more than it is: it is no copy from a phone.")

    def _read_head(self, entry: zipfile.ZipInfo) -> Head:
        with _as_unusable("The file is damaged: its copy.json cannot be read."):
            raw = b"".join(self._pieces(entry))
        try:
            head = parsed(Head, raw)
        except Problem as wrong:
            field = wrong.more["errors"][0]["field"]
            raise Unusable(f"The file's copy.json is not what a phone writes ({field}).") from None
        if head.version != VERSION:
            raise Unusable("The copy was made by a newer version of the app: update this program.")
        return head


@contextmanager
def open_copy(path: Path) -> Iterator[PhoneCopy]:
    """The copy in a file. Raises Unusable, OSError."""
    with path.open("rb", buffering=0) as raw, _Careful(raw) as file:
        with _as_unusable("The file is no copy from a phone, or it is not whole."):
            archive = zipfile.ZipFile(file)
        with archive:
            yield PhoneCopy(archive)


class _Careful(io.BufferedReader):
    """A file that is never read in larger parts than a table of contents of ours may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and 0 <= size <= CONTENTS_BYTES:
            return super().read(size)
        found = super().read(CONTENTS_BYTES + 1)
        if len(found) > CONTENTS_BYTES:
            raise zipfile.BadZipFile("too many entries")
        return found


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


@contextmanager
def _as_unusable(sentence: str) -> Iterator[None]:
    try:
        yield
    except _HARMFUL as harm:
        raise Unusable(sentence) from harm
    except OSError as trouble:
        if trouble.errno != errno.EINVAL:  # a place before the file's beginning; anything else is the disk's
            raise
        raise Unusable(sentence) from trouble
