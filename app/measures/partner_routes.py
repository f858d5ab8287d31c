"""The partner's page: what is routed to them, their answers, "not ours", and the files. By an account, a key or a link.

Hides that a link's secret is exchanged for a cookie at once, so that it stands in no further address. Promises nothing but
what is routed to whoever asks, that two who answer at once are told of each other, and that each step says who took it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlmodel import Session

from app import pages
from app.access import browser, guards
from app.access.answering import Answerer, Answering, RoutedMeasure, link_behind
from app.db import Db
from app.measures import changing, draft, exports, measures, partners, plan, routing, words
from app.measures.changing import By
from app.measures.forms import OwnForm
from app.models import Measure, Walk, now
from app.privacy import looking
from app.problems import Problem
from app.streaming import Made

router = APIRouter(tags=["measures"])

ANSWERED = ("kind", "status", "deadline", "ticket", "unit", "answer", "reason")
# Of the history: what they and the coordinator agreed on, not how the words about the place came about.
TOLD = {*ANSWERED, "partner_id", "word"}
_CSV = {"Content-Disposition": 'attachment; filename="tiltag.csv"'}
_GEOJSON = {"Content-Disposition": 'attachment; filename="tiltag.geojson"'}


@router.get("/p/{secret}")
def get_link(request: Request, secret: str, db: Db) -> Response:
    """A partner's link: the browser goes on as that partner. Raises not-found (404), too-many-attempts (429)."""
    link, _partner = link_behind(request, db, secret)
    answer = RedirectResponse("/partner", 303, headers=pages.PRIVATE | {"Referrer-Policy": "no-referrer"})
    browser.keep_partner(request, answer, secret, max(60, int((link.expires_at - now()).total_seconds())))
    return answer


@router.post("/partner/leaving")
def post_leaving(request: Request) -> Response:
    """This browser goes on as no partner, unless its account is one."""
    guards.own_form(request)
    answer = RedirectResponse("/", 303, headers=pages.PRIVATE)
    browser.drop_partner(request, answer)
    return answer


@router.get("/partner")
def get_partner(request: Request, who: Answering, db: Db, show: str = "", passed: str = "") -> Response:
    """The list. `passed`: the number of a measure that was just passed on."""
    _logged(request, who, "page:partner")
    with db.read() as tx:
        return _page(request, tx, who, show=show, passed=passed)


@router.get("/partner/measures.csv", response_class=Response)
def get_csv(request: Request, who: Answering, db: Db, show: str = "all") -> Response:
    base_url = request.app.state.settings.base_url
    _logged(request, who, "file:measures.csv")
    told = exports.table(exports.FIELDS, (exports.fields(item, base_url) for item in _items(db, who, show)))
    return Made(told, media_type="text/csv; charset=utf-8", headers=pages.PRIVATE | _CSV)


@router.get("/partner/measures.geojson", response_class=Response)
def get_geojson(
    request: Request,
    who: Answering,
    db: Db,
    show: str = "all",
    crs: Annotated[str, Query(pattern="^(4326|25832)$")] = "4326",
) -> Response:
    """`crs`: 4326, degrees (RFC 7946), or 25832, metres."""
    _logged(request, who, "file:measures.geojson")
    base_url, items = request.app.state.settings.base_url, _items(db, who, show)
    told = exports.geojson(((one.told.id, exports.fields(one, base_url)) for one in items), on_grid=crs == "25832")
    return Response(told, media_type="application/geo+json", headers=pages.PRIVATE | _GEOJSON)


@router.get("/partner/photos/{photo_id}", response_class=Response)
def get_photo(request: Request, who: Answering, db: Db, photo_id: str, size: str = "") -> Response:
    """A photo of a note that one of their measures rests on. `size`: small."""
    vault = request.app.state.vault
    _logged(request, who, "page:partner")
    with db.read() as tx:
        if not routing.sees_photo(tx, who.partner_ids, photo_id):
            raise Problem("not-found")
    opened = vault.opened(photo_id, thumbnail=size == "small")
    if opened is None:
        raise Problem("photo-not-ready", retry_after=5)
    return StreamingResponse(opened.pieces(), media_type="image/jpeg", headers=pages.PRIVATE)


@router.get("/partner/measures/{measure_id}")
def get_measure(
    request: Request, routed: RoutedMeasure, who: Answering, db: Db, show: str = "", saved: str = ""
) -> Response:
    _logged(request, who, "page:partner")
    with db.read() as tx:
        return _page(request, tx, who, routed, show=show, saved=bool(saved))


