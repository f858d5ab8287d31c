"""A phone's copy as the walker's app writes it, made by hand from a fake phone: the format is a contract of its own."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.phone import Phone

Copy = Callable[..., Path]


@pytest.fixture
def copy_of(tmp_path: Path) -> Copy:
    """Writes a phone's notes and pictures into a file. `without`: picture ids left out; `swapped`: other bytes by picture
    id; `more`: further files by name; `head`: members of copy.json in place of the true ones."""

    def write(phone: Phone, *, name: str = "copy.zip", without: tuple[str, ...] = (), swapped: dict[str, bytes] | None = None,
              more: dict[str, bytes] | None = None, **head: Any) -> Path:  # fmt: skip
        told = {
            "format": "tryghedsvandring-copy", "version": 1, "made_at": "2026-11-24T20:31:00.000+01:00",
            "walk": {"id": phone.walk["id"], "code": phone.code, "title": phone.walk["title"]},
            "participant": {"id": phone.id, "secret_sha256": hashlib.sha256(phone.secret.encode()).hexdigest(),
                            "role": "resident", "name": None, "team": None, "language": "da"},
            "observations": [{"id": note_id, **body} for note_id, body in phone.made.items()],
        } | head  # fmt: skip
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("LÆS-MIG.txt", "En kopi")
            archive.writestr("copy.json", json.dumps(told))
            for picture_id, picture in phone.pictures.items():
                if picture_id not in without:
                    archive.writestr(f"photos/{picture_id}", (swapped or {}).get(picture_id, picture.data))
            for other, content in (more or {}).items():
                archive.writestr(other, content)
        return path

    return write
