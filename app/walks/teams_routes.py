"""The page on which a large group is split into teams.

Hides the form's columns. Promises that what was typed comes back whatever was wrong with it.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app import pages
from app.access import guards
from app.access.guards import PlannedWalk
from app.db import Database, Db
from app.models import Stop, Walk, new_id
from app.walks import teams
from app.walks.teams import DUTIES, TeamDraft
from app.walks.walks import stops_of

router = APIRouter(tags=["walks"])

Text = Annotated[str, Form()]
Column = Annotated[list[str], Form(default_factory=list)]


@router.get("/walks/{walk_id}/teams")
def get_teams(request: Request, walk: PlannedWalk, db: Db, team: str = "") -> Response:
    """`team`: the one whose order stands open, because it was just changed."""
    with db.read() as tx:
        kept = teams.drafted(tx, walk)
    return _page(request, walk, db, kept, kept, opened=team)


@router.post("/walks/{walk_id}/teams", dependencies=[Depends(guards.own_form)])
def post_teams(
    request: Request, walk: PlannedWalk, db: Db,
    team_id: Column, team_name: Column, order: Column, leader: Column, notes: Column, photos: Column, time: Column,
    seen: Text = "", do: Text = "save", count: Text = "",
) -> Response:  # fmt: skip
    """Keeps the teams. `do`: what else is asked for, as teams.rearranged() understands it."""
    with db.read() as tx:
        kept, stops = teams.drafted(tx, walk), stops_of(tx, walk.id)
    duties = [dict(zip(DUTIES, row, strict=True)) for row in zip(leader, notes, photos, time, strict=False)]
    known = {team.id: team.id for team in kept}
    typed = [
        TeamDraft(
            _clean(name), teams.whole(ids.split(","), stops), {what: _clean(who) for what, who in does.items()},
            known.pop(id, "") or new_id(),
        )
        for id, name, ids, does in zip(team_id, team_name, order, duties, strict=False)
    ]  # fmt: skip
    typed = teams.rearranged(typed, f"split:{count}" if do == "split" else do, walk, stops)
    if not teams.check(typed):
        return _page(request, walk, db, typed, kept, 422)
    try:
        with db.write() as tx:
            teams.save(tx, walk.id, typed, seen)
    except teams.TeamsChanged:
        return _page(request, walk, db, typed, kept, 409, changed=True)
    return RedirectResponse(f"/walks/{walk.id}/teams{_place(do, typed)}", 303, headers=pages.PRIVATE)


def _clean(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _place(do: str, typed: list[TeamDraft]) -> str:
    """Back to the team that was rearranged, wherever it stands now."""
    deed, _colon, rest = do.partition(":")
    number = rest.partition(":")[0]
    if deed not in {"up", "down", "start", "back"} or number not in {str(n) for n in range(1, len(typed) + 1)}:
        return ""
    team = typed[int(number) - 1]
    return f"?team={team.id}#team-{team.id}"


def _page(
    request: Request,
    walk: Walk,
    db: Database,
    typed: list[TeamDraft],
    kept: list[TeamDraft],
    status: int = 200,
    *,
    changed: bool = False,
    opened: str = "",
) -> Response:
    with db.read() as tx:
        stops, chosen = stops_of(tx, walk.id), teams.chosen(tx, walk.id)
    of_id: dict[str, Stop] = {stop.id: stop for stop in stops}
    return pages.render(
        request, "walks/teams.html", status, walk=walk, teams=typed, kept=kept, seen=teams.version(kept), stops=of_id,
        chosen=chosen, changed=changed, most=teams.MOST, opened=opened, longest=teams.NAME,
    )  # fmt: skip
