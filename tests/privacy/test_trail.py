"""The access log's chain: only ever longer at its newest end, whoever writes at once; cut at its oldest end alone."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.db import Database
from app.models import Access, Organisation, Walk
from app.privacy import trail
from app.problems import TryAgain
from app.walks import walks
from tests.cast import Clock
from tests.privacy.conftest import logged, told


def write(db: Database, many: int = 1, who: str = "command", what: str = "read") -> None:
    for _ in range(many):
        with db.write() as tx:
            trail.record(tx, who, what, about="page:report")


def verdict(db: Database, known: tuple[int, str] | None = None) -> trail.Verdict:
    with db.read() as tx:
        return trail.verify(tx, known)


def past_its_guards(db: Database, *statements: str) -> None:
    """What somebody could do who has the database's own password or file."""
    with db.write() as tx:
        run = tx.connection().exec_driver_sql
        if db.sqlite:
            for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                run(f'DROP TRIGGER "{name}"')
        else:
            run("ALTER TABLE access DISABLE TRIGGER USER")
        for statement in statements:
            run(statement)
        if not db.sqlite:  # the next test is lent the same database
            run("ALTER TABLE access ENABLE TRIGGER USER")


def test_entries_are_numbered_and_chained_and_verify(db: Database, every_database: str) -> None:
    assert verdict(db) == trail.Verdict(0, 0, 0, trail.FIRST)
    write(db, 3)
    first, second, third = logged(db)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (first.before, second.before, third.before) == (trail.FIRST, first.hash, second.hash)
    assert verdict(db) == trail.Verdict(3, 1, 3, third.hash)


def test_an_entry_stands_exactly_where_what_it_tells_of_stands(db: Database, every_database: str) -> None:
    def fail() -> None:
        with db.write() as tx:
            trail.record(tx, "command", "erased")
            raise RuntimeError("it did not happen")

    with pytest.raises(RuntimeError):
        fail()
    assert logged(db) == []
    with db.write() as tx:
        tx.add(Organisation(name="Aalborg Kommune"))
        trail.record(tx, "command", "erased")
        trail.record(tx, "command", "searched")
    assert [one.what for one in logged(db)] == ["erased", "searched"]


def test_nothing_happens_that_cannot_be_logged(db: Database, every_database: str) -> None:
    write(db)

    def erase() -> None:
        with db.write() as tx:
            tx.add(Organisation(name="Aalborg Kommune"))
            trail.record(tx, "command", "erased")
            tx.info["access log"][0].who = None  # no database takes this

    with pytest.raises(DBAPIError):
        erase()
    with db.read() as tx:
        assert tx.exec(select(Organisation)).all() == []
    assert verdict(db).entries == 1


@pytest.mark.parametrize(
    "words",
    [{"who": "Bo Jensen"}, {"about": "note:Lampen er slukket"}, {"detail": "57.0488 9.9217"}, {"what": "wondered"},
     {"detail": 57.0488}, {"detail": "ida@kommune.example"}],
)  # fmt: skip
def test_no_words_and_no_place_fit_into_an_entry(words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="access log"):
        trail.entry(**{"who": "command", "what": "read"} | words)


def test_the_database_itself_refuses_every_change(db: Database, every_database: str) -> None:
    write(db, 3)
    for statement in (
        "UPDATE access SET who = 'person:x' WHERE number = 2",
        "UPDATE access SET what = 'cut'",
        "DELETE FROM access WHERE number = 1",
        "DELETE FROM access",
    ):
        with pytest.raises(DBAPIError, match="append-only"), db.write() as tx:
            tx.connection().exec_driver_sql(statement)
    assert verdict(db).entries == 3


def test_neither_replacing_nor_emptying_gets_around_that(db: Database, every_database: str) -> None:
    write(db, 2)
    around = (
        "INSERT OR REPLACE INTO access SELECT 1, at, organisation_id, walk_id, 'x', what, about, detail, before, hash FROM access WHERE number = 2"
        if db.sqlite
        else "TRUNCATE access"
    )
    with pytest.raises(DBAPIError, match="append-only"), db.write() as tx:
        tx.connection().exec_driver_sql(around)
    assert verdict(db).entries == 2


def test_whoever_gets_past_it_is_found_by_the_first_broken_number(db: Database, every_database: str) -> None:
    write(db, 9)
    for statement, broken in (
        ("UPDATE access SET number = 19 WHERE number = 9", 9),
        ("UPDATE access SET organisation_id = 'x' WHERE number = 8", 8),
        ("UPDATE access SET who = 'person:x' WHERE number = 7", 7),
        ("UPDATE access SET walk_id = 'x' WHERE number = 6", 6),
        ("""UPDATE access SET detail = '{"as": 2}' WHERE number = 5""", 5),
        ("UPDATE access SET at = '2020-01-01 00:00:00+00:00' WHERE number = 4", 4),
        ("DELETE FROM access WHERE number = 3", 3),
        ("DELETE FROM access WHERE number < 3", 4),  # the beginning is gone, and no cut tells of it
    ):
        past_its_guards(db, statement if not db.sqlite else statement.replace("+00:00", ".000000"))
        assert verdict(db).broken == broken, statement


def test_a_missing_newest_end_shows_by_what_was_noted_elsewhere(db: Database, every_database: str) -> None:
    write(db, 4)
    noted = (4, logged(db)[3].hash)
    assert verdict(db, noted).broken is None
    past_its_guards(db, "DELETE FROM access WHERE number > 2")
    assert verdict(db).broken is None, "the chain alone cannot know"
    assert verdict(db, noted).broken == 3
    assert verdict(db, (1, "0" * 64)).broken == 1


