"""A second try for what many real processes did not get done at once, and a last one alone; both told aloud.

Hides pytest-rerunfailures. Two browsers and a server on two cores are at times slower than any patience, and one such test in
three thousand kept whole changes out. Promises that only tests of several processes (a browser, a server, PostgreSQL, an object
store) are tried again: once where they are, and, where the suite ran on several cores, once when nothing else runs; that each of
them is named as RERUN, to be looked into; and that more than MOST of them fail the run: then it is not the machine.
"""

import subprocess
import sys
from collections.abc import Generator

import pytest

MOST = 5
ROOMS = ("tests/browser/", "tests/reliability/")
PROCESSES = {"start_server", "lent", "postgres", "every_database", "objects", "every_store"}  # fixtures


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(ROOMS) or PROCESSES & set(getattr(item, "fixturenames", [])):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    again = terminal.stats.get("rerun", []) if terminal else []
    if len(again) > MOST:
        terminal.write_line(f"{len(again)} tests needed a second try; {MOST} may.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield  # the summary is printed, and nothing of this run is left
    if terminal and session.config.getoption("numprocesses", None) and len(again) <= MOST:
        wrong = [*terminal.stats.get("failed", []), *terminal.stats.get("error", [])]
        session.exitstatus = alone(session.exitstatus, wrong)


def alone(status: int | pytest.ExitCode, wrong: list[pytest.TestReport]) -> int | pytest.ExitCode:
    """How the run ends, once those of `wrong` have been tried again for which that is meant."""
    names = sorted({report.nodeid for report in wrong})
    if status != pytest.ExitCode.TESTS_FAILED or not names or not all("flaky" in report.keywords for report in wrong):
        return status
    print(f"\nOnce more, alone: {len(names)}", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", *names]).returncode
