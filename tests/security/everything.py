"""Every route there is, each asked once with names that exist: for tests that hold for all of them.

Hides how a path is filled. Promises that no route is left out: a new one is asked without anybody adding it here.
"""

import re
from collections.abc import Iterator

import pytest
from httpx import Response

from app.main import ROUTERS
from app.models import new_id
from tests.access.conftest import Browser, walked
from tests.cast import Stage

ENDLESS = {"/walks/{walk_id}/live/events"}  # its answer goes on and on
BESIDE = [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("PATCH", "/"),
          ("DELETE", "/sign-in"), ("GET", "/static/dist/assets/../../app.py"), ("GET", "/problems/not-found"),
          ("GET", "/favicon.ico"), ("OPTIONS", "/"), ("TRACE", "/")]  # fmt: skip


@pytest.fixture
def filled(stage: Stage) -> dict[str, str]:
    """The names of a walk, a note, a photo, a mark and everything else that exists."""
    return walked(stage) | {
        "organisation_id": new_id(),
        "code": stage.walk.code,
        "secret": "x" * 43,
        "sha256": "0" * 64,
        "z": "12",
        "x": "2166",
        "y": "1257",
        "path": "anything",
    }


def everything(*, methods: frozenset[str] | None = None) -> Iterator[tuple[str, str]]:
    """(method, path as the routers have it) of every route, of these methods alone where they are given."""
    for router in ROUTERS:
        for route in router.routes:
            for method in sorted(route.methods):  # type: ignore[attr-defined]
                if methods is None or method in methods:
                    yield method, route.path  # type: ignore[attr-defined]


def asked(browser: Browser, filled: dict[str, str], headers: dict[str, str]) -> Iterator[tuple[str, str, Response]]:
    """(method, path, answer) of every route, and of what is none."""
    for method, path in [*everything(), *BESIDE]:
        if path in ENDLESS or path in {"/sign-out", "/account/sessions/removal"}:
            continue
        where = re.sub(r"\{(\w+):path\}", r"{\1}", path).format_map(_Anything(filled))
        yield method, where, browser.request(method, where, headers=headers)


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "none"
