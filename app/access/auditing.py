"""Who reads the access log: the part of `guards` that only its page asks.

Promises that admins read what was logged of their own organisation's walks and people, and that what belongs to no single one
(backups, whoever holds roles in several) is for those who are admins everywhere. A script's key does not open it: whoever
found one must not see what is known of its use.
"""

from typing import Annotated

from fastapi import Depends

from app.access.guards import Person
from app.access.roles import Account
from app.problems import Problem

AUDIT = {"admin"}


def auditing(person: Account) -> Person:
    """Somebody who reads the access log. Raises sign-in-first (401), not-allowed (403)."""
    if not any(role.role in AUDIT for role in person.memberships):
        raise Problem("not-allowed")
    return person


Auditor = Annotated[Person, Depends(auditing)]


def audited(person: Person) -> frozenset[str] | None:
    """The organisations of whose entries they read; None: of all, and those of none."""
    places = {role.organisation_id for role in person.memberships if role.role in AUDIT}
    return None if None in places else frozenset(filter(None, places))
