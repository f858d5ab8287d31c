"""The installed app opens without a network, and a new release comes whole or not at all."""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from playwright.sync_api import BrowserContext, Page, expect

from app import pages, shell

ROOT = Path(__file__).parents[2]
MAP = "/static/dist/assets/map-AAAAAAAA.js"
IN_FORCE = "async () => (await navigator.serviceWorker.getRegistration('/app/'))?.active?.state"
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('walker-'))"
SOON = """async (holds) => {
  const end = performance.now() + 20_000;
  const look = eval(holds);
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`never: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}"""
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  await registration.update().catch(() => {});
  for (const worker of [registration.installing])
    if (worker) await new Promise((done) => {
      worker.onstatechange = () => ["installed", "redundant"].includes(worker.state) && done();
    });
  return registration.waiting !== null;
}"""


class Releases:
    """A server of releases: `serve()` puts one in force; paths in `broken` answer 500."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.broken: set[str] = set()
        self.shell_of: str | None = None
        app = FastAPI()
        app.include_router(shell.router)
        app.add_api_route("/healthz", lambda: {"status": "ok"})

        @app.middleware("http")
        async def trouble(request: Request, call_next: Any) -> Response:
            if request.url.path in self.broken:
                return Response("broken", 500)
            answer: Response = await call_next(request)
            if self.shell_of and request.url.path == "/app/":
                answer.headers["X-Release"] = self.shell_of
            return answer

        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()  # visitors wait until the server is there
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    def build(self, name: str) -> str:
        """A release like the one that was built, with a script and an id of its own; returns the script's address."""
        dist = self.folder / name
        shutil.copytree(ROOT / "static" / "dist", dist)
        manifest = json.loads((dist / "manifest.json").read_text())
        old = manifest["js/app.js"]["file"].removeprefix("assets/")
        new = f"app-{name * 8}.js"
        (dist / "assets" / new).write_text((dist / "assets" / old).read_text() + f"\nglobalThis.release = '{name}';\n")
        first, rest = (dist / "sw.js").read_text().split("\n", 1)
        release = json.loads(first.removeprefix("self.RELEASE = ").removesuffix(";"))
        files = [file.replace(old, new) for file in release["files"]]
        told = {"id": name, "files": files, "onDemand": [MAP]}
        (dist / "sw.js").write_text(f"self.RELEASE = {json.dumps(told)};\n{rest}")
        (dist / "manifest.json").write_text(json.dumps(manifest).replace(old, new))
        (dist / "releases.json").write_text(json.dumps([{"id": name, "files": []}]))
        (dist / "assets" / MAP.rsplit("/", 1)[1]).write_text("// the map")
        for ending in ("br", "gz"):
            (dist / f"sw.js.{ending}").unlink()
        return f"/static/dist/assets/{new}"

    def serve(self, name: str) -> None:
        self.monkeypatch.setattr(shell, "DIST", self.folder / name)
        self.monkeypatch.setattr(pages, "MANIFEST", self.folder / name / "manifest.json")
        for remembered in (shell._shell, shell._newest, pages._manifest):
            remembered.cache_clear()


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """A server with release A in force, and B built beside it."""
    releases = Releases(tmp_path, monkeypatch)
    for name in "AB":
        releases.build(name)
    releases.serve("A")
    releases.thread.start()
    yield releases
    releases.server.should_exit = True
    releases.thread.join(10)
    for remembered in (shell._shell, shell._newest, pages._manifest):
        remembered.cache_clear()


def visit(page: Page, releases: Releases, path: str = "/app/") -> None:
    """Open the app and wait until its worker is in force."""
    page.goto(releases.url + path)
    page.evaluate("navigator.serviceWorker.ready.then(() => {})")
    expect(page.locator("h1")).to_be_visible()


def release_of(page: Page) -> str:
    return str(page.evaluate("globalThis.release"))


@pytest.mark.parametrize("path", ["/app/", "/app/?walk=K7QF2MXD", "/app/anything#/help"])
def test_after_one_visit_the_app_opens_in_airplane_mode(
    context: BrowserContext, page: Page, releases: Releases, path: str
) -> None:
    visit(page, releases)
    context.set_offline(True)
    page.goto(releases.url + path)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"IBM Plex Sans Variable\"'))")
    context.set_offline(False)


def test_the_worker_leaves_the_api_and_the_other_pages_alone(
    context: BrowserContext, page: Page, releases: Releases
) -> None:
    visit(page, releases)
    context.set_offline(True)
    assert page.evaluate("fetch('/healthz').catch(() => 'no network')") == "no network"
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(f"{releases.url}/")
    context.set_offline(False)


def test_a_new_release_waits_for_a_cold_start_and_takes_the_map_along(
    context: BrowserContext, page: Page, releases: Releases
) -> None:
    visit(page, releases)
    page.reload()
    assert page.evaluate("(map) => fetch(map).then((answer) => answer.status)", MAP) == 200
    page.evaluate(SOON, f"async () => Boolean(await caches.match('{MAP}'))")
    databases = page.evaluate("indexedDB.databases()")
    releases.serve("B")
    assert page.evaluate(UPDATE) is True
    page.reload()
    assert release_of(page) == "A"
    other = context.new_page()
    other.goto(f"{releases.url}/healthz")  # of the same server, but no part of the app
    page.close()
    other.evaluate(SOON, "async () => (await navigator.serviceWorker.getRegistration('/app/')).waiting === null")
    visit(other, releases)
    other.wait_for_function("() => globalThis.release === 'B'")
    assert other.evaluate(CACHES) == ["walker-B"]
    assert other.evaluate("indexedDB.databases()") == databases
    context.set_offline(True)
    assert other.evaluate("(map) => fetch(map).then((answer) => answer.status)", MAP) == 200
    context.set_offline(False)


def test_a_release_that_does_not_arrive_whole_leaves_the_old_one_in_force(
    context: BrowserContext, page: Page, releases: Releases
) -> None:
    visit(page, releases)
    releases.serve("B")
    releases.broken = {f"/static/dist/assets/app-{'B' * 8}.js"}
    assert page.evaluate(UPDATE) is False
    context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert release_of(page) == "A"
    context.set_offline(False)
    releases.broken = set()
    assert page.evaluate(UPDATE) is True


def test_a_shell_of_another_release_is_never_kept(page: Page, releases: Releases) -> None:
    visit(page, releases)
    releases.serve("B")
    releases.shell_of = "A"  # the server changed between the worker and the shell
    assert page.evaluate(UPDATE) is False
    assert page.evaluate(IN_FORCE) == "activated"


def test_the_page_may_ask_for_the_new_release_at_once(page: Page, releases: Releases) -> None:
    visit(page, releases)
    page.reload()
    releases.serve("B")
    assert page.evaluate(UPDATE) is True
    page.evaluate(
        """async () => {
          const taken = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
          (await navigator.serviceWorker.getRegistration("/app/")).waiting.postMessage("take-over");
          await taken;
        }"""
    )
    page.goto(f"{releases.url}/app/")
    page.wait_for_function("() => globalThis.release === 'B'")
