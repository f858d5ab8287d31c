"""People who are asked by e-mail to sign in: the queue of letters, and what has become of each.

Hides that a row is the letter until it is sent. Promises that one letter is taken by one process at a time and only once
it has fallen due, that a letter which could not be sent waits and says until when, and that nobody is sent a letter who
has signed in meanwhile. Never holds a code: it is made while the letter is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, or_, select, update

from app.access import people
from app.access.roles import may_give
from app.access.signin import LETTER_LASTS
from app.i18n import gettext as _
from app.i18n import language
from app.models import Invitation, Membership, Partner, User, now
from app.problems import invalid

PAUSES_S = (60, 120, 240, 480, 900, 1800)  # after each failed try; the last one goes on
GIVEN_UP = timedelta(days=7)  # then nobody tries again until somebody asks for it
NOT_TWICE = timedelta(minutes=1)  # a button pressed again so soon after a letter went off sends no other


@dataclass(frozen=True)
class Wanted:
    """What an invitation gives: roles in an organisation, or everywhere (None). `partner_id`: whom a partner answers for."""

    email: str
    roles: tuple[str, ...]
    organisation_id: str | None
    cleared: bool = False
    partner_id: str | None = None


def invite(tx: Session, by: User, holds: Sequence[Membership], wanted: Wanted) -> Invitation:
    """Gives the person the roles and puts their letter into the queue. `holds`: what `by` holds at this moment.

    Raises invalid (422): no address, no role, a role that `by` may not give, or `by` themselves."""
    user = people.by_email(tx, wanted.email)
    if user is not None and user.id == by.id:
        raise invalid(("email", _("You cannot give yourself a role. Ask somebody else to.")))
    if not wanted.roles:
        raise invalid(("role", _("Choose at least one role.")))
    if not all(may_give(holds, role, wanted.organisation_id) for role in wanted.roles):
        raise invalid(("role", _("You cannot give this role here.")))
    if "partner" in wanted.roles:
        _check_partner(tx, wanted)
    if user is None:
        user = User(email=people.address(wanted.email), language=language())
        tx.add(user)
        tx.flush()
    for role in wanted.roles:
        people.give(tx, user, role, wanted.organisation_id, cleared=wanted.cleared, partner_id=wanted.partner_id)
    same = select(Invitation).where(Invitation.user_id == user.id, col(Invitation.accepted_at).is_(None))
    same = same.where(col(Invitation.organisation_id).is_not_distinct_from(wanted.organisation_id))
    waiting = tx.exec(same).first()
    if waiting is None:
        waiting = Invitation(user_id=user.id, invited_by=by.id, organisation_id=wanted.organisation_id)
        tx.add(waiting)
    else:
        send_again(waiting, by)
    return waiting


def _check_partner(tx: Session, wanted: Wanted) -> None:
    """Raises invalid (422) where the partner is of another organisation, or one no longer."""
    found = tx.get(Partner, wanted.partner_id) if wanted.partner_id else None
    if wanted.partner_id and (found is None or found.ended_at or found.organisation_id != wanted.organisation_id):
        raise invalid(("partner", _("Choose a partner of this organisation.")))


def send_again(invitation: Invitation, by: User) -> None:
    """The letter is due once more, at once; unless it went off a moment ago, or was accepted."""
    if invitation.accepted_at:
        return
    if invitation.sent_at is None or invitation.sent_at < now() - NOT_TWICE:
        invitation.invited_by, invitation.created_at = by.id, now()
        invitation.sent_at = invitation.retry_at = None
        invitation.tries = 0


def withdraw(tx: Session, user_id: str, organisation_id: str | None) -> None:
    """No letter goes off, or goes on waiting, to somebody who has no role there any longer."""
    roles = select(Membership).where(Membership.user_id == user_id)
    if tx.exec(roles.where(col(Membership.organisation_id).is_not_distinct_from(organisation_id))).first() is None:
        there = col(Invitation.organisation_id).is_not_distinct_from(organisation_id)
        tx.exec(delete(Invitation).where(col(Invitation.user_id) == user_id, there))


def next_due(tx: Session) -> Invitation | None:
    """The letter that has waited longest among those that are due; None where there is none."""
    return tx.exec(select(Invitation).where(*_due()).order_by(col(Invitation.created_at)).limit(1)).first()


def claim(tx: Session, invitation_id: str) -> Invitation | None:
    """The letter, now this process's until it is due again; None where another has it, or it is not wanted any more."""
    this = col(Invitation.id) == invitation_id
    tries = select(Invitation.tries).where(this)
    pause = timedelta(seconds=pause_s(tx.exec(tries).first() or 0))
    taken = update(Invitation).where(this, *_due()).values(tries=Invitation.tries + 1, retry_at=now() + pause)
    if tx.exec(taken.returning(col(Invitation.id))).first() is None:
        return None
    return tx.exec(select(Invitation).where(this).execution_options(populate_existing=True)).one()


def postpone_all(tx: Session, until: datetime) -> None:
    """No letter can be sent just now: all that are due wait until then."""
    tx.exec(update(Invitation).where(*_due()).values(tries=Invitation.tries + 1, retry_at=until))


def sent(tx: Session, invitation: Invitation) -> None:
    """The mail server has taken it; unless somebody asked for another one meanwhile, it is done."""
    this = col(Invitation.id) == invitation.id, col(Invitation.retry_at) == invitation.retry_at
    tx.exec(update(Invitation).where(*this).values(sent_at=now(), retry_at=None))


def pause_s(tries: int) -> float:
    """How long the next try waits after so many before."""
    return PAUSES_S[min(tries, len(PAUSES_S) - 1)]


def newest(tx: Session) -> dict[tuple[str, str | None], Invitation]:
    """The newest invitation of everybody who was invited, by person and organisation."""
    wanted = select(Invitation).order_by(col(Invitation.created_at))
    return {(one.user_id, one.organisation_id): one for one in tx.exec(wanted).all()}


def state(invitation: Invitation) -> str:
    """What has become of it: accepted, sent, old (sent, but its code is too old), waiting (and tried again), queued
    (not tried yet), or given-up."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.sent_at:
        return "sent" if invitation.sent_at > now() - LETTER_LASTS else "old"
    if invitation.created_at < now() - GIVEN_UP:
        return "given-up"
    return "waiting" if invitation.retry_at else "queued"


def _due() -> tuple[ColumnElement[bool], ...]:
    return (
        col(Invitation.sent_at).is_(None),
        col(Invitation.accepted_at).is_(None),
        col(Invitation.created_at) > now() - GIVEN_UP,
        or_(col(Invitation.retry_at).is_(None), col(Invitation.retry_at) <= now()),
    )
