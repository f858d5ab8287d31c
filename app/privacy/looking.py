"""Who looks: logged before the answer goes out, without making those who look wait for each other.

Hides that one entry stands for all looks of the same person at the same thing within LATELY, and that those who come at the
same moment share one commit. Promises that a file which leaves the house, and a sensitive note that is opened, is logged or
not given (503 try-again); a page is shown also where the log cannot be written just now, and the entry follows with the next
one that can: a full disk must not blind whoever leads a walk.
"""

import logging
import threading
import time
from typing import Any

from fastapi import Request

from app.access.guards import Person, WalkReader
from app.db import Database
from app.models import Partner, PartnerLink, Walk
from app.privacy import trail
from app.privacy.trail import Entry
from app.problems import TryAgain

log = logging.getLogger("tryg")

LATELY_S = 600.0  # how long one entry stands for further looks of the same kind
DAY_S = 86_400.0  # … of a calendar, which asks by itself day and night
PAUSE_S = 5.0  # after a failed try, pages do not wait for another one
TURN_S = 9.0  # how long a look waits for those before it; the contract's 10 s
OWED = 5_000  # entries kept in memory until they can be written; more than these are told in the server's log alone


class _Look:
    """An entry on its way. `failed`: a try at writing it has failed, so that nobody waits for a second one."""

    def __init__(self, made: Entry) -> None:
        self.entry, self.failed = made, False


class Looks:
    """The looks of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()  # of the three below; never held while something is written
        self._owed: list[_Look] = []
        self._lately: dict[tuple[str, ...], float] = {}
        self._pause_until = 0.0
        self._turn = threading.Lock()  # one writes for all who have come meanwhile

    def told(self, made: Entry, *, must: bool, of: str = "", within_s: float | None = None) -> None:
        """Log a look, unless one like it was logged lately, or within so many seconds; `of`: what makes it another one though
        all else is the same. `must`: raises TryAgain where it cannot be logged."""
        lately = LATELY_S if within_s is None else within_s
        key = (made.who, made.what, made.about, made.walk_id or made.organisation_id or "", of)
        begun = time.monotonic()
        with self._lock:
            if self._lately.get(key, -lately) > begun - lately:
                return
            mine = _Look(made)
            self._owed.append(mine)
            if not must and begun < self._pause_until:
                self._forget()
                return self._keep(key, begun)
        if not self._write(mine, begun):
            if must:
                with self._lock:
                    self._owed = [one for one in self._owed if one is not mine]
                raise TryAgain()
            log.error("the access log cannot be written just now; a look is kept to be written later")
        with self._lock:
            self._keep(key, begun)

    def settle(self) -> None:
        """Write what is owed, once more, as when the server ends."""
        with self._lock:
            last = self._owed[-1] if self._owed else None
        if last is not None:
            last.failed = False
            self._write(last, time.monotonic())

    def _write(self, mine: _Look, begun: float) -> bool:
        """Whether it is in the log now."""
        if not self._turn.acquire(timeout=TURN_S):
            return False
        try:
            with self._lock:
                waiting = list(self._owed)
            if mine not in waiting:
                return True  # whoever came before has taken it along
            if mine.failed or self._pause_until > begun + PAUSE_S:  # a try has failed since this one came
                return False
            return self._write_all(waiting)
        finally:
            self._turn.release()

    def _write_all(self, waiting: list[_Look]) -> bool:
        try:
            with self._db.write() as tx:
                trail.record_all(tx, [one.entry for one in waiting])
        except TryAgain:
            with self._lock:
                self._pause_until = time.monotonic() + PAUSE_S
                for one in waiting:
                    one.failed = True
                self._forget()
            return False
        with self._lock:
            self._owed = [one for one in self._owed if one not in waiting]
        return True

    def _keep(self, key: tuple[str, ...], at: float) -> None:
        if len(self._lately) > OWED:
            self._lately = {one: then for one, then in self._lately.items() if then > at - LATELY_S}
        self._lately[key] = at

    def _forget(self) -> None:
        if len(self._owed) > OWED:
            log.error("the access log has lost %s entries that could not be written", len(self._owed) - OWED)
            self._owed = self._owed[-OWED:]


def read(request: Request, who: Person, page: str, walk: Walk | None = None, **detail: Any) -> None:
    """Somebody looks at a page; `page`: which, in one word."""
    _told(request, trail.entry(_by(who), "read", walk=walk, organisation_id=_of(who), about=f"page:{page}", **detail))


def report(request: Request, reader: WalkReader, page: str) -> None:
    """Somebody looks at a page with a walk's notes; the entry says whether those on sensitive subjects are among them."""
    read(request, reader.person, page, reader.walk, sensitive=reader.sensitive)


def opened(request: Request, who: Person, note_id: str, walk: Walk) -> None:
    """Somebody opens a note on a sensitive subject. Raises TryAgain."""
    _told(request, trail.entry(_by(who), "opened", walk=walk, about=f"note:{note_id}"), must=True)


def heard(request: Request, who: Person, recording_id: str, walk: Walk) -> None:
    """Somebody listens to a recording. Raises TryAgain."""
    _told(request, trail.entry(_by(who), "opened", walk=walk, about=f"recording:{recording_id}"), must=True)


def exported(request: Request, who: Person, kind: str, walk: Walk | None = None, of: str = "", **detail: Any) -> None:
    """Somebody takes a file out; `kind`: which, in one word; `of`: its mark: the same file again is the same look. Raises
    TryAgain."""
    made = trail.entry(_by(who), "exported", walk=walk, organisation_id=_of(who), about=f"file:{kind}", **detail)
    _told(request, made, must=True, of=of)


def by_partner(
    request: Request, link: PartnerLink | None, person: Person | None, what: str, organisation_id: str | None,
    walk: Walk | None = None,
) -> None:  # fmt: skip
    """A partner, by a link or an account, looks at a page or takes a file out; `what`: page:… or file:…. Raises TryAgain for
    a file."""
    who = trail.of_link(link.id) if link else _by(person) if person else "server"
    a_file = what.startswith("file:")
    made = trail.entry(who, "exported" if a_file else "read", walk=walk, organisation_id=organisation_id, about=what)
    _told(request, made, must=a_file)


def by_calendar(request: Request, of: Walk | Partner) -> None:
    """A calendar reads deadlines by their address. Nobody knows whose it is; one entry stands for a day. Raises TryAgain."""
    walk = of if isinstance(of, Walk) else None
    made = trail.entry(
        trail.of_calendar(of.id), "exported", walk=walk, organisation_id=of.organisation_id, about="file:deadlines.ics"
    )
    _told(request, made, must=True, within_s=DAY_S)


def _by(who: Person) -> str:
    return trail.by(who.user.id, who.session)


def _of(who: Person) -> str | None:
    return trail.sole_organisation(who.memberships)


def _told(request: Request, made: Entry, *, must: bool = False, of: str = "", within_s: float | None = None) -> None:
    if request.method != "HEAD":  # nothing is shown
        looks: Looks = request.app.state.looks
        looks.told(made, must=must, of=of, within_s=within_s)
