"""An installation moves: the same report before and after, whatever broke off in between, and nothing twice."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.access import people
from app.copies import Unusable, command, rows
from app.copies import move as moving
from app.db import Database
from app.main import create_app
from app.models import Participant, Photo, Walk
from app.photos.vault import vault_of
from app.schema import migrate_to_newest
from app.server import alone
from app.settings import Settings
from tests.cast import Stage, make_settings
from tests.objects import Store, as_variables
from tests.phone import Picture, jpeg
from tests.photos.faults import moody
from tests.photos.pictures import files_of, until
from tests.postgres import Cluster
from tests.running import TRYG, clean_environment

PHOTOS = 10


@pytest.fixture
def evening(stage: Stage) -> tuple[Stage, str]:
    """Notes with photos, some clean, one blurred, one waiting; and a key that reads the report."""
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(number, 1, 1))) for number in range(PHOTOS)]
    for number, picture in enumerate(pictures):
        phone.note(picture, note=f"Note {number} \N{SEEDLING}")
    phone.sync()
    until(lambda: all(phone.get(f"/photos/{picture.id}").status_code == 200 for picture in pictures))
    until(lambda: not list(stage.vault.originals()))
    stage.app.state.cleaner.stop()
    waiting = Picture(jpeg(colour=(1, 2, 3)))
    phone.note(waiting)
    phone.sync()
    with stage.db.write() as tx:
        tx.get_one(Photo, pictures[0].id).blurs = [[0.0, 0.0, 0.5, 0.5]]
        key = people.new_key(tx, people.add(tx, "ida@kommune.example", "coordinator", "Aalborg Kommune"))
    stage.vault._keep((b"before it was blurred", f"kept/{pictures[0].id[-2:]}/{pictures[0].id}.unblurred.jpg"))
    return stage, key


@contextmanager
def moved_to(settings: Settings) -> Iterator[tuple[Stage, Any]]:
    app = create_app(settings)
    with TestClient(app) as http:
        with app.state.db.read() as tx:
            walk = tx.exec(select(Walk)).one()
        yield Stage(app, http, walk, []), app


def report(stage: Stage, key: str) -> Any:
    answer = stage.http.get(f"/walks/{stage.walk.id}/report.geojson", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return answer.json()


def pictures_of(stage: Stage) -> dict[str, bytes]:
    return {name: b"".join(stage.vault.stream(name)) for name in stage.vault.files()}


@pytest.fixture
def target(objects: Store, postgres: Cluster, migrated_postgres: str, tmp_path: Path) -> Iterator[Settings]:
    """PostgreSQL and S3, both empty."""
    with postgres.database(migrated_postgres) as url:
        yield make_settings(tmp_path / "var", url, **objects.settings())


def called(source: Settings, target: Settings) -> tuple[list[str], dict[str, str]]:
    """The move as one calls it, and with which settings: what is not named on the line comes from the environment."""
    there = target if target.photos_key else source
    photos = {"photos_endpoint": there.photos_endpoint, "photos_key": there.photos_key,
              "photos_secret": there.photos_secret.get_secret_value()}  # fmt: skip
    line = [str(TRYG), "move", "--to-photos", target.photos_url or f"file://{target.photos_place['folder']}",
            "--data", str(source.data), "--json"]  # fmt: skip
    theirs = {"TRYG_DATABASE_URL": source.database, "TRYG_PHOTOS_URL": source.photos_url}
    if target.database.startswith("sqlite"):
        line += ["--to-database", target.database]
    else:  # everybody on the machine can read a command line, and a password would stand on it
        theirs["TRYG_TO_DATABASE_URL"] = target.database
    return line, clean_environment() | as_variables(photos) | theirs


def run(line: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_move_that_is_killed_goes_on_and_the_report_is_the_same_there_and_back_again(
    evening: tuple[Stage, str], target: Settings, objects: Store, tmp_path: Path
) -> None:
    stage, key = evening
    settings, before, photos = stage.app.state.settings, report(stage, key), pictures_of(stage)
    with moody(objects) as between:
        line, environment = called(settings, target)
        there = make_settings(target.data, target.database, **(objects.settings(target.photos_url.rpartition("/")[2])))
        environment["TRYG_PHOTOS_ENDPOINT"] = between.endpoint
        # Of ten photos with four requests each, eight at once: one is whole by then, and not all are.
        # Where they come from a store too, it is asked for them as well.
        between.hangs_after = 60 if settings.photos_url.startswith("s3:") else 30
        process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until(
            lambda: (
                between.asked > between.hangs_after
                and any(path.stat().st_size for path in settings.data.glob("move-*"))
            )
        )
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        between.hangs_after = 10**9
        arrived = len(list(vault_of(there).files()))
        assert 0 < arrived < len(photos)
        told = run(line, environment)
    assert told["photos"] == PHOTOS + 1
    assert 0 < told["copied"] < PHOTOS + 1
    assert (told["missing"], told["differing"]) == ([], [])
    assert (told["walks"], told["notes"]) == (1, PHOTOS + 1)
    assert not [one for one in told["set"] if target.photos_secret.get_secret_value() in one]
    assert not list(settings.data.glob("move-*"))
    with moved_to(there) as (other, app):
        app.state.cleaner.stop()
        assert report(other, key)["features"] == before["features"]
        assert pictures_of(other) == photos
        fellow = other.phone()
        shown = next(
            one["id"]
            for feature in before["features"]
            for one in feature["properties"]["photos"]
            if one["state"] == "ready"
        )
        assert fellow.get(f"/photos/{shown}").status_code == 200
        with other.db.write() as tx:
            tx.delete(tx.get_one(Participant, fellow.id))
    back = make_settings(tmp_path / "back", f"sqlite:///{tmp_path / 'back.sqlite'}")
    line, environment = called(there, back)
    assert run(line, environment)["photos"] == PHOTOS + 1
    with moved_to(back) as (home, app):
        app.state.cleaner.stop()
        assert report(home, key)["features"] == before["features"]
        assert pictures_of(home) == photos


@pytest.fixture
def sides(evening: tuple[Stage, str], tmp_path: Path) -> Iterator[Callable[[], moving.Moved]]:
    """A move from the stage to another folder and another SQLite file, as often as it is asked for."""
    stage, _key = evening
    there = make_settings(tmp_path / "there", f"sqlite:///{tmp_path / 'there.sqlite'}")
    migrate_to_newest(there)
    db = Database(there.database)

    def move() -> moving.Moved:
        with moving.ledger(moving.ledger_of(tmp_path, "there")) as kept:
            return moving.move(stage.db, db, stage.vault, vault_of(there), kept)

    move.db, move.vault = db, vault_of(there)  # type: ignore[attr-defined]
    yield move
    db.close()


def test_one_that_broke_off_after_the_last_row_does_nothing_twice(
    sides: Any, evening: tuple[Stage, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(moving.Ledger, "done", lambda _self: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(OSError, match="No space"):
            sides()
    told = sides()
    assert (told.photos, told.copied) == (PHOTOS + 1, 0)
    with evening[0].db.read() as ours, sides.db.read() as theirs:
        here, there = rows.sums(ours), rows.sums(theirs)
    assert here.pop("access")[0] + 1 == there.pop("access")[0]  # the log there says that it was moved
    assert here == there
    with pytest.raises(Unusable, match="walks in the database"):
        sides()


def test_what_changes_meanwhile_and_what_arrives_broken_is_told(
    sides: Any, evening: tuple[Stage, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, _key = evening
    gone = next(stage.vault.originals())
    stage.vault.erase_original(gone)
    whole = moving._sum
    with monkeypatch.context() as broken:
        broken.setattr(moving, "_sum", lambda vault, name: whole(vault, name)[:-1] + "x")
        with pytest.raises(Unusable, match="not what was sent"):
            sides()
    phone = stage.phone()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(moving, "_photos", lambda *_given: phone.put(phone.note()))
        with pytest.raises(Unusable, match="has changed while it was moved"):
            sides()
    with sides.db.read() as tx:
        assert tx.exec(select(Walk)).first() is None
    with monkeypatch.context() as lossy:
        carry = rows.carry

        def loses(source: Any, target: Any) -> Any:
            counts = carry(source, target)
            target.exec(select(Photo).limit(1)).one().tries += 1
            target.flush()
            return counts

        lossy.setattr(rows, "carry", loses)
        with pytest.raises(Unusable, match="table photo did not arrive"):
            sides()
    assert sides().missing == [gone]
    assert len(files_of(sides.vault)) == 2 * PHOTOS + 1


def test_an_installation_that_is_served_and_an_aim_that_is_no_other_are_refused(tmp_path: Path) -> None:
    here = make_settings(tmp_path / "var")
    migrate_to_newest(here)
    with alone(here), pytest.raises(Unusable, match="A server serves from"):
        command.move(to_photos=f"file://{tmp_path}/photos", data=here.data)
    for aim in ("", f"file://{here.data.resolve()}/photos"):
        with pytest.raises(Unusable, match="Say where to"):
            command.move(to_photos=aim, data=here.data)
    assert not (tmp_path / "photos").exists()
    assert not list(here.data.glob("move-*"))
