"""Photos to send: JPEGs of 1,600 x 1,200 pixels, each different, as large as asked for; and what a machine does with them at best."""

import io
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from PIL import Image

QUALITIES = {300: 38, 400: 57}  # kilobytes: what such a picture is saved with to be about so large
CORES = len(os.sched_getaffinity(0))


def street(number: int, kilobytes: int = 400) -> bytes:
    """As a phone sends it after shrinking."""
    noise = Image.frombytes("L", (400, 300), random.Random(number).randbytes(400 * 300))
    file = io.BytesIO()
    noise.resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB").save(file, "JPEG", quality=QUALITIES[kilobytes])
    return file.getvalue()


def streets(count: int, kilobytes: int = 400) -> list[bytes]:
    """Many at once, on all cores."""
    with ProcessPoolExecutor(CORES) as pool:
        return list(pool.map(street, range(count), [kilobytes] * count, chunksize=8))


def kept_at_best(folder: Path, pictures: Sequence[bytes], at_once: int) -> float:
    """How many a second are written, synced, renamed and their folder synced, by so many threads: what no server can beat."""
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

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(write, range(len(pictures))))
    return len(pictures) / (time.perf_counter() - began)


def decoded_at_best(pictures: Sequence[bytes]) -> float:
    """How many a second are decoded and encoded again, on all cores, and nothing else done with them."""
    with ProcessPoolExecutor(CORES) as pool:
        list(pool.map(again, pictures[:CORES]))  # the processes are there
        began = time.perf_counter()
        list(pool.map(again, pictures, chunksize=4))
        return len(pictures) / (time.perf_counter() - began)


def again(jpeg: bytes) -> int:
    written = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.save(written, "JPEG", quality=85)
    return written.tell()
