"""Each walk gets its own map, cut in the background: after its plan has changed, and at the start where it has none.

Hides the thread that looks for such walks. Promises that no request waits for it; that of all processes with one data folder
one cuts, and another when that ends; that a walk whose map is as it should be is not touched, and one that cannot be cut
for is in no other's way; that phones hear of a new map by the walk's next number, and of nothing where the map stays the
same; that a map whose file is lost is cut again once a phone asks for it; and that a base map which is broken or away
leaves walks as they are, with a sentence in the log. What is planned or open gets a map; what is over keeps the one it has.
"""

import logging
import threading
import time
from typing import Any

from sqlalchemy import and_, or_, true
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from app.basemap.archive import Archive, Unreadable
from app.basemap.around import Line
from app.basemap.cut import Ground, cut, mark_of
from app.basemap.kept import Maps
from app.basemap.tileserver import NotReached, TileServer
from app.db import Database, next_seq
from app.models import Walk
from app.problems import TryAgain
from app.settings import Settings
from app.walks.walks import stops_of

log = logging.getLogger("tryg")

LOOK_S = 2.0
AT_ONCE = 100  # walks seen to in one look, the newest first: after a start all are new to it, and requests come first
SETTLE_S = 5.0  # so long a plan has rested before its walk's map is replaced: a route that is drawn is saved often
TIDY_S = 600.0
PAUSE_S = 30.0  # for a walk whose map could not be cut; longer each time where nobody knows why
_MOST_MISSED = 1000  # names of maps that were asked for and are not there: anybody may ask for any
AHEAD = {"planned", "open"}
_LOOKED_AT: tuple[Any, ...] = (Walk.id, Walk.plan_rev, Walk.state, Walk.map_of, Walk.map_sha256)
_MAP = 3  # where map_sha256 stands in what is known beside the id


