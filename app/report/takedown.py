"""Somebody asks that something be taken out of a public report: kept, told to those who lead the walk, answered.

Hides whom it is told. Promises that a request is kept before it is confirmed, whether or not a letter can be sent, and that
whoever asks needs to say neither who they are nor why they may.
"""

import logging
from collections.abc import Sequence
from email.message import EmailMessage

from sqlmodel import Session, col, or_, select

from app import i18n
from app.access.guards import may_lead
from app.access.mail import NoMail, Post, letter
from app.i18n import gettext as _
from app.models import Leading, Membership, Takedown, User, Walk, now
from app.problems import Problem, invalid
from app.settings import Settings

log = logging.getLogger("tryg")

TEXT, CONTACT, OUTCOME = 2000, 200, 500
MOST = 500  # unanswered ones of one walk
ANSWER = {"coordinator", "admin"}


def ask(tx: Session, walk: Walk, edition: int, text: str, contact: str) -> Takedown:
    """Keep a request. Raises invalid (422), too-many-attempts (429) where nobody answers any more."""
    text, contact = text.strip(), contact.strip()
    if not text:
        raise invalid(("text", _("Say what it is about, so that we can find it.")))
    if len(text) > TEXT:
        raise invalid(("text", _("At most %(most)s characters; this is %(num)s.", most=TEXT, num=len(text))))
    if len(contact) > CONTACT:
        raise invalid(("contact", _("At most %(most)s characters; this is %(num)s.", most=CONTACT, num=len(contact))))
    if len(of_walk(tx, walk.id, waiting=True)) >= MOST:
        raise Problem("too-many-attempts", retry_after=3600)
    made = Takedown(walk_id=walk.id, edition=edition, text=text, contact=contact, asked_at=now())
    tx.add(made)
    return made


def of_walk(tx: Session, walk_id: str, *, waiting: bool = False) -> Sequence[Takedown]:
    """The newest first; `waiting`: those that nobody has answered."""
    wanted = select(Takedown).where(Takedown.walk_id == walk_id).order_by(col(Takedown.asked_at).desc())
    return tx.exec(wanted.where(col(Takedown.handled_at).is_(None)) if waiting else wanted).all()


def answer(tx: Session, walk_id: str, takedown_id: str, by: User, outcome: str) -> None:
    """What was done about it; what somebody has answered already stays. Raises not-found (404), invalid (422),
    changed-meanwhile (409) with what the other one wrote."""
    held = tx.get(Takedown, takedown_id, with_for_update=True)
    if held is None or held.walk_id != walk_id:
        raise Problem("not-found")
    said = outcome.strip()[:OUTCOME]
    if not said:
        raise invalid(("outcome", _("Say in a few words what was done.")))
    if held.handled_at is not None and held.outcome != said:
        raise Problem("changed-meanwhile", _("It was answered already: “%(outcome)s”", outcome=held.outcome))
    if held.handled_at is None:
        held.outcome, held.handled_by, held.handled_at = said, by.id, now()


def readers(tx: Session, walk: Walk) -> list[User]:
    """Whom it is told: those who lead the walk and still may, and where nobody does the coordinators of its organisation."""
    leading = select(User).join(Leading, col(Leading.user_id) == col(User.id)).where(Leading.walk_id == walk.id)
    found = [user for user in tx.exec(leading.order_by(User.email)).all() if may_lead(tx, user, walk)]
    if found:
        return found
    here = or_(col(Membership.organisation_id).is_(None), Membership.organisation_id == walk.organisation_id)
    named = (
        select(User)
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(col(Membership.role).in_(ANSWER), here)
    )
    return list({user.id: user for user in tx.exec(named.order_by(User.email)).all()}.values())


def tell(users: Sequence[User], walk: Walk, address: str, settings: Settings) -> None:
    """A letter to each. What cannot be sent stands on the walk's page all the same, and in the log."""
    for user in users:
        try:
            with i18n.use(user.language):
                Post(settings).deliver(_letter(settings.mail_from, user.email, walk.title, address))
        except NoMail:
            log.error(
                "nobody could be told by mail that something is asked to be taken down from the report of walk %s",
                walk.id,
            )
            return


def _letter(sender: str, email: str, walk: str, address: str) -> EmailMessage:
    """In the language in use. Their words stand behind the link, not in the mail."""
    return letter(sender, email, _("Please look: something in a public report"), [
        _("Somebody asks you to look at something in the public report of “%(walk)s”.", walk=walk),
        _("Read what they write, and say what you did:"),
        address,
        _("To take this edition off the net at once, press “Withdraw” on the same page. If there is an edition before it, that one stands again: look whether it is in there too."),
    ])  # fmt: skip
