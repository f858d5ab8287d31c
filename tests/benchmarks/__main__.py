"""Prints every figure as a table and ends with 1 where a promise is missed."""

import sys
import tempfile
from pathlib import Path

from tests.benchmarks import durable, faces, files, load, maps, overview, phone_speed, reading, start
from tests.benchmarks.table import show


def main() -> int:
    rows = []
    for part in (start, durable, load, phone_speed, maps, reading, files, overview, faces):
        with tempfile.TemporaryDirectory(prefix="tryg-bench-") as folder:
            rows += part.measure(Path(folder))
    show(rows)
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
