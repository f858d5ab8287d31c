"""200 notes, each with a photo of about 300 KB, from 8 phones at once: all stored once, in little memory."""

import io
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from PIL import Image

from tests.benchmarks.table import Row
from tests.phone import Phone, Picture
from tests.running import Server

PHONES, NOTES_EACH = 8, 25
MEMORY_MB = 200.0


def measure(folder: Path) -> list[Row]:
    """Runs the load; raises AssertionError where anything is missing or double."""
    pictures = [_street(number) for number in range(PHONES * NOTES_EACH)]
    raw = _write_durably(folder / "raw", pictures)
    server = Server(folder / "var").start()
    try:
        walk = server.tryg("walk", "create", "--title", "Belastning")
        with _Memory(server) as memory:
            sent = _send_all(server, walk["code"], pictures)
            ready = _until_ready(server, walk["code"], folder / "out.json")
        kept = _export(server, walk["code"], folder / "out.json")
    finally:
        server.stop()
    states = [photo["state"] for note in kept for photo in note["photos"]]
    assert len({note["id"] for note in kept}) == len(kept) == len(pictures), len(kept)
    assert states == ["ready"] * len(pictures), states
    size = sum(map(len, pictures)) / len(pictures) / 1000
    return [
        Row(f"200 notes with photos of {size:.0f} KB, 8 phones, all receipts", sent, "s", raw=raw),
        Row("… until every photo is cleaned", ready, "s"),
        Row("… memory of the server and its photo worker, at most", memory.peak_mb, "MB", promise=MEMORY_MB),
    ]


def _street(number: int) -> bytes:
    """A JPEG of about 300 KB, as large as a phone's after shrinking; each is different."""
    noise = Image.frombytes("L", (400, 300), random.Random(number).randbytes(400 * 300))
    file = io.BytesIO()
    noise.resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB").save(file, "JPEG", quality=58)
    return file.getvalue()


def _write_durably(folder: Path, pictures: list[bytes]) -> float:
    """Seconds to write, fsync and rename the same bytes from 8 threads: what no server can beat."""
    folder.mkdir()

    def write(number: int) -> None:
        part = folder / f"{number}.part"
        with part.open("wb") as file:
            file.write(pictures[number])
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / f"{number}.jpg")
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    started = time.monotonic()
    with ThreadPoolExecutor(PHONES) as pool:
        list(pool.map(write, range(len(pictures))))
    return time.monotonic() - started


def _send_all(server: Server, code: str, pictures: list[bytes]) -> float:
    def one_phone(number: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            phone = Phone(http, code).join()
            for data in pictures[number::PHONES]:
                phone.note(Picture(data))
            phone.sync()

    started = time.monotonic()
    with ThreadPoolExecutor(PHONES) as pool:
        list(pool.map(one_phone, range(PHONES)))
    return time.monotonic() - started


def _until_ready(server: Server, code: str, out: Path) -> float:
    started = time.monotonic()
    while time.monotonic() - started < 180:
        notes = _export(server, code, out)
        if all(photo["state"] == "ready" for note in notes for photo in note["photos"]):
            return time.monotonic() - started
        time.sleep(1)
    raise AssertionError("photos were not cleaned within 180 s")


def _export(server: Server, code: str, out: Path) -> list[dict[str, object]]:
    import json

    server.tryg("export", code, "--format", "geojson", "--out", str(out))
    features = json.loads(out.read_text("utf-8"))["features"]
    return [{"id": feature["id"], **feature["properties"]} for feature in features]


class _Memory:
    """The most memory the server and its children held, in MB: proportional set size, so shared pages count once."""

    def __init__(self, server: Server) -> None:
        assert server.process is not None
        self.pid, self.peak_mb = server.process.pid, 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Memory":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.peak_mb = max(self.peak_mb, sum(map(_held_kb, _family(self.pid))) / 1024)


def _family(pid: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{pid}/task")
        children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(descendant for child in children for descendant in _family(child))]


def _held_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
