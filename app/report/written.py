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
from app.photos.vault import Vault
from app.report import exports, geopackage, printer, printing, spreadsheet
from app.report.report import Report, build
from app.settings import Settings

FORMATS = ("geojson", "csv", "gpkg", "xlsx", "zip", "json", "pdf")
_FROM_A_REPORT: dict[str, Callable[[Report], Iterator[bytes]]] = {
    "geojson": exports.geojson, "csv": exports.table, "json": exports.whole, "gpkg": geopackage.geopackage, "xlsx": spreadsheet.workbook,
}  # fmt: skip


def written(tx: Session, walk: Walk, kind: str, settings: Settings) -> tuple[Report, Iterator[bytes]]:
    """The report, and its file piece by piece; `tx` is not needed for the pieces. `kind`: one of FORMATS."""
    with i18n.use(walk.language):
        report = build(tx, walk.id, sensitive=True, base_url=settings.base_url)
        if kind == "zip":
            return report, exports.bundle(report, Vault(settings.photos).pieces)
        if kind == "pdf":
            return report, iter([_printed(tx, walk, settings)])
        pieces = _FROM_A_REPORT[kind](report)
        return report, iter(list(pieces)) if kind == "xlsx" else pieces  # its words are in the language spoken


def _printed(tx: Session, walk: Walk, settings: Settings) -> bytes:
    ground = printing.Ground(Maps(settings.maps), settings.basemap_credit)
    name = printing.key(tx, walk, sensitive=True)
    sheet = printing.internal(tx, walk, sensitive=True, name=name, ground=ground)
    with tempfile.TemporaryDirectory(prefix="tryg-") as folder:
        return printer.printed(sheet.given, sheet.photos, Vault(settings.photos), Path(folder))
