"""A walk's report as a file for whoever runs the server: every format, sensitive notes included, in the walk's language.

Hides which format is made where. Promises the same files as the routes give.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlmodel import Session

from app import i18n
from app.basemap.kept import Maps
from app.models import Walk
from app.photos.vault import vault_of
from app.report import exports, geopackage, printer, printing, since_files, spreadsheet
from app.report.report import Report, build
from app.report.since_files import Beside
from app.settings import Settings
from app.streaming import as_bytes

FORMATS = ("geojson", "csv", "gpkg", "xlsx", "zip", "json", "pdf")
_FROM_A_REPORT: dict[str, Callable[[Report, Beside | None], Iterator[bytes]]] = {
    "geojson": lambda report, _beside: exports.geojson(report),
    "csv": lambda report, _beside: exports.table(report),
    "gpkg": lambda report, _beside: geopackage.geopackage(report),
    "json": lambda report, beside: exports.whole(report, beside.told if beside else None),
    "xlsx": lambda report, beside: spreadsheet.workbook(report, beside.view if beside else None),
}


def written(tx: Session, walk: Walk, kind: str, settings: Settings) -> tuple[Report, Iterator[bytes]]:
    """The report, and its file piece by piece; `tx` is not needed for the pieces. `kind`: one of FORMATS."""
    with i18n.use(walk.language):
        report = build(tx, walk.id, sensitive=True, base_url=settings.base_url)
        if kind == "pdf":
            return report, iter([_printed(tx, walk, settings)])
        beside = since_files.beside(tx, since_files.for_operator(tx, walk), report)
        if kind == "zip":
            return report, as_bytes(exports.bundle(report, vault_of(settings).opened, beside.told if beside else None))
        pieces = _FROM_A_REPORT[kind](report, beside)
        return report, iter(list(pieces)) if kind == "xlsx" else pieces  # its words are in the language spoken


def _printed(tx: Session, walk: Walk, settings: Settings) -> bytes:
    ground = printing.Ground(Maps(settings.maps), settings.basemap_credit)
    earlier = since_files.for_operator(tx, walk)
    name = printing.key(tx, walk, sensitive=True, earlier=earlier)
    sheet = printing.internal(tx, walk, sensitive=True, name=name, ground=ground, earlier=earlier)
    with tempfile.TemporaryDirectory(prefix="tryg-") as folder:
        return printer.printed(sheet.given, sheet.photos, vault_of(settings), Path(folder))
