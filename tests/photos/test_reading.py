"""Who sees a photo, in which state, and how little is sent to those who have it already."""

import pytest

from app.access.guards import secret_hash
from app.models import Membership, ReadingKey, User
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import opened, saved, scene, until


def shown(phone: Phone, picture: Picture) -> str:
    """The id of a picture of `phone` that is ready."""
    phone.put(phone.owner[picture.id])
    assert phone.put_picture(picture.id).status_code == 201
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
    return picture.id


def refused(phone: Phone, photo_id: str, **headers: str) -> tuple[int, str]:
    replies = [phone.get(f"/photos/{photo_id}{which}", headers=headers) for which in ("", "/thumbnail")]
    assert replies[0].status_code == replies[1].status_code
    assert replies[0].json() == replies[1].json()
    return replies[0].status_code, replies[0].json()["type"].removeprefix("/problems/")


def key_of(stage: Stage, role: str, organisation_id: str | None = None) -> dict[str, str]:
    secret = f"tryg_{role:x<30}"
    with stage.db.write() as tx:
        user = User(email=f"{role}@example.dk")
        tx.add(user)
        tx.flush()
        tx.add(Membership(user_id=user.id, role=role, organisation_id=organisation_id))
        tx.add(ReadingKey(secret_hash=secret_hash(secret), user_id=user.id))
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.usefixtures("every_store")
def test_fellow_walkers_see_the_clean_photo_and_its_thumbnail(stage: Stage) -> None:
    phone, fellow, picture = stage.phone(), stage.phone(), Picture(saved(scene(800, 600)))
    phone.note(picture)
    shown(phone, picture)
    full, small = fellow.get(f"/photos/{picture.id}"), fellow.get(f"/photos/{picture.id}/thumbnail")
    assert full.headers["content-type"] == small.headers["content-type"] == "image/jpeg"
    assert full.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert full.headers["x-content-type-options"] == "nosniff"
    assert opened(full.content).size == (800, 600)
    assert opened(small.content).size == (320, 240)
    assert len(small.content) <= 20_000
    assert full.content != picture.data


def test_an_outsider_learns_nothing(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.note(picture)
    photo_id = shown(phone, picture)
    outsider = stage.phone(stage.another_walk())
    nobody = Phone(stage.http, stage.walk.code)
    assert refused(outsider, photo_id) == (404, "photo-unknown") == refused(outsider, nobody.id)
    assert refused(nobody, photo_id) == (401, "not-joined") == refused(nobody, nobody.id)
    assert refused(nobody, photo_id, Authorization="Bearer x") == (401, "not-joined")
    assert stage.http.get(f"/api/v1/photos/{photo_id}").status_code == 401


def test_others_do_not_see_photos_of_deleted_sensitive_or_changed_notes(stage: Stage) -> None:
    phone, fellow = stage.phone(), stage.phone()
    for change in ({"deleted": True}, {"factors": ["behaviour.harassment"]}, {"photos": []}):
        picture = Picture(jpeg(colour=(len(change), 7, len(str(change)))))
        note = phone.note(picture)
        shown(phone, picture)
        assert fellow.get(f"/photos/{picture.id}").status_code == 200
        phone.edit(note, **change)
        assert phone.put(note).status_code == 200
        assert refused(fellow, picture.id) == (404, "photo-unknown")
        assert phone.get(f"/photos/{picture.id}").status_code == 200


def test_a_reading_key_opens_the_photos_of_its_own_organisation(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.note(picture)
    shown(phone, picture)
    path = f"/api/v1/photos/{picture.id}"
    assert stage.http.get(path, headers=key_of(stage, "coordinator", stage.walk.organisation_id)).status_code == 200
    assert stage.http.get(path, headers=key_of(stage, "admin")).status_code == 200
    elsewhere = stage.http.get(path, headers=key_of(stage, "partner"))
    assert (elsewhere.status_code, elsewhere.json()["type"]) == (404, "/problems/photo-unknown")


def test_what_is_not_ready_says_when_to_come_back_and_what_is_no_picture_says_so(stage: Stage) -> None:
    phone, coming, broken = stage.phone(), Picture(jpeg()), Picture(b"\xff\xd8\xff" + b"no picture" * 40)
    phone.put(phone.note(coming, broken))
    assert refused(phone, coming.id) == (404, "photo-not-ready")
    assert int(phone.get(f"/photos/{coming.id}").headers["retry-after"]) > 0
    assert phone.get(f"/photos/{coming.id}").headers["cache-control"] == "no-store"
    assert phone.put_picture(broken.id).status_code == 201
    until(lambda: phone.get(f"/photos/{broken.id}").json()["type"] == "/problems/photo-unreadable")
    assert refused(phone, broken.id) == (404, "photo-unreadable")
    assert not list(stage.vault.originals())  # no picture is in it, and what else is in it is nobody's to keep
    assert phone.put_picture(broken.id).json()["state"] == "unreadable"


@pytest.mark.usefixtures("every_store")
def test_who_has_the_photo_is_not_sent_it_again(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.note(picture)
    path = f"/photos/{shown(phone, picture)}"
    etag = phone.get(path).headers["etag"]
    assert etag != phone.get(f"{path}/thumbnail").headers["etag"]
    for held in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        reply = phone.get(path, headers={"If-None-Match": held})
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == etag
        assert reply.headers["cache-control"].startswith("private")
    assert phone.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    outsider = stage.phone(stage.another_walk())
    assert outsider.get(path, headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=3-3", 3, 4),
     ("bytes=5-99999999", 5, None), ("bytes=-99999999", 0, None)],
)  # fmt: skip
def test_a_part_of_a_photo_can_be_asked_for(stage: Stage, asked: str, first: int, last: int | None) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.note(picture)
    path = f"/photos/{shown(phone, picture)}"
    whole = phone.get(path)
    part = phone.get(path, headers={"Range": asked})
    assert part.status_code == 206
    assert part.content == whole.content[first:last]
    start = len(whole.content) + first if first < 0 else first
    end = start + len(part.content) - 1
    assert part.headers["content-range"] == f"bytes {start}-{end}/{len(whole.content)}"
    assert part.headers["content-length"] == str(len(part.content))
    same = phone.get(path, headers={"Range": asked, "If-Range": whole.headers["etag"]})
    assert same.status_code == 206
    assert phone.get(path, headers={"Range": asked, "If-Range": '"other"'}).content == whole.content


@pytest.mark.usefixtures("every_store")
def test_a_part_that_is_not_there_is_416_and_what_makes_no_sense_is_passed_over(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.note(picture)
    path = f"/photos/{shown(phone, picture)}"
    whole = phone.get(path).content
    for beyond in ("bytes=9999999-", "bytes=9999999-99999999", "bytes=-0"):
        reply = phone.get(path, headers={"Range": beyond})
        assert reply.status_code == 416
        assert reply.headers["content-range"] == f"bytes */{len(whole)}"
        assert reply.json()["type"] == "/problems/range-not-satisfiable"
    for nonsense in ("bytes=", "bytes=-", "bytes=9-3", "lines=1-2", "bytes=a-b", "bytes=0-1,3-4", "bytes=" + "9" * 99):
        reply = phone.get(path, headers={"Range": nonsense})
        assert (reply.status_code, reply.content) == (200, whole)
