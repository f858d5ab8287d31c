"""What is printed of a walk: today's report for who may read it, put together for the press.

Hides which facts the PDF depends on. Promises a key that is another one whenever the PDF would be, and a sheet that is made
from one look at the database.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlmodel import Session

from app import __version__, i18n
from app.basemap.kept import Maps
from app.basemap.picture import Shown, on_own_map
from app.models import Organisation, Telling, Walk
from app.report import freezing, paper, telling
from app.report.allowed import INSIDE
from app.report.paper import Sheet
from app.report.report import Report, build, version
from app.typesetting import SOURCES

MARK = 8  # letters of the key that are printed: two papers with the same are of the same content


@dataclass(frozen=True)
class Ground:
    """Where a walk's own map lies, and whose data it is."""

    maps: Maps
    credit: str


def key(tx: Session, walk: Walk, *, sensitive: bool) -> str:
    """64 hex digits: the name of the PDF as it would be now, for such a reader, in the language spoken. Raises not-found."""
    told = tx.get(Telling, walk.id)
    facts = [
        version(tx, walk.id),
        sensitive,
        i18n.language(),
        told.version if told else 0,
        walk.map_sha256,
        organisation(tx, walk),
        _sources(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def internal(tx: Session, walk: Walk, *, sensitive: bool, name: str, ground: Ground) -> Sheet:
    """Today's report, for those inside, in the language spoken; `name`: its key. `tx` is not needed afterwards."""
    report = build(tx, walk.id, sensitive=sensitive, base_url="")
    made = freezing.document(report, telling.for_report(tx, walk, report), INSIDE)
    return paper.sheet(
        made.content, made.keys["photos"], map_svg=picture(report, walk, ground), mark=name[:MARK],
        made=date.fromisoformat(made.content["walk"]["day"] or walk.created_at.date().isoformat()), organisation=organisation(tx, walk),
    )  # fmt: skip


def organisation(tx: Session, walk: Walk) -> str:
    found = tx.get(Organisation, walk.organisation_id) if walk.organisation_id else None
    return found.name if found else ""


def picture(report: Report, walk: Walk, ground: Ground) -> str | None:
    """The way, the stops and the notes on the walk's own map; None where it has none."""
    stops = [
        (str(stop.number), [stop.lon, stop.lat])
        for stop in report.stops
        if stop.lat is not None and stop.lon is not None
    ]
    # A note that only has its stop's place lies under the stop's number.
    drawn = [seen for seen in report.observations if seen.place_source != "stop" and not seen.merged_into]
    notes = [
        (seen.valence or "mixed", [seen.lon, seen.lat])
        for seen in drawn
        if seen.lat is not None and seen.lon is not None
    ]
    line: Any = (report.route or {}).get("coordinates", [])
    return on_own_map(ground.maps, walk.map_sha256, Shown(line, stops, notes), ground.credit, *paper.MAP_MM)


@cache
def _sources() -> str:
    """What the sheet looks like, in this release."""
    texts = [path.read_bytes() for path in sorted(SOURCES.glob("*.typ"))]
    return hashlib.sha256(b"".join([__version__.encode(), *texts])).hexdigest()
