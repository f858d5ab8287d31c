"""A server whose releases of the walker's app a test makes and puts in force, one after the other.

Hides how a release is built from the one that `make build` made, and what the server remembers of the one in force.
Promises that releases differ in a script of their own, that an old one's script is served no longer, and that all else
is the product's own: shell, worker, cache headers.
"""

import hashlib
import json
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from playwright.sync_api import Page

from app import pages, shell

ROOT = Path(__file__).parents[2]
MAP = "/static/dist/assets/map-AAAAAAAA.js"
MAP_SCRIPT = "// the map"
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  await registration.update().catch(() => {});
  for (const worker of [registration.installing])
    if (worker) await new Promise((done) => {
      worker.onstatechange = () => ["installed", "redundant"].includes(worker.state) && done();
    });
  return registration.waiting !== null;
}"""


def _only_a_shell() -> FastAPI:
    app = FastAPI()
    app.include_router(shell.router)
    app.add_api_route("/healthz", lambda: {"status": "ok"})
    return app


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def release_of(page: Page) -> str:
    """The release whose script runs on the page."""
    return str(page.evaluate("globalThis.release"))


class Releases:
    """A server of releases: `serve()` puts one in force; `instead` answers for single paths.

    `app`: the application behind them; without one there is nothing but the shell."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, app: FastAPI | None = None) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.instead: dict[str, Callable[[], Response]] = {}
        self.shell_of: str | None = None
        self.app = app or _only_a_shell()

        @self.app.middleware("http")
        async def trouble(request: Request, call_next: Any) -> Response:
            if request.url.path in self.instead:
                return self.instead[request.url.path]()
            answer: Response = await call_next(request)
            if self.shell_of and request.url.path == "/app/":
                answer.headers["X-Release"] = self.shell_of
            return answer

        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()  # visitors wait until the server is there
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_level="warning"))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    @staticmethod
    def broken() -> Response:
        """An answer for `instead`: what is asked for does not work now."""
        return Response("broken", 500)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self._forget()

    def build(self, name: str) -> str:
        """A release like the one that was built, with a script and an id of its own; returns the script's address."""
        dist = self.folder / name
        shutil.copytree(ROOT / "static" / "dist", dist)
        manifest = json.loads((dist / "manifest.json").read_text())
        old = manifest["js/app.js"]["file"].removeprefix("assets/")
        new = f"app-{name * 8}.js"
        script = (dist / "assets" / old).read_text() + f"\nglobalThis.release = '{name}';\n"
        (dist / "assets" / old).unlink()
        (dist / "assets" / new).write_text(script)
        (dist / "assets" / MAP.rsplit("/", 1)[1]).write_text(MAP_SCRIPT)
        first, rest = (dist / "sw.js").read_text().split("\n", 1)
        release = json.loads(first.removeprefix("self.RELEASE = ").removesuffix(";"))
        files = [file.replace(old, new) for file in release["files"]]
        own = {f"/static/dist/assets/{new}": sha256(script), MAP: sha256(MAP_SCRIPT)}
        told = {"id": name, "files": files, "onDemand": [MAP], "sums": release["sums"] | own}
        told |= {name: release[name] for name in ("beside", "faces", "tongues")}
        (dist / "sw.js").write_text(f"self.RELEASE = {json.dumps(told)};\n{rest}")
        (dist / "manifest.json").write_text(json.dumps(manifest).replace(old, new))
        (dist / "releases.json").write_text(json.dumps([{"id": name, "files": []}]))
        for ending in ("br", "gz"):
            (dist / f"sw.js.{ending}").unlink()
        return f"/static/dist/assets/{new}"

    def serve(self, name: str) -> None:
        self.monkeypatch.setattr(shell, "DIST", self.folder / name)
        self.monkeypatch.setattr(pages, "MANIFEST", self.folder / name / "manifest.json")
        self._forget()

    @staticmethod
    def _forget() -> None:
        for remembered in (shell._shell, shell._newest, pages._manifest):
            remembered.cache_clear()
