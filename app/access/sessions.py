"""The browsers a person is signed in with: begun, listed, ended.

Hides that a session is kept as the hash of 256 random bits, and how a browser's long name becomes two words. Promises
that a session that was ended opens nothing from then on. Never shows a session's whole hash: a part of it names it.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from app.access import awake
from app.access.guards import secret_hash
from app.models import FailedTry, Invitation, Membership, SignIn, User, UserSession, now
from app.privacy import trail
from app.settings import Settings

REMEMBERED = timedelta(days=1)  # used and failed tries, for the limits
NAMED_BY = 16  # characters of the hash: enough to tell one person's sessions apart

# The first that fits; browsers that call themselves by several names stand before those they pretend to be.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("Mac", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)


@dataclass(frozen=True)
class Place:
    """Where somebody is signed in. `device` in words, or "" for something that nobody has heard of; `here`: the browser
    that asks."""

    name: str
    device: str
    since: datetime
    seen: datetime
    until: datetime
    here: bool


def begin(
    tx: Session, user: User, hours: int, user_agent: str = "", before: str | None = None, *, way: str = ""
) -> str:
    """A new session's secret, for the cookie; `before`: the secret of the one it takes the place of; `way`: how they came in,
    for the access log. Whoever is in has accepted what invited them, and needs its code no longer."""
    _forget_old(tx)
    if before:
        end(tx, before)
    invited = col(Invitation.user_id) == user.id, col(Invitation.accepted_at).is_(None)
    tx.exec(update(Invitation).where(*invited).values(accepted_at=now(), retry_at=None))
    unused = col(SignIn.user_id) == user.id, col(SignIn.used_at).is_(None)
    tx.exec(update(SignIn).where(*unused, col(SignIn.kind).in_(("letter", "letter-code"))).values(used_at=now()))
    secret = secrets.token_urlsafe(32)
    at, until = now(), now() + timedelta(hours=hours)
    device = device_of(user_agent)
    held = tx.exec(select(Membership).where(Membership.user_id == user.id)).all()
    trail.record(tx, trail.by(user.id), "signed-in", organisation_id=trail.sole_organisation(held), way=way)
    kept = secret_hash(secret)
    tx.add(UserSession(secret_hash=kept, user_id=user.id, created_at=at, expires_at=until, device=device, seen_at=at))
    return secret


def end(tx: Session, secret: str) -> None:
    """Nobody is signed in with this secret any longer."""
    tx.exec(delete(UserSession).where(col(UserSession.secret_hash) == secret_hash(secret)))


def sign_out(tx: Session, secret: str) -> None:
    """Whoever is signed in with this secret signs out."""
    here = tx.get(UserSession, secret_hash(secret))
    if here:
        left(tx, here.user_id, 1)
        tx.delete(here)


def of(tx: Session, user: User, here: str, settings: Settings) -> list[Place]:
    """Where `user` is signed in: first the session with the hash `here`, then the others, the last used first."""
    wanted = select(UserSession).where(UserSession.user_id == user.id, col(UserSession.expires_at) > now())
    found = [
        Place(one.secret_hash[:NAMED_BY], one.device, one.created_at, one.seen_at or one.created_at,
              awake.until(one, settings), one.secret_hash == here)
        for one in tx.exec(wanted).all() if awake.until(one, settings) > now()
    ]  # fmt: skip
    return sorted(found, key=lambda place: (place.here, place.seen), reverse=True)


def end_one(tx: Session, user: User, name: str) -> int:
    """Ends the session of `user` that is called so; how many that were: none where it has ended already."""
    mine = tx.exec(select(UserSession).where(UserSession.user_id == user.id)).all()
    ended = [session for session in mine if session.secret_hash[:NAMED_BY] == name]
    for session in ended:
        tx.delete(session)
    return len(ended)


def end_all(tx: Session, user: User) -> int:
    """Signs `user` out everywhere; in how many browsers that was."""
    mine = tx.exec(select(UserSession.secret_hash).where(UserSession.user_id == user.id)).all()
    tx.exec(delete(UserSession).where(col(UserSession.user_id) == user.id))
    return len(mine)


def left(tx: Session, user_id: str, browsers: int) -> None:
    """The access log is told that somebody signed out themselves, in so many browsers."""
    if browsers:
        place = trail.sole_organisation(tx.exec(select(Membership).where(Membership.user_id == user_id)).all())
        trail.record(tx, trail.by(user_id), "signed-out", organisation_id=place, browsers=browsers)


def device_of(user_agent: str) -> str:
    """A browser in words: "Firefox, Android"; "" where neither it nor its system is known."""
    found = [next((name for name, sign in known if re.search(sign, user_agent)), "") for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found))


def _forget_old(tx: Session) -> None:
    """What is over and counts no longer is not kept: addresses of failed tries are personal data."""
    tx.exec(delete(UserSession).where(col(UserSession.expires_at) < now()))
    tx.exec(delete(SignIn).where(col(SignIn.expires_at) < now() - REMEMBERED))
    tx.exec(delete(FailedTry).where(col(FailedTry.at) < now() - REMEMBERED))
