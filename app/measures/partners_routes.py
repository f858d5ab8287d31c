"""The page of an organisation's partners: name them, say where their letters go, give links, end one.

Hides forms, and which organisations' partners somebody names. Promises that what was typed comes back with a sentence
where it cannot be done, and that ending a partner can be undone at once.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app import pages
from app.access import forms, guards, roles
from app.access.answering import NamedPartner
from app.access.guards import Person
from app.access.roles import EVERYWHERE, Inviter, oversees
from app.db import Database, Db
from app.i18n import gettext as _
from app.measures import deadlines, partners, words
from app.models import Organisation, Partner
from app.privacy import trail
from app.problems import Problem, invalid
from app.taxonomy import owners

router = APIRouter(tags=["measures"])

Text = Annotated[forms.Text, Form(max_length=300)]


@router.get("/partners")
def get_partners(request: Request, person: Inviter, db: Db, ended: str = "", calendar: str = "") -> Response:
    """`ended`: the id of one that was just ended; `calendar`: of one whose calendar has just got or lost its address."""
    return _page(request, person, db, ended=ended, calendar=calendar)


@router.post("/partners")
def post_partner(
    request: Request,
    person: Inviter,
    db: Db,
    organisation: Text = "",
    owner: Text = "",
    name: Text = "",
    email: Text = "",
) -> Response:
    """Names a new partner."""
    guards.own_form(request)
    place = None if organisation in ("", EVERYWHERE) else organisation
    try:
        with db.write() as tx:
            known = place is None or tx.get(Organisation, place) is not None
            if not known or not oversees(person.memberships, place):
                raise invalid(("organisation", _("Choose one of the list.")))
            partners.name(tx, place, owner, name, email)
    except Problem as wrong:
        return _page(
            request,
            person,
            db,
            wrong,
            typed={"owner": owner, "name": name, "email": email, "organisation": organisation},
        )
    return _to("/partners")


@router.post("/partners/{partner_id}")
def post_change(
    request: Request, partner: NamedPartner, person: Inviter, db: Db, name: Text = "", email: Text = ""
) -> Response:
    """Another name or address."""
    guards.own_form(request)
    try:
        with db.write() as tx:
            partners.change(tx, partner, name, email)
    except Problem as wrong:
        return _page(request, person, db, wrong, of=partner.id, typed={"name": name, "email": email})
    return _to(f"/partners#p-{partner.id}")


@router.post("/partners/{partner_id}/ending")
def post_ending(request: Request, partner: NamedPartner, person: Inviter, db: Db, back: Text = "") -> Response:
    """Ends a partner; `back=yes`: they are one again."""
    guards.own_form(request)
    with db.write() as tx:
        partners.end(tx, partner, back=back == "yes")
        if back != "yes":
            _tell(tx, person, "partner-ended", partner)
    return _to(f"/partners#p-{partner.id}" if back == "yes" else f"/partners?ended={partner.id}")


@router.post("/partners/{partner_id}/links")
def post_link(request: Request, partner: NamedPartner, person: Inviter, db: Db, days: Text = "") -> Response:
    """A new link, for so many days."""
    guards.own_form(request)
    lasts = int(days) if days in map(str, partners.LASTS_DAYS) else partners.LASTS_DAYS[1]
    with db.write() as tx:
        link, _secret = partners.new_link(tx, partner, person.user, lasts, request.app.state.settings.signing_key())
        _tell(tx, person, "link-made", partner, link=link.id, days=lasts)
    return _to(f"/partners#p-{partner.id}")


@router.post("/partners/{partner_id}/links/{link_id}/removal")
def post_withdrawal(request: Request, partner: NamedPartner, person: Inviter, db: Db, link_id: str) -> Response:
    """The link opens nothing from now on."""
    guards.own_form(request)
    with db.write() as tx:
        if partners.withdraw(tx, partner, link_id):
            _tell(tx, person, "link-withdrawn", partner, link=link_id)
    return _to(f"/partners#p-{partner.id}")


def _tell(tx: Session, person: Person, what: str, partner: Partner, **detail: Any) -> None:
    """The access log says who opens a way in for a partner, and who closes it."""
    of = partner.organisation_id, f"partner:{partner.id}"
    trail.record(tx, trail.by(person.user.id), what, organisation_id=of[0], about=of[1], **detail)


def _page(
    request: Request, person: Person, db: Database, wrong: Problem | None = None, *, of: str = "", ended: str = "",
    calendar: str = "", typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """`wrong`: what is to be told beside a field, where it is a 422; anything else is raised on. `of`: whose form it was."""
    if wrong and wrong.code != "invalid":
        raise wrong
    settings = request.app.state.settings
    with db.read() as tx:
        places = roles.places(tx, person)
        groups = [(name, _rows(tx, None if key == EVERYWHERE else key, settings)) for key, name in places]
    gone = next((row["partner"] for _name, rows in groups for row in rows if row["partner"].id == ended), None)
    return pages.render(
        request, "measures/partners.html", wrong.status if wrong else 200, groups=groups, places=places, owners=list(owners()), words=words,
        wrong=wrong.detail if wrong else "", field=wrong.more["errors"][0]["field"] if wrong else "", of=of, typed=typed or {}, calendar=calendar,
        gone=gone if gone and gone.ended_at else None, lasts=partners.LASTS_DAYS,
        no_mail=not settings.smtp_url.get_secret_value(),
    )  # fmt: skip


def _rows(tx: Session, organisation_id: str | None, settings: Any) -> list[dict[str, Any]]:
    """Each partner with what is open, who answers by an account, and the links that open something."""
    found = partners.of_organisation(tx, organisation_id, ended=True)
    ids = [one.id for one in found]
    waiting, links = partners.open_measures(tx, ids), partners.links_of(tx, ids)
    return [_row(tx, one, waiting, links, settings) for one in sorted(found, key=lambda one: one.ended_at is not None)]


def _row(tx: Session, one: Partner, waiting: dict[str, int], links: list[Any], settings: Any) -> dict[str, Any]:
    mine = [
        (link, partners.address_of(link, settings.base_url, settings.signing_key()))
        for link in links
        if link.partner_id == one.id
    ]
    return {"partner": one, "open": waiting.get(one.id, 0), "accounts": partners.accounts(tx, one.id), "links": mine,
            "calendar": deadlines.address(one, settings)}  # fmt: skip


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=pages.PRIVATE)
