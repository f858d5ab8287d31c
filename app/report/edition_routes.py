"""The pages on which a report is asked for, read by a second person, released, sent back and withdrawn.

Hides forms, and where a photo of an edition lies. Promises that each step is committed before its reply, that two who decide at
once are told of each other, and that what was read and checked is kept also where it is not enough yet.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from app import pages
from app.access.guards import WalkReader
from app.access.releasing import KnownEdition, Releaser, Writer, may_release
from app.db import Db
from app.measures import measures
from app.models import Edition, Walk
from app.privacy import looking, trail
from app.report import changes, issued, picture, public, takedown, telling, words
from app.report import edition as editions
from app.report.forms import OwnForm
from app.report.pictures import drawing, photo
from app.report.public_page import values
from app.review.personal import looks_personal

router = APIRouter(tags=["report"])


@router.get("/walks/{walk_id}/release")
def get_editions(request: Request, reader: Writer, db: Db, waiting: bool = False) -> Response:
    """The editions; `waiting`: the one that waits to be read by whoever asks, where there is one."""
    looking.read(request, reader.person, "release", reader.walk)
    with db.read() as tx:
        found = issued.of_walk(tx, reader.walk.id)
        asked = next((one for one in found if one.state == "asked"), None)
        if waiting and asked and asked.written_by != reader.person.user.id and may_release(reader):
            return _to(reader.walk.id, asked.number)
        walk = tx.get_one(Walk, reader.walk.id)
        now, current = editions.frozen(tx, walk), issued.released(tx, walk.id)
        differences = changes.since(current.frozen if current else None, now)
        known: dict[str, Any] = {
            "walk": walk, "editions": found, "current": current, "people": editions.writers(tx, found), "counts": now["counts"],
            "waiting": asked, "differences": differences,
            "written": telling.told(tx, walk).version, "takedowns": takedown.of_walk(tx, walk.id),
            "taken_out": public.shown(tx, walk, current, alone=True).taken_out if current else 0,
            "partners": sorted({(one.partner, one.partner_id) for one in measures.of_walk(tx, walk.id) if one.partner_id}),
        }  # fmt: skip
    base_url = request.app.state.settings.base_url
    return pages.render(
        request, "report/editions.html", reader=reader, releases=may_release(reader), base_url=base_url, **known
    )


@router.post("/walks/{walk_id}/release")
def post_edition(reader: Writer, db: Db, form: OwnForm) -> Response:
    """Freezes the report as it is now, for somebody else to read."""
    with db.read() as tx:
        ready = editions.made_ready(tx, tx.get_one(Walk, reader.walk.id))
    with db.write() as tx:
        made = editions.ask(tx, reader.walk, reader.person.user, ready)
        _tell(tx, reader, "edition-asked", f"edition:{made.number}")
    return _to(reader.walk.id)


@router.get("/walks/{walk_id}/release/{edition}")
def get_edition(request: Request, reader: Writer, edition: KnownEdition, db: Db) -> Response:
    looking.read(request, reader.person, "release", reader.walk)
    with db.read() as tx:
        return _reading(request, tx, reader, edition)


@router.post("/walks/{walk_id}/release/{edition}/reading")
def post_reading(reader: Releaser, edition: KnownEdition, db: Db, form: OwnForm) -> Response:
    """Keeps what was read and looked for so far."""
    with db.write() as tx:
        editions.mark_read(tx, edition, reader.person.user, *_marks(form))
    return _to(reader.walk.id, edition.number)


@router.post("/walks/{walk_id}/release/{edition}/release")
def post_release(request: Request, reader: Releaser, edition: KnownEdition, db: Db, form: OwnForm) -> Response:
    """Everybody can read it from now on; the reading page again (422) where something is missing."""
    with db.write() as tx:
        editions.mark_read(tx, edition, reader.person.user, *_marks(form))
    try:
        with db.write() as tx:
            editions.release(tx, edition, reader.person.user, *_marks(form))
            _tell(tx, reader, "edition-released", f"edition:{edition.number}")
    except editions.NotYet as missing:
        with db.read() as tx:
            held = issued.numbered(tx, reader.walk.id, edition.number)
            return _reading(request, tx, reader, held, 422, missing)
    return _to(reader.walk.id)


@router.post("/walks/{walk_id}/release/{edition}/return")
def post_return(reader: Writer, edition: KnownEdition, db: Db, form: OwnForm) -> Response:
    """Back to who wrote it, with a word; or whoever wrote it takes it back."""
    with db.write() as tx:
        editions.give_back(tx, edition, reader.person.user, str(form.get("because", "")))
        _tell(tx, reader, "edition-returned", f"edition:{edition.number}")
    return _to(reader.walk.id)


@router.post("/walks/{walk_id}/release/{edition}/withdrawal")
def post_withdrawal(reader: Writer, edition: KnownEdition, db: Db, form: OwnForm) -> Response:
    """Off the net at once, by anybody who writes here; the edition before it stands again."""
    with db.write() as tx:
        editions.withdraw(tx, edition, str(form.get("because", "")))
        _tell(tx, reader, "edition-withdrawn", f"edition:{edition.number}")
    return _to(reader.walk.id)


@router.post("/walks/{walk_id}/takedowns/{takedown_id}")
def post_takedown_answer(reader: Writer, takedown_id: str, db: Db, form: OwnForm) -> Response:
    """What was done about somebody's request."""
    with db.write() as tx:
        takedown.answer(tx, reader.walk.id, takedown_id, reader.person.user, str(form.get("outcome", "")))
        _tell(tx, reader, "takedown", f"takedown:{takedown_id}")
    return RedirectResponse(f"/walks/{reader.walk.id}/release#asked", 303, headers=pages.PRIVATE)


