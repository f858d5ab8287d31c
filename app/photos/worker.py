"""The process in which photos are cleaned: one id a line in, one answer a line out.

Hides everything that can go wrong in a decoder from the server: it may run out of memory, crash or hang here. Promises to
run at idle priority, so that receipts come first, and to say `ready WIDTH HEIGHT` only when the clean files are on disk;
`unreadable WHY` only where the bytes prove to be no picture, and their metadata is gone; `trouble WHY` for everything else.
Asked `blur ID TOKEN BOXES` it keeps a blurred version beside the photo. Started by cleaning.py: `python -m app.photos.worker
FOLDER EDGE PIXELS [passing]`. Knows of no store but that folder. Ends when its input does.
"""

import contextlib
import os
import resource
import sys
from pathlib import Path

from app.photos import images, remains
from app.photos.folder import FolderVault

ADDRESSES_BYTES = 2 * 1024**3  # address space: with all that the libraries lay out and never touch
MEMORY_BYTES = 512 * 1024**2  # what is really written to; 50 megapixels of the most wasteful kind take 365 MB in all


def main() -> None:
    folder, edge, pixels, *passing = sys.argv[1:]
    os.nice(19)
    with contextlib.suppress(OSError, ValueError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES_BYTES, ADDRESSES_BYTES))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log and is no answer
    vault = FolderVault(Path(folder), passing=bool(passing))
    for line in sys.stdin:
        answer = _answer(vault, line.strip(), int(edge), int(pixels)).replace("\n", " ")
        try:
            print(answer, file=answers)
        except BrokenPipeError:  # the server was killed; the next one finds the photo stored, and asks again
            os._exit(0)


def _answer(vault: FolderVault, photo_id: str, edge: int, pixels: int) -> str:
    try:
        if photo_id.startswith("blur "):
            return _blurred(vault, *photo_id.split(" ")[1:])
        # All bytes first: what fails below with an OSError is then never the disk.
        original = vault.original(photo_id)
        clean = images.clean(original, edge, pixels)
        vault.keep_clean(photo_id, clean.jpeg, clean.thumbnail)
    except images.NoPicture as refused:
        return _unreadable(vault, photo_id, original, str(refused))
    except (OSError, MemoryError, images.Trouble) as trouble:
        return f"trouble {type(trouble).__name__}: {trouble}"
    return f"ready {clean.width} {clean.height}"


def _unreadable(vault: FolderVault, photo_id: str, original: bytes, why: str) -> str:
    """What tells of people in a file that nobody will see is not kept either."""
    try:
        vault.keep_remains(photo_id, remains.of(original))
    except OSError as trouble:
        return f"trouble {type(trouble).__name__}: {trouble}"
    return f"unreadable {why}"


def _blurred(vault: FolderVault, photo_id: str, token: str, written: str) -> str:
    boxes = [tuple(map(float, box.split(","))) for box in written.split(";") if box != "-"]
    made = images.blurred(vault.unblurred(photo_id), boxes)  # type: ignore[arg-type]
    vault.keep_beside(photo_id, token, made.jpeg, made.thumbnail)
    return f"ready {made.width} {made.height}"


if __name__ == "__main__":
    main()
