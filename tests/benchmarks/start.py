"""How long whoever types `make run` a second time waits for an answer, beside the bare import of the frameworks it uses."""

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.benchmarks.table import Row
from tests.running import PATIENCE_S, clean_environment, free_port

STARTS = 7
PROJECT = Path(__file__).parents[2]


def measure(folder: Path) -> list[Row]:
    """Medians; the demo walk is there already, as at every second start."""
    _make_run(folder)
    started = statistics.median(_make_run(folder) for _ in range(STARTS))
    bare = statistics.median(_import_frameworks() for _ in range(STARTS))
    return [Row("second make run until it answers", started, "s", promise=3, raw=bare)]


def _make_run(folder: Path) -> float:
    port = free_port()
    command = ["make", "run", f"PORT={port}", f"DATA={folder / 'var'}"]
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=PROJECT, env=clean_environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as run:
        try:
            while not _answers(port):
                assert run.poll() is None, "make run ended"
                assert time.perf_counter() - began < PATIENCE_S, "make run did not start"
                time.sleep(0.02)
            return time.perf_counter() - began
        finally:
            os.killpg(run.pid, signal.SIGTERM)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _import_frameworks() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, sqlmodel, uvicorn"], check=True)
    return time.perf_counter() - began
