"""What a browser carries for us: the session's cookie, the language's cookie, and the proof that a form is our own.

Hides cookie names, flags and the headers that tell one site's form from another's. Promises that a page of another site
can neither post a form here nor send anybody away from here. The only place that writes cookies.
"""

from urllib.parse import urlsplit

from fastapi import Request, Response

from app.i18n import LANGUAGES
from app.problems import Problem
from app.settings import Settings

LANGUAGE_COOKIE = "tryg_language"  # read in main, for every request
YEAR_S = 365 * 24 * 3600


def session_secret(request: Request) -> str | None:
    """The secret in the session's cookie, or None."""
    return request.cookies.get(_session_cookie(request))


def keep_session(request: Request, response: Response, secret: str) -> None:
    """Give the browser the session; it ends with the server's own record of it, or with the browser."""
    secure = _is_https(request)
    response.set_cookie(_session_cookie(request), secret, path="/", httponly=True, secure=secure, samesite="lax")


def drop_session(request: Request, response: Response) -> None:
    secure = _is_https(request)
    response.delete_cookie(_session_cookie(request), path="/", httponly=True, secure=secure, samesite="lax")


def keep_language(request: Request, response: Response, language: str) -> None:
    """Remember a choice of language for a year. Anything but "da" or "en" is ignored."""
    if language in LANGUAGES:
        secure = _is_https(request)
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, path="/", secure=secure, samesite="lax")


def own_form(request: Request) -> None:
    """Raises not-allowed (403) where the form was not posted from a page of ours.

    Every browser of today sends Sec-Fetch-Site or Origin with a post; what sends neither carries no cookies of ours."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        ours = site in {"same-origin", "none"}
    elif origin is not None:
        ours = _host(origin) in {_host(_settings(request).base_url), request.headers.get("host")}
    else:
        ours = True
    if not ours:
        raise Problem("not-allowed")


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).netloc or None
    except ValueError:  # a header can hold anything: http://[
        return None


def own_path(wish: str | None) -> str:
    """`wish` where it is a path on this site, else "/": nobody is sent elsewhere by a link that looks like ours."""
    path = wish or "/"
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(sign) < 32 for sign in path):
        return "/"
    return path


def _session_cookie(request: Request) -> str:
    return "__Host-tryg_session" if _is_https(request) else "tryg_session"


def _is_https(request: Request) -> bool:
    return _settings(request).base_url.startswith("https:")


def _settings(request: Request) -> Settings:
    return request.app.state.settings  # type: ignore[no-any-return]
