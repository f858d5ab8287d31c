"""How long what is kept: the rules with their usual values, in this one place.

Hides how an organisation's own choices are kept (Organisation.keeping). Promises that what the privacy notice says, what the
admins' page offers and what app/privacy/retention.py does are these very numbers; that no choice goes outside its bounds;
and that walks of no organisation have the usual ones. Erases nothing itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from app.i18n import gettext as _
from app.i18n import mark
from app.models import Edition, Organisation, Walk
from app.problems import invalid


@dataclass(frozen=True)
class Rule:
    """One thing that is not kept for ever. `usual`, `least`, `most`: days; `what` goes, `after`: from when they count."""

    name: str
    usual: int
    least: int
    most: int
    what: str
    after: str


CLOSED = mark("after the walk is closed")
RELEASED = mark("after the report was released")
RULES = (
    Rule("names", 0, 0, 90, mark("Names of those who walked along, and who did what in a team"), CLOSED),
    Rule("deleted", 30, 0, 90, mark("Notes that a walker has deleted again, and photos and recordings taken out of a note"), mark("after it was deleted")),
    Rule("photos", 183, 30, 730, mark("Recordings, photos that are not in the public report, and unblurred versions"), RELEASED),
    Rule("tracks", 183, 0, 730, mark("Where a team went, exactly"), RELEASED),
    Rule("sensitive", 183, 30, 730, mark("Sensitive and hidden notes, with their photos"), RELEASED),
    Rule("marks", 183, 0, 730, mark("What residents marked on the map before the walk"), RELEASED),
    Rule("waiting", 365, 90, 1095, mark("All of this where no report is released"), CLOSED),
    Rule("takedowns", 183, 30, 730, mark("What somebody wrote who asked to have something taken out of a public report"),
         mark("after it was answered")),
    Rule("notes", 1826, 365, 3653, mark("Notes that are not in the public report. The walk is then filed away, and takes nothing in"),
         RELEASED),
    # The chain of the log is one for all: it is kept as the organisation says that wants it longest (app/privacy/trail.py).
    Rule("log", 730, 183, 1826, mark("The log of who looked at what"), mark("after it was written")),
)  # fmt: skip
OF_REPORT = tuple(rule.name for rule in RULES if rule.after == RELEASED)
USUAL = {rule.name: rule.usual for rule in RULES}
# What is over in itself, the same for everybody: days until it is gone.
OVER = {"session": 1, "signin": 2, "failedtry": 2, "readingkey": 30, "sent": 60, "invitation": 183}


def of(organisation: Organisation | None) -> dict[str, int]:
    """Days by rule, for the walks of this organisation; None: of no organisation."""
    chosen = organisation.keeping if organisation else {}
    return {rule.name: _within(rule, chosen.get(rule.name, rule.usual)) for rule in RULES}


def choose(organisation: Organisation, typed: Mapping[str, str]) -> None:
    """Keep an organisation's choices as they were typed, days by rule. Raises invalid (422) with a sentence for each rule
    that cannot be so; then nothing is kept."""
    wrong, chosen = list[tuple[str, str]](), dict[str, int]()
    for rule in RULES:
        written = typed.get(rule.name, "").strip()
        if not (written.isascii() and written.isdigit() and len(written) < 6):
            wrong.append((rule.name, _("Write a number of days.")))
        elif not rule.least <= int(written) <= rule.most:
            wrong.append((rule.name, _("From %(least)s to %(most)s days.", least=rule.least, most=rule.most)))
        elif int(written) != rule.usual:
            chosen[rule.name] = int(written)
    if wrong:
        raise invalid(*wrong)
    beside = {name: days for name, days in organisation.keeping.items() if name not in USUAL}  # others' rules
    organisation.keeping = beside | chosen


def released_at(tx: Session, walk_id: str) -> datetime | None:
    """When the report was first released, of the editions that stand; None where none does."""
    first = select(func.min(Edition.released_at)).where(Edition.walk_id == walk_id, Edition.state == "released")
    return tx.exec(first).one()


def due(walk: Walk, days: Mapping[str, int], released: datetime | None) -> dict[str, datetime]:
    """When each rule takes effect on this walk. A walk that nobody closes counts as closed on its last planned day; that is
    what "waiting" goes by, and at the latest then everything goes that would have gone after the closing or the release."""
    over = walk.closed_at or walk.ends_at or walk.starts_at or walk.created_at
    last = over + timedelta(days=days["waiting"])
    names = walk.closed_at + timedelta(days=days["names"]) if walk.closed_at else last
    if released is not None:
        return {"names": names} | {name: released + timedelta(days=days[name]) for name in OF_REPORT}
    filed = over + timedelta(days=max(days["notes"], days["waiting"]))
    return dict.fromkeys(OF_REPORT, last) | {"names": names, "notes": filed}


def organisation_of(tx: Session, walk: Walk) -> Organisation | None:
    return tx.get(Organisation, walk.organisation_id) if walk.organisation_id else None


def walks(tx: Session) -> list[tuple[Walk, Organisation | None]]:
    """Every walk, with whose it is, oldest first."""
    rows = tx.exec(
        select(Walk, Organisation).join(Organisation, isouter=True).order_by(col(Walk.created_at), col(Walk.id))
    )
    return [(walk, organisation) for walk, organisation in rows.all()]


def _within(rule: Rule, days: int) -> int:
    return min(max(days, rule.least), rule.most)
