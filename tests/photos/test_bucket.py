"""Photos in an object store that has its moods: 503 in time, nothing lost, nothing doubled, and it goes on by itself."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.models import Photo
from app.photos import bucket, states
from app.photos.bucket import Unreached
from app.photos.vault import Vault, original_of, vault_of
from app.settings import Settings, WrongSetting, load
from tests.cast import Stage, make_settings
from tests.objects import Store
from tests.phone import Phone, Picture, jpeg, new_id
from tests.photos.faults import MoodyStore, moody
from tests.photos.pictures import files_of, until

LIMIT_S = 10.0  # the contract's longest wait for a 503


@pytest.fixture
def store(objects: Store) -> Iterator[MoodyStore]:
    with moody(objects) as between:
        yield between


@pytest.fixture
def stage_settings(store: MoodyStore) -> dict[str, Any]:
    return store.settings()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience in tenths of what it is."""
    for name in ("QUICK_S", "AGAIN_S", "REST_S"):
        monkeypatch.setattr(bucket, name, getattr(bucket, name) / 10)
    monkeypatch.setattr(bucket, "PATIENT_S", 1.0)


def noted(phone: Phone, *pictures: Picture) -> str:
    note_id = phone.note(*pictures)
    assert phone.put(note_id).status_code == 201
    return note_id


def told_to_try_again(reply: httpx.Response) -> None:
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems/try-again")
    assert int(reply.headers["retry-after"]) > 0


def ready(phone: Phone, picture: Picture) -> bool:
    return phone.get(f"/photos/{picture.id}").status_code == 200


def test_a_store_that_hangs_is_told_within_the_contracts_time_and_then_not_waited_for(
    store: MoodyStore, stage: Stage
) -> None:
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(number, 0, 0))) for number in range(12)]
    note = noted(phone, *pictures[:6])
    noted(phone, *pictures[6:])
    with store.being("slow"), ThreadPoolExecutor(12) as pool:
        began = time.monotonic()
        for reply in pool.map(phone.put_picture, [picture.id for picture in pictures]):
            told_to_try_again(reply)
        assert time.monotonic() - began < LIMIT_S
        phone.edit(note, note="Ord kommer frem alligevel.")
        assert phone.put(note).status_code == 200
    for picture in pictures:
        until(lambda picture=picture: phone.put_picture(picture.id).status_code in (200, 201))
    until(lambda: all(ready(phone, picture) for picture in pictures))


def test_whoever_is_refused_does_not_wait_for_a_store_that_hangs(store: MoodyStore, stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    pictures = [Picture(jpeg(colour=(0, number, 0))) for number in range(12)]
    theirs = noted(phone, *pictures[:6])
    noted(phone, *pictures[6:])
    stranger = {"Authorization": f"Bearer {phone.id}.{'x' * 43}"}
    put = f"/api/v1/observations/{theirs}/photos/{pictures[0].id}"
    with store.being("slow"), ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(phone.put_picture, picture.id) for picture in pictures]
        until(lambda: store.asked >= 8)  # as many as may wait for it
        assert stage.http.put(put, content=b"x", headers=stranger).status_code == 401
        assert stage.http.put(put, content=b"x", headers=other.key).status_code == 403
        assert stage.http.put(put.replace(theirs, new_id()), content=b"x", headers=phone.key).status_code == 404
        assert not any(one.done() for one in waiting)
        for one in waiting:
            told_to_try_again(one.result())


def test_of_eight_copies_at_once_one_is_put_and_the_others_find_it_there(store: MoodyStore, stage: Stage) -> None:
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(0, 0, number))) for number in range(5)]
    noted(phone, *pictures)
    with ThreadPoolExecutor(8) as pool:
        for picture in pictures:
            replies = list(pool.map(phone.put_picture, [picture.id] * 8))
            assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    originals = [path.rpartition("/")[2] for path in store.put if "/incoming/" in path]
    assert sorted(originals) == sorted(picture.id for picture in pictures)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("mood", ["refusing", "full", "slow", "late"])
