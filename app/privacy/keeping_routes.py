"""The admins' page of how long things are kept, and what was erased so far.

Hides forms. Promises that what was typed comes back with a sentence where it cannot be so.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import col, select
from starlette.datastructures import FormData

from app import pages
from app.access.forms import posted
from app.access.guards import Person
from app.access.keepers import Keeper, KeptOrganisation, organisations, places
from app.db import Db
from app.i18n import mark
from app.models import Organisation, User, Walk
from app.privacy import keeping, papers, receipts
from app.problems import Problem

router = APIRouter(tags=["privacy"])

KINDS = {
    "rule": mark("By the rules"),
    "own": mark("By the walker"),
    "blurred": mark("Blurred on the phone"),
    "person": mark("On somebody's request"),
}
WHAT = {
    "note": mark("Notes"), "photo": mark("Photos"), "track": mark("Tracks"), "name": mark("Names"), "team": mark("Teams"),
    "mark": mark("Residents' marks"), "takedown": mark("Requests to take down"), "unblurred": mark("Unblurred versions"),
    "agreement": mark("Votes"), "measures": mark("Measures without quotations"), "editions": mark("Editions changed"),
    "filed": mark("Walks filed away"), "words": mark("Texts with words struck"), "user": mark("People"),
}  # fmt: skip
FORM = Depends(posted(10_000, 20))


@router.get("/keeping")
def get_keeping(request: Request, person: Keeper, db: Db) -> Response:
    return _page(request, person, db)


@router.post("/keeping/{organisation_id}")
def post_keeping(request: Request, held: KeptOrganisation, person: Keeper, db: Db, form: FormData = FORM) -> Response:
    """How long this organisation keeps things, from now on."""
    typed = {rule.name: str(form.get(rule.name, "")) for rule in keeping.RULES}
    try:
        with db.write() as tx:
            keeping.choose(tx.get_one(Organisation, held.id, with_for_update=True), typed)
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        errors = {one["field"]: one["message"] for one in wrong.more["errors"]}
        return _page(request, person, db, wrong.status, of=held.id, typed=typed, errors=errors)
    return RedirectResponse(f"/keeping?saved=yes#of-{held.id}", 303, headers=pages.PRIVATE)


def _page(
    request: Request, person: Person, db: Db, status: int = 200, *, of: str = "",
    typed: dict[str, str] | None = None, errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    with db.read() as tx:
        mine = organisations(tx, person)
        made = receipts.of(tx, places(person))
        walks = select(Walk.id, Walk.title).where(col(Walk.id).in_({one.walk_id for one in made if one.walk_id}))
        titles = dict(tx.exec(walks).all())
        users = select(User.id, User.email).where(col(User.id).in_({one.who.partition(":")[2] for one in made}))
        emails = dict(tx.exec(users).all())
    forms: list[dict[str, Any]] = [
        {
            "organisation": one,
            "typed": typed if typed and one.id == of else {name: str(days) for name, days in keeping.of(one).items()},
            "errors": errors if errors and one.id == of else {},
        }
        for one in mine
    ]
    return pages.render(
        request, "privacy/keeping.html", status, forms=forms, rules=keeping.RULES, when=papers.when, usual=keeping.of(None),
        made=made, titles=titles, emails=emails, kinds=KINDS, what=WHAT, saved="saved" in request.query_params,
    )  # fmt: skip
