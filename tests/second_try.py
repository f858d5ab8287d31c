"""A second try for what a real browser did not get done in time, told aloud.

Hides pytest-rerunfailures. Two browsers and a server on two cores are at times slower than any patience, and one such test in
three thousand kept whole changes out. Promises that only a browser's test that ran out of time is tried again, once; that each of
them is named at the end as RERUN, to be looked into; and that more than MOST of them fail the run: then it is not the machine.
"""

import pytest

MOST = 5
OUT_OF_TIME = r"[Tt]imeout|[Tt]imed out"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[OUT_OF_TIME]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    again = terminal.stats.get("rerun", []) if terminal else []
    if len(again) > MOST:
        terminal.write_line(f"{len(again)} tests needed a second try; {MOST} may.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
