"""Cleaning goes on whatever happens to it, and whatever happens to it says nothing against a photo."""

import os
import resource
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.models import Photo, now
from app.photos import cleaning, states
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg, new_id
from tests.photos.disks import SmallDisk
from tests.photos.pictures import SECRETS, bytes_of, full_of_metadata, noise, opened, saved, until


def sent(phone: Phone, *pictures: Picture) -> None:
    assert phone.put(phone.note(*pictures)).status_code == 201
    for picture in pictures:
        assert phone.put_picture(picture.id).status_code == 201


def row(stage: Stage, picture: Picture) -> Photo:
    with stage.db.read() as tx:
        return tx.get_one(Photo, picture.id)


def become(stage: Stage, picture: Picture, state: str) -> Photo:
    until(lambda: row(stage, picture).state == state)
    return row(stage, picture)


def worker_of(stage: Stage) -> Any:
    """The process of the stage's one worker, once there is one."""
    (worker,) = stage.app.state.cleaner._workers
    return until(lambda: worker._process)


def warmed_up(stage: Stage, phone: Phone) -> Any:
    """The worker's process, after it has cleaned a photo and waits for the next."""
    first = Picture(jpeg(colour=(1, 2, 3)))
    sent(phone, first)
    become(stage, first, "ready")
    return worker_of(stage)


