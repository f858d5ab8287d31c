"""A walker with a WebKit phone, on a walk of her own, behind a network that can be taken away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.liar import Liar
from tests.browser.walking import Planned, plan
from tests.browser.webkit.running import Webkit, screen
from tests.browser.webkit.walker import Walker
from tests.running import Server


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def planned(shared_server: Server, tmp_path: Path) -> Planned:
    return plan(shared_server, tmp_path)


@pytest.fixture
def network(planned: Planned) -> Iterator[Liar]:
    network = Liar(planned.server.port).start()
    yield network
    network.stop()


@pytest.fixture
def walker(display: str, network: Liar, planned: Planned, tmp_path: Path) -> Iterator[Walker]:
    """Ready to go offline."""
    phone = Webkit(display, tmp_path / "profile")
    try:
        yield Walker(phone, network, planned).join()
    finally:
        phone.close()
