"""Whose walk it is: the people who lead it.

Hides that a walk without leaders is every organiser's of its organisation. Promises that whoever is put here may plan
walks there, and that nobody gives the walk away to everybody by going. Never decides who may change it: that is
access.guards.
"""

from sqlmodel import Session, col, select

from app.access import guards
from app.i18n import gettext as _
from app.models import Leading, User, Walk
from app.problems import invalid


def of(tx: Session, walk: Walk) -> list[User]:
    """Those who lead it, by address; none where it is every organiser's."""
    leading = select(User).join(Leading, col(Leading.user_id) == User.id).where(Leading.walk_id == walk.id)
    return list(tx.exec(leading.order_by(User.email)).all())


def add(tx: Session, walk: Walk, user: User) -> None:
    """`user` leads the walk from now on; a second time changes nothing."""
    tx.get(Walk, walk.id, with_for_update=True)  # two who add the same person do so one after the other
    if tx.get(Leading, (walk.id, user.id)) is None:
        tx.add(Leading(walk_id=walk.id, user_id=user.id))


def add_by_email(tx: Session, walk: Walk, email: str) -> None:
    """Somebody who plans walks in the walk's organisation leads it from now on. Raises invalid (422), with the same
    sentence for an address that nobody has and for one of somebody elsewhere."""
    user = tx.exec(select(User).where(User.email == email.strip().lower())).first()
    if user is None or not guards.may_lead(tx, user, walk):
        raise invalid(("email", _("Nobody with this address plans walks here. Ask a coordinator to invite them.")))
    add(tx, walk, user)


def take_away(tx: Session, walk: Walk, user_id: str, by: User) -> None:
    """They lead it no longer; somebody who does not lead it changes nothing. Raises invalid (422) where it is the last
    one, by themselves: the walk would then be everybody's."""
    tx.get(Walk, walk.id, with_for_update=True)
    leading = {user.id for user in of(tx, walk)}
    if leading == {by.id} and user_id == by.id:
        raise invalid(("email", _("You are the last who leads this walk. Add somebody else before you leave it.")))
    if user_id in leading:
        tx.delete(tx.get_one(Leading, (walk.id, user_id)))
