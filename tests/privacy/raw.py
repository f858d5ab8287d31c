"""Everything that is kept of an evening, read raw: rows, the database's own bytes, files; and a run of the rules."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from app.privacy import retention
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening


def kept(stage: Stage) -> str:
    """Every row of every table, and on SQLite every byte of the database's files too."""
    settings = stage.app.state.settings
    with stage.db.read() as tx:
        rows = [
            dict(row)
            for table in SQLModel.metadata.sorted_tables
            for row in tx.connection().execute(select(table)).mappings()
        ]
    raw = [path.read_bytes().decode("latin-1") for path in _database_files(settings)]
    return json.dumps(rows, ensure_ascii=False, default=str) + "".join(raw).encode("latin-1").decode("utf-8", "replace")


def _database_files(settings: Any) -> list[Path]:
    address = settings.database
    if not address.startswith("sqlite:///"):
        return []
    main = Path(address.removeprefix("sqlite:///"))
    return [path for path in (main, Path(f"{main}-wal")) if path.exists()]


def files(stage: Stage, photo_id: str) -> list[str]:
    """The names of all files there are of a photo, wherever they lie."""
    names = {name.rpartition("/")[2] for name in stage.vault.files() if photo_id in name}
    local = {path.name for path in stage.app.state.settings.data.rglob(f"{photo_id}*") if path.is_file()}
    return sorted(names | local)


def run(stage: Stage, *, dry: bool = False) -> dict[str, Any]:
    return retention.run(stage.db, stage.vault, stage.app.state.settings, dry=dry)


def erased(told: dict[str, Any]) -> dict[str, int]:
    """What a run erased of the only walk it touched."""
    return dict(told["walks"][0]["erased"]) if told["walks"] else {}


def with_photo(evening: Evening, colour: int, **content: Any) -> tuple[str, str]:
    """A released note with a photo that is ready and approved: (note, photo)."""
    picture = Picture(jpeg(320, 240, colour=(colour, 60, 90)))
    note = evening.note(picture, **content)
    until(lambda: len(files(evening.stage, picture.id)) == 2)
    until(lambda: evening.phone.get(f"/photos/{picture.id}").status_code == 200)
    evening.plan.photo(note, review="approved")
    return note, picture.id