def test_whatever_its_mood_a_photo_is_kept_once_and_never_acknowledged_before(
    store: MoodyStore, stage: Stage, mood: str
) -> None:
    phone, kept, late = stage.phone(), Picture(jpeg()), Picture(jpeg(colour=(9, 9, 9)))
    note = noted(phone, kept, late)
    assert phone.put_picture(kept.id).status_code == 201
    until(lambda: ready(phone, kept))
    with store.being(mood, "PUT"):
        told_to_try_again(phone.put_picture(late.id))
        assert phone.put_picture(kept.id).status_code == 200  # what is here is only compared
        failing = stage.http.get("/readyz")
        told_to_try_again(failing)
        assert (failing.json()["database"], failing.json()["photos"]) == ("ok", "failing")
        assert stage.http.get("/healthz").status_code == 200
    assert phone.put(note).json()["photos"][1] == {"id": late.id, "state": "expected"}
    receipt = until(lambda: (it := phone.put_picture(late.id)).status_code == 201 and it)
    assert receipt.json()["sha256"] == hashlib.sha256(late.data).hexdigest()
    until(lambda: ready(phone, late))
    until(lambda: not list(stage.vault.originals()))
    assert len(list(stage.vault.files())) == 4  # two pictures, two thumbnails
    assert until(lambda: stage.http.get("/readyz").status_code == 200)
    assert stage.http.get("/readyz").json() == {"status": "ready", "database": "ok", "photos": "ok"}


