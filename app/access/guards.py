"""Every decision about who may do what. Everything may ask here; nothing else decides.

Hides how a caller proves who they are: a phone by its participant's secret, a person by a session or a reading key.
Promises that secrets are compared in constant time; that a key reads and never writes; and that an outsider learns
nothing, not even what exists: what somebody may not read answers exactly as what is not there.
"""

import ipaddress
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Row
from sqlmodel import Session, col, delete, func, select

from app.access import awake, browser
from app.access.notes import note_is_sensitive, out_of_sight
from app.access.phones import joined
from app.access.phones import secret_hash as secret_hash  # for those who keep secrets of other kinds
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import (
    FailedTry,
    Leading,
    Membership,
    Observation,
    Participant,
    Photo,
    ReadingKey,
    User,
    UserSession,
    Walk,
    now,
)
from app.problems import Problem, TryAgain

_READERS_BEARER = re.compile(r"Bearer (tryg_[A-Za-z0-9_-]{20,128})")
UUID = re.compile(r"[0-9a-fA-F-]{36}")  # what else stands in an address cannot be asked of every database
# What each role may do, in the organisation it is held in, or in every one; docs/permissions.md is written from this.
READ = {"organiser", "coordinator", "admin"}  # a walk's report, its files and photos
READ_SENSITIVE = {"coordinator", "admin"}  # and organisers who are cleared
REVIEW = {"organiser", "coordinator", "admin"}  # decide what others see of a walk's notes
PLAN = {"organiser", "coordinator", "admin"}  # make walks, plan them, invite, open and close
ALL_WALKS = {
    "coordinator",
    "admin",
}  # every walk of the organisation; organisers have those they lead, and those nobody leads
# Whom one may invite, and whose roles one may give and take away, where one holds the role on the left or everywhere.
GIVE = {
    "coordinator": {"organiser", "partner"},
    "admin": {"organiser", "coordinator", "partner", "admin"},
}
READS = {"GET", "HEAD"}  # what a reading key is for
TRIES = 30  # failed tries from one address …
WINDOW = timedelta(minutes=10)  # … in this long, then others from it wait; the contract's numbers


# Walkers: app/access/phones.py says which phone is calling


def walks_with(participant: Participant | Row[Any], walk_id: str) -> None:
    """Raises not-yours (403) where the participant has not joined that walk, or there is none."""
    if participant.walk_id != walk_id:
        raise Problem("not-yours")


def walker_is(participant: Participant, participant_id: str) -> None:
    """Raises not-yours (403) where a phone speaks for another one."""
    if participant.id != participant_id:
        raise Problem("not-yours")


def walker_sees(participant: Participant, observation: Observation, walk: Walk) -> bool:
    """Whether a walker may see this note of `walk` now: one's own always; others' of the same walk while its walkers
    share their notes, unless deleted, hidden or sensitive."""
    if observation.participant_id == participant.id:
        return True
    if observation.walk_id != walk.id or walk.id != participant.walk_id or not walk.sharing:
        return False
    return reader_sees(observation, sensitive=False)


# Readers: a person who is signed in, or a script with that person's key


@dataclass(frozen=True)
class Person:
    """Who reads: a user with the roles they have now. `session`: the hash of the session they came with; "" where a
    script came with their key."""

    user: User
    memberships: tuple[Membership, ...]
    session: str = ""

    @property
    def invites(self) -> bool:
        """Whether they may invite people somewhere, and see who may do what there."""
        return any(role.role in GIVE for role in self.memberships)


@dataclass(frozen=True)
class WalkReader:
    """A person before a walk they may read. `sensitive`: whether the notes on sensitive subjects are for them too;
    `plans`: whether they may plan, open and close it; `reviews`: whether they decide what others see of its notes."""

    person: Person
    walk: Walk
    sensitive: bool
    plans: bool = False
    reviews: bool = False

    def sees(self, observation: Observation) -> bool:
        """Whether this note of the walk is for them: neither deleted nor hidden, nor sensitive unless they are cleared."""
        return observation.walk_id == self.walk.id and reader_sees(observation, sensitive=self.sensitive)

    def judges(self, observation: Observation) -> bool:
        """Whether they decide what others see of this note: also of a hidden one."""
        here = self.reviews and observation.walk_id == self.walk.id and not observation.deleted
        return here and (self.sensitive or not note_is_sensitive(observation))


def reader_sees(observation: Observation, *, sensitive: bool) -> bool:
    """Whether a note of a walk is for who may read that walk; `sensitive`: the notes on sensitive subjects too."""
    if observation.deleted or out_of_sight(observation):
        return False
    return sensitive or not note_is_sensitive(observation, addresses=False)


