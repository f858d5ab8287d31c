"""Every failure the server can tell of: its permanent code, its HTTP status and a sentence for the person.

Hides how a failure is worded and sent: problem+json (RFC 9457) for phones and scripts, a page for people. Promises that
codes never change their meaning, that no answer is a 500 without being logged, and that no sentence blames. Codes and
statuses come from the wire contract.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.i18n import gettext as _
from app.i18n import mark

log = logging.getLogger("tryg")

# code: (status, title)
CATALOGUE: dict[str, tuple[int, str]] = {
    "not-joined": (401, mark("You have not joined this walk")),
    "sign-in-first": (401, mark("Sign in first")),
    "sign-in-again": (401, mark("Sign in once more")),
    "not-yours": (403, mark("This belongs to somebody else")),
    "not-allowed": (403, mark("You may not see this")),
    "own-observation": (403, mark("This is your own note")),
    "walk-not-found": (404, mark("No walk has this code")),
    "observation-unknown": (404, mark("The note is not here yet")),
    "photo-unknown": (404, mark("There is no such photo")),
    "photo-not-ready": (404, mark("The photo is not ready yet")),
    "photo-unreadable": (404, mark("The photo cannot be read")),
    "not-found": (404, mark("There is nothing here")),
    "method-not-allowed": (405, mark("This cannot be done here")),
    "too-slow": (408, mark("The rest did not come in time")),
    "participant-taken": (409, mark("This phone already takes part")),
    "walk-closed": (409, mark("The walk is closed")),
    "same-revision-different-content": (409, mark("Another text was saved first")),
    "photo-differs": (409, mark("Another photo has this number")),
    "cursor-ahead": (409, mark("The phone is ahead of the server")),
    "edition-changed": (409, mark("The edition is no longer as it was")),
    "walk-archived": (410, mark("The walk has been emptied")),
    "erased": (410, mark("This has been erased")),
    "photo-too-large": (413, mark("The photo is too large")),
    "too-many-pixels": (413, mark("The photo has too many pixels")),
    "body-too-large": (413, mark("That is too much at once")),
    "not-a-photo": (415, mark("This is not a photo")),
    "not-a-recording": (415, mark("This is not a recording")),
    "packed-body": (415, mark("What is packed is not unpacked here")),
    "invalid": (422, mark("Something in it cannot be right")),
    "photo-undeclared": (422, mark("The note does not name this photo")),
    "digest-mismatch": (422, mark("The photo changed on its way")),
    "range-not-satisfiable": (416, mark("That part of the file does not exist")),
    "bad-request": (400, mark("The request cannot be read")),
    "too-many-attempts": (429, mark("Too many tries")),
    "try-again": (503, mark("Try again in a moment")),
    "not-built": (503, mark("The app is not built yet")),
    "unexpected": (500, mark("Something went wrong here")),
}


class Problem(Exception):
    """A failure to be told. `code` is a key of CATALOGUE; `detail` a sentence in the request's language;
    `more` further members of the problem (`errors`, `receipt`); `retry_after` seconds."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.more = code, detail, more
        self.status, self.title = CATALOGUE[code]
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)

    def body(self) -> dict[str, Any]:
        title = _(self.title)
        return {
            "type": f"/problems/{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title + ".",
            **self.more,
        }


