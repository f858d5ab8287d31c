"""What the tests of the promise share: an up-to-date PostgreSQL, and phones that have joined."""

import contextlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.phone import Phone
from tests.photos.disks import small_disk
from tests.postgres import Cluster
from tests.running import Server

__all__ = ["small_disk"]

Joined = Callable[[Server, int], list[Phone]]


@pytest.fixture
def postgres_url(postgres: Cluster, migrated_postgres: str) -> Iterator[str]:
    """An up-to-date PostgreSQL database without rows."""
    with postgres.database(migrated_postgres) as url:
        yield url


@pytest.fixture
def joined() -> Iterator[Joined]:
    """So many phones that take part in a new walk of a server, each with a line of its own."""
    with contextlib.ExitStack() as lines:

        def join(server: Server, count: int = 1) -> list[Phone]:
            code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
            clients = [lines.enter_context(httpx.Client(base_url=server.url, timeout=30)) for _number in range(count)]
            return [Phone(http, code).join() for http in clients]

        yield join
