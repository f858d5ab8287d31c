"""Ways in without a password: a one-time link, and a one-time code; in a letter of invitation there are both.

Hides how they are kept: a link as the hash of 256 random bits, a code as an HMAC with the server's key. Promises that
each works once and for its time, and that an address we do not know is treated as one we do. Guessing is bounded without
giving a stranger the means to lock anybody out: a code of 6 digits works only in the browser that asked for it, so wrong
tries elsewhere do not wear it out; and codes that one address asks for do not use up those that another may ask for.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select, update

from app.access import people
from app.access.guards import secret_hash
from app.access.sessions import REMEMBERED
from app.models import FailedTry, Identity, Membership, Passkey, SignIn, User, now
from app.walks.walks import ALPHABET, CODE_LENGTH, normalised, shown

LINK_LASTS = timedelta(hours=24)
LETTER_LASTS = timedelta(days=7)  # an invitation's link and code
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5
LETTER_TRIES = 100  # of 40 bits: too few to guess one, too many to be used up by a stranger in passing
CODES_AT_ONCE = 5  # codes for one person, asked for from one address, within CODE_LASTS: more would fill a mailbox
CODES_FROM_ONE = 12  # … and a day
CODES_A_DAY = 60  # from everywhere; with CODE_TRIES: at most 300 guesses in 1,000,000 a day, and a letter for each five


def new_link(tx: Session, user: User, base_url: str, then: str = "") -> str:
    """A link that signs `user` in once within LINK_LASTS; `then`: the path it leads to."""
    return _new_link(tx, user, base_url, then, "link", LINK_LASTS)


def new_letter(tx: Session, user: User, base_url: str, key: bytes, then: str = "") -> tuple[str, str]:
    """(link, code) of an invitation: either signs `user` in once within LETTER_LASTS. The code as people read it."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    kept, until = _kept(code, user, key), now() + LETTER_LASTS
    tx.add(SignIn(user_id=user.id, kind="letter-code", secret_hash=kept, expires_at=until))
    return _new_link(tx, user, base_url, then, "letter", LETTER_LASTS), shown(code)


def _new_link(tx: Session, user: User, base_url: str, then: str, kind: str, lasts: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    tx.add(SignIn(user_id=user.id, kind=kind, secret_hash=secret_hash(token), expires_at=now() + lasts))
    return f"{base_url}/sign-in/link?" + urlencode({"key": token} | ({"next": then} if then else {}))


def whose_link(tx: Session, token: str) -> User | None:
    """Who a link would sign in, without using it up: mail scanners follow links."""
    found = tx.exec(select(SignIn).where(*_usable("link", "letter"), SignIn.secret_hash == secret_hash(token))).first()
    return tx.get(User, found.user_id) if found else None


def use_link(tx: Session, token: str) -> User | None:
    """The person whom this link signs in, now used up; None where it is unknown, used or too old."""
    this = col(SignIn.secret_hash) == secret_hash(token)
    used = update(SignIn).where(*_usable("link", "letter"), this).values(used_at=now())
    user_id = tx.exec(used.returning(col(SignIn.user_id))).scalar_one_or_none()
    return tx.get(User, user_id) if user_id else None


def comes_otherwise(tx: Session, user: User, strong: frozenset[str]) -> bool:
    """Whether codes by e-mail let `user` in no longer: who holds one of the roles `strong`, anywhere."""
    held = select(Membership.id).where(Membership.user_id == user.id, col(Membership.role).in_(strong)).limit(1)
    return bool(strong) and tx.exec(held).first() is not None


def must_enrol(tx: Session, user: User, strong: frozenset[str]) -> bool:
    """Whether `user` will not get in again without a new invitation: no code does it, and there is nothing else yet."""
    if not comes_otherwise(tx, user, strong):
        return False
    ways = (select(kind.user_id).where(kind.user_id == user.id).limit(1) for kind in (Passkey, Identity))
    return not any(tx.exec(way).first() for way in ways)


def new_code(
    tx: Session, email: str, key: bytes, asker: str, address: str, strong: frozenset[str] = frozenset()
) -> str | None:
    """A code of 6 digits for the person with this e-mail; None where there is none, or has had too many; "" for somebody who
    holds one of the roles `strong` and is to be told that codes do not let them in.

    `key`: the server's signing key; `asker`: the secret of the browser that asks, the only one in which it works;
    `address`: where it asks from. Raises invalid (422) where it can be no e-mail address."""
    code = f"{secrets.randbelow(1_000_000):06}"
    user = people.by_email(tx, email)
    if user is None:
        return None
    tx.get(User, user.id, with_for_update=True)
    purpose = f"code for {user.id}"
    asked = select(FailedTry).where(FailedTry.purpose == purpose, col(FailedTry.at) > now() - REMEMBERED)
    today = tx.exec(asked).all()
    from_here = [one.at for one in today if one.address == address]
    at_once = [at for at in from_here if at > now() - CODE_LASTS]
    if len(today) >= CODES_A_DAY or len(from_here) >= CODES_FROM_ONE or len(at_once) >= CODES_AT_ONCE:
        return None
    tx.add(FailedTry(purpose=purpose, address=address, at=now()))
    if comes_otherwise(tx, user, strong):
        return ""
    kept = f"{_mark(asker)}{_kept(code, user, key)}"
    tx.add(SignIn(user_id=user.id, kind="code", secret_hash=kept, expires_at=now() + CODE_LASTS))
    return code


def use_code(
    tx: Session, email: str, written: str, key: bytes, asker: str, strong: frozenset[str] = frozenset()
) -> User | None:
    """The person whom this code signs in, now used up; None, and one try fewer, where it is wrong or too old.

    Either the 6 digits that this browser asked for, which let in nobody who holds one of the roles `strong`; or the 8
    characters of an invitation, which work anywhere."""
    user = people.by_email(tx, email)
    if user is None:
        return None
    tx.get(User, user.id, with_for_update=True)  # tries at the same moment are counted one after another
    code, mark = normalised(written), ""
    if code:
        ways = _usable("letter-code", tries=LETTER_TRIES)
    else:
        code, mark = "".join(sign for sign in written if sign.isdigit()), _mark(asker)
        ways = (*_usable("code"), col(SignIn.secret_hash).startswith(mark))
    waiting = tx.exec(select(SignIn).where(*ways, SignIn.user_id == user.id)).all()
    if mark and comes_otherwise(tx, user, strong):
        waiting = []
    right = [one for one in waiting if hmac.compare_digest(mark + _kept(code, user, key), one.secret_hash)]
    for one in waiting:
        one.tries += 1
        one.used_at = now() if right else None  # whoever is in needs none of the others either
    return user if right else None


def _usable(*kinds: str, tries: int = CODE_TRIES) -> tuple[ColumnElement[bool], ...]:
    return (
        col(SignIn.kind).in_(kinds),
        col(SignIn.used_at).is_(None),
        col(SignIn.expires_at) > now(),
        col(SignIn.tries) < tries,
    )


def _kept(code: str, user: User, key: bytes) -> str:
    return hmac.new(key, f"sign-in code:{user.id}:{code}".encode(), hashlib.sha256).hexdigest()


def _mark(asker: str) -> str:
    """What tells the codes of one browser from those of others."""
    return secret_hash(asker)[:16] + "." if asker else "nobody."
