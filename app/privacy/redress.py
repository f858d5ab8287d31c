"""What was found of a person is handed out, or erased, as an admin has chosen, hit by hit.

Hides which kinds are erased whole (notes, photos, marks, names) and in which only the words are struck (measures, the report's
own words, editions, plans with their stops, names of teams and partners). Promises one receipt for each walk; that a released
edition without the words has a sum of its own again; that somebody who signs in is shut out at once; and that the last admin
stays.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from typing import Any

from sqlmodel import Session, col, delete, select

from app import i18n
from app.access import keepers, people
from app.access.guards import Person
from app.db import Database, next_seq
from app.i18n import gettext as _
from app.models import (
    Edition,
    Identity,
    Invitation,
    Mark,
    Measure,
    MeasureStep,
    Membership,
    Observation,
    Participant,
    Partner,
    Passkey,
    ReadingKey,
    Sent,
    SignIn,
    Stop,
    Takedown,
    Team,
    Telling,
    Track,
    User,
    UserSession,
    Walk,
)
from app.photos.vault import Vault
from app.privacy import erasing, own, receipts
from app.privacy.finding import OF_MEASURE, OF_TAKEDOWN, OF_WALK, Hit
from app.privacy.quotes import SAID, mended, only, struck
from app.report.freezing import digest
from app.settings import Settings

FORMAT = "tryghedsvandring.person/1"
NOBODY = "erased.invalid"  # no such address can exist (RFC 2606)


def archive(db: Database, vault: Vault, person: Person, hits: list[Hit]) -> Iterator[bytes]:
    """A ZIP of what was chosen: data.json, and the notes' photos and recordings."""
    with db.write() as tx:
        told = {"format": FORMAT, "hits": [_data(tx, hit) for hit in hits]}
        for walk in {hit.walk.id: hit.walk for hit in hits if hit.walk}.values():
            receipts.handed_out(tx, receipts.by(person), "person", walk)
        photos = [one for hit in hits for one in (*hit.photos, *hit.recordings)]
        files = own.files_of(tx, photos)
    return own.zipped(told, "data.json", vault, files)


def erase(
    db: Database, vault: Vault, settings: Settings, person: Person, hits: Iterable[Hit], photos: Iterable[str],
    phones: Iterable[str], sought: re.Pattern[str],
) -> int:  # fmt: skip
    """Erase hits, photos of hits, and all that some phones have made. How many receipts there are for it. Raises TryAgain,
    invalid (422) where the last admin would go; then what came before that is erased all the same."""
    chosen, apart, whole = list(hits), set(photos), set(phones)
    walks = {hit.walk.id: hit.walk for hit in chosen if hit.walk}
    made = 0
    for walk in walks.values():
        gone = erasing.Gone()
        with db.write() as tx:
            here = [hit for hit in chosen if hit.walk and hit.walk.id == walk.id]
            _of_walk(tx, tx.get_one(Walk, walk.id), here, apart, whole, sought, gone)
            if gone:
                receipts.keep(tx, gone.receipt("person", receipts.by(person), walk))
                made += 1
        erasing.forget(db, vault, settings, gone)
    gone, places = erasing.Gone(), keepers.places(person)
    with db.write() as tx:
        for hit in (hit for hit in chosen if hit.walk is None):
            if hit.kind == "user":
                _user(tx, hit.id, places, gone)
            else:
                _partner(tx, hit.id, sought, gone)
        if gone:
            receipts.keep(tx, gone.receipt("person", receipts.by(person), None, places[0]))
            made += 1
    erasing.forget(db, vault, settings, gone)
    return made


def _of_walk(
    tx: Session, walk: Walk, hits: list[Hit], photos: set[str], phones: set[str], sought: re.Pattern[str],
    gone: erasing.Gone,
) -> None:  # fmt: skip
    """Notes first, editions before them: the order of locks; the walk's own row comes last."""
    for phone in sorted({hit.phone for hit in hits if hit.phone} & phones):
        erasing.participant(tx, tx.get_one(Participant, phone), gone)
    notes = [hit.id for hit in hits if hit.kind == "note"]
    if notes:
        erasing.notes(tx, walk, notes, gone)
    owners = erasing.photos([one for hit in hits for one in hit.photos if one in photos], tx, gone)
    if owners:
        erasing.tell(tx, erasing.held(tx, owners))
    with i18n.use(walk.language):
        instead = _("[erased]")
    strike = lambda text: sought.sub(instead, text)  # noqa: E731
    for hit in sorted(hits, key=lambda hit: hit.kind in ("team", "walk")):
        if hit.kind in _STRIKING and _STRIKING[hit.kind](tx, hit.id, strike):
            gone.add("words", [hit.key])
        elif hit.kind == "mark":
            tx.exec(delete(Mark).where(col(Mark.id) == hit.id))
            gone.add("mark", [hit.id])
    tx.flush()


Strike = Callable[[str], str]


def _name(tx: Session, key: str, strike: Strike) -> bool:
    who = tx.get_one(Participant, key, with_for_update=True)
    had = bool(who.name or who.team)
    planned = tx.exec(select(Team.name).where(Team.walk_id == who.walk_id)).all()
    who.name = None
    mine: list[Any] = [who, *tx.exec(select(Track).where(Track.participant_id == key)).all()]
    for one in mine:
        if one.team and one.team not in planned:  # else it changes with the team
            one.team = strike(one.team)
    return had


