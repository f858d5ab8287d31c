"""The access log on the command line, and what becomes of it when a backup is put back."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app import i18n
from app.cli import cli
from app.copies.backup import back_up
from app.copies.restore import restore
from app.db import Database
from app.photos.vault import vault_of
from app.privacy import trail
from app.walks import walks
from tests.cast import make_settings
from tests.privacy.conftest import logged, told
from tests.privacy.test_trail import past_its_guards

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path) -> Run:
    """Runs `tryg …` on a data folder of its own, in this process."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "var" / "tryg.sqlite")

    def do(*arguments: str, data: str = "var", **settings: str) -> Result:
        with i18n.use("en"):
            return CliRunner().invoke(cli, [*arguments, "--data", str(tmp_path / data)], env=settings)

    return do


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Database]]:
    dbs = list[Database]()

    def do(data: str = "var") -> Database:
        dbs.append(Database(f"sqlite:///{tmp_path / data / 'tryg.sqlite'}"))
        return dbs[-1]

    yield do
    for db in dbs:
        db.close()


def said(done: Result, code: int = 0) -> list[dict[str, Any]]:
    assert done.exit_code == code, (done.output, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_commands_do_is_logged_printed_and_verified(
    run: Run, opened: Callable[..., Database], tmp_path: Path
) -> None:
    [walk] = said(run("walk", "create", "--title", "Vandring", "--json"))
    [user] = said(run("user", "add", "ida@kommune.example", "--role", "coordinator", "--json"))
    said(run("user", "key", "ida@kommune.example", "--json"))
    said(run("user", "key", "ida@kommune.example", "--revoke", "--json"))
    said(run("export", walk["code"], "--format", "csv", "--out", str(tmp_path / "o.csv"), "--json"))
    said(run("backup", str(tmp_path / "copy"), "--json"))
    about = f"person:{user['user_id']}"
    assert told(opened()) == [
        ("command", "role-given", about), ("command", "key-made", about), ("command", "keys-withdrawn", about),
        ("command", "exported", "file:csv"), ("command", "backed-up", ""),
    ]  # fmt: skip
    shown = said(run("log", "show", "--json"))
    assert [one["number"] for one in shown] == [5, 4, 3, 2, 1]
    assert [one["what"] for one in said(run("log", "show", "--walk", walk["code"], "--json"))] == ["exported"]
    assert said(run("log", "show", "--since", "2999-01-01", "--json")) == []
    assert said(run("log", "show", "--until", "2999-01-01", "--what", "key-made", "--who", "command", "--json")) == [
        shown[3]
    ]
    assert "command exported file:csv" in run("log", "show").stdout
    [whole] = said(run("log", "verify", "--json"))
    assert whole == {"whole": True, "entries": 5, "first": 1, "last": 5, "hash": shown[0]["hash"], "broken": None}
    noted = f"5:{shown[0]['hash']}"
    assert noted in run("log", "verify").stdout
    assert run("log", "verify", "--known", noted).exit_code == 0
    assert run("log", "verify", "--known", f"6:{shown[0]['hash']}").exit_code == 1
    assert run("log", "verify", "--known", "five").exit_code == 2
    assert run("log", "show", "--since", "yesterday").exit_code == 2
    past_its_guards(opened(), "UPDATE access SET who = 'person:x' WHERE number = 4")
    [broken] = said(run("log", "verify", "--json"), code=1)
    assert (broken["whole"], broken["broken"], broken["entries"]) == (False, 4, 3)
    assert "number 4" in run("log", "verify").stdout


def test_a_restored_log_goes_on_where_the_backups_ended_and_says_what_it_took_the_place_of(
    run: Run, opened: Callable[..., Database], tmp_path: Path
) -> None:
    said(run("walk", "create", "--title", "Vandring", "--json"))
    for _ in range(2):
        said(run("user", "add", "ida@kommune.example", "--role", "admin", "--json"))
    [backup] = said(run("backup", str(tmp_path / "copy"), "--json"))
    said(run("user", "add", "bo@kommune.example", "--role", "admin", "--json"))
    kept = logged(opened())[:3]

    said(run("user", "add", "ny@kommune.example", "--role", "admin", "--json", data="other"))
    [before] = logged(opened("other"))
    said(run("restore", str(tmp_path / "copy"), "--json", data="other"))
    now = logged(opened("other"))
    assert [trail.as_told(one) for one in now[:3]] == [trail.as_told(one) for one in kept]
    assert [(one.what, one.detail) for one in now[3:]] == [
        ("restored", {"made_at": backup["made_at"], "before_number": 1, "before_hash": before.hash})
    ]
    said(run("log", "verify", "--json", data="other"))
    with pytest.raises(Exception, match="append-only"), opened("other").write() as tx:
        tx.connection().exec_driver_sql("DELETE FROM access")


def test_a_log_is_restored_on_either_database_and_stays_one_chain(
    db: Database, every_database: str, database_url: str, migrated_sqlite: Path, tmp_path: Path
) -> None:
    """From SQLite into this database, and from this one into SQLite again."""
    settings = {
        name: make_settings(tmp_path / name, url or f"sqlite:///{tmp_path / name}.sqlite")
        for name, url in (("first", ""), ("here", database_url), ("last", ""))
    }
    for held in settings.values():
        held.data.mkdir()
    for name in ("first", "last"):
        shutil.copy(migrated_sqlite, tmp_path / f"{name}.sqlite")
    first, last = (Database(settings[name].database) for name in ("first", "last"))
    try:
        with first.write() as tx:
            walks.create(tx, "Vandring")
            trail.record_all(tx, [trail.entry("command", "searched", about=f"person:{number}") for number in range(3)])
        with db.write() as tx:
            trail.record(tx, "command", "searched")
        [before] = logged(db)
        for source, target, ended in ((first, db, before), (db, last, None)):
            names = ("first", "here") if source is first else ("here", "last")
            copy = tmp_path / f"copy-of-{names[0]}"
            kept = [trail.as_told(one) for one in logged(source)]
            back_up(source, vault_of(settings[names[0]]), settings[names[0]], copy)
            restore(target, vault_of(settings[names[1]]), settings[names[1]], copy)
            now = logged(target)
            assert [trail.as_told(one) for one in now[: len(kept)]] == kept
            assert now[-1].what == "restored"
            assert now[-1].detail["before_number"] == (1 if ended else 0)
            assert now[-1].detail["before_hash"] == (ended.hash if ended else trail.FIRST)
            with target.write() as tx:
                trail.record(tx, "command", "searched", about="person:later")
            with target.read() as tx:
                whole = trail.verify(tx)
            assert (whole.broken, whole.entries) == (None, len(now) + 1), "it goes on where the backup ended"
            for change in ("UPDATE access SET who = 'person:x'", "DELETE FROM access"):
                with pytest.raises(Exception, match="append-only"), target.write() as tx:
                    tx.connection().exec_driver_sql(change)
    finally:
        first.close()
        last.close()


def test_walks_and_files_that_commands_open_close_and_take_in_are_logged(
    run: Run, opened: Callable[..., Database], tmp_path: Path
) -> None:
    route = tmp_path / "rute.geojson"
    route.write_text('{"type": "LineString", "coordinates": [[9.92, 57.04], [9.93, 57.05]]}')
    [walk] = said(run("walk", "create", "--title", "Vandring", "--route", str(route), "--json"))
    for step in ("close", "close", "reopen"):
        said(run("walk", step, walk["code"], "--json"))
    assert [(one.who, one.what, one.about) for one in logged(opened()) if one.walk_id == walk["walk_id"]] == [
        ("command", "imported", "file:route"), ("command", "walk-closed", ""), ("command", "walk-reopened", ""),
    ]  # fmt: skip


def test_a_backup_onto_another_disk_is_made_also_where_the_log_cannot_be_written(
    run: Run, opened: Callable[..., Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [walk] = said(run("walk", "create", "--title", "Vandring", "--json"))
    monkeypatch.setattr("app.db.BUSY_MS", 50)
    with opened().write():  # somebody else holds the database
        [made] = said(run("backup", str(tmp_path / "copy"), "--json"))
        refused = run("export", walk["code"], "--format", "csv", "--out", str(tmp_path / "o.csv"))
    assert made["walks"] == 1
    assert logged(opened()) == []
    assert refused.exit_code != 0, "a report leaves the house logged or not at all"
    assert not (tmp_path / "o.csv").exists()
