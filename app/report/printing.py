"""What is printed of a walk: today's report for who may read it, a partner's extract, and the released one for everybody.

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
from app.i18n import gettext as _
from app.models import Organisation, Partner, Telling, Walk
from app.pages import day, local
from app.report import freezing, paper, since_files, since_page, telling
from app.report.allowed import INSIDE, PARTNER
from app.report.paper import About, Sheet
from app.report.picture import drawn
from app.report.public import Shown
from app.report.report import build, version
from app.report.since_files import Earlier
from app.typesetting import SOURCES

MARK = 8  # letters of the key that are printed: two papers with the same are of the same content


@dataclass(frozen=True)
class Ground:
    """Where a walk's own map lies, and whose data it is."""

    maps: Maps
    credit: str


def key(tx: Session, walk: Walk, *, sensitive: bool, earlier: Earlier | None = None) -> str:
    """64 hex digits: the name of the PDF as it would be now, for such a reader, in the language spoken; `earlier`: the walk
    before, as they read it. Raises not-found."""
    told = tx.get(Telling, walk.id)
    facts = [
        walk.id,
        version(tx, walk.id),
        sensitive,
        i18n.language(),
        told.version if told else 0,
        walk.map_sha256,
        organisation(tx, walk),
        _sources(),
        earlier.facts if earlier else (),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def internal(
    tx: Session, walk: Walk, *, sensitive: bool, name: str, ground: Ground, earlier: Earlier | None = None
) -> Sheet:
    """Today's report, for those inside, in the language spoken; `name`: its key, `earlier`: as for that. `tx` is not needed
    afterwards."""
    report = build(tx, walk.id, sensitive=sensitive, base_url="")
    told, is_chosen = telling.for_report(tx, walk, report), any(stop for stop, _words in telling.told(tx, walk).places)
    # What is proposed for the public counts released notes alone; here it is all that this reader sees.
    made = freezing.document(report, told if is_chosen else told | {"places": []}, INSIDE)
    beside = since_files.beside(tx, earlier, report)
    about = About(
        name[:MARK],
        _on(walk, made.content),
        organisation=organisation(tx, walk),
        map_svg=drawn(ground.maps, walk.map_sha256, made.content, ground.credit, "page"),
        earlier=(beside.day, beside.plan) if beside else None,
        since=beside.view if beside else None,
    )
    return paper.sheet(made.content, made.keys["photos"], about)


def extract_key(tx: Session, walk: Walk, partner: Partner) -> str:
    """The name of the PDF of what is passed on to the partner, as it would be now."""
    facts = [key(tx, walk, sensitive=False), "extract", partner.id, partner.name]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def extract(tx: Session, walk: Walk, partner: Partner, name: str, ground: Ground) -> Sheet:
    """The released notes and the measures that are routed to the partner; `name`: its key."""
    report = build(tx, walk.id, sensitive=False, base_url="")
    made = freezing.document(report, telling.for_report(tx, walk, report), PARTNER, partner.id)
    about = About(
        name[:MARK],
        _on(walk, made.content),
        edition=_("Extract for %(name)s", name=partner.name),
        organisation=organisation(tx, walk),
        map_svg=drawn(ground.maps, walk.map_sha256, made.content, ground.credit, "page"),
    )
    return paper.sheet(made.content, made.keys["photos"], about)


def public_key(shown: Shown) -> str:
    """The name of the PDF of what everybody may read now."""
    return hashlib.sha256(json.dumps([shown.mark, i18n.language(), _sources()]).encode()).hexdigest()


def for_everybody(shown: Shown, name: str, ground: Ground) -> Sheet:
    """The edition as it is read now, with the measures as they are now; `name`: its key."""
    edition, walk = shown.edition, shown.walk
    content = shown.content | {"measures": shown.plan}
    on_map = drawn(ground.maps, walk.map_sha256, content, ground.credit, "page")
    assert edition.released_at is not None
    released = _(
        "Public edition %(number)s, released %(day)s",
        number=edition.number,
        day=day(edition.released_at, walk.timezone),
    )
    earlier = (str(shown.earlier.content["walk"]["day"] or ""), shown.earlier.plan) if shown.earlier else None
    about = About(
        name[:MARK],
        local(edition.released_at, walk.timezone).date(),
        edition=released,
        map_svg=on_map,
        earlier=earlier,
        since=since_page.of_public(shown),
        pairs=shown.pairs,
    )
    photos = {photo["name"] for note in content["notes"] for photo in note["photos"]}
    return paper.sheet(
        content, {name: key for name, key in edition.frozen["keys"]["photos"].items() if name in photos}, about
    )


def organisation(tx: Session, walk: Walk) -> str:
    found = tx.get(Organisation, walk.organisation_id) if walk.organisation_id else None
    return found.name if found else ""


def _on(walk: Walk, content: dict[str, Any]) -> date:
    """The day that stands on it."""
    return date.fromisoformat(content["walk"]["day"] or walk.created_at.date().isoformat())


@cache
def _sources() -> str:
    """What the sheet looks like, in this release."""
    texts = [path.read_bytes() for path in sorted(SOURCES.glob("*.typ"))]
    return hashlib.sha256(b"".join([__version__.encode(), *texts])).hexdigest()
