"""One observation, sent well and badly: one record, one receipt, nothing lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.models import Observation, Revision, Variant, Walk
from tests.cast import Stage
from tests.phone import FIX, Phone, Picture, jpeg, new_id

pytestmark = pytest.mark.usefixtures("every_database")


def problem(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].removeprefix("/problems/")


def test_a_note_is_received_and_the_receipt_names_it(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note(Picture(jpeg()))
    reply = phone.put(note_id)
    assert reply.status_code == 201
    receipt = reply.json()
    assert (receipt["id"], receipt["rev"], receipt["flags"]) == (note_id, 1, [])
    assert receipt["received_at"].endswith("Z")
    assert [photo["state"] for photo in receipt["photos"]] == ["expected"]


def test_the_same_note_again_gets_the_same_receipt(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    first = phone.put(note_id)
    again = phone.put(note_id, captured_at="2026-11-24T18:32:11.12Z", unknown="from a newer phone")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_eight_identical_requests_at_once_give_eight_identical_receipts(stage: Stage) -> None:
    phone = stage.phone()
    for _ in range(5):
        note_id = phone.note(Picture(jpeg()))
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _n, note_id=note_id: phone.put(note_id), range(8)))
        assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
        assert len({reply.content for reply in replies}) == 1
    with stage.db.read() as tx:
        assert len(tx.exec(select(Observation)).all()) == len(tx.exec(select(Revision)).all()) == 5


def test_an_edit_is_shown_and_the_first_words_are_history(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    first = phone.put(note_id).json()
    phone.edit(note_id, note="Lampen lyser igen.")
    second = phone.put(note_id)
    assert second.status_code == 200
    assert second.json()["rev"] == 2
    assert second.json()["seq"] > first["seq"]
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note_id).note == "Lampen lyser igen."
        assert tx.get_one(Revision, (note_id, 1)).content["note"] == "Lampen ved tunnelen er slukket."


def test_revisions_in_the_wrong_order_end_the_same(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    newest = phone.put(note_id, rev=3, note="tre")
    late = phone.put(note_id, rev=1, note="en")
    assert (late.status_code, late.json()) == (200, newest.json())
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note_id).note == "tre"
        assert tx.get_one(Revision, (note_id, 1)).content["note"] == "en"


def test_other_words_under_the_same_revision_are_kept_and_told(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    receipt = phone.put(note_id).json()
    for _ in range(2):
        clash = phone.put(note_id, note="Andre ord.")
        assert problem(clash) == (409, "same-revision-different-content")
        assert clash.json()["receipt"] == receipt
    with stage.db.read() as tx:
        assert [copy.content["note"] for copy in tx.exec(select(Variant)).all()] == ["Andre ord."]
    assert phone.put(note_id, rev=receipt["rev"] + 1, note="Andre ord.").status_code == 200


def test_a_deleted_note_is_a_tombstone_and_can_come_back_with_its_photos(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note_id = phone.note(picture)
    phone.sync()
    phone.edit(note_id, deleted=True)
    assert phone.put(note_id).status_code == 200
    gone = phone.changes()[-1]
    assert gone == {"id": note_id, "seq": gone["seq"], "deleted": True}
    phone.edit(note_id, deleted=False)
    assert phone.put(note_id).json()["photos"][0]["state"] in {"stored", "ready"}
    assert phone.changes()[-1]["note"] == "Lampen ved tunnelen er slukket."


def test_a_deletion_needs_no_words(stage: Stage) -> None:
    phone = stage.phone()
    bare = {"walk_id": phone.walk["id"], "rev": 1, "captured_at": "2026-11-24T19:32:11Z", "deleted": True}
    phone.made[note_id := new_id()] = bare
    assert phone.put(note_id).status_code == 201


def test_somebody_elses_note_cannot_be_written(stage: Stage) -> None:
    author, other = stage.phone(), stage.phone()
    note_id = author.note()
    author.put(note_id)
    other.made[note_id] = author.made[note_id]
    assert problem(other.put(note_id, rev=2)) == (403, "not-yours")


def test_a_walk_that_was_not_joined_cannot_be_written_to(stage: Stage) -> None:
    phone, elsewhere = stage.phone(), stage.another_walk()
    assert problem(phone.put(phone.note(), walk_id=elsewhere.id)) == (403, "not-yours")
    sent = phone.note()
    phone.put(sent)
    moved = phone.put(sent, rev=2, walk_id=elsewhere.id)
    assert problem(moved) == (422, "invalid")
    assert moved.json()["errors"][0]["field"] == "walk_id"


@pytest.mark.parametrize("key", ["", "Bearer x", "Bearer " + "0" * 36, "Basic abc"])
def test_an_outsider_writes_and_reads_nothing(stage: Stage, key: str) -> None:
    phone = stage.phone()
    note_id = phone.note()
    headers = {"Authorization": key} if key else {}
    walk = phone.walk["id"]
    for method, path in [
        ("PUT", f"/observations/{note_id}"),
        ("PUT", f"/observations/{note_id}/agreement"),
        ("GET", f"/walks/{walk}"),
        ("GET", f"/walks/{walk}/changes"),
        ("POST", f"/walks/{walk}/known"),
    ]:
        reply = stage.http.request(method, f"/api/v1{path}", headers=headers, content=b"not json")
        assert problem(reply) == (401, "not-joined"), path


def test_a_right_id_with_a_wrong_secret_is_an_outsider(stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    phone.secret = other.secret
    assert problem(phone.put(phone.note())) == (401, "not-joined")


def test_strangers_never_stand_in_line_for_the_writer(stage: Stage) -> None:
    phone, stranger = stage.phone(), stage.phone()
    stranger.secret = phone.secret
    phone.put(phone.note())
    with stage.db.write() as tx:  # everybody who comes to the writer waits now, and is asked to come again
        assert tx
        assert problem(stranger.put(stranger.note())) == (401, "not-joined")
        assert stranger.put(stranger.note()).status_code == 401, "asked again, it is a stranger still"
        if stage.db.sqlite:
            assert phone.put(phone.note()).status_code == 503
    assert phone.put(phone.note()).status_code == 201


def test_a_closed_walk_still_takes_what_its_walkers_have_and_says_so(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note(captured_at=(datetime.now(UTC) - timedelta(hours=1)).isoformat())
    stage.close_walk()
    assert phone.put(note_id).json()["flags"] == ["late"]
    after = phone.note(captured_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert phone.put(after).json()["flags"] == ["late", "after-close"]


def test_an_emptied_walk_answers_gone(stage: Stage) -> None:
    phone = stage.phone()
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    assert problem(phone.put(phone.note())) == (410, "walk-archived")
    assert problem(phone.get(f"/walks/{stage.walk.id}")) == (410, "walk-archived")


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        ({"fix": None}, ["needs-place"]),
        ({"fix": None, "stop_id": "00000000-0000-4000-8000-000000000000"}, ["needs-place"]),
        ({"factors": ["lighting.outage", "from.the.future"]}, ["unknown-factor"]),
        ({"captured_at": "2031-01-01T12:00:00+01:00"}, ["clock-skew"]),
        ({"captured_at": "2019-01-01T12:00:00+01:00"}, []),
        ({"fix": FIX | {"accuracy_m": 3000}}, []),
        ({"fix": FIX | {"accuracy_m": -1}}, []),
    ],
)
def test_what_is_odd_is_kept_and_flagged(stage: Stage, content: dict[str, Any], flags: list[str]) -> None:
    phone = stage.phone()
    reply = phone.put(phone.note(**content))
    assert (reply.status_code, reply.json()["flags"]) == (201, flags)


def test_a_stop_is_place_enough(stage: Stage) -> None:
    phone = stage.phone()
    assert phone.put(phone.note(fix=None, stop_id=stage.stops[1].id)).json()["flags"] == []


def test_what_was_captured_is_given_back_as_sent(stage: Stage) -> None:
    phone = stage.phone()
    phone.put(phone.note(note="a\x00b\ud800c", fix=FIX | {"accuracy_m": 0}))
    [change] = phone.changes()
    assert change["captured_at"] == "2026-11-24T19:32:11.120+01:00"
    assert change["note"] == "a\ufffdb\ufffdc"
    assert change["fix"]["accuracy_m"] is None


WRONG: list[tuple[str, Any]] = [
    ("walk_id", "x"), ("walk_id", None), ("rev", 0), ("rev", 10**30), ("rev", "1"), ("rev", 1.5), ("rev", True),
    ("captured_at", "2026-11-24T19:32:11"), ("captured_at", "i går"), ("captured_at", 1764010000),
    ("captured_at", "0001-01-01T00:00:00+14:00"), ("valence", "bad"), ("feeling", 4), ("feeling", -1),
    ("factors", ["x"] * 13), ("factors", "lighting.outage"), ("note", "x" * 4001), ("note", ["x"]),
    ("suggestion", "x" * 2001), ("stop_id", "tunnelen"), ("photos", [{}]),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_field_that_cannot_be_right_is_named(stage: Stage, field: str, value: Any) -> None:
    phone = stage.phone()
    reply = phone.put(phone.note(), **{field: value})
    assert problem(reply) == (422, "invalid")
    assert reply.json()["errors"][0]["field"].startswith(field)
    assert reply.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "fix", [{"lat": 90.1, "lon": 0}, {"lat": 0, "lon": -180.1}, {"lat": "57", "lon": 9}, {"lat": 1}]
)
def test_a_place_that_is_not_on_earth_is_refused(stage: Stage, fix: dict[str, Any]) -> None:
    phone = stage.phone()
    assert problem(phone.put(phone.note(fix=fix))) == (422, "invalid")
    assert problem(phone.put(phone.note(pin=fix))) == (422, "invalid")


def test_an_empty_note_is_refused_with_a_sentence(stage: Stage) -> None:
    phone = stage.phone()
    reply = phone.put(phone.note(valence=None, note="  ", fix=None))
    assert problem(reply) == (422, "invalid")
    assert phone.put(phone.note(valence=None, note="", feeling=0)).status_code == 201


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"not json", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"rev": NaN}', b"[" * 100_000,
     b'{"rev": ' + b"9" * 5000 + b"}", b'{"fix": {"lat": 1e999, "lon": 0}}'],
)  # fmt: skip
def test_a_body_that_is_no_note_gets_a_sentence(stage: Stage, raw: bytes) -> None:
    phone = stage.phone()
    reply = stage.http.put(f"/api/v1/observations/{new_id()}", content=raw, headers=phone.key)
    assert problem(reply) == (422, "invalid")


def test_a_body_over_one_mebibyte_is_refused(stage: Stage) -> None:
    phone = stage.phone()
    reply = stage.http.put(f"/api/v1/observations/{new_id()}", content=b" " * (1024 * 1024 + 1), headers=phone.key)
    assert problem(reply) == (413, "body-too-large")


def test_a_photo_belongs_to_the_first_note_that_declares_it(stage: Stage) -> None:
    phone, other, picture = stage.phone(), stage.phone(), Picture(jpeg())
    phone.put(phone.note(picture))
    for thief in (phone, other):
        reply = thief.put(thief.note(picture))
        assert problem(reply) == (422, "invalid")
        assert reply.json()["errors"][0]["field"] == "photos.0"
    twice = Picture(jpeg())
    assert phone.put(phone.note(Picture(jpeg()), twice, twice)).json()["errors"][0]["field"] == "photos.2"
    renamed = phone.note(Picture(jpeg()))
    phone.put(renamed)
    phone.made[renamed]["photos"][0]["sha256"] = "0" * 64
    assert problem(phone.put(renamed, rev=2)) == (422, "invalid")


def test_a_walk_is_read_with_an_etag(stage: Stage) -> None:
    phone = stage.phone()
    first = phone.get(f"/walks/{stage.walk.id}")
    again = phone.get(f"/walks/{stage.walk.id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    phone.put(phone.note())
    changed = phone.get(f"/walks/{stage.walk.id}", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.json()["seq"] == first.json()["seq"] + 1


def test_the_phones_own_walk_is_the_only_one_it_reads(stage: Stage) -> None:
    phone, elsewhere = stage.phone(), stage.another_walk()
    for path in (f"/walks/{elsewhere.id}", f"/walks/{elsewhere.id}/changes", f"/walks/{new_id()}"):
        assert problem(phone.get(path)) == (403, "not-yours")


def test_a_bad_network_changes_nothing(stage: Stage) -> None:
    fates = iter(["lose reply", "repeat", "lose request", "fine", "lose reply", "repeat"] * 10)
    phone = stage.phone()
    phone.network.fate = lambda: next(fates)
    notes = [phone.note(Picture(jpeg(colour=(number, 0, 0))), note=f"note {number}") for number in range(5)]
    phone.sync()
    with stage.db.read() as tx:
        held = tx.exec(select(Observation)).all()
    assert sorted(row.note for row in held) == [f"note {number}" for number in range(5)]
    assert {row.id for row in held} == set(notes)


def test_a_phone_of_the_same_id_is_no_second_phone(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note()
    phone.put(note_id)
    twin = Phone(stage.http, stage.walk.code)
    twin.id, twin.secret, twin.walk = phone.id, phone.secret, phone.walk
    twin.made[note_id.upper()] = phone.made[note_id]
    reply = twin.put(note_id.upper())
    assert (reply.status_code, reply.json()["id"]) == (200, note_id)


def test_minus_nought_is_nought_and_infinity_is_no_accuracy(stage: Stage) -> None:
    phone = stage.phone()
    note_id = phone.note(pin={"lat": 57, "lon": 0})
    assert phone.put(note_id).json() == phone.put(note_id, pin={"lat": 57, "lon": -0.0}).json()
    raw = b'{"lat": 1, "lon": 1, "accuracy_m": -1e400}'
    body = json.dumps(phone.made[note_id] | {"rev": 2, "fix": "FIX"}).encode().replace(b'"FIX"', raw)
    reply = stage.http.put(f"/api/v1/observations/{note_id}", content=body, headers=phone.key)
    assert problem(reply) == (422, "invalid")


def test_a_factor_of_a_newer_phone_is_as_sensitive_as_its_category(stage: Stage) -> None:
    author, reader = stage.phone(), stage.phone()
    author.put(author.note(factors=["behaviour.from_the_future"]))
    author.put(author.note(factors=["lighting.from_the_future"]))
    hidden, shown = reader.changes()
    assert (hidden.get("deleted"), shown.get("factors")) == (True, ["lighting.from_the_future"])