class TryAgain(Problem):
    """Out of disk, locked or shutting down: nothing is lost, the phone keeps its copy (503, Retry-After)."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("try-again", detail, retry_after=5)

    def body(self) -> dict[str, Any]:
        said = self.detail or _("Your notes are safe on the phone. The server is busy and will be asked again shortly.")
        return super().body() | {"detail": said}


def invalid(*errors: tuple[str, str]) -> Problem:
    """422 with `errors`: (field, message) pairs; the first message is the sentence."""
    listed = [{"field": field, "message": message} for field, message in errors]
    return Problem("invalid", errors[0][1], errors=listed)


# What the wire contract says of a value; it imports nothing of ours, so its sentences are named here for translation.
CONTRACT_SAYS = (
    mark("This must be a time with an offset, such as 2026-11-24T19:32:11+01:00."),
    mark("A track has at most 20,000 points."),
    mark("Each point of a track is a longitude and a latitude."),
    mark("A note needs at least a feeling, a reason, some words or a photo."),
)

Page = Callable[[Request, Problem], Response]


def install(app: FastAPI, page: Page) -> Page:
    """Answer every failure of `app`; `page(request, problem)` renders it for people. How a failure is answered."""

    def answer(request: Request, problem: Problem) -> Response:
        request_id = request.scope.get("request_id", "")  # which somebody who asks for help can quote
        if request_id:
            problem.headers["X-Request-Id"] = request_id
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        if wants_page:
            return page(request, problem)
        # Of a failure alone: what is not there and what is not theirs answer alike, to the letter.
        told = problem.body() | ({"request_id": request_id} if request_id and problem.status >= 500 else {})
        return JSONResponse(told, problem.status, headers=problem.headers, media_type="application/problem+json")

    @app.exception_handler(Problem)
    def told(request: Request, problem: Problem) -> Response:
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, wrong: RequestValidationError) -> Response:
        return answer(request, invalid(*(_field_error(error) for error in wrong.errors()[:20])))

    @app.exception_handler(HTTPException)
    def plain(request: Request, failure: HTTPException) -> Response:
        codes = {404: "not-found", 405: "method-not-allowed", 401: "sign-in-first", 403: "not-allowed"}
        known = {
            408: "too-slow",
            413: "body-too-large",
            415: "packed-body",
            416: "range-not-satisfiable",
            503: "try-again",
        }
        code = (codes | known).get(failure.status_code, "bad-request")
        headers = dict(failure.headers or {})
        if failure.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request)))
        return answer(request, Problem(code, headers=headers))

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, _failure: ClientDisconnect) -> Response:
        """A body that breaks off: nobody hears the answer, and it is no failure of ours."""
        return answer(request, Problem("bad-request", headers={"Connection": "close"}))

    @app.exception_handler(Exception)
    def unexpected(request: Request, failure: Exception) -> Response:
        route = getattr(request.scope.get("route"), "path", "-")  # never the path itself: it can hold a secret
        log.error("unexpected failure at %s", route, exc_info=failure)
        return answer(request, Problem("unexpected"))

    return answer


def _methods(app: FastAPI, request: Request) -> set[str]:
    """What can be done at this address (RFC 9110 10.2.1), not only by the first of its routes; of two that fit, the one
    that says more about it counts."""
    fitting = [route for route in app.router.routes if route.matches(request.scope)[0] is not Match.NONE]
    nearest = min((str(getattr(route, "path", "")) for route in fitting), key=lambda path: path.count("{"), default="")
    return {
        method for route in fitting for method in getattr(route, "methods", ()) if getattr(route, "path", "") == nearest
    }


def _field_error(error: Any) -> tuple[str, str]:
    """(field, message) of one of pydantic's errors, without the value it was given."""
    place = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
    return ".".join(place) or "body", sentence(error["type"], error.get("ctx") or {})


def sentence(kind: str, facts: dict[str, Any]) -> str:
    """What is wrong with a field, in words; `kind` and `facts` as pydantic's error type and context."""
    if kind == "missing":
        return _("This must be there.")
    if kind == "string_too_long":
        return _("This is too long: at most %(most)s characters.") % {"most": facts["max_length"]}
    if kind == "too_long":
        return _("These are too many: at most %(most)s.") % {"most": facts["max_length"]}
    if kind in {"json_invalid", "json_type"}:
        return _("This cannot be read as JSON.")
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        return _("This number is outside what is possible.")
    if kind in {"literal_error", "enum"}:
        known = ", ".join(re.findall(r"'([^']*)'", facts["expected"]))
        return _("This must be one of: %(known)s.") % {"known": known}
    if kind in {"value_error", "timezone_aware", "finite_number"}:
        return _(str(facts.get("error") or "This has the wrong form."))
    return _("This has the wrong form.")
