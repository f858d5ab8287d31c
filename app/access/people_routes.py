"""The page of those who invite: who may do what, and what has become of each invitation.

Hides forms, and which organisations' people somebody sees. Promises that what was typed comes back with a sentence where
it cannot be done, that each change looks at what its maker holds at that very moment, and that a role taken away can be
given back at once.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, or_, select

from app import pages
from app.access import browser, forms, invitations, limits, people, postman, roles, sessions
from app.access.fresh import FreshInviter, is_fresh, once_more
from app.access.guards import GIVE, Person
from app.access.invitations import Wanted
from app.access.roles import EVERYWHERE, GivenRole, Inviter, KnownInvitation
from app.db import Db
from app.models import Invitation, Membership, Organisation, Partner, User
from app.privacy import trail
from app.problems import Problem

router = APIRouter(tags=["access"])

Text = Annotated[forms.Text, Form(max_length=254)]
Roles = Annotated[list[forms.Text], Form(max_length=20)]


@router.get("/people")
def get_people(request: Request, person: Inviter, db: Db, taken: str = "") -> Response:
    kept = browser.note(request, "wanted")
    wanted = _typed(kept) if kept.get("by") == person.user.id else None
    done = bool(taken and browser.note(request, "taken"))
    answer = _page(request, person, db, taken=done, wanted=wanted, resumed=wanted is not None)
    if kept:
        browser.drop_note(request, answer, "wanted")
    return answer


@router.post("/people/invitations")
def post_invitation(
    request: Request,
    person: Inviter,
    db: Db,
    role: Roles = [],  # noqa: B006  FastAPI copies it
    email: Text = "",
    organisation: Text = "",
    cleared: Text = "",
    partner: Text = "",
) -> Response:
    """Gives somebody roles, and puts their letter into the queue. Whoever has to sign in once more first finds what they
    had typed when they come back."""
    browser.own_form(request)
    place = None if organisation == EVERYWHERE else organisation
    wanted = Wanted(email, tuple(dict.fromkeys(role)), place, bool(cleared), partner or None)
    with db.read() as tx:
        if not is_fresh(tx, person):
            return _later(request, person, wanted)
    try:
        with db.write() as tx:
            limits.counted(tx, request.app.state.settings, limits.LETTERS, person.user.id)
            letter = invitations.invite(tx, person.user, roles.roles_now(tx, person), wanted)
            for given in wanted.roles:
                _tell(tx, person, "role-given", letter.user_id, given, place)
            request.app.state.jobs.ask(tx, postman.TASK)
    except Problem as wrong:
        if wrong.code == "too-many-attempts":
            raise
        return _page(request, person, db, wrong, wanted=wanted)
    return _done()


@router.post("/people/invitations/{invitation_id}/sending")
def post_sending(request: Request, known: KnownInvitation, person: Inviter, db: Db) -> Response:
    """Sends the letter once more, or at once where it waits."""
    browser.own_form(request)
    with db.write() as tx:
        limits.counted(tx, request.app.state.settings, limits.LETTERS, person.user.id)
        invitations.send_again(tx.get_one(Invitation, known.id, with_for_update=True), person.user)
        request.app.state.jobs.ask(tx, postman.TASK)
    return _done()


@router.post("/people/roles/{membership_id}/removal")
def post_removal(request: Request, given: GivenRole, person: FreshInviter, db: Db) -> Response:
    """Takes a role away; the last one ends their sign-ins. The next page offers to give it back."""
    browser.own_form(request)
    try:
        with db.write() as tx:
            holds = roles.roles_now(tx, person)
            held = tx.get(Membership, given.id)
            if held is not None:
                if held.user_id != person.user.id and not roles.may_give(holds, held.role, held.organisation_id):
                    raise Problem("not-allowed")
                people.take(tx, held)
                _tell(tx, person, "role-taken", held.user_id, held.role, held.organisation_id)
                invitations.withdraw(tx, held.user_id, held.organisation_id)
                user = tx.get_one(User, held.user_id)
                if not people.roles_of(tx, user):
                    sessions.end_all(tx, user)
    except Problem as wrong:
        return _page(request, person, db, wrong)
    answer = RedirectResponse("/people?taken=yes", 303, headers=pages.PRIVATE)
    place, cleared = given.organisation_id or EVERYWHERE, "yes" if given.cleared else ""
    browser.keep_note(
        request,
        answer,
        "taken",
        user=given.user_id,
        role=given.role,
        place=place,
        cleared=cleared,
        partner=given.partner_id or "",
    )
    return answer


@router.post("/people/roles")
def post_role(request: Request, person: FreshInviter, db: Db) -> Response:
    """Gives back the role that this browser has just taken away, without a letter."""
    browser.own_form(request)
    note = browser.note(request, "taken")
    answer = RedirectResponse("/people", 303, headers=pages.PRIVATE)
    if note:
        place = None if note["place"] == EVERYWHERE else note["place"]
        with db.write() as tx:
            user = tx.get_one(User, note["user"])
            if user.id == person.user.id or not roles.may_give(roles.roles_now(tx, person), note["role"], place):
                raise Problem("not-allowed")
            partner_id = note.get("partner") or None
            people.give(tx, user, note["role"], place, cleared=bool(note["cleared"]), partner_id=partner_id)
            _tell(tx, person, "role-given", user.id, note["role"], place)
        browser.drop_note(request, answer, "taken")
    return answer


def _later(request: Request, person: Person, wanted: Wanted) -> Response:
    """To sign in once more; the browser carries what was typed."""
    answer = RedirectResponse(once_more("/people"), 303, headers=pages.PRIVATE)
    place = EVERYWHERE if wanted.organisation_id is None else wanted.organisation_id
    browser.keep_note(
        request, answer, "wanted", by=person.user.id, email=wanted.email, roles=",".join(set(wanted.roles) & set(people.ROLES)),
        place=place[:36], cleared="yes" if wanted.cleared else "", partner=(wanted.partner_id or "")[:36],
    )  # fmt: skip
    return answer


def _typed(kept: dict[str, str]) -> Wanted:
    """What _later() was given."""
    place = None if kept["place"] == EVERYWHERE else kept["place"]
    return Wanted(kept["email"], tuple(kept["roles"].split(",")), place, bool(kept["cleared"]), kept["partner"] or None)


def _tell(tx: Session, person: Person, what: str, user_id: str, role: str, place: str | None) -> None:
    """The access log says whose role was changed by whom."""
    trail.record(tx, trail.by(person.user.id), what, organisation_id=place, about=f"person:{user_id}", role=role)


def _done() -> Response:
    return RedirectResponse("/people", 303, headers=pages.PRIVATE)


def _page(
    request: Request,
    person: Person,
    db: Db,
    wrong: Problem | None = None,
    *,
    taken: bool = False,
    wanted: Wanted | None = None,
    resumed: bool = False,
) -> Response:
    """`wrong`: what is to be told on the page, where it is a 422; anything else is raised on."""
    if wrong and wrong.code != "invalid":
        raise wrong
    with db.read() as tx:
        rows = _rows(tx, person)
        places = roles.places(tx, person)
        partners = _partners(tx, [None if key == EVERYWHERE else key for key, _name in places])
    field = wrong.more["errors"][0]["field"] if wrong else ""
    offered = [role for role in people.ROLES if any(role in GIVE.get(own.role, ()) for own in person.memberships)]
    return pages.render(
        request, "access/people.html", wrong.status if wrong else 200, rows=rows, places=places, partners=partners, offered=offered,
        wrong=wrong.detail if wrong else "", field=field, taken=taken, resumed=resumed, wanted=wanted or Wanted("", (), ""),
        no_mail=not request.app.state.settings.smtp_url.get_secret_value(),
    )  # fmt: skip


def _rows(tx: Session, person: Person) -> list[dict[str, Any]]:
    """Everybody whose rights one may see, by address: their roles, and what has become of their invitations."""
    mine = [own.organisation_id for own in person.memberships if own.role in GIVE]
    held = select(Membership, User, Organisation).join(User).join(Organisation, isouter=True)
    if None not in mine:  # those who hold a role everywhere hold it here too
        here = col(Membership.organisation_id)
        held = held.where(or_(here.in_(mine), here.is_(None)))
    letters = invitations.newest(tx)
    named = {one.id: one.name for one in tx.exec(select(Partner)).all()}
    rows: dict[str, dict[str, Any]] = {}
    for role, user, place in tx.exec(held.order_by(User.email, Organisation.name, Membership.role)).all():
        row = rows.setdefault(user.id, {"user": user, "roles": [], "letters": []})
        mine_or_given = user.id == person.user.id or roles.may_give(person.memberships, role.role, role.organisation_id)
        row["roles"].append({"role": role, "place": place.name if place else "", "may_take": mine_or_given,
                             "partner": named.get(role.partner_id or "", "")})  # fmt: skip
        letter = letters.pop((user.id, role.organisation_id), None)
        if letter and roles.oversees(person.memberships, role.organisation_id):
            row["letters"].append((letter, invitations.state(letter)))
    theirs: dict[str, list[Membership]] = {}
    for role in tx.exec(select(Membership)).all():
        theirs.setdefault(role.user_id, []).append(role)
    for user_id, row in rows.items():
        row["sign_ins"] = roles.shuts_out(person.memberships, theirs[user_id])
    return list(rows.values())


def _partners(tx: Session, organisation_ids: list[str | None]) -> list[tuple[str, str]]:
    """The partners that somebody may be invited to answer for: (id, name)."""
    named = [key for key in organisation_ids if key]
    here = col(Partner.organisation_id)
    there = or_(here.in_(named), here.is_(None)) if None in organisation_ids else or_(here.in_(named))
    found = tx.exec(select(Partner).where(there, col(Partner.ended_at).is_(None)).order_by(Partner.name)).all()
    return [(one.id, one.name) for one in found]
