"""Others' notes on a walk where a coordinator has switched them off, and on again: both kinds of phones get it right."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, text

from app.models import Walk
from app.walks import walks
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until

pytestmark = pytest.mark.usefixtures("every_database")


class Reader:
    """A phone that follows the feed as the contract says, and nothing else: `seen` is what it shows of others."""

    def __init__(self, phone: Phone) -> None:
        self.phone, self.after = phone, 0
        self.seen: dict[str, str] = {}
        self.sharing: bool | None = None

    def follow(self) -> dict[str, str]:
        for change in self.phone.changes(self.after, limit=2):
            assert change["seq"] > self.after
            self.after = change["seq"]
            if "walk" in change:
                self.sharing = change["walk"]["sharing"]
            elif change.get("deleted"):
                self.seen.pop(change["id"], None)
            elif not change["mine"]:
                self.seen[change["id"]] = change["note"]
        return self.seen


def switch(stage: Stage, sharing: bool) -> None:
    with stage.db.write() as tx:
        walks.share(tx, tx.get_one(Walk, stage.walk.id), sharing)


def test_switched_off_others_notes_go_and_switched_on_they_come_back(stage: Stage) -> None:
    author, other = stage.phone(), stage.phone()
    notes = [author.note(note=f"note {number}") for number in range(5)]
    author.sync()
    reader, mine = Reader(other), Reader(author)
    assert set(reader.follow()) == set(notes)
    assert mine.follow() == {}
    switch(stage, False)
    assert reader.follow() == {}
    assert reader.sharing is False
    late = author.note(note="skrevet imens")
    author.edit(notes[0], note="rettet imens")
    author.sync()
    assert reader.follow() == {}
    latecomer = Reader(stage.phone())
    assert latecomer.follow() == {}
    switch(stage, True)
    for one in (reader, latecomer):
        assert one.follow() == {note: author.made[note]["note"] for note in [*notes, late]}
        assert one.sharing is True


def test_ones_own_notes_stay_whatever_is_switched(stage: Stage) -> None:
    author = stage.phone()
    author.put(author.note(note="min"))
    switch(stage, False)
    [of_walk, own] = author.changes()
    assert (of_walk["walk"]["sharing"], own["note"], own["mine"]) == (False, "min", True)


def test_switched_off_photos_and_agreement_are_not_there_either(stage: Stage) -> None:
    author, other, picture = stage.phone(), stage.phone(), Picture(jpeg())
    note = author.note(picture)
    author.sync()
    until(lambda: other.get(f"/photos/{picture.id}/thumbnail").status_code == 200)

    def doors(phone: Phone) -> list[int]:
        voice = stage.http.put(f"/api/v1/observations/{note}/agreement", json={"agrees": True}, headers=phone.key)
        return [phone.get(f"/photos/{picture.id}").status_code, phone.get(f"/photos/{picture.id}/thumbnail").status_code,
                voice.status_code]  # fmt: skip

    switch(stage, False)
    assert doors(other) == [404, 404, 404]
    assert doors(author) == [200, 200, 403]
    switch(stage, True)
    assert doors(other) == [200, 200, 200]


def test_a_switch_while_everybody_writes_loses_nothing_and_waits_for_nobody(stage: Stage) -> None:
    phones = [stage.phone() for _number in range(4)]
    reader = Reader(stage.phone())

    def write(phone: Phone) -> None:
        for number in range(8):
            note = phone.note(note=f"note {number}")
            phone.sync()
            phone.edit(note, note=f"note {number}, rettet")
            phone.sync()

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, phone) for phone in phones]
        sharing = True
        while not all(done.done() for done in writing):
            sharing = not sharing
            switch(stage, sharing)
            reader.follow()
        for done in writing:
            done.result()
    switch(stage, False)
    assert reader.follow() == {}
    switch(stage, True)
    assert reader.follow() == {note: made["note"] for phone in phones for note, made in phone.made.items()}


def between(stage: Stage, *meanwhile: tuple[str, Callable[[], Any]]) -> None:
    """Has the next statement that holds rows of a table be followed, once, by what comes meanwhile: (table, what)."""
    left = list(meanwhile)

    def look(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if left and f"FROM {left[0][0]}" in statement and "FOR UPDATE" in statement:
            left.pop(0)[1]()

    event.listen(stage.db.engine, "after_cursor_execute", look)


# SQLite has one writer at a time: nobody holds anything while another writes.
@pytest.mark.parametrize("every_database", ["postgresql"], indirect=True)
def test_a_switch_waits_for_nobody_who_waits_for_it(stage: Stage) -> None:
    author, reader = stage.phone(), Reader(stage.phone())
    author.put(author.note(note="der i forvejen"))
    pool, coming = ThreadPoolExecutor(1), list[Future[Any]]()
    new = author.note(note="kom ind imens")

    def edited() -> None:
        author.edit(new, note="og blev rettet")
        coming.append(pool.submit(author.put, new))
        until(lambda: stuck(stage) == 1)

    between(stage, ("observation", lambda: pool.submit(author.put, new).result()), ("walk", edited))
    switch(stage, False)
    assert coming[0].result().status_code == 200
    assert reader.follow() == {}
    switch(stage, True)
    assert sorted(reader.follow().values()) == ["der i forvejen", "og blev rettet"]


def stuck(stage: Stage) -> int:
    """How many wait for somebody's row."""
    with stage.db.read() as tx:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(tx.execute(text(waiting)).scalar_one())


def test_a_receipt_stays_what_it_was_when_notes_get_new_numbers(stage: Stage) -> None:
    author = stage.phone()
    note = author.note()
    before = author.put(note).json()
    switch(stage, False)
    assert author.put(note).json() == before


def test_switching_to_what_is_so_already_changes_nothing(stage: Stage) -> None:
    author = stage.phone()
    author.put(author.note())
    with stage.db.read() as tx:
        before = tx.get_one(Walk, stage.walk.id).seq
    switch(stage, True)
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).seq == before


def test_a_reader_sees_whether_one_of_the_voices_is_their_own(stage: Stage) -> None:
    author, first, second = stage.phone(), stage.phone(), stage.phone()
    note = author.note()
    author.put(note)

    def seen(phone: Phone) -> tuple[Any, Any]:
        [change] = phone.changes()
        return change["agreements"], change["agreed"]

    stage.http.put(f"/api/v1/observations/{note}/agreement", json={"agrees": True}, headers=first.key)
    assert [seen(phone) for phone in (author, first, second)] == [(1, False), (1, True), (1, False)]
    stage.http.put(f"/api/v1/observations/{note}/agreement", json={"agrees": False}, headers=first.key)
    assert seen(first) == (0, False)
