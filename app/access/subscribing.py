"""Who opens a calendar of deadlines: calendars cannot sign in, so whoever has its address.

Hides how an address is made: of the server's key and a mark that stands in the walk or partner, so that the table gives no
address away, and another mark is another address. Promises that one which was renewed or withdrawn, is wrong, or belongs to
a partner who was ended answers as what was never there; and that guessing is counted.
"""

import hashlib
import hmac
from typing import TypeVar

from fastapi import Request

from app.access.guards import UUID, address_of, count_try, not_guessing
from app.db import Database
from app.models import Partner, Walk
from app.problems import Problem

Of = TypeVar("Of", Walk, Partner)


def calendar_secret(of: Walk | Partner, key: bytes) -> str:
    """What stands in the address of its calendar: nobody can make it without the server's key. "": there is no address."""
    made = hmac.new(key, f"deadlines:{of.id}:{of.calendar}".encode(), hashlib.sha256).hexdigest()
    return made if of.calendar else ""


def calendar_of(request: Request, db: Database, table: type[Of], of_id: str, secret: str) -> Of:
    """The walk or partner whose calendar this address is. Raises not-found (404), too-many-attempts (429)."""
    settings = request.app.state.settings
    with db.read() as tx:
        found = tx.get(table, of_id) if UUID.fullmatch(of_id) else None
    right = calendar_secret(found, settings.signing_key()) if found else ""
    if found is None or not right or not hmac.compare_digest(right.encode(), secret.encode()):
        with db.write() as tx:
            if settings.rate_limits == "on":
                not_guessing(tx, "calendar", address_of(request))
            count_try(tx, "calendar", address_of(request))
        raise Problem("not-found")
    if found.state == "archived" if isinstance(found, Walk) else found.ended_at is not None:
        raise Problem("not-found")
    return found
