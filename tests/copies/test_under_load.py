"""A backup written while phones send: what was acknowledged is in it, and what it lacks the phones bring by themselves."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.phone import Phone, Picture, jpeg
from tests.postgres import Cluster
from tests.running import Server

PHONES = 3
MOST_NOTES = 400  # of each phone, should the backup take long
PAUSE_S = 0.1  # between two notes: enough load, and never so fast that it is over before the backup is


def told(server: Server, walk_id: str, key: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """The report by script: each note's words, and its photos with their states."""
    answer = httpx.get(
        f"{server.url}/walks/{walk_id}/report.geojson", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    answer.raise_for_status()
    return {
        feature["id"]: (feature["properties"]["note"], [(photo["id"], photo["state"]) for photo in feature["properties"]["photos"]])
        for feature in answer.json()["features"]
    }  # fmt: skip


def made_by(phones: list[Phone]) -> dict[str, tuple[str, list[str]]]:
    return {
        note_id: (body["note"], [photo["id"] for photo in body["photos"]])
        for phone in phones
        for note_id, body in phone.made.items()
    }


def bare(report: dict[str, tuple[str, list[tuple[str, str]]]]) -> dict[str, tuple[str, list[str]]]:
    return {note_id: (note, [photo_id for photo_id, _state in photos]) for note_id, (note, photos) in report.items()}


class Load:
    """Phones that write and send one note after another, each in a thread, from the block's start to its end."""

    def __init__(self, phones: list[Phone]) -> None:
        self.phones, self.over = phones, threading.Event()

    def __enter__(self) -> "Load":
        self.pool = ThreadPoolExecutor(len(self.phones))
        self.running = [self.pool.submit(self._walk, number, phone) for number, phone in enumerate(self.phones)]
        return self

    def __exit__(self, *_failed: Any) -> None:
        self.over.set()
        self.pool.shutdown()
        for done in self.running:
            done.result()

    def _walk(self, number: int, phone: Phone) -> None:
        for at in range(MOST_NOTES):
            pictures = [Picture(jpeg(400, 300, (number, at, of))) for of in range(at % 3)]
            note_id = phone.note(*pictures, note=f"Note {at} fra {number}")
            phone.sync()
            if at % 4 == 3:
                phone.edit(note_id, note=f"Note {at} fra {number}, rettet")
                phone.sync()
            if self.over.wait(PAUSE_S):
                return

    def acknowledged(self) -> tuple[dict[str, int], set[str]]:
        """What the phones have receipts for right now: notes with their revisions, and photos."""
        notes = {note_id: sent["rev"] for phone in self.phones for note_id, sent in dict(phone.receipts).items()}
        return notes, {photo_id for phone in self.phones for photo_id in set(phone.arrived)}

    def wait_for(self, notes: int) -> None:
        for _ in range(600):
            if len(self.acknowledged()[0]) >= notes:
                return
            self.over.wait(0.1)
        raise AssertionError(f"the phones have sent only {self.acknowledged()}")


@pytest.fixture(params=["sqlite_to_postgresql", "postgresql_to_sqlite"])
def two_servers(
    request: pytest.FixtureRequest, start_server: Callable[..., Server], postgres: Cluster, migrated_postgres: str
) -> Iterator[tuple[Server, Server]]:
    """One to back up, and an empty one that runs already, on a database of the other kind."""
    with postgres.database(migrated_postgres) as url:
        settings = [{"TRYG_RATE_LIMITS": "off"}, {"TRYG_DATABASE_URL": url, "TRYG_RATE_LIMITS": "off"}]
        if request.param.startswith("postgresql"):
            settings.reverse()
        yield start_server(**settings[0]), start_server(**settings[1])


def test_a_backup_made_under_load_restores_to_the_same_report_and_the_phones_bring_the_rest(
    two_servers: tuple[Server, Server], tmp_path: Path
) -> None:
    first, second = two_servers
    walk = first.tryg("walk", "create", "--title", "Aftenvandring")
    first.tryg("user", "add", "ida@x.example", "--role", "coordinator")
    key = first.tryg("user", "key", "ida@x.example")["key"]
    folder = tmp_path / "backup"
    with httpx.Client(base_url=first.url, timeout=30) as http:
        phones = [Phone(http, walk["code"]).join() for _ in range(PHONES)]
        with Load(phones) as load:
            load.wait_for(8)
            early = first.tryg("backup", str(folder))
            for _again in range(20):  # until something came in while it was written
                notes, photos = load.acknowledged()
                said = first.tryg("backup", str(folder))
                later = load.acknowledged()[0]
                if len(later) > len(notes):
                    break
    assert len(later) > len(notes), "there was no load while the backup was written"
    assert said["notes"] >= early["notes"]
    print(f"backup: {said}, {early['copied']} copied at first, {said['copied']} later")
    assert second.tryg("restore", str(folder)) == {name: said[name] for name in ("made_at", "walks", "notes", "photos")}

    restored = told(second, walk["walk_id"], key)
    everything = made_by(phones)
    whole = {note_id: photos for note_id, (_note, photos) in everything.items()}
    assert {note_id: photos for note_id, (_note, photos) in bare(restored).items()} == {
        note_id: whole[note_id] for note_id in restored
    }
    assert notes.keys() <= restored.keys()  # acknowledged before the backup began: in it
    here = {photo_id for _note, found in restored.values() for photo_id, state in found if state != "expected"}
    assert photos <= here
    assert len(here) == said["photos"]
    with httpx.Client(base_url=second.url, timeout=30) as http:
        missing = 0
        for phone in phones:
            phone.network.http = http
            asked = {"observations": [{"id": note_id, "rev": body["rev"]} for note_id, body in phone.made.items()],
                     "photos": list(phone.pictures)}  # fmt: skip
            lacking = http.post(f"/api/v1/walks/{walk['walk_id']}/known", json=asked, headers=phone.key).json()[
                "missing"
            ]
            assert set(lacking["photos"]) == phone.pictures.keys() - here
            assert not {note["id"] for note in lacking["observations"]} & {
                note_id for note_id in restored if restored[note_id][0] == everything[note_id][0]
            }
            missing += len(lacking["observations"])
            phone.receipts = {
                k: v for k, v in phone.receipts.items() if k not in {note["id"] for note in lacking["observations"]}
            }
            phone.arrived -= set(lacking["photos"])
            phone.sync()
        print(
            f"{len(everything)} notes, {missing} of them, and {len(set().union(*(p.pictures for p in phones)) - here)} photos, brought once more by the phones"
        )
        assert bare(told(second, walk["walk_id"], key)) == everything == bare(told(first, walk["walk_id"], key))
    assert "Traceback" not in first.said() + second.said()
