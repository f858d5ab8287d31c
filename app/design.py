"""The design system as a page: every component in every state, by day, by night and in dimmed red, side by side.

For those who work on the product. Hides what the components are filled with. Promises that the page is made of the real
classes and macros, so that it cannot be out of step; that it holds nothing of anybody; and that only a server which calls
itself by this machine's own address has it: one that others reach has a name, and there it does not exist.
"""

from datetime import UTC, date, datetime
from types import SimpleNamespace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app import pages
from app.measures import words as measure_words
from app.problems import Problem
from app.report import words

router = APIRouter(include_in_schema=False)  # main has it only where settings.is_here

DRESSES = ("day", "night", "red")
EVENING = datetime(2026, 11, 26, 18, 12, tzinfo=UTC)
TODAY = date(2026, 11, 27)


@router.get("/design")
def get_design(request: Request) -> Response:
    """Raises not-found (404) where somebody asks by another name than this machine's own."""
    if request.url.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise Problem("not-found")
    walk = {"id": "none", "timezone": "Europe/Copenhagen", "starts_at": EVENING, "ends_at": None}
    report = SimpleNamespace(walk=walk, observations=(), stops=())
    measures = [
        SimpleNamespace(status=status, deadline=date(2026, 11, day), is_open=status != "done", late=lambda today, day=day: day < today.day)
        for status, day in zip(measure_words.STATUSES, (20, 27, 28, 29, 30, 30, 30), strict=False)
    ]  # fmt: skip
    return pages.render(
        request, "design.html", dresses=DRESSES, words=words, measure_words=measure_words, measures=measures, today=TODAY,
        report=report, notes=[_note(valence) for valence in words.VALENCES], voices={},
    )  # fmt: skip


def _note(valence: str) -> SimpleNamespace:
    """A note of the report as its page has it, of nobody."""
    return SimpleNamespace(
        id=f"example-{valence}", valence=valence, feeling=1, sensitive=valence == "mixed", measures=(), note="Lampen ved tunnelen er gået ud.",
        suggestion="Et lys mere.", factors=("lighting",), photos=(SimpleNamespace(state="expected"),), flags=("needs-place",), other_texts=(), agreements=3,
        captured_at=EVENING.isoformat(), captured_utc=EVENING, written_on="phone", role="resident", team=None, place_source="none", accuracy_m=None,
        lat=None, lon=None, stop=None,
    )  # fmt: skip
