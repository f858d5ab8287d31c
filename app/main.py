"""The only wiring: settings in, an application out.

Hides the order of things. Promises that no answer leaves without what app/answers.py puts on it, that no request is read
further than app/arrivals.py lets it, and that what works in the background (cleaning of photos, the cutting of walks' maps,
printing, the tasks of app/jobs.py) begins and ends with the server.
"""

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app import __version__, design, guide, logs, pages, problems, shell
from app.access import postman
from app.access.account_routes import router as account
from app.access.elsewhere_routes import router as elsewhere
from app.access.limits import Tally
from app.access.others_routes import router as others
from app.access.passkey_routes import router as passkeys
from app.access.people_routes import router as people
from app.access.phones import Acquainted
from app.access.reporting_routes import router as reporting
from app.access.routes import router as access
from app.answers import EveryAnswer
from app.arrivals import Arrivals
from app.basemap.cutting import Cutter
from app.basemap.kept import Maps
from app.basemap.routes import router as basemap
from app.basemap.tileserver import TileServer
from app.db import Database
from app.described import Described
from app.gathering.routes import router as gathering
from app.hearing import Hearing
from app.jobs import DAY_S, MINUTE_S, InProcess, Task, jobs_of
from app.measures import courier
from app.measures.calendar_routes import router as calendars
from app.measures.meeting_routes import router as meeting
from app.measures.partner_routes import router as partner
from app.measures.partners_routes import router as partners
from app.measures.proof_routes import router as proof
from app.measures.routes import router as measures
from app.metrics import Meter
from app.overview.routes import router as overview
from app.photos.cleaning import Cleaner
from app.photos.routes import router as photos
from app.photos.vault import Vault, vault_of
from app.privacy import retention
from app.privacy.keeping_routes import router as keeping
from app.privacy.looking import Looks
from app.privacy.own_routes import router as own
from app.privacy.papers_routes import router as papers
from app.privacy.search_routes import router as search
from app.privacy.trail_routes import router as trail
from app.report.edition_routes import router as editions
from app.report.press import Press
from app.report.printing_routes import router as printed
from app.report.public_routes import router as public
from app.report.routes import router as report
from app.report.shelf import Shelf
from app.report.telling_routes import router as telling
from app.review.photo_routes import router as review_photos
from app.review.recording_routes import router as review_recordings
from app.review.routes import router as review
from app.settings import Settings
from app.sync.routes import router as sync
from app.walks import opening
from app.walks.leaders_routes import router as leaders
from app.walks.live_routes import followers
from app.walks.live_routes import router as live
from app.walks.marks_routes import router as marks
from app.walks.places import Places
from app.walks.printing_routes import router as printing
from app.walks.routes import router as walks
from app.walks.teams_routes import router as teams

log = logging.getLogger("tryg")
END_S, SETTLE_S = 6.0, 4.0  # with the grace of app/server.py, within the 20 s that compose.yaml gives

ROUTERS = (
    sync, photos, walks, leaders, live, teams, marks, printing, gathering, review, review_photos, review_recordings, proof, meeting, calendars, measures, partner, partners, report, telling, editions, public, overview,
    printed, basemap, trail,
    own, papers, keeping, search,
    access, people, others, account, passkeys, elsewhere, reporting, guide.router, shell.router,
)  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    """The application on a migrated database. `app.state`: settings, db, vault, cleaner, jobs, opener, followers, maps, tiles, cutter,
    press, places, looks, tally, shelf, acquainted."""
    db = Database(settings.database)
    vault = vault_of(settings)
    cleaner = Cleaner(db, vault, settings)
    maps, tiles = Maps(settings.maps), TileServer(settings.basemap) if "://" in settings.basemap else None
    cutter = Cutter(db, maps, settings, tiles)
    press = Press(settings.printed, vault.place, db)
    meter, jobs = Meter(db, settings), jobs_of(db, _tasks(db, vault, settings))
    # Each server looks for itself: whichever sees that the time has come opens the walk, and a minute late is late for those who stand there.
    opener = InProcess([Task(opening.TASK, lambda _stopping: opening.open_due(db), opening.LOOK_S)])
    hearing = Hearing(db, lambda walks: app.state.followers.hear(walks))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        begun = (cleaner, cutter, press, jobs, opener, hearing)
        for one in begun:
            one.start()
        yield
        app.state.followers.end()
        await to_thread.run_sync(_ended, [one.stop for one in reversed(begun)], END_S)
        await to_thread.run_sync(_ended, [app.state.looks.settle], SETTLE_S)
        db.close()

    app = Described(
        title="Tryghedsvandring",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics and our own log say what may be said
    )
    app.state.settings, app.state.db, app.state.vault, app.state.cleaner = settings, db, vault, cleaner
    app.state.jobs, app.state.opener, app.state.followers = jobs, opener, followers(db, hearing.sure)
    app.state.maps, app.state.tiles, app.state.cutter, app.state.press = maps, tiles, cutter, press
    app.state.places, app.state.looks, app.state.tally = Places(db), Looks(db), Tally(settings, db)
    app.state.shelf, app.state.acquainted = Shelf(), Acquainted()
    for router in (*ROUTERS, *([design.router] if settings.is_here else [])):
        # Their routes as they are: include_router() would take each apart again at the first request, for 0.2 s.
        app.router.routes.extend(router.routes)
    for path, answer in (("/healthz", _alive), ("/readyz", _ready)):
        app.add_api_route(path, answer, methods=["GET"], tags=["service"])
        app.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)  # as watchdogs often ask
    app.add_api_route("/metrics", meter.answer, methods=["GET"], include_in_schema=False)
    told = problems.install(app, pages.problem_page)
    app.add_middleware(Arrivals, settings=settings, answer=told)
    app.add_middleware(logs.Requests, seen=meter.seen)  # outermost: the last one added
    inner = app.build_middleware_stack  # add_middleware() would put it within what answers failures
    app.build_middleware_stack = lambda: EveryAnswer(inner(), settings)  # type: ignore[method-assign]
    return app


def _ended(ends: list[Callable[[], None]], seconds: float) -> None:
    """All of them at once, and waited for no longer: what still waits for a database or a store then ends with the process."""
    ending = [threading.Thread(target=end, name="ending", daemon=True) for end in ends]
    until = time.monotonic() + seconds
    for one in ending:
        one.start()
    for one in ending:
        one.join(max(0.0, until - time.monotonic()))


def _tasks(db: Database, vault: Vault, settings: Settings) -> tuple[Task, ...]:
    return (
        Task(postman.TASK, lambda stopping: postman.send_due(db, settings, stopping), postman.LOOK_S),
        Task(courier.TASK, lambda stopping: courier.send_due(db, settings, stopping), first_s=MINUTE_S),
        Task(retention.TASK, retention.Keeper(db, vault, settings).daily, DAY_S, retention.FIRST_S),
    )


async def _alive() -> dict[str, Any]:
    return {"status": "ok", "version": __version__}


def _ready(request: Request) -> JSONResponse:
    """200 only where database and photo store can be written; which of them cannot be. Raises TryAgain (503)."""
    state = request.app.state
    told = {"database": state.db.writable(), "photos": state.vault.writable()}
    parts = {name: "ok" if works else "failing" for name, works in told.items()}
    if not all(told.values()):
        failing = problems.TryAgain()
        failing.more |= parts
        raise failing
    return JSONResponse({"status": "ready"} | parts)
