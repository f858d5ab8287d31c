"""What every test can ask for: a server, a database of each kind, a browser that starts on this machine.

Promises: nobody's TRYG_ settings reach a test, sockets reach no further than this machine (pyproject.toml), and what is
started here is stopped here. `TRYG_TEST_DATABASE=postgresql TRYG_TEST_STORE=s3` puts all tests on those; what is about SQLite or a
folder itself, and marked `embedded`, is left out then, and what depends on neither (tests/back_ends.py).
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.schema import migrate_to_newest
from app.settings import Settings
from tests.back_ends import depends
from tests.machine import system_chromium, whole_chromium
from tests.objects import Store, as_variables, object_store
from tests.postgres import Cluster, cluster
from tests.running import Server

Lend = Callable[..., dict[str, str]]

pytest_plugins = ["tests.cast", "tests.second_try", "tests.sharing_out"]

for _name in [name for name in os.environ if name.startswith("TRYG_") and not name.startswith("TRYG_TEST_")]:
    del os.environ[_name]

# Where those tests run that do not say it themselves.
DATABASE, STORE = os.environ.get("TRYG_TEST_DATABASE", "sqlite"), os.environ.get("TRYG_TEST_STORE", "folder")
# Who is told runs on that alone; else tests that promise it for each run on each.
DATABASES = [DATABASE] if "TRYG_TEST_DATABASE" in os.environ else ["sqlite", "postgresql"]
STORES = [STORE] if "TRYG_TEST_STORE" in os.environ else ["folder", "s3"]
LARGE = DATABASE != "sqlite" or STORE != "folder"
assert DATABASE in ("sqlite", "postgresql"), DATABASE
assert STORE in ("folder", "s3"), STORE

MEMORY = Path("/dev/shm")
NEEDED_MB, NEEDED_BESIDE_MB = 3_000, 5_000  # a whole run keeps 900 MB of files; what runs needs memory too


def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests lie in memory where there is room: a database or photo that is kept waits for the disk each time, up
    to 5 ms. What is killed in the tests is the process, and its files outlive it there too. What measures time has the disk."""
    if config.option.markexpr != "alone" and "TMPDIR" not in os.environ and _memory_has_room():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def _memory_has_room() -> bool:
    try:
        free = os.statvfs(MEMORY)
        told = Path("/proc/meminfo").read_text()
    except OSError:
        return False
    available = next((int(line.split()[1]) for line in told.splitlines() if line.startswith("MemAvailable:")), 0)
    return free.f_bavail * free.f_frsize > NEEDED_MB * 1e6 and available * 1024 > NEEDED_BESIDE_MB * 1e6


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    apart = [item for item in items if LARGE and (item.get_closest_marker("embedded") or not depends(item))]
    if apart:
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in apart]


CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How Chromium starts; for `launch_persistent_context` too."""
    path = system_chromium()
    own = {"executable_path": str(path)} if path else {}
    return {**browser_type_launch_args, **own, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def whole_browser_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How a Chromium with all its parts starts, for tests of what the quick one lacks."""
    path = whole_chromium()
    own = {"executable_path": str(path)} if path else {"channel": "chromium"}
    return {name: value for name, value in browser_type_launch_args.items() if name != "headless"} | own


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(params=DATABASES)
def every_database(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each kind of database that we promise; `database_url` is then one of that kind."""
    return str(request.param)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables: SQLite, unless the test asks for `every_database`."""
    if kind_of_database(request) == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
    else:
        with request.getfixturevalue("postgres").database() as url:
            yield url


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an up-to-date database without rows: SQLite, unless the test asks for `every_database`.

    A copy of one that was migrated once a session, which is three times as fast as migrating each."""
    if kind_of_database(request) == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "tryg.sqlite")
        yield f"sqlite:///{tmp_path / 'tryg.sqlite'}"
    else:
        with request.getfixturevalue("postgres").database(request.getfixturevalue("migrated_postgres")) as url:
            yield url


@pytest.fixture(scope="session")
def objects() -> Iterator[Store]:
    with object_store() as running:
        yield running


@pytest.fixture(params=STORES)
def every_store(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each kind of place for photos that we promise; `photo_settings` are then for one of that kind."""
    return str(request.param)


@pytest.fixture
def photo_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Where the photos lie: in the data folder, unless the test asks for `every_store`."""
    kind = request.getfixturevalue("every_store") if "every_store" in request.fixturenames else STORE
    return request.getfixturevalue("objects").settings() if kind == "s3" else {}


def kind_of_database(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("every_database") if "every_database" in request.fixturenames else DATABASE


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An up-to-date SQLite file; nobody writes to it."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate_to_newest(Settings(data=folder))
    return folder / "tryg.sqlite"


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an up-to-date PostgreSQL database; nobody connects to it."""
    postgres.create("migrated")
    folder = tmp_path_factory.mktemp("migrated")
    migrate_to_newest(Settings(data=folder, database_url=postgres.address("migrated")))
    return "migrated"


@pytest.fixture(scope="session", autouse=LARGE)
def lent(request: pytest.FixtureRequest) -> Iterator[Lend]:
    """What a server gets that is not told where its rows and photos go: a database and a place for photos of its own, where
    the tests do not run on SQLite and a folder."""
    if DATABASE == "postgresql":
        request.getfixturevalue("migrated_postgres")  # before it, and so ended after it
    with ExitStack() as all_of_them:

        def lend(told: Collection[str], until: ExitStack = all_of_them) -> dict[str, str]:
            more = {}
            if DATABASE == "postgresql" and "TRYG_DATABASE_URL" not in told:
                like = request.getfixturevalue("migrated_postgres")
                more["TRYG_DATABASE_URL"] = until.enter_context(request.getfixturevalue("postgres").database(like))
            if STORE == "s3" and "TRYG_PHOTOS_URL" not in told:
                more |= as_variables(request.getfixturevalue("objects").settings())
            return more

        Server.lent = staticmethod(lend)
        yield lend
        Server.lent = staticmethod(lambda _told: {})


@pytest.fixture
def start_server(tmp_path: Path, lent: Lend) -> Iterator[Callable[..., Server]]:
    """Starts servers: `start_server(TRYG_RATE_LIMITS="off")`, each with an empty data folder of its own."""
    servers: list[Server] = []
    with ExitStack() as until:

        def start(**settings: str) -> Server:
            folder = tmp_path / f"var{len(servers) or ''}"
            servers.append(Server(folder, **(lent(settings, until) | settings)))
            return servers[-1].start()

        yield start
        for server in servers:
            server.stop()


@pytest.fixture
def server(
    start_server: Callable[..., Server], photo_settings: dict[str, Any], request: pytest.FixtureRequest
) -> Server:
    """A running server with an empty data folder; on each kind of database and of store where the test asks for that."""
    more = as_variables(photo_settings)
    if "every_database" in request.fixturenames:
        more["TRYG_DATABASE_URL"] = request.getfixturevalue("database_url")
    return start_server(**more)
