"""Prints one sheet: its photos made small enough for paper, then the whole set as a PDF.

Hides Pillow and Typst, which may take long, need much memory or crash: on the server this runs in a process of its own
(`python -m app.report.printer`), at low priority, with a job as JSON on its input and one line for each step on its output:
`photos 3 60`, `setting`, and at the end `done`, or `failed WHY`. Promises that the PDF is there whole or not at all, that its
photos together are small enough to be mailed, and that a photo which cannot be read is left out and nothing else is.
"""

import contextlib
import io
import json
import logging
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app import typesetting
from app.photos.vault import Vault, at

log = logging.getLogger("tryg")

MEMORY_BYTES = 3 * 1024**3  # address space, which Typst's code alone takes a part of
PHOTOS_BYTES = 4_800_000  # all of them together: with text and map below 6 MB
# Edge in pixels and JPEG quality, the best first. A photo is printed 62 to 83 mm wide: 800 pixels are 245 to an inch or more,
# and half of what phones send, which a JPEG is decoded to at once.
STEPS = ((800, 72), (800, 58), (640, 58), (480, 54), (360, 50), (240, 45), (160, 40))
_BYTES_A_PIXEL = 0.1  # of a quiet picture at such a quality: where there is no room even for that, a step is not tried

Told = Callable[[str], None]


def printed(
    given: dict[str, Any], photos: dict[str, str], vault: Vault, folder: Path, said: Told = lambda _step: None
) -> bytes:
    """The PDF of report.typ. `photos`: file name → photo id; `folder`: an empty one, for what is set. Raises OSError where
    the disk fails, RuntimeError where it cannot be set."""
    for source in typesetting.SOURCES.glob("*.typ"):
        shutil.copy(source, folder)
    share, missing = PHOTOS_BYTES // max(1, len(photos)), set[str]()

    def small(named: tuple[str, str]) -> None:
        name, photo_id = named
        try:
            content = _small(b"".join(vault.pieces(photo_id)), share)
        except (OSError, ValueError, MemoryError) as trouble:  # Pillow says OSError of a picture that it cannot read
            log.warning("photo %s is not printed: %s", photo_id, trouble)
            missing.add(name)
            return
        (folder / name).write_bytes(content)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for at, _done in enumerate(pool.map(small, photos.items())):
            said(f"photos {at} {len(photos)}")
    said("setting")
    return typesetting.printed("report.typ", _without(given, missing), folder=folder, standards=typesetting.KEPT)


def _small(jpeg: bytes, share: int) -> bytes:
    """The picture in at most `share` bytes, or as few as it may be."""
    from PIL import Image  # late: who prints nothing does without

    picture = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    steps = [step for step in STEPS if 0.75 * step[0] ** 2 * _BYTES_A_PIXEL <= share] or [STEPS[-1]]
    part = min(1.0, steps[0][0] / max(picture.size))
    picture.draft("RGB", (int(picture.width * part), int(picture.height * part)))
    made = picture.convert("RGB")
    written, tried = b"", 0
    for edge, quality in steps:
        if written and (edge, quality) != STEPS[-1] and 0.7 * len(written) * (edge / tried) ** 2 > share:
            continue  # it would be too much again
        tried = edge
        made.thumbnail((edge, edge), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        made.save(file, "JPEG", quality=quality)
        written = file.getvalue()
        if len(written) <= share:
            break
    return written


def _without(given: Any, missing: set[str]) -> Any:
    """The same without the photos that are not there."""
    if not missing:
        return given
    if isinstance(given, dict):
        return {
            name: None if isinstance(one, dict) and one.get("file") in missing else _without(one, missing)
            for name, one in given.items()
        }
    if isinstance(given, list):
        return [_without(one, missing) for one in given if not (isinstance(one, dict) and one.get("file") in missing)]
    return given


def main() -> None:
    """One job: {"given", "photos", "vault": its place, "out": path}."""
    os.nice(10)
    with contextlib.suppress(OSError, ValueError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log and is no answer
    job = json.load(sys.stdin)
    out = Path(job["out"])
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.stem}.") as folder:
            pdf = printed(
                job["given"],
                job["photos"],
                at(job["vault"]),
                Path(folder),
                lambda step: print(step, file=answers),
            )
            part = Path(folder) / "whole.pdf"
            part.write_bytes(pdf)
            part.replace(out)
    except (OSError, RuntimeError, MemoryError) as trouble:
        print(f"failed {type(trouble).__name__}: {trouble}".replace("\n", " "), file=answers)
        sys.exit(1)
    print("done", file=answers)


if __name__ == "__main__":
    main()
