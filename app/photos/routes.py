"""Photos over the wire: in by PUT, streamed to disk while they come; out by GET, never as they came. Recordings come in the same
way, and go out in the review alone (app/review/recording_routes.py).

Hides HTTP: digests, caching, a phone that falls silent. Promises the contract's order of checks, that a receipt is
sent only after file, folder and record are on disk, and that no more of a photo than HELD is in memory. The record is not locked
while bytes stream. Disk work has a few threads of its own: words are not kept waiting by pictures, and nobody who is refused by a
disk or a store that hangs. Copies of one photo that come at once are kept one after the other.
"""

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import anyio
from fastapi import APIRouter, Depends, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from app.access import limits, phones
from app.access.guards import Person, Viewer, etag_matches, viewer_sees
from app.access.phones import Key, Straight
from app.db import Database, Db
from app.models import Observation, Photo, Walk
from app.photos import arrival, sending
from app.photos.vault import Digest, Vault
from app.privacy import looking
from app.problems import Problem, TryAgain
from app.sync.protocol import BASE, PHOTO_TYPES, RECORDING_TYPES, PhotoReceipt, RecordingReceipt, Uuid

router = APIRouter(prefix=BASE, tags=["photos"])

SILENCE_S = 120.0  # without a byte, then the phone is taken to be gone
PATIENCE = 4  # a body of up to so many times the limit is read to its end, so that the phone hears the answer
HELD = 512 * 1024  # bytes of a photo in memory before they go to the disk: most photos from a phone are no larger
OBJECT = 64  # bytes that a piece takes beside its own: a body may come in crumbs
RETRY_S = 5
TURN_S = 4.0  # for copies of one photo; with what the place itself may take, the contract's 10 s
_NOT_KEPT = {"Cache-Control": "no-store"}
_FOR_EVER, _ASKED_ANEW = "private, max-age=31536000, immutable", "private, no-cache"
_disk, _asked = anyio.CapacityLimiter(8), anyio.CapacityLimiter(8)
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
SHARE = 6  # of the threads, for one walk: where its row is held, the photos of others get in
_shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

P = ParamSpec("P")
T = TypeVar("T")


def _vault(request: Request) -> Vault:
    return request.app.state.vault  # type: ignore[no-any-return]


Photos = Annotated[Vault, Depends(_vault)]


def _body(kinds: tuple[str, ...]) -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "a JPEG without metadata"}
}


async def put_photo(observation_id: Uuid, photo_id: Uuid, request: Request, key: Key) -> Response:
    photo, is_new, task = await _taken_in(request, key, observation_id, photo_id, sound=False)
    if is_new:
        request.app.state.cleaner.kick()
    told = PhotoReceipt(id=photo.id, sha256=photo.sha256, bytes=photo.bytes, state=photo.state)  # type: ignore[arg-type]
    return _receipt(told, is_new, task)


async def put_recording(observation_id: Uuid, recording_id: Uuid, request: Request, key: Key) -> Response:
    sound, is_new, task = await _taken_in(request, key, observation_id, recording_id, sound=True)
    told = RecordingReceipt(id=sound.id, sha256=sound.sha256, bytes=sound.bytes, state="stored")
    return _receipt(told, is_new, task)


for _path, _put, _model, _kinds in (
    ("photos/{photo_id}", put_photo, PhotoReceipt, PHOTO_TYPES),
    # Judged by its bytes alone
    ("recordings/{recording_id}", put_recording, RecordingReceipt, (*RECORDING_TYPES, "application/octet-stream")),
):
    router.add_api_route(
        f"/observations/{{observation_id}}/{_path}", _put, methods=["PUT"], status_code=201, response_model=_model,
        responses={200: {"model": _model, "description": "was here already"}}, openapi_extra=_body(_kinds),
        route_class_override=Straight,
    )  # fmt: skip


