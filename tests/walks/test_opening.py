"""Walks that open by themselves, and breaks: once, whoever looks, and nothing that is written is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.db import Database
from app.models import Walk
from app.walks import opening, walks
from app.walks.opening import open_due
from tests.cast import Clock, Stage
from tests.photos.pictures import until
from tests.running import Server


@pytest.fixture
def nobody_else(stage: Stage) -> None:
    """The server itself looks for none meanwhile."""
    stage.app.state.opener.stop()


def read(stage: Stage, walk: Walk) -> Walk:
    with stage.db.read() as tx:
        return tx.get_one(Walk, walk.id)  # type: ignore[no-any-return]


@pytest.mark.usefixtures("every_database", "nobody_else")
def test_a_planned_walk_opens_when_its_time_has_come_and_not_before(stage: Stage, clock: Clock) -> None:
    walk = stage.another_walk(planned=True, opens_at=clock.moment + timedelta(minutes=30))
    without = stage.another_walk(planned=True)
    clock.advance(minutes=29)
    assert open_due(stage.db) == []
    clock.advance(minutes=1)
    assert open_due(stage.db) == [walk.id]
    assert open_due(stage.db) == []
    opened = read(stage, walk)
    assert (opened.state, opened.seq, opened.changed_seq) == ("open", 1, 1)
    assert read(stage, without).state == "planned"


@pytest.mark.usefixtures("every_database", "nobody_else")
def test_what_somebody_has_closed_is_not_opened_again(stage: Stage, clock: Clock) -> None:
    walk = stage.another_walk(planned=True, opens_at=clock.moment)
    with stage.db.write() as tx:
        walks.close(tx, tx.get_one(Walk, walk.id))
    clock.advance(hours=1)
    assert open_due(stage.db) == []
    assert read(stage, walk).state == "closed"


@pytest.mark.usefixtures("every_database", "nobody_else")
def test_several_processes_that_look_at_once_open_it_once(stage: Stage, database_url: str, clock: Clock) -> None:
    walk = stage.another_walk(planned=True, opens_at=clock.moment)
    processes = [Database(database_url) for _number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        opened = [one for found in pool.map(open_due, processes) for one in found]
    for process in processes:
        process.close()
    assert opened == [walk.id]
    assert read(stage, walk).seq == 1


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LOOK_S", 0.05)


@pytest.mark.usefixtures("every_database")
def test_a_server_opens_it_without_waiting_for_the_turn_of_a_queue(often: None, stage: Stage, clock: Clock) -> None:
    walk = stage.another_walk(planned=True, opens_at=clock.moment + timedelta(minutes=30))
    if not stage.db.sqlite:  # the queue's first turns are over, and the next are a minute away
        until(lambda: "invitations" in turns_of(stage))
        assert opening.TASK not in turns_of(stage)
    clock.advance(minutes=30)
    until(lambda: read(stage, walk).state == "open", within_s=30)


def turns_of(stage: Stage) -> set[str]:
    """What is put into the queue of all servers again and again."""
    with stage.db.read() as tx:
        return set(tx.connection().execute(text("SELECT task_name FROM procrastinate_periodic_defers")).scalars())


def test_a_server_that_slept_through_the_moment_opens_it_when_it_wakes(start_server: Callable[..., Server]) -> None:
    server = start_server()
    walk = server.tryg("walk", "create", "--title", "Aftenvandring")["walk_id"]
    server.kill()
    db = Database(server.database)
    with db.write() as tx:
        found = tx.get_one(Walk, walk)
        found.state, found.opens_at = "planned", datetime.now(UTC) - timedelta(hours=2)
    server.start()

    def is_open() -> bool:
        with db.read() as tx:
            return tx.get_one(Walk, walk).state == "open"

    until(is_open)
    with db.read() as tx:
        opened = tx.get_one(Walk, walk)
        assert (opened.seq, opened.changed_seq) == (1, 1), "opened once, as a change that the phones are told of"
    db.close()


@pytest.mark.usefixtures("every_database")
def test_a_break_is_a_change_that_phones_are_told_of_and_takes_notes_in_all_the_same(stage: Stage) -> None:
    phone = stage.phone()
    seen = []
    for paused in (True, True, False, False):
        with stage.db.write() as tx:
            walks.pause(tx, tx.get_one(Walk, stage.walk.id), paused)
        phone.put(phone.note()).raise_for_status()
        [of_walk] = [change for change in phone.changes() if "walk" in change]
        seen.append((of_walk["walk"]["paused"], of_walk["seq"]))
    assert seen == [(True, 1), (True, 1), (False, 4), (False, 4)]
    assert stage.phone().walk["paused"] is False


@pytest.mark.usefixtures("every_database")
def test_only_an_open_walk_has_a_break_and_a_closing_ends_it(stage: Stage) -> None:
    planned = stage.another_walk(planned=True)
    with stage.db.write() as tx:
        walks.pause(tx, tx.get_one(Walk, planned.id), True)
        walks.pause(tx, tx.get_one(Walk, stage.walk.id), True)
        walks.close(tx, tx.get_one(Walk, stage.walk.id))
    assert read(stage, planned).paused_at is None
    assert read(stage, stage.walk).paused_at is None
