"""Bytes in, bytes out: durable, under no name before they are whole, and never anything but 503 when the disk is full."""

import errno
import hashlib
import os
import stat
import zlib
from pathlib import Path
from typing import Any

import pytest

from app.photos import folder as folder_module
from app.photos.folder import FolderVault
from app.photos.vault import Vault, vault_of
from app.problems import TryAgain
from app.settings import Settings
from tests.phone import new_id
from tests.photos.disks import SmallDisk
from tests.photos.pictures import files_of


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def keep(vault: Vault, content: bytes) -> str:
    photo_id, arriving = new_id(), vault.arrive()
    try:
        arriving.write(content)
        arriving.keep(photo_id)
    finally:
        arriving.close()
    return photo_id


@pytest.fixture
def vault(tmp_path: Path, photo_settings: dict[str, Any]) -> Vault:
    return vault_of(Settings(data=tmp_path, **photo_settings))


@pytest.mark.usefixtures("every_store")
def test_what_was_kept_comes_back(vault: Vault) -> None:
    photo_id = keep(vault, b"as received")
    assert vault.original(photo_id) == b"as received"
    assert list(vault.originals()) == [photo_id]
    assert vault.size(photo_id) is None
    vault.keep_clean(photo_id, b"clean", b"small")
    assert (vault.size(photo_id), vault.size(photo_id, thumbnail=True)) == (5, 5)
    assert b"".join(vault.pieces(photo_id)) == b"clean"
    opened = vault.opened(photo_id, thumbnail=True)
    assert opened
    assert b"".join(opened.pieces(1, 3)) == b"mal"
    vault.erase_original(photo_id)
    vault.erase_original(photo_id)
    assert list(vault.originals()) == []
    assert sorted(vault.files()) == sorted(vault.names(photo_id, original=False))
    vault.keep_remains(photo_id, b"remains")
    assert vault.original(photo_id) == b"remains"
    vault.forget(photo_id)
    vault.forget(photo_id)
    assert not list(vault.files())
    with pytest.raises(FileNotFoundError):
        vault.original(photo_id)
    assert vault.opened(photo_id) is None


@pytest.mark.usefixtures("every_store")
def test_a_clean_picture_that_is_there_stays_and_one_that_is_not_there_comes_beside_it(vault: Vault) -> None:
    photo_id = keep(vault, b"as received")
    thumbnail, picture = vault.names(photo_id, original=False)

    def kept() -> list[bytes]:
        return [b"".join(vault.stream(name)) for name in (thumbnail, picture)]

    vault.keep_clean(photo_id, b"first", b"small")
    vault.keep_clean(photo_id, b"late", b"late")
    assert kept() == [b"small", b"first"]
    for gone, whole in ((picture, [b"small", b"again"]), (thumbnail, [b"again", b"again"])):
        vault.erase(gone)
        vault.keep_clean(photo_id, b"again", b"again")
        assert kept() == whole
    assert len(files_of(vault)) == 3, "nothing is left of what was written in vain"


def test_nobody_else_on_the_machine_reads_the_photos(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "photos")
    vault.keep_clean(keep(vault, b"x"), b"y", b"z")
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(vault.folder)} == {0o600}


def test_file_and_folder_are_on_disk_before_the_photo_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = FolderVault(tmp_path / "photos")
    keep(vault, b"the folders are made")
    steps: list[str] = []
    fsync, replace, link = os.fsync, Path.replace, os.link

    def watched_fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_replace(path: Path, target: Path) -> Path:
        steps.append("name")
        return replace(path, target)

    def watched_link(path: Path, target: Path) -> None:
        steps.append("name")
        link(path, target)

    monkeypatch.setattr(folder_module.os, "fsync", watched_fsync)
    monkeypatch.setattr(folder_module.os, "link", watched_link)
    monkeypatch.setattr(Path, "replace", watched_replace)
    photo_id = keep(vault, b"as received")
    assert steps == ["file", "name", "folder"]
    steps.clear()
    for _time in range(2):  # as after a crash between the names and their folder
        vault.keep_clean(photo_id, b"clean", b"small")
        assert steps == ["file", "file", "name", "name", "folder"]
        steps.clear()


@pytest.mark.usefixtures("every_store")
def test_what_is_not_kept_leaves_nothing(vault: Vault) -> None:
    arriving = vault.arrive()
    arriving.write(b"half of it")
    assert len(files_of(vault)) == 1
    arriving.close()
    assert files_of(vault) == []