def _team(tx: Session, key: str, strike: Strike) -> bool:
    """Those who are in it go with its name."""
    called = tx.get_one(Team, key)
    here = select(Participant).where(Participant.walk_id == called.walk_id, Participant.team == called.name)
    within: list[Any] = [*tx.exec(here.order_by(col(Participant.id)).with_for_update()).all()]
    went = select(Track).where(Track.walk_id == called.walk_id, Track.team == called.name)
    within += tx.exec(went.order_by(col(Track.id)).with_for_update()).all()
    walk = tx.get_one(Walk, called.walk_id, with_for_update=True, populate_existing=True)
    team = tx.get_one(Team, key, with_for_update=True, populate_existing=True)
    others = tx.exec(select(Team.name).where(Team.walk_id == walk.id, Team.id != key)).all()
    team.duties = {duty: who for duty, who in team.duties.items() if strike(who) == who}
    if (name := strike(team.name)) != team.name:
        team.name = _free(name, others)
        for one in within:
            one.team = team.name
    tx.flush()
    walk.seq = walk.changed_seq = next_seq(tx, walk.id)  # its phones hear of it
    tx.flush()
    return True


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, or with a number where another one has it."""
    held = {one.casefold() for one in taken}
    return next(one for one in chain([name], (f"{name} {n}" for n in count(2))) if one.casefold() not in held)


def _fields(row: Any, names: Iterable[str], strike: Strike) -> bool:
    for name in names:
        setattr(row, name, strike(getattr(row, name) or ""))
    return True


def _takedown(tx: Session, key: str, strike: Strike) -> bool:
    return _fields(tx.get_one(Takedown, key, with_for_update=True), OF_TAKEDOWN, strike)


def _telling(tx: Session, key: str, strike: Strike) -> bool:
    told = tx.get_one(Telling, key, with_for_update=True)
    told.texts, told.version = mended(told.texts, strike), told.version + 1
    return True


def _measure(tx: Session, key: str, strike: Strike) -> bool:
    one = tx.get_one(Measure, key, with_for_update=True)
    one.version += 1
    for step in tx.exec(select(MeasureStep).where(MeasureStep.measure_id == key)).all():
        step.changes = only(step.changes, (*SAID, *OF_MEASURE), strike)
    return _fields(one, OF_MEASURE, strike)


def _edition(tx: Session, key: str, strike: Strike) -> bool:
    one = tx.get_one(Edition, key, with_for_update=True, populate_existing=True)
    public = struck(one.frozen["public"], strike)
    one.frozen, one.sha256, one.because = one.frozen | {"public": public}, digest(public), strike(one.because)
    return True


def _walk(tx: Session, key: str, strike: Strike) -> bool:
    walk = tx.get_one(Walk, key, with_for_update=True, populate_existing=True)
    walk.plan_rev += 1
    _fields(walk, OF_WALK, strike)
    for stop in tx.exec(select(Stop).where(Stop.walk_id == key).execution_options(populate_existing=True)).all():
        _fields(stop, ("name", "prompt"), strike)
    tx.flush()
    walk.seq = walk.changed_seq = next_seq(tx, walk.id)  # its phones hear of it
    return True


_STRIKING: dict[str, Callable[[Session, str, Strike], bool]] = {
    "name": _name, "team": _team, "takedown": _takedown, "telling": _telling, "measure": _measure, "edition": _edition,
    "walk": _walk,
}  # fmt: skip


def _partner(tx: Session, key: str, sought: re.Pattern[str], gone: erasing.Gone) -> None:
    """Without an address, and without the words in its name; what is routed to it stays so."""
    partner = tx.get_one(Partner, key, with_for_update=True)
    others = select(Partner.name).where(Partner.organisation_id == partner.organisation_id, Partner.id != key)
    if (name := sought.sub(_("[erased]"), partner.name)) != partner.name:
        partner.name = _free(name, tx.exec(others).all())
    email, partner.email = partner.email, ""
    _forget_letters(tx, email)
    gone.add("words", [f"partner:{key}"])


def _forget_letters(tx: Session, email: str) -> None:
    """The marks of what was sent to an address that nobody has any longer; what others were told does not go again."""
    tx.flush()
    has_it = (
        tx.exec(select(User.id).where(User.email == email)).first()
        or tx.exec(select(Partner.id).where(Partner.email == email)).first()
    )
    if email and not has_it:
        tx.exec(delete(Sent).where(col(Sent.key).endswith(f":{email}", autoescape=True)))


def _user(tx: Session, key: str, here: list[str | None], gone: erasing.Gone) -> None:
    """Without a role where the admin is one; where none is left elsewhere, shut out and without an address. The row stays:
    decisions say by whom. Raises invalid (422) for the last admin."""
    user = tx.get_one(User, key, with_for_update=True)
    held = tx.exec(select(Membership).where(Membership.user_id == key)).all()
    mine = [role for role in held if None in here or role.organisation_id in here]
    for role in mine:
        people.take(tx, role)
    gone.add("user", [key])
    if len(mine) < len(held):
        return
    for table in (UserSession, SignIn, Passkey, Identity, ReadingKey, Invitation):
        tx.exec(delete(table).where(col(table.user_id) == key))
    email, user.email = user.email, f"{key}@{NOBODY}"
    _forget_letters(tx, email)


def _data(tx: Session, hit: Hit) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": hit.kind,
        "id": hit.id,
        "walk": hit.walk.title if hit.walk else None,
        "text": hit.text,
    }
    if hit.kind == "note":
        told["note"] = own.note(tx, tx.get_one(Observation, hit.id))
    return told