def signed_in(request: Request, db: Db) -> Person | None:
    """The person whose session or key comes with the call, or None. Raises not-allowed (403) where a key comes with more
    than reading: it lies open in scripts and cron jobs."""
    session = None
    with db.read() as tx:
        if "authorization" in request.headers:
            user_id = _keys_owner(request, tx)
        else:
            session = _session(request, tx)
            user_id = session.user_id if session else None
        user = tx.get(User, user_id) if user_id else None
        if user is None:
            return None
        roles = tx.exec(select(Membership).where(Membership.user_id == user.id)).all()
    if session:
        awake.used(request, db, session)
    elif request.method not in READS:
        raise Problem("not-allowed", _("A key reads and takes out files, and changes nothing. Sign in to do that."))
    request.state.person = Person(user, tuple(roles), session.secret_hash if session else "")  # pages show who it is
    return request.state.person  # type: ignore[no-any-return]


# For a page that all may read, with the menu of whoever reads it.
Anybody = Annotated[Person | None, Depends(signed_in)]


def _reader(request: Request, db: Db) -> Person:
    """The person who is calling. Raises sign-in-first (401), for a walker's secret too."""
    person = signed_in(request, db)
    if person is None:
        raise Problem("sign-in-first", headers={"WWW-Authenticate": "Bearer"})
    return person


Reader = Annotated[Person, Depends(_reader)]


def _keys_owner(request: Request, tx: Session) -> str | None:
    given = _READERS_BEARER.fullmatch(request.headers["authorization"])
    key = tx.get(ReadingKey, secret_hash(given[1])) if given else None
    return key.user_id if key and key.revoked_at is None else None


def _session(request: Request, tx: Session) -> UserSession | None:
    cookie = browser.session_secret(request)
    session = tx.get(UserSession, secret_hash(cookie)) if cookie else None
    return session if session and awake.until(session, request.app.state.settings) > now() else None


def readers(tx: Session, person: Person, walks: Sequence[Walk]) -> list[WalkReader]:
    """How `person` reads those of `walks` that they may read, asking the database once for all of them.

    A role without an organisation holds in every walk; one with an organisation in the walks of that organisation alone.
    An organiser has the walks they lead, and those that nobody leads. Partners read what was routed to them, and nothing
    is routed yet."""
    found = []
    led = _led(tx, person, [walk.id for walk in walks])
    for walk in walks:
        here = [role for role in person.memberships if role.organisation_id in (None, walk.organisation_id)]
        if person.user.id not in led.get(walk.id, {person.user.id}):
            here = [role for role in here if role.role in ALL_WALKS]
        if any(role.role in READ for role in here):
            sensitive = any(role.role in READ_SENSITIVE or (role.cleared and role.role in READ) for role in here)
            plans = any(role.role in PLAN for role in here)
            reviews = any(role.role in REVIEW for role in here)
            found.append(WalkReader(person, walk, sensitive, plans, reviews))
    return found


def _led(tx: Session, person: Person, walk_ids: Sequence[str]) -> dict[str, set[str]]:
    """Who leads each of the walks that somebody leads; not looked up for a person to whom it makes no difference."""
    if not any(role.role == "organiser" for role in person.memberships):
        return {}
    wanted = select(Leading)
    if len(walk_ids) <= 100:  # else all of them: a database takes only so many values
        wanted = wanted.where(col(Leading.walk_id).in_(walk_ids))
    led: dict[str, set[str]] = {}
    for one in tx.exec(wanted).all():
        led.setdefault(one.walk_id, set()).add(one.user_id)
    return led


def reading(tx: Session, person: Person, walk: Walk) -> WalkReader | None:
    """How `person` reads `walk`, or None."""
    return next(iter(readers(tx, person, [walk])), None)


def only_partner(person: Person) -> bool:
    """Whether this is somebody who reads nothing but what is routed to them."""
    return bool(person.memberships) and all(role.role == "partner" for role in person.memberships)


def reader_of_walk(walk_id: str, person: Reader, db: Db) -> WalkReader:
    """The reader of the walk in the route's path. Raises sign-in-first (401), not-found (404): also where there is such
    a walk but it is not theirs to read; not-allowed (403) for partners, whatever walk they ask for."""
    if only_partner(person):
        raise Problem("not-allowed", _("What is routed to you stands on your own page."))
    with db.read() as tx:
        walk = tx.get(Walk, walk_id.lower()) if UUID.fullmatch(walk_id) else None
        found = reading(tx, person, walk) if walk else None
    if found is None:
        raise Problem("not-found")
    return found


