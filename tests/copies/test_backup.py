"""A backup is consistent whatever happens while it is written, and a restore brings back exactly that, or nothing.

All in one process, where the moments can be chosen; test_under_load.py has real servers.
"""

import json
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from alembic.script import ScriptDirectory
from sqlmodel import col, delete, select

from app import schema
from app.access import people
from app.copies import Unusable, backup
from app.copies.again import erase_again
from app.copies.backup import back_up
from app.copies.restore import restore
from app.db import Database
from app.models import Agreement, Measure, Observation, Participant, Photo, Revision, Walk
from app.photos import states
from app.photos.vault import vault_of
from app.privacy import erasing, receipts, trail
from app.schema import CannotMigrate, migrate_to_newest
from app.settings import Settings
from tests.cast import Stage, make_settings
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import files_of


@pytest.fixture
def quiet(stage: Stage) -> Stage:
    """A stage on which photos stay as they came, until a test cleans them."""
    stage.app.state.cleaner.stop()
    return stage


@pytest.fixture
def keep(quiet: Stage, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    return lambda: back_up(quiet.db, quiet.vault, quiet.app.state.settings, tmp_path / "backup")


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, photo_settings: dict[str, Any]) -> Settings:
    """Settings of another installation, whose database is up to date and empty; its photos in the same kind of place."""
    photos = request.getfixturevalue("objects").settings() if photo_settings else {}
    settings = make_settings(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}", **photos)
    migrate_to_newest(settings)
    return settings


@contextmanager
def opened(address: str) -> Iterator[Database]:
    db = Database(address)
    yield db
    db.close()


