"""The installed app opens without a network, and a new release comes whole or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.responses import Response
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.releases import MAP, UPDATE, Releases, release_of

pytestmark = pytest.mark.once

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


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """A server with release A in force, and B built beside it."""
    releases = Releases(tmp_path, monkeypatch)
    for name in "AB":
        releases.build(name)
    releases.serve("A")
    releases.thread.start()
    yield releases
    releases.stop()


def visit(page: Page, releases: Releases, path: str = "/app/") -> None:
    """Open the app and wait until its worker is in force."""
    page.goto(releases.url + path)
    page.evaluate(SOON, f"async () => (await ({IN_FORCE})()) === 'activated'")
    expect(page.locator("h1")).to_be_visible()


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


def test_a_release_for_whose_map_there_is_no_room_comes_without_it(page: Page, releases: Releases) -> None:
    visit(page, releases)
    kept = "async () => (await caches.open('walker-A')).put('/static/dist/map-wanted', new Response('yes'))"
    page.evaluate(kept)
    worker = releases.folder / "B" / "sw.js"
    first, rest = worker.read_text().split("\n", 1)
    full = """const { put } = Cache.prototype;
      Cache.prototype.put = function (url, answer) {
        if (/map/.test(url)) throw new DOMException("full", "QuotaExceededError");
        return put.call(this, url, answer);
      };"""
    worker.write_text(f"{first}\n{full}\n{rest}")
    releases.serve("B")
    assert page.evaluate(UPDATE) is True


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


MAP_TOO = """() => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => done(data.map);
  navigator.serviceWorker.getRegistration("/app/").then(({ active }) => active.postMessage("map", [port2]));
})"""


def test_the_maps_code_is_kept_when_a_page_asks_for_it_and_by_every_release_from_then_on(
    page: Page, releases: Releases
) -> None:
    visit(page, releases)
    page.reload()
    assert page.evaluate(KEPT, MAP) is False
    releases.instead = {MAP: releases.broken}
    assert page.evaluate(MAP_TOO) is False
    releases.instead = {}
    assert page.evaluate(MAP_TOO) is True
    assert page.evaluate(KEPT, MAP) is True
    page.evaluate("(map) => caches.open('walker-A').then((cache) => cache.delete(map))", MAP)
    releases.serve("B")
    assert page.evaluate(UPDATE) is True
    assert (
        page.evaluate("(map) => caches.open('walker-B').then((cache) => cache.match(map)).then(Boolean)", MAP) is True
    )


def test_no_release_waits_for_the_maps_code(page: Page, releases: Releases) -> None:
    visit(page, releases)
    page.reload()
    assert page.evaluate(MAP_TOO) is True
    page.evaluate("(map) => caches.open('walker-A').then((cache) => cache.delete(map))", MAP)
    releases.serve("B")
    releases.instead = {MAP: releases.broken}
    assert page.evaluate(UPDATE) is True


def test_a_release_that_does_not_arrive_whole_leaves_the_old_one_in_force(
    context: BrowserContext, page: Page, releases: Releases
) -> None:
    visit(page, releases)
    releases.serve("B")
    releases.instead = {f"/static/dist/assets/app-{'B' * 8}.js": releases.broken}
    assert page.evaluate(UPDATE) is False
    context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert release_of(page) == "A"
    context.set_offline(False)
    releases.instead = {}
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


KEPT_AS_IT_IS = """async ([path, body]) => {
  const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).match(path)));
  return (await Promise.all(kept.map((answer) => answer?.text()))).includes(body);
}"""
KEPT = "async (path) => Boolean(await caches.match(path))"
SIGN_IN = "<!doctype html><title>Log på</title><h1>Velkommen til caféens net</h1>"


def lie(body: str, media_type: str) -> Callable[[], Response]:
    """Somebody else's answer, which browsers may keep for an hour."""
    return lambda: Response(body, media_type=media_type, headers={"Cache-Control": "max-age=3600"})


@pytest.mark.parametrize("media_type", ["text/html", "text/javascript"])
def test_a_sign_in_page_is_never_kept_as_a_part_of_a_release(page: Page, releases: Releases, media_type: str) -> None:
    visit(page, releases)
    page.reload()
    releases.serve("B")
    script = f"/static/dist/assets/app-{'B' * 8}.js"
    whole = (releases.folder / "B" / script.removeprefix("/static/dist/")).read_text()
    for path, body in ((script, SIGN_IN), (script, whole[: len(whole) // 2]), ("/app/", SIGN_IN)):
        releases.instead = {path: lie(body, media_type)}
        assert page.evaluate(UPDATE) is False
        assert page.evaluate(KEPT_AS_IT_IS, [path, body]) is False
    releases.instead = {MAP: lie(SIGN_IN, media_type)}
    assert "Velkommen" in page.evaluate("(map) => fetch(map).then((answer) => answer.text())", MAP)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert release_of(page) == "A"
    assert page.evaluate(KEPT, MAP) is False
    releases.instead = {}
    assert page.evaluate(UPDATE) is True
    assert page.evaluate(KEPT, script) is True


def test_what_an_older_release_kept_is_taken_along_only_if_it_is_genuine(page: Page, releases: Releases) -> None:
    visit(page, releases)
    page.reload()
    page.evaluate(
        """async (map) => {
          const style = document.querySelector("link[rel=stylesheet]").href;
          const cache = await caches.open("walker-A");
          for (const path of [map, style]) await cache.put(path, await fetch("/healthz"));
        }""",
        MAP,
    )
    releases.serve("B")
    assert page.evaluate(UPDATE) is True
    page.evaluate("navigator.serviceWorker.getRegistration('/app/').then((it) => it.waiting.postMessage('take-over'))")
    page.evaluate(SOON, f"async () => (await ({CACHES})()).join() === 'walker-B'")
    assert page.evaluate(KEPT, MAP) is False
    style = page.locator("link[rel=stylesheet]").get_attribute("href")
    assert "status" not in page.evaluate("(path) => caches.match(path).then((it) => it.text())", style)[:20]
