"""How long a sign-in lasts while nobody uses it: TRYG_SESSION_IDLE_MINUTES, within the hours it lasts at most.

Hides what counts as use: whatever a person asks for, and a page that says somebody is there (static/js/awake.js); not what a
page asks for by itself, which would go on for ever in a window that nobody looks at. Promises that a page is read all the same
where the database cannot be written just now.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from fastapi import Request
from sqlmodel import col, update

from app.db import Database
from app.models import UserSession, now
from app.problems import TryAgain
from app.settings import Settings

FRESH = timedelta(minutes=10)  # so long after signing in, one has just shown who one is
SEEN = timedelta(
    minutes=5
)  # how fine use is noted, or finer where sign-ins end early: a write for each page is too many
BY_ITSELF = (
    "/live/events",
    "/live.json",
    "/live.geojson",
    "/review/state",
    "/account/presence",
)  # what pages ask for without anybody's doing


def until(session: UserSession, settings: Settings) -> datetime:
    """When this sign-in ends if nobody uses it from now on."""
    idle = (session.seen_at or session.created_at) + timedelta(minutes=settings.session_idle_minutes)
    return min(session.expires_at, idle)


def used(request: Request, db: Database, session: UserSession) -> None:
    """Notes that this call was somebody's use of the sign-in, where it was."""
    settings: Settings = request.app.state.settings
    fine = min(SEEN, timedelta(minutes=settings.session_idle_minutes) / 4)
    by_itself = request.method == "GET" and request.url.path.endswith(BY_ITSELF)
    if by_itself or (session.seen_at and session.seen_at > now() - fine):
        return
    with suppress(TryAgain), db.write() as tx:
        mine = col(UserSession.secret_hash) == session.secret_hash
        tx.exec(update(UserSession).where(mine).values(seen_at=now()))
