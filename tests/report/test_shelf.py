"""A report that was built lately is given again only while it is still true, and to nobody who may see less."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from app import models
from app.db import Database, next_seq
from app.report import shelf
from app.report.report import build, version
from app.report.shelf import Shelf
from app.walks import walks
from tests.phone import CAPTURED, new_id


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    db = Database(database_url)
    yield db
    db.close()


def walk(db: Database, notes: int = 1, **more: object) -> str:
    with db.write() as tx:
        made = walks.create(tx, "Aftenvandring")
        who = models.Participant(id=new_id(), walk_id=made.id, secret_hash="x", role="resident", language="da")
        tx.add(who)
        tx.flush()
        for _number in range(notes):
            tx.add(note(tx, made.id, who.id, **more))
    return made.id


def note(tx: Session, walk_id: str, who: str, **more: object) -> models.Observation:
    at = models.now()
    said = {"note": "Mørkt her", "factors": ["lighting.outage"]} | more
    return models.Observation(id=new_id(), walk_id=walk_id, participant_id=who, rev=1, seq=next_seq(tx, walk_id),
                              first_received_at=at, received_at=at, captured_at=CAPTURED, captured_utc=at, **said)  # fmt: skip


def taken(held: Shelf, db: Database, walk_id: str, *, sensitive: bool = True) -> object:
    with db.read() as tx:
        return held.report(tx, walk_id, version(tx, walk_id), sensitive=sensitive, base_url="")


def test_it_is_built_once_until_something_changes(db: Database) -> None:
    one, held = walk(db), Shelf()
    first = taken(held, db, one)
    assert taken(held, db, one) is first
    with db.write() as tx:
        changed = tx.exec(select(models.Observation)).one()
        changed.note, changed.seq = "Lampen er tændt", next_seq(tx, one)
    second = taken(held, db, one)
    assert second is not first
    with db.read() as tx:
        assert second == build(tx, one, sensitive=True, base_url="")


def test_who_may_see_less_gets_a_report_of_their_own(db: Database) -> None:
    one, held = walk(db, sensitive=True), Shelf()
    assert len(taken(held, db, one).observations) == 1  # type: ignore[attr-defined]
    assert len(taken(held, db, one, sensitive=False).observations) == 0  # type: ignore[attr-defined]
    assert len(taken(held, db, one).observations) == 1  # type: ignore[attr-defined]


def test_no_more_is_kept_than_fits_and_what_was_asked_for_last_stays(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MOST_NOTES", 4)
    held, ids = Shelf(), [walk(db, 2) for _number in range(3)]
    first, second = taken(held, db, ids[0]), taken(held, db, ids[1])
    assert taken(held, db, ids[0]) is first
    third = taken(held, db, ids[2])
    assert taken(held, db, ids[2]) is third
    assert taken(held, db, ids[0]) is first
    assert taken(held, db, ids[1]) is not second


def test_what_nobody_asks_for_any_longer_goes(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "KEPT_S", -1.0)
    held, ids = Shelf(), [walk(db), walk(db)]
    first = taken(held, db, ids[0])
    taken(held, db, ids[1])
    assert taken(held, db, ids[0]) is not first
