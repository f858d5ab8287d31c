"""One figure and its promise; figures side by side."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`value` in `unit`; `promise`: the most it may be, None where nothing is promised; `raw`: the raw limit of the same
    work on this machine in the same run, in the same unit, None where there is none; `reach`: the least share of it that
    is promised, of what should be large; `times`: how many times it, at most, of what should be small."""

    name: str
    value: float
    unit: str
    promise: float | None = None
    raw: float | None = None
    reach: float | None = None
    times: float | None = None

    @property
    def held(self) -> bool:
        slow = self.reach is not None and self.raw is not None and self.value < self.reach * self.raw
        long = self.times is not None and self.raw is not None and self.value > self.times * self.raw
        return not slow and not long and (self.promise is None or self.value <= self.promise)


def show(rows: list[Row]) -> None:
    """Print the figures as a table for people."""
    width = max(len(row.name) for row in rows)
    print(f"\n{'':{width}}  {'measured':>14}  {'promised':>22}  {'raw limit':>12}  {'ratio':>6}")
    for row in rows:
        promises = [
            None if row.promise is None else f"≤ {row.promise:g} {row.unit}",
            None if row.reach is None else f"≥ {row.reach:g} of it",
            None if row.times is None else f"≤ {row.times:g} × it",
        ]
        promise = ", ".join(filter(None, promises))
        raw = "" if row.raw is None else f"{row.raw:.4g} {row.unit}"
        ratio = "" if not row.raw else f"{row.value / row.raw:.2f}"
        mark = "" if row.held else "  MISSED"
        print(f"{row.name:{width}}  {row.value:>9.4g} {row.unit:<4}  {promise:>22}  {raw:>12}  {ratio:>6}{mark}")
