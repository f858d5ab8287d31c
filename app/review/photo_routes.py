"""Blurring over HTTP: a photo under a grid of boxes to tick, which works by touch, by keys and without a script.

Hides the grid. Promises that the new picture is made before anything is locked, that nothing blurred is seen again before
that is committed, and that nothing of an older page overwrites a newer decision (409).
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app import pages
from app.access.guards import WalkReader
from app.access.reviewers import Reviewer
from app.db import Database, Db, may_rest
from app.i18n import gettext as _
from app.models import Photo
from app.photos import blurring
from app.privacy import looking
from app.problems import Problem
from app.review import logged, photos
from app.review.asked import is_number
from app.review.deciding import Gone, Refused
from app.review.forms import Form, id_in

router = APIRouter(tags=["review"])

LONG, SHORT = 12, 9  # boxes along the longer and the shorter side


@router.get("/walks/{walk_id}/review/photos/{photo_id}")
def get_photo(request: Request, photo_id: str, reader: Reviewer, db: Db) -> Response:
    """The photo with its boxes."""
    looking.report(request, reader, "review-photo")
    return _page(request, reader, db, photo_id)


@router.post("/walks/{walk_id}/review/photos/{photo_id}")
def post_photo(request: Request, photo_id: str, reader: Reviewer, db: Db, form: Form) -> Response:
    """Blurs what is ticked."""
    note_id, version = id_in(form, "note"), str(form.get("version", ""))
    photo, vault = _known(db, reader, photo_id), request.app.state.vault
    columns, rows = _grid(photo)
    ticked = {str(one) for one in form.getlist("box")}
    boxes = [
        [round(x / columns, 4), round(y / rows, 4), round(1 / columns, 4), round(1 / rows, 4)]
        for y in range(rows) for x in range(columns) if f"{x},{y}" in ticked
    ]  # fmt: skip
    if len(ticked) != len(boxes) or not is_number(version):
        raise Problem("invalid", _("This page is not whole. Load it again; nothing was decided."))
    if not reader.sensitive:  # the picture behind is for the cleared alone
        boxes += [box for box in photo.blurs if box not in boxes]
    try:
        with blurring.version(vault, photo.id, boxes, photo.blurs) as made:
            with db.write() as tx:
                steps = photos.blur(tx, reader, vault, photo.id, int(version), boxes)
                logged.tell(tx, reader, steps)
                if steps:
                    may_rest(tx)
                    made.decided()
                    photos.tell_of(tx, note_id=steps[0].observation_id)
                photos.settle(tx, vault, [photo.observation_id])
            if steps:
                photos.uncover(db, made)
    except Gone:
        raise Problem("not-found") from None
    except photos.PhotoChanged:
        return _page(
            request,
            reader,
            db,
            photo_id,
            409,
            _("Somebody else has decided about this photo meanwhile. It stands here as it is now."),
        )
    except Refused as refused:
        return _page(request, reader, db, photo_id, 422, str(refused))
    lane, did = str(form.get("lane", ""))[:20], f"&did={steps[0].id}" if steps else ""
    return RedirectResponse(
        f"/walks/{reader.walk.id}/review?lane={lane}&note={note_id}{did}", 303, headers=pages.PRIVATE
    )


def _page(
    request: Request, reader: WalkReader, db: Database, photo_id: str, status: int = 200, sentence: str = ""
) -> Response:
    photo, vault = _known(db, reader, photo_id), request.app.state.vault
    columns, rows = _grid(photo)
    ticked = {(round(box[0] * columns), round(box[1] * rows)) for box in photo.blurs}
    return pages.render(
        request, "review/photo.html", status, walk=reader.walk, photo=photo, columns=columns, rows=rows, ticked=ticked,
        restorable=reader.sensitive and blurring.restorable(vault, photo.id), sentence=sentence,
        lane=request.query_params.get("lane", "")[:20],
    )  # fmt: skip


def _known(db: Database, reader: WalkReader, photo_id: str) -> Photo:
    """A ready photo of a note they may judge. Raises not-found, photo-not-ready (404)."""
    try:
        with db.read() as tx:
            [photo], _note = photos.held(tx, reader, [photo_id.lower()], lock=False)
    except Gone:
        raise Problem("not-found") from None
    if photo.state != "ready":
        raise Problem("photo-not-ready")
    return photo


def _grid(photo: Photo) -> tuple[int, int]:
    """(columns, rows) of boxes over it."""
    upright = (photo.height or 0) > (photo.width or 0)
    return (SHORT, LONG) if upright else (LONG, SHORT)
