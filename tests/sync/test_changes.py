"""What others see, when, and what they never see."""

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from app.models import Participant
from app.sync import ingest
from app.sync.protocol import ObservationIn
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg, new_id

pytestmark = pytest.mark.usefixtures("every_database")


def seqs(changes: list[dict[str, Any]]) -> list[int]:
    return [change["seq"] for change in changes]


def test_others_read_a_note_without_a_name(stage: Stage) -> None:
    author, reader = stage.phone(name="Ida"), stage.phone()
    note_id = author.note(Picture(jpeg()))
    author.put(note_id)
    [seen] = reader.changes()
    assert (seen["id"], seen["mine"], seen["agreements"]) == (note_id, False, 0)
    assert "Ida" not in str(seen)
    assert author.id not in str(seen)
    assert author.changes()[0]["mine"] is True


def test_following_next_gives_every_change_once(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    for number in range(7):
        author.put(author.note(note=f"note {number}"))
    for limit in (1, 3, 7, 500):
        found = reader.changes(limit=limit)
        assert [change["note"] for change in found] == [f"note {number}" for number in range(7)]
        assert seqs(found) == sorted(set(seqs(found)))


def test_no_change_is_missed_while_others_write(stage: Stage) -> None:
    reader = stage.phone()
    phones = [stage.phone() for _ in range(4)]

    def write(phone: Phone) -> None:
        for _ in range(10):
            assert phone.put(phone.note()).status_code == 201

    seen: dict[str, int] = {}
    cursor = 0
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, phone) for phone in phones]
        while not all(done.done() for done in writing) or len(seen) < 40:
            changes = reader.changes(after=cursor, limit=3)
            assert all(seq > cursor for seq in seqs(changes))
            seen |= {change["id"]: change["seq"] for change in changes}
            cursor = max([cursor, *seqs(changes)])
            for done in writing:
                if done.done():
                    done.result()
    assert set(seen) == {note_id for phone in phones for note_id in phone.made}


