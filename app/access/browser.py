"""What a browser carries for us: the session, the language, a note for a moment; and the proof that a form is our own.

Hides cookie names, flags, seals and the headers that tell one site's form from another's. Promises that a page of another site
can neither post a form here nor send anybody away from here. The only place that writes cookies.
"""

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

from fastapi import Request, Response

from app.i18n import LANGUAGES
from app.problems import Problem
from app.settings import Settings

YEAR_S = 365 * 24 * 3600
CACHE = '"cache"'  # to be cleared by who is signed out: photos that this browser kept; not what a walker's app keeps
MOMENT_S = 600  # how long a note that we give a browser along can be handed back


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


def partner_secret(request: Request) -> str:
    """The secret of the link with which a partner came, or ""."""
    return request.cookies.get(_partner_cookie(request), "")


def keep_partner(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Let the browser go on as the partner whose link was opened, so that the secret stands in no further address."""
    secure = _is_https(request)
    response.set_cookie(
        _partner_cookie(request), secret, max_age=seconds, path="/", httponly=True, secure=secure, samesite="lax"
    )


def drop_partner(request: Request, response: Response) -> None:
    secure = _is_https(request)
    response.delete_cookie(_partner_cookie(request), path="/", httponly=True, secure=secure, samesite="lax")


def language_cookie(settings: Settings) -> str:
    """What the cookie of a chosen language is called; app/answers.py reads it for every request."""
    return "__Host-tryg_language" if settings.base_url.startswith("https:") else "tryg_language"


def chosen_language(request: Request) -> str:
    """ "da" or "en" where somebody has chosen one in this browser, else ""."""
    chosen = request.cookies.get(language_cookie(_settings(request)), "")
    return chosen if chosen in LANGUAGES else ""


def keep_language(request: Request, response: Response, language: str) -> None:
    """Remember a choice of language for a year. Anything but "da" or "en" is ignored."""
    if language in LANGUAGES:
        secure = _is_https(request)
        name = language_cookie(_settings(request))
        response.set_cookie(name, language, max_age=YEAR_S, path="/", httponly=True, secure=secure, samesite="lax")


def keep_note(request: Request, response: Response, name: str, **words: str) -> None:
    """Give the browser a note along for MOMENT_S: signed, so that it comes back as it was or not at all. It can be read
    there, and be handed back twice."""
    text = json.dumps({"words": words, "until": int(time.time()) + MOMENT_S})
    sealed = base64.urlsafe_b64encode(text.encode()).decode()
    secure = _is_https(request)
    response.set_cookie(
        _note_cookie(request, name), f"{sealed}.{_seal(request, name, sealed)}", max_age=MOMENT_S, path="/", httponly=True,
        secure=secure, samesite="lax",
    )  # fmt: skip


def note(request: Request, name: str) -> dict[str, str]:
    """The words of the note that this browser was given; none where there is none, it is too old or not ours."""
    sealed, _dot, seal = request.cookies.get(_note_cookie(request, name), "").partition(".")
    if not sealed or not hmac.compare_digest(seal.encode(), _seal(request, name, sealed).encode()):
        return {}
    kept = json.loads(base64.urlsafe_b64decode(sealed))
    return kept["words"] if kept["until"] > time.time() else {}


def drop_note(request: Request, response: Response, name: str) -> None:
    secure = _is_https(request)
    response.delete_cookie(_note_cookie(request, name), path="/", httponly=True, secure=secure, samesite="lax")


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


def _note_cookie(request: Request, name: str) -> str:
    return f"__Host-tryg_{name}" if _is_https(request) else f"tryg_{name}"


def _seal(request: Request, name: str, sealed: str) -> str:
    said = f"note:{name}:{sealed}".encode()
    return hmac.new(_settings(request).signing_key(), said, hashlib.sha256).hexdigest()


def _session_cookie(request: Request) -> str:
    return "__Host-tryg_session" if _is_https(request) else "tryg_session"


def _partner_cookie(request: Request) -> str:
    return "__Host-tryg_partner" if _is_https(request) else "tryg_partner"


def _is_https(request: Request) -> bool:
    return _settings(request).base_url.startswith("https:")


def _settings(request: Request) -> Settings:
    return request.app.state.settings  # type: ignore[no-any-return]
