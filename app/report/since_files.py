"""This walk beside the one before, for who may read both reports: what the files and the internal PDF tell of it.

Hides which walk that is and how it is read. Promises that nothing is told of a walk which the reader may not read, that its
notes on sensitive subjects are told only to who may read them there, and that a partner's extract has none of it: it holds
what was passed on to that partner. The counts are plain numbers, for scripts; pages and paper say few voices in words.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlmodel import Session

from app.access.guards import WalkReader
from app.models import Walk
from app.report import comparison, since_page, telling
from app.report.allowed import BEFORE, INSIDE, PLACE, SINCE, SINCE_WALK, only
from app.report.freezing import document
from app.report.report import Report, build, version
from app.report.since import plain
from app.report.since_page import View


@dataclass(frozen=True)
class Earlier:
    """The walk before, and how it is read. `kind`: what the later one is to it (return pair); `version`: of its report."""

    walk: Walk
    sensitive: bool
    kind: str
    version: str

    @property
    def facts(self) -> tuple[str, ...]:
        """Others whenever a comparison with it would be another."""
        return (self.walk.id, self.version, str(self.sensitive), self.kind)


@dataclass(frozen=True)
class Beside:
    """`plan`: the measures of the walk before as they are now, as the internal version tells them."""

    earlier: Report
    later: Report
    kind: str
    plan: list[dict[str, Any]]

    @cached_property
    def view(self) -> View:
        """In the reader's language."""
        return since_page.of_reports(self.earlier, self.later, self.kind)

    @property
    def day(self) -> str:
        """When the walk before was, "" where that is not known."""
        return str(since_page.facts(self.earlier)["day"] or "")

    @property
    def told(self) -> dict[str, Any]:
        """For scripts: the same names as in a released edition, and the measures of the walk before beside them."""
        at: dict[int | None, list[int]] = {}
        for one in self.plan:
            at.setdefault(one["stop"], []).append(one["number"])
        rows = [
            {"stop": row.number, "was": row.was, "name": row.name, "then": plain(row.notes[0]), "now": plain(row.notes[1]),
             "measures": at.get(row.was, []) if row.notes[0] is not None else []}
            for row in comparison.of_two(self.earlier, self.later, "unsafe").rows
        ]  # fmt: skip
        numbers = {one.id: one.number for one in self.earlier.measures}
        continued = {
            str(numbers[one.continues_id]): one.number
            for one in self.later.measures
            if one.continues_id in numbers and one.continues_id
        }
        walk = only(since_page.facts(self.earlier), SINCE_WALK, INSIDE)
        told = {
            "kind": self.kind, "walk": walk, "rows": [only(row, PLACE, INSIDE) for row in rows], "continued": continued,
            "plan": [{name: one[name] for name in BEFORE} for one in self.plan],
        }  # fmt: skip
        return only(told, SINCE, INSIDE)


def for_reader(tx: Session, reader: WalkReader) -> Earlier | None:
    """The walk before, as this reader may read it; None where there is none, or it is not for them."""
    before = comparison.before(tx, reader.person, reader.walk)
    return _earlier(tx, reader.walk, before.walk, before.sensitive) if before else None


def for_operator(tx: Session, walk: Walk) -> Earlier | None:
    """The same for whoever runs the server and may read everything."""
    before = tx.get(Walk, walk.follows_id) if walk.follows_id else None
    return _earlier(tx, walk, before, True) if before and before.state != "archived" else None


def beside(tx: Session, earlier: Earlier | None, later: Report) -> Beside | None:
    """Both reports; `tx` is not needed afterwards."""
    if earlier is None:
        return None
    report = build(tx, earlier.walk.id, sensitive=earlier.sensitive, base_url="")
    plan = replace(report, observations=())  # its measures are wanted, not thousands of notes
    made = document(plan, telling.for_report(tx, earlier.walk, plan), INSIDE)
    return Beside(report, later, earlier.kind, made.content["measures"])


def _earlier(tx: Session, walk: Walk, before: Walk, sensitive: bool) -> Earlier:
    return Earlier(before, sensitive, walk.follows_as or "return", version(tx, before.id))
