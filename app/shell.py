"""The installed app's release: the walker's shell, its service worker, the web manifest and the built files.

Hides where the build lies and how its files were compressed beforehand. Promises that the shell is one page, the same
for everybody and never a redirect, so that a phone may keep it; that it names its release, so that no phone keeps half
of one and half of the next; that files with a hash in their name are kept for ever. Never serves anything but the build.
"""

import gzip
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response

from app import i18n, pages
from app.access.guards import etag_matches
from app.i18n import mark
from app.pages import DIST
from app.problems import Problem

router = APIRouter(tags=["app"])

BUILT_NAME = re.compile(r"[A-Za-z0-9][\w.-]*-[\w-]{8}\.(js|css|svg|png|webp|woff2|wasm|onnx)")
TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webp": "image/webp",
    "woff2": "font/woff2",
    "wasm": "application/wasm",
    "onnx": "application/octet-stream",
}
ENCODINGS = {"br": ".br", "gzip": ".gz"}  # best first
CHECKED = {"Cache-Control": "no-cache"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# Workers answer to the policy of their own file, not to the page's.
WORKER_POLICY = {
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}
# The one that looks for faces may run WebAssembly, and may reach nothing at all: it is given what it needs, photos too.
FACES = "faces-"
FACES_POLICY = {"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"}
NIGHT = "#0a1115"
# What a long press on the app's icon offers: name, screen, drawing (static/img/render.py).
SHORTCUTS = ((mark("New note"), "note/new", "note"), (mark("Map"), "map", "map"), (mark("My notes"), "notes", "notes"))
TALL, BROAD = (780, 1688), (1280, 800)
# What is shown before it is installed: name, size, where, what is on it (`python -m tests.screens`).
SCREENS = (
    ("walk", TALL, "narrow", mark("The walk: places on the route, and whether the phone is ready")),
    ("note", TALL, "narrow", mark("A note: where, why, and with photos")),
    ("map", TALL, "narrow", mark("The map with the route and the notes")),
    ("wide", BROAD, "wide", mark("The map on a tablet or a computer")),
)
DESCRIPTION = mark("Write down where it feels safe, and where it does not. Works without a network.")


class Shell(NamedTuple):
    """The rendered page in every encoding ("" is none), and its ETag."""

    bodies: dict[str, bytes]
    etag: str


@router.get("/app", include_in_schema=False)
@router.head("/app", include_in_schema=False)
def to_the_app(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse("/app/" + query, 308)


@router.get("/app/manifest.webmanifest")
@router.head("/app/manifest.webmanifest", include_in_schema=False)
def web_manifest(request: Request) -> Response:
    """What a phone needs to install the app, in the phone's own language: its menus show it, not ours. One address for all of
    them, and the same name, so that an installed app stays the app it was, and no phone asks whether its new name is right."""
    lang = i18n.best_of(request.headers.get("accept-language"), i18n.all_languages())

    def say(text: str) -> str:
        return i18n.phone_text(lang, text)

    told = {
        "name": "Tryghedsvandring",
        "short_name": "Tryghed",
        "description": say(DESCRIPTION),
        "lang": lang,
        "dir": i18n.direction(lang),
        "categories": ["government", "utilities", "photo"],
        "id": "/app/",
        "scope": "/app/",
        "start_url": "/app/",
        "display": "standalone",
        # One window: two would write the same draft.
        "launch_handler": {"client_mode": ["navigate-existing", "auto"]},
        "background_color": NIGHT,
        "theme_color": NIGHT,
        "prefer_related_applications": False,
        "icons": [
            {"src": pages.asset("img/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(_picture(f"icon-{size}.png", size) for size in (192, 512)),
            *(_picture(f"icon-maskable-{size}.png", size) | {"purpose": "maskable"} for size in (192, 512)),
            _picture("icon-monochrome-512.png", 512) | {"purpose": "monochrome"},
        ],
        "shortcuts": [
            {"name": say(name), "url": f"/app/#/{screen}", "icons": [_picture(f"shortcut-{drawn}-96.png", 96)]}
            for name, screen, drawn in SHORTCUTS
        ],
        "screenshots": [
            _picture(f"screen-{name}.webp", *size) | {"form_factor": form, "label": say(label)}
            for name, size, form, label in SCREENS
        ],
        "share_target": {
            "action": "/app/share",
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "photos", "accept": ["image/*"]}]},
        },
    }
    headers = CHECKED | {"Content-Language": lang, "Vary": "Accept-Language"}
    return JSONResponse(told, headers=headers, media_type="application/manifest+json")


def _picture(name: str, width: int, height: int = 0) -> dict[str, str]:
    """What the manifest says of a picture; without a `height` it is square."""
    kind = name.rsplit(".", 1)[1]
    return {"src": pages.asset(f"img/{name}"), "sizes": f"{width}x{height or width}", "type": TYPES[kind]}


@router.post("/app/share", include_in_schema=False)
async def not_yet_ours(request: Request) -> Response:
    """Photos that another app shares while this phone's worker, which takes them, is not there: nothing of them is kept,
    and the app says that they did not come along. They are read to their end, or the phone would not hear the answer."""
    async for _piece in request.stream():
        pass
    return RedirectResponse("/app/?lost#/shared", 303)


@router.get("/static/dist/assets/{name}")
@router.head("/static/dist/assets/{name}", include_in_schema=False)
@router.get("/app/assets/{name}", include_in_schema=False)
@router.head("/app/assets/{name}", include_in_schema=False)
def built_file(name: str, request: Request) -> Response:
    """A built file; its name carries the hash of what is in it.

    Below /app/ for workers: only there may the app's service worker answer for them."""
    if not BUILT_NAME.fullmatch(name) or not (DIST / "assets" / name).is_file():
        raise Problem("not-found")
    policy = FACES_POLICY if name.startswith(FACES) else WORKER_POLICY
    return _file(request, DIST / "assets" / name, f'"{name}"', FOR_EVER | policy)


@router.get("/app/")
@router.get("/app/{path:path}", include_in_schema=False)
@router.head("/app/{path:path}", include_in_schema=False)
def walkers_app(request: Request) -> Response:
    """The walker's app, whatever the path: 200, the same bytes for everybody."""
    release = _release()
    shell = _shell(release, pages.MANIFEST.stat().st_mtime_ns)
    headers = pages.HEADERS | CHECKED
    headers |= {"ETag": shell.etag, "Vary": "Accept-Encoding", "X-Release": release}
    if etag_matches(request, shell.etag):
        return Response(status_code=304, headers=headers)
    encoding = _encoding(request, set(shell.bodies))
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(shell.bodies[encoding], media_type="text/html", headers=headers)


@router.get("/sw.js")
@router.head("/sw.js", include_in_schema=False)
def service_worker(request: Request) -> Response:
    """The service worker of the release; browsers ask for it again and again, and get it only when it is new."""
    headers = CHECKED | WORKER_POLICY | {"Service-Worker-Allowed": "/app/"}
    return _file(request, DIST / "sw.js", f'"{_release()}"', headers)


def _file(request: Request, path: Path, etag: str, headers: dict[str, str]) -> Response:
    headers = headers | {"ETag": etag, "Vary": "Accept-Encoding"}
    if etag_matches(request, etag):
        return Response(status_code=304, headers=headers)
    made = {name for name, ending in ENCODINGS.items() if Path(f"{path}{ending}").is_file()}
    encoding = _encoding(request, made)
    if encoding:
        headers["Content-Encoding"] = encoding
    media_type = TYPES[path.suffix.removeprefix(".")]
    return FileResponse(f"{path}{ENCODINGS.get(encoding, '')}", media_type=media_type, headers=headers)


def _encoding(request: Request, made: set[str]) -> str:
    """The best encoding of those made that the request accepts; "" for none."""
    wishes = [wish.replace(" ", "").lower() for wish in request.headers.get("accept-encoding", "").split(",")]
    accepted = {wish.partition(";")[0] for wish in wishes if not re.search(r";q=0(\.0*)?$", wish)}
    return next((name for name in ENCODINGS if name in made & accepted), "")


def _release() -> str:
    """The release's id. Raises not-built (503) where there is no build."""
    try:
        return _newest((DIST / "releases.json").stat().st_mtime_ns)
    except OSError:
        raise Problem("not-built") from None


@cache
def _newest(_changed: int) -> str:
    return str(json.loads((DIST / "releases.json").read_text("utf-8"))[0]["id"])


@cache
def _shell(_release: str, _changed: int) -> Shell:
    with i18n.use(i18n.DEFAULT):
        page = pages.environment().get_template("walker/shell.html").render().encode()
    etag = f'"{hashlib.sha256(page).hexdigest()[:32]}"'
    return Shell({"br": brotli.compress(page), "gzip": gzip.compress(page, mtime=0), "": page}, etag)
