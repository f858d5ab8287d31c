"""What the requests that come most often cost: how often they ask the database, and how many bytes they answer with. Times differ
from machine to machine, these do not; and neither grows with what else lies in the walk."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlmodel import SQLModel

from app.access import people
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg

REQUESTS_THREADS = ("AnyIO", "writer", "hand")
NEWEST = "ORDER BY access.number DESC\n LIMIT ? OFFSET ?"  # from the end of an index, where it stops
ASKING = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass
class Evening:
    """A walk with notes, each with a photo; whoever walks along, and whoever reads."""

    stage: Stage
    phone: Phone
    key: dict[str, str]

    @property
    def walk(self) -> str:
        return f"/walks/{self.stage.walk.id}"

    def notes(self, count: int) -> None:
        for at in range(count):
            self.photo(self.note(at), at)

    def note(self, at: int = 0) -> str:
        """A note of the next phone's, on the server; its id."""
        stop = self.stage.stops[at % 2].id
        note_id = self.phone.note(Picture(jpeg(colour=(at % 256, 7, 7))), stop_id=stop, factors=["lighting.outage"])
        assert self.phone.put(note_id).status_code == 201
        return note_id

    def photo(self, note_id: str, _at: int = 0) -> httpx.Response:
        [picture] = [one for one, owner in self.phone.owner.items() if owner == note_id]
        return self.phone.put_picture(picture)

    def read(self, path: str) -> httpx.Response:
        answer: httpx.Response = self.stage.http.get(path, headers=self.key)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def evening(stage: Stage) -> Evening:
    with stage.db.write() as tx:
        person = people.add(tx, "laeser@example.dk", "coordinator", "Aalborg Kommune")
        key = people.new_key(tx, person)
    return Evening(stage, stage.phone(), {"Authorization": f"Bearer {key}"})


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """The statements that requests ask meanwhile; what works in the background asks on threads of other names."""
    asked: list[str] = []

    def listen(*told: Any) -> None:
        if threading.current_thread().name.startswith(REQUESTS_THREADS) and told[2].lstrip().upper().startswith(ASKING):
            asked.append(told[2])

    event.listen(stage.db.engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        event.remove(stage.db.engine, "before_cursor_execute", listen)


def a_note_again(evening: Evening) -> httpx.Response:
    return evening.phone.put(next(iter(evening.phone.made)))


def a_new_note(evening: Evening) -> httpx.Response:
    return evening.phone.put(evening.phone.note())


def a_new_photo(evening: Evening) -> httpx.Response:
    return evening.photo(evening.note())


def the_changes(evening: Evening) -> httpx.Response:
    return evening.phone.get(evening.walk + "/changes", params={"after": 0, "limit": 10})


def reading(path: str) -> Callable[[Evening], httpx.Response]:
    """Somebody reads this page or file of the walk, built anew."""
    return lambda evening: evening.read(evening.walk + path)


def the_overview(evening: Evening) -> httpx.Response:
    return evening.read("/overview")


# What is asked for; how often it may ask the database, as it did when this was written; bytes of the answer, and for each note more.
OFTEN: dict[str, tuple[Callable[[Evening], httpx.Response], int, int, int]] = {
    "a new note": (a_new_note, 6, 300, 0),
    "a note sent again": (a_note_again, 6, 300, 0),
    "ten changes": (the_changes, 6, 6_000, 0),
    "the walk, as phones read it": (lambda evening: evening.phone.get(evening.walk), 4, 20_000, 0),
    "the report's page": (reading("/report"), 23, 20_000, 2_000),
    "its places": (reading("/report/places.geojson"), 19, 1_000, 400),
    "CSV": (reading("/report.csv"), 22, 2_000, 400),
    "GeoJSON": (reading("/report.geojson"), 22, 4_000, 900),
    "the live page": (reading("/live"), 12, 12_000, 0),
    "the live page's news": (reading("/live.json"), 9, 5_000, 0),
    "the overview": (the_overview, 15, 10_000, 0),
}


@pytest.mark.usefixtures("every_database")
def test_what_is_asked_most_often_asks_the_database_seldom_however_many_notes_there_are(evening: Evening) -> None:
    first: dict[str, int] = {}
    for notes in (6, 12):
        evening.notes(notes)
        for name, (ask, most, size, each) in OFTEN.items():
            evening.note()  # so that nothing is at hand from before
            with counted(evening.stage) as asked:
                answer = ask(evening)
            assert answer.status_code in (200, 201), (name, answer.text)
            told = f"{name}: {len(asked)} statements of {most}, {len(answer.content)} bytes"
            print(told)
            counts = not evening.stage.db.sqlite  # what servers count together; on SQLite it is in memory
            assert len(asked) <= most + counts, told + "\n" + "\n".join(asked)
            assert len(answer.content) <= size + each * len(evening.phone.made), told
            assert asked, name
            first.setdefault(name, len(asked))
            assert len(asked) <= first[name], f"{told}; with fewer notes {first[name]}"


@pytest.mark.usefixtures("every_database")
def test_a_photo_asks_the_database_seldom(evening: Evening) -> None:
    note_id = evening.note()
    with counted(evening.stage) as asked:
        assert evening.photo(note_id).status_code == 201
    counts = not evening.stage.db.sqlite
    assert len(asked) <= 9 + counts, "\n".join(asked)
    with counted(evening.stage) as again:
        assert evening.photo(note_id).status_code == 200
    assert len(again) <= 4 + counts, "\n".join(again)


@pytest.mark.embedded
def test_no_walks_rows_are_looked_for_among_all_the_others(evening: Evening) -> None:
    """Every statement finds them by an index: 10,000 other walks in the same tables cost this one nothing."""
    evening.notes(6)
    of_one_walk = [ask for name, (ask, *_costs) in OFTEN.items() if name != "the overview"]
    for ask in (*of_one_walk, a_new_photo):
        evening.note()
        with counted(evening.stage) as asked:
            ask(evening)
        through = {statement: found for statement in asked if (found := _read_through(evening.stage, statement))}
        assert not through


def _read_through(stage: Stage, statement: str) -> list[str]:
    """The steps of the statement that read a table from one end to the other."""
    if statement.startswith("INSERT"):  # looks for nothing; its plan names what a broken key elsewhere would ask for
        return []
    nothing = (None,) * statement.count("?")
    with stage.db.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)]
    return [step for step in plan if re.match(f"SCAN ({'|'.join(SQLModel.metadata.tables)})\\b", step)
            and not statement.endswith(NEWEST)]  # fmt: skip
