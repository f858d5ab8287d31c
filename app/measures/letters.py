"""What partners are told by e-mail: once a week what is new and open, and a reminder before and after each deadline.

Hides when something is due, and that `Sent` has a key for each letter to each address. Promises each letter once, however
many servers look and however often, no name of anybody who walked and no word of a note in it, and nothing to whoever is
no partner any longer. Where a server dies over a letter, it goes off again rather than never. Never sends: that is the courier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select, update

from app.access.mail import letter
from app.i18n import gettext as _
from app.i18n import ngettext
from app.measures import measures, partners, quoting, words
from app.measures.measures import CLOSED, Told
from app.models import Measure, Partner, PartnerLink, Sent, Walk
from app.settings import Settings

ZONE = ZoneInfo("Europe/Copenhagen")
HOUR = 7  # letters go off from this hour on, on Mondays the week's
BEFORE = 7  # days before a deadline, when it is called to mind …
AFTER = 14  # … and so many days after it at the latest, for a server that slept
HELD = timedelta(
    minutes=15
)  # how long a letter is whose it is that began to send it: a process may die over it, or it is refused
LISTED = 40  # measures in one letter; the page has all


@dataclass(frozen=True)
class Due:
    """A letter that has fallen due: `keys`, what it is known by once it is sent; `fresh`: the ids of what is new in it."""

    kind: str
    partner: Partner
    email: str
    language: str
    keys: tuple[str, ...]
    told: tuple[Told, ...]
    titles: dict[str, str]
    fresh: frozenset[str] = frozenset()


def due(tx: Session, moment: datetime) -> list[Due]:
    """The letters that have fallen due and were not sent."""
    here = moment.astimezone(ZONE)
    if here.hour < HOUR:
        return []
    wanted = (
        select(Measure)
        .join(Partner, col(Partner.id) == col(Measure.partner_id))
        .join(Walk, col(Walk.id) == col(Measure.walk_id))
        .where(
            col(Partner.ended_at).is_(None), col(Measure.removed_at).is_(None), col(Measure.status).not_in(CLOSED),
            Walk.state != "archived",
        )
        .order_by(col(Measure.deadline), col(Measure.id))
    )  # fmt: skip
    told = quoting.outside(tx, measures.told(tx, tx.exec(wanted).all()))
    walks = {one.walk_id for one in told}
    titles = dict(tx.exec(select(Walk.id, Walk.title).where(col(Walk.id).in_(walks))).all()) if walks else {}
    found: list[Due] = []
    for partner_id in sorted({one.partner_id for one in told if one.partner_id}):
        partner = tx.get_one(Partner, partner_id)
        theirs = tuple(one for one in told if one.partner_id == partner_id)
        for email, language in _readers(tx, partner):
            found += _to_one(partner, email, language, theirs, titles, here)
    return _unsent(tx, found, moment)


def claim(tx: Session, one: Due, moment: datetime) -> bool:
    """Whether this letter is this process's to send; another one that asks at the same moment gets no."""
    held = {row.key: row for row in tx.exec(select(Sent).where(col(Sent.key).in_(one.keys)).with_for_update()).all()}
    if any(row.held_until is None or row.held_until > moment for row in held.values()):
        return False
    for key in one.keys:
        row = held.get(key) or Sent(key=key)
        row.at, row.held_until = moment, moment + HELD
        tx.add(row)
    tx.flush()
    return True


def is_sent(tx: Session, one: Due) -> None:
    """The mail server has taken it."""
    tx.exec(update(Sent).where(col(Sent.key).in_(one.keys)).values(held_until=None))


def written(tx: Session, one: Due, settings: Settings, today: date) -> EmailMessage:
    """The letter, in the language in use."""
    count = len(one.told)
    if one.kind == "digest":
        subject = ngettext("%(num)s measure waits for you", "%(num)s measures wait for you", count)
        begin = _("This is open for %(partner)s after the safety walks:", partner=one.partner.name)
    elif one.kind == "before":
        subject = ngettext("A deadline within a week", "%(num)s deadlines within a week", count)
        begin = _("The deadline comes closer for %(partner)s:", partner=one.partner.name)
    else:
        subject = ngettext("A deadline has passed", "%(num)s deadlines have passed", count)
        begin = _("The deadline has passed for %(partner)s. An answer to the residents helps, also where it is a no:", partner=one.partner.name)  # fmt: skip
    listed = [_line(told, one, today) for told in one.told[:LISTED]]
    if count > LISTED:
        listed.append(ngettext("… and %(num)s more.", "… and %(num)s more.", count - LISTED))
    paragraphs = [begin, "\n".join(listed), _way_in(tx, one, settings)]
    if one.kind == "digest":
        paragraphs.append(_("This letter comes once a week while something is open."))
    return letter(settings.mail_from, one.email, subject, paragraphs)


