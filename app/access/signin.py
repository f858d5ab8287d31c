"""Ways in without a password: a one-time link, a one-time code, and the session either of them opens.

Hides how they are kept: a link and a session as the hash of 256 random bits, a code (only 6 digits) as an HMAC with the
server's key. Promises that each works once, for its time, that a code bears five tries and no more, and that an address
we do not know is treated as one we do.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select, update

from app.access import people
from app.access.guards import secret_hash
from app.models import FailedTry, SignIn, User, UserSession, now

LINK_LASTS = timedelta(hours=24)
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
CODES_AT_ONCE = 5  # codes for one person within CODE_LASTS: more would fill a mailbox
CODES_A_DAY = 30  # with CODE_TRIES: at most 150 guesses in 1,000,000 a day, whoever guesses from wherever
REMEMBERED = timedelta(days=1)  # used and failed tries, for the limits


def new_link(tx: Session, user: User, base_url: str, then: str = "") -> str:
    """A link that signs `user` in once within LINK_LASTS; `then`: the path it leads to."""
    token = secrets.token_urlsafe(32)
    tx.add(SignIn(user_id=user.id, kind="link", secret_hash=secret_hash(token), expires_at=now() + LINK_LASTS))
    return f"{base_url}/sign-in/link?" + urlencode({"key": token} | ({"next": then} if then else {}))


def whose_link(tx: Session, token: str) -> User | None:
    """Who a link would sign in, without using it up: mail scanners follow links."""
    found = tx.exec(select(SignIn).where(*_usable("link"), SignIn.secret_hash == secret_hash(token))).first()
    return tx.get(User, found.user_id) if found else None


def use_link(tx: Session, token: str) -> User | None:
    """The person whom this link signs in, now used up; None where it is unknown, used or too old."""
    used = update(SignIn).where(*_usable("link"), col(SignIn.secret_hash) == secret_hash(token)).values(used_at=now())
    user_id = tx.exec(used.returning(col(SignIn.user_id))).scalar_one_or_none()
    return tx.get(User, user_id) if user_id else None


def new_code(tx: Session, email: str, key: bytes) -> str | None:
    """A code of 6 digits for the person with this address; None where there is none, or has had too many.

    `key`: the server's signing key. Raises invalid (422) where it can be no address."""
    code = f"{secrets.randbelow(1_000_000):06}"
    user = people.by_email(tx, email)
    if user is None:
        return None
    tx.get(User, user.id, with_for_update=True)
    asked = select(SignIn.expires_at).where(SignIn.user_id == user.id, SignIn.kind == "code")
    times = tx.exec(asked.where(col(SignIn.expires_at) > now() + CODE_LASTS - REMEMBERED)).all()
    if len(times) >= CODES_A_DAY or sum(expires > now() for expires in times) >= CODES_AT_ONCE:
        return None
    tx.add(SignIn(user_id=user.id, kind="code", secret_hash=_kept(code, user, key), expires_at=now() + CODE_LASTS))
    return code


def use_code(tx: Session, email: str, written: str, key: bytes) -> User | None:
    """The person whom this code signs in, now used up; None, and one try fewer, where it is wrong or too old."""
    user = people.by_email(tx, email)
    if user is None:
        return None
    tx.get(User, user.id, with_for_update=True)  # tries at the same moment are counted one after another
    code = "".join(sign for sign in written if sign.isdigit())
    waiting = tx.exec(select(SignIn).where(*_usable("code"), SignIn.user_id == user.id)).all()
    right = [one for one in waiting if hmac.compare_digest(_kept(code, user, key), one.secret_hash)]
    for one in waiting:
        one.tries += 1
        one.used_at = now() if right else None  # whoever is in needs none of the others either
    return user if right else None


def begin_session(tx: Session, user: User, hours: int, before: str | None = None) -> str:
    """A new session's secret, for the cookie; `before`: the secret of the one it takes the place of."""
    _forget_old(tx)
    if before:
        end_session(tx, before)
    secret = secrets.token_urlsafe(32)
    tx.add(UserSession(secret_hash=secret_hash(secret), user_id=user.id, expires_at=now() + timedelta(hours=hours)))
    return secret


def end_session(tx: Session, secret: str) -> None:
    tx.exec(delete(UserSession).where(col(UserSession.secret_hash) == secret_hash(secret)))


def _usable(kind: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(SignIn.kind) == kind,
        col(SignIn.used_at).is_(None),
        col(SignIn.expires_at) > now(),
        col(SignIn.tries) < CODE_TRIES,
    )


def _kept(code: str, user: User, key: bytes) -> str:
    return hmac.new(key, f"sign-in code:{user.id}:{code}".encode(), hashlib.sha256).hexdigest()


def _forget_old(tx: Session) -> None:
    """What is over and counts no longer is not kept: addresses of failed tries are personal data."""
    tx.exec(delete(UserSession).where(col(UserSession.expires_at) < now()))
    tx.exec(delete(SignIn).where(col(SignIn.expires_at) < now() - REMEMBERED))
    tx.exec(delete(FailedTry).where(col(FailedTry.at) < now() - REMEMBERED))
