"""Notes a second on PostgreSQL, beside single inserts into it, from 1, 2 and 4 app servers, and what a note costs in processor
time: where servers, database and load share few cores, that says more than the rate."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from tests.benchmarks import client, durable
from tests.benchmarks.durable import WORDS
from tests.benchmarks.table import Row
from tests.benchmarks.used import spent
from tests.phone import Phone, new_id
from tests.postgres import Cluster, cluster
from tests.running import Server

PHONES, WALKS, NOTES = 32, 8, 2_000  # several walks, as in real life: notes of one walk are numbered one by one


@dataclass(frozen=True)
class Run:
    """`rate`: notes a second; `app_ms`, `database_ms`: processor time of a note in all servers, and in PostgreSQL."""

    rate: float
    app_ms: float
    database_ms: float


def measure(folder: Path) -> list[Row]:
    with cluster() as postgres, postgres.database() as url:
        raw = _single_inserts(postgres, url)
        runs = {count: _run(folder, postgres, url, count) for count in (1, 2, 4)}
    one, two, four = runs[1], runs[2], runs[4]
    return [
        Row(f"notes kept on PostgreSQL, {PHONES} phones, 1 server", one.rate, "/s", raw=raw, reach=0.3),
        Row("… 2 servers, beside 1", two.rate, "/s", raw=one.rate, reach=1.6),
        Row("… 4 servers, beside 1", four.rate, "/s", raw=one.rate),
        Row("… processor time of a note in 1 server", one.app_ms, "ms"),
        Row("… in 4 servers together", four.app_ms, "ms", raw=one.app_ms),
        Row("… in the database, 1 server", one.database_ms, "ms"),
        Row("… 4 servers", four.database_ms, "ms", raw=one.database_ms),
    ]


def _run(folder: Path, postgres: Cluster, url: str, count: int) -> Run:
    with _serving(folder / str(count), url, count) as servers:
        codes = [servers[0].tryg("walk", "create", "--title", f"Gruppe {n}")["code"] for n in range(WALKS)]
        phones = [_joined(servers[0], codes[number % WALKS]) for number in range(PHONES)]
        _send(servers, phones, 200)  # connections are open, statements known
        before = [spent(one.process.pid) for one in servers if one.process], spent(postgres.pid)
        taken = _send(servers, phones, NOTES)
        after = [spent(one.process.pid) for one in servers if one.process], spent(postgres.pid)
    sent = len(taken.waits)
    return Run(taken.rate, (sum(after[0]) - sum(before[0])) / sent * 1000, (after[1] - before[1]) / sent * 1000)


@contextmanager
def _serving(folder: Path, url: str, count: int) -> Iterator[list[Server]]:
    """So many servers of one installation, each with a folder of its own."""
    folder.mkdir()
    common = {"TRYG_DATABASE_URL": url, "TRYG_SECRET": "s" * 40, "TRYG_RATE_LIMITS": "off"}
    with ExitStack() as running:
        servers = []
        for number in range(count):
            servers.append(Server(folder / f"var{number}", **common).start())
            running.callback(servers[-1].stop)
        yield servers


def _joined(server: Server, code: str) -> Phone:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        return Phone(http, code).join()


def _send(servers: list[Server], phones: list[Phone], notes: int) -> client.Taken:
    """From all phones at once, each phone to one server."""
    piles = [
        [durable.put(servers[number % len(servers)], phone) for _note in range(notes // len(phones))]
        for number, phone in enumerate(phones)
    ]
    taken = client.send([servers[number % len(servers)].url for number in range(len(phones))], piles)
    assert set(taken.statuses) == {201}, taken.statuses
    return taken


def _single_inserts(postgres: Cluster, url: str) -> float:
    """Rows a second that PostgreSQL keeps one by one for one connection, as safely, and with nothing around it."""
    where = {"host": str(postgres.folder), "user": "tryg", "dbname": url.partition("@/")[2].partition("?")[0]}
    with psycopg.connect(**where, autocommit=True) as db:  # type: ignore[arg-type]
        db.execute("CREATE TABLE alone (id TEXT PRIMARY KEY, words TEXT)")
        row = json.dumps(WORDS * 5)
        began = time.perf_counter()
        for _row in range(NOTES):
            db.execute("INSERT INTO alone VALUES (%s, %s)", (new_id(), row))
        seconds = time.perf_counter() - began
        db.execute("DROP TABLE alone")
    return NOTES / seconds
