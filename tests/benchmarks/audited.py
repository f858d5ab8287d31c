"""What Lighthouse says of the three pages that people meet first: the walker's start, the plan, the public report.

On its own slow phone (Moto G Power, 4G, processor four times slower), whole Chromium, with the demo walk. The middle of RUNS tries
each; "raw limit" is its 100. Lighthouse is fetched into a folder of its own (tests/benchmarks/lighthouse/) when this runs.
"""

import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.benchmarks.table import Row
from tests.conftest import CHROMIUM_FLAGS
from tests.guide import LAPTOP, demo, sign_in, somebody
from tests.machine import system_chromium, whole_chromium

PACKAGE = Path(__file__).with_name("lighthouse")
RUNS, TRIES = 3, 3
REACH = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0, "seo": 1.0}


def measure(folder: Path) -> list[Row]:
    """Twelve figures of at most 100."""
    program = _fetched(folder)
    rows = []
    with demo(folder / "var", "da") as scene:
        with sync_playwright() as playwright:
            path = system_chromium()
            browser = playwright.chromium.launch(executable_path=str(path) if path else None, args=CHROMIUM_FLAGS)
            desk = somebody(browser, scene, LAPTOP)
            sign_in(desk, scene)
            signed_in = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in desk.context.cookies())
            browser.close()
        pages = {
            "the walker's start": ("/app/", ""),
            "the plan": (f"/walks/{scene.walk_id}/plan", signed_in),
            "the public report": (scene.public, ""),
        }
        for name, (path_, cookie) in pages.items():
            told = [_audit(program, folder, scene.server.url + path_, cookie) for _ in range(RUNS)]
            rows += [
                Row(f"Lighthouse, {name}: {category}", statistics.median(one[category] for one in told), "of 100", raw=100,
                    reach=reach)
                for category, reach in REACH.items()
            ]  # fmt: skip
    return rows


def _fetched(folder: Path) -> Path:
    """Lighthouse's program, its packages in `folder`."""
    home = folder / "lighthouse"
    shutil.copytree(PACKAGE, home)
    subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=home, check=True)
    return home / "node_modules" / "lighthouse" / "cli" / "index.js"


def _audit(program: Path, folder: Path, url: str, cookie: str) -> dict[str, float]:
    """0 to 100 for each category. Raises RuntimeError where Chromium gave it no trace, as now and then, TRIES times."""
    said, chromium = folder / "lighthouse.json", whole_chromium()
    headers = folder / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}), "utf-8")
    command = [
        "node", str(program), url, "--quiet", "--output=json", f"--output-path={said}", f"--extra-headers={headers}",
        "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage", f"--only-categories={','.join(REACH)}",
    ]  # fmt: skip
    environment = os.environ | ({"CHROME_PATH": str(chromium)} if chromium else {})
    for _ in range(TRIES):
        subprocess.run(command, env=environment, check=False, capture_output=True, timeout=300)
        found = {name: one["score"] for name, one in json.loads(said.read_text("utf-8"))["categories"].items()}
        if None not in found.values():
            return {name: 100 * score for name, score in found.items()}
    raise RuntimeError(f"Lighthouse could not load {url} in {TRIES} tries")
