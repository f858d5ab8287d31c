"""Whether a test depends on where rows and photos lie: what does not comes to the same on PostgreSQL and S3, and runs once.

Hides how that is seen: a test depends on it where it asks for a fixture that does, or where its module, or the module of one of
its fixtures, holds the class of real servers, or holds another of the tests' modules that does; for a server that is not told
where its rows and photos go is lent a place (tests/conftest.py). Promises that in doubt it does; but for tests that are marked
`once`: those have a page from a server, and what they name happens on that page or on the phone alone (axe, colours, keyboard,
a map's picture, what the browser keeps). Whatever reads or writes through the server runs on both, and each page and state of
tests/pages.py is still opened on both (tests/browser/test_everyone.py).
"""

import sys
from functools import cache
from types import ModuleType

import pytest

from tests.running import Server

FIXTURES = {"every_database", "every_store", "database_url", "empty_database_url", "photo_settings", "start_server"}
APART = ("tests.running", "tests.conftest")  # they hold the class for everybody


def depends(item: pytest.Item) -> bool:
    if item.get_closest_marker("once"):
        return False
    if not isinstance(item, pytest.Function) or FIXTURES.intersection(item.fixturenames):
        return True
    fixtures = (made.func.__module__ for given in item._fixtureinfo.name2fixturedefs.values() for made in given)
    return any(_holds_servers(name) for name in {item.function.__module__, *fixtures})


@cache
def _holds_servers(name: str) -> bool:
    seen, todo = set[str](), [name]
    while todo:
        name = todo.pop()
        if name in seen or name in APART or not name.startswith("tests.") or name not in sys.modules:
            continue
        seen.add(name)
        for value in vars(sys.modules[name]).values():
            if value is Server:
                return True
            todo.append(value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or "")
    return False
