"""Joining by code: no account, no guessing, no harm in a repeat."""

import secrets

import pytest

from tests.cast import Stage
from tests.phone import Phone

pytestmark = pytest.mark.usefixtures("every_database")


def test_a_phone_joins_by_code_and_gets_its_walk(stage: Stage) -> None:
    reply = Phone(stage.http, stage.walk.code).try_to_join()
    assert reply.status_code == 201
    walk = reply.json()["walk"]
    assert walk["title"] == "Aftenvandring i Aalborg Øst"
    assert [stop["number"] for stop in walk["stops"]] == [1, 2]
    assert len(walk["taxonomy"]["categories"]) == 13


def test_the_code_is_read_as_people_write_it(stage: Stage) -> None:
    with stage.db.write() as tx:
        walk = tx.get_one(type(stage.walk), stage.walk.id)
        walk.code = "K0QF2M1D"
    for written in ("k0qf-2m1d", "KOQF 2MLD", " koqf-2mid "):
        assert Phone(stage.http, written).try_to_join().status_code == 201, written


def test_joining_twice_is_the_same_as_once_and_updates_the_profile(stage: Stage) -> None:
    phone = stage.phone()
    reply = phone.try_to_join(name="Ida", role="council")
    assert reply.status_code == 200
    assert reply.json()["participant_id"] == phone.id


def test_another_secret_or_another_walks_code_does_not_take_over_a_participant(stage: Stage) -> None:
    phone = stage.phone()
    other = stage.another_walk()
    taken = [
        phone.try_to_join(secret=secrets.token_urlsafe(32)),
        phone.try_to_join(code=other.code),
        phone.try_to_join(code="AAAAAAAA"),
    ]
    assert [reply.status_code for reply in taken] == [409, 409, 409]
    assert all(reply.json()["type"] == "/problems/participant-taken" for reply in taken)


def test_a_wrong_code_gets_a_sentence_and_not_a_walk(stage: Stage) -> None:
    reply = Phone(stage.http, "ZZZZ-ZZZZ").try_to_join()
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "/problems/walk-not-found"
    assert reply.json()["detail"]


def test_an_archived_walk_answers_as_if_it_never_was(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(type(stage.walk), stage.walk.id).state = "archived"
    archived = Phone(stage.http, stage.walk.code).try_to_join()
    unknown = Phone(stage.http, "ZZZZZZZZ").try_to_join()
    assert (archived.status_code, archived.content) == (unknown.status_code, unknown.content)


def test_nobody_new_joins_a_closed_walk_but_those_who_were_there_come_back(stage: Stage) -> None:
    phone = stage.phone()
    stage.close_walk()
    late = Phone(stage.http, stage.walk.code).try_to_join()
    assert (late.status_code, late.json()["type"]) == (409, "/problems/walk-closed")
    assert phone.try_to_join().status_code == 200


def test_thirty_wrong_codes_make_unknown_phones_wait_but_nobody_else(stage: Stage) -> None:
    phone = stage.phone()
    for _ in range(30):
        assert Phone(stage.http, "ZZZZZZZZ").try_to_join().status_code == 404
    refused = Phone(stage.http, stage.walk.code).try_to_join()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 601
    assert refused.json()["type"] == "/problems/too-many-attempts"
    assert phone.try_to_join().status_code == 200
    assert phone.put(phone.note()).status_code == 201


def test_eighty_good_codes_from_one_address_are_not_guessing(stage: Stage) -> None:
    assert {Phone(stage.http, stage.walk.code).try_to_join().status_code for _ in range(80)} == {201}


@pytest.mark.parametrize(
    ("field", "value"),
    [("secret", "short"), ("secret", None), ("role", "king"), ("name", "x" * 61), ("code", None), ("code", 12345678)],
)
def test_a_join_that_cannot_be_right_names_the_field(stage: Stage, field: str, value: object) -> None:
    reply = Phone(stage.http, stage.walk.code).try_to_join(**{field: value})
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == field


def test_an_id_that_is_no_uuid_is_refused(stage: Stage) -> None:
    phone = Phone(stage.http, stage.walk.code)
    phone.id = "not-a-uuid"
    assert phone.try_to_join().status_code == 422


def test_capitals_in_an_id_make_no_second_participant(stage: Stage) -> None:
    phone = stage.phone()
    lower, phone.id = phone.id, phone.id.upper()
    reply = phone.try_to_join()
    assert (reply.status_code, reply.json()["participant_id"]) == (200, lower)
    assert phone.put(phone.note()).status_code == 201
