"""The server's own log: one line for each event, as JSON for machines or plain for a terminal; and each request's id.

Hides logging's set-up. Promises that a line never holds what anybody sent: a request is told by its method, its route's
template, its status and how long it took, never by its address; a failure by its type and where it happened, never by its
message, which could quote a note; and of what libraries say only the words that stand in their source, not what is put into
them. A request's id comes back in its answer, so that somebody who quotes it can be helped. Whom it was about is in the access
log (app.privacy.trail), not here.
"""

import json
import logging
import logging.config
import random
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("tryg.requests")

ROOT = f"{Path(__file__).parent.parent}/"
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}  # anything else is somebody's own word
QUIET = ("/healthz", "/readyz", "/static/")  # asked for all the time; told at debug level alone
FRAMES, INNERMOST = 12, 2  # of a failure: our own steps towards it, and the last ones, whosever they are
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_PEER = "tryg.peer"
_json = json.JSONEncoder(ensure_ascii=False).encode
_current: ContextVar[str] = ContextVar("request", default="")


def from_a_proxy(proxied: ASGIApp) -> ASGIApp:
    """Around what believes trusted proxies: remembers who really called."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_PEER] = scope.get("client")
        await proxied(scope, receive, send)

    return call


class Requests:
    """Gives every request an id, which comes back as X-Request-Id, and one line in the log once it is answered; `seen` is told
    of it too: method, route's template, status, seconds."""

    def __init__(self, app: ASGIApp, seen: Callable[[str, str, int, float], None]) -> None:
        self.app, self._seen = app, seen
        self._numbers = (
            random.Random()
        )  # ids name, they keep no secret; the system's own would let other threads in first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun, status = time.perf_counter(), 500
        scope["request_id"] = request_id = _given(scope) or f"{self._numbers.getrandbits(64):016x}"

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        token = _current.set(request_id)
        try:
            await self.app(scope, receive, sent)
        finally:
            told = _method(scope), route_of(scope), status, time.perf_counter() - begun
            self._seen(*told)
            _tell(*told)
            _current.reset(token)


def _given(scope: Scope) -> str:
    """The id that a trusted proxy gave, where it looks like one; else "". Trusted is who was believed about whom it speaks
    for."""
    if _PEER in scope and scope[_PEER] != scope.get("client"):
        given = [value for name, value in scope["headers"] if name == b"x-request-id"]
        if len(given) == 1 and _WELL_FORMED.fullmatch(given[0]):
            return str(given[0].decode())
    return ""


def route_of(scope: Scope) -> str:
    """The template of the route that answers, as /walks/{walk_id}/report; "-" where none does."""
    return str(getattr(scope.get("route"), "path", "-"))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "-"


def _tell(method: str, route: str, status: int, seconds: float) -> None:
    level = logging.DEBUG if route.startswith(QUIET) else logging.INFO
    if log.isEnabledFor(level):
        told = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        log.log(level, "%s %s %s", method, route, status, extra={"told": told})


class _Line(logging.Formatter):
    """One line for a record."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"time": at, "level": record.levelname.lower(), "message": _said(record)}
        if request_id := _current.get():
            told["request"] = request_id
        if record.exc_info and record.exc_info[1]:
            told["failure"] = failure(record.exc_info[1])
        return self.line(told | getattr(record, "told", {}))

    def line(self, told: dict[str, Any]) -> str:
        return _json(told)


class _Plain(_Line):
    """For a person at a terminal: the time, what happened, how long it took."""

    def line(self, told: dict[str, Any]) -> str:
        clock = datetime.fromisoformat(told["time"]).astimezone().strftime("%H:%M:%S")
        level = "" if told["level"] in ("info", "debug") else f"{told['level'].upper()} "
        took = f"  {told['ms']:.0f} ms" if "ms" in told else ""
        failed = f"\n  {told['failure']}" if "failure" in told else ""
        which = (
            f"  [{told['request']}]" if "request" in told and (failed or level or told.get("status", 0) >= 500) else ""
        )
        return f"{clock} {level}{told['message']}{took}{which}{failed}"


def _said(record: logging.LogRecord) -> str:
    """What it says; of libraries only what stands in their source, for what they put in may be anybody's words."""
    if record.name == "tryg" or record.name.startswith("tryg."):
        return record.getMessage()
    return f"{record.name}: {str(record.msg).partition(chr(10))[0][:200]}"


def failure(wrong: BaseException) -> str:
    """A failure without its message: its type, where it happened, and which ones led to it."""
    told, one, seen = list[str](), wrong, set[int]()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        frames = traceback.extract_tb(one.__traceback__)
        ours = [frame for frame in frames[:-INNERMOST] if _place(frame.filename) != frame.filename]
        shown = [*ours[-FRAMES:], *frames[-INNERMOST:]]
        places = [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in shown]
        number = f" {one.errno}" if isinstance(one, OSError) and isinstance(one.errno, int) else ""
        told.append(" > ".join([*places, f"{type(one).__module__}.{type(one).__qualname__}{number}"]))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)  # type: ignore[assignment]
    return "Traceback, the innermost last: " + " < because of ".join(told)


def _place(filename: str) -> str:
    """A file of ours by its place in the house; else as it is."""
    return filename.removeprefix(ROOT) if "site-packages" not in filename else filename


def configure(log_format: str, level: str) -> None:
    """From now on everything that is logged goes to stderr in this way. `log_format`: json, plain, or auto: plain for a
    terminal; `level`: info or debug, which concerns our own lines alone: libraries are heard from warnings on."""
    plain = log_format == "plain" or (log_format == "auto" and sys.stderr.isatty())
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": _Plain if plain else _Line}},
            "filters": {"once": {"()": _Once}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["once"]}},
            "loggers": {"tryg": {"handlers": ["stderr"], "level": level.upper(), "propagate": False}},
            "root": {"handlers": ["stderr"], "level": "WARNING"},
        }
    )
    logging.raiseExceptions = False  # a log on a full disk must not take the server with it
    # What no line tells is not looked up for each (the standard library's own advice, "Optimization" in its logging HOWTO).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    warnings.showwarning = _warned
    threading.excepthook = _in_a_thread
    sys.excepthook = _at_the_top


class _Once(logging.Filter):
    """Leaves out uvicorn's line on a failure that problems.py has told already."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name == "uvicorn.error" and str(record.msg).startswith("Exception in ASGI application"))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: object = None,
) -> None:
    logging.getLogger("tryg").warning("%s at %s:%s", category.__name__, filename.removeprefix(ROOT), lineno)


def _in_a_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        logging.getLogger("tryg").error("a thread has ended by a failure", exc_info=told.exc_value)


def _at_the_top(kind: type[BaseException], wrong: BaseException, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, wrong, where)
    logging.getLogger("tryg").critical("the server has ended by a failure", exc_info=wrong)
