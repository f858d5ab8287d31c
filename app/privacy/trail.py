"""The access log: who saw, exported, decided and erased what, and when. Written at its newest end, cut at its oldest.

Hides the chain: each entry carries the hash of the one before it, so that a change anywhere shows. Promises that what a
transaction tells of is logged with it or not at all; that many writers at once keep one chain and never wait for each other
in a circle, because the log comes last in every transaction; and that nothing which anybody wrote, and no place, can get into
an entry. Never decides who may read the log: that is access.auditing.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, func, select

from app.db import Database, at_the_end
from app.i18n import mark
from app.models import Access, Organisation, Walk, now

# What can have happened, as the page of the log says it.
WHAT = {
    "read": mark("Looked at"),
    "opened": mark("Opened a sensitive note"),
    "exported": mark("Took out a file"),
    "released": mark("Released a note"),
    "hidden": mark("Hid a note"),
    "redacted": mark("Struck words out"),
    "decided": mark("Decided about a note"),
    "undone": mark("Took a decision back"),
    "approved": mark("Approved a photo"),
    "refused": mark("Refused a photo"),
    "blurred": mark("Blurred a photo"),
    "edition-asked": mark("Asked for a release"),
    "edition-released": mark("Released the report"),
    "edition-returned": mark("Sent the report back"),
    "edition-withdrawn": mark("Withdrew the report"),
    "takedown": mark("Answered a request to take down"),
    "signed-in": mark("Signed in"),
    "signed-out": mark("Signed out"),
    "signed-somebody-out": mark("Signed somebody out"),
    "role-given": mark("Gave a role"),
    "role-taken": mark("Took a role away"),
    "key-made": mark("Made a reading key"),
    "keys-withdrawn": mark("Withdrew reading keys"),
    "link-made": mark("Made a partner's link"),
    "link-used": mark("Opened a partner's link"),
    "link-withdrawn": mark("Withdrew a partner's link"),
    "partner-ended": mark("Ended a partner"),
    "walk-opened": mark("Opened a walk"),
    "walk-reopened": mark("Opened a walk again"),
    "walk-closed": mark("Closed a walk"),
    "imported": mark("Took a file in"),
    "searched": mark("Searched for a person"),
    "handed-out": mark("Handed out a person's data"),
    "erased": mark("Erased"),
    "retention": mark("Ran the rules on keeping"),
    "backed-up": mark("Made a backup"),
    "restored": mark("Put a backup back"),
    "moved": mark("Moved everything here"),
    "cut": mark("Cut the oldest end of this log"),
}
FIRST = "0" * 64  # what stands before the first entry
USUAL_DAYS = 730  # how long an entry is kept, where no organisation says otherwise; docs/access-log.md says why
LEAST_DAYS, MOST_DAYS = 183, 1826  # no organisation keeps it for less or more; LEAST_DAYS stands in migration 0006 too
BATCH = 1000  # entries read at a time
_ONE_AT_A_TIME = 8128  # PostgreSQL's advisory lock for this; any number, the same in every release
_WORD = re.compile(r"[\w.:+-]{0,80}", re.ASCII)  # codes, ids, numbers and file types: no sentence, no address, no place
_WAITING = "access log"


@dataclass
class Entry:
    """What is about to be logged."""

    who: str
    what: str
    walk_id: str | None
    organisation_id: str | None
    about: str
    detail: dict[str, Any]
    at: datetime

    def __post_init__(self) -> None:
        if self.what not in WHAT:
            raise ValueError(f"the access log knows no {self.what!r}")
        for value in (self.who, self.about, *self.detail, *self.detail.values()):
            if isinstance(value, float) or not _WORD.fullmatch(str(value)):
                raise ValueError("the access log takes ids and single words alone")


def entry(
    who: str,
    what: str,
    *,
    walk: Walk | None = None,
    walk_id: str | None = None,
    organisation_id: str | None = None,
    about: str = "",
    **detail: str | int | bool,
) -> Entry:
    """`who`: by(), of_link(), "command" or "server"; `what`: of WHAT; `about`: kind:id, as note:<id>; `walk`, or `walk_id` and
    `organisation_id` of one that is gone. Raises ValueError for anything that could be somebody's words."""
    key, place = (walk.id, walk.organisation_id) if walk else (walk_id, organisation_id)
    return Entry(who, what, key, place, about, detail, now())


