"""A second try for what many real processes did not get done at once, told aloud.

Hides pytest-rerunfailures. Two browsers and a server on two cores are at times slower than any patience, and one such test in
three thousand kept whole changes out. Promises that only tests with a browser, or with servers that are killed, are tried again,
once; that each of them is named at the end as RERUN, to be looked into; and that more than MOST of them fail the run: then it is
not the machine.
"""

import pytest

MOST = 5
MANY_PROCESSES = ("tests/browser/", "tests/reliability/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(MANY_PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_sessionfinish(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    again = terminal.stats.get("rerun", []) if terminal else []
    if len(again) > MOST:
        terminal.write_line(f"{len(again)} tests needed a second try; {MOST} may.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
