"""Pages for people: the Jinja environment, the addresses of built assets, the headers every page carries.

Hides where the build put a file and how dates are written in the reader's language. Promises a strict CSP (nothing
inline but one rule that keeps the first pixel dark at night, by its hash), and that no page is kept by a cache.
Never decides who may see a page: that is access.guards.
"""

import base64
import hashlib
import json
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app import i18n
from app.problems import AFTER, Problem

ROOT = Path(__file__).parent.parent
DIST = ROOT / "static" / "dist"
MANIFEST = DIST / "manifest.json"
# template, or its folder: where the guide tells of it; chapters by their English name, which leads there in every language
CHAPTERS = {
    "walks/": "organiser#plan-a-walk",
    "walks/teams.html": "organiser#teams",
    "walks/leaders.html": "organiser#two-who-plan-together",
    "walks/marks.html": "organiser#marks-before-the-walk",
    "walks/live.html": "organiser#follow-it-live",
    "gathering/paper.html": "organiser#type-in-paper-notes",
    "review/": "coordinator#review",
    "report/": "coordinator#read-the-report",
    "report/write.html": "coordinator#write-and-release-the-report",
    "report/release.html": "coordinator#write-and-release-the-report",
    "report/editions.html": "coordinator#write-and-release-the-report",
    "measures/": "coordinator#measures",
    "measures/partner.html": "partner#answer-a-measure",
    "measures/partner_calendar.html": "partner#take-the-list-along",
    "overview/": "coordinator#measures",
    "access/people.html": "admin#who-may-do-what",
    "privacy/keeping.html": "admin#how-long-things-are-kept-and-who-has-looked",
    "privacy/log.html": "admin#how-long-things-are-kept-and-who-has-looked",
    "privacy/search.html": "admin#how-long-things-are-kept-and-who-has-looked",
}
DIST_URL = "/static/dist/"
LOCALES = {"da": "da", "en": "en_GB"}
_NUMBER = re.compile(r"\b(\d\d?\.?) ")  # of the day, before its month

# The first pixel, before any stylesheet has come: paper by day, night by night; in a layer, so that the dress wins when it has
# come. Its hash is the only inline exception.
FIRST_PIXEL = "@layer reset{html{background:light-dark(#f2f5f5,#0a1115)}}"
_HASH = base64.b64encode(hashlib.sha256(FIRST_PIXEL.encode()).digest()).decode()

CSP = "; ".join(
    [
        "default-src 'none'",
        "object-src 'none'",
        "script-src 'self'",
        f"style-src 'self' 'sha256-{_HASH}'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",  # recordings: of the review, and one's own before it is sent
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        # Text becomes a script or markup only by lit, by static/js/markup.js and by static/js/trusted.js.
        "require-trusted-types-for 'script'",
        "trusted-types lit-html pages default",
    ]
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # not no-referrer: browsers would then send forms with Origin: null
    "Cross-Origin-Opener-Policy": "same-origin",
}
PRIVATE = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}


def render(request: Request, template: str, /, status: int = 200, **values: Any) -> HTMLResponse:
    """The page `template` (below templates/) filled with `values`, in the request's language, never cached.

    Templates may also use `person` (the signed-in guards.Person or None), `path`, `language`, `direction` and `chapter` (the guide's address)."""
    folder = template.rpartition("/")[0] + "/"
    known = {
        "request": request,
        # Of the walker's languages the menu has two.
        "person": getattr(request.state, "person", None) if i18n.language() in i18n.LANGUAGES else None,
        "path": _own_address(request),
        "language": i18n.language(),
        "direction": i18n.direction(i18n.language()),
        "chapter": f"/guide/{found}" if (found := CHAPTERS.get(template) or CHAPTERS.get(folder)) else "/guide",
        "idle_minutes": request.app.state.settings.session_idle_minutes,
    }
    html = environment().get_template(template).render(known | values)
    return HTMLResponse(html, status, headers=HEADERS | PRIVATE)


