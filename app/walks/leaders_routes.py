"""The page on which those who lead a walk are named.

Hides HTTP alone. Promises that whoever leaves a walk is led to a page they may still read.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from app import pages
from app.access import forms, guards
from app.access.guards import PlannedWalk, Reader
from app.db import Db
from app.models import Walk
from app.problems import Problem
from app.walks import leaders

router = APIRouter(tags=["walks"])

Text = Annotated[forms.Text, Form(max_length=254)]


@router.get("/walks/{walk_id}/leaders")
def get_leaders(request: Request, walk: PlannedWalk, db: Db) -> Response:
    return _page(request, walk, db)


@router.post("/walks/{walk_id}/leaders")
def post_leader(request: Request, walk: PlannedWalk, person: Reader, db: Db, email: Text = "") -> Response:
    """Adds somebody by their address; whoever would have lost the walk by that leads it too."""
    guards.own_form(request)
    try:
        with db.write() as tx:
            leaders.add_by_email(tx, walk, email)
            if guards.reading(tx, person, walk) is None:
                leaders.add(tx, walk, person.user)
    except Problem as wrong:
        return _page(request, walk, db, wrong, email=email)
    return RedirectResponse(f"/walks/{walk.id}/leaders", 303, headers=pages.PRIVATE)


@router.post("/walks/{walk_id}/leaders/{user_id}/removal")
def post_removal(request: Request, walk: PlannedWalk, person: Reader, db: Db, user_id: str) -> Response:
    """Takes somebody off it; taking them off twice does it once."""
    guards.own_form(request)
    try:
        with db.write() as tx:
            leaders.take_away(tx, walk, user_id, person.user)
            stays = guards.reading(tx, person, walk) is not None
    except Problem as wrong:
        return _page(request, walk, db, wrong)
    return RedirectResponse(f"/walks/{walk.id}/leaders" if stays else "/", 303, headers=pages.PRIVATE)


def _page(request: Request, walk: Walk, db: Db, wrong: Problem | None = None, email: str = "") -> Response:
    """`wrong`: what is to be told beside the field, where it is a 422; anything else is raised on."""
    if wrong and wrong.code != "invalid":
        raise wrong
    with db.read() as tx:
        people = leaders.of(tx, walk)
    sentence = wrong.detail if wrong else ""
    status = wrong.status if wrong else 200
    return pages.render(request, "walks/leaders.html", status, walk=walk, leaders=people, wrong=sentence, email=email)