def brought(settings: Settings, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Restore; what it told, and the state of each photo then."""
    with opened(settings.database) as db:
        said = restore(db, vault_of(settings), settings, folder)
        with db.read() as tx:
            return said, dict(tx.exec(select(Photo.id, Photo.state)).all())


def clean(stage: Stage, picture: Picture) -> None:
    """What the worker does."""
    stage.vault.keep_clean(picture.id, jpeg(), jpeg(8, 8))
    states.cleaned(stage.db, picture.id, 64, 48)
    stage.vault.erase_original(picture.id)


def with_photos(stage: Stage, count: int) -> tuple[Phone, list[Picture]]:
    phone = stage.phone()
    pictures = [Picture(jpeg(colour=(20 * number, 1, 1))) for number in range(count)]
    for picture in pictures:
        phone.note(picture)
    phone.sync()
    return phone, pictures


def sound(folder: Path) -> None:
    """As anybody can check it, without us."""
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("every_store")
def test_a_photo_cleaned_or_lost_between_the_rows_and_the_files_is_told_as_it_is(
    quiet: Stage, keep: Callable[[], Any], elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, (cleaned, lost, waiting, unreadable) = with_photos(quiet, 4)
    expected = Picture(jpeg(colour=(9, 9, 9)))
    phone.put(phone.note(expected))
    states.refused(quiet.db, unreadable.id)
    snapshot = backup._snapshot

    def and_then(*given: Any) -> Any:
        counts = snapshot(*given)
        clean(quiet, cleaned)
        quiet.vault.erase_original(lost.id)
        phone.put_picture(expected.id)  # too late for this backup
        return counts

    with monkeypatch.context() as moment:
        moment.setattr(backup, "_snapshot", and_then)
        assert keep()["photos"] == 3
    sound(tmp_path / "backup")
    _said, found = brought(elsewhere, tmp_path / "backup")
    assert found == {
        cleaned.id: "ready", lost.id: "expected", waiting.id: "stored", unreadable.id: "unreadable", expected.id: "expected",
    }  # fmt: skip
    vault = vault_of(elsewhere)
    assert vault.size(cleaned.id) == len(jpeg())
    assert vault.original(waiting.id) == waiting.data
    assert vault.original(unreadable.id) == unreadable.data
    with opened(elsewhere.database) as db, db.read() as tx:
        photo = tx.get_one(Photo, cleaned.id)
        assert (photo.width, photo.height) == (64, 48)
        walk, newest = tx.get_one(Walk, quiet.walk.id), tx.get_one(Observation, photo.observation_id)
        assert newest.seq > walk.seq - 3  # whoever follows the restored walk is told of it


@pytest.mark.usefixtures("every_store")
def test_a_second_backup_copies_what_is_new_and_drops_what_is_gone(
    quiet: Stage, keep: Callable[[], Any], tmp_path: Path
) -> None:
    _phone, (first, second) = with_photos(quiet, 2)
    assert keep().items() >= {"photos": 2, "copied": 2, "removed": 0}.items()
    kept = {path.name: path.stat().st_ino for path in (tmp_path / "backup/photos/incoming").glob("*/*")}
    clean(quiet, first)
    assert keep().items() >= {"photos": 2, "copied": 1, "removed": 1}.items()
    left = {path.name: path.stat().st_ino for path in (tmp_path / "backup/photos/incoming").glob("*/*")}
    assert left == {second.id: kept[second.id]}  # the bytes as received, with their metadata, have gone from here too
    with quiet.db.write() as tx:  # as retention will
        note = tx.get_one(Photo, second.id).observation_id
        for table, key in (
            (Photo, Photo.observation_id),
            (Revision, Revision.observation_id),
            (Observation, Observation.id),
        ):
            tx.exec(delete(table).where(col(key) == note))
    quiet.vault.erase_original(second.id)
    assert keep().items() >= {"notes": 1, "photos": 1, "copied": 0, "removed": 1}.items()
    sound(tmp_path / "backup")
    with sqlite.connect(tmp_path / "backup/tryg.sqlite") as rows:
        assert "slukket" in str(rows.execute("SELECT content FROM revision").fetchall())
        assert rows.execute("SELECT count(*) FROM revision").fetchone() == (1,)


def test_a_backup_that_is_broken_off_leaves_the_earlier_one_whole(
    quiet: Stage, keep: Callable[[], Any], elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, (first, second) = with_photos(quiet, 2)
    keep()
    clean(quiet, first)
    third = Picture(jpeg(colour=(200, 0, 0)))
    phone.note(third)
    phone.sync()
    moments = [("write_sums", False), ("write_sums", True), ("write_manifest", False)]
    for step, (name, done) in enumerate(moments):
        real = getattr(backup, name)
        with monkeypatch.context() as moment:

            def fails(*given: Any, real: Any = real, done: bool = done) -> None:
                if done:
                    real(*given)
                raise OSError(28, "No space left on device")

            moment.setattr(backup, name, fails)
            with pytest.raises(OSError, match="No space"):
                keep()
        trial = make_settings(tmp_path / f"trial{step}", f"sqlite:///{tmp_path / f'trial{step}.sqlite'}")
        migrate_to_newest(trial)
        found = brought(trial, tmp_path / "backup")[1]
        if name == "write_manifest":  # the new rows are in force, and their photos are there
            assert found == {first.id: "ready", second.id: "stored", third.id: "stored"}
        else:
            assert found == {first.id: "stored", second.id: "stored"}
    assert keep()["photos"] == 3
    sound(tmp_path / "backup")
    assert len(brought(elsewhere, tmp_path / "backup")[1]) == 3


def test_a_folder_with_something_else_in_it_is_left_alone(keep: Callable[[], Any], tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "ferie.jpg").write_bytes(b"x")
    with pytest.raises(Unusable, match="something else"):
        keep()
    assert [path.name for path in folder.rglob("*")] == ["photos", "ferie.jpg"]


def test_the_key_that_signs_comes_along_for_its_owner_alone(
    quiet: Stage, keep: Callable[[], Any], elsewhere: Settings, tmp_path: Path
) -> None:
    key = quiet.app.state.settings.signing_key()
    keep()
    for private in ("secret", "tryg.sqlite", "manifest.json"):
        assert stat.S_IMODE((tmp_path / "backup" / private).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert elsewhere.signing_key() != key
    brought(elsewhere, tmp_path / "backup")
    assert elsewhere.signing_key() == key


def test_a_restore_is_refused_where_there_are_walks(quiet: Stage, keep: Callable[[], Any], tmp_path: Path) -> None:
    with_photos(quiet, 1)
    keep()
    with pytest.raises(Unusable, match="walks in this database"):
        restore(quiet.db, quiet.vault, quiet.app.state.settings, tmp_path / "backup")


def damage(folder: Path, how: str) -> None:
    photo = next(folder.glob("photos/incoming/*/*"))
    rows = folder / "tryg.sqlite"
    if how == "a photo is cut off":
        photo.write_bytes(photo.read_bytes()[:-1])
    elif how == "a photo is missing":
        photo.unlink()
    elif how == "a word was changed":
        rows.write_bytes(rows.read_bytes().replace(b"slukket", b"slukkes", 1))
    elif how == "no rows":
        rows.unlink()
    elif how == "no sums":
        (folder / "SHA256SUMS").unlink()
    elif how == "no manifest":
        (folder / "manifest.json").unlink()
    elif how == "of the future":
        (folder / "manifest.json").write_text(json.dumps({"format": "tryghedsvandring-backup", "version": 2}))


DAMAGES = (
    "a photo is cut off",
    "a photo is missing",
    "a word was changed",
    "no rows",
    "no sums",
    "no manifest",
    "of the future",
)


def test_what_people_had_erased_since_an_older_backup_is_erased_again_by_a_newer_one(
    every_database: str, quiet: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    settings = quiet.app.state.settings
    left, asked, stays = quiet.phone(), quiet.phone(), quiet.phone()
    picture = Picture(jpeg(64, 48))
    own = left.note(picture, note="Min lygtepæl ved Skovvej.")
    searched, other = asked.note(note="Fru Sommer bor her."), stays.note(note="Her er trygt.")
    for phone in (left, asked, stays):
        phone.sync()
    back_up(quiet.db, quiet.vault, settings, tmp_path / "older")
    erased = left.network.send("PUT", f"/api/v1/participants/{left.id}/erasure", json={}, headers=left.key)
    assert erased.status_code == 200
    gone = erasing.Gone()
    with quiet.db.write() as tx:
        erasing.notes(tx, quiet.walk, [searched], gone)
        gone.add("words", ["telling:1"])
        by_hand = receipts.keep(tx, gone.receipt("person", "person:1", quiet.walk)).id
    back_up(quiet.db, quiet.vault, settings, tmp_path / "newer")
    sums = {path: path.read_bytes() for path in (tmp_path / "newer").rglob("*") if path.is_file()}

    vault = vault_of(elsewhere)
    with opened(elsewhere.database) as db:
        restore(db, vault, elsewhere, tmp_path / "older")
        with db.read() as tx:
            assert tx.get_one(Observation, own).note, "the older backup brings it back"
        assert [name for name in vault.files() if picture.id in name]
        told = erase_again(db, vault, elsewhere, tmp_path / "newer")
        assert (told.receipts, told.erased["note"], told.erased["photo"], told.by_hand) == (2, 2, 1, [by_hand])
        assert erase_again(db, vault, elsewhere, tmp_path / "newer").receipts == 0
        with db.read() as tx:
            rows = {one.id: one for one in tx.exec(select(Observation)).all()}
            assert [one.content for one in tx.exec(select(Revision).where(Revision.observation_id == own)).all()] == [
                {"deleted": True, "photos": []}
            ]
            assert tx.get_one(Participant, left.id).erased_at
            assert trail.verify(tx).broken is None
        assert (rows[own].note, rows[searched].note, rows[other].note) == ("", "", "Her er trygt.")
        assert not [name for name in vault.files() if picture.id in name]
    assert sums == {path: path.read_bytes() for path in (tmp_path / "newer").rglob("*") if path.is_file()}


def test_a_broken_backup_is_told_in_a_sentence_and_nothing_of_it_stays(
    quiet: Stage, keep: Callable[[], Any], elsewhere: Settings, tmp_path: Path
) -> None:
    with_photos(quiet, 3)
    keep()
    for how in DAMAGES:
        broken = tmp_path / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        shutil.copytree(tmp_path / "backup", broken)
        damage(broken, how)
        with pytest.raises(Unusable, match=r"broken|no backup|newer version"):
            brought(elsewhere, broken)
        assert not files_of(vault_of(elsewhere)), how
    with opened(elsewhere.database) as db, db.read() as tx:
        assert tx.exec(select(Walk.id)).first() is None
    assert brought(elsewhere, tmp_path / "backup")[0]["photos"] == 3


SECOND = '''"""Tests: a release later than the first."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "later", "{newest}"
def upgrade() -> None:
    op.add_column("walk", sa.Column("weather", sa.String(), nullable=True))
'''


def test_a_backup_of_an_older_release_is_brought_up_to_date_in_a_copy_and_one_of_a_newer_is_refused(
    quiet: Stage, keep: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_photos(quiet, 1)
    keep()
    later = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, later)
    newest = ScriptDirectory(str(schema.MIGRATIONS)).get_current_head()
    (later / "versions" / "later_weather.py").write_text(SECOND.format(newest=newest))
    newer, older = (
        make_settings(tmp_path / name, f"sqlite:///{tmp_path / name}.sqlite") for name in ("newer", "older")
    )
    with monkeypatch.context() as release:
        release.setattr(schema, "MIGRATIONS", later)
        migrate_to_newest(newer)
        assert brought(newer, tmp_path / "backup")[0]["notes"] == 1
        sound(tmp_path / "backup")  # the backup itself is what it was
        with opened(newer.database) as db:
            back_up(db, vault_of(newer), newer, tmp_path / "later")
    migrate_to_newest(older)
    with pytest.raises(CannotMigrate, match="newer version"):
        brought(older, tmp_path / "later")


def test_rows_pass_from_either_database_to_the_other_unchanged(
    quiet: Stage, keep: Callable[[], Any], every_database: str, elsewhere: Settings, tmp_path: Path
) -> None:
    phone, _pictures = with_photos(quiet, 1)
    other = quiet.phone(name="Åse 🌙", role="police")
    other.note(note="-0,0 ø 🌙", factors=["lighting.outage"], fix=None, pin={"lat": -0.0, "lon": 179.9999999})
    other.sync()
    quiet.http.put(f"/api/v1/observations/{next(iter(phone.made))}/agreement", json={"agrees": True}, headers=other.key)
    keep()
    brought(elsewhere, tmp_path / "backup")
    from app.report.exports import whole
    from app.report.report import build

    texts = []
    with opened(elsewhere.database) as db:
        for source in (quiet.db, db):
            with source.read() as tx:
                assert tx.exec(select(Agreement)).one().agrees
                texts.append(b"".join(whole(build(tx, quiet.walk.id, sensitive=True, base_url="http://testserver"))))
    assert texts[0] == texts[1]


def test_a_measure_that_continues_another_comes_along_whichever_row_lies_first(
    quiet: Stage, keep: Callable[[], Any], every_database: str, elsewhere: Settings, tmp_path: Path
) -> None:
    with quiet.db.write() as tx:
        user = people.add(tx, "ida@kommune.example", "coordinator", "Aalborg Kommune")
        given = {"walk_id": quiet.walk.id, "place": "Kilden", "problem": "Mørkt", "created_by": user.id}
        later, earlier = Measure(number=2, **given), Measure(number=1, **given)
        tx.add(later)
        tx.flush()
        tx.add(earlier)
        tx.flush()
        later.continues_id = earlier.id
        tx.flush()
        earlier.answer = "Lampen er bestilt."
    keep()
    brought(elsewhere, tmp_path / "backup")
    with opened(elsewhere.database) as db, db.read() as tx:
        assert tx.get_one(Measure, later.id).model_dump() == later.model_dump()
        assert tx.get_one(Measure, earlier.id).continues_id is None
