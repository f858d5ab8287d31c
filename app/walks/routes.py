"""The first page of whoever is signed in: the walks they may read, and the way to each report.

Hides how notes are counted. Promises that a walk, and a number, is shown only to who may read it.
"""

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from app import pages
from app.access import guards
from app.access.guards import Reader, WalkReader
from app.db import Db
from app.models import Observation, Participant, Walk
from app.walks import walks

router = APIRouter(tags=["walks"])

SHOWN = 200  # walks on the page, the newest


@router.get("/")
def get_walks(request: Request, person: Reader, db: Db) -> Response:
    with db.read() as tx:
        newest_first = func.coalesce(Walk.starts_at, Walk.created_at).desc()
        without_route = defer(col(Walk.route))  # type: ignore[arg-type]  # SQLModel calls every column Mapped
        newest = tx.exec(select(Walk).options(without_route).order_by(newest_first)).all()
        readers = [found for walk in newest if (found := guards.reading(person, walk))][:SHOWN]
        notes = _notes(tx, readers)
        people = _people(tx, readers)
    rows = [_row(reader.walk, notes, people) for reader in readers]
    return pages.render(request, "walks/list.html", rows=rows, partner=guards.only_partner(person))


def _row(walk: Walk, notes: Counter[str], people: Counter[str]) -> dict[str, Any]:
    return {
        "walk": walk,
        "day": walk.starts_at or walk.created_at,
        "code": walks.shown(walk.code),
        "notes": notes[walk.id],
        "people": people[walk.id],
    }


def _notes(tx: Session, readers: list[WalkReader]) -> Counter[str]:
    """How many notes each reader sees in each walk. Only for readers without clearance each note is looked at."""
    whole = [reader.walk.id for reader in readers if reader.sensitive]
    counted = (
        select(Observation.walk_id, func.count())
        .where(col(Observation.walk_id).in_(whole), col(Observation.deleted).is_(False))
        .group_by(col(Observation.walk_id))
    )
    found = Counter(dict(tx.exec(counted).all()))
    for reader in readers:
        if not reader.sensitive:
            rows = tx.exec(select(Observation).where(Observation.walk_id == reader.walk.id)).all()
            found[reader.walk.id] = sum(reader.sees(row) for row in rows)
    return found


def _people(tx: Session, readers: list[WalkReader]) -> Counter[str]:
    ids = [reader.walk.id for reader in readers]
    counted = select(Participant.walk_id, func.count()).where(col(Participant.walk_id).in_(ids))
    return Counter(dict(tx.exec(counted.group_by(col(Participant.walk_id))).all()))
