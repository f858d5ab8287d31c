"""How long the files of a report take, beside the raw limit of the same bytes: CSV, GeoPackage and Excel of 5,000 notes, a ZIP
of 200 photos, a PDF of 60 notes with photos."""

import hashlib
import io
import os
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from sqlmodel import select

from app.db import Database
from app.models import Observation, Photo, Stop, Walk
from app.photos.folder import FolderVault
from tests.benchmarks.table import Row
from tests.phone import Phone, new_id
from tests.running import Server

NOTES, PHOTOS, PRINTED = 5_000, 200, 60
TIMES = 3
WORDS = (
    "Lampen midt i tunnelen er slukket, og man kan ikke se, om der står nogen, før man er halvvejs. ",
    "Her er lys i vinduerne og folk på bænkene til langt ud på aftenen. Det gør en forskel. ",
    "Buskene når helt ind over stien, så børnene går på kørebanen for at komme uden om. ",
)
FACTORS = (["lighting.outage", "paths.underpass"], ["people.meeting_place"], ["sightlines.planting"])


def measure(folder: Path) -> list[Row]:
    """Medians of what a reader waits for until the last byte, over HTTP."""
    server = Server(folder / "var").start()
    try:
        server.tryg("user", "add", "laeser@example.dk", "--role", "coordinator")
        key = server.tryg("user", "key", "laeser@example.dk")["key"]
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as http:
            many, seen, printed = (
                _walk(server, http, *about) for about in ((NOTES, 0), (PHOTOS, PHOTOS), (PRINTED, PRINTED))
            )
            rows = [_file(http, many, "csv", f"{NOTES} notes as CSV", 1.0), _file(http, many, "gpkg", "… as GeoPackage", None),
                    _file(http, many, "xlsx", "… as Excel", None)]  # fmt: skip
            rows.append(_file(http, seen, "zip", f"{PHOTOS} photos of 300 KB as ZIP", 0.5))
            return rows + _pdf(http, printed)
    finally:
        server.stop()


def _file(http: httpx.Client, walk_id: str, kind: str, name: str, promise: float | None) -> Row:
    """The raw limit is sending as many bytes that lie in memory, hashed once, through a pipe."""
    taken = []
    for _time in range(TIMES):
        began = time.perf_counter()
        size = 0
        with http.stream("GET", f"/walks/{walk_id}/report.{kind}") as answer:
            assert answer.status_code == 200, answer.read()
            for piece in answer.iter_raw():
                size += len(piece)
        taken.append(time.perf_counter() - began)
    return Row(name, sorted(taken)[TIMES // 2], "s", promise=promise, raw=_through_a_pipe(size))


def _through_a_pipe(size: int) -> float:
    began, piece = time.perf_counter(), bytes(64 * 1024)
    out, into = os.pipe()
    for _piece in range(max(1, size // len(piece))):
        os.write(into, piece)
        hashlib.sha256(os.read(out, len(piece)))
    os.close(out)
    os.close(into)
    return time.perf_counter() - began


def _pdf(http: httpx.Client, walk_id: str) -> list[Row]:
    """The first asker waits for the printing, all others get the file."""
    began = time.perf_counter()
    answer = http.get(f"/walks/{walk_id}/report.pdf")
    first = time.perf_counter() - began
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-"), answer.text[:200]
    again = _file(http, walk_id, "pdf", "… asked for again", None)
    size = len(answer.content) / 1e6
    return [
        Row(f"{PRINTED} notes with photos as PDF", first, "s", promise=3.0),
        Row("… its size", size, "MB", promise=6.0),
        again,
    ]


def _walk(server: Server, http: httpx.Client, notes: int, photos: int) -> str:
    """A walk with so many notes, the first ones with a photo; put straight into the database and the vault."""
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
            tx.add_all(_photo(vault, at, made[at]) for at in range(photos))
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


def _photo(vault: FolderVault, number: int, note: Observation) -> Photo:
    """A clean photo of about 300 KB in the vault, and in its note."""
    noise = Image.frombytes("L", (400, 300), random.Random(number).randbytes(400 * 300))
    file = io.BytesIO()
    noise.resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB").save(file, "JPEG", quality=38)
    data, photo_id = file.getvalue(), new_id()
    vault.keep_clean(photo_id, data, data[:1000])
    note.photo_ids = [photo_id]
    return Photo(id=photo_id, observation_id=note.id, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data),
                 type="image/jpeg", state="ready", width=1600, height=1200)  # fmt: skip
