"""The admins' page on which a person is looked for, and what is found is handed out or erased.

Hides forms. Promises that what is looked for stands in no address; that handing out and erasing look again at that moment and
take only what they find; and that erasing takes a second step.
"""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from app import pages
from app.access import keepers
from app.access.forms import posted
from app.access.guards import Person
from app.access.keepers import Keeper
from app.db import Db
from app.i18n import gettext as _
from app.privacy import finding, receipts, redress
from app.privacy.finding import Found, Hit
from app.problems import Problem
from app.streaming import Made

router = APIRouter(tags=["privacy"])

FORM = Depends(posted(200_000, 4 * finding.MOST))


@router.get("/people/search")
def get_search(request: Request, person: Keeper) -> Response:
    return pages.render(request, "privacy/search.html", query="", found=None, wrong="", kinds=finding.KINDS, sure=None)


@router.post("/people/search")
def post_search(request: Request, person: Keeper, db: Db, form: FormData = FORM) -> Response:
    """Looks through everything; the page that comes offers to hand out and to erase."""
    query = str(form.get("query", ""))
    with db.write() as tx:
        found = _found(tx, person, query)
        receipts.searched(tx, receipts.by(person), keepers.places(person))
    wrong = _("Write at least three letters or figures.") if found is None else ""
    return _page(request, query, found, wrong=wrong)


@router.post("/people/search/archive")
def post_archive(request: Request, person: Keeper, db: Db, form: FormData = FORM) -> Response:
    """What was chosen, as a file. Nothing chosen: the page again, with a sentence."""
    query = str(form.get("query", ""))
    with db.read() as tx:
        found = _found(tx, person, query)
    hits = _chosen(found, form)
    if not hits:
        return _page(request, query, found, wrong=_("Choose what it is about first."))
    headers = pages.PRIVATE | {"Content-Disposition": 'attachment; filename="person.zip"'}
    pieces = redress.archive(db, request.app.state.vault, person, hits)
    return Made(pieces, media_type="application/zip", headers=headers)


@router.post("/people/search/erasure")
def post_erasure(request: Request, person: Keeper, db: Db, form: FormData = FORM) -> Response:
    """Erases what was chosen, once it was said a second time (`sure`)."""
    query, state = str(form.get("query", "")), request.app.state
    with db.read() as tx:
        found = _found(tx, person, query)
    hits, photos, phones = _chosen(found, form), set(form.getlist("photo")), set(form.getlist("phone"))
    about = {hit.key for hit in hits}
    beside = [hit for hit in (found.hits if found else []) if hit.key not in about]
    wide = [hit for hit in beside if set(hit.photos) & photos or hit.phone in phones]
    if not hits and not wide:
        return _page(request, query, found, wrong=_("Choose what it is about first."))
    if form.get("sure") != "yes":
        return _page(request, query, found, sure=(sorted(about), sorted(map(str, photos)), sorted(map(str, phones))))
    sought = finding.pattern(query)
    assert sought is not None
    try:
        only = [Hit("", hit.id, hit.walk, "", hit.photos, hit.phone) for hit in wide]
        redress.erase(
            db, state.vault, state.settings, person, [*hits, *only], map(str, photos), map(str, phones), sought
        )
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        return _page(request, query, found, wrong=wrong.detail)
    return RedirectResponse("/keeping#receipts", 303, headers=pages.PRIVATE)


def _found(tx: Session, person: Person, query: str) -> Found | None:
    """None where there is too little to look for."""
    sought = finding.pattern(query)
    return finding.search(tx, keepers.walks(tx, person), keepers.people(tx, person), sought) if sought else None


def _chosen(found: Found | None, form: FormData) -> list[Hit]:
    wanted = set(form.getlist("hit"))
    return [hit for hit in (found.hits if found else []) if hit.key in wanted]


def _page(
    request: Request, query: str, found: Found | None, *, wrong: str = "",
    sure: tuple[list[str], list[str], list[str]] | None = None,
) -> Response:  # fmt: skip
    status = 422 if wrong else 200
    return pages.render(
        request, "privacy/search.html", status, query=query, found=found, wrong=wrong, kinds=finding.KINDS, sure=sure
    )
