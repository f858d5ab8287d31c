"""The printed report over HTTP: the PDF, and the package for a records system that the PDF is in.

Hides the press and the waiting. Promises that whoever looks at it in a browser gets a page that says how far it is, and then
the file, without any script; that a script waits for its file in one request; that nobody's waiting takes a thread from
others; and that a failure is a sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from app import i18n, pages
from app.access import limits
from app.access.answering import Answering, RoutedWalk
from app.access.guards import ReaderOfWalk, WalkReader, etag_matches
from app.access.releasing import Writer
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import Partner, Telling, Walk
from app.privacy import looking
from app.problems import Problem, TryAgain
from app.report import exports, printing, public, records, since_files
from app.report.paper import Sheet
from app.report.press import Job, Press, finished
from app.report.printing import Ground
from app.report.report import Report, build
from app.streaming import Made

router = APIRouter(tags=["report"])

PATIENCE_S = 1.5  # how long a browser waits before it is told how far it is
LONGEST_S = 100.0  # how long a script waits; then it is asked to come back
AGAIN_S = 2  # how often the page looks again
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept, Accept-Language"}
_PUBLIC = {"Cache-Control": "public, no-cache", "Vary": "Accept, Accept-Language"}  # as app.report.public_routes
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
    """What somebody asks for: its key in the press, what it is called, where it belongs, and how it is made; `who` asks, where
    they are known."""

    key: str
    title: str
    name: str
    link: str
    made: Callable[[], Sheet]
    headers: dict[str, str]
    who: str = ""

    def etag(self, kind: str) -> str:
        return f'"{self.key[:32]}.{kind}"'


@router.get("/walks/{walk_id}/report.pdf", **_PDF)
async def as_pdf(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """The report as a PDF (PDF/UA-1, PDF/A-2a). A browser gets a page that looks again until it is printed (202)."""
    asked = await run_in_threadpool(_internal, request, reader, db, "pdf")
    return await _pdf(request, asked)


@router.head("/walks/{walk_id}/report.pdf", include_in_schema=False)
def head_of_pdf(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    return _head(_internal(request, reader, db, "pdf"), "pdf", "application/pdf")


@router.get("/walks/{walk_id}/report.esdh.zip", **_ZIP)
async def as_records(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    """PDF, data and photos with the SHA-256 of each, for the records system. Waits as the PDF does."""
    asked = await run_in_threadpool(_internal, request, reader, db, "esdh.zip")
    answer = await _printed(request, asked, "esdh.zip")
    if isinstance(answer, Response):
        return answer
    await run_in_threadpool(limits.count, request, limits.FILES, asked.who)
    report, about, since = await run_in_threadpool(_filed, request, reader, db, asked)
    pieces = records.package(report, answer, request.app.state.vault.opened, about, since)
    return Made(pieces, exports.LARGE, media_type="application/zip", headers=_named(asked, "esdh.zip", "attachment"))


@router.head("/walks/{walk_id}/report.esdh.zip", include_in_schema=False)
def head_of_records(request: Request, reader: ReaderOfWalk, db: Db) -> Response:
    return _head(_internal(request, reader, db, "esdh.zip"), "esdh.zip", "application/zip")


@router.get("/r/{slug}/report.pdf", **_PDF)
async def as_public_pdf(request: Request, slug: str, db: Db) -> Response:
    """The released report as a PDF, with the measures as they are now. Waits as the other one does."""
    asked = await run_in_threadpool(_public, request, slug, db)
    return await _pdf(request, asked)


@router.head("/r/{slug}/report.pdf", include_in_schema=False)
def head_of_public_pdf(request: Request, slug: str, db: Db) -> Response:
    return _head(_public(request, slug, db), "pdf", "application/pdf")


@router.get("/partner/extracts/{walk_id}/{partner_id}.pdf", **_PDF)
async def as_extract(request: Request, routed: RoutedWalk, who: Answering, db: Db) -> Response:
    """What is routed to a partner of one walk, to read and print: measures, released notes with their place, approved photos."""

    def asked() -> _Asked:
        walk, partner = routed
        looking.by_partner(request, who.link, who.person, "file:extract.pdf", partner.organisation_id, walk)
        return _extract(request, walk, partner, db, "/partner")

    return await _pdf(request, await run_in_threadpool(asked))


@router.get("/walks/{walk_id}/report/partners/{partner_id}.pdf", **_PDF)
async def as_extract_inside(request: Request, reader: Writer, partner_id: str, db: Db) -> Response:
    """The same for those who plan the walk: what a partner has, or would have, before them. Raises not-found (404)."""

    def asked() -> _Asked:
        with db.read() as tx:
            partner = tx.get(Partner, partner_id)
        if partner is None or partner.organisation_id != reader.walk.organisation_id:
            raise Problem("not-found")
        looking.exported(request, reader.person, "extract.pdf", reader.walk)
        return _extract(request, reader.walk, partner, db, f"/walks/{reader.walk.id}/release")

    return await _pdf(request, await run_in_threadpool(asked))


def _extract(request: Request, walk: Walk, partner: Partner, db: Database, link: str) -> _Asked:
    spoken, ground = i18n.language(), _ground(request)
    with db.read() as tx:
        key = printing.extract_key(tx, tx.get_one(Walk, walk.id), partner)

    def made() -> Sheet:
        with i18n.use(spoken), db.read() as tx:
            return printing.extract(tx, tx.get_one(Walk, walk.id), partner, key, ground)

    name = f"{exports.name_of(walk.title, walk.starts_at)}-{exports.name_of(partner.name, None)}"
    return _Asked(key, walk.title, name, link, made, _PRIVATE)


def _internal(request: Request, reader: WalkReader, db: Database, kind: str) -> _Asked:
    """Today's report, for this reader; that they take it out is logged. Raises TryAgain."""
    spoken, ground = i18n.language(), _ground(request)
    with db.read() as tx:
        walk = tx.get_one(Walk, reader.walk.id)
        earlier = since_files.for_reader(tx, reader)
        key = printing.key(tx, walk, sensitive=reader.sensitive, earlier=earlier)
    looking.exported(request, reader.person, kind, walk, of=key, sensitive=reader.sensitive)

    def made() -> Sheet:
        with i18n.use(spoken), db.read() as tx:
            there = tx.get_one(Walk, walk.id)
            return printing.internal(tx, there, sensitive=reader.sensitive, name=key, ground=ground, earlier=earlier)

    name, link = exports.name_of(walk.title, walk.starts_at), f"/walks/{walk.id}/report"
    return _Asked(key, walk.title, name, link, made, _PRIVATE, reader.person.user.id)


