"""The pages of those who organise: the walks they may read, the plan of each, what people are invited with.

Hides forms, how notes are counted, and what a script gets where a person gets a page. Promises that a walk, and a number,
is shown only to who may read it, and that what was typed comes back whatever was wrong with it.
"""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select
from starlette.datastructures import FormData, UploadFile

from app import pages
from app.access import guards
from app.access.forms import posted
from app.access.guards import Person, PlannedWalk, Planner, Reader, WalkReader
from app.basemap import basemap_of
from app.db import Db
from app.i18n import language
from app.models import Observation, Organisation, Participant, Walk, now
from app.privacy import trail
from app.problems import Problem
from app.walks import draft as drafts
from app.walks import invitation, leaders, light, plan, route, successor, walks
from app.walks.draft import Draft
from app.walks.overlap import overlapping

router = APIRouter(tags=["walks"])

SHOWN = 200  # walks on the page, the newest
FORM_BYTES = 6 * 1024 * 1024  # a plan with a route's file; a watch's track of a whole day has 4 MB
FORM_FIELDS = 4_000  # more stops than a walk can have come back with a sentence
# For "about 50 minutes": what we assume of a group that walks and talks, and nobody has measured.
PACE_M_S = 1.0  # between the stops
STOP_S = 300  # at each of them


Form = Annotated[FormData, Depends(posted(FORM_BYTES, FORM_FIELDS, files=1))]


@router.get("/")
def get_walks(request: Request, person: Reader, db: Db) -> Response:
    with db.read() as tx:
        newest_first = func.coalesce(Walk.starts_at, Walk.created_at).desc()
        without_route = defer(col(Walk.route))  # type: ignore[arg-type]  # SQLModel calls every column Mapped
        newest = tx.exec(select(Walk).options(without_route).order_by(newest_first)).all()
        readers = guards.readers(tx, person, newest)[:SHOWN]
        notes = _notes(tx, readers)
        people = _people(tx, readers)
    rows = [_row(reader, notes, people) for reader in readers]
    partner, plans = guards.only_partner(person), guards.plans_somewhere(person)
    return pages.render(request, "walks/list.html", rows=rows, partner=partner, plans=plans)


def _row(reader: WalkReader, notes: Counter[str], people: Counter[str]) -> dict[str, Any]:
    walk = reader.walk
    return {
        "walk": walk,
        "planned_by_me": reader.plans,
        "day": walk.starts_at or walk.created_at,
        "code": walks.shown(walk.code),
        "notes": notes[walk.id],
        "people": people[walk.id],
    }


def _notes(tx: Session, readers: list[WalkReader]) -> Counter[str]:
    """How many notes each reader sees in each walk. Only for readers without clearance each note is looked at, and those
    a reviewer has put other words to."""
    whole = [reader.walk.id for reader in readers if reader.sensitive]
    counted = (
        select(Observation.walk_id, func.count())
        .where(col(Observation.walk_id).in_(whole), col(Observation.deleted).is_(False))
        .where(col(Observation.hidden).is_(False), col(Observation.shown).is_(None))
        .group_by(col(Observation.walk_id))
    )
    found = Counter(dict(tx.exec(counted).all()))
    for reader in readers:
        rows = select(Observation).where(Observation.walk_id == reader.walk.id)
        if reader.sensitive:
            rows = rows.where(col(Observation.hidden).is_(False), col(Observation.shown).is_not(None))
        found[reader.walk.id] += sum(reader.sees(row) for row in tx.exec(rows).all())
    return found


def _people(tx: Session, readers: list[WalkReader]) -> Counter[str]:
    ids = [reader.walk.id for reader in readers]
    of_them = (
        col(Participant.walk_id).in_(ids),
        Participant.kind != "table",
    )  # the group at the table is in them already
    counted = select(Participant.walk_id, func.count()).where(*of_them)
    return Counter(dict(tx.exec(counted.group_by(col(Participant.walk_id))).all()))


# The plan


@router.get("/walks/new")
def get_new_walk(request: Request, person: Planner, db: Db) -> Response:
    return _new_page(request, person, db)


@router.post("/walks/new")
def post_new_walk(request: Request, person: Planner, db: Db, form: Form) -> Response:
    """Makes a planned walk and leads to its plan."""
    title = str(form.get("title", "")).strip()
    from_id = str(form.get("from", ""))
    if (not title and not from_id) or len(title) > drafts.TEXTS["title"]:
        return _new_page(request, person, db, 422, title=title, wrong=True)
    if from_id:
        earlier = guards.planned_walk(guards.reader_of_walk(from_id, person, db))
        return _succeed(db, person, earlier, form, title)
    with db.write() as tx:
        offered = _organisations(tx, person)
        chosen = next((one for one in offered if one.id == form.get("organisation")), offered[0] if offered else None)
        walk = walks.create(tx, title, planned=True, organisation_id=chosen and chosen.id, language=language())
        leaders.add(tx, walk, person.user)
    return _to_plan(walk)


