"""An organisation's partners: who mends things, and the links by which those without an account come in.

Hides that a partner is made of one of the taxonomy's usual owners when it is first needed, and that a link's secret is
never kept: it is made again from the server's own key and the link's name, and the table holds its hash. Promises that a
partner who is ended keeps their measures, which are then shown as needing somebody, and that a link ends when it says so.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, func, select

from app.access.guards import secret_hash
from app.i18n import gettext as _
from app.measures.measures import CLOSED
from app.models import Measure, Membership, Organisation, Partner, PartnerLink, User, now
from app.problems import invalid
from app.taxonomy import owners, usual_owner

LASTS_DAYS = (30, 90, 180, 365)  # how long a link may hold
NAME, ADDRESS = 120, 254


def of_organisation(tx: Session, organisation_id: str | None, *, ended: bool = False) -> list[Partner]:
    """The partners of an organisation by name (of none: those of walks without one); `ended`: also who is one no longer."""
    wanted = select(Partner).where(col(Partner.organisation_id).is_not_distinct_from(organisation_id))
    if not ended:
        wanted = wanted.where(col(Partner.ended_at).is_(None))
    return list(tx.exec(wanted.order_by(Partner.name)).all())


def of_owner(tx: Session, organisation_id: str | None, owner: str) -> Partner | None:
    """Who is this owner here: the first partner of that kind."""
    here = [one for one in of_organisation(tx, organisation_id) if one.owner == owner]
    return min(here, key=lambda one: one.created_at, default=None)


def proposed(tx: Session, organisation_id: str | None, factors: Sequence[str]) -> Partner | None:
    """Who usually mends what these factors name, made where there is none yet; None where no factor says, or where
    whoever was it has been ended."""
    owner = usual_owner(list(factors))
    return needed(tx, organisation_id, owner) if owner else None


def needed(tx: Session, organisation_id: str | None, owner: str) -> Partner | None:
    """The partner of that owner, or who goes by its name already, made from the taxonomy where there is none; None where
    they were ended."""
    found = of_owner(tx, organisation_id, owner)
    if found is not None or owner not in owners():
        return found
    _hold(tx, organisation_id)
    found = of_owner(tx, organisation_id, owner)
    if found is not None:
        return found
    called, everybody = owners()[owner]["da"], of_organisation(tx, organisation_id, ended=True)
    if any(one.owner == owner for one in everybody):
        return None
    namesake = next((one for one in everybody if one.name.casefold() == called.casefold()), None)
    if namesake is not None:  # filed under another kind: a second one of that name would be nobody else
        return None if namesake.ended_at else namesake
    return name(tx, organisation_id, owner, called, "")


def name(tx: Session, organisation_id: str | None, owner: str, called: str, email: str) -> Partner:
    """A new partner. Raises invalid (422): no name, one that is taken, an owner or an address that cannot be."""
    _hold(tx, organisation_id)
    made = Partner(organisation_id=organisation_id, owner=_owner(owner), name="", email=_address(email))
    made.name = _free(tx, made, called)
    tx.add(made)
    tx.flush()
    return made


def change(tx: Session, partner: Partner, called: str, email: str) -> None:
    """Another name or address. Raises invalid (422)."""
    _hold(tx, partner.organisation_id)
    held = tx.get_one(Partner, partner.id, with_for_update=True)
    held.name, held.email = _free(tx, held, called), _address(email)


def end(tx: Session, partner: Partner, *, back: bool = False) -> None:
    """They are a partner no longer: their links open nothing, their measures stay as they are. `back`: they are again."""
    held = tx.get_one(Partner, partner.id, with_for_update=True)
    held.ended_at = None if back else held.ended_at or now()


def open_measures(tx: Session, partner_ids: Sequence[str]) -> dict[str, int]:
    """How many measures of each partner are open."""
    counted = (
        select(Measure.partner_id, func.count())
        .where(
            col(Measure.partner_id).in_(partner_ids),
            col(Measure.removed_at).is_(None),
            col(Measure.status).not_in(CLOSED),
        )
        .group_by(col(Measure.partner_id))
    )
    return {partner_id: number for partner_id, number in tx.exec(counted).all() if partner_id}


def accounts(tx: Session, partner_id: str) -> list[User]:
    """The people who answer for the partner by their own account."""
    wanted = select(User).join(Membership, col(Membership.user_id) == col(User.id)).where(
        Membership.partner_id == partner_id, Membership.role == "partner"
    )  # fmt: skip
    return list(tx.exec(wanted.order_by(User.email)).all())


# Links


def new_link(tx: Session, partner: Partner, by: User, days: int, key: bytes) -> tuple[PartnerLink, str]:
    """A link for `days` days, and its secret. `key`: the server's own, that signs what we hand out."""
    link = PartnerLink(partner_id=partner.id, secret_hash="", created_by=by.id, expires_at=now() + timedelta(days=days))
    secret = secret_of(link, key)
    link.secret_hash = secret_hash(secret)
    tx.add(link)
    return link, secret


def secret_of(link: PartnerLink, key: bytes) -> str:
    """The link's secret: 256 bits that nobody can make without the server's key."""
    made = hmac.new(key, f"partner-link:{link.id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def address_of(link: PartnerLink, base_url: str, key: bytes) -> str:
    """The link as one opens it; "" where the server's key is another one than when it was made."""
    secret = secret_of(link, key)
    return f"{base_url}/p/{secret}" if hmac.compare_digest(secret_hash(secret), link.secret_hash) else ""


def links_of(tx: Session, partner_ids: Sequence[str]) -> list[PartnerLink]:
    """The links that open something, those that hold longest first."""
    valid = select(PartnerLink).where(
        col(PartnerLink.partner_id).in_(partner_ids), col(PartnerLink.revoked_at).is_(None), col(PartnerLink.expires_at) > now()
    )  # fmt: skip
    return list(tx.exec(valid.order_by(col(PartnerLink.expires_at).desc())).all())


def withdraw(tx: Session, partner: Partner, link_id: str) -> bool:
    """The link opens nothing from now on; once more changes nothing. Whether there is such a link of theirs."""
    link = tx.get(PartnerLink, link_id, with_for_update=True)
    known = link is not None and link.partner_id == partner.id
    if link is not None and known:
        link.revoked_at = link.revoked_at or now()
    return known


def _hold(tx: Session, organisation_id: str | None) -> None:
    """Two who name the same partner at once do so one after the other."""
    if organisation_id:
        tx.get(Organisation, organisation_id, with_for_update=True)


def _owner(code: str) -> str:
    if code not in owners():
        raise invalid(("owner", _("Choose which kind of partner it is.")))
    return code


def _address(email: str) -> str:
    found = email.strip().lower()
    before, at, after = found.partition("@")
    if found and (
        not (before and at and after)
        or len(found) > ADDRESS
        or not found.isprintable()
        or any(sign in found for sign in " ,;<>")
    ):
        raise invalid(("email", _("This is not an e-mail address.")))
    return found


def _free(tx: Session, partner: Partner, called: str) -> str:
    found = " ".join(called.split())
    if not found:
        raise invalid(("name", _("Give the partner a name.")))
    if len(found) > NAME:
        raise invalid(("name", _("This is too long: at most %(most)s characters.", most=NAME)))
    for one in of_organisation(tx, partner.organisation_id, ended=True):
        if one.id != partner.id and one.name.casefold() == found.casefold():
            raise invalid(("name", _("There is a partner with this name already.")))
    return found
