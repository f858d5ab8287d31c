"""Which walker's phone is calling: by its participant's secret, compared in constant time.

Hides how the key travels and how it is kept. Promises that a participant who does not exist and a secret that is wrong are
told alike. What the phone may do is guards'.
"""

import hashlib
import hmac
import re
from datetime import timedelta
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, Request, Response
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session, col
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.routing import request_response

from app.db import Database, Db
from app.models import Participant, now
from app.problems import Problem, TryAgain

_BEARER = re.compile(r"Bearer ([0-9a-fA-F-]{36})\.([A-Za-z0-9_-]{20,128})")
HEARD = timedelta(seconds=50)  # how old the note of when a phone was last heard may be; it calls each minute


def secret_hash(secret: str) -> str:
    """How a secret of 256 random bits is kept: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(request: Request) -> tuple[str, str]:
    """The participant and the secret that a phone names; nothing is known of them yet. Raises not-joined (401)."""
    given = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if given is None:
        raise Problem("not-joined")
    return given[1].lower(), given[2]


async def _key(request: Request) -> tuple[str, str]:
    return key_of(request)


Key = Annotated[tuple[str, str], Depends(_key)]  # what a route asks for that says held() or known() itself


class Straight(APIRoute):
    """For what comes most often: the function is given its path's names, the request and the phone's key, and FastAPI is asked for
    nothing, which would cost as much as two queries. To whoever calls, and in what is told of it, a route as any other."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        asks = self.dependant
        others = [*asks.query_params, *asks.header_params, *asks.cookie_params, *asks.body_params]
        if others or any(depends.call is not _key for depends in asks.dependencies):
            raise TypeError(f"{self.path} asks for more than its path's names, the request and the phone's key.")
        self.app = request_response(self._answered)

    async def _answered(self, request: Request) -> Response:
        key = key_of(request)
        names, wrong = request_params_to_args(self.dependant.path_params, request.path_params)
        if wrong:
            await run_in_threadpool(joined, request, request.app.state.db)  # who is not known is told nothing else
            raise RequestValidationError(wrong)
        return await self.endpoint(request=request, key=key, **names)  # type: ignore[no-any-return]


def joined(request: Request, db: Database) -> Participant:
    """The participant whose phone is calling. Raises not-joined (401)."""
    participant_id, secret = key_of(request)
    with db.read() as tx:
        participant = tx.get(Participant, participant_id)
    _checked(secret, participant)
    return participant  # type: ignore[return-value]


class Acquainted:
    """Which keys proved right lately, in this process: no more than a reason not to ask again before a write, which asks itself."""

    MOST = 20_000

    def __init__(self) -> None:
        self._lately = set[str]()

    async def ask(self, request: Request, db: Database, key: tuple[str, str]) -> None:
        """Whoever is a stranger is told so by a reader: however many they are, they never stand in line for the writer.
        Raises not-joined (401), TryAgain."""
        known = secret_hash(".".join(key))
        if known not in self._lately:
            await run_in_threadpool(joined, request, db)
            if len(self._lately) >= self.MOST:
                self._lately.clear()
            self._lately.add(known)


def _checked(secret: str, participant: Participant | Row[Any] | None) -> None:
    kept = participant.secret_hash if participant else ""
    if not hmac.compare_digest(secret_hash(secret), kept) or participant is None:
        raise Problem("not-joined")


def _walker(request: Request, db: Db, afterwards: BackgroundTasks) -> Participant:
    """The participant whose phone is calling; that it was heard is noted once the answer is out. Raises not-joined (401)."""
    who = joined(request, db)
    if task := heard_afterwards(db, who):
        afterwards.tasks.append(task)
    return who


def _note_heard(db: Database, participant_id: str) -> None:
    """One row in a transaction of its own, so that it waits for nothing and holds nothing; no answer depends on it."""
    try:
        with db.write() as tx:
            tx.connection().execute(_HEARD, {"of": participant_id, "at": now()})
    except TryAgain:
        return  # the next call notes it


Walker = Annotated[Participant, Depends(_walker)]

# Of the many who write at once: a row, not an object.
_KNOWN = select(
    *(col(getattr(Participant, name)) for name in ("id", "walk_id", "secret_hash", "heard_at", "erased_at"))
).where(col(Participant.id) == bindparam("of"))
_HELD = _KNOWN.with_for_update()
_HEARD = update(Participant).where(col(Participant.id) == bindparam("of")).values(heard_at=bindparam("at"))


def known(tx: Session, key: tuple[str, str]) -> Row[Any]:
    """The participant whose phone is calling, as held() gives it, but neither held nor noted. Raises not-joined (401)."""
    participant_id, secret = key
    who = tx.connection().execute(_KNOWN, {"of": participant_id}).first()
    _checked(secret, who)
    return who  # type: ignore[return-value]


def heard_afterwards(db: Database, who: Participant | Row[Any]) -> BackgroundTask | None:
    """That the phone was heard, noted once the answer is out, where that is due."""
    return BackgroundTask(_note_heard, db, who.id) if now() - who.heard_at > HEARD else None


def held(tx: Session, key: tuple[str, str]) -> Row[Any]:
    """The participant whose phone is calling, noted as heard and held until the commit: one phone's writes go one by one.
    `id`, `walk_id`, `heard_at`, `erased_at`. Raises not-joined (401)."""
    participant_id, secret = key
    who = tx.connection().execute(_HELD, {"of": participant_id}).first()
    _checked(secret, who)
    return _heard(tx, who)  # type: ignore[arg-type]


def held_again(tx: Session, participant_id: str) -> Row[Any]:
    """The same of a participant who is known already."""
    return _heard(tx, tx.connection().execute(_HELD, {"of": participant_id}).one())


def _heard(tx: Session, who: Row[Any]) -> Row[Any]:
    at = now()
    if at - who.heard_at > HEARD:
        tx.connection().execute(_HEARD, {"of": who.id, "at": at})
    return who