def test_a_sensitive_note_is_seen_by_its_author_alone(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    note_id = author.note(factors=["behaviour.harassment"])
    author.put(note_id)
    assert reader.changes() == [{"id": note_id, "seq": 1, "deleted": True}]
    assert author.changes()[0]["factors"] == ["behaviour.harassment"]


def keep(tx: Session, phone: Phone, note_id: str) -> None:
    ingest.keep(tx, tx.get_one(Participant, phone.id), note_id, ObservationIn.model_validate(phone.made[note_id]))
    tx.flush()


def test_a_number_handed_out_before_its_commit_leaves_no_hole(stage: Stage) -> None:
    slow, quick, reader = stage.phone(), stage.phone(), stage.phone()
    first, second = slow.note(), quick.note()
    numbered, go_on = Event(), Event()

    def write_slowly() -> None:
        with stage.db.write() as tx:
            keep(tx, slow, first)
            numbered.set()
            assert go_on.wait(20)

    with ThreadPoolExecutor(2) as pool:
        earlier = pool.submit(write_slowly)
        assert numbered.wait(20)
        later = pool.submit(quick.put, second)
        wait([later], timeout=1)  # its chance to overtake
        seen = reader.changes()
        go_on.set()
        earlier.result()
        assert later.result().status_code == 201
    seen += reader.changes(after=max([0, *seqs(seen)]))
    assert [change["id"] for change in seen] == [first, second]


def test_a_page_is_read_from_one_moment_whatever_is_written_while_it_is(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    notes = [author.note(), author.note()]
    author.put(notes[0])
    due = [True]

    @event.listens_for(stage.db.engine, "after_cursor_execute")
    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if due and "FROM walk" in statement:  # the walk has been read, its notes have not
            due.clear()
            stage.close_walk()
            with stage.db.write() as tx:
                keep(tx, author, notes[1])

    page = reader.get(f"/walks/{stage.walk.id}/changes").json()
    assert not due
    seen = page["changes"] + reader.changes(after=page["next"])
    assert {change.get("id", "walk") for change in seen} == {*notes, "walk"}


def test_what_is_deleted_or_becomes_sensitive_is_taken_back_from_who_has_read_it(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    note_id = author.note(note="Gruppen ved bænken")
    seen, cursor = [], 0
    for content in ({}, {"factors": ["behaviour.harassment"]}, {"factors": []}, {"deleted": True}, {"deleted": False}):
        if content:
            author.edit(note_id, **content)
        author.put(note_id)
        [change] = reader.changes(after=cursor)
        cursor = change["seq"]
        seen.append(change.get("note", sorted(change)))
    gone = ["deleted", "id", "seq"]
    assert seen == ["Gruppen ved bænken", gone, "Gruppen ved bænken", gone, "Gruppen ved bænken"]


def test_a_change_of_the_walk_comes_in_its_turn(stage: Stage) -> None:
    phone = stage.phone()
    phone.put(phone.note())
    stage.close_walk()
    phone.put(phone.note())
    first, of_walk, last = phone.changes()
    assert of_walk["walk"]["state"] == "closed"
    assert first["seq"] < of_walk["seq"] < last["seq"]


def test_a_cursor_from_before_a_restored_backup_is_told(stage: Stage) -> None:
    phone = stage.phone()
    reply = phone.get(f"/walks/{stage.walk.id}/changes", params={"after": 99})
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/cursor-ahead")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"limit": "x"}, {"after": -1}, {"after": "x"}])
def test_a_page_that_cannot_be_is_refused(stage: Stage, query: dict[str, Any]) -> None:
    assert stage.phone().get(f"/walks/{stage.walk.id}/changes", params=query).status_code == 422


def test_a_voice_is_counted_once_and_can_be_taken_back(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    note_id = author.note()
    before = author.put(note_id).json()["seq"]
    path = f"/api/v1/observations/{note_id}/agreement"

    def say(agrees: bool) -> dict[str, Any]:
        reply = stage.http.put(path, json={"agrees": agrees}, headers=reader.key)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    assert say(True) == say(True) == {"id": note_id, "agrees": True, "agreements": 1}
    [seen] = reader.changes(after=before)
    assert seen["agreements"] == 1
    assert seen["seq"] == before + 1
    author.edit(note_id, note="rettet")
    author.put(note_id)
    assert author.changes()[-1]["agreements"] == 1
    assert say(False)["agreements"] == 0


def test_nobody_agrees_with_themselves_or_with_what_they_cannot_see(stage: Stage) -> None:
    author, reader, stranger = stage.phone(), stage.phone(), stage.phone(stage.another_walk())
    note_id, secret_note = author.note(), author.note(factors=["behaviour.harassment"])
    author.sync()

    def say(phone: Phone, note: str, body: Any = None) -> tuple[int, str]:
        sent = {"agrees": True} if body is None else body
        reply = stage.http.put(f"/api/v1/observations/{note}/agreement", json=sent, headers=phone.key)
        return reply.status_code, reply.json().get("type", "")

    assert say(author, note_id) == (403, "/problems/own-observation")
    assert say(reader, secret_note)[0] == say(stranger, note_id)[0] == say(reader, new_id())[0] == 404
    assert say(reader, note_id, {"agrees": "yes"})[0] == 422


def test_a_phone_learns_what_the_server_does_not_hold(stage: Stage) -> None:
    phone, other, picture, late = stage.phone(), stage.phone(), Picture(jpeg()), Picture(jpeg(colour=(1, 2, 3)))
    note_id, theirs, never = phone.note(picture), other.note(), new_id()
    phone.sync()
    other.sync()
    phone.edit(note_id, photos=[picture.declared(), late.declared()])
    phone.put(note_id)
    held = [{"id": note_id, "rev": 1}, {"id": note_id, "rev": 2}]
    missing = [{"id": note_id, "rev": 3}, {"id": theirs, "rev": 1}, {"id": never, "rev": 1}]
    asked = {"observations": held + missing, "photos": [picture.id, late.id, never]}
    path = f"/api/v1/walks/{stage.walk.id}/known"
    reply = stage.http.post(path, json=asked, headers=phone.key)
    assert reply.json()["missing"] == {"observations": missing, "photos": [late.id, never]}
    too_many = {"photos": [new_id()] * 501}
    assert stage.http.post(path, json=too_many, headers=phone.key).status_code == 422