@router.post("/partner/measures/{measure_id}")
def post_answer(request: Request, routed: RoutedMeasure, who: Answering, db: Db, form: OwnForm) -> Response:
    """The partner's answer, unless somebody else has changed the measure meanwhile: then both are told."""
    typed, by = draft.typed(form, ANSWERED), _by(who)
    wanted: dict[str, Any] = {}
    try:
        with db.write() as tx:
            walk = tx.get_one(Walk, routed.walk_id)
            wanted = draft.check(tx, walk, typed, tx.get_one(Measure, routed.id), measures.today_of(walk, now()))
            if not typed.errors and not typed.past:
                changing.change(tx, routed, typed.version, wanted, by)
    except changing.Changed as changed:
        with db.write() as tx:
            changing.keep_both(tx, routed, wanted, by)
        with db.read() as tx:
            still = changed.held.partner_id in who.partner_ids
            return _page(request, tx, who, routed if still else None, typed=typed, status=409)
    if typed.errors or typed.past:
        with db.read() as tx:
            return _page(request, tx, who, routed, typed=typed, status=422)
    return _to(f"/partner/measures/{routed.id}?saved=yes#a")


@router.post("/partner/measures/{measure_id}/passing")
def post_passing(request: Request, routed: RoutedMeasure, who: Answering, db: Db, form: OwnForm) -> Response:
    """ "Not ours": to another partner, or back to the coordinator."""
    typed = draft.typed(form, ())
    word, to = (draft.said(form.get(name, "")) for name in ("word", "to"))
    try:
        with db.write() as tx:
            changing.pass_on(tx, routed, typed.version, to, word, _by(who))
    except changing.Changed:
        with db.read() as tx:
            typed.fields["word"] = word
            return _page(request, tx, who, routed, typed=typed, status=409)
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        typed.fields["word"], typed.errors = word, {wrong.more["errors"][0]["field"]: wrong.detail}
        with db.read() as tx:
            return _page(request, tx, who, routed, typed=typed, status=422)
    return _to(f"/partner?passed={routed.number}")


def _page(
    request: Request, tx: Session, who: Answerer, routed: Measure | None = None, *, show: str = "", saved: bool = False,
    typed: draft.Draft | None = None, status: int = 200, passed: str = "",
) -> Response:  # fmt: skip
    items = routing.routed(tx, who.partner_ids)
    chosen = next((item for item in items if routed and item.told.id == routed.id), None)
    if show not in routing.SHOWS:
        show = "all" if chosen else "waiting"
    held = plan.of_told(chosen.told) if chosen else {}
    values = plan.of_draft(typed, held) if typed else held
    others = partners.of_organisation(tx, chosen.walk.organisation_id) if chosen else []
    names = {one.id: one.name for one in others}
    said = lambda name, value: words.form_value(name, value, names)  # noqa: E731
    theirs = plan.differences(held, typed.fields, said) if typed and status == 409 else []
    last = (
        next((step for step in reversed(chosen.told.steps) if "beside" not in step.changes), None) if chosen else None
    )
    return pages.render(
        request, "measures/partner.html", status, who=who, items=routing.shown(items, show), counts=routing.counts(items), show=show,
        shows=routing.SHOWS, chosen=chosen, v=values, errors=typed.errors if typed else {}, past=bool(typed and typed.past),
        theirs=theirs, last=last, words=words, texts=draft.TEXTS, others=[one for one in others if one.id not in who.partner_ids],
        extracts=sorted({(item.walk.title, item.walk.id, item.told.partner_id) for item in items}),
        saved=saved, passed=passed if passed.isdigit() else "", changed=status == 409,
        steps=words.steps(chosen.told, names, chosen.walk.timezone, TOLD) if chosen else [],
    )  # fmt: skip


def _items(db: Db, who: Answerer, show: str) -> list[routing.Item]:
    with db.read() as tx:
        return routing.shown(routing.routed(tx, who.partner_ids), show if show in routing.SHOWS else "all")


def _logged(request: Request, who: Answerer, what: str) -> None:
    """The access log says that they looked, or took a file out. Raises TryAgain for a file."""
    looking.by_partner(request, who.link, who.person, what, who.organisation_id)


def _by(who: Answerer) -> By:
    return By(link_id=who.link.id) if who.link else By(who.person.user.id if who.person else None)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=pages.PRIVATE)
