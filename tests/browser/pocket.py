"""A phone in a browser, and the network it hangs on: the app's own modules on a page without a screen.

Hides how the modules get onto the page and how single requests are broken on their way. The server behind is real.
"""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Route

BLANK = "<!doctype html><html lang=da><title>A phone</title><script type=module src=/bench/phone.js></script>"


class Phone:
    """A page on which the app's modules can be called; `run()` gives what the JavaScript returns."""

    def __init__(self, page: Page, server_url: str, modules: Path) -> None:
        self.page, self.url = page, server_url
        self.devtools: Any = None
        self.sent: list[tuple[str, str]] = []
        page.on("request", self._note)
        page.route("**/bench/**", lambda route: self._serve(route, modules))
        self.open()

    def open(self) -> "Phone":
        """Load the page (again): what is not in the database is gone."""
        self.page.goto(f"{self.url}/bench/")
        self.page.wait_for_function("globalThis.phone !== undefined")
        return self

    def run(self, script: str, *given: Any) -> Any:
        """The value of `script`, the body of an async function that sees the modules by name and `given` as an array."""
        names = "api, blurring, camera, dom, drafts, i18n, ids, outbox, personal, place, pocket, ready, store, sync, join, save, edit, until"
        return self.page.evaluate(f"async (given) => {{ const {{ {names} }} = phone; {script} }}", list(given))

    def paths(self, kind: str) -> list[str]:
        """The paths of PUTs to the API so far: "participants", "observations" or "photos"."""
        wanted = {
            "photos": r"/photos/",
            "observations": r"/observations/[^/]+$",
            "participants": r"/participants/[^/]+$",
            "outbox": r"/outbox$",
        }
        return [path for method, path in self.sent if method == "PUT" and re.search(wanted[kind], path)]

    def phases(self) -> list[str]:
        return list(self.run("return (await store.notes()).map((note) => note.phase)"))

    def _note(self, request: Any) -> None:
        self.sent.append((request.method, request.url.removeprefix(self.url)))

    @staticmethod
    def _serve(route: Route, modules: Path) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name:
            route.fulfill(path=modules / name if (modules / name).exists() else modules / "assets" / name)
        else:
            route.fulfill(body=BLANK, content_type="text/html")


class Network:
    """What happens to requests on their way. Each rule meets the first `times` requests that fit."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def lose_reply(self, path: str, times: int = 1) -> None:
        """The server does it, the phone never hears of it."""

        def lost(route: Route) -> None:
            route.fetch()
            route.abort("connectionreset")

        self._rule(path, lost, times)

    def answer(self, path: str, status: int, body: Any, headers: dict[str, str] | None = None, times: int = 1) -> None:
        """Somebody else answers: a dict as problem+json, a string as HTML."""
        is_json = isinstance(body, dict)
        content = json.dumps(body) if is_json else body
        kind = ("application/problem+json" if status >= 400 else "application/json") if is_json else "text/html"
        made = {"content-type": kind, **(headers or {})}
        self._rule(path, lambda route: route.fulfill(status=status, body=content, headers=made), times)

    def garble(self, path: str, times: int = 1) -> None:
        """A byte changes on the way."""
        self._rule(path, lambda route: route.continue_(post_data=_changed(route.request.post_data_buffer)), times)

    def _rule(self, path: str, deed: Callable[[Route], None], times: int) -> None:
        self.page.route(re.compile(path), deed, times=times)


def _changed(data: bytes | None) -> bytes:
    assert data
    return data[:-1] + bytes([data[-1] ^ 1])


def picture(width: int = 320, height: int = 240, colour: tuple[int, int, int] = (30, 60, 90)) -> str:
    """A JPEG in base64; another colour, another photo."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()
