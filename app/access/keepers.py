"""Who decides how long things are kept, searches for a person, hands out and erases: the part of `guards` that only those
pages ask.

Promises that it is an admin, at their own sign-in and not a script with their key, and that nobody reaches another
organisation's walks or people that way.
"""

from typing import Annotated

from fastapi import Depends
from sqlmodel import Session, col, select

from app.access.guards import UUID, Person
from app.access.roles import Account
from app.db import Db
from app.models import Membership, Organisation, User, Walk
from app.problems import Problem

KEEP = "admin"


def keeper(person: Account) -> Person:
    """An admin. Raises sign-in-first (401), not-allowed (403)."""
    if not any(role.role == KEEP for role in person.memberships):
        raise Problem("not-allowed")
    return person


Keeper = Annotated[Person, Depends(keeper)]


def places(person: Person) -> list[str | None]:
    """The organisations where they are admin; None: everywhere."""
    return sorted({role.organisation_id for role in person.memberships if role.role == KEEP}, key=str)


def organisations(tx: Session, person: Person) -> list[Organisation]:
    """Those whose keeping they decide, by name."""
    here, wanted = places(person), select(Organisation).order_by(Organisation.name)
    return list(tx.exec(wanted if None in here else wanted.where(col(Organisation.id).in_(here))).all())


def walks(tx: Session, person: Person) -> list[Walk]:
    """Those they may search, newest first."""
    here, wanted = places(person), select(Walk).order_by(col(Walk.created_at).desc())
    return list(tx.exec(wanted if None in here else wanted.where(col(Walk.organisation_id).in_(here))).all())


def people(tx: Session, person: Person) -> list[User]:
    """Those who hold a role where they are admin; everybody, where they are so everywhere."""
    here, wanted = places(person), select(User).order_by(User.email)
    if None not in here:
        theirs = select(Membership.user_id).where(col(Membership.organisation_id).in_(here))
        wanted = wanted.where(col(User.id).in_(theirs))
    return list(tx.exec(wanted).all())


def kept_organisation(organisation_id: str, person: Keeper, db: Db) -> Organisation:
    """The organisation in the route's path. Raises what keeper() raises, not-found (404) where they are no admin of it."""
    with db.read() as tx:
        found = tx.get(Organisation, organisation_id) if UUID.fullmatch(organisation_id) else None
    here = places(person)
    if found is None or not (None in here or found.id in here):
        raise Problem("not-found")
    return found


KeptOrganisation = Annotated[Organisation, Depends(kept_organisation)]
