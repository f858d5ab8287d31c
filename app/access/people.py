"""People who sign in, what they are here, and the keys their scripts read with.

Hides that an address is kept in lower case and that a key is kept as its hash. Promises that adding a known address
changes what that person is instead of making a second one. Walkers are no users: they never appear here.
"""

import re
import secrets

from sqlmodel import Session, col, delete, func, select, update

from app.access.guards import secret_hash
from app.i18n import gettext as _
from app.models import Membership, Organisation, ReadingKey, User, Walk, now
from app.problems import invalid

ROLES = ("organiser", "coordinator", "partner", "admin")
_ADDRESS = re.compile(r"""[^@\s,;:<>()\[\]"\\\x00-\x1f]{1,64}@[^@\s,;:<>()\[\]"\\\x00-\x1f]{1,189}""")


def add(tx: Session, email: str, role: str, organisation: str = "", *, cleared: bool = False) -> User:
    """The person with this address, who from now on has this one role: in the organisation of that name, made where
    there is none, or in all of them where none is named. `cleared`: an organiser who may read sensitive notes.

    Raises invalid (422)."""
    if role not in ROLES:
        raise invalid(("role", _("A role is one of: %(known)s.", known=", ".join(ROLES))))
    user = by_email(tx, email)
    if user is None:
        user = User(email=address(email))
        tx.add(user)
        tx.flush()
    tx.exec(delete(Membership).where(col(Membership.user_id) == user.id))
    place = organisation_named(tx, organisation).id if organisation.strip() else None
    tx.add(Membership(user_id=user.id, organisation_id=place, role=role, cleared=cleared))
    return user


def give(
    tx: Session,
    user: User,
    role: str,
    organisation_id: str | None,
    *,
    cleared: bool = False,
    partner_id: str | None = None,
) -> None:
    """`user` has this role too from now on; a second time changes nothing but whether an organiser is cleared.
    `partner_id`: of whom a partner answers for; whoever answered for nobody yet does so from now on."""
    cleared = cleared and role == "organiser"
    partner_id = partner_id if role == "partner" else None
    held = select(Membership).where(Membership.user_id == user.id, Membership.role == role)
    held = held.where(col(Membership.organisation_id).is_not_distinct_from(organisation_id))
    rows = tx.exec(held).all()
    found = next((one for one in rows if one.partner_id in (partner_id, None) or partner_id is None), None)
    if found is None:
        found = Membership(user_id=user.id, organisation_id=organisation_id, role=role)
    found.cleared = cleared
    found.partner_id = partner_id or found.partner_id
    tx.add(found)


def take(tx: Session, role: Membership) -> None:
    """The person has this role no longer. Raises invalid (422) for the last admin: nobody could invite another.

    To be called where roles.roles_now() holds the rows of all admins."""
    if role.role == "admin":
        others = select(Membership).where(Membership.role == "admin", Membership.id != role.id)
        covering = [one for one in tx.exec(others).all() if one.organisation_id in (None, role.organisation_id)]
        if not covering:
            raise invalid(("role", _("This is the last admin. Make somebody else admin first.")))
    tx.delete(role)
    tx.flush()


def roles_of(tx: Session, user: User) -> list[tuple[Membership, str]]:
    """What `user` is, each with the organisation's name, or "" where it holds in all of them."""
    held = select(Membership, Organisation.name).join(Organisation, isouter=True).where(Membership.user_id == user.id)
    return [(role, name or "") for role, name in tx.exec(held.order_by(Organisation.name, Membership.role)).all()]


def by_email(tx: Session, email: str) -> User | None:
    """The person with this address, in any case. Raises invalid (422) where it can be no address."""
    return tx.exec(select(User).where(User.email == address(email))).first()


def address(email: str) -> str:
    """An e-mail address as it is kept. Raises invalid (422)."""
    found = email.strip().lower()
    if not _ADDRESS.fullmatch(found):
        raise invalid(("email", _("This is not an e-mail address.")))
    return found


def organisation_named(tx: Session, name: str) -> Organisation:
    """The organisation of that name, made where there is none. The first one takes over the walks made before it."""
    found = tx.exec(select(Organisation).where(Organisation.name == name.strip())).first()
    if found is None:
        found = Organisation(name=name.strip())
        is_first = tx.exec(select(func.count()).select_from(Organisation)).one() == 0
        tx.add(found)
        tx.flush()
        if is_first:
            tx.exec(update(Walk).where(col(Walk.organisation_id).is_(None)).values(organisation_id=found.id))
    return found


def only_organisation(tx: Session) -> Organisation | None:
    """The organisation that a new walk belongs to where nobody names one: the only one there is."""
    found = tx.exec(select(Organisation).limit(2)).all()
    return found[0] if len(found) == 1 else None


def new_key(tx: Session, user: User) -> str:
    """A key for reading and exports with this person's rights; it cannot be shown again."""
    key = "tryg_" + secrets.token_urlsafe(32)
    tx.add(ReadingKey(secret_hash=secret_hash(key), user_id=user.id))
    return key


def revoke_keys(tx: Session, user: User) -> int:
    """None of this person's keys opens anything from now on; how many there were."""
    valid = col(ReadingKey.user_id) == user.id, col(ReadingKey.revoked_at).is_(None)
    return tx.exec(update(ReadingKey).where(*valid).values(revoked_at=now())).rowcount
