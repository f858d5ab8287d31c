"""How much a request may bring, and how long it may take to.

Hides the counting. Promises that no route reads more than it has use for, whether a length was declared, was a lie or was
never given; that a body which trickles is ended, so that nobody holds a place for long with little; and that what comes
packed is refused rather than unpacked. What a route says of its own body is stricter still. How long a request's head may
take is app/connections.py's.
"""

import asyncio
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import Problem, TryAgain
from app.settings import Settings

PLAIN_BYTES = 1024 * 1024  # words, forms, JSON: the contract's number
PLAN_BYTES = 6 * 1024 * 1024 + 64 * 1024  # a plan with the file of its route
FRAME_BYTES = 64 * 1024  # of a form around a photo
ADDRESS_BYTES, HEAD_BYTES = 16 * 1024, 32 * 1024
READ_THROUGH = 4  # so many times a photo's limit is read to its end, so that the phone hears the answer
GRACE_S, PHOTO_GRACE_S = 30.0, 120.0  # of waiting for the sender; a phone in a tunnel falls silent
SLOWEST = 500  # bytes a second, from then on: a third of what the slowest network of today gives

_HANG_UP = {"Connection": "close"}
_PHOTO = re.compile(r"/api/v1/observations/[^/]+/(photos|recordings)/[^/]+")
_PROOF = re.compile(r"/(walks/[^/]+|partner)/measures/[^/]+/proof")
_SHARED = "/app/share"  # photos from another app, read only to be let go of (app/shell.py)
_PLAN = re.compile(r"/walks/([^/]+/plan|new)")


def most(path: str, settings: Settings) -> int:
    """The most bytes that the body of a request to `path` may have."""
    if _PHOTO.fullmatch(path):
        return READ_THROUGH * settings.photo_bytes + PLAIN_BYTES
    if path == _SHARED:
        return READ_THROUGH * settings.photo_bytes + FRAME_BYTES
    if _PROOF.fullmatch(path):
        return settings.photo_bytes + FRAME_BYTES
    return PLAN_BYTES if _PLAN.fullmatch(path) else PLAIN_BYTES


def _refused(scope: Scope, limit: int) -> Problem | None:
    """What is wrong with a request by its head alone."""
    headers = Headers(scope=scope)
    if headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
        return Problem("packed-body", headers=_HANG_UP | {"Accept-Encoding": "identity"})
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    head = address + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    # What comes with a length and in chunks may hide another request (RFC 9112 6.3).
    two_lengths = "content-length" in headers and "transfer-encoding" in headers
    if two_lengths or head > HEAD_BYTES or address > ADDRESS_BYTES:
        return Problem("bad-request", headers=_HANG_UP)
    length = headers.get("content-length", "")
    too_long = length.isdecimal() and (len(length) > 15 or int(length) > limit)
    return Problem("body-too-large", headers=_HANG_UP) if too_long else None


class Arrivals:
    """Around every route. `answer`: how a failure is told."""

    def __init__(self, app: ASGIApp, settings: Settings, answer: Callable[[Request, Problem], Response]) -> None:
        self.app, self._settings, self._answer = app, settings, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope["query_string"] = scope["query_string"].replace(
            b"%00", b"%EF%BF%BD"
        )  # as in a path: PostgreSQL refuses it
        limit = most(scope["path"], self._settings)
        refused = _refused(scope, limit)
        if refused:
            return await self._answer(Request(scope), refused)(scope, receive, send)
        grace = PHOTO_GRACE_S if _PHOTO.fullmatch(scope["path"]) else GRACE_S
        received, waited, whole, answered = 0, 0.0, False, False

        async def counted() -> Message:
            """The next piece. Raises HTTPException 408, 413: whoever reads for a route lets those pass."""
            nonlocal received, waited, whole
            if whole:  # what is waited for now is that the reader goes away
                return await receive()
            began = time.monotonic()
            try:
                async with asyncio.timeout(grace + received / SLOWEST - waited):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers=_HANG_UP) from None
            waited += time.monotonic() - began
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > limit:
                raise HTTPException(413, headers=_HANG_UP)
            return message

        async def sent(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, sent)
        except asyncio.CancelledError:  # the server ends, and has waited for this as long as it may
            if answered:
                raise
            await self._answer(Request(scope), TryAgain())(scope, receive, send)