@router.post("/walks/{walk_id}/successors")
def post_successor(walk: PlannedWalk, person: Reader, db: Db, form: Form) -> Response:
    """Makes a planned walk from an earlier one, and leads to its plan; `kind`: template, return or pair."""
    return _succeed(db, person, walk, form)


def _succeed(db: Db, person: guards.Person, earlier: Walk, form: FormData, title: str = "") -> Response:
    """Whoever makes it leads it, beside those who led the earlier one."""
    with db.write() as tx:
        walk = successor.succeed(tx, tx.get_one(Walk, earlier.id), str(form.get("kind", "")), title)
        for user in (person.user, *leaders.of(tx, earlier)):
            leaders.add(tx, walk, user)
    return _to_plan(walk)


@router.get("/walks/{walk_id}/plan")
def get_plan(request: Request, walk: PlannedWalk, person: Reader, db: Db) -> Response:
    with db.read() as tx:
        return _plan_page(request, tx, person, walk, plan.drafted(tx, walk))


@router.post("/walks/{walk_id}/plan")
def post_plan(request: Request, walk: PlannedWalk, person: Reader, db: Db, form: Form) -> Response:
    """Keeps the plan. A script (Accept: application/json) gets `rev`, or `errors` by field; a person the page."""
    with db.read() as tx:
        walk = tx.get_one(Walk, walk.id)
        kept = plan.drafted(tx, walk)
    draft = _typed(form, kept)
    changed = draft.rev != kept.rev
    if draft.check(walk.timezone) and not changed:
        try:
            with db.write() as tx:
                walk = plan.save(tx, walk.id, draft)
                if draft.from_file:
                    trail.record(tx, _who(person), "imported", walk=walk, about="file:route")
        except plan.PlanChanged:
            changed = True
    by_script = "application/json" in request.headers.get("accept", "")
    if changed or draft.errors:
        status = 409 if changed else 422
        if by_script:
            return JSONResponse({"changed": changed, "errors": draft.errors}, status, headers=pages.PRIVATE)
        theirs = kept if changed else None
        draft.rev = kept.rev  # whoever has read what the other wrote, and keeps it now, means it
        with db.read() as tx:
            return _plan_page(request, tx, person, walk, draft, status, theirs=theirs)
    if by_script:
        told = {"rev": walk.plan_rev, "at": pages.clock(now(), walk.timezone), "stops": [one.id for one in draft.stops]}
        return JSONResponse(told, headers=pages.PRIVATE)
    return _to_plan(walk, str(form.get("do", "")))


@router.post("/walks/{walk_id}/opening")
def post_opening(request: Request, walk: PlannedWalk, person: Reader, db: Db, form: Form) -> Response:
    """Opens a planned walk, or a closed one again."""
    with db.write() as tx:
        walks.open_walk(tx, tx.get_one(Walk, walk.id, with_for_update=True), _who(person))
    return _back(walk, form)


@router.post("/walks/{walk_id}/closure")
def post_closure(request: Request, walk: PlannedWalk, person: Reader, db: Db, form: Form) -> Response:
    """Closes it: nobody new joins, and what its phones still hold is taken in."""
    with db.write() as tx:
        walks.close(tx, tx.get_one(Walk, walk.id, with_for_update=True), _who(person))
    return _back(walk, form)


# What people are invited with


@router.get("/walks/{walk_id}/qr.svg")
def get_qr(request: Request, walk: PlannedWalk) -> Response:
    code = invitation.qr_code(walk, request.app.state.settings)
    return Response(code, media_type="image/svg+xml", headers=pages.PRIVATE)


@router.get("/walks/{walk_id}/invitation.ics")
def get_calendar(request: Request, walk: PlannedWalk) -> Response:
    """The walk's date for a calendar (RFC 5545). Raises not-found (404) where it has none yet."""
    if walk.starts_at is None:
        raise Problem("not-found")
    headers = {"Content-Disposition": f'attachment; filename="tryghedsvandring-{walk.code}.ics"'} | pages.PRIVATE
    return Response(invitation.calendar(walk, request.app.state.settings), media_type="text/calendar", headers=headers)


