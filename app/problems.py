"""Every failure the server can tell of: its permanent code, its HTTP status and a sentence for the person.

Hides how a failure is worded and sent: problem+json (RFC 9457) for phones and scripts, a page for people. Promises that
codes never change their meaning, that no answer is a 500 without being logged, and that each says what happened, what is
safe and what to do, and blames nobody. Codes and statuses come from the wire contract.
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
    "changed-meanwhile": (409, mark("Somebody else was here first")),
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


_LOST = mark("Nothing you have saved is lost.")
_SAME = mark("Nothing was changed.")
_PHONE = mark("Your notes stay on the phone.")
_BOTH = mark("Note and photo stay on the phone.")
_WORDS = mark("The note's words are kept.")
_AGAIN = mark("Wait a minute, then open the page again.")

# code: (what is safe, what to do), for whoever meets it
AFTER: dict[str, tuple[str, str]] = {
    "not-joined": (_PHONE, mark("Open the app, and join with the code of the invitation.")),
    "sign-in-first": (_SAME, mark("Sign in, and you come back here.")),
    "sign-in-again": (_SAME, mark("Sign in once more, then do it again.")),
    "not-yours": (_SAME, mark("See whether you are on the right walk, or ask the coordinator.")),
    "not-allowed": (_SAME, mark("Your role does not open this page. Ask the coordinator of the walk.")),
    "own-observation": (mark("Your note stands as it is."), mark("You can agree with the notes of others.")),
    "walk-not-found": (_LOST, mark("See whether all 8 characters are right, or ask for the code once more.")),
    "observation-unknown": (_BOTH, mark("The phone sends the words first, then the photo, by itself.")),
    "photo-unknown": (_LOST, mark("Load the page again: perhaps the photo was taken out of the note.")),
    "photo-not-ready": (mark("The photo has arrived."), mark("Wait a moment, then load the page again.")),
    "photo-unreadable": (_WORDS, mark("Take the photo again, if you can.")),
    "not-found": (_LOST, mark("The address may be old or mistyped, or the page is for others.")),
    "method-not-allowed": (_SAME, mark("Go back, and use the page's own buttons.")),
    "too-slow": (_LOST, mark("Try again where the network is better.")),
    "participant-taken": (_PHONE, mark("Join again with the code.")),
    "walk-closed": (
        mark("What lies on phones that have joined is still taken in."),
        mark("If you have something to say, tell the coordinator, or ask for paper."),
    ),
    "same-revision-different-content": (
        mark("Your text is kept where you wrote it."),
        mark("Open the note, and save it again if yours should stand."),
    ),
    "photo-differs": (
        mark("The photo that is here stays, and so does yours."),
        mark("Take the photo out of the note, and put it in again."),
    ),
    "cursor-ahead": (_PHONE, mark("The phone fetches the others' notes anew by itself.")),
    "edition-changed": (
        mark("Nothing was released, and nothing taken back."),
        mark("Load the page again, and see how the edition stands."),
    ),
    "changed-meanwhile": (_SAME, mark("Load the page again, and see how it stands now.")),
    "walk-archived": (_PHONE, mark("Ask the coordinator if you need something of it.")),
    "erased": (mark("What else you have saved stays."), mark("Write it anew if it should be there.")),
    "photo-too-large": (_WORDS, mark("Choose a smaller photo, or take it again.")),
    "too-many-pixels": (_WORDS, mark("Choose a smaller photo, or take it again.")),
    "body-too-large": (_SAME, mark("Send less at once.")),
    "not-a-photo": (_WORDS, mark("Choose another photo.")),
    "not-a-recording": (_WORDS, mark("Write it down, or speak it once more.")),
    "packed-body": (_SAME, mark("Send it unpacked.")),
    "invalid": (
        mark("What you wrote is kept where you wrote it."),
        mark("Mend what is named, and send it again."),
    ),
    "photo-undeclared": (_BOTH, mark("The phone sends the newest text of the note and then the photo again.")),
    "digest-mismatch": (_BOTH, mark("The photo is sent again by itself.")),
    "range-not-satisfiable": (_SAME, mark("Begin the download anew.")),
    "bad-request": (_SAME, mark("Load the page again, and try once more.")),
    "too-many-attempts": (_LOST, mark("Wait a little, then try again.")),
    "try-again": (_LOST, _AGAIN),
    "not-built": (_LOST, mark("Whoever runs the server builds it: make build.")),
    "unexpected": (_LOST, _AGAIN),
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
        safe, do = AFTER[self.code]
        return {
            "type": f"/problems/{self.code}",
            "title": _(self.title),
            "status": self.status,
            "detail": self.detail or f"{_(self.title)}. {_(safe)} {_(do)}",
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