def _public(request: Request, slug: str, db: Database) -> _Asked:
    """The released report. Raises not-found (404), the same for every address that has nothing to read."""
    spoken, ground = i18n.language(), _ground(request)
    with db.read() as tx:
        shown = public.shown(tx, *public.behind(tx, slug))
    key = printing.public_key(shown)

    def made() -> Sheet:
        with i18n.use(spoken):
            return printing.for_everybody(shown, key, ground)

    title, name = shown.content["walk"]["title"], f"{slug}-{shown.edition.number}"
    return _Asked(key, title, name, f"/r/{slug}", made, _PUBLIC)


def _ground(request: Request) -> Ground:
    return Ground(request.app.state.maps, request.app.state.settings.basemap_credit)


async def _pdf(request: Request, asked: _Asked) -> Response:
    answer = await _printed(request, asked, "pdf")
    if isinstance(answer, Response):
        return answer
    await run_in_threadpool(limits.count, request, limits.FILES, asked.who)
    # Shown in the browser, in place of the page that waited.
    return FileResponse(answer, media_type="application/pdf", headers=_named(asked, "pdf", "inline"))


async def _printed(request: Request, asked: _Asked, kind: str) -> Path | Response:
    """Where the PDF lies; or what is to be answered instead: that it is held already, or is not ready yet. Raises TryAgain."""
    if etag_matches(request, asked.etag(kind)):
        return Response(status_code=304, headers={"ETag": asked.etag(kind)} | asked.headers)
    press: Press = request.app.state.press
    job = await run_in_threadpool(press.ask, asked.key, asked.made)
    wants_page = "text/html" in request.headers.get("accept", "")
    if not await finished(job, PATIENCE_S if wants_page else LONGEST_S):
        if not wants_page:
            raise TryAgain(_("The report is still being printed. Ask for it again."))
        return await run_in_threadpool(_waiting, request, asked, job, press.ahead(job))
    if job.state == "failed":
        raise TryAgain(
            _(
                "The report could not be printed just now. Nothing is lost: try again in a moment. If it goes on, whoever runs the server finds the reason in its log."
            )
        )
    return job.path


def _waiting(request: Request, asked: _Asked, job: Job, ahead: int) -> Response:
    """How far it is, as a page that looks again."""
    answer = pages.render(
        request, "report/printing.html", 202, title=asked.title, job=job, ahead=ahead, again=AGAIN_S, link=asked.link
    )
    answer.headers["Retry-After"] = str(AGAIN_S)
    return answer


def _filed(
    request: Request, reader: WalkReader, db: Database, asked: _Asked
) -> tuple[Report, dict[str, Any], exports.Told | None]:
    """The report of that PDF, what is said of it, and the walk before. Raises TryAgain where it has changed meanwhile."""
    base_url = request.app.state.settings.base_url or str(request.base_url).rstrip("/")
    with db.read() as tx:
        walk = tx.get_one(Walk, reader.walk.id)
        earlier = since_files.for_reader(tx, reader)
        if printing.key(tx, walk, sensitive=reader.sensitive, earlier=earlier) != asked.key:
            raise TryAgain(_("The report has changed while it was printed. Ask for it again."))
        told = tx.get(Telling, walk.id)
        report = build(tx, walk.id, sensitive=reader.sensitive, base_url=base_url)
        beside = since_files.beside(tx, earlier, report)
        about = records.metadata(
            report, organisation=printing.organisation(tx, walk), journal=str(told.texts.get("journal", "")) if told else "",
            sensitive=reader.sensitive, mark=asked.key[: printing.MARK], language=i18n.language(),
        )  # fmt: skip
        return report, about, beside.told if beside else None


def _named(asked: _Asked, kind: str, how: str) -> dict[str, str]:
    return {"ETag": asked.etag(kind), "Content-Disposition": f'{how}; filename="{asked.name}.{kind}"'} | asked.headers


def _head(asked: _Asked, kind: str, media_type: str) -> Response:
    """What the file would be called; nothing is printed for it, so the length is not known."""
    answer = Response(headers=_named(asked, kind, "inline" if kind == "pdf" else "attachment"), media_type=media_type)
    del answer.headers["Content-Length"]
    return answer
