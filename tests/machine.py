"""What the tests need from the machine: a Chromium, WebKit with its driver, PostgreSQL's server programs, strace, openssl, poppler, GDAL, Java.

Hides where different systems keep them and how they are installed; `python -m tests.machine` (a step of `make test`)
installs what is missing, from the system's packages where it may and else as Playwright does it, or says in one
sentence what a person has to install. Never starts anything; the fixtures do.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SYSTEM_PYTHON = shutil.which("python3", path=os.defpath) or sys.executable  # the one with the system's GTK bindings
WEBKIT = ("webkit2gtk-driver", "xvfb", "python3-gi", "gir1.2-webkit2-4.1", "gir1.2-gtk-3.0")  # Debian's names
BINDINGS = "import gi; [gi.require_version(*it) for it in (('Gtk', '3.0'), ('WebKit2', '4.1'))]; from gi.repository import WebKit2"
TOOLS = (("strace", "strace", "failing disks"), ("openssl", "openssl", "foreign certificates"),
         ("pdftotext", "poppler-utils", "printed sheets"), ("ogr2ogr", "gdal-bin", "map files"), ("java", "default-jre-headless", "valid HTML"))  # fmt: skip
SHELL = "chromium-headless-shell"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def system_chromium() -> Path | None:
    """The Chromium to start: TRYG_TEST_CHROMIUM or the system's; None where Playwright's own is to be used.

    The one without windows where there is one: the same engine, and pages open in half the time."""
    return _first(os.environ.get("TRYG_TEST_CHROMIUM"), SHELL, *CHROMIUMS)


def whole_chromium() -> Path | None:
    """As people have it, with windows, chrome:// pages and a profile that is locked while it is in use."""
    return _first(os.environ.get("TRYG_TEST_CHROMIUM"), *CHROMIUMS)


def _first(*names: str | None) -> Path | None:
    return next((Path(found) for name in names if name and (found := shutil.which(name))), None)


def has_chromium() -> bool:
    """Whether there is a Chromium to start, the system's or Playwright's own."""
    if whole_chromium():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def has_webkit() -> bool:
    """Whether WebKit can be started and driven: the engine's bindings for the system's python3, driver and a display."""
    return bool(shutil.which("WebKitWebDriver") and shutil.which("Xvfb")) and _succeeds(SYSTEM_PYTHON, "-c", BINDINGS)


def postgresql() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version first; None where there is none."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _apt(*packages: str) -> None:
    """Installs Debian packages, where this is such a system and we may; failures show in what is found after it."""
    root = os.geteuid() == 0
    if not shutil.which("apt-get") or not (root or _succeeds("sudo", "-n", "true")):
        return
    rights = [] if root else ["sudo", "-n"]
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*rights, "apt-get", "-q", "update"], env=environment, stdout=sys.stderr, timeout=600)
    command = [*rights, "apt-get", "install", *options, *packages]
    subprocess.run(command, env=environment, stdout=sys.stderr, timeout=1200)


def _succeeds(*command: str) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def prepare() -> list[str]:
    """Installs what is missing; returns a sentence for each thing that a person has to install."""
    missing = []
    if not has_chromium():
        _apt("chromium")
    if not has_chromium():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], timeout=1200)
    if not has_chromium():
        missing.append(
            "The browser tests need Chromium: install it, or name one in TRYG_TEST_CHROMIUM (Debian: apt install chromium)."
        )
    if whole_chromium() and not shutil.which(SHELL):
        _apt(SHELL)  # where it is not to be had, the whole one does all
    if not has_webkit():
        _apt("--no-install-recommends", *WEBKIT)
    if not has_webkit():
        missing.append(
            f"The tests of Safari's engine need WebKit and its driver (Debian: apt install {' '.join(WEBKIT)})."
        )
    if not postgresql():
        _apt("postgresql")
    if not postgresql():
        missing.append("The database tests need PostgreSQL's server programs (Debian: apt install postgresql).")
    for tool, package, whose in TOOLS:
        if not shutil.which(tool):
            _apt(package)
        if not shutil.which(tool):
            missing.append(f"The tests of {whose} need {tool} (Debian: apt install {package}).")
    return missing


if __name__ == "__main__":
    sentences = prepare()
    print("\n".join(sentences), file=sys.stderr, end="\n" if sentences else "")
    sys.exit(1 if sentences else 0)
