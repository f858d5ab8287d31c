"""After the walk: notes on paper are typed in, and the group looks at what it saw.

Hides forms, and which page follows which. Promises that nothing typed is lost to an error, and that every write is
committed before its reply. Decides nothing about who may: that is access.guards.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from app import pages
from app.access import guards
from app.access.forms import posted
from app.access.guards import PlannedWalk, ReaderOfWalk
from app.db import Database, Db
from app.gathering import paper, table
from app.models import Observation, Participant, Walk, new_id
from app.privacy import looking
from app.problems import Problem
from app.report import words
from app.sync.protocol import LIMITS, clean
from app.taxonomy import categories
from app.walks.walks import stops_of

router = APIRouter(tags=["gathering"])

FORM_BYTES = 100_000  # the longest note and suggestion, in the worst encoding
LISTED = 8  # notes in sight beside the form; the others unfold


Form = Annotated[FormData, Depends(posted(FORM_BYTES, 200))]
NoteId = Annotated[str, Query(pattern="^([0-9a-f-]{36})?$")]


# On paper


@router.get("/walks/{walk_id}/paper")
def get_paper(
    request: Request, walk: PlannedWalk, reader: ReaderOfWalk, db: Db,
    note: NoteId = "", after: NoteId = "", sheet: str = "", deleted: NoteId = "",
) -> Response:  # fmt: skip
    """The form and the list. `note`: one to correct; `after`: one that was just saved, on with `sheet` ("new": another);
    `deleted`: one that was just deleted."""
    looking.report(request, reader, "paper")
    with db.read() as tx:
        _not_archived(walk)
        if note:
            slip = paper.to_correct(tx, reader, note)
        else:
            slip = paper.next_after(tx, walk, after or deleted, same_sheet=sheet != "new")
        return _paper_page(request, tx, reader, slip, saved=after, deleted=deleted)


@router.post("/walks/{walk_id}/paper")
def post_paper(request: Request, walk: PlannedWalk, reader: ReaderOfWalk, db: Db, form: Form) -> Response:
    """Keeps a slip, new or corrected. The same one again changes nothing."""
    slip = paper.typed(form, [str(key) for key in form.getlist("factor")])
    try:
        with db.write() as tx:
            kept = paper.keep(tx, reader, stops_of(tx, walk.id), slip)
    except paper.Changed as changed:
        slip.rev = changed.held.rev + 1  # whoever has read what it says now, and saves again, means it
        with db.read() as tx:
            return _paper_page(request, tx, reader, slip, 409, theirs=changed.held)
    if not kept:
        with db.read() as tx:
            return _paper_page(request, tx, reader, slip, 422)
    on = "new" if form.get("do") == "new-sheet" else "same"
    return _to(f"/walks/{walk.id}/paper?after={slip.id}&sheet={on}")


@router.post("/walks/{walk_id}/paper/deletion")
def post_deletion(request: Request, walk: PlannedWalk, reader: ReaderOfWalk, db: Db, form: Form) -> Response:
    """Deletes a note that was typed in; `deleted=no` brings it back."""
    note_id, rev, back = paper.own_id(str(form.get("id", ""))), str(form.get("rev", "")), form.get("deleted") == "no"
    is_number = rev.isascii() and rev.isdigit() and len(rev) < 10
    try:
        with db.write() as tx:
            paper.set_deleted(tx, reader, note_id, int(rev) if is_number else 0, not back)
    except paper.Changed as changed:
        with db.read() as tx:
            return _paper_page(request, tx, reader, paper.to_correct(tx, reader, note_id), 409, theirs=changed.held)
    return _to(f"/walks/{walk.id}/paper?{'after' if back else 'deleted'}={note_id}")


def _paper_page(
    request: Request, tx: Session, reader: guards.WalkReader, slip: paper.Slip, status: int = 200, *,
    theirs: Observation | None = None, saved: str = "", deleted: str = "",
) -> Response:  # fmt: skip
    stops = stops_of(tx, reader.walk.id)
    typed_in = paper.typed_in(tx, reader, stops)
    gone = tx.get(Observation, deleted) if deleted else None
    return pages.render(
        request, "gathering/paper.html", status, walk=reader.walk, slip=slip, stops=stops, typed_in=typed_in, words=words,
        categories=categories(), roles=paper.ROLES, valences=paper.VALENCES, limits=LIMITS, listed=LISTED,
        theirs=theirs if theirs and paper.reads(reader, theirs) else None, changed=theirs is not None,
        saved=next((row for row in typed_in.rows if row.note.id == saved), None), unseen_saved=bool(saved),
        gone=gone if gone and gone.deleted and gone.walk_id == reader.walk.id else None,
    )  # fmt: skip


# At the coffee table


@router.get("/walks/{walk_id}/table")
def get_table(request: Request, reader: ReaderOfWalk, db: Db, stop: str = "", photo: int = 1) -> Response:
    """One stop on the wall, with one of its photos."""
    looking.report(request, reader, "table")
    with db.read() as tx:
        return _table_page(request, tx, reader, stop, photo=photo)


@router.post("/walks/{walk_id}/table/agreement")
def post_agreement(request: Request, walk: PlannedWalk, reader: ReaderOfWalk, db: Db, form: Form) -> Response:
    """The group agrees with a note; `agrees=no` takes its voice back."""
    stop, note_id = str(form.get("stop", "")), paper.own_id(str(form.get("id", "")))
    group = _seat(db, walk)
    with db.write() as tx:
        table.agree(tx, group, note_id, form.get("agrees") != "no")
    return _to(_stop_page(walk, stop))


@router.post("/walks/{walk_id}/table/notes")
def post_table_note(request: Request, walk: PlannedWalk, reader: ReaderOfWalk, db: Db, form: Form) -> Response:
    """What the group adds at a stop; `deleted=yes` takes it back."""
    stop, note_id = str(form.get("stop", "")), paper.own_id(str(form.get("id", "")))
    typed = {name: clean(str(form.get(name, ""))).replace("\r\n", "\n") for name in ("valence", "note")}
    typed["valence"] = typed["valence"] if typed["valence"] in paper.VALENCES else ""
    group = _seat(db, walk)
    try:
        with db.write() as tx:
            if form.get("deleted") == "yes":
                table.take_back(tx, group, note_id)
            else:
                table.say(tx, group, note_id, stop=stop, **typed)
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        with db.read() as tx:
            draft = typed | {"id": note_id, "error": wrong.body()["detail"]}
            return _table_page(request, tx, reader, stop, 422, draft=draft)
    return _to(_stop_page(walk, stop))


def _seat(db: Database, walk: Walk) -> Participant:
    with db.read() as tx:
        _not_archived(walk)
        group = table.seated(tx, walk.id)
    if group is None:
        with db.write() as tx:
            group = table.seat(tx, walk.id)
    return group


def _table_page(
    request: Request, tx: Session, reader: guards.WalkReader, stop: str, status: int = 200, *, photo: int = 1,
    draft: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    _not_archived(reader.walk)
    base_url = request.app.state.settings.base_url
    leaf = table.leaf(tx, reader.walk, stop, base_url)
    draft = draft or {"id": new_id(), "valence": "", "note": "", "error": ""}
    return pages.render(
        request, "gathering/table.html", status, walk=reader.walk, leaf=leaf, draft=draft, words=words, limits=LIMITS,
        photo=min(max(1, photo), max(1, len(leaf.photos))), may_speak=reader.plans,
    )  # fmt: skip


def _stop_page(walk: Walk, stop: str) -> str:
    return f"/walks/{walk.id}/table?stop={stop if stop.isascii() and stop.isalnum() and len(stop) < 6 else ''}"


def _not_archived(walk: Walk) -> None:
    """Raises walk-archived (410): there is nothing left to add to."""
    if walk.state == "archived":
        raise Problem("walk-archived")


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=pages.PRIVATE)
