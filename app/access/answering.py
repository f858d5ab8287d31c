"""Every decision about measures: who makes them, who names partners, who answers for one, and what a partner may read.

Promises that a partner sees what is routed to them and nothing else, whether they come with an account, a key or by a link;
that a link which is wrong, too old, withdrawn or of a partner that was ended answers as what is not there; and that of a
note a partner is shown only words that somebody has released, never on a sensitive subject, never who wrote them.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session, col, select

from app.access import browser
from app.access.guards import (
    UUID,
    Person,
    ReaderOfWalk,
    WalkReader,
    address_of,
    count_try,
    not_guessing,
    secret_hash,
    signed_in,
)
from app.access.notes import note_is_sensitive, out_of_sight
from app.access.roles import Inviter, oversees
from app.db import Database, Db
from app.i18n import gettext as _
from app.models import Measure, Observation, Partner, PartnerLink, Photo, Review, Walk, now
from app.privacy import trail
from app.problems import Problem

SHOWN = {"approved", "public"}  # a photo that nobody has looked at is shown to nobody outside


# Those who make measures


def measuring(reader: ReaderOfWalk) -> WalkReader:
    """The reader of a walk who may make and change its measures: whoever plans it. Raises what reader_of_walk() raises,
    not-allowed (403)."""
    if not reader.plans:
        raise Problem("not-allowed")
    return reader


Measuring = Annotated[WalkReader, Depends(measuring)]


def known_measure(number: str, reader: Measuring, db: Db) -> Measure:
    """The measure with this number in the walk of the route's path, removed or not. Raises what measuring() raises,
    not-found (404)."""
    with db.read() as tx:
        is_number = number.isascii() and number.isdigit() and len(number) < 7
        wanted = select(Measure).where(
            Measure.walk_id == reader.walk.id, Measure.number == int(number if is_number else 0)
        )
        found = tx.exec(wanted).first()
    if found is None:
        raise Problem("not-found")
    return found


KnownMeasure = Annotated[Measure, Depends(known_measure)]


def named_partner(partner_id: str, person: Inviter, db: Db) -> Partner:
    """The partner in the route's path, for somebody who names those of its organisation. Raises what inviter() raises,
    not-found (404)."""
    with db.read() as tx:
        found = tx.get(Partner, partner_id) if UUID.fullmatch(partner_id) else None
    if found is None or not oversees(person.memberships, found.organisation_id):
        raise Problem("not-found")
    return found


NamedPartner = Annotated[Partner, Depends(named_partner)]


# Those who answer


@dataclass(frozen=True)
class Answerer:
    """Who answers: for which partners, and as whom, a person or a link."""

    partners: tuple[Partner, ...]
    person: Person | None = None
    link: PartnerLink | None = None

    @property
    def organisation_id(self) -> str | None:
        """Where an entry of the access log about them belongs."""
        return self.partners[0].organisation_id if self.partners else None

    @property
    def partner_ids(self) -> list[str]:
        return [partner.id for partner in self.partners]


def answers_for(person: Person) -> list[str]:
    """The ids of the partners that `person` answers for by their account."""
    return [role.partner_id for role in person.memberships if role.role == "partner" and role.partner_id]


def answerer(request: Request, db: Db) -> Answerer:
    """Whoever answers for a partner: by the link whose secret the browser carries, else by their account or key. Raises
    sign-in-first (401), not-allowed (403) for people who are no partners."""
    secret = browser.partner_secret(request)
    if secret and "authorization" not in request.headers:
        with db.read() as tx:
            found = _behind(tx, secret)
        if found:
            return Answerer((found[1],), link=found[0])
    person = signed_in(request, db)
    if person is None and secret:
        raise Problem("not-allowed", ended_link())
    if person is None:
        raise Problem("sign-in-first", headers={"WWW-Authenticate": "Bearer"})
    if not any(role.role == "partner" for role in person.memberships):
        raise Problem("not-allowed")
    with db.read() as tx:
        mine = select(Partner).where(col(Partner.id).in_(answers_for(person)), col(Partner.ended_at).is_(None))
        partners = tuple(tx.exec(mine.order_by(Partner.name)).all())
    return Answerer(partners, person=person)


Answering = Annotated[Answerer, Depends(answerer)]


def routed_measure(measure_id: str, who: Answering, db: Db) -> Measure:
    """The measure in the route's path, where it is routed to whoever asks. Raises what answerer() raises, not-found (404)."""
    with db.read() as tx:
        found = tx.get(Measure, measure_id) if UUID.fullmatch(measure_id) else None
        archived = found is not None and tx.get_one(Walk, found.walk_id).state == "archived"
    if found is None or archived or found.removed_at or found.partner_id not in who.partner_ids:
        raise Problem("not-found")
    return found


