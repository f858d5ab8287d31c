"""Calendars of deadlines over HTTP: of a walk and of a partner, by an address that can be renewed and withdrawn.

Hides where the address stands in. Promises that calendars, which cannot sign in, get deadlines and nothing else by it: it
answers no measure and opens no page, unlike a partner's link; and that an old address answers as one that never was.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app import i18n, pages
from app.access.answering import Answerer, Answering, Measuring, NamedPartner
from app.access.subscribing import calendar_of
from app.db import Database, Db
from app.i18n import gettext as _
from app.measures import deadlines, measures, quoting, routing
from app.measures.forms import OwnForm
from app.models import Partner, Walk
from app.privacy import looking
from app.problems import invalid

router = APIRouter(tags=["measures"])

_ICS = "text/calendar; charset=utf-8"
NEW, NONE = "new", "none"  # what was just done with an address


# The files


@router.get("/deadlines/{walk_id}/{secret}.ics", response_class=Response)
def get_walks_deadlines(request: Request, walk_id: str, secret: str, db: Db) -> Response:
    """A walk's deadlines."""
    walk = calendar_of(request, db, Walk, walk_id, secret)
    looking.by_calendar(request, walk)
    base_url = request.app.state.settings.base_url
    with db.read() as tx:
        told = quoting.outside(tx, measures.of_walk(tx, walk.id))
    found = [(one, f"{base_url}/walks/{walk.id}/measures/{one.number}") for one in told]
    return _calendar(found, walk.title, base_url, walk.language)


@router.get("/deadlines/partners/{partner_id}/{secret}.ics", response_class=Response)
def get_partners_deadlines(request: Request, partner_id: str, secret: str, db: Db) -> Response:
    """The deadlines of what is routed to a partner."""
    partner = calendar_of(request, db, Partner, partner_id, secret)
    looking.by_calendar(request, partner)
    return _partners(request, db, [partner.id], partner.name)


@router.get("/partner/deadlines.ics", response_class=Response)
def get_own_deadlines(request: Request, who: Answering, db: Db) -> Response:
    """The same, once, for somebody who is signed in."""
    looking.by_partner(request, who.link, who.person, "file:deadlines.ics", who.organisation_id)
    return _partners(request, db, who.partner_ids, ", ".join(one.name for one in who.partners))


# A walk's address


@router.get("/walks/{walk_id}/measures/calendar")
def get_calendar(request: Request, reader: Measuring, did: str = "") -> Response:
    """Where the walk's deadlines are subscribed to. `did`: what was just done with the address."""
    looking.read(request, reader.person, "measures", reader.walk)
    given = deadlines.address(reader.walk, request.app.state.settings)
    return pages.render(request, "measures/calendar.html", walk=reader.walk, address=given, did=did)


@router.post("/walks/{walk_id}/measures/calendar")
def post_address(reader: Measuring, db: Db, _form: OwnForm) -> Response:
    """A new address instead of the one there is, or the first one."""
    with db.write() as tx:
        deadlines.give_address(tx, Walk, reader.walk.id)
    return _to(f"/walks/{reader.walk.id}/measures/calendar?did={NEW}")


@router.post("/walks/{walk_id}/measures/calendar/removal")
def post_removal(reader: Measuring, db: Db, _form: OwnForm) -> Response:
    with db.write() as tx:
        deadlines.withdraw_address(tx, Walk, reader.walk.id)
    return _to(f"/walks/{reader.walk.id}/measures/calendar?did={NONE}")


# A partner's address, on their own page


@router.get("/partner/calendar")
def get_own_calendar(request: Request, who: Answering, did: str = "") -> Response:
    looking.by_partner(request, who.link, who.person, "page:partner", who.organisation_id)
    settings = request.app.state.settings
    rows = [(one, deadlines.address(one, settings)) for one in who.partners]
    return pages.render(request, "measures/partner_calendar.html", rows=rows, did=did)


@router.post("/partner/calendar")
def post_own_address(who: Answering, db: Db, form: OwnForm) -> Response:
    partner = _one_of(who, form.get("partner"))
    with db.write() as tx:
        deadlines.give_address(tx, Partner, partner.id)
    return _to(f"/partner/calendar?did={NEW}")


@router.post("/partner/calendar/removal")
def post_own_removal(who: Answering, db: Db, form: OwnForm) -> Response:
    partner = _one_of(who, form.get("partner"))
    with db.write() as tx:
        deadlines.withdraw_address(tx, Partner, partner.id)
    return _to(f"/partner/calendar?did={NONE}")


# … and on the page of those who name partners


@router.post("/partners/{partner_id}/calendar")
def post_partners_address(partner: NamedPartner, db: Db, _form: OwnForm) -> Response:
    with db.write() as tx:
        deadlines.give_address(tx, Partner, partner.id)
    return _to(f"/partners?calendar={partner.id}#p-{partner.id}")


@router.post("/partners/{partner_id}/calendar/removal")
def post_partners_removal(partner: NamedPartner, db: Db, _form: OwnForm) -> Response:
    with db.write() as tx:
        deadlines.withdraw_address(tx, Partner, partner.id)
    return _to(f"/partners?calendar={partner.id}#p-{partner.id}")


def _one_of(who: Answerer, partner_id: Any) -> Partner:
    """One of those somebody answers for. Raises invalid (422): another one's is told from none by nothing."""
    found = next((one for one in who.partners if one.id == partner_id), None)
    if found is None:
        raise invalid(("partner", _("Choose one of the list.")))
    return found


def _partners(request: Request, db: Database, partner_ids: list[str], name: str) -> Response:
    base_url = request.app.state.settings.base_url
    with db.read() as tx:
        items = routing.routed(tx, partner_ids)
    found = [(item.told, f"{base_url}/partner/measures/{item.told.id}") for item in items]
    return _calendar(found, name, base_url, "da")


def _calendar(found: list[tuple[measures.Told, str]], name: str, base_url: str, language: str) -> Response:
    with i18n.use(language):
        told = deadlines.calendar(found, name, base_url)
    return Response(told, media_type=_ICS, headers=pages.PRIVATE)


def _to(where: str) -> Response:
    return RedirectResponse(where, 303, headers=pages.PRIVATE)
