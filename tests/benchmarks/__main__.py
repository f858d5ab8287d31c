"""Prints every figure as a table and ends with 1 where a promise is missed. `python -m tests.benchmarks NAME …`: only those
parts, by their modules' names."""

import importlib
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.table import show

PARTS = (
    "start",
    "durable",
    "on_postgres",
    "photos",
    "load",
    "phone_speed",
    "maps",
    "reading",
    "files",
    "many_walks",
    "overview",
    "costs",
    "faces",
    "audited",
)


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"There is no {', '.join(sorted(unknown))} among {', '.join(PARTS)}.")
    rows = []
    for name in wanted or PARTS:
        part = importlib.import_module(f"tests.benchmarks.{name}")
        with tempfile.TemporaryDirectory(prefix="tryg-bench-") as folder:
            rows += part.measure(Path(folder))
    show(rows)
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
