"""What the benchmarks of reports stand on: a server with somebody who reads, and walks with many notes and photos, put straight
into its database and its vault."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import select

from app.db import Database
from app.models import Observation, Photo, Stop, Walk
from app.photos.folder import FolderVault
from tests.benchmarks import pictures
from tests.phone import Phone, new_id
from tests.running import Server

WORDS = (
    "Lampen midt i tunnelen er slukket, og man kan ikke se, om der står nogen, før man er halvvejs. ",
    "Her er lys i vinduerne og folk på bænkene til langt ud på aftenen. Det gør en forskel. ",
    "Buskene når helt ind over stien, så børnene går på kørebanen for at komme uden om. ",
)
FACTORS = (["lighting.outage", "paths.underpass"], ["people.meeting_place"], ["sightlines.planting"])


@contextmanager
def reading(folder: Path, **settings: str) -> Iterator[tuple[Server, httpx.Client]]:
    """A server, and a coordinator's script that reads from it."""
    server = Server(folder / "var", TRYG_RATE_LIMITS="off", **settings).start()
    try:
        server.tryg("user", "add", "laeser@example.dk", "--role", "coordinator")
        key = server.tryg("user", "key", "laeser@example.dk")["key"]
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as http:
            yield server, http
    finally:
        server.stop()


def walk(server: Server, http: httpx.Client, notes: int, photos: int) -> str:
    """The id of a walk with so many notes, the first ones with a photo of about 300 KB."""
    code = server.tryg("walk", "create", "--title", f"{notes} noter")
    phone = Phone(http, code["code"]).join()
    phone.put(phone.note())
    vault, db = FolderVault(server.data / "photos"), Database(f"sqlite:///{server.data / 'tryg.sqlite'}")
    try:
        with db.write() as tx:
            walk = tx.get_one(Walk, code["walk_id"])
            stops = [
                Stop(walk_id=walk.id, number=n, name=f"Sted {n}", lat=57.04 + n / 1000, lon=9.98) for n in range(1, 9)
            ]
            tx.add_all(stops)
            first = tx.exec(select(Observation).where(Observation.walk_id == walk.id)).one()
            like = first.model_dump()
            made = [_note(like, at, stops[at % len(stops)]) for at in range(notes)]
            tx.add_all(made)
            tx.flush()
            taken = pictures.streets(photos, 300) if photos else []
            tx.add_all(_photo(vault, data, note) for data, note in zip(taken, made, strict=False))
    finally:
        db.close()
    return str(code["walk_id"])


def _note(like: dict[str, Any], at: int, stop: Stop) -> Observation:
    kind = at % 3
    return Observation(**like | {
        "id": new_id(), "captured_utc": like["captured_utc"] + timedelta(seconds=at), "note": WORDS[kind] * (1 + at % 3),
        "suggestion": "En lampe, der tænder, når nogen kommer.", "factors": FACTORS[kind], "stop_id": stop.id,
        "valence": ("unsafe", "safe", "mixed")[kind], "photo_ids": [],
    })  # fmt: skip


def _photo(vault: FolderVault, data: bytes, note: Observation) -> Photo:
    """A clean photo in the vault, and in its note."""
    photo_id = new_id()
    vault.keep_clean(photo_id, data, data[:1000])
    note.photo_ids = [photo_id]
    return Photo(id=photo_id, observation_id=note.id, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data),
                 type="image/jpeg", state="ready", width=1600, height=1200)  # fmt: skip
