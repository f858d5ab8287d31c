"""An installation is brought to the next release, and to the one after it, while phones send: nobody waits, nothing is lost.

The releases are made of this one: its files in a folder of their own with another version, a column more in a model, and a
migration more. So each server runs what it says it does, and the one before it knows nothing of what is new.
"""

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from app import __version__
from app.schema import MIGRATIONS
from tests.objects import Weed
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.reliability.counting import count
from tests.reliability.hands import Hand, Run, walking
from tests.reliability.installation import installation
from tests.running import Server

ROOT = Path(__file__).parents[2]
PHONES, ANSWERS = 8, 25  # so many of each release while two of them serve
NEWEST = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
ANCHOR = "    first_received_at:"  # in the model of a note
HEAD = """\"\"\"{what}\"\"\"
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{number}", "{before}"


def upgrade() -> None:
    assert op.get_bind().exec_driver_sql("SHOW statement_timeout").scalar_one() == "0", "a large table takes its time"
"""
EXPAND = """    op.execute("SELECT pg_sleep(5)")  # longer than anybody else waits for a lock
    op.add_column("observation", sa.Column("lantern", sa.String(), nullable=True))
    op.execute("UPDATE observation SET lantern = 'before' WHERE lantern IS NULL")
"""
CONTRACT = """    op.execute("UPDATE observation SET lantern = 'before' WHERE lantern IS NULL")
    op.alter_column("observation", "lantern", nullable=False)
"""


def release(folder: Path, version: str, field: str, *migrations: str) -> type[Server]:
    """Servers of a release with that version and a field more in its notes."""
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("static", "templates", "build"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "app/__init__.py").write_text(f'"""The server."""\n\n__version__ = "{version}"\n')
    [models] = [path for path in (folder / "app/models").glob("*.py") if ANCHOR in path.read_text("utf-8")]
    models.write_text(models.read_text("utf-8").replace(ANCHOR, f"    {field}\n{ANCHOR}", 1), "utf-8")
    before = NEWEST
    for body in migrations:
        number = f"{int(before) + 1:04}"
        head = HEAD.format(what="What is tried out.", number=number, before=before)
        (folder / f"migrations/versions/{number}_tried_out.py").write_text(head + body)
        before = number
    starts = f"import sys; sys.path.insert(0, {str(folder)!r}); from app.cli import main; main()"
    return type("Release", (Server,), {"program": (sys.executable, "-c", starts), "version": version})


@contextmanager
def sending(run: Run) -> Iterator[list[Hand]]:
    """Phones that send all the while, and until everything has its receipt."""
    with walking(run, PHONES) as hands, ThreadPoolExecutor(PHONES) as pool:
        walks = [pool.submit(hand.walk) for hand in hands]
        try:
            yield hands
        finally:
            run.over.set()
            wait(walks)
        for one in walks:
            one.result()
        for hand in hands:
            hand.finish(60)
        count(run, hands)


def version_of(server: Server) -> str:
    return str(httpx.get(f"{server.url}/healthz").json()["version"])


def roll(run: Run, kind: type[Server]) -> None:
    """Two servers of the next release come, both at once, and share the phones with those before them; these go, one by one."""
    whole, before = run.whole, list(run.whole.servers)
    coming = [whole.another(kind) for _one in before]
    with ThreadPoolExecutor(len(coming)) as pool:
        list(pool.map(Server.start, coming))
    whole.servers += coming
    whole.door.servers = [server.port for server in whole.servers]
    whole.door.by_server.clear()
    until(lambda: all(whole.door.by_server[server.port] >= ANSWERS for server in whole.servers))
    for server in before:
        assert version_of(server) != version_of(coming[0])
        whole.door.servers.remove(server.port)
        assert server.stop() == 0
        whole.servers.remove(server)


def test_two_releases_follow_each_other_while_phones_send_and_each_note_is_there_once(
    postgres: Cluster, migrated_postgres: str, objects: Weed, tmp_path: Path
) -> None:
    expand = release(tmp_path / "expand", "90.0", 'lantern: str | None = "after"', EXPAND)
    contract = release(tmp_path / "contract", "91.0", 'lantern: str = "after"', EXPAND, CONTRACT)
    postgres.create("upgraded", migrated_postgres)  # nobody else's: it comes out of this as no release has it
    url = postgres.address("upgraded")
    with installation(tmp_path / "run", url, objects) as whole:
        run = Run(whole)
        with sending(run) as hands:
            until(lambda: whole.door.statuses[201] >= ANSWERS)
            assert {version_of(server) for server in whole.servers} == {__version__}
            for kind in (expand, contract):
                roll(run, kind)
            until(lambda: whole.door.statuses[201] >= 3 * ANSWERS)
        assert {version_of(server) for server in whole.servers} == {"91.0"}
        assert run.wrong + whole.door.failures == []
        assert not re.search("Traceback", whole.said()), whole.said()
        with psycopg.connect(url.replace("+psycopg", "")) as rows:
            written = Counter(row[0] for row in rows.execute("SELECT lantern FROM observation"))
        assert written.keys() == {"before", "after"}
        assert sum(written.values()) == sum(len(hand.phone.made) for hand in hands)
        print(f"{run.told()}; notes written by the release before and after: {dict(written)}")
