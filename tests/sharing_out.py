"""How the tests are shared out among processes: the longest first, so that no process works on long after the others.

Hides pytest-xdist's ways. Promises that a file's tests stay together, in their order, because they share a server; but for
the few files whose tests share nothing, each of which is long. Decides nothing about what is tested.
"""

import os
from typing import Any

import pytest

ALONE_EACH = ("tests/reliability/test_model.py", "tests/browser/test_kills.py")
LONGEST = (
    *ALONE_EACH,
    "tests/reliability/test_power_cuts.py",
    "tests/browser/test_everyone.py",
    "tests/browser/test_release.py",
    "tests/browser/test_walkers_map.py",
    "tests/browser/test_screens.py",
    "tests/browser/test_many_notes.py",
    "tests/browser/test_during.py",
    "tests/browser/test_review.py",
    "tests/browser/test_blurring.py",
    "tests/walks/test_live.py",
    "tests/browser/",
    "tests/security/test_fuzz.py",
    "tests/report/",
)
MOST = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, begins in enumerate(LONGEST) if item.nodeid.startswith(begins)), len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many as there are cores: with one more, tests of browsers wait for each other's and take as long in all."""
    return min(max(os.cpu_count() or 1, 2), MOST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(ALONE_EACH) else str(super()._split_scope(nodeid))

    return ByFile(config, log)