def memory_kb(pid: int, which: str) -> int:
    """VmRSS: now; VmHWM: at most so far (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which))


@pytest.mark.usefixtures("every_store")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_once_a_photo_is_ready_its_metadata_is_gone_from_the_disk(stage: Stage, kind: str) -> None:
    phone, picture = stage.phone(), Picture(full_of_metadata(kind))
    sent(phone, picture)
    assert row(stage, picture).width in (None, 96)
    become(stage, picture, "ready")
    until(lambda: not list(stage.vault.originals()))
    on_disk = bytes_of(stage.vault)
    assert not [secret for secret in SECRETS if secret in on_disk]
    assert picture.data not in on_disk
    assert (row(stage, picture).width, row(stage, picture).height) == (96, 64)


@pytest.mark.usefixtures("every_store")
def test_what_proves_to_be_no_picture_is_unreadable_and_stands_in_nobodys_way(stage: Stage) -> None:
    phone, whole = stage.phone(), saved(noise(300, 200))
    told = full_of_metadata()[:2] + b"\xff\xfe\0\x11PRIVATE-COMMENT" + whole[2:]  # a comment, and a half of the picture
    broken, good = Picture(told[: len(told) // 2]), Picture(jpeg())
    sent(phone, broken, good)
    become(stage, broken, "unreadable")
    become(stage, good, "ready")
    # What may yet be saved of the picture is kept; what it told beside that is not.
    kept = stage.vault.original(broken.id)
    assert b"PRIVATE" in broken.data
    assert b"PRIVATE" not in kept
    assert broken.data[-1000:] in kept


@pytest.mark.usefixtures("every_store")
def test_a_phone_is_told_which_of_its_photos_and_recordings_cannot_be_read(stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    broken, good, late = Picture(saved(noise(300, 200))[:2000]), Picture(jpeg()), Picture(jpeg(colour=(1, 2, 3)))
    never = phone.note(late)
    phone.put(never)
    sent(phone, broken, good)
    become(stage, broken, "unreadable")
    become(stage, good, "ready")
    ids = {"photos": [good.id, broken.id, late.id]}
    asked = ids | {"states": True}
    path = f"/api/v1/walks/{stage.walk.id}/known"
    answer = {"missing": {"observations": [], "photos": [late.id]}, "unreadable": [broken.id]}
    assert stage.http.post(path, json=asked, headers=phone.key).json() == answer
    assert stage.http.post(path, json=ids, headers=phone.key).json() == {"missing": answer["missing"]}, (
        "as the contract has it"
    )
    assert "unreadable" not in stage.http.post(path, json=asked, headers=other.key).json()
    with stage.db.write() as tx:  # before it is looked into
        tx.get_one(Photo, good.id).state = "stored"
    answer["stored"] = [good.id]
    assert stage.http.post(path, json=asked, headers=phone.key).json() == answer
    with stage.db.write() as tx:  # nobody will look into it any more
        tx.get_one(Photo, good.id).erased_at = now()
    del answer["stored"]
    assert stage.http.post(path, json=asked, headers=phone.key).json() == answer


@pytest.mark.usefixtures("every_store")
def test_nothing_is_kept_of_a_file_whose_picture_cannot_be_told_from_the_rest(stage: Stage) -> None:
    phone, whole = stage.phone(), full_of_metadata("HEIF")
    broken = Picture(whole[: len(whole) // 2])
    sent(phone, broken)
    become(stage, broken, "unreadable")
    assert not list(stage.vault.originals())


def test_the_worker_is_nice_limited_and_stays_for_the_next_photo(stage: Stage) -> None:
    phone = stage.phone()
    process = warmed_up(stage, phone)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
    assert resource.prlimit(process.pid, resource.RLIMIT_AS)[0] == 2 * 1024**3
    second = Picture(jpeg())
    sent(phone, second)
    become(stage, second, "ready")
    assert worker_of(stage).pid == process.pid


def test_the_worker_needs_little_memory(stage: Stage) -> None:
    phone = stage.phone()
    process = warmed_up(stage, phone)
    large = Picture(saved(Image.new("RGB", (8000, 6250), "teal")))  # 150 MB, were it not decoded at half its size
    sent(phone, large, *(Picture(saved(noise(1600, 1200), quality=60 + number)) for number in range(4)))
    until(lambda: not list(stage.vault.originals()))
    assert 0 < memory_kb(process.pid, "VmHWM") < 120_000


def test_after_a_photo_that_took_much_memory_the_worker_gives_it_back(stage: Stage) -> None:
    phone, scene = stage.phone(), noise(150, 150).resize((4600, 4600))
    process = warmed_up(stage, phone)
    for format_, more in [("JPEG", {"progressive": True, "subsampling": 0}), ("WEBP", {"method": 0, "quality": 20})]:
        for picture in (Picture(saved(scene, format_, **more)), Picture(saved(noise(1600, 1200)))):
            sent(phone, picture)
            become(stage, picture, "ready")
    assert memory_kb(process.pid, "VmHWM") > 250_000
    assert 0 < memory_kb(process.pid, "VmRSS") < 130_000


@pytest.mark.usefixtures("every_store")
def test_the_next_photo_is_made_while_what_was_made_of_one_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, made, answered = stage.phone(), threading.Semaphore(0), cleaning.Worker.ask
    keep, first, in_time = states.cleaned, threading.Lock(), list[bool]()

    def ask(worker: cleaning.Worker, photo_id: str) -> str:
        answer = answered(worker, photo_id)
        made.release()
        return answer

    def cleaned(*given: Any) -> bool:
        if first.acquire(blocking=False):  # it is kept only when both are made
            in_time.append(made.acquire(timeout=60) and made.acquire(timeout=60))
        return keep(*given)

    monkeypatch.setattr(cleaning.Worker, "ask", ask)
    monkeypatch.setattr(states, "cleaned", cleaned)
    pictures = [Picture(jpeg(colour=(at, 9, 9))) for at in range(2)]
    sent(phone, *pictures)
    for picture in pictures:
        become(stage, picture, "ready")
    assert in_time == [True]


def test_a_worker_that_dies_marks_nothing_and_the_photo_is_cleaned_by_the_next(stage: Stage) -> None:
    phone = stage.phone()
    dead = warmed_up(stage, phone)
    dead.send_signal(signal.SIGSTOP)  # so that it has the photo, and does nothing with it
    picture = Picture(jpeg())
    sent(phone, picture)
    until(lambda: stage.app.state.cleaner._taken == {picture.id})
    dead.kill()
    until(lambda: row(stage, picture).tries == 1)
    assert row(stage, picture).state in {"stored", "ready"}
    become(stage, picture, "ready")
    assert worker_of(stage).pid != dead.pid


def test_a_worker_that_hangs_is_ended_and_the_photo_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = stage.phone()
    hanging = warmed_up(stage, phone)
    monkeypatch.setattr(cleaning, "LIMIT_S", 0.2)
    hanging.send_signal(signal.SIGSTOP)
    picture = Picture(jpeg())
    sent(phone, picture)
    until(lambda: row(stage, picture).tries >= 1)
    monkeypatch.undo()
    become(stage, picture, "ready")
    assert hanging.returncode == -signal.SIGKILL


def test_workers_that_cannot_even_start_mark_nothing(stage: Stage) -> None:
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(number, 9, 9))) for number in range(3)]
    (worker,) = stage.app.state.cleaner._workers
    command, worker._command = worker._command, ["/nowhere/python"]
    sent(phone, *pictures)
    until(lambda: any(row(stage, picture).tries for picture in pictures))
    assert {row(stage, picture).state for picture in pictures} == {"stored"}
    worker._command = command
    for picture in pictures:
        become(stage, picture, "ready")


def test_new_photos_come_before_those_that_gave_trouble(stage: Stage) -> None:
    phone, troubled, fresh = stage.phone(), Picture(jpeg()), Picture(jpeg(colour=(7, 7, 7)))
    with stage.app.state.cleaner._choosing:  # nothing is cleaned in here
        sent(phone, troubled, fresh)
        with stage.db.write() as tx:
            tx.get_one(Photo, troubled.id).tries = 1
        assert states.due(stage.db, set(), 1) == [fresh.id]
        assert states.due(stage.db, {fresh.id}, 1) == [troubled.id]


def test_the_pause_before_the_next_try_grows_and_ends(stage: Stage, clock: Any) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    sent(phone, picture)
    become(stage, picture, "ready")
    with stage.db.write() as tx:
        tx.get_one(Photo, picture.id).state = "stored"
        stage.app.state.cleaner._taken.add(picture.id)
    pauses = []
    for _time in range(12):
        states.postponed(stage.db, picture.id)
        again = row(stage, picture).retry_at
        assert again
        pauses.append((again - clock.moment).total_seconds())
        assert states.due(stage.db, set(), 1) == []
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (2, states.LONGEST_PAUSE_S)
    clock.advance(seconds=states.LONGEST_PAUSE_S)
    assert states.due(stage.db, set(), 1) == [picture.id]


def test_a_photo_of_fifty_megapixels_is_cleaned_within_the_limits(stage: Stage) -> None:
    phone, picture = stage.phone(), Picture(saved(Image.new("RGBA", (8000, 6250), "teal"), "PNG"))
    sent(phone, picture)
    assert become(stage, picture, "ready").width == 2048
    assert opened(phone.get(f"/photos/{picture.id}").content).size == (2048, 1600)


class TestOnASmallDisk:
    @pytest.fixture
    def stage_settings(self, small_disk: SmallDisk) -> dict[str, Any]:
        return {"photos_url": f"file://{small_disk.folder}/photos"}

    def test_a_full_disk_never_makes_a_photo_unreadable(self, stage: Stage, small_disk: SmallDisk) -> None:
        phone = stage.phone()
        warmed_up(stage, phone)
        worker_of(stage).send_signal(signal.SIGSTOP)
        picture = Picture(saved(noise(1600, 1200)))
        sent(phone, picture)
        until(lambda: stage.app.state.cleaner._taken == {picture.id})
        with small_disk.full(worker_of(stage).pid):
            worker_of(stage).send_signal(signal.SIGCONT)
            until(lambda: row(stage, picture).tries >= 1)
            assert row(stage, picture).state == "stored"
            assert not list((stage.vault.folder / "new").iterdir())
        become(stage, picture, "ready")


@pytest.mark.usefixtures("every_store")
def test_originals_left_by_a_crash_after_the_last_step_are_erased_at_the_next_start(stage: Stage) -> None:
    phone, picture, waiting = stage.phone(), Picture(jpeg()), new_id()
    sent(phone, picture)
    become(stage, picture, "ready")
    until(lambda: not list(stage.vault.originals()))
    for photo_id in (picture.id, waiting):
        arriving = stage.vault.arrive()
        arriving.write(picture.data)
        arriving.keep(photo_id)
        arriving.close()
    stage.app.state.cleaner._tidy()
    assert list(stage.vault.originals()) == [waiting]  # nothing is known of this one: it is not ours to erase