def test_eight_who_write_at_once_keep_one_chain(db: Database, every_database: str) -> None:
    """Each also changes rows that the others change, in another order: the log comes last, so nobody waits in a circle."""
    with db.write() as tx:
        places = [Organisation(name=name) for name in ("Aalborg", "Randers")]
        tx.add_all(places)
    begun, troubles = threading.Barrier(8), list[BaseException]()

    def go(number: int) -> None:
        begun.wait()
        for turn in range(10):
            try:
                with db.write() as tx:
                    first, second = sorted((places[0].id, places[1].id))
                    trail.record(tx, f"person:{number}", "decided")
                    if number % 2:  # some log before they change anything, others after, some log alone
                        for key in (first, second):
                            tx.get_one(Organisation, key, with_for_update=True).keeping = {"log": 365 + turn}
                    trail.record(tx, f"person:{number}", "released")
            except BaseException as trouble:
                troubles.append(trouble)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    assert verdict(db).entries == 160
    assert verdict(db).broken is None
    pairs = [(one.who, one.what) for one in logged(db)]
    assert all(pairs[at][0] == pairs[at + 1][0] for at in range(0, 160, 2)), "a transaction's entries stand together"


def test_a_log_that_is_held_for_long_is_a_try_again_and_no_gap(db: Database, every_database: str) -> None:
    if db.sqlite:
        return  # its one writer is the lock; tests/reliability waits for that
    write(db)
    with db.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({trail._ONE_AT_A_TIME})")
        with pytest.raises(TryAgain):
            write(db)  # after the 4 s that any lock is waited for
    write(db)
    assert verdict(db).entries == 2


def test_the_oldest_end_is_cut_after_two_years_and_the_rest_still_verifies(
    db: Database, every_database: str, clock: Clock
) -> None:
    write(db, 4)
    clock.advance(days=700)
    write(db, 2)
    assert trail.cut(db) == 0
    clock.advance(days=40)
    assert trail.cut(db, dry=True) == 4
    assert len(logged(db)) == 6
    last = logged(db)[3]
    assert trail.cut(db) == 4
    assert [one.number for one in logged(db)] == [5, 6, 7]
    assert logged(db)[-1].detail == {"through": 4, "hash": last.hash, "entries": 4}
    assert verdict(db) == trail.Verdict(3, 5, 7, logged(db)[-1].hash)
    assert verdict(db, (2, "0" * 64)).broken is None, "what was cut by its rule is not missed"
    write(db)
    clock.advance(days=735)
    assert trail.cut(db) == 4, "the entry on the cut before is cut too, once it is old"
    assert verdict(db).broken is None
    past_its_guards(db, "UPDATE access SET detail = '{}' WHERE what = 'cut'")
    assert verdict(db).broken is not None


def test_an_organisation_keeps_it_for_longer_but_never_for_less_than_half_a_year(
    db: Database, every_database: str, clock: Clock
) -> None:
    with db.write() as tx:
        tx.add(Organisation(name="Aalborg", keeping={"log": 1}))
        tx.add(Organisation(name="Randers", keeping={"log": 20}))
    with db.read() as tx:
        assert trail.keep_days(tx) == trail.LEAST_DAYS
    write(db)
    clock.advance(days=182)
    assert trail.cut(db) == 0
    clock.advance(days=2)
    assert trail.cut(db) == 1
    with db.write() as tx:
        tx.add(Organisation(name="Vejen", keeping={"log": 100_000}))
        tx.add(Organisation(name="Varde"))
    with db.read() as tx:
        assert trail.keep_days(tx) == trail.MOST_DAYS


def test_a_cut_that_somebody_made_up_takes_nothing_young_away(db: Database, every_database: str) -> None:
    write(db, 3)

    def make_up() -> None:
        with db.write() as tx:
            trail._put(tx, [trail.entry("server", "cut", through=3, hash="0" * 64)])
            tx.connection().exec_driver_sql("DELETE FROM access WHERE number <= 2")

    with pytest.raises(DBAPIError, match="append-only"):
        make_up()
    assert verdict(db).entries == 3


def test_it_is_searched_by_who_walk_what_and_time(db: Database, clock: Clock) -> None:
    with db.write() as tx:
        tx.add(place := Organisation(name="Aalborg"))
        tx.flush()
        walk = walks.create(tx, "Aftenvandring", organisation_id=place.id)
        walk = tx.get_one(Walk, walk.id)
        trail.record(tx, "person:1", "read", walk=walk, about="page:report")
        trail.record(tx, "person:2", "exported", walk=walk, about="file:csv")
        trail.record(tx, "command", "backed-up")
    clock.advance(hours=2)
    write(db, who="person:1")

    def numbers(most: int = 10, below: int | None = None, **asked: Any) -> list[int]:
        with db.read() as tx:
            return [one.number for one in trail.find(tx, trail.Asked(**asked), most, below)]

    assert numbers() == [4, 3, 2, 1]
    assert numbers(most=2) == [4, 3]
    assert numbers(below=3) == [2, 1]
    assert numbers(who=("person:1",)) == [4, 1]
    assert numbers(walk_id=walk.id) == [2, 1]
    assert numbers(what="exported") == [2]
    assert numbers(about="page:report") == [4, 1]
    assert numbers(since=clock.moment - timedelta(hours=1)) == [4]
    assert numbers(until=clock.moment - timedelta(hours=1)) == [3, 2, 1]
    assert numbers(places=frozenset({place.id})) == [2, 1], "what belongs to no organisation is not theirs"
    assert told(db, "backed-up") == [("command", "backed-up", "")]
    with db.read() as tx:
        assert tx.exec(select(Access.organisation_id).where(col(Access.walk_id) == walk.id)).all() == [place.id] * 2
