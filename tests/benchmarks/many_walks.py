"""What one walk's report, changes and notes take where 9,999 other walks with 600,000 notes lie in the same database, beside the
same where there are none: on SQLite and on PostgreSQL."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from sqlmodel import SQLModel

from tests.benchmarks.table import Row
from tests.phone import Phone, Picture, jpeg
from tests.postgres import cluster
from tests.running import Server

WALKS, NOTES, TIMES, AT_ONCE = 10_000, 60, 25, 1_000
# What a copy of the first walk gets anew: its own id, and those it names, begin with the copy's number.
ANEW = {"walk": ("id", "code"), "stop": ("id", "walk_id"), "participant": ("id", "walk_id"),
        "observation": ("id", "walk_id", "participant_id", "stop_id"), "revision": ("observation_id",),
        "photo": ("id", "observation_id"), "agreement": ("observation_id", "participant_id")}  # fmt: skip


@dataclass
class Evening:
    """One walk, as one phone and one reader see it."""

    http: httpx.Client
    phone: Phone
    key: dict[str, str]

    def put(self) -> None:
        note_id = self.phone.note(Picture(jpeg()))
        assert self.phone.put(note_id).status_code == 201

    def changes(self) -> None:
        answer = self.phone.get(f"/walks/{self.phone.walk['id']}/changes", params={"after": 0, "limit": 50})
        assert len(answer.json()["changes"]) == 50

    def report(self) -> None:
        """Built anew, since a note has come in meanwhile."""
        answer = self.http.get(f"/walks/{self.phone.walk['id']}/report", headers=self.key)
        assert answer.status_code == 200


def measure(folder: Path) -> list[Row]:
    with cluster() as postgres, postgres.database() as alone, postgres.database() as among:
        return [
            *_compared(folder, "SQLite", {}, {}),
            *_compared(folder, "PostgreSQL", {"TRYG_DATABASE_URL": alone}, {"TRYG_DATABASE_URL": among}),
        ]


def _compared(folder: Path, kind: str, alone: dict[str, str], among: dict[str, str]) -> list[Row]:
    """Medians, of both taken in turn: whatever else the machine does, it does to both."""
    with _evening(folder / f"{kind} alone", alone, 1) as one, _evening(folder / kind, among, WALKS) as other:
        taken = {name: (list[float](), list[float]()) for name in ("put", "changes", "report")}
        for time_ in range(TIMES):
            for name, (few, many) in taken.items():
                for evening, seconds in ((one, few), (other, many))[:: 1 if time_ % 2 else -1]:
                    seconds.append(_seconds(getattr(evening, name)))
    names = {"put": "a note is kept", "changes": "… changes", "report": "… report, built anew"}
    return [
        Row(f"{names[name]}, among {WALKS} walks on {kind}", _middle(many), "ms", raw=_middle(few), times=1.2)
        for name, (few, many) in taken.items()
    ]


def _seconds(do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _middle(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2] * 1000


@contextmanager
def _evening(folder: Path, settings: dict[str, str], walks: int) -> Iterator[Evening]:
    """A walk with NOTES notes on a server whose database holds so many walks."""
    server = Server(folder, TRYG_RATE_LIMITS="off", **settings).start()
    try:
        code = server.tryg("walk", "create", "--title", "Aftenen")["code"]
        server.tryg("user", "add", "laeser@example.dk", "--role", "coordinator")
        key = {"Authorization": f"Bearer {server.tryg('user', 'key', 'laeser@example.dk')['key']}"}
        with httpx.Client(base_url=server.url, timeout=60) as http:
            evening = Evening(http, Phone(http, code).join(), key)
            for _note in range(NOTES):
                evening.put()
            if walks > 1:
                server.stop()
                _fill(settings.get("TRYG_DATABASE_URL", f"sqlite:///{server.data / 'tryg.sqlite'}"), walks)
                server.start()
            for _time in range(3):
                evening.put()
                evening.changes()
                evening.report()
            yield evening
    finally:
        server.stop()


def _fill(url: str, walks: int) -> None:
    """Copies of the one walk that is there, with all its rows, until there are so many."""
    engine = sa.create_engine(url)
    quickly = "PRAGMA synchronous=OFF" if url.startswith("sqlite") else "SET synchronous_commit=off"
    with engine.connect() as connection:
        connection.exec_driver_sql(quickly)
        for name in ANEW:
            connection.exec_driver_sql(f'CREATE TEMPORARY TABLE first_{name} AS SELECT * FROM "{name}"')
        connection.commit()
        for first in range(1, walks, AT_ONCE):
            numbers = {"first": first, "last": min(first + AT_ONCE, walks) - 1}
            for name, anew in ANEW.items():
                connection.execute(_copied(SQLModel.metadata.tables[name], anew), numbers)
            connection.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if url.startswith("sqlite") else "VACUUM ANALYZE")
    engine.dispose()


def _copied(table: sa.Table, anew: tuple[str, ...]) -> Any:
    """INSERT … SELECT of the first walk's rows, once for each number from :first to :last."""
    number = "SUBSTR(CAST(100000000 + n.i AS VARCHAR(9)), 2)"
    given = {name: f"{number} || SUBSTR(t.{name}, 9)" for name in anew} | ({"code": number} if "code" in anew else {})
    names = [column.name for column in table.columns]
    wanted = ", ".join(given.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    return sa.text(
        f'INSERT INTO "{table.name}" ({listed}) WITH RECURSIVE n(i) AS (SELECT CAST(:first AS INTEGER) UNION ALL '
        f"SELECT i + 1 FROM n WHERE i < :last) SELECT {wanted} FROM n CROSS JOIN first_{table.name} t"
    )
