"""What a phone says it still holds, and when it was last heard: kept cheaply, and only ever about itself."""

from typing import Any

import pytest
from sqlalchemy import event

from app.models import Participant
from tests.cast import Clock, Stage
from tests.phone import Phone, new_id

pytestmark = pytest.mark.usefixtures("every_database")


def kept(stage: Stage, phone: Phone) -> Participant:
    with stage.db.read() as tx:
        return tx.get_one(Participant, phone.id)  # type: ignore[no-any-return]


def say(stage: Stage, phone: Phone, body: Any, about: str = "") -> Any:
    return stage.http.put(f"/api/v1/participants/{about or phone.id}/outbox", json=body, headers=phone.key)


def test_what_a_phone_says_it_holds_is_kept_with_the_time(stage: Stage, clock: Clock) -> None:
    phone = stage.phone()
    assert (kept(stage, phone).waiting_notes, kept(stage, phone).waiting_photos) == (None, None)
    clock.advance(seconds=20)
    for notes, photos in ((2, 1), (2, 1), (0, 0)):
        reply = say(stage, phone, {"notes": notes, "photos": photos, "of_a_newer_phone": True})
        assert (reply.status_code, reply.json()) == (200, {"notes": notes, "photos": photos})
        row = kept(stage, phone)
        assert (row.waiting_notes, row.waiting_photos, row.heard_at) == (notes, photos, clock.moment)


def test_a_phone_speaks_for_itself_alone(stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    for about in (other.id, new_id()):
        reply = say(stage, phone, {"notes": 9, "photos": 9}, about)
        assert (reply.status_code, reply.json()["type"]) == (403, "/problems/not-yours")
    assert kept(stage, other).waiting_notes is None
    assert stage.http.put(f"/api/v1/participants/{phone.id}/outbox", json={"notes": 1, "photos": 1}).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"notes": 1}, {"notes": -1, "photos": 0}, {"notes": 2**31, "photos": 0}, {"notes": "1", "photos": 0},
             {"notes": None, "photos": 0}, {"notes": 10**30, "photos": 0}, []]
)  # fmt: skip
def test_what_cannot_be_is_refused(stage: Stage, body: Any) -> None:
    assert say(stage, stage.phone(), body).status_code == 422


def test_a_phone_that_only_asks_is_heard_too_but_is_not_written_down_each_time(stage: Stage, clock: Clock) -> None:
    phone = stage.phone()
    joined = kept(stage, phone).heard_at
    written: list[str] = []

    @event.listens_for(stage.db.engine, "before_cursor_execute")
    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE participant"):
            written.append(statement)

    clock.advance(seconds=50)
    phone.get(f"/walks/{stage.walk.id}")
    assert kept(stage, phone).heard_at == joined
    clock.advance(seconds=50)
    for _time in range(3):
        phone.get(f"/walks/{stage.walk.id}")
        phone.changes()
    assert kept(stage, phone).heard_at == clock.moment
    assert len(written) == 1


def test_a_stranger_is_not_heard_in_somebody_elses_name(stage: Stage, clock: Clock) -> None:
    phone = stage.phone()
    joined = kept(stage, phone).heard_at
    clock.advance(hours=1)
    forged = {"Authorization": f"Bearer {phone.id}.{'A' * 43}"}
    assert stage.http.get(f"/api/v1/walks/{stage.walk.id}", headers=forged).status_code == 401
    assert kept(stage, phone).heard_at == joined