# The whole edition, as everybody would read it


@router.get("/walks/{walk_id}/release/{edition}/page")
def get_page(request: Request, reader: Writer, edition: KnownEdition, db: Db) -> Response:
    looking.read(request, reader.person, "release", reader.walk)
    with db.read() as tx:
        shown = public.shown(tx, reader.walk, edition)
    return pages.render(
        request,
        "report/public.html",
        **values(shown, f"/walks/{reader.walk.id}/release/{edition.number}", preview=True),
    )


@router.get("/walks/{walk_id}/release/{edition}/photos/{name}.jpg", response_class=Response)
def get_photo(
    request: Request, reader: Writer, edition: KnownEdition, name: str, db: Db, small: bool = False
) -> Response:
    looking.read(request, reader.person, "release", reader.walk)
    return photo(request, db, edition, name, pages.PRIVATE, thumbnail=small)


@router.get("/walks/{walk_id}/release/{edition}/map-{shape}.svg", response_class=Response)
def get_map(request: Request, reader: Writer, edition: KnownEdition, shape: picture.Shape, db: Db) -> Response:
    looking.read(request, reader.person, "release", reader.walk)
    return drawing(request, db, reader.walk, edition, shape, pages.PRIVATE)


def _tell(tx: Session, reader: WalkReader, what: str, about: str) -> None:
    trail.record(tx, trail.by(reader.person.user.id, reader.person.session), what, walk=reader.walk, about=about)


def _marks(form: FormData) -> tuple[list[str], list[str]]:
    return [str(one) for one in form.getlist("read")], [str(one) for one in form.getlist("checked")]


def _reading(
    request: Request,
    tx: Session,
    reader: WalkReader,
    edition: Edition,
    status: int = 200,
    missing: editions.NotYet | None = None,
) -> Response:
    walk, found = reader.walk, editions.changed(tx, edition)
    before = issued.released(tx, walk.id, edition.number)
    known: dict[str, Any] = {
        "edition": edition, "changes": found, "before": before, "people": editions.writers(tx, [edition]), "missing": missing,
        "counts": edition.frozen["counts"], "checks": editions.CHECKS, "taken_out": public.shown(tx, walk, edition, alone=True).taken_out,
        "newest": issued.released(tx, walk.id),
        "suspect": {change.key for change in found if looks_personal(*(after for _then, after in change.lines))},
    }  # fmt: skip
    mine = edition.written_by == reader.person.user.id
    return pages.render(
        request, "report/release.html", status, walk=walk, reader=reader, mine=mine, words=words,
        reads=edition.state == "asked" and not mine and may_release(reader), releases=may_release(reader), **known,
    )  # fmt: skip


def _to(walk_id: str, number: int | None = None) -> Response:
    return RedirectResponse(f"/walks/{walk_id}/release{f'/{number}' if number else ''}", 303, headers=pages.PRIVATE)
