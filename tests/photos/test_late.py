"""Whoever cleans a photo may be late: another has cleaned it by then, somebody has blurred or erased it. What the late one made
changes nothing of that; and what one that crashed has made is no hindrance."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.models import Photo
from app.photos import blurring
from app.privacy import erasing
from tests.cast import Stage, make_settings
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import bytes_of, files_of, full_of_metadata, noise, saved, until
from tests.postgres import Cluster

WHOLE = (0.0, 0.0, 1.0, 1.0)


def large() -> bytes:
    """A picture whose decoding takes a good part of a second."""
    return saved(noise(150, 150).resize((4600, 4600)), progressive=True, subsampling=0)


def sent(phone: Phone, picture: Picture) -> None:
    assert phone.put(phone.note(picture)).status_code == 201
    assert phone.put_picture(picture.id).status_code == 201


def state(stage: Stage, picture: Picture) -> str:
    with stage.db.read() as tx:
        return tx.get_one(Photo, picture.id).state


def shown(stage: Stage, picture: Picture) -> list[bytes]:
    """The thumbnail, and the picture."""
    return [b"".join(stage.vault.pieces(picture.id, thumbnail=thumbnail)) for thumbnail in (True, False)]


def is_taken(stage: Stage, picture: Picture) -> bool:
    return picture.id in stage.app.state.cleaner._taken


def has_read(pid: int) -> int:
    """Bytes (proc_pid_io(5))."""
    return int(Path(f"/proc/{pid}/io").read_text().split()[1])


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")


@contextmanager
def stopped_in_the_midst(stage: Stage, data: bytes) -> Iterator[Picture]:
    """A photo whose bytes the stage's worker has read, and of which it has kept nothing yet. At the end it goes on, and is done with
    the photo."""
    phone, first = stage.phone(), Picture(jpeg())
    sent(phone, first)
    until(lambda: state(stage, first) == "ready" and not is_taken(stage, first))
    [worker] = stage.app.state.cleaner._workers
    pid, in_time = worker._process.pid, False
    while not in_time:
        picture, before = Picture(data), has_read(pid)
        sent(phone, picture)
        until(lambda before=before: has_read(pid) >= before + len(data))
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: is_stopped(pid))
            names = stage.vault.names(picture.id, original=False)
            in_time = not any((worker.bench.folder / name).exists() for name in names)
            if in_time:
                yield picture
        finally:
            os.kill(pid, signal.SIGCONT)
        until(lambda picture=picture: not is_taken(stage, picture))


@pytest.mark.usefixtures("every_store")
@pytest.mark.parametrize("every_database", ["postgresql"], indirect=True)
def test_a_server_that_is_late_puts_no_bare_picture_over_what_was_blurred_meanwhile(
    stage: Stage,
    database_url: str,
    every_database: str,
    photo_settings: dict[str, Any],
    postgres: Cluster,
    tmp_path: Path,
) -> None:
    here = photo_settings or {"photos_url": f"file://{stage.vault.folder}"}
    second = create_app(make_settings(tmp_path / "second", database_url, **here))
    with stopped_in_the_midst(stage, large()) as picture:
        assert postgres.throw_out()  # and with its session goes the first server's claim
        second.state.cleaner.start()
        until(lambda: state(stage, picture) == "ready")
        bare = shown(stage, picture)
        with blurring.version(second.state.vault, picture.id, [WHOLE], []) as version:
            version.decided()
        blurred = shown(stage, picture)
        assert not set(blurred) & set(bare)
        with stage.db.write() as tx:
            tx.get_one(Photo, picture.id).blurs = [list(WHOLE)]
    second.state.cleaner.stop()
    second.state.db.close()
    assert shown(stage, picture) == blurred
    assert stage.vault.unblurred(picture.id) == bare[1]
    until(lambda: not list(stage.vault.originals()))


@pytest.mark.usefixtures("every_store")
@pytest.mark.parametrize("readable", [True, False])
def test_of_a_photo_that_is_erased_while_it_is_cleaned_nothing_stays(stage: Stage, readable: bool) -> None:
    data = large()
    with stopped_in_the_midst(stage, data if readable else data[: -len(data) // 3]) as picture:
        others = [name for name in files_of(stage.vault) if picture.id not in name]
        gone = erasing.Gone()
        with stage.db.write() as tx:
            erasing.tell(tx, erasing.held(tx, erasing.photos([picture.id], tx, gone)))
        erasing.forget(stage.db, stage.vault, stage.app.state.settings, gone)
    assert files_of(stage.vault) == others
    assert state(stage, picture) == "unreadable"


@pytest.mark.usefixtures("every_store")
@pytest.mark.parametrize("had_got", [1, 2], ids=["the thumbnail", "both"])
def test_a_photo_that_was_cleaned_before_a_crash_and_is_not_on_record_becomes_ready(stage: Stage, had_got: int) -> None:
    phone, picture = stage.phone(), Picture(full_of_metadata())
    with stage.app.state.cleaner._choosing:  # nothing is cleaned in here
        sent(phone, picture)
        stage.vault.keep_clean(picture.id, b"as it was made", b"its thumbnail")
        for name in stage.vault.names(picture.id, original=False)[had_got:]:
            stage.vault.erase(name)
    until(lambda: state(stage, picture) == "ready")
    thumbnail, whole = shown(stage, picture)
    assert thumbnail == b"its thumbnail"
    assert (whole == b"as it was made") == (had_got == 2)
    until(lambda: not list(stage.vault.originals()))
    assert phone.get(f"/photos/{picture.id}").content == whole
    assert b"PRIVATE" not in bytes_of(stage.vault)
