"""WebKit for the tests: a screen that nobody sees, WebKit's driver, and a browser whose profile outlives a kill.

Hides Xvfb, selenium and the processes behind them. Promises that every wait ends, that `kill()` leaves no process of the
browser alive, as when a phone runs out of power, and that `close()` leaves none of any kind. It is WebKitGTK, not Safari
on a phone, but the engine is the same.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.machine import SYSTEM_PYTHON
from tests.running import clean_environment

LAUNCHER = Path(__file__).with_name("browser.py")
PATIENCE_S = 30.0


@contextmanager
def screen() -> Iterator[str]:
    """A display for the browser, by its name."""
    told, tell = os.pipe()
    command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[tell], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(tell)
    try:
        with os.fdopen(told) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


class Webkit:
    """One phone: `start()` opens it, `kill()` pulls its battery, and what it stored is there at the next start."""

    def __init__(self, display: str, profile: Path) -> None:
        quiet = {"LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory"}
        bus = {"DBUS_SESSION_BUS_ADDRESS": "disabled:", "DISPLAY": display, "PHONE_PROFILE": str(profile)}
        self.environment = {**clean_environment(), **quiet, **bus}
        self.environment.pop("PYTHONPATH", None)
        self.cache = profile / "cache" / "WebKitCache"  # what was fetched, not what a worker has kept
        self.driver: WebDriver | None = None
        self.service: Service | None = None

    def start(self) -> "Webkit":
        options = Options()
        options.binary_location = SYSTEM_PYTHON
        options.add_argument(str(LAUNCHER))
        self.service = Service(shutil.which("WebKitWebDriver"), env=self.environment)
        self.driver = webdriver.WebKitGTK(options=options, service=self.service)
        self.driver.set_script_timeout(PATIENCE_S)
        self.driver.set_page_load_timeout(PATIENCE_S)
        return self

    def open(self, url: str) -> None:
        assert self.driver
        self.driver.get(url)

    def run(self, script: str, *given: Any) -> Any:
        """The value of `script`, the body of an async function that sees `given` as an array."""
        assert self.driver
        whole = """const [given, done] = [arguments[0], arguments[arguments.length - 1]];
          (async () => { %s })().then((value) => done({ value }), (failure) => done({ failure: `${failure} ${failure.stack}` }));"""
        answer = self.driver.execute_async_script(whole % script, list(given))
        assert "failure" not in answer, answer["failure"]
        return answer.get("value")

    def until(self, script: str, *given: Any, patience: float = PATIENCE_S) -> Any:
        """Waits until `script`, as in run(), gives something true, and returns that."""
        return eventually(lambda: self.run(script, *given), script, patience)

    def kill(self) -> None:
        """SIGKILL to the browser and all of its processes, before any of them can put something in order."""
        assert self.service
        if self.service.process:
            for process in [*descendants(self.service.process.pid), self.service.process.pid]:
                end(process)
            self.service.process.wait(PATIENCE_S)
        self.driver = self.service = None

    def close(self) -> None:
        if self.service:
            self.kill()


def descendants(parent: int) -> list[int]:
    """The processes that `parent` started, and theirs, parents first."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = list(children.get(parent, []))
    for process in found:
        found.extend(children.get(process, []))
    return found


def end(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        print(f"{process} had ended", file=sys.stderr)


def eventually(look: Callable[[], Any], told: str, patience: float = PATIENCE_S) -> Any:
    """What `look()` gives once it is true; an assertion that tells `told` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"never: {told}"
        time.sleep(0.05)
    return found
