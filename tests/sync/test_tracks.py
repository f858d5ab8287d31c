"""Where a team went: sent well and badly, it is one record, whose author alone can change or delete it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.models import Track, Walk
from app.walks import walks
from tests.cast import Clock, Stage
from tests.phone import Phone, new_id
from tests.sync.test_observations import problem

pytestmark = pytest.mark.usefixtures("every_database")

PARTS = [[[9.9217, 57.0488], [9.9218, 57.0489]], [[9.93, 57.05], [9.9302, 57.0501], [9.9304, 57.0502]]]


@pytest.fixture(autouse=True)
def asked_for(stage: Stage) -> None:
    switch(stage, True)


def switch(stage: Stage, tracks: bool) -> None:
    with stage.db.write() as tx:
        walks.ask_for_tracks(tx, tx.get_one(Walk, stage.walk.id), tracks)


def put(stage: Stage, phone: Phone, track_id: str, **body: Any) -> httpx.Response:
    told = {"walk_id": stage.walk.id, "team": "Nord", "rev": 1, "deleted": False, "parts": PARTS, **body}
    reply: httpx.Response = stage.http.put(f"/api/v1/tracks/{track_id}", json=told, headers=phone.key)
    return reply


def kept(stage: Stage) -> list[Track]:
    with stage.db.read() as tx:
        return list(tx.exec(select(Track)).all())


def test_a_track_is_kept_with_its_gaps_and_again_gets_the_same_receipt(stage: Stage, clock: Clock) -> None:
    phone, track_id = stage.phone(), new_id()
    first = put(stage, phone, track_id)
    clock.advance(minutes=5)
    again = put(stage, phone, track_id.upper(), of_a_newer_phone=1)
    assert (first.status_code, again.status_code) == (201, 200)
    receipt = first.json()
    assert (receipt["id"], receipt["rev"], receipt["deleted"]) == (track_id, 1, False)
    assert again.json() == receipt
    [row] = kept(stage)
    assert (row.parts, row.team, row.participant_id, row.walk_id) == (PARTS, "Nord", phone.id, stage.walk.id)


def test_eight_at_once_leave_one_track(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _n: put(stage, phone, track_id), range(8)))
    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    assert len({reply.content for reply in replies}) == len(kept(stage)) == 1


def test_it_grows_and_an_older_one_that_comes_late_changes_nothing_and_is_told_the_newer(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    put(stage, phone, track_id, rev=1, parts=PARTS[:1])
    assert put(stage, phone, track_id, rev=7).json()["rev"] == 7
    late = put(stage, phone, track_id, rev=3, parts=PARTS[:1])
    assert (late.status_code, late.json()["rev"], kept(stage)[0].parts) == (200, 7, PARTS)


def test_another_track_under_the_same_revision_is_refused_with_what_is_held(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    receipt = put(stage, phone, track_id, rev=4).json()
    for other in ({"parts": PARTS[:1]}, {"team": "Syd"}, {"deleted": True}):
        reply = put(stage, phone, track_id, rev=4, **other)
        assert problem(reply) == (409, "same-revision-different-content")
        assert reply.json()["receipt"] == receipt
    assert kept(stage)[0].parts == PARTS


def test_deleted_it_is_empty_at_once_and_what_was_on_its_way_does_not_bring_it_back(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    put(stage, phone, track_id, rev=1)
    gone = put(
        stage, phone, track_id, rev=3, deleted=True
    )  # a phone that still names the parts deletes them all the same
    assert (gone.status_code, gone.json()["deleted"]) == (200, True)
    assert put(stage, phone, track_id, rev=2).json() == gone.json()
    assert put(stage, phone, track_id, rev=3, deleted=True, parts=[]).json() == gone.json()
    [row] = kept(stage)
    assert (row.deleted, row.parts, row.rev) == (True, [], 3)


def test_nobody_writes_anothers_nor_learns_that_it_is_there(stage: Stage) -> None:
    phone, other, track_id = stage.phone(), stage.phone(), new_id()
    put(stage, phone, track_id)
    elsewhere = stage.phone(stage.another_walk(tracks=True))
    refusals = [
        put(stage, other, track_id, rev=9, deleted=True, parts=[]),
        put(stage, elsewhere, track_id, rev=9),
        put(stage, elsewhere, new_id()),  # a walk not joined
    ]
    assert {problem(reply) for reply in refusals} == {(403, "not-yours")}
    assert len({reply.content for reply in refusals}) == 1
    unknown = stage.http.put(f"/api/v1/tracks/{track_id}", json={"walk_id": stage.walk.id, "rev": 9})
    assert problem(unknown) == (401, "not-joined")
    assert [(row.rev, row.parts) for row in kept(stage)] == [(1, PARTS)]


def test_it_stays_in_its_walk(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    put(stage, phone, track_id)
    reply = put(stage, phone, track_id, rev=2, walk_id=stage.another_walk().id)
    assert (problem(reply), reply.json()["errors"][0]["field"]) == ((422, "invalid"), "walk_id")


def test_a_phone_has_one_living_track_for_each_team(stage: Stage) -> None:
    phone, first, second = stage.phone(), new_id(), new_id()
    put(stage, phone, first)
    assert problem(put(stage, phone, second)) == (422, "invalid")
    assert put(stage, phone, new_id(), team=None).status_code == 201
    assert put(stage, stage.phone(), new_id()).status_code == 201, "the next note taker has a phone of their own"
    put(stage, phone, first, rev=2, deleted=True)
    assert put(stage, phone, second).status_code == 201


def test_a_walk_that_does_not_ask_gets_none_but_deletes_what_is_there(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    receipt = put(stage, phone, track_id).json()
    switch(stage, False)
    assert put(stage, phone, track_id).json() == receipt
    refused = [put(stage, phone, track_id, rev=2), put(stage, stage.phone(), new_id())]
    assert {problem(reply) for reply in refused} == {(403, "not-allowed")}
    assert len(kept(stage)) == 1
    assert put(stage, phone, track_id, rev=3, deleted=True).status_code == 200
    assert kept(stage)[0].parts == []


def test_a_closed_walk_still_takes_what_was_recorded_and_an_emptied_one_does_not(stage: Stage) -> None:
    phone = stage.phone()
    stage.close_walk()
    assert put(stage, phone, new_id()).status_code == 201
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    assert problem(put(stage, phone, new_id(), team=None)) == (410, "walk-archived")


@pytest.mark.parametrize(
    "parts",
    [[[[9.9, 91.0]]], [[[181, 57.0]]], [[[-180.1, 57.0]]], [[[9.9]]], [[[9.9, 57.0, 3.0]]], [[9.9, 57.0]], [[["9.9", "57"]]],
     [[[None, None]]], [[[True, False]]], [[[10**400, 57]]], "9.9 57", {"type": "LineString"}, [[[9.9, 57.0]] * 20_001],
     [[[9.9, 57.0]]] * 20_001],
)  # fmt: skip
def test_what_is_no_track_is_refused_with_a_sentence(stage: Stage, parts: Any) -> None:
    reply = put(stage, stage.phone(), new_id(), parts=parts)
    assert problem(reply) == (422, "invalid")
    assert reply.json()["errors"][0]["field"].startswith("parts")
    assert reply.json()["detail"].endswith(".")
    assert kept(stage) == []


def test_the_longest_track_fits_and_one_beyond_the_bounds_of_a_body_does_not(stage: Stage) -> None:
    phone, track_id = stage.phone(), new_id()
    longest = [[[9.923456, 57.048812]] * 20_000, []]
    assert put(stage, phone, track_id, parts=longest).status_code == 201
    assert kept(stage)[0].parts == longest[:1], "a part without a point says nothing"
    assert problem(put(stage, phone, track_id, rev=2, parts=[[[9.923456, 57.048812]] * 60_000])) == (
        413,
        "body-too-large",
    )


def test_phones_hear_whether_tracks_are_asked_for(stage: Stage) -> None:
    phone = stage.phone()
    assert phone.get(f"/walks/{stage.walk.id}").json()["tracks"] is True
    before = phone.get(f"/walks/{stage.walk.id}").json()["seq"]
    switch(stage, True)
    assert phone.get(f"/walks/{stage.walk.id}").json()["seq"] == before
    switch(stage, False)
    [change] = phone.changes(before)
    assert change["walk"]["tracks"] is False
