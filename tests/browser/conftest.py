"""Phones for the browser tests: real Chromium, real IndexedDB, the app's own modules, a real server.

`phone` is a page of the server's origin on which the modules can be called without a screen; tests of the screens use
`server` and pytest-playwright's `page` as they are. `network` breaks single requests on their way, as a mast does.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import Database
from app.walks import walks
from tests.browser import terrain
from tests.browser.pocket import Network, Phone
from tests.browser.walking import Evening, Planned, plan
from tests.running import Server

ROOT = Path(__file__).parents[2]
STOPPED = re.compile(r"Trusted(HTML|Script|Type)|Content Security Policy")
# How long what is to come may take, in ms: as long as Playwright lets an action take. What holds is seen at once all the same.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the phone's modules, built for tests."""
    folder = tmp_path_factory.mktemp("bench")
    vite = [str(ROOT / ".venv/bin/node"), str(ROOT / "node_modules/vite/bin/vite.js"), "build"]
    options = ["--config", "tests/browser/vite.config.js", "--outDir", str(folder), "--logLevel", "warn"]
    subprocess.run([*vite, *options], cwd=ROOT, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for a module's tests; each test has a walk of its own."""
    server = Server(tmp_path_factory.mktemp("server") / "var", TRYG_RATE_LIMITS="off").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has a base map of the neighbourhood."""
    folder = tmp_path_factory.mktemp("mapped")
    file = terrain.archive(folder)
    server = Server(folder / "var", TRYG_RATE_LIMITS="off", TRYG_BASEMAP=str(file)).start()
    yield server
    server.stop()


@pytest.fixture
def code(shared_server: Server) -> Iterator[str]:
    """The code of a fresh, open walk on `shared_server`."""
    db = Database(shared_server.database)
    with db.write() as tx:
        walk = walks.create(tx, "Aftenvandring")
    yield walk.code
    db.close()


@pytest.fixture
def deaf() -> bool:
    """For tests that want a policy to stop something."""
    return True


@pytest.fixture(autouse=True)
def unstopped(request: pytest.FixtureRequest) -> Iterator[None]:
    """No policy of ours (CSP, Trusted Types) stops anything on a test's pages: the browser would say so."""
    if not {"page", "context"} & set(request.fixturenames):
        yield
        return
    context: BrowserContext = request.getfixturevalue("context")
    stopped: list[str] = []
    context.on("console", lambda said: stopped.append(said.text) if STOPPED.search(said.text) else None)
    yield
    assert "deaf" in request.fixturenames or not stopped


@pytest.fixture
def phone_on(modules: Path) -> Callable[[Page, Server], Phone]:
    """Makes a Phone of a page, for tests that start their browser themselves."""
    return lambda page, server: Phone(page, server.url, modules)


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A phone held upright, in Denmark."""
    size = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    return {**browser_context_args, **size, "locale": "da-DK", "timezone_id": "Europe/Copenhagen"}


@pytest.fixture
def phone(context: BrowserContext, shared_server: Server, code: str, phone_on: Any) -> Phone:
    """A phone that has joined a walk of its own."""
    phone: Phone = phone_on(context.new_page(), shared_server)
    phone.run("await join(given[0])", code)
    phone.sent.clear()
    return phone


@pytest.fixture
def network(phone: Phone) -> Network:
    return Network(phone.page)


@pytest.fixture(scope="module")
def planned(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """A walk with three stops on `shared_server`, for a module's tests of the screens."""
    return plan(shared_server, tmp_path_factory.mktemp("plan"))


@pytest.fixture
def night(planned: Planned, page: Page) -> Evening:
    """A walker's evening on that walk; nobody has joined yet."""
    return Evening(planned, page)
