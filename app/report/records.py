"""The package for a municipality's records system (ESDH): the report to read, the data, the photos, and a list with sums.

Hides how it is packed. Promises that every file in it stands in manifest.json with its size and SHA-256, which is computed of
the very bytes that go out; that it says what it is (title, dates, organisation, journal number, who may read it), so that it
can be filed by somebody who was not there; and to hold no photo whole. Made from a Report and its PDF.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from app.photos.vault import Opened
from app.report import exports
from app.report.report import Report
from app.streaming import as_bytes
from app.sync.protocol import utc

FORMAT = "tryghedsvandring.records/1"
_PIECE = 256 * 1024


def package(
    report: Report,
    pdf: Path,
    opened: Callable[[str], Opened | None],
    about: dict[str, Any],
    since: exports.Told | None = None,
) -> Iterator[bytes]:
    """The ZIP, piece by piece. `about`: what metadata() gives; `opened` and `since` as in exports.bundle()."""
    archive, sums, missing = ZipStream(compress_type=ZIP_STORED), list[dict[str, Any]](), list[str]()

    def add(pieces: Iterable[bytes], name: str, kind: str, *, packed: bool = True) -> Iterator[bytes]:
        archive.add(_summed(pieces, name, kind, sums), name, compress_type=ZIP_DEFLATED if packed else ZIP_STORED)
        yield from archive.all_files()

    yield from add(_read(pdf), "report.pdf", "application/pdf", packed=False)
    yield from add(exports.table(report), "observations.csv", "text/csv")
    if since:
        yield from add(exports.since_table(since), "since.csv", "text/csv")
    for photo_id, _photo, pieces in exports.photos(report, opened, missing):
        yield from add(as_bytes(pieces), f"photos/{photo_id}.jpg", "image/jpeg", packed=False)
    yield from add(exports.whole(report, since, missing_photos=missing), "report.json", "application/json")
    manifest = {"format": FORMAT, "metadata": about, "files": sums, "missing_photos": missing}
    archive.add(
        json.dumps(manifest, ensure_ascii=False, indent=2).encode(), "manifest.json", compress_type=ZIP_DEFLATED
    )
    yield from archive.finalize()


def metadata(
    report: Report, *, organisation: str, journal: str, sensitive: bool, mark: str, language: str
) -> dict[str, Any]:
    """What a records system asks of a document. Times are UTC; `journal`: "" where it has no number yet."""
    walk = report.walk
    newest = max((seen.captured_utc for seen in report.observations), default=None)
    return {
        "title": walk["title"],
        "type": "report from a safety walk",
        "organisation": organisation or None,
        "journal_number": journal or None,
        "walk_id": walk["id"],
        "walk_starts_at": _moment(walk["starts_at"]),
        "walk_ends_at": _moment(walk["ends_at"]),
        "newest_note_at": _moment(newest),
        "language": language,
        "version": "internal",
        "holds_sensitive_notes": sensitive,
        "access": "not for publication",
        "mark": mark,
        "notes": len(report.observations),
        "measures": len(report.measures),
    }


def _summed(pieces: Iterable[bytes], name: str, kind: str, sums: list[dict[str, Any]]) -> Iterator[bytes]:
    """The pieces as they are; once they have gone by, a line in `sums`."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    sums.append({"path": name, "type": kind, "bytes": size, "sha256": digest.hexdigest()})


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _moment(moment: datetime | None) -> str | None:
    return utc(moment) if moment else None