def _to_one(
    partner: Partner, email: str, language: str, theirs: Sequence[Told], titles: dict[str, str], here: datetime
) -> list[Due]:
    """The letters to one address, sent or not."""
    found = []
    monday = here.date() - timedelta(days=here.weekday())
    week = datetime(monday.year, monday.month, monday.day, HOUR, tzinfo=ZONE)
    routed = {one.id: _routed_at(one) for one in theirs}
    if any(at < week for at in routed.values()):  # what came since has its turn next Monday, all at once
        fresh = frozenset(one.id for one in theirs if routed[one.id] >= week - timedelta(days=7))
        key = f"digest:{partner.id}:{monday.isoformat()}:{email}"
        found.append(Due("digest", partner, email, language, (key,), tuple(theirs), titles, fresh))
    for kind, within in (("before", range(BEFORE + 1)), ("after", range(-AFTER, 0))):
        for one in theirs:
            if one.deadline and (one.deadline - here.date()).days in within:
                key = f"{kind}:{one.id}:{one.deadline.isoformat()}:{email}"
                found.append(Due(kind, partner, email, language, (key,), (one,), titles))
    return found


def _unsent(tx: Session, found: Sequence[Due], moment: datetime) -> list[Due]:
    """Those that were not sent yet; reminders of one kind to one address as one letter."""
    keys = [key for one in found for key in one.keys]
    sent = set[str]()
    for at in range(0, len(keys), 500):
        theirs = select(Sent.key).where(col(Sent.key).in_(keys[at : at + 500]))
        sent |= set(tx.exec(theirs.where(or_(col(Sent.held_until).is_(None), col(Sent.held_until) > moment))).all())
    left: dict[tuple[str, str, str], Due] = {}
    for one in found:
        if sent.isdisjoint(one.keys):
            name = (one.kind, one.partner.id, one.email)
            held = left.get(name)
            left[name] = one if held is None else Due(
                one.kind, one.partner, one.email, one.language, held.keys + one.keys, held.told + one.told, one.titles
            )  # fmt: skip
    return list(left.values())


def _readers(tx: Session, partner: Partner) -> list[tuple[str, str]]:
    """The addresses that a partner's letters go to, each once, with its language: their own, and their people's."""
    found = {user.email: user.language for user in partners.accounts(tx, partner.id)}
    if partner.email:
        found.setdefault(partner.email, "da")
    return sorted(found.items())


def _routed_at(told: Told) -> datetime:
    """Since when the measure is its partner's."""
    moved = [step.at for step in told.steps if "partner_id" in step.changes]
    return max(moved, default=told.created_at)


def _line(told: Told, one: Due, today: date) -> str:
    when = f"{words.day(told.deadline)} ({words.until(told.deadline, today)})" if told.deadline else _("no deadline")
    new = _("New: ") if told.id in one.fresh else ""
    asked = told.measure or words.kind(told.kind)
    return f"{new}{told.number}. {told.place} – {asked} – {when} – {words.status(told.status)} [{one.titles[told.walk_id]}]"


def _way_in(tx: Session, one: Due, settings: Settings) -> str:
    """Where it is read and answered: by their account, or by the link that holds longest."""
    if any(user.email == one.email for user in partners.accounts(tx, one.partner.id)):
        return _("Read and answer: %(address)s", address=f"{settings.base_url}/partner")
    links: list[PartnerLink] = partners.links_of(tx, [one.partner.id])
    addresses = (partners.address_of(link, settings.base_url, settings.signing_key()) for link in links)
    address = next((found for found in addresses if found), "")
    if address:
        return _("Read and answer here. The link is for you alone: %(address)s", address=address)
    return _("Ask the coordinator for a link to read and answer.")
