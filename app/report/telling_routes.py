"""The page on which the report's own words are written, and the versions of the report that are not public.

Hides forms. Promises that what was typed comes back whatever was wrong with it, and that what somebody else has written
meanwhile is shown beside it and not overwritten.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from app import pages
from app.access.guards import WalkReader
from app.access.releasing import Writer
from app.db import Database, Db
from app.models import Partner, Walk, now
from app.privacy import looking
from app.problems import Problem
from app.report import changes, freezing, public, since, since_files, telling, words
from app.report.allowed import INSIDE, PARTNER
from app.report.forms import OwnForm
from app.report.report import Report, build
from app.report.telling import Draft
from app.walks.walks import stops_of

router = APIRouter(tags=["report"])


@router.get("/walks/{walk_id}/report/write")
def get_telling(request: Request, reader: Writer, db: Db) -> Response:
    looking.read(request, reader.person, "writing", reader.walk)
    with db.read() as tx:
        return _page(request, tx, reader, telling.told(tx, reader.walk))


@router.post("/walks/{walk_id}/report/write")
def post_telling(request: Request, reader: Writer, db: Db, form: OwnForm) -> Response:
    """Keeps the words. A script (Accept: application/json) gets `version`, or `errors` by field; a person the page."""
    with db.read() as tx:
        kept = telling.told(tx, reader.walk)
    lists = {name: [str(value) for value in form.getlist(name)] for name in ("stop", "words", "shown", "pair")}
    draft = telling.typed({name: value for name, value in form.items() if isinstance(value, str)}, lists, kept)
    draft.places = telling.moved(draft.places, str(form.get("do", "")))
    changed, version = draft.version != kept.version, draft.version
    if draft.check() and not changed:
        try:
            with db.write() as tx:
                version = telling.save(tx, reader.walk.id, draft, reader.person.user)
        except telling.TellingChanged:
            changed = True
    by_script = "application/json" in request.headers.get("accept", "")
    if changed or draft.errors:
        status = 409 if changed else 422
        if by_script:
            return JSONResponse({"changed": changed, "errors": draft.errors}, status, headers=pages.PRIVATE)
        with db.read() as tx:
            theirs = telling.told(tx, reader.walk) if changed else None
            draft.version = (
                theirs.version if theirs else draft.version
            )  # whoever keeps it now has read what the other wrote
            return _page(request, tx, reader, draft, status, theirs)
    if by_script:
        told = {"version": version, "at": pages.clock(now(), reader.walk.timezone)}
        return JSONResponse(told, headers=pages.PRIVATE)
    at = "#places" if str(form.get("do", "")).partition(":")[1] else ""
    return RedirectResponse(f"/walks/{reader.walk.id}/report/write{at}", 303, headers=pages.PRIVATE)


@router.get("/walks/{walk_id}/report/internal.json", response_class=Response)
def get_internal(request: Request, reader: Writer, db: Db) -> Response:
    """The internal version, as data: for the municipality's own files, not for others."""
    looking.exported(request, reader.person, "internal.json", reader.walk)
    return _version(reader, db, INSIDE)


@router.get("/walks/{walk_id}/report/partners/{partner_id}.json", response_class=Response)
def get_extract(request: Request, reader: Writer, partner_id: str, db: Db) -> Response:
    """A partner's extract, as data: the released notes and the measures that are routed to them, with the exact place.
    Raises not-found (404) where they are none of this organisation's."""
    with db.read() as tx:
        partner = tx.get(Partner, partner_id)
    if partner is None or partner.organisation_id != reader.walk.organisation_id:
        raise Problem("not-found")
    looking.exported(request, reader.person, "extract.json", reader.walk)
    return _version(reader, db, PARTNER, partner_id)


def _version(reader: WalkReader, db: Database, version: str, partner_id: str | None = None) -> Response:
    with db.read() as tx:
        report = build(tx, reader.walk.id, sensitive=version == INSIDE and reader.sensitive, base_url="")
        made = freezing.document(report, telling.for_report(tx, reader.walk, report), version, partner_id)
        if version == INSIDE and (beside := since_files.beside(tx, since_files.for_reader(tx, reader), report)):
            made.content["since"] = beside.told
    headers = {"Content-Disposition": f'attachment; filename="{version}.json"'} | pages.PRIVATE
    return Response(freezing.canonical(made.content), media_type="application/json", headers=headers)


def _pairs(tx: Session, walk: Walk, report: Report) -> tuple[list[since.Candidate], dict[str, tuple[str, ...]]]:
    """The photos that may stand side by side, and by each pair's key where the two are."""
    before = public.before(tx, walk)
    if before is None:
        return [], {}
    made = freezing.document(report, telling.for_report(tx, walk, report))
    found = since.candidates(made, before, since.compared(before, made.content))
    then = f"/r/{tx.get_one(Walk, walk.follows_id).slug}/photos"
    addresses = {
        one.key: tuple(f"{then}/{name}.jpg" if of == since.THEN else f"/api/v1/photos/{key}" for of, name, key in one.sources)
        for one in found
    }  # fmt: skip
    return found, addresses


def _page(
    request: Request, tx: Session, reader: WalkReader, draft: Draft, status: int = 200, theirs: Draft | None = None
) -> Response:
    report, stops = build(tx, reader.walk.id, sensitive=False, base_url=""), stops_of(tx, reader.walk.id)
    proposals = telling.proposed(report)
    if not any(stop for stop, _words in draft.places):
        ids = {stop.number: stop.id for stop in stops}
        draft.places = ([(ids[one.stop], "") for one in proposals] + draft.places)[: telling.PLACES]
    found, addresses = _pairs(tx, reader.walk, report)
    known: dict[str, Any] = {
        "candidates": found,
        "addresses": addresses,
        "texts": draft.texts,
        "limits": telling.TEXTS,
        "labels": changes.LABELS,
    }
    return pages.render(
        request, "report/write.html", status, walk=reader.walk, draft=draft, theirs=theirs, stops=telling.stop_choices(stops),
        proposals={one.stop: one for one in proposals}, numbers={stop.id: stop.number for stop in stops},
        personal=draft.personal(), place_words=telling.PLACE_WORDS, words=words, **known,
    )  # fmt: skip