@pytest.mark.usefixtures("hasty")
def test_a_store_that_fails_while_a_photo_is_cleaned_marks_nothing_against_it(store: MoodyStore, stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    noted(phone, picture)
    with stage.app.state.cleaner._choosing:  # nothing is cleaned before the mood turns
        assert phone.put_picture(picture.id).status_code == 201
        mood = store.being("full", "PUT")
        mood.__enter__()
    until(lambda: tries(stage, picture) >= 1)
    assert phone.get(f"/photos/{picture.id}").json()["type"] == "/problems/photo-not-ready"
    mood.__exit__(None, None, None)
    until(lambda: ready(phone, picture))
    with store.being("refusing", "GET"):
        told_to_try_again(phone.get(f"/photos/{picture.id}"))
        told_to_try_again(phone.get(f"/photos/{picture.id}/thumbnail"))
    assert ready(phone, picture)


def tries(stage: Stage, picture: Picture) -> int:
    with stage.db.read() as tx:
        return tx.get_one(Photo, picture.id).tries


@pytest.fixture
def vault(store: MoodyStore, tmp_path: Path) -> Vault:
    return vault_of(Settings(data=tmp_path, **store.settings()))


def keep(vault: Vault, photo_id: str, content: bytes) -> None:
    arriving = vault.arrive()
    try:
        arriving.write(content)
        arriving.keep(photo_id)
    finally:
        arriving.close()


BUCKET = {
    "photos_url": "s3://photos/here",
    "photos_key": "k",
    "photos_secret": "s",
    "photos_endpoint": "http://127.0.0.1:1",
}


@pytest.mark.parametrize(
    ("named", "wrong"),
    [("URL", {"photos_url": "s3://"}), ("URL", {"photos_url": "s3://photos/a b"}), ("URL", {"photos_url": "gs://photos"}),
     ("URL", {"photos_url": "s3://photos?x=1"}), ("ENDPOINT", {"photos_endpoint": "store:9000"}), ("KEY", {"photos_key": ""}),
     ("ENDPOINT", {"photos_endpoint": "https://store/photos"}), ("SECRET", {"photos_secret": ""}),
     ("REGION", {"photos_endpoint": ""})],
)  # fmt: skip
def test_a_wrong_setting_is_one_sentence_that_names_it(named: str, wrong: dict[str, str]) -> None:
    with pytest.raises(WrongSetting) as told:
        load(**(BUCKET | wrong))
    assert str(told.value).startswith(f"TRYG_PHOTOS_{named} ")
    assert str(told.value).count(".") == 1


def test_what_other_programs_call_them_is_taken_where_ours_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {"AWS_ENDPOINT_URL": "https://s3.example.dk/", "AWS_ACCESS_KEY_ID": "theirs", "AWS_SECRET_ACCESS_KEY": "s3cret",
              "AWS_REGION": "eu-north-1"}  # fmt: skip
    for name, value in others.items():
        monkeypatch.setenv(name, value)
    place = load(photos_url="s3://photos", photos_key="ours").photos_place
    assert (place["endpoint"], place["key"], place["region"]) == ("https://s3.example.dk", "ours", "eu-north-1")
    assert place["secret"] == "s3cret"
    assert load().photos_key == "", "nothing of theirs is looked at where photos lie in a folder"
    assert "s3cret" not in repr(load(photos_url="s3://photos"))


def test_who_keeps_photos_in_a_folder_never_loads_the_library_of_the_store() -> None:
    said = (
        "import sys, app.main, app.photos.worker; print([name for name in sys.modules if name.startswith('obstore')])"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_same_again_is_not_put_again_and_what_was_not_declared_is_written_over(vault: Vault) -> None:
    photo_id = new_id()
    keep(vault, photo_id, b"as received")
    keep(vault, photo_id, b"as received")
    assert vault.original(photo_id) == b"as received"
    vault.keep_remains(photo_id, b"remains, as an older backup knows nothing of")
    keep(vault, photo_id, b"as received")
    assert vault.original(photo_id) == b"as received"


def test_a_bucket_that_is_not_there_is_no_reason_to_call_its_photos_lost(store: MoodyStore, tmp_path: Path) -> None:
    given = store.settings() | {"photos_url": "s3://another-bucket/x"}
    vault = vault_of(Settings(data=tmp_path, **given))
    with pytest.raises(Unreached, match="no bucket another-bucket"):
        next(vault.stream(original_of(new_id())))
    wrong = vault_of(Settings(data=tmp_path, **(store.settings() | {"photos_secret": "x"})))
    with pytest.raises(Unreached) as refused:
        next(wrong.stream(original_of(new_id())))
    assert store.settings()["photos_secret"] not in str(refused.value)
    assert not wrong.writable()


def test_what_a_server_that_was_killed_left_on_its_way_is_swept_and_nothing_that_is_still_needed(
    vault: Vault, store: MoodyStore, tmp_path: Path
) -> None:
    left = Path(vault.place["aside"]) / "of-the-dead" / "new"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"PRIVATE")
    arriving = vault.arrive()
    arriving.write(b"still coming")
    vault_of(Settings(data=tmp_path, **store.settings())).sweep()
    assert len(files_of(vault)) == 1
    photo_id = new_id()
    arriving.keep(photo_id)
    arriving.close()
    assert vault.original(photo_id) == b"still coming"


@pytest.mark.parametrize("every_database", ["postgresql"], indirect=True)
def test_two_servers_on_one_database_and_one_store_clean_each_photo_once(
    stage: Stage, database_url: str, every_database: str, tmp_path: Path, stage_settings: dict[str, Any]
) -> None:
    settings = make_settings(tmp_path / "second", database_url, **stage_settings)
    second = create_app(settings)
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(number, 9, 0))) for number in range(6)]
    noted(phone, *pictures)
    asked: list[str] = []
    for cleaner in (stage.app.state.cleaner, second.state.cleaner):
        for worker in cleaner._workers:
            real = worker.clean

            def counted(photo_id: str, real: Any = real) -> str:
                asked.append(photo_id)
                return str(real(photo_id))

            worker.clean = counted
    second.state.cleaner.start()
    for picture in pictures:
        assert phone.put_picture(picture.id).status_code == 201
        second.state.cleaner.kick()
    until(lambda: all(ready(phone, picture) for picture in pictures))
    second.state.cleaner.stop()
    assert sorted(asked) == sorted(picture.id for picture in pictures)
    with states.claimed(stage.db, pictures[0].id) as ours:
        assert not ours, "it is clean already"
    until(lambda: not list(stage.vault.originals()))
    second.state.db.close()
