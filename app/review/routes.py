"""The review over HTTP: the queue with one note open, and each decision as a form.

Hides which page follows which. Promises that every decision is committed before its reply, that an older page overwrites
nothing (409, with both states before one's eyes), and that every page works without a script. Decides nothing about who
may: that is access.reviewers.
"""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session, select

from app import pages
from app.access.guards import WalkReader
from app.access.reviewers import Reviewer
from app.db import Database, Db, may_rest
from app.models import Decision, Walk
from app.photos import blurring
from app.photos.vault import Vault
from app.privacy import looking
from app.problems import Problem
from app.review import asked, deciding, logged, page, photos
from app.review.deciding import Changed, Gone, Refused
from app.review.forms import Form, id_in
from app.review.queue import places, queue

router = APIRouter(tags=["review"])

NoteId = Annotated[str, Query(pattern="^([0-9a-f-]{36})?$")]


@router.get("/walks/{walk_id}/review")
def get_review(
    request: Request, reader: Reviewer, db: Db, lane: str = "", note: NoteId = "", after: NoteId = "", did: NoteId = "",
    undone: NoteId = "", gone: str = "", page_number: Annotated[int, Query(alias="page")] = 0,
) -> Response:  # fmt: skip
    """The queue. `note`: the one to open; `after`: else the next one after it; `did`: the decision that was just made."""
    with db.read() as tx:
        shown = page.view(tx, reader, lane, note, after, did, page_number)
    _seen(request, reader, shown)
    return _page(request, reader, shown, gone=bool(gone), undone=bool(undone))


@router.get("/walks/{walk_id}/review/places.geojson")
def get_places(request: Request, reader: Reviewer, db: Db) -> Response:
    """Where the notes are, and how they begin, for the map beside them."""
    looking.report(request, reader, "review")
    with db.read() as tx:
        found = places(queue(tx, reader, "").lines)
    return JSONResponse(found, headers=pages.PRIVATE, media_type="application/geo+json")


@router.get("/walks/{walk_id}/review/state")
def get_state(reader: Reviewer, db: Db) -> Response:
    """The walk's newest change: another number where somebody has decided or written something."""
    with db.read() as tx:
        seq = tx.exec(select(Walk.seq).where(Walk.id == reader.walk.id)).one()
    return JSONResponse({"seq": seq}, headers=pages.PRIVATE)


@router.post("/walks/{walk_id}/review/decisions")
def post_decision(request: Request, reader: Reviewer, db: Db, form: Form) -> Response:
    """Decides about one note, or merges others into it."""
    wanted = asked.asked(form)

    def decide(tx: Session) -> list[Decision]:
        if wanted.do == "merge":
            return deciding.merge(tx, reader, wanted.seen, wanted.others)
        if wanted.do == "part":
            return deciding.part(tx, reader, wanted.seen)
        if wanted.do == "transcribe":
            return deciding.write_down(tx, reader, wanted.seen, *asked.spoken(form))
        return deciding.decide(tx, reader, wanted.seen, *asked.steps(tx, reader.walk, wanted.do, form))

    where = "after" if wanted.do in asked.LEAVING else "note"
    return _decided(request, reader, db, decide, wanted.lane, wanted.seen.note_id, where)


@router.post("/walks/{walk_id}/review/photos")
def post_photos(request: Request, reader: Reviewer, db: Db, form: Form) -> Response:
    """Approves or refuses photos of one note."""
    chosen, what, note_id = asked.photos(form), str(form.get("do", "")), id_in(form, "note")
    if what not in photos.STATES:
        raise Problem("invalid")
    return _decided(
        request,
        reader,
        db,
        lambda tx: photos.decide(tx, reader, what, chosen),
        str(form.get("lane", "")),
        note_id,
        "note",
    )


@router.post("/walks/{walk_id}/review/undoing")
def post_undoing(request: Request, reader: Reviewer, db: Db, form: Form) -> Response:
    """Takes a decision back."""
    decision_id, note_id = id_in(form, "decision"), str(form.get("note", ""))

    vault: Vault = request.app.state.vault
    with db.read() as tx:
        blurred = photos.boxes_before(tx, decision_id, reader)

    def undo(tx: Session) -> list[Decision]:
        step = tx.get(Decision, decision_id)
        of_photo = step is not None and step.photo_id is not None
        return photos.undo(tx, reader, decision_id, vault) if of_photo else deciding.undo(tx, reader, decision_id)

    lane = str(form.get("lane", ""))
    if blurred is None or not blurring.restorable(vault, blurred[0]):
        return _decided(request, reader, db, undo, lane, note_id, "note", undone=True)
    with blurring.version(vault, *blurred) as made:
        undone: list[Decision] = []

        def undo_and_show(tx: Session) -> list[Decision]:
            undone.extend(undo(tx))
            if undone:
                may_rest(tx)
                made.decided()
            return undone

        answer = _decided(request, reader, db, undo_and_show, lane, note_id, "note", undone=True)
        if undone:
            photos.uncover(db, made)
        return answer


def _decided(
    request: Request, reader: WalkReader, db: Database, decide: Callable[[Session], list[Decision]], lane: str,
    note_id: str, where: str, *, undone: bool = False,
) -> Response:  # fmt: skip
    """Decide, then the page that follows; what hindered it as a page that says so, with the note as it is now."""
    try:
        with db.write() as tx:
            made = decide(tx)
            photos.settle(tx, request.app.state.vault, {step.observation_id for step in made})
            logged.tell(tx, reader, made, undone=undone)
    except Gone:
        return _to(reader, {"lane": lane, "after": note_id, "gone": "1"})
    except Changed as changed:
        return _hindered(request, reader, db, lane, changed.note.id, 409)
    except photos.PhotoChanged as changed:
        return _hindered(request, reader, db, lane, changed.note_id, 409)
    except Refused as refused:
        return _hindered(request, reader, db, lane, note_id, 422, str(refused))
    told = {"undone" if undone else "did": made[-1].id} if made else {}
    if undone and made:
        note_id = made[0].observation_id
    return _to(reader, {"lane": lane, where: note_id} | told)


def _hindered(
    request: Request, reader: WalkReader, db: Database, lane: str, note_id: str, status: int, sentence: str = ""
) -> Response:
    with db.read() as tx:
        shown = page.view(tx, reader, lane, note_id, "", "", 0)
    _seen(request, reader, shown)
    return _page(request, reader, shown, status, sentence=sentence, changed=status == 409)


def _seen(request: Request, reader: WalkReader, shown: dict[str, Any]) -> None:
    """The access log says who opened the queue, and which sensitive note; without that it is not shown. Raises TryAgain."""
    looking.report(request, reader, "review")
    if shown["line"] and shown["line"].sensitive:
        looking.opened(request, reader.person, shown["line"].id, reader.walk)


def _page(
    request: Request, reader: WalkReader, shown: dict[str, Any], status: int = 200, *, gone: bool = False,
    undone: bool = False, sentence: str = "", changed: bool = False,
) -> Response:  # fmt: skip
    settings = request.app.state.settings
    return pages.render(
        request, "review/review.html", status, walk=reader.walk, reader=reader, **shown, gone=gone, undone=undone,
        changed=changed, sentence=sentence, basemap=page.basemap(settings), credit=settings.basemap_credit, reasons=asked.REASONS,
    )  # fmt: skip


def _to(reader: WalkReader, query: dict[str, str]) -> Response:
    asked_for = urlencode({name: value for name, value in query.items() if value})
    return RedirectResponse(f"/walks/{reader.walk.id}/review?{asked_for}", 303, headers=pages.PRIVATE)
