"""Where the teams went, for those who may read a walk's report: by team, with its gaps, never by person and without times.

Hides which phones recorded it: what the note takers of one team recorded is that team's. In no file and in no answer but the
report's page: an exact track is never published. Leaves out what cannot be drawn, a part of one point alone.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app import models


@dataclass(frozen=True, slots=True)
class Track:
    """`team`: its name, None where the group walks as one; `parts`: lines of [lon, lat], with a gap between them."""

    team: str | None
    parts: tuple[list[list[float]], ...]


def of_walk(tx: Session, walk_id: str) -> tuple[Track, ...]:
    """What was recorded and not deleted, by the names of the teams."""
    table = models.Track
    alive = table.walk_id == walk_id, col(table.deleted).is_(False)
    rows = tx.exec(select(table.team, table.parts).where(*alive).order_by(col(table.id))).all()
    found: dict[str | None, list[list[list[float]]]] = {}
    for team, parts in rows:
        if drawn := [part for part in parts if len(part) > 1]:
            found.setdefault(team or None, []).extend(drawn)
    return tuple(Track(team, tuple(found[team])) for team in sorted(found, key=lambda team: team or ""))


def facts(tx: Session, walk_id: str) -> list[list[Any]]:
    """What is another list whenever of_walk() would be."""
    table = models.Track
    rows = tx.exec(select(table.id, table.rev, table.deleted).where(table.walk_id == walk_id).order_by(col(table.id)))
    return [list(row) for row in rows.all()]


def on_map(tracks: tuple[Track, ...]) -> dict[str, Any] | None:
    """A FeatureCollection (RFC 7946), a line for each team; None where nothing was recorded."""
    features = [
        {"type": "Feature", "properties": {"team": one.team or ""},
         "geometry": {"type": "MultiLineString", "coordinates": one.parts}}
        for one in tracks
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features} if features else None