def problem_page(request: Request, problem: Problem) -> Response:
    """A failure as a page: what is the matter and what to do; to the sign-in page where that is what is missing."""
    reading = request.method in {"GET", "HEAD"}
    if problem.code == "sign-in-first" and reading and "authorization" not in request.headers:
        address = "/sign-in?" + urlencode({"next": _own_address(request)})
        return RedirectResponse(address, 303, headers=HEADERS | PRIVATE)
    if problem.code == "sign-in-again":
        address = "/sign-in?" + urlencode({"fresh": "yes", "next": problem.more["back"]})
        return RedirectResponse(address, 303, headers=HEADERS | PRIVATE)
    try:
        answer: Response = render(
            request, "problem.html", problem.status, problem=problem, told=problem.body(), after=AFTER[problem.code]
        )
    except Problem:  # the build is missing, so no page can be dressed
        answer = PlainTextResponse(problem.body()["detail"], problem.status, headers=HEADERS | PRIVATE)
    answer.headers.update(problem.headers)
    return answer


def asset(name: str) -> str:
    """The address of a built file by its source's name: "css/desk.css", "js/report.js", "img/icon.svg".

    Raises not-built (503) where the build is missing or does not hold it."""
    return DIST_URL + str(_built(name)["file"])


def module(name: str) -> Markup:
    """The tags that load a built script, with the stylesheets and scripts it imports at once."""
    sheets, scripts = list[str](), list[str]()
    for part in _with_imports(name, {}):
        sheets += [DIST_URL + sheet for sheet in part.get("css", [])]
        scripts.append(DIST_URL + part["file"])
    tags = [Markup('<link rel="stylesheet" href="{}">').format(sheet) for sheet in dict.fromkeys(sheets)]
    tags += [Markup('<link rel="modulepreload" href="{}">').format(script) for script in scripts[:-1]]
    tags.append(Markup('<script type="module" src="{}"></script>').format(scripts[-1]))
    return Markup("\n").join(tags)


def _with_imports(name: str, seen: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The manifest's entry `name` after everything it imports statically, each once."""
    if name not in seen:
        entry = _built(name)
        seen[name] = {}  # an import cycle ends here
        for imported in entry.get("imports", []):
            _with_imports(imported, seen)
        del seen[name]
        seen[name] = entry
    return [entry for entry in seen.values() if entry]


def _built(name: str) -> dict[str, Any]:
    try:
        return _manifest(MANIFEST.stat().st_mtime_ns)[name]
    except (OSError, KeyError):
        raise Problem("not-built") from None


@cache
def _manifest(_changed: int) -> dict[str, dict[str, Any]]:
    return json.loads(MANIFEST.read_text("utf-8"))  # type: ignore[no-any-return]


@cache
def environment() -> Environment:
    """Jinja as every page uses it: escaping everything, an unknown name is an error."""
    loader = FileSystemLoader(ROOT / "templates")
    env = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    i18n.install(env)
    env.globals |= {"asset": asset, "module": module, "first_pixel": Markup(FIRST_PIXEL)}
    env.filters |= {"day": day, "clock": clock, "distance": distance}
    return env


def local(moment: datetime, timezone: str) -> datetime:
    """The moment as clocks show it where `timezone` is; as it is at the ends of the calendar, where a broken phone's
    clock can be (9999-12-31) and no other zone can follow."""
    try:
        return moment.astimezone(ZoneInfo(timezone))
    except OverflowError:
        return moment


def day(moment: datetime, timezone: str = "Europe/Copenhagen", length: Literal["long", "medium"] = "long") -> str:
    """The date in words, where `timezone` is: "26. november 2026", "26 November 2026"; medium: "26. nov. 2026"."""
    return in_words(local(moment, timezone), length)


def in_words(when: date, form: str = "long") -> str:
    """A day in a length or a pattern that Babel knows; its number and its month are never parted by the end of a line."""
    return _NUMBER.sub("\\1\u00a0", format_date(when, form, locale=LOCALES[i18n.language()]), count=1)


def clock(moment: datetime, timezone: str = "Europe/Copenhagen") -> str:
    """The time of day, where `timezone` is: "19.32", "19:32"."""
    return format_time(local(moment, timezone), "short", locale=LOCALES[i18n.language()])


def distance(metres: float) -> str:
    """ "1,8 km", "640 m", not to be parted; "" for less than a metre."""
    if metres < 1:
        return ""
    if metres < 1000:
        return f"{round(metres, -1):.0f}\u00a0m"
    return format_decimal(metres / 1000, format="0.0", locale=i18n.language()) + "\u00a0km"


def _own_address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
