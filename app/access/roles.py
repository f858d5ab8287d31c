"""Every decision about one's own sign-in and about other people's roles: the part of `guards` that only these pages ask.

Promises that a script's key opens none of it, that nobody gives what they could not give to anybody, and that what
somebody may not see answers as what is not there. Never changes a role: that is `people`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session, col, select

from app.access.guards import GIVE, UUID, Person, Reader
from app.db import Db
from app.models import Invitation, Membership, Organisation, User
from app.problems import Problem

EVERYWHERE = "everywhere"  # what forms call no organisation


@dataclass(frozen=True)
class Overseen:
    """Somebody else, and what they are."""

    user: User
    memberships: tuple[Membership, ...]


def account(person: Reader) -> Person:
    """Somebody at their own sign-in. Raises sign-in-first (401), not-allowed (403) for a key: whoever found one must not
    make themselves a way in that outlasts it."""
    if not person.session:
        raise Problem("not-allowed")
    return person


Account = Annotated[Person, Depends(account)]


def inviter(person: Account) -> Person:
    """Somebody who may invite people. Raises sign-in-first (401), not-allowed (403)."""
    if not person.invites:
        raise Problem("not-allowed")
    return person


Inviter = Annotated[Person, Depends(inviter)]


def may_give(memberships: Sequence[Membership], role: str, organisation_id: str | None) -> bool:
    """Whether these memberships let one give and take away `role` in that organisation; None: everywhere."""
    return any(role in GIVE.get(own.role, ()) and own.organisation_id in (None, organisation_id) for own in memberships)


def oversees(memberships: Sequence[Membership], organisation_id: str | None) -> bool:
    """Whether these memberships let one see who may do what in that organisation; None: everywhere."""
    return any(own.role in GIVE and own.organisation_id in (None, organisation_id) for own in memberships)


def places(tx: Session, person: Person) -> list[tuple[str, str]]:
    """Where one may give roles and name partners: (an organisation's id, its name), (EVERYWHERE, "") for no organisation."""
    mine = [own.organisation_id for own in person.memberships if own.role in GIVE]
    wanted = select(Organisation).order_by(Organisation.name)
    if None not in mine:
        wanted = wanted.where(col(Organisation.id).in_(mine))
    found = [(one.id, one.name) for one in tx.exec(wanted).all()]
    return [*found, (EVERYWHERE, "")] if None in mine else found


def roles_now(tx: Session, person: Person) -> Sequence[Membership]:
    """What `person` holds at this moment; the rows of all who may give roles stay as they are until the transaction
    ends, so that two who take each other's role away do so one after the other."""
    held = select(Membership).where(col(Membership.role).in_(GIVE)).order_by(col(Membership.id)).with_for_update()
    return [role for role in tx.exec(held).all() if role.user_id == person.user.id]


def given_role(membership_id: str, person: Inviter, db: Db) -> Membership:
    """The role in the route's path, for somebody who may take it away. Raises what inviter() raises, not-found (404) where
    it is not theirs to see, not-allowed (403) where they see it but may not give it."""
    with db.read() as tx:
        found = tx.get(Membership, membership_id) if UUID.fullmatch(membership_id) else None
    if found is None or not oversees(person.memberships, found.organisation_id):
        raise Problem("not-found")
    if found.user_id != person.user.id and not may_give(person.memberships, found.role, found.organisation_id):
        raise Problem("not-allowed")
    return found


GivenRole = Annotated[Membership, Depends(given_role)]


def shuts_out(memberships: Sequence[Membership], theirs: Sequence[Membership]) -> bool:
    """Whether these memberships let one sign somebody out who holds `theirs`: an admin of every place where they hold a role,
    so that no organisation signs out another one's people."""
    mine = {own.organisation_id for own in memberships if own.role == "admin"}
    return None in mine or (bool(theirs) and all(role.organisation_id in mine for role in theirs))


def shut_out(user_id: str, person: Inviter, db: Db) -> Overseen:
    """The person in the route's path, for an admin who may sign them out. Raises what inviter() raises, not-found (404) where
    they are not theirs to see, not-allowed (403) where they are, but hold roles elsewhere too."""
    with db.read() as tx:
        user = tx.get(User, user_id) if UUID.fullmatch(user_id) else None
        theirs = tx.exec(select(Membership).where(Membership.user_id == user_id)).all() if user else ()
    if user is None or not any(oversees(person.memberships, role.organisation_id) for role in theirs):
        raise Problem("not-found")
    if not shuts_out(person.memberships, theirs):
        raise Problem("not-allowed")
    return Overseen(user, tuple(theirs))


ShutOut = Annotated[Overseen, Depends(shut_out)]


def known_invitation(invitation_id: str, person: Inviter, db: Db) -> Invitation:
    """The invitation in the route's path, for somebody who sees who may do what in its organisation. Raises what
    inviter() raises, not-found (404)."""
    with db.read() as tx:
        found = tx.get(Invitation, invitation_id) if UUID.fullmatch(invitation_id) else None
    if found is None or not oversees(person.memberships, found.organisation_id):
        raise Problem("not-found")
    return found


KnownInvitation = Annotated[Invitation, Depends(known_invitation)]