RoutedMeasure = Annotated[Measure, Depends(routed_measure)]


def routed_walk(walk_id: str, partner_id: str, who: Answering, db: Db) -> tuple[Walk, Partner]:
    """The walk and the partner in the route's path, where something of that walk is routed to them and they are among whom
    this person answers for. Raises what answerer() raises, not-found (404)."""
    mine = next((one for one in who.partners if one.id == partner_id), None)
    with db.read() as tx:
        walk = tx.get(Walk, walk_id) if mine and UUID.fullmatch(walk_id) else None
        wanted = select(Measure.id).where(
            Measure.walk_id == walk_id, Measure.partner_id == partner_id, col(Measure.removed_at).is_(None)
        )
        if mine is None or walk is None or walk.state == "archived" or tx.exec(wanted.limit(1)).first() is None:
            raise Problem("not-found")
        return walk, mine


RoutedWalk = Annotated[tuple[Walk, Partner], Depends(routed_walk)]


def link_behind(request: Request, db: Database, secret: str) -> tuple[PartnerLink, Partner]:
    """The link with this secret, and whose it is; that it was used is noted. Raises not-found (404), too-many-attempts
    (429): a wrong secret counts as a guess."""
    limited = request.app.state.settings.rate_limits == "on"
    address = address_of(request)
    with db.write() as tx:
        if limited:
            not_guessing(tx, "partner-link", address)
        found = _behind(tx, secret)
        if found is None:
            count_try(tx, "partner-link", address)
        else:
            found[0].used_at = now()
            of = trail.of_link(found[0].id), found[1].organisation_id, f"partner:{found[1].id}"
            trail.record(tx, of[0], "link-used", organisation_id=of[1], about=of[2])
    if found is None:
        raise Problem("not-found", ended_link())
    return found


def ended_link() -> str:
    """What is said of every link that opens nothing, whatever the reason."""
    return _("This link opens nothing. It may have ended or been withdrawn. Ask whoever gave it to you for a new one.")


def _behind(tx: Session, secret: str) -> tuple[PartnerLink, Partner] | None:
    valid = select(PartnerLink, Partner).join(Partner, col(Partner.id) == col(PartnerLink.partner_id)).where(
        PartnerLink.secret_hash == secret_hash(secret[:200]), col(PartnerLink.revoked_at).is_(None),
        col(PartnerLink.expires_at) > now(), col(Partner.ended_at).is_(None),
    )  # fmt: skip
    return tx.exec(valid).first()


# What a partner may read of a note


def partner_reads(note: Observation, review: Review | None) -> bool:
    """Whether a note's words are for the partner of a measure that rests on it: released as it now stands, in sight, and
    on no sensitive subject."""
    released = review is not None and review.state == "released" and review.of_rev == note.rev
    return released and not (note.deleted or out_of_sight(note) or note_is_sensitive(note))


def partner_sees_photo(note: Observation, review: Review | None, photo: Photo) -> bool:
    """Whether a photo of that note is for them too: somebody has looked at it and let it through."""
    return (
        partner_reads(note, review) and photo.id in note.photo_ids and photo.state == "ready" and photo.review in SHOWN
    )
