"""The phones' routes: join, the walk, observations, changes, agreement, what the server holds.

Hides nothing but HTTP. Every write is committed before its function returns, and so before the reply is sent.
"""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from app.access import guards, limits
from app.access.phones import Key, Straight, Walker, held, joined
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import Walk
from app.problems import Problem
from app.sync import changes, ingest, tracks
from app.sync.body import described, json_body, parsed, read
from app.sync.join import join, waits
from app.sync.protocol import (
    BASE,
    LIMITS,
    AgreementIn,
    AgreementOut,
    Changes,
    Joined,
    JoinIn,
    KnownIn,
    KnownOut,
    ObservationIn,
    Outbox,
    Receipt,
    TrackIn,
    TrackReceipt,
    Uuid,
)
from app.walks.walks import for_phone

router = APIRouter(prefix=BASE, tags=["phone"])


@router.put("/participants/{participant_id}", status_code=200, openapi_extra=described(JoinIn))
def put_participant(
    participant_id: Uuid, request: Request, response: Response, db: Db, sent: Annotated[JoinIn, json_body(JoinIn)]
) -> Joined:
    settings = request.app.state.settings
    walk, is_new = join(db, participant_id, sent, guards.address_of(request), settings)
    response.status_code = 201 if is_new else 200
    with db.read() as tx:
        return Joined(participant_id=participant_id, walk=for_phone(tx, tx.get_one(Walk, walk.id), settings))


@router.put("/participants/{participant_id}/outbox", openapi_extra=described(Outbox))
def put_outbox(participant_id: Uuid, who: Walker, db: Db, said: Annotated[Outbox, json_body(Outbox)]) -> Outbox:
    guards.walker_is(who, participant_id)
    with db.write() as tx:
        waits(tx, who, said)
    return said


@router.get("/walks/{walk_id}")
def get_walk(walk_id: Uuid, request: Request, who: Walker, db: Db) -> Response:
    guards.walks_with(who, walk_id)
    with db.read() as tx:
        body = json.dumps(for_phone(tx, _walk(tx.get_one(Walk, walk_id)), request.app.state.settings))
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if guards.etag_matches(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def put_observation(observation_id: Uuid, request: Request, key: Key) -> Response:
    db: Database = request.app.state.db
    try:
        sent = parsed(ObservationIn, await read(request))
    except Problem:
        await run_in_threadpool(joined, request, db)  # who is not known is told nothing else
        raise
    await request.app.state.acquainted.ask(request, db, key)

    def keep(tx: Session) -> ingest.Kept:
        who = held(tx, key)
        limits.count(request, limits.NOTES, who.id, tx)
        return ingest.keep(tx, who, observation_id, sent)

    kept = await db.written(keep, sent.walk_id)
    if kept.clash:
        raise Problem(
            "same-revision-different-content",
            _("Both texts are kept. The phone sends the newest once more."),
            receipt=kept.receipt.model_dump(exclude_unset=True),
        )
    return Response(
        kept.receipt.model_dump_json(exclude_unset=True), 201 if kept.created else 200, media_type="application/json"
    )


router.add_api_route(
    "/observations/{observation_id}", put_observation, methods=["PUT"], response_model=Receipt,
    openapi_extra=described(ObservationIn), route_class_override=Straight,
)  # fmt: skip


@router.put("/tracks/{track_id}", openapi_extra=described(TrackIn))
def put_track(
    track_id: Uuid, response: Response, who: Walker, db: Db, sent: Annotated[TrackIn, json_body(TrackIn)]
) -> TrackReceipt:
    """Where a team went, from its note taker's phone. Only where the walk asks for it, except to delete it."""
    with db.write() as tx:
        receipt, created = tracks.keep(tx, who, track_id, sent)
    response.status_code = 201 if created else 200
    return receipt


@router.get("/walks/{walk_id}/changes")
def get_changes(
    walk_id: Uuid,
    request: Request,
    who: Walker,
    db: Db,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=LIMITS["changes"])] = 100,
) -> Changes:
    guards.walks_with(who, walk_id)
    with db.read() as tx:
        walk = _walk(tx.get_one(Walk, walk_id))
        as_read = for_phone(tx, walk, request.app.state.settings) if walk.changed_seq > after else {}
        return changes.since(tx, who, walk, as_read, after, limit)


@router.put("/observations/{observation_id}/agreement", openapi_extra=described(AgreementIn))
def put_agreement(
    observation_id: Uuid, who: Walker, db: Db, sent: Annotated[AgreementIn, json_body(AgreementIn)]
) -> AgreementOut:
    with db.write() as tx:
        _walk(tx.get_one(Walk, who.walk_id))
        return changes.agree(tx, who, observation_id, sent.agrees)


# Phones that know of no recordings are answered as before.
@router.post("/walks/{walk_id}/known", openapi_extra=described(KnownIn), response_model_exclude_unset=True)
def post_known(walk_id: Uuid, who: Walker, db: Db, asked: Annotated[KnownIn, json_body(KnownIn)]) -> KnownOut:
    guards.walks_with(who, walk_id)
    with db.read() as tx:
        return changes.missing(tx, who, asked)


def _walk(walk: Walk) -> Walk:
    """The walk, unless retention has emptied it. Raises walk-archived (410)."""
    if walk.state == "archived":
        raise Problem("walk-archived")
    return walk
