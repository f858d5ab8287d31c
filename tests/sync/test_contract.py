"""The contract itself: what phones of other makers and last month's app rely on."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest

from app.sync import phone_types
from app.sync.protocol import _remembered, instant
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg, new_id


def test_the_phones_protocol_is_the_servers() -> None:
    assert phone_types.TARGET.read_text("utf-8") == phone_types.written(), "run python -m app.sync.phone_types"


def test_every_answer_carries_nosniff(stage: Stage) -> None:
    for path in ("/healthz", "/nowhere", f"/api/v1/walks/{new_id()}", "/openapi.json"):
        assert stage.http.get(path).headers["X-Content-Type-Options"] == "nosniff", path


def test_the_server_is_alive_and_ready(stage: Stage) -> None:
    assert stage.http.get("/healthz").json()["status"] == "ok"
    assert stage.http.get("/readyz").status_code == 200
    assert stage.http.head("/healthz").status_code == stage.http.head("/readyz").status_code == 200


@pytest.mark.embedded
def test_a_database_that_is_locked_says_try_again_and_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = stage.phone()
    note_id = phone.note()
    monkeypatch.setattr("app.db.TURN_S", 0.2)
    with stage.db.write():
        reply = phone.put(note_id)
        assert (reply.status_code, reply.json()["type"]) == (503, "/problems/try-again")
        assert reply.headers["Retry-After"]
        assert stage.http.get("/healthz").status_code == 200
    assert phone.put(note_id).status_code == 201


def test_a_commit_that_fails_is_never_a_receipt(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, other, picture = stage.phone(), stage.phone(), Picture(jpeg())
    known, new, theirs = phone.note(picture), phone.note(), other.note()
    assert phone.put(known).status_code == other.put(theirs).status_code == 201
    agreement = f"/api/v1/observations/{theirs}/agreement"
    writes: list[Callable[[], httpx.Response]] = [
        lambda: Phone(stage.http, stage.walk.code).try_to_join(),
        lambda: phone.put(new),
        lambda: phone.put_picture(picture.id),
        lambda: phone.network.send("PUT", agreement, json={"agrees": True}, headers=phone.key),
    ]

    def fail(connection: Any) -> None:
        if stage.db.sqlite:
            raise sqlite.OperationalError("disk I/O error")
        connection.rollback()  # PostgreSQL ends a transaction that cannot be committed
        raise psycopg.OperationalError("could not fsync")

    before = phone.changes()
    for write in writes:
        with monkeypatch.context() as broken:
            broken.setattr(stage.app.state.db.engine.dialect, "do_commit", fail)
            reply = write()
            assert (reply.status_code, reply.json()["type"]) == (503, "/problems/try-again")
            assert reply.headers["Retry-After"]
        assert phone.changes() == before
    assert [write().status_code for write in writes] == [201, 201, 201, 200]


def test_problems_speak_the_language_of_the_request(stage: Stage) -> None:
    details = {
        language: Phone(stage.http, "ZZZZZZZZ").network.send(
            "PUT", f"/api/v1/participants/{new_id()}",
            json={"code": "ZZZZZZZZ", "secret": "x" * 43}, headers={"Accept-Language": language},
        ).json()["detail"]
        for language in ("da", "en-GB,en;q=0.9")
    }  # fmt: skip
    assert len(set(details.values())) == 2


@pytest.mark.parametrize(
    "text", ["2026-11-24T19:32:60Z", "2026-11-24t19:32:11.123456789+01:00", "2026-11-24 19:32:11-00:00"]
)
def test_every_form_of_rfc_3339_is_read(text: str) -> None:
    assert instant(text).tzinfo is not None


def test_a_time_that_nobody_would_write_is_read_and_not_remembered() -> None:
    before = _remembered.cache_info().currsize
    for digit in "123":
        assert instant(f"2026-11-24T19:32:11.{digit}{'0' * 1_000_000}Z").tzinfo is not None
    assert _remembered.cache_info().currsize == before


def test_openapi_lists_every_route_with_its_body(stage: Stage) -> None:
    document = stage.http.get("/openapi.json").json()
    assert "requestBody" in document["paths"]["/api/v1/observations/{observation_id}"]["put"]
    for path in ("/healthz", "/readyz", "/app/", "/walks/{walk_id}/report", "/api/v1/photos/{photo_id}"):
        assert path in document["paths"], path


def test_what_is_wrong_is_said_in_the_language_of_the_request(stage: Stage) -> None:
    phone = stage.phone()
    for content in ({"captured_at": "i går"}, {"valence": None, "note": ""}, {"valence": "bad"}):
        note_id = phone.note(**content)
        said = {
            language: stage.http.put(
                f"/api/v1/observations/{note_id}",
                json=phone.made[note_id],
                headers=phone.key | {"Accept-Language": language},
            ).json()["detail"]
            for language in ("da", "en")
        }
        assert said["da"] != said["en"], said


def test_a_header_that_is_no_address_is_not_our_own_form(stage: Stage) -> None:
    for path in ("/sign-in", "/sign-out", "/language", "/sign-in/link"):
        reply = stage.http.post(path, headers={"Origin": "http://["}, data={"language": "da"})
        assert reply.status_code == 403, path
