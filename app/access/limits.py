"""How often is too often: for phones that join, photos and notes of one phone, files of one person, requests and letters.

Hides where it is counted. What is rare and costs somebody something is counted in the database, row by row, for all processes and
over a restart; what is frequent as one moment for each who asks: in memory where there is one process, on SQLite, in a row where
there may be several, on PostgreSQL. Promises that whoever is
refused is told when to come back (Retry-After) and nothing is lost; that a school behind one address joins within a minute;
and that TRYG_RATE_LIMITS=off lifts every one of them. What is counted for guessing at codes is in guards.
"""

import hashlib
import math
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request
from sqlalchemy import text
from sqlmodel import Session, col, delete, func, select

from app.access.guards import address_of
from app.db import Database
from app.i18n import gettext as _
from app.i18n import mark
from app.models import FailedTry, Participant, now
from app.problems import Problem
from app.settings import Settings


@dataclass(frozen=True)
class Limit:
    """At most `most` within `seconds`; `sentence` for whoever wants more."""

    purpose: str
    most: int
    seconds: int
    sentence: str


# In the database
JOINS = Limit("joined", 1000, 3600, mark("Many phones have joined this walk from here. Wait a little, and try again."))
PHONES = Limit("phones", 3000, 3600, mark("Many phones have joined this walk just now. Wait a little, and try again."))
TAKEDOWNS = Limit(
    "takedown", 10, 3600, mark("Many requests have come from here. Wait a little, and send it once more.")
)
TAKEDOWNS_OF_ALL = Limit("takedowns", 60, 86_400, mark("Many requests have come today. Send it once more tomorrow."))
LETTERS = Limit("letters", 100, 3600, mark("Many letters have gone out from you. Wait a little, and go on."))
# As one moment
PHOTOS = Limit(
    "photos", 3000, 600, mark("Many photos have come from this phone. It sends the next ones a little later.")
)
NOTES = Limit(
    "notes", 10_000, 600, mark("Many notes have come from this phone. It sends the next ones a little later.")
)
FILES = Limit("files", 300, 600, mark("You have fetched many files. Wait a little, and fetch the next one."))
WAYS_IN = Limit("ways in", 300, 600, mark("There have been many tries from here. Wait a little, and try again."))


def counted(tx: Session, settings: Settings, limit: Limit, who: str, of: str = "") -> None:
    """Counts one more by `who`, of what `of` names. Raises too-many-attempts (429) where it was one too many."""
    purpose, since = f"{limit.purpose} {of}".strip(), now() - timedelta(seconds=limit.seconds)
    tx.exec(delete(FailedTry).where(col(FailedTry.purpose) == purpose, col(FailedTry.at) < since))
    there = select(func.count(), func.min(FailedTry.at)).where(
        FailedTry.purpose == purpose, FailedTry.address == who, col(FailedTry.at) > since
    )
    number, first = tx.exec(there).one()
    if settings.rate_limits == "on" and number >= limit.most:
        raise _too_many(limit, (first - since).total_seconds())
    tx.add(FailedTry(purpose=purpose, address=who, at=now()))


def may_join(tx: Session, walk_id: str, address: str, settings: Settings) -> None:
    """Counts a new phone: for its address, and for the walk, whoever holds its code. Raises too-many-attempts (429)."""
    since = now() - timedelta(seconds=PHONES.seconds)
    lately = select(func.count()).where(Participant.walk_id == walk_id, col(Participant.joined_at) > since)
    if settings.rate_limits == "on" and tx.exec(lately).one() >= PHONES.most:
        raise _too_many(PHONES, 60)
    counted(tx, settings, JOINS, address, walk_id)


# Until when the allowance is used up, after one more: by the database's clock, which all servers share. No row: it was one too many.
# What lies further ahead than any allowance was written while that clock was wrong, and is nothing.
_ONE_MORE = text("""
    INSERT INTO failedtry AS held (id, purpose, address, at)
    VALUES (:id, :purpose, :who, clock_timestamp() + make_interval(secs => :each))
    ON CONFLICT (id) DO UPDATE SET at = make_interval(secs => :each) + CASE
        WHEN held.at > clock_timestamp() + make_interval(secs => :seconds + :each) THEN clock_timestamp()
        ELSE greatest(held.at, clock_timestamp()) END
    WHERE held.at + make_interval(secs => :each) <= clock_timestamp() + make_interval(secs => :seconds)
        OR held.at > clock_timestamp() + make_interval(secs => :seconds + :each)
    RETURNING id""")
_USED_UP_S = text("SELECT extract(epoch FROM at - clock_timestamp())::float FROM failedtry WHERE id = :id")


class Tally:
    """As many at once as the limit says, and from then on evenly (the generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._on, self._db = settings.rate_limits == "on", db
        self._full_until, self._lock = dict[tuple[str, str], float](), threading.Lock()

    def count(self, limit: Limit, who: str, tx: Session | None = None) -> None:
        """One more by `who`; `tx`: a write that is under way, with which it is taken back. Raises too-many-attempts (429), TryAgain."""
        if not self._on:
            return
        if self._db.sqlite:
            self._here(limit, who)
        elif tx:
            _for_all(tx, limit, who)
        else:
            with self._db.write() as of_its_own:
                _for_all(of_its_own, limit, who)

    def _here(self, limit: Limit, who: str) -> None:
        at, each = time.monotonic(), limit.seconds / limit.most
        with self._lock:
            if len(self._full_until) > 20_000:
                self._full_until = {one: until for one, until in self._full_until.items() if until > at}
            until = max(self._full_until.get((limit.purpose, who), at), at) + each
            if until - at > limit.seconds:
                raise _too_many(limit, until - at - limit.seconds)
            self._full_until[limit.purpose, who] = until


def _for_all(tx: Session, limit: Limit, who: str) -> None:
    db, each = tx.connection(), limit.seconds / limit.most
    one = {"id": hashlib.sha256(f"{limit.purpose} {who}".encode()).hexdigest()}
    said = one | {"purpose": limit.purpose, "who": who, "each": each, "seconds": limit.seconds}
    if db.execute(_ONE_MORE, said).first() is None:
        raise _too_many(limit, db.execute(_USED_UP_S, one).scalar_one() + each - limit.seconds)


def count(request: Request, limit: Limit, who: str = "", tx: Session | None = None) -> None:
    """One more by `who`, or from where the call comes; `tx` as for Tally.count(). Raises too-many-attempts (429), TryAgain."""
    tally: Tally = request.app.state.tally
    tally.count(limit, who or address_of(request), tx)


def _too_many(limit: Limit, seconds: float) -> Problem:
    return Problem("too-many-attempts", _(limit.sentence), retry_after=max(1, math.ceil(seconds)))
