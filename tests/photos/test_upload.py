"""A photo on its way in: the contract's answers, in the contract's order, and one photo however often it is sent."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest
from sqlmodel import select

from app.models import Observation, Photo, Walk
from app.photos import arrival, states
from app.photos.routes import _sha256_in
from app.problems import Problem
from tests.cast import Stage
from tests.phone import Phone, Picture, content_digest, jpeg, new_id
from tests.photos.pictures import bomb, files_of, heic, saved, scene, until

LIMIT = 300_000


@pytest.fixture
def stage_settings() -> dict[str, Any]:
    return {"photo_bytes": LIMIT}


def send(phone: Phone, note_id: str, photo_id: str, data: bytes, **headers: str) -> httpx.Response:
    path = f"/api/v1/observations/{note_id}/photos/{photo_id}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return phone.network.send("PUT", path, content=data, headers=phone.key | {"Content-Type": "image/jpeg"} | named)


def noted(phone: Phone, *pictures: Picture) -> str:
    note_id = phone.note(*pictures)
    assert phone.put(note_id).status_code == 201
    return note_id


def problem(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"]
    return reply.status_code, reply.json()["type"].removeprefix("/problems/")


@pytest.mark.usefixtures("every_store")
def test_a_photo_gets_a_receipt_and_a_repeat_gets_the_same(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    noted(phone, picture)
    first, again = phone.put_picture(picture.id), phone.put_picture(picture.id)
    expected = {"id": picture.id, "sha256": hashlib.sha256(picture.data).hexdigest(), "bytes": len(picture.data)}
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == expected | {"state": "stored"}
    assert {name: again.json()[name] for name in expected} == expected
    assert again.json()["state"] in {"stored", "ready"}


@pytest.mark.usefixtures("every_store")
def test_the_checks_come_in_the_order_of_the_contract(stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    declared, junk, large = Picture(jpeg()), Picture(b"no picture"), Picture(bomb())
    theirs = noted(other, Picture(jpeg(colour=(9, 9, 9))))
    unsent, mine = phone.note(declared, junk, large), new_id()
    too_long, wrong = b"x" * (LIMIT + 1), content_digest(b"something else")

    # Everything is wrong each time; one thing less from one line to the next.
    outsider = Phone(stage.http, stage.walk.code)
    assert problem(send(outsider, "no id", "no id", too_long)) == (401, "not-joined")
    assert problem(send(phone, "no id", "no id", too_long)) == (422, "invalid")
    assert problem(send(phone, unsent, mine, too_long, content_digest=wrong)) == (404, "observation-unknown")
    assert problem(send(phone, theirs, mine, too_long, content_digest=wrong)) == (403, "not-yours")
    assert phone.put(unsent).status_code == 201
    note = unsent
    assert problem(send(phone, note, mine, too_long, content_digest=wrong)) == (422, "photo-undeclared")
    assert problem(send(phone, note, declared.id, too_long, content_digest=wrong)) == (413, "photo-too-large")
    assert problem(send(phone, note, declared.id, b"x", content_digest=wrong)) == (422, "digest-mismatch")
    assert problem(send(phone, note, declared.id, b"x")) == (422, "digest-mismatch")
    assert problem(send(phone, note, junk.id, junk.data)) == (415, "not-a-photo")
    assert problem(send(phone, note, large.id, large.data)) == (413, "too-many-pixels")
    assert files_of(stage.vault) == []
    assert send(phone, note, declared.id, declared.data).status_code == 201
    assert problem(send(phone, note, declared.id, too_long)) == (413, "photo-too-large")
    assert problem(send(phone, note, declared.id, b"x", content_digest=wrong)) == (422, "digest-mismatch")
    assert problem(send(phone, note, declared.id, b"x")) == (409, "photo-differs")
    assert send(phone, note, declared.id, declared.data).status_code == 200


def test_a_photo_much_too_large_is_not_waited_for(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note = noted(phone, picture)
    assert "connection" not in send(phone, note, picture.id, b"x" * (LIMIT + 1)).headers
    assert send(phone, note, picture.id, b"x" * (5 * LIMIT)).headers["connection"] == "close"


def test_capitals_in_an_id_make_no_second_photo(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note = noted(phone, picture)
    assert send(phone, note.upper(), picture.id.upper(), picture.data).json()["id"] == picture.id
    assert send(phone, note, picture.id, picture.data).status_code == 200
    assert phone.get(f"/photos/{picture.id.upper()}").status_code in {200, 404}
    assert phone.get("/photos/nonsense").status_code == 422


@pytest.mark.parametrize("kind", ["png", "webp", "heic"])
def test_a_photo_is_judged_by_its_bytes_not_by_its_name(stage: Stage, kind: str) -> None:
    data = heic(scene()) if kind == "heic" else saved(scene(), kind.upper())
    phone, picture = stage.phone(), Picture(data, type="image/jpeg")
    noted(phone, picture)
    assert phone.put_picture(picture.id).status_code == 201
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a" + b"\0" * 99, b"%PDF-1.7", b"<svg/>", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\0" * 99]
)
def test_what_begins_as_no_photo_is_refused_and_not_kept(stage: Stage, data: bytes) -> None:
    phone, picture = stage.phone(), Picture(data)
    noted(phone, picture)
    assert problem(phone.put_picture(picture.id)) == (415, "not-a-photo")
    assert files_of(stage.vault) == []
    assert phone.put(phone.owner[picture.id]).json()["photos"] == [{"id": picture.id, "state": "expected"}]


def test_a_digest_may_be_missing_or_of_another_kind(stage: Stage) -> None:
    phone = stage.phone()
    for number, claim in enumerate([None, "", "sha-512=:AAAA:", "md5=:AAAA:, sha-256={right}", "SHA-256={right};q=1"]):
        picture = Picture(jpeg(colour=(number, 0, 0)))
        note = noted(phone, picture)
        right = content_digest(picture.data).removeprefix("sha-256=")
        headers = {} if claim is None else {"content_digest": claim.format(right=right)}
        assert send(phone, note, picture.id, picture.data, **headers).status_code == 201


@pytest.mark.parametrize(
    "claim", ["sha-256=abc", "sha-256=:abc:", "sha-256", "sha-256=:!!!:", "sha-256=:" + "A" * 44 + ":"]
)
def test_a_digest_that_cannot_be_read_does_not_fit(claim: str) -> None:
    with pytest.raises(Problem, match="digest-mismatch"):
        _sha256_in(claim)


def test_the_same_bytes_under_two_ids_are_both_stored(stage: Stage) -> None:
    phone, one, two = stage.phone(), Picture(jpeg()), Picture(jpeg())
    noted(phone, one, two)
    assert [phone.put_picture(picture.id).status_code for picture in (one, two)] == [201, 201]


def test_a_photo_named_by_any_revision_may_come_and_is_not_asked_for_again(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note = noted(phone, picture)
    phone.edit(note, photos=[])
    assert phone.put(note).json()["photos"] == []
    assert phone.put_picture(picture.id).status_code == 201
    phone.edit(note, photos=[picture.declared()])
    assert phone.put(note).json()["photos"][0]["state"] in {"stored", "ready"}


def test_a_photo_belongs_to_the_note_that_named_it_first(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    noted(phone, picture)
    second = noted(phone, Picture(jpeg(colour=(1, 1, 1))))
    assert problem(send(phone, second, picture.id, picture.data)) == (422, "photo-undeclared")


def test_the_photos_of_a_deleted_note_still_come_in(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note = noted(phone, picture)
    phone.edit(note, deleted=True)
    phone.put(note)
    assert [phone.put_picture(picture.id).status_code for _time in range(2)] == [201, 200]


def test_a_closed_walk_still_takes_photos_and_an_emptied_one_does_not(stage: Stage) -> None:
    phone, one, two = stage.phone(), Picture(jpeg()), Picture(jpeg(colour=(2, 2, 2)))
    noted(phone, one, two)
    stage.close_walk()
    assert phone.put_picture(one.id).status_code == 201
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    assert problem(phone.put_picture(two.id)) == (410, "walk-archived")


def test_whoever_follows_the_walk_sees_a_photo_come_and_become_ready(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    note = noted(phone, picture)
    (before,) = [change for change in phone.changes() if change.get("id") == note]
    assert before["photos"] == [{"id": picture.id, "state": "expected"}]
    phone.put_picture(picture.id)
    assert [change["id"] for change in phone.changes(after=before["seq"])] == [note]
    ready = until(lambda: [change for change in phone.changes(after=before["seq"])
                           if change["photos"] == [{"id": picture.id, "state": "ready"}]])  # fmt: skip
    assert ready[0]["seq"] >= before["seq"] + 2
    assert ready[0]["rev"] == before["rev"]


def test_a_photo_that_is_asked_for_again_while_its_repeat_comes_in_is_sent_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, picture, keep = stage.phone(), Picture(jpeg()), arrival.keep
    noted(phone, picture)
    assert phone.put_picture(picture.id).status_code == 201
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)

    def kept(*given: Any) -> Any:
        states.lost(stage.db, picture.id)  # until now it was here, and so the bytes that come are only compared
        return keep(*given)

    with monkeypatch.context() as patched:
        patched.setattr(arrival, "keep", kept)
        repeat = phone.put_picture(picture.id)
    assert problem(repeat) == (503, "try-again")
    assert "retry-after" in repeat.headers
    assert phone.put_picture(picture.id).status_code == 201
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)


def taken(phone: Phone, photo_id: str) -> httpx.Response:
    """As a phone does it: once more where the store was too slow and the answer is 503."""
    replies = (phone.put_picture(photo_id) for _try in range(5))
    return next(reply for reply in replies if reply.status_code != 503)


@pytest.mark.usefixtures("every_database", "every_store")
def test_eight_identical_uploads_at_once_give_one_photo_and_eight_receipts(stage: Stage) -> None:
    phone, pictures = stage.phone(), [Picture(saved(scene(400 + number, 300))) for number in range(4)]
    note = noted(phone, *pictures)
    with ThreadPoolExecutor(8) as pool:
        for picture in pictures:
            replies = list(pool.map(lambda one: taken(phone, one), [picture.id] * 8))
            assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
            receipts = [{**reply.json(), "state": ""} for reply in replies]
            assert receipts == [receipts[0]] * 8
    until(lambda: {photo["state"] for photo in phone.put(note).json()["photos"]} == {"ready"})
    with stage.db.read() as tx:
        assert sorted(tx.exec(select(Photo.id)).all()) == sorted(picture.id for picture in pictures)
        assert tx.get_one(Observation, note).seq == tx.get_one(Walk, stage.walk.id).seq
    until(lambda: len(files_of(stage.vault)) == 2 * len(pictures))  # the clean pictures, their thumbnails, no original


@pytest.mark.usefixtures("every_store")
def test_a_copy_that_comes_while_its_twin_is_cleaned_leaves_no_original_behind(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    noted(phone, picture)
    vault_keep = stage.vault.arrive

    def slow() -> Any:
        arriving = vault_keep()
        keep = arriving.keep

        def keep_late(photo_id: str) -> None:
            with closing(vault_keep()) as twin:
                twin.write(picture.data)
                assert arrival.keep(stage.db, stage.vault, photo_id, twin)[1]  # by another server
            stage.app.state.cleaner.kick()
            until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
            until(lambda: not list(stage.vault.originals()))
            keep(photo_id)

        arriving.keep = keep_late
        return arriving

    stage.vault.arrive = slow
    late = phone.put_picture(picture.id)
    assert (late.status_code, late.json()["state"]) == (200, "ready")
    assert list(stage.vault.originals()) == []
