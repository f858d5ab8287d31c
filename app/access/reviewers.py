"""Who reviews a walk's notes: the part of `guards` that only the review asks.

Promises that organisers review the walks they lead, coordinators and admins all of their organisation's, and partners none;
which notes of it one may judge is WalkReader.judges(): sensitive ones are for the cleared.
"""

from typing import Annotated

from fastapi import Depends

from app.access.guards import ReaderOfWalk, WalkReader
from app.problems import Problem


def reviewed_walk(reader: ReaderOfWalk) -> WalkReader:
    """Somebody who decides about the notes of the walk in the route's path. Raises what reader_of_walk() raises,
    not-allowed (403), walk-archived (410)."""
    if not reader.reviews:
        raise Problem("not-allowed")
    if reader.walk.state == "archived":
        raise Problem("walk-archived")
    return reader


Reviewer = Annotated[WalkReader, Depends(reviewed_walk)]
