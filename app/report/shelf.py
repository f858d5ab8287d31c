"""Reports that were built lately, for whoever asks again: with another filter, another page, as another file.

Hides how long one is kept. Promises that a report is given out only while building it anew would give the same, as
`version()` says from the database each time, and that what readers of sensitive notes may see stays apart from the others'.
Keeps the newest of each walk in memory, of few walks, and none for long after it was last asked for; they are never changed.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from sqlmodel import Session

from app.report.report import Report, build

MOST_NOTES = 20_000  # in all reports together: about 50 MB
KEPT_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class _Kept:
    version: str
    report: Report
    until: float


class Shelf:
    """One for each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bool, str], _Kept] = OrderedDict()  # the one asked for last comes last

    def report(self, tx: Session, walk_id: str, version: str, *, sensitive: bool, base_url: str) -> Report:
        """The walk's report as `build()` makes it; `version`: as it is now, read in the same transaction."""
        what = walk_id, sensitive, base_url
        with self._lock:
            kept = self._kept.get(what)
        same = kept is not None and kept.version == version
        report = kept.report if kept and same else build(tx, walk_id, sensitive=sensitive, base_url=base_url)
        self._keep(what, _Kept(version, report, time.monotonic() + KEPT_S))
        return report

    def _keep(self, what: tuple[str, bool, str], kept: _Kept) -> None:
        at = time.monotonic()
        with self._lock:
            self._kept[what] = kept
            self._kept.move_to_end(what)
            for old in [name for name, one in self._kept.items() if one.until < at]:
                del self._kept[old]
            while len(self._kept) > 1 and sum(len(one.report.observations) for one in self._kept.values()) > MOST_NOTES:
                self._kept.popitem(last=False)
