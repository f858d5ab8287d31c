"""The running server keeps to its OpenAPI document, whatever is sent: schemathesis, all checks, no failure.

Longer: `make fuzz`. Schemathesis has an environment of its own (.venv-audit), which `make test` makes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Server
from tests.security import fuzz


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, Any], dict[str, str]]]:
    assert fuzz.SCHEMATHESIS.exists(), "schemathesis is not installed: make .venv-audit/requirements-audit.txt"
    with fuzz.stage(Path(tmp_path_factory.mktemp("fuzz"))) as stage:
        yield stage


@pytest.mark.parametrize("who", fuzz.PEOPLE)
def test_no_request_breaks_what_the_document_says(
    running: tuple[Server, dict[str, Any], dict[str, str]], who: str
) -> None:
    server, people, names = running
    found = fuzz.fuzz(server, who, people[who], names)
    assert found.requests >= 10
    assert not found.failed, found.said
    assert "Traceback" not in server.said()
    print(f"{who}: {found.requests} requests in {found.seconds:.0f} s")