def by(user_id: str, session: str = "session") -> str:
    """How the log calls a person; without a session: a script with that person's key."""
    return f"{'person' if session else 'key'}:{user_id}"


def of_calendar(of_id: str) -> str:
    """How the log calls whatever reads a calendar of deadlines by its address: of a walk or a partner."""
    return f"calendar:{of_id}"


def of_link(link_id: str) -> str:
    """How the log calls whoever came by a partner's link."""
    return f"link:{link_id}"


def record(
    tx: Session,
    who: str,
    what: str,
    *,
    walk: Walk | None = None,
    walk_id: str | None = None,
    organisation_id: str | None = None,
    about: str = "",
    **detail: str | int | bool,
) -> None:
    """Log what this transaction does, when it is committed; the other way round, nothing is committed that is not logged.
    As entry()."""
    record_all(
        tx, [entry(who, what, walk=walk, walk_id=walk_id, organisation_id=organisation_id, about=about, **detail)]
    )


def record_all(tx: Session, entries: Sequence[Entry]) -> None:
    """record() for several at once, in this order."""
    if _WAITING not in tx.info:
        tx.info[_WAITING] = []
        at_the_end(tx, _append)
    tx.info[_WAITING] += entries


def _append(tx: Session) -> None:
    entries = tx.info.pop(_WAITING)
    tx.flush()  # whatever else this transaction waits for, it has before it waits for the log
    _hold(tx)
    _put(tx, entries)


def _hold(tx: Session) -> None:
    """Nobody else adds to the log until this transaction has ended. SQLite has one writer anyway."""
    connection = tx.connection()
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")


def _put(tx: Session, entries: Sequence[Entry]) -> None:
    newest = _newest(tx)
    number, before = newest or (0, FIRST)
    for one in entries:
        number += 1
        made = Access(number=number, before=before, hash="", **vars(one))
        made.hash = before = _hash(made)
        tx.add(made)
    tx.flush()


def _newest(tx: Session) -> tuple[int, str] | None:
    return tx.exec(select(Access.number, Access.hash).order_by(col(Access.number).desc()).limit(1)).first()


def as_told(one: Access) -> dict[str, Any]:
    """An entry as `tryg log show --json` prints it, hashes last."""
    at = one.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "number": one.number, "at": at, "who": one.who, "what": one.what, "walk_id": one.walk_id,
        "organisation_id": one.organisation_id, "about": one.about, "detail": one.detail, "before": one.before, "hash": one.hash,
    }  # fmt: skip


