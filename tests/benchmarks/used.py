"""How much memory and processor time a server uses, with all its processes. Memory: proportional set size, so that pages they
share count once."""

import os
import threading
from pathlib import Path

from tests.running import Server

TICKS = os.sysconf("SC_CLK_TCK")


class Memory:
    """The most that was held while inside, in MB, as `peak_mb`; `before_mb`: when it was entered."""

    def __init__(self, server: Server) -> None:
        assert server.process is not None
        self._pid = server.process.pid
        self.before_mb = self.peak_mb = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self.before_mb = self.peak_mb = held_mb(self._pid)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.peak_mb = max(self.peak_mb, held_mb(self._pid))


def held_mb(pid: int) -> float:
    """A process and its descendants."""
    return sum(map(_held_kb, family(pid))) / 1024


def spent(pid: int) -> float:
    """Seconds of processor time of a process and all that it has started, ended ones too."""
    return sum(spent_alone(one, 15) for one in family(pid))


def spent_alone(pid: int, until: int = 13) -> float:
    """The same of it alone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, told[11:until])) / TICKS


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    try:
        tasks = Path(f"/proc/{pid}/task")
        children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(descendant for child in children for descendant in family(child))]


def _held_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