@pytest.mark.usefixtures("every_store")
def test_files_pass_from_one_place_to_another_all_or_none(vault: Vault, tmp_path: Path) -> None:
    source, photo_id = FolderVault(tmp_path / "source"), new_id()
    source.keep_clean(photo_id, b"clean" * 100_000, b"small")
    names = source.names(photo_id, original=False)
    whole = [hashlib.sha256(content).hexdigest() for content in (b"small", b"clean" * 100_000)]
    source.erase(names[1])
    with pytest.raises(FileNotFoundError):
        vault.adopt(source, names)
    assert files_of(vault) == []
    source.keep_clean(photo_id, b"clean" * 100_000, b"small")
    assert vault.adopt(source, names) == vault.adopt(source, names) == whole
    assert b"".join(vault.pieces(photo_id)) == b"clean" * 100_000
    assert len(files_of(vault)) == 2


def test_a_files_sum_is_that_of_the_version_which_is_opened(tmp_path: Path) -> None:
    vault, copy, photo_id = FolderVault(tmp_path / "photos"), FolderVault(tmp_path / "copy"), new_id()
    vault.keep_clean(photo_id, b"as it was" * 100_000, b"small")
    before = vault.opened(photo_id)
    vault.keep_beside(photo_id, "token", b"blurred", b"small")
    vault.take_over(photo_id, "token")
    copy.adopt(vault, vault.names(photo_id, original=False))
    for opened, content in (
        (before, b"as it was" * 100_000), (vault.opened(photo_id), b"blurred"), (copy.opened(photo_id), b"blurred"),
    ):  # fmt: skip
        assert opened
        assert opened.crc32 == zlib.crc32(content)
        assert b"".join(opened.pieces()) == content


def test_where_the_file_system_keeps_no_sum_a_photo_comes_back_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, photo_id = FolderVault(tmp_path / "photos"), new_id()
    monkeypatch.setattr(folder_module, "_SUM", "nobody.knows.this")
    vault.keep_clean(photo_id, b"clean", b"small")
    opened = vault.opened(photo_id)
    assert opened
    assert (opened.crc32, b"".join(opened.pieces())) == (None, b"clean")


def test_a_file_that_was_copied_over_keeps_no_sum_of_what_it_was(tmp_path: Path) -> None:
    vault, photo_id = FolderVault(tmp_path / "photos"), new_id()
    vault.keep_clean(photo_id, b"clean", b"small")
    [path] = [path for path in (tmp_path / "photos").rglob("*") if path.is_file() and path.read_bytes() == b"clean"]
    path.write_bytes(b"other")
    opened = vault.opened(photo_id)
    assert opened
    assert (opened.crc32, b"".join(opened.pieces())) == (None, b"other")


def test_half_written_files_are_swept_but_not_those_still_being_written(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "photos")
    kept = keep(vault, b"kept")
    arriving = vault.arrive()
    arriving.write(b"still coming")
    (vault.folder / "new" / "left-by-a-crash").write_bytes(b"half")
    FolderVault(tmp_path / "photos").sweep()
    assert len(files(vault.folder)) == 2
    arriving.keep(kept)
    arriving.close()
    assert vault.original(kept) == b"still coming"


def test_a_file_system_without_hard_links_is_told_as_one_that_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = FolderVault(tmp_path / "photos")
    assert vault.writable()

    def none_here(path: Path, name: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path, None, name)

    monkeypatch.setattr(folder_module.os, "link", none_here)
    assert not vault.writable()
    with pytest.raises(PermissionError):
        vault.keep_clean(new_id(), b"clean", b"small")
    assert files(vault.folder) == []


def test_a_full_disk_is_try_again_and_leaves_nothing(small_disk: SmallDisk) -> None:
    vault = FolderVault(small_disk.folder / "photos")
    kept = keep(vault, b"k" * 1000)
    assert vault.writable()
    before = len(files(vault.folder))
    with small_disk.full():
        assert not vault.writable()
        with pytest.raises(TryAgain):
            keep(vault, b"p" * 2_000_000)
        with pytest.raises(OSError, match=r"No space|File too large"):
            vault.keep_clean(kept, b"c" * 2_000_000, b"t")
        assert len(files(vault.folder)) == before
        assert vault.original(kept) == b"k" * 1000
    assert vault.writable()
    assert vault.original(keep(vault, b"p" * 500_000)) == b"p" * 500_000


def test_a_folder_that_cannot_be_made_is_try_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    vault = FolderVault(tmp_path / "file" / "photos")
    assert not vault.writable()
    with pytest.raises(TryAgain):
        vault.arrive()


def test_a_folder_that_is_taken_away_is_made_again(tmp_path: Path) -> None:
    vault = FolderVault(tmp_path / "photos")
    keep(vault, b"one")
    vault.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(TryAgain):
        keep(vault, b"two")
    assert vault.original(keep(vault, b"three")) == b"three"