def _hash(one: Access) -> str:
    """SHA-256 of everything but the hash itself, as JSON with sorted names, without spaces, in UTF-8."""
    told = as_told(one)
    del told["hash"]
    return hashlib.sha256(
        json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


# The chain, looked at


@dataclass(frozen=True)
class Verdict:
    """What verify() found. `broken`: the number of the first entry that is not as it was written; None: all are."""

    entries: int
    first: int
    last: int
    hash: str
    broken: int | None = None


def verify(tx: Session, known: tuple[int, str] | None = None) -> Verdict:
    """Go through the whole chain. `known`: number and hash of an entry as somebody noted it elsewhere: only so can it be
    seen that the newest end is missing, or that everything was written anew."""
    count, first, number, before = 0, 0, 0, FIRST
    cuts = {one.detail.get("through"): one.detail.get("hash") for one in _all(tx, what="cut")}
    for one in _all(tx):
        if not count:
            first = one.number
            number = one.number - 1
            before = FIRST if one.number == 1 else str(cuts.get(number, ""))
        of_whom = known[1] if known and known[0] == one.number else one.hash
        if one.number != number + 1 or one.before != before or not one.hash == _hash(one) == of_whom:
            return Verdict(count, first, number, before, broken=number + 1)
        count, number, before = count + 1, one.number, one.hash
    gone = known is not None and (known[0] > number or (known[0] < first and cuts.get(first - 1) is None))
    return Verdict(count, first, number, before, broken=number + 1 if gone else None)


def _all(tx: Session, **only: str) -> Iterator[Access]:
    """The log from its oldest entry on, never all of it in memory."""
    wanted, above = select(Access).filter_by(**only).order_by(col(Access.number)).limit(BATCH), 0
    while found := tx.exec(wanted.where(col(Access.number) > above)).all():
        yield from found
        above = found[-1].number
        tx.expunge_all()


# Its own retention


def keep_days(tx: Session) -> int:
    """How long an entry is kept: as the organisation says that wants it longest, for the chain is one."""
    wishes = [held.get("log", USUAL_DAYS) for held in tx.exec(select(Organisation.keeping)).all()] or [USUAL_DAYS]
    return int(min(MOST_DAYS, max(LEAST_DAYS, *wishes)))


def cut(db: Database, *, dry: bool = False) -> int:
    """Take away what is older than keep_days(); how many entries (with `dry`: would be). What goes leaves an entry with its
    last number and hash, with which the rest still verifies. Raises TryAgain."""
    if dry:
        with db.read() as tx:
            return _old(tx)[0]
    with db.write() as tx:
        _hold(tx)
        count, through = _old(tx)
        if count:
            last = tx.get_one(Access, through)
            _put(tx, [entry("server", "cut", through=through, hash=last.hash, entries=count)])
            tx.exec(delete(Access).where(col(Access.number) <= through))
    return count


def _old(tx: Session) -> tuple[int, int]:
    """(how many entries are too old, the number of the newest of them)."""
    limit = now() - timedelta(days=keep_days(tx))
    kept = tx.exec(select(func.min(Access.number)).where(col(Access.at) >= limit)).one()
    old = select(func.count(), func.max(Access.number))
    count, through = tx.exec(old.where(col(Access.number) < kept) if kept is not None else old).one()
    return count, through or 0


# A backup put back


@contextmanager
def replaced(tx: Session, made_at: str, what: str = "restored") -> Iterator[None]:
    """Inside, a restore (or what was moved here) may take the whole log away and put another one in its place; afterwards that one says so, and how
    long the one before it was. Only here is the log's own guard off, and never beyond this transaction."""
    number, last = _newest(tx) or (0, FIRST)
    connection, guards = tx.connection(), list[str]()
    if connection.dialect.name == "sqlite":
        theirs = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'access'"
        for name, sql in connection.exec_driver_sql(theirs).all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            guards.append(sql)
    else:
        connection.exec_driver_sql("ALTER TABLE access DISABLE TRIGGER USER")
        guards.append("ALTER TABLE access ENABLE TRIGGER USER")
    yield
    for sql in guards:
        connection.exec_driver_sql(sql)
    record(tx, "command", what, made_at=made_at, before_number=number, before_hash=last)


# What people ask of it


@dataclass(frozen=True)
class Asked:
    """Which entries: each part that is given must hold. `places`: of these organisations; None: of all, and of none."""

    places: frozenset[str] | None = None
    who: tuple[str, ...] = ()
    walk_id: str = ""
    what: str = ""
    about: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find(tx: Session, asked: Asked, most: int, below: int | None = None) -> list[Access]:
    """At most so many entries, the newest first; `below`: those before that number."""
    wanted = select(Access)
    if asked.places is not None:
        wanted = wanted.where(col(Access.organisation_id).in_(sorted(asked.places)))
    if asked.who:
        wanted = wanted.where(col(Access.who).in_(asked.who))
    for column, value in ((Access.walk_id, asked.walk_id), (Access.what, asked.what), (Access.about, asked.about)):
        if value:
            wanted = wanted.where(col(column) == value)
    if asked.since:
        wanted = wanted.where(col(Access.at) >= asked.since)
    if asked.until:
        wanted = wanted.where(col(Access.at) < asked.until)
    if below is not None:
        wanted = wanted.where(col(Access.number) < below)
    return list(tx.exec(wanted.order_by(col(Access.number).desc()).limit(most)).all())


def sole_organisation(roles: Sequence[Any]) -> str | None:
    """Where an entry about somebody with these roles belongs: their one organisation; None where there are several."""
    places = {role.organisation_id for role in roles}
    return next(iter(places)) if len(places) == 1 else None