def _typed(form: FormData, kept: Draft) -> Draft:
    names = ("stop_name", "stop_prompt", "stop_place", "stop_id", "invited")
    lists = {name: [str(value) for value in form.getlist(name)] for name in names}
    draft = plan.typed({name: value for name, value in form.items() if isinstance(value, str)}, lists, kept)
    what = str(form.get("do", ""))
    file = form.get("route")
    if what == "no-route":
        draft.route = None
    elif isinstance(file, UploadFile) and file.size:
        _take_route(draft, file.file.read())
    if what == "straight":
        draft.straight()
    draft.add_listed(str(form.get("places", "")))
    draft.stops = plan.rearranged(draft.stops, what)
    return draft


def _who(person: Person) -> str:
    return trail.by(person.user.id, person.session)


def _take_route(draft: Draft, content: bytes) -> None:
    """The line of a route's file; its points become stops where there are none yet."""
    try:
        found = route.read(content)
    except Problem as wrong:
        draft.refused["route"] = str(wrong.body()["detail"])
        return
    draft.route, draft.from_file = found.line, True
    if not draft.stops:
        draft.stops = [drafts.StopDraft(one.name, one.prompt, plan.written(one)) for one in found.stops]


def _plan_page(
    request: Request,
    tx: Session,
    person: Person,
    walk: Walk,
    draft: Draft,
    status: int = 200,
    theirs: Draft | None = None,
) -> Response:
    settings = request.app.state.settings
    metres, stops = draft.length_m(), len(draft.stops)
    minutes = round((metres / PACE_M_S + STOP_S * stops) / 300) * 5
    earlier = tx.get(Walk, walk.follows_id) if walk.follows_id else None
    return pages.render(
        request, "walks/plan.html", status, walk=walk, draft=draft, texts=draft.texts, theirs=theirs, metres=metres,
        minutes=minutes, sun=_sun(walk, draft), link=walks.join_url(walk, settings), code=walks.shown(walk.code),
        words=invitation.words(walk, settings), limits=drafts.TEXTS, most_stops=route.MOST_STOPS,
        roles=invitation.roles(), overlaps=overlapping(tx, person, walk), pace=PACE_M_S, pause=STOP_S,
        earlier=earlier if earlier and guards.reading(tx, person, earlier) else None,
        basemap=basemap_of(settings)["src"], credit=settings.basemap_credit,
    )  # fmt: skip


def _sun(walk: Walk, draft: Draft) -> dict[str, Any] | None:
    """When the sun sets at the place on the day, and the light at the beginning; None where either is not known."""
    try:
        starts_at, _ends_at = draft.times(walk.timezone)
    except (ValueError, OverflowError):
        return None
    place = draft.place()
    if starts_at is None or place is None:
        return None
    sets_at = light.sets_at(starts_at, place, walk.timezone)
    if sets_at is None:
        return None
    return {"sets_at": sets_at, "light": light.light_at(starts_at, place, walk.timezone)}


def _new_page(
    request: Request, person: Planner, db: Db, status: int = 200, *, title: str = "", wrong: bool = False
) -> Response:
    with db.read() as tx:
        organisations = _organisations(tx, person)
        newest_first = func.coalesce(Walk.starts_at, Walk.created_at).desc()
        without_route = defer(col(Walk.route))  # type: ignore[arg-type]  # SQLModel calls every column Mapped
        kept = select(Walk).options(without_route).where(Walk.state != "archived").order_by(newest_first)
        readers = guards.readers(tx, person, tx.exec(kept).all())
        earlier = [reader.walk for reader in readers if reader.plans][:SHOWN]
    given = {"organisations": organisations, "title": title, "wrong": wrong, "most": drafts.TEXTS["title"]}
    given |= {"earlier": earlier}
    return pages.render(request, "walks/new.html", status, **given)


def _organisations(tx: Session, person: guards.Person) -> list[Organisation]:
    """Those in which the person may make walks."""
    roles = [role for role in person.memberships if role.role in guards.PLAN]
    wanted = select(Organisation).order_by(Organisation.name)
    if all(role.organisation_id for role in roles):
        wanted = wanted.where(col(Organisation.id).in_([role.organisation_id for role in roles]))
    return list(tx.exec(wanted).all())


def _back(walk: Walk, form: FormData) -> Response:
    """To the page that the button stood on: the live one, or the plan."""
    page = "live" if form.get("from") == "live" else "plan"
    return RedirectResponse(f"/walks/{walk.id}/{page}", 303, headers=pages.PRIVATE)


def _to_plan(walk: Walk, what: str = "") -> Response:
    deed, _colon, number = what.partition(":")
    moved = {"up": -1, "down": 1}.get(deed)
    at = f"#stop-{max(1, int(number) + moved)}" if moved and number.isdigit() and len(number) < 4 else ""
    at = "#stops" if deed in ("add", "remove") else at
    return RedirectResponse(f"/walks/{walk.id}/plan{at}", 303, headers=pages.PRIVATE)