ReaderOfWalk = Annotated[WalkReader, Depends(reader_of_walk)]


# Planners: those who make walks, open them and close them


def plans_somewhere(person: Person) -> bool:
    """Whether `person` may make walks, in one organisation or another."""
    return any(role.role in PLAN for role in person.memberships)


def own_form(request: Request) -> None:
    """Raises not-allowed (403) where a form was not posted from a page of ours."""
    browser.own_form(request)


def planner(person: Reader) -> Person:
    """Somebody who may make walks. Raises sign-in-first (401), not-allowed (403)."""
    if not plans_somewhere(person):
        raise Problem("not-allowed")
    return person


Planner = Annotated[Person, Depends(planner)]


def planned_walk(reader: ReaderOfWalk) -> Walk:
    """The walk in the route's path, for somebody who may plan it. Raises what reader_of_walk() raises, not-allowed (403)."""
    if not reader.plans:
        raise Problem("not-allowed")
    return reader.walk


PlannedWalk = Annotated[Walk, Depends(planned_walk)]


def may_lead(tx: Session, user: User, walk: Walk) -> bool:
    """Whether `user` can be one of those who lead `walk`: with a role for planning in its organisation, or everywhere."""
    roles = tx.exec(select(Membership).where(Membership.user_id == user.id)).all()
    return any(role.role in PLAN and role.organisation_id in (None, walk.organisation_id) for role in roles)


def still_plans(request: Request, db: Database, walk_id: str) -> WalkReader | None:
    """How who called some time ago may plan the walk now, or None: sessions end, and roles are taken away.

    Raises TryAgain."""
    try:
        reader = reader_of_walk(walk_id, _reader(request, db), db)
        planned_walk(reader)
    except TryAgain:
        raise
    except Problem:
        return None
    return reader


# Photos: walkers' phones, signed-in people and scripts alike


def _viewer(request: Request, db: Db) -> Participant | Person:
    """Whoever is calling: a person, a script, or else a participant's phone. Raises not-joined (401)."""
    return signed_in(request, db) or joined(request, db)


Viewer = Annotated[Participant | Person, Depends(_viewer)]


def viewer_sees(tx: Session, viewer: Participant | Person, photo: Photo) -> bool:
    """Whether this photo is for them: their own always; others' while the newest visible revision of its note has it, and
    no reviewer has refused it."""
    observation = tx.get(Observation, photo.observation_id)
    if observation is None:
        return False
    if isinstance(viewer, Participant) and observation.participant_id == viewer.id:
        return True
    if photo.id not in observation.photo_ids:
        return False
    walk, refused = tx.get_one(Walk, observation.walk_id), photo.review == "refused"
    if isinstance(viewer, Participant):
        return not refused and walker_sees(viewer, observation, walk)
    found = reading(tx, viewer, walk)
    return found is not None and (found.judges(observation) or (found.sees(observation) and not refused))


# Calls, whoever makes them


def address_of(request: Request) -> str:
    """Where a call comes from, for the limits on guessing: an IPv4 address, however it is written, or an IPv6 network of one household."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    # ::ffff:… (RFC 4291 2.5.5.2): else all of IPv4 is one network.
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def not_guessing(tx: Session, purpose: str, address: str) -> None:
    """Raises too-many-attempts (429) where TRIES with this purpose came from this address within WINDOW."""
    tries = select(func.count(), func.min(FailedTry.at)).where(
        FailedTry.purpose == purpose, FailedTry.address == address, col(FailedTry.at) > now() - WINDOW
    )
    failed, since = tx.exec(tries).one()
    if failed >= TRIES:
        wait = math.ceil((since + WINDOW - now()).total_seconds())
        raise Problem("too-many-attempts", retry_after=max(1, wait))


def count_try(tx: Session, purpose: str, address: str) -> None:
    """A try for not_guessing(); those with this purpose that count no longer are forgotten. What others count for longer,
    or for a person (app/access/signin.py), stays."""
    tx.exec(delete(FailedTry).where(col(FailedTry.purpose) == purpose, col(FailedTry.at) < now() - WINDOW))
    tx.add(FailedTry(purpose=purpose, address=address, at=now()))


def etag_matches(request: Request, etag: str) -> bool:
    """Whether the caller holds this version already (If-None-Match, RFC 9110 13.1.2; weak comparison)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}
