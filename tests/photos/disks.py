"""A disk that is full when a test wants it to be: a small one of its own where we may mount one, else a limit on files."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = 8 * 1024 * 1024


class SmallDisk:
    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder, self.mounted = folder, mounted

    @contextlib.contextmanager
    def full(self, process: int = 0) -> Iterator[None]:
        """While in here nothing can be written for `process` (this one where 0)."""
        if self.mounted:
            ballast = self.folder / "ballast"
            with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * 4096)
            yield
            ballast.unlink()
            return
        soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):  # it may have ended meanwhile
                resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """While in here nothing on it can be changed."""
        folders = [folder for folder in self.folder.rglob("*") if folder.is_dir()]

        def allow(writing: bool) -> None:
            if self.mounted:
                how = f"remount,{'rw' if writing else 'ro'}"
                subprocess.run(["mount", "-o", how, str(self.folder)], check=True)
                return
            for folder in folders:
                folder.chmod(0o700 if writing else 0o500)

        allow(False)
        try:
            yield
        finally:
            allow(True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and _mounted(folder)
    try:
        yield SmallDisk(folder, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _mounted(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
