"""/metrics: how the server is, as numbers in the OpenMetrics form, for whoever has the operator's key.

Hides prometheus-client, which is not even imported where no key is set. Promises that nothing is counted by anything that
anybody sent: a request by its method, its route's template and its status; and that without the key the address looks like
one that never was. Each process tells of itself; what stands in the database is the same at each.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response
from sqlalchemy import text
from sqlmodel import col, func, select

from app import __version__
from app.db import Database
from app.models import Invitation, Photo
from app.problems import Problem, TryAgain
from app.settings import Settings

_BEARER = re.compile(r"Bearer (\S+)", re.IGNORECASE)
# Seconds; what is promised of pages (60 and 250 ms) and of waiting for a lock (4 s) are among them.
_STEPS = (0.005, 0.01, 0.025, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 4.0, 10.0)


_JOBS = text("SELECT status::text AS status, count(*) AS number FROM procrastinate_jobs GROUP BY status")


class Meter:
    """Counts this process's requests, where the settings have a key to read it with."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._key = settings.metrics_key.get_secret_value()
        self._took: Any = None
        if self._key:
            self._begin(db)

    def _begin(self, db: Database) -> None:
        from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector

        self._registry = CollectorRegistry()
        Info("tryg", "The release that is served.", registry=self._registry).info({"version": __version__})
        self._took = Histogram(
            "tryg_request_seconds", "From a request's head to its answer's end.", ("method", "route", "status"),
            registry=self._registry, buckets=_STEPS,
        )  # fmt: skip
        ProcessCollector(registry=self._registry)
        self._registry.register(_Waiting(db))

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route`: its template."""
        if self._took is not None:
            self._took.labels(method, route, str(status)).observe(seconds)

    def answer(self, request: Request) -> Response:
        """Everything as text. Raises not-found (404) without the key."""
        given = _BEARER.fullmatch(request.headers.get("authorization", ""))
        if not self._key or given is None or not hmac.compare_digest(given[1].encode(), self._key.encode()):
            raise Problem("not-found")
        from prometheus_client.openmetrics import exposition

        kind = exposition.CONTENT_TYPE_LATEST
        told = exposition.generate_latest(self._registry)  # type: ignore[no-untyped-call]
        return Response(told, media_type=kind, headers={"Cache-Control": "no-store"})


class _Waiting:
    """What waits to be done, counted when somebody asks; nothing of it while the database does not answer."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def collect(self) -> Iterable[Any]:
        from prometheus_client.core import GaugeMetricFamily

        try:
            with self._db.read() as tx:
                photos = tx.exec(select(func.count()).where(Photo.state == "stored")).one()
                unsent = (col(Invitation.sent_at).is_(None), col(Invitation.accepted_at).is_(None))
                letters = tx.exec(select(func.count()).where(*unsent)).one()
                jobs = {} if self._db.sqlite else {row.status: row.number for row in tx.connection().execute(_JOBS)}
            answers = 1
        except TryAgain:
            answers = 0
        yield GaugeMetricFamily("tryg_database_answers", "1, or 0 where it does not.", value=answers)
        if answers:
            yield GaugeMetricFamily("tryg_photos_waiting", "Photos that have come and are not cleaned.", value=photos)
            yield GaugeMetricFamily("tryg_invitations_waiting", "Invitations that have not been sent.", value=letters)
            if not self._db.sqlite:
                gauge = GaugeMetricFamily(
                    "tryg_jobs", "Jobs in the queue of all servers, by their state.", labels=["state"]
                )
                for state in ("todo", "doing", "failed"):
                    gauge.add_metric([state], jobs.get(state, 0))
                yield gauge
