"""What every answer carries, whatever it answers and whoever asks: a page, a file, a failure, a redirect.

Hides which header browsers want for what. Promises that an answer which says nothing of itself may do nothing in a browser
(no script, no frame, no other site) and is kept by nobody; that over https browsers come back over https alone; and that
the reader's language holds for the whole request. What an answer says itself stays: pages have a policy of their own
(app/pages.py), scripts theirs (app/shell.py).
"""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import i18n
from app.access.browser import language_cookie
from app.settings import Settings

CLOSED = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# No more than keeps a PDF out of frames. Browsers show it by a page of their own. Chromium takes no notice of its policy, tried with
# CLOSED and sandbox; Safari judges its own page by it: sandbox leaves it empty, style-src makes it tiny, object-src has blocked it.
# Ours are made by Typst of text and pictures: there is no script and no form in them.
OF_A_PDF = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
YEAR_S = 365 * 24 * 3600
# What no page of ours asks a browser for, but the walkers' app for a voice; where one stands is for the walkers' app and for marks before a walk.
_NEVER = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "gyroscope", "hid", "magnetometer",
    "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_NONE_OF_THEM = ", ".join(f"{name}=()" for name in _NEVER)
_PLACE = ("/app", "/marks/")
_VOICE = "/app/"  # where a note may be spoken, once the walker presses


_OF_CONTENT = {b"content-security-policy", b"cache-control"}
_LACKING = {
    b"content-security-policy": CLOSED.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": f"{_NONE_OF_THEM}, geolocation=()".encode(),
    b"cache-control": b"no-store",
}
_LACKING_WITH_PLACE = _LACKING | {b"permissions-policy": f"{_NONE_OF_THEM}, geolocation=(self)".encode()}
_LACKING_WITH_VOICE = _LACKING | {
    b"permissions-policy": f"{_NONE_OF_THEM}, geolocation=(self)".replace("microphone=()", "microphone=(self)").encode()
}


def dress(headers: list[tuple[bytes, bytes]], settings: Settings, path: str, status: int) -> None:
    """Adds what an answer to `path` lacks. One that says "as you have it" (304) keeps silent about what differs from answer to
    answer: a browser puts its headers in the place of those it holds (RFC 9111 §3.2), and the page would lose its styles."""
    said = {name.lower(): value for name, value in headers}
    lacking = _LACKING_WITH_PLACE if path.startswith(_PLACE) else _LACKING
    if path.startswith(_VOICE):
        lacking = _LACKING_WITH_VOICE
    if said.get(b"content-type") == b"application/pdf":
        lacking = lacking | {b"content-security-policy": OF_A_PDF.encode()}
    for name, value in lacking.items():
        if name not in said and (status != 304 or name not in _OF_CONTENT):
            headers.append((name, value))
    if settings.base_url.startswith("https:"):
        headers.append((b"strict-transport-security", b"max-age=%d; includeSubDomains" % YEAR_S))


class EveryAnswer:
    """The outermost of what lies around the application: nothing is answered without it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self._settings, self._language = app, settings, language_cookie(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"] = scope["path"].replace("\0", "\ufffd")  # no database can look for U+0000

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                dress(headers, self._settings, path, message["status"])
            await send(message)

        cookie = Request(scope).cookies.get(self._language)
        with i18n.use(i18n.language_of(Headers(scope=scope).get("accept-language"), cookie)):
            await self.app(scope, receive, sent)