def _receipt(told: PhotoReceipt | RecordingReceipt, is_new: bool, task: BackgroundTask | None) -> Response:
    return Response(told.model_dump_json(), 201 if is_new else 200, media_type="application/json", background=task)


async def _taken_in(
    request: Request, key: tuple[str, str], observation_id: str, photo_id: str, *, sound: bool
) -> tuple[Photo, bool, BackgroundTask | None]:
    """The photo or recording that is in the body, kept; whether that is news; what is left to be done once the answer is out."""
    db: Database = request.app.state.db
    vault: Vault = request.app.state.vault
    limit = request.app.state.settings.photo_bytes
    length = int(request.headers.get("content-length", 0))
    printed = request.app.state.settings.printed
    arriving: Digest | None = None

    # Each step aside is two turns between threads, which cost more than most of what is done there: few of them.
    def begin() -> tuple[bool, str, BackgroundTask | None]:
        with db.read() as tx:
            who = phones.known(tx, key)
            limits.count(request, limits.PHOTOS, who.id)
            is_here = arrival.admitted(tx, who, observation_id, photo_id, sound=sound)
        if length > limit:
            raise arrival.too_large(limit, hang_up=length > PATIENCE * limit)
        return is_here, who.walk_id, phones.heard_afterwards(db, who)

    def take(*pieces: bytes) -> Digest:
        nonlocal arriving
        # What is here already is only compared: that needs no room on a disk that may be full.
        arriving = arriving or (Digest() if is_here else vault.arrive())
        arriving.write(*pieces)
        return arriving

    def end(rest: list[bytes]) -> tuple[Photo, bool]:
        whole = take(*rest)
        claimed = _sha256_in(",".join(request.headers.getlist("content-digest")))
        return arrival.keep(db, vault, photo_id, whole, claimed, printed)

    is_here, walk_id, task = await anyio.to_thread.run_sync(begin, limiter=_asked)
    try:
        rest = await _receive(request, lambda pieces: _aside(take, *pieces), limit)
        async with _turn(photo_id, walk_id):
            photo, is_new = await _aside(end, rest)
    finally:
        if arriving:
            arriving.close()
    return photo, is_new, task


@router.get("/photos/{photo_id}", response_class=Response, responses=_JPEG)
def get_photo(photo_id: Uuid, request: Request, viewer: Viewer, db: Db, vault: Photos) -> Response:
    return _shown(request, vault, _seen(request, db, viewer, photo_id), thumbnail=False)


@router.get("/photos/{photo_id}/thumbnail", response_class=Response, responses=_JPEG)
def get_thumbnail(photo_id: Uuid, request: Request, viewer: Viewer, db: Db, vault: Photos) -> Response:
    return _shown(request, vault, _seen(request, db, viewer, photo_id), thumbnail=True)


# In