class Cutter:
    """Cuts what is wanted, from start() to stop(). `tiles`: where the base map is somebody's tile server."""

    def __init__(self, db: Database, maps: Maps, settings: Settings, tiles: TileServer | None) -> None:
        self._db, self._maps, self._settings, self._tiles = db, maps, settings, tiles
        self._stopping = threading.Event()
        self._done: dict[str, list[Any]] = {}  # by walk, what was last looked at and found good
        self._plans: dict[str, tuple[int, float]] = {}  # by walk, the plan's revision and since when
        self._later: dict[str, float] = {}  # by walk, when to try again
        self._stumbled: dict[str, int] = {}  # by walk, how often for a reason nobody foresaw
        self._missed: set[str] = set()
        self._file: tuple[Any, Archive | None] = (None, None)
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="cutting", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends what it does, in the middle of a tile too; tiles are not passed on any more either."""
        self._stopping.set()
        if self._tiles:
            self._tiles.close()
        self._thread.join()
        self._use(None, None)
        self._maps.leave_turn()

    def cut_again(self, sha256: str) -> None:
        """Somebody asked for this map, and it is not there: the next look cuts it again, if a walk has it."""
        if len(self._missed) < _MOST_MISSED:
            self._missed.add(sha256)

    def _run(self) -> None:
        tidied = 0.0
        while not self._stopping.is_set():
            try:
                if not self._maps.take_turn():
                    continue
                self.look()
                if time.monotonic() - tidied > TIDY_S or not tidied:
                    tidied = time.monotonic()
                    self.tidy()
            except TryAgain:
                pass  # the database is busy or its disk full: the next look
            except Exception:
                log.exception("cutting of maps was interrupted")
            finally:
                self._stopping.wait(LOOK_S)

    def look(self) -> None:
        """Cut for walks that want a map, AT_ONCE of them at most. Raises TryAgain."""
        ground = self._ground()
        missed = set(self._missed)
        with self._db.read() as tx:
            # Of all the walks that there ever were, those ahead that have a map or could have one, and those whose map
            # somebody misses.
            ahead = col(Walk.state).in_(AHEAD), true() if ground else col(Walk.map_sha256).is_not(None)
            wanted = or_(and_(*ahead), col(Walk.map_sha256).in_(missed))
            asked = columns(*(col(name) for name in _LOOKED_AT)).where(wanted).order_by(col(Walk.id).desc())
            found = [(*row, ground and ground.mark) for row in tx.connection().execute(asked).all()]
        self._missed.difference_update(missed)
        wanting = [row for row in found if self._wants(row, missed)]
        # Those that failed longest ago, or never, first: or the newest that fail would keep the others from their turn for ever.
        wanting.sort(key=lambda row: self._later.get(row[0], 0.0))
        for walk_id, *now in wanting[:AT_ONCE]:
            if self._stopping.is_set():
                return
            if self._try(walk_id, ground):
                self._done[walk_id] = now  # changed by us, it is looked at once more, and then found good
            else:
                self._missed |= missed & {now[_MAP]}
        waiting = [row for row in found if self._is_left_alone(row[0])] + wanting[AT_ONCE:]
        self._missed |= missed & {row[1 + _MAP] for row in waiting}

    def _wants(self, row: tuple[Any, ...], missed: set[str]) -> bool:
        """Whether the walk is to be seen to now: it has changed, or the base map, or somebody misses its map."""
        walk_id, *now = row
        if self._is_left_alone(walk_id):
            return False
        if now[_MAP] in missed:
            return True
        return self._done.get(walk_id) != now and (not now[_MAP] or self._has_settled(walk_id, now[0]))

    def _try(self, walk_id: str, ground: Ground | None) -> bool:
        """Whether the walk has what it should have; where not, it is left alone for a while. Raises TryAgain."""
        try:
            self._bring(walk_id, ground)
        except TryAgain:
            raise
        except (NotReached, Unreadable, OSError) as trouble:
            if not self._stopping.is_set():
                log.warning("walk %s has no map yet: %s", walk_id, trouble)
            self._later[walk_id] = time.monotonic() + PAUSE_S
            return False
        except Exception:  # of one walk: the others' maps do not wait for somebody to find out
            self._stumbled[walk_id] = times = self._stumbled.get(walk_id, 0) + 1
            log.exception("walk %s has no map yet", walk_id)
            self._later[walk_id] = time.monotonic() + PAUSE_S * 2 ** min(times, 6)
            return False
        self._stumbled.pop(walk_id, None)
        self._later.pop(walk_id, None)
        return True

    def _is_left_alone(self, walk_id: str) -> bool:
        """After it has failed, for a while."""
        return self._later.get(walk_id, 0.0) > time.monotonic()

    def _has_settled(self, walk_id: str, plan_rev: int) -> bool:
        """Whether this revision of the plan has been there for a while."""
        rev, since = self._plans.get(walk_id, (-1, 0.0))
        if rev != plan_rev:
            since = time.monotonic()
            self._plans[walk_id] = (plan_rev, since)
        return time.monotonic() - since >= SETTLE_S

    def tidy(self) -> None:
        """Remove the maps that no walk names any more; see to those that are named and not there. Raises TryAgain."""
        with self._db.read() as tx:
            named = [
                str(sha256) for sha256 in tx.exec(select(Walk.map_sha256).where(col(Walk.map_sha256).is_not(None)))
            ]
        for sha256 in named:
            if self._maps.path(sha256) is None:
                self.cut_again(sha256)
        if gone := self._maps.tidy(named):
            log.info("maps that no walk has any more: %s removed", gone)

    def _bring(self, walk_id: str, ground: Ground | None) -> None:
        """See to it that the walk has the map it should have. Raises NotReached, Unreadable, OSError, TryAgain."""
        with self._db.read() as tx:
            walk = tx.get(Walk, walk_id)
            if walk is None:
                return
            lines = lines_of(tx, walk)
        is_lost = walk.map_sha256 is not None and self._maps.path(walk.map_sha256) is None
        if walk.state not in AHEAD and not is_lost:
            return
        if ground is None or walk.state == "archived":
            if is_lost:  # a restored backup on a server without a base map
                self._told(walk_id, lines, None, None, 0)
            return
        credit = self._settings.basemap_credit
        mark = mark_of(lines, ground, credit)
        if mark == walk.map_of and not is_lost:
            return
        began = time.monotonic()
        content = cut(lines, ground, credit) if lines else None
        sha256 = self._maps.put(content) if content else None
        if self._told(walk_id, lines, mark, sha256, len(content or b"")) and content:
            log.info("walk %s has a map of %s bytes, cut in %.2f s", walk_id, len(content), time.monotonic() - began)

    def _told(self, walk_id: str, lines: list[Line], mark: str | None, sha256: str | None, size: int) -> bool:
        """Whether the walk now has that map. Not where its way has changed meanwhile: the next look sees to that."""
        with self._db.write() as tx:
            walk = tx.get(Walk, walk_id, with_for_update=True)
            if walk is None or lines_of(tx, walk) != lines:
                return False
            before, is_other = walk.map_sha256, walk.map_sha256 != sha256
            walk.map_of, walk.map_sha256, walk.map_bytes = mark, sha256, size or None
            tx.flush()
            if is_other:
                walk.seq = walk.changed_seq = next_seq(tx, walk.id)
                if before:
                    self._maps.let_go(before)
            return is_other

    def _ground(self) -> Ground | None:
        """The base map as it is now; None where there is none that can be read."""
        if self._tiles is not None:
            return self._tiles
        path = self._settings.basemap_file
        if path is None:
            return None
        try:
            about = path.stat()
            written: Any = (about.st_size, about.st_mtime_ns, about.st_ino)
        except OSError:
            written = "gone"
        if written != self._file[0]:
            try:
                self._use(written, Archive(path))
            except Unreadable as wrong:
                log.error("%s Walks go on without a map of their own.", wrong)
                self._use(written, None)
        return self._file[1]

    def _use(self, written: Any, archive: Archive | None) -> None:
        before, self._file = self._file[1], (written, archive)
        if before:
            before.close()


def lines_of(tx: Session, walk: Walk) -> list[Line]:
    """Where the walk goes: its route, or from stop to stop; nothing where neither has a place."""
    line = (walk.route or {}).get("coordinates") or [
        [stop.lon, stop.lat] for stop in stops_of(tx, walk.id) if stop.lat is not None and stop.lon is not None
    ]
    return [line] if line else []
