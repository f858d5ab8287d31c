"""Who writes a walk's report and who releases it: the part of `guards` that only the editions ask.

Promises that a report becomes public by somebody with a municipality's responsibility, a coordinator or an admin of the walk's
organisation; that it is never the one who wrote the edition, app.report.edition sees to itself.
"""

from typing import Annotated

from fastapi import Depends
from sqlmodel import select

from app.access.guards import ReaderOfWalk, WalkReader
from app.db import Db
from app.models import Edition
from app.problems import Problem

RELEASE = {"coordinator", "admin"}


def may_release(reader: WalkReader) -> bool:
    """Whether they release what somebody else has written for this walk."""
    return any(
        role.role in RELEASE and role.organisation_id in (None, reader.walk.organisation_id)
        for role in reader.person.memberships
    )


def writing(reader: ReaderOfWalk) -> WalkReader:
    """Somebody who writes the report of the walk in the route's path, asks for its release and withdraws it: whoever plans
    the walk. Raises what reader_of_walk() raises, not-allowed (403)."""
    if not reader.plans:
        raise Problem("not-allowed")
    return reader


Writer = Annotated[WalkReader, Depends(writing)]


def releasing(reader: ReaderOfWalk) -> WalkReader:
    """Somebody who releases reports. Raises what reader_of_walk() raises, not-allowed (403)."""
    if not may_release(reader):
        raise Problem("not-allowed")
    return reader


Releaser = Annotated[WalkReader, Depends(releasing)]


def known_edition(edition: str, reader: Writer, db: Db) -> Edition:
    """The edition with this number of the walk in the route's path. Raises what writing() raises, not-found (404)."""
    is_number = edition.isascii() and edition.isdigit() and len(edition) < 7
    with db.read() as tx:
        wanted = select(Edition).where(
            Edition.walk_id == reader.walk.id, Edition.number == int(edition if is_number else 0)
        )
        found = tx.exec(wanted).first()
    if found is None:
        raise Problem("not-found")
    return found


KnownEdition = Annotated[Edition, Depends(known_edition)]