async def _aside(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """`work` in one of the threads for photos."""
    return await anyio.to_thread.run_sync(lambda: work(*given, **named), limiter=_disk)


@asynccontextmanager
async def _turn(photo_id: str, walk_id: str) -> AsyncIterator[None]:
    """Of copies of one photo, the first is kept, and the others find it here. Stores are slow where two put one name at once:
    SeaweedFS lets each wait for whole seconds, Amazon's refuses one of them (409). Of one walk, SHARE are kept at a time. Raises TryAgain."""
    turn = _turns.setdefault(photo_id, asyncio.Lock())
    share = _shares.setdefault(walk_id, asyncio.Semaphore(SHARE))
    async with AsyncExitStack() as held:
        try:
            async with asyncio.timeout(TURN_S):
                await held.enter_async_context(turn)
                await held.enter_async_context(share)
        except TimeoutError:
            raise TryAgain() from None
        yield


async def _receive(request: Request, take: Callable[[list[bytes]], Awaitable[Any]], limit: int) -> list[bytes]:
    """The body, given to `take` whenever HELD of it is here; the pieces that are left at its end. Raises photo-too-large (413),
    TryAgain; bad-request to nobody when the phone has gone."""
    pieces, held, length, clock = list[bytes](), 0, 0, asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(SILENCE_S) as silence:
            async for piece in request.stream():
                length += len(piece)
                if length > PATIENCE * limit:
                    break
                if length <= limit:
                    pieces.append(piece)
                    held += len(piece) + OBJECT
                if held >= HELD:
                    silence.reschedule(None)  # a thread cannot be broken off
                    await take(pieces)
                    pieces, held = [], 0
                silence.reschedule(clock() + SILENCE_S)
            if length > limit:  # it came without a length
                raise arrival.too_large(limit, hang_up=length > PATIENCE * limit)
            return pieces
    except (ClientDisconnect, TimeoutError):
        raise Problem("bad-request", headers={"Connection": "close"}) from None


def _sha256_in(claim: str) -> str | None:
    """The SHA-256, in hex, in a Content-Digest (RFC 9530; a dictionary of RFC 8941); None where there is none.

    Raises digest-mismatch (422) where it cannot be read: then the bytes cannot be trusted either."""
    claimed = None
    for member in claim.split(","):
        name, _equals, value = member.strip().partition("=")
        if name.lower() != "sha-256":
            continue
        encoded = value.split(";")[0].strip()
        try:
            if len(encoded) < 2 or encoded[0] != ":" or encoded[-1] != ":":
                raise ValueError
            bare = encoded[1:-1].rstrip("=")
            digest = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
            if len(digest) != 32:
                raise ValueError
        except (ValueError, binascii.Error):
            raise arrival.mismatch() from None
        claimed = digest.hex()
    return claimed


# Out


def _seen(request: Request, db: Database, viewer: Viewer, photo_id: str) -> Photo:
    """A photo that is ready and that the caller may see; that a person looks at a walk's photos is logged. Raises photo-unknown, -unreadable, -not-ready (404)."""
    with db.read() as tx:
        photo = tx.get(Photo, photo_id)
        if photo is None or photo.erased_at or photo.seconds is not None or not viewer_sees(tx, viewer, photo):
            raise Problem("photo-unknown", headers=_NOT_KEPT)
        walk = None
        if isinstance(viewer, Person):
            walk = tx.get_one(Walk, tx.get_one(Observation, photo.observation_id).walk_id)
    if isinstance(viewer, Person):
        looking.read(request, viewer, "photos", walk)
    if photo.state == "unreadable":
        raise Problem("photo-unreadable", headers=_NOT_KEPT)
    if photo.state != "ready":
        raise Problem("photo-not-ready", headers=_NOT_KEPT, retry_after=RETRY_S)
    return photo


def _shown(request: Request, vault: Vault, photo: Photo, *, thumbnail: bool) -> Response:
    """The picture or a part of it, or 304. Raises range-not-satisfiable (416), TryAgain.

    Whoever brings a key decides what they keep, and our app asks anew (static/js/screens/others.js). A page's browser asks each time
    unless the address says which version it is of: what was blurred since must not be shown out of its store."""
    blurred = f"-{hashlib.sha256(json.dumps(photo.blurs).encode()).hexdigest()[:12]}" if photo.blurs else ""
    etag = f'"{photo.id}{"-thumbnail" if thumbnail else ""}{blurred}"'
    told = "authorization" in request.headers or "v" in request.query_params
    # Vary: what a key's owner keeps is not shown to a page of the same browser.
    headers = {
        "ETag": etag,
        "Cache-Control": _FOR_EVER if told else _ASKED_ANEW,
        "Accept-Ranges": "bytes",
        "Vary": "Authorization",
    }
    if etag_matches(request, etag):
        return Response(status_code=304, headers=headers)
    opened = vault.opened(photo.id, thumbnail=thumbnail)  # once: a blurred one may take its place while it is sent
    if opened is None:  # the record was restored from a backup before the file was
        raise TryAgain()
    return sending.sent(request, opened, etag, headers, "image/jpeg")
