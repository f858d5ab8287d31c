"""The photo of a measure done, over HTTP, for those who plan the walk.

Hides forms with a file. Promises that the file is never whole in memory, and that what cannot be a photo is told in a sentence.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from app import pages
from app.access.answering import Answering, KnownMeasure, Measuring, RoutedMeasure
from app.db import Db
from app.i18n import gettext as _
from app.measures import proof
from app.measures.changing import By
from app.measures.forms import OwnForm, PhotoForm
from app.privacy import looking
from app.problems import invalid

router = APIRouter(tags=["measures"])


@router.post("/walks/{walk_id}/measures/{number}/proof")
def post_proof(request: Request, known: KnownMeasure, reader: Measuring, db: Db, form: PhotoForm) -> Response:
    _keep(request, db, known, form, By(reader.person.user.id), seen=True)
    return _to(f"/walks/{reader.walk.id}/measures/{known.number}#proof")


@router.post("/walks/{walk_id}/measures/{number}/proof/approval")
def post_approval(known: KnownMeasure, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Somebody has looked at this photo of a partner's and lets it through."""
    proof.approve(db, known, str(form.get("photo", "")))
    return _to(f"/walks/{reader.walk.id}/measures/{known.number}#proof")


@router.get("/walks/{walk_id}/measures/{number}/proof.jpg", response_class=Response)
def get_proof(request: Request, known: KnownMeasure, reader: Measuring, db: Db) -> Response:
    looking.read(request, reader.person, "proof", reader.walk)
    return _picture(request, db, known)


@router.post("/partner/measures/{measure_id}/proof")
def post_partners_proof(request: Request, routed: RoutedMeasure, who: Answering, db: Db, form: PhotoForm) -> Response:
    by = By(link_id=who.link.id) if who.link else By(who.person.user.id if who.person else None)
    _keep(request, db, routed, form, by, seen=False)
    return _to(f"/partner/measures/{routed.id}#proof")


@router.get("/partner/measures/{measure_id}/proof.jpg", response_class=Response)
def get_partners_proof(request: Request, routed: RoutedMeasure, who: Answering, db: Db) -> Response:
    looking.by_partner(request, who.link, who.person, "page:proof", who.organisation_id)
    return _picture(request, db, routed)


def _keep(request: Request, db: Db, measure: Any, form: FormData, by: By, *, seen: bool) -> None:
    photo, state = form.get("photo"), request.app.state
    if not isinstance(photo, UploadFile):
        raise invalid(("photo", _("Choose a photo first.")))
    proof.keep(db, state.vault, measure, photo.file, state.settings.photo_bytes, by, seen=seen)
    state.cleaner.kick()


def _picture(request: Request, db: Db, measure: Any) -> Response:
    pieces = proof.pieces(db, request.app.state.vault, measure)
    return StreamingResponse(pieces, media_type="image/jpeg", headers=pages.PRIVATE)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=pages.PRIVATE)
