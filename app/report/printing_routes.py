"""The printed report over HTTP: the PDF, and the package for a records system that the PDF is in.

Hides the press and the waiting. Promises that whoever looks at it in a browser gets a page that says how far it is, and then
the file, without any script; that a script waits for its file in one request; that nobody's waiting takes a thread from
others; and that a failure is a sentence.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from app import i18n, pages
from app.access.guards import ReaderOfWalk, WalkReader, etag_matches
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import Telling, Walk
from app.problems import TryAgain
from app.report import exports, printing, records
from app.report.paper import Sheet
from app.report.press import Job, Press, finished
from app.report.printing import Ground
from app.report.report import Report, build

router = APIRouter(tags=["report"])

PATIENCE_S = 1.5  # how long a browser waits before it is told how far it is
LONGEST_S = 100.0  # how long a script waits; then it is asked to come back
AGAIN_S = 2  # how often the page looks again
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept, Accept-Language"}
_PDF: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"content": {"application/pdf": {}}, "description": "the report to read and print"}},
}
_ZIP: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"content": {"application/zip": {}}, "description": "everything, with its sums"}},
}


@dataclass(frozen=True)
class _Asked:
    """What somebody asks for: its key, and the ETag; `name`: of the file, without its ending."""

    key: str
    etag: str
    title: str
    name: str


@router.get("/walks/{walk_id}/report.pdf", **_PDF)
async def as_pdf(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """The report as a PDF (PDF/UA-1, PDF/A-2a). A browser gets a page that looks again until it is printed (202)."""
    asked = await run_in_threadpool(_asked, request, reader, db, "pdf")
    if etag_matches(request, asked.etag):
        return Response(status_code=304, headers=_headers(asked))
    job = await run_in_threadpool(_job, request, reader, db, asked)
    if not await finished(job, _patience(request)):
        return await run_in_threadpool(_waiting, request, reader, asked, job)
    _whole(job)
    # Shown in the browser, in place of the page that waited. Without the pages' CSP: browsers' own PDF viewers choke on it.
    headers = {"Content-Disposition": f'inline; filename="{asked.name}.pdf"'} | _headers(asked)
    return FileResponse(job.path, media_type="application/pdf", headers=headers)


@router.head("/walks/{walk_id}/report.pdf", include_in_schema=False)
def head_of_pdf(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    return _head(request, reader, db, "pdf", "application/pdf")


@router.get("/walks/{walk_id}/report.esdh.zip", **_ZIP)
async def as_records(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """PDF, data and photos with the SHA-256 of each, for the records system. Waits as the PDF does."""
    asked = await run_in_threadpool(_asked, request, reader, db, "esdh.zip")
    if etag_matches(request, asked.etag):
        return Response(status_code=304, headers=_headers(asked))
    job = await run_in_threadpool(_job, request, reader, db, asked)
    if not await finished(job, _patience(request)):
        return await run_in_threadpool(_waiting, request, reader, asked, job)
    _whole(job)
    report, about = await run_in_threadpool(_filed, request, reader, db, asked)
    headers = {"Content-Disposition": f'attachment; filename="{asked.name}.esdh.zip"'} | _headers(asked)
    pieces = records.package(report, job.path, request.app.state.vault.pieces, about)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.head("/walks/{walk_id}/report.esdh.zip", include_in_schema=False)
def head_of_records(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    return _head(request, reader, db, "esdh.zip", "application/zip")


def _asked(request: Request, reader: WalkReader, db: Database, kind: str) -> _Asked:
    with db.read() as tx:
        walk = tx.get_one(Walk, reader.walk.id)
        key = printing.key(tx, walk, sensitive=reader.sensitive)
    return _Asked(key, f'"{key[:32]}.{kind}"', walk.title, exports.name_of(walk.title, walk.starts_at))


def _job(request: Request, reader: WalkReader, db: Database, asked: _Asked) -> Job:
    """Raises TryAgain where too many are waiting."""
    state, spoken = request.app.state, i18n.language()
    press: Press = state.press
    ground = Ground(state.maps, state.settings.basemap_credit)

    def made() -> Sheet:
        with i18n.use(spoken), db.read() as tx:
            walk = tx.get_one(Walk, reader.walk.id)
            return printing.internal(tx, walk, sensitive=reader.sensitive, name=asked.key, ground=ground)

    return press.ask(asked.key, made)


def _filed(request: Request, reader: WalkReader, db: Database, asked: _Asked) -> tuple[Report, dict[str, object]]:
    """The report of that PDF, and what is said of it. Raises TryAgain where it has changed meanwhile."""
    base_url = request.app.state.settings.base_url or str(request.base_url).rstrip("/")
    with db.read() as tx:
        walk = tx.get_one(Walk, reader.walk.id)
        if printing.key(tx, walk, sensitive=reader.sensitive) != asked.key:
            raise TryAgain(_("The report has changed while it was printed. Ask for it again."))
        told = tx.get(Telling, walk.id)
        report = build(tx, walk.id, sensitive=reader.sensitive, base_url=base_url)
        return report, records.metadata(
            report, organisation=printing.organisation(tx, walk), journal=str(told.texts.get("journal", "")) if told else "",
            sensitive=reader.sensitive, mark=asked.key[: printing.MARK], language=i18n.language(),
        )  # fmt: skip


def _waiting(request: Request, reader: WalkReader, asked: _Asked, job: Job) -> Response:
    """How far it is, as a page that looks again. A script is asked to come back (503)."""
    if not _wants_page(request):
        raise TryAgain(_("The report is still being printed. Ask for it again."))
    ahead = request.app.state.press.ahead(job)
    answer = pages.render(
        request, "report/printing.html", 202, title=asked.title, job=job, ahead=ahead, again=AGAIN_S, link=f"/walks/{reader.walk.id}/report",
    )  # fmt: skip
    answer.headers["Retry-After"] = str(AGAIN_S)
    return answer


def _whole(job: Job) -> None:
    if job.state == "failed":
        raise TryAgain(
            _(
                "The report could not be printed just now. Nothing is lost: try again in a moment. If it goes on, whoever runs the server finds the reason in its log."
            )
        )


def _patience(request: Request) -> float:
    return PATIENCE_S if _wants_page(request) else LONGEST_S


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _head(request: Request, reader: WalkReader, db: Database, kind: str, media_type: str) -> Response:
    """What the file would be called; nothing is printed for it, so the length is not known."""
    asked = _asked(request, reader, db, kind)
    answer = Response(
        headers=_headers(asked) | {"Content-Disposition": f'attachment; filename="{asked.name}.{kind}"'},
        media_type=media_type,
    )
    del answer.headers["Content-Length"]
    return answer


def _headers(asked: _Asked) -> dict[str, str]:
    return {"ETag": asked.etag} | _PRIVATE
