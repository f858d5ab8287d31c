"""Editions of a walk's report: frozen by one person, read and released by another, numbered, never changed.

Hides the table. Promises that whoever wrote an edition never releases it, that it goes out only when every change was read and
every check made, that two who decide at once are told of each other, and that its content is what was frozen: its sum is
compared before it goes out. A correction is a new edition; one that is withdrawn leaves the one before it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from app.db import next_seq
from app.i18n import gettext as _
from app.i18n import mark
from app.models import Edition, Photo, Telling, User, Walk, now
from app.pages import clock, day
from app.problems import Problem, TryAgain
from app.report import changes, freezing, public, since, telling
from app.report.changes import Change
from app.report.issued import of_walk, released
from app.report.report import Report, build, version
from app.report.taken import readable
from app.review.decided import decided

CHECKS = {
    "words": mark("I have read every word"),
    "names": mark("No names, number plates or house numbers"),
    "faces": mark("No face can be recognised"),
    "homes": mark("Nobody's home or garden is pointed out"),
    "good": mark("The good places are in, and where we disagree can be seen"),
}
WORD = 500  # characters of why it is returned or withdrawn


class NotYet(Exception):
    """It cannot go out yet: `unread` changes, `unchecked` checks."""

    def __init__(self, unread: int, unchecked: int) -> None:
        super().__init__(unread, unchecked)
        self.unread, self.unchecked = unread, unchecked


def changed(tx: Session, edition: Edition) -> list[Change]:
    """What is another in it than in the one that everybody could read before it; of what was taken out since only that."""
    before = released(tx, edition.walk_id, edition.number)
    return changes.since(readable(tx, before) if before else None, readable(tx, edition))


def frozen(tx: Session, walk: Walk) -> dict[str, Any]:
    """What an edition made now would hold: `public`, `keys`, `counts`."""
    report = build(tx, walk.id, sensitive=False, base_url="")
    told = telling.for_report(tx, walk, report)
    made, before = freezing.document(report, told), public.before(tx, walk)
    if before is not None:
        continued = {one.id: one.continues_id for one in report.measures if one.continues_id}
        since.add(made, before, walk.follows_as or "return", told["pairs"], continued)
    return {"public": made.content, "keys": made.keys, "counts": _counts(tx, walk.id, report, made.content)}


@dataclass(frozen=True)
class Ready:
    """What an edition would hold, made beforehand, while everybody else goes on writing; `mark`: of what it was made."""

    mark: list[Any]
    content: dict[str, Any]


def made_ready(tx: Session, walk: Walk) -> Ready:
    """For ask(): a report of thousands of notes takes seconds, and nobody's note waits for that."""
    return Ready(_mark(tx, walk.id), frozen(tx, walk))


def _mark(tx: Session, walk_id: str) -> list[Any]:
    told = tx.get(Telling, walk_id)
    return [version(tx, walk_id), told.version if told else 0]


def ask(tx: Session, walk: Walk, by: User, ready: Ready | None = None) -> Edition:
    """Freeze the report, for somebody else to read and release; `ready`: as it was a moment ago. Raises walk-archived (410),
    edition-changed (409) where one waits already or nothing is another than in the one that everybody can read."""
    held = tx.get_one(Walk, walk.id, with_for_update=True)
    if held.state == "archived":
        raise Problem("walk-archived")
    waiting = tx.exec(select(Edition).where(Edition.walk_id == walk.id, Edition.state == "asked")).first()
    if waiting:
        raise Problem(
            "edition-changed",
            _("Edition %(number)s waits to be read already. Take it back first.", number=waiting.number),
        )
    content = ready.content if ready and ready.mark == _mark(tx, held.id) else frozen(tx, held)
    if not content["public"]["notes"]:
        raise Problem(
            "edition-changed",
            _("No note has been released yet, so there is nothing to publish. Review the notes first."),
        )
    sha256, newest = freezing.digest(content["public"]), released(tx, walk.id)
    if newest and newest.sha256 == sha256:
        raise Problem("edition-changed", _("Nothing has changed since edition %(number)s.", number=newest.number))
    highest = tx.exec(select(func.max(Edition.number)).where(Edition.walk_id == walk.id)).one() or 0
    made = Edition(
        walk_id=walk.id, number=highest + 1, frozen=content, sha256=sha256, written_by=by.id, written_at=now()
    )
    tx.add(made)
    tx.flush()
    return made


def mark_read(tx: Session, edition: Edition, by: User, read: Iterable[str], checked: Iterable[str]) -> Edition:
    """What the second person has read and looked for so far. Raises edition-changed (409), not-allowed (403)."""
    held = _asked(tx, edition, by)
    held.read = sorted({change.key for change in changed(tx, held)} & set(read))
    held.checked = [name for name in CHECKS if name in set(checked)]
    return held


def release(tx: Session, edition: Edition, by: User, read: Iterable[str], checked: Iterable[str]) -> Edition:
    """From now on everybody can read it. Raises NotYet, edition-changed (409), not-allowed (403), walk-archived
    (410), TryAgain."""
    held = mark_read(tx, edition, by, read, checked)
    unread = len(changed(tx, held)) - len(held.read)
    if unread or len(held.checked) < len(CHECKS):
        raise NotYet(unread, len(CHECKS) - len(held.checked))
    if freezing.digest(held.frozen["public"]) != held.sha256:
        raise Problem(
            "edition-changed",
            _("The edition is not what was written: its sum differs. Make a new one, and tell your administrator."),
        )
    held.state, held.released_by, held.released_at = "released", by.id, now()
    _let_out(tx, held.frozen["keys"]["photos"].values(), "approved", "public")
    walk = _hold_walk(tx, held)
    if walk.state == "archived":
        raise Problem("walk-archived")
    walk.slug = walk.slug or _free_slug(tx, walk, held.frozen["public"]["walk"]["day"])
    walk.state = "published" if walk.state == "closed" else walk.state
    try:
        _tell(tx, walk)
    except IntegrityError:  # another walk of that name and day got its address in this very moment
        raise TryAgain() from None
    return held


def give_back(tx: Session, edition: Edition, by: User, because: str) -> Edition:
    """It is not released but goes back to who wrote it, or they take it back themselves. Raises edition-changed (409)."""
    held = _held(tx, edition)
    if held.state != "asked":
        raise moved(tx, held)
    held.state, held.ended_at, held.because = "returned", now(), _reason(because, needed=by.id != held.written_by)
    return held


def withdraw(tx: Session, edition: Edition, because: str) -> Edition:
    """Nobody can read it any longer; the one before it stands again, if there is one. Raises edition-changed (409)."""
    held = _held(tx, edition)
    if held.state != "released":
        raise moved(tx, held)
    held.state, held.ended_at, held.because = "withdrawn", now(), _reason(because, needed=True)
    tx.flush()
    still = {
        photo
        for one in of_walk(tx, held.walk_id)
        if one.state == "released"
        for photo in one.frozen["keys"]["photos"].values()
    }
    _let_out(tx, set(held.frozen["keys"]["photos"].values()) - still, "public", "approved")
    walk = _hold_walk(tx, held)
    if walk.state == "published" and released(tx, walk.id) is None:
        walk.state = "closed"
    _tell(tx, walk)
    return held


def moved(tx: Session, edition: Edition) -> Problem:
    """What somebody else has made of an edition meanwhile."""
    who = tx.get(User, edition.released_by or "")
    at = edition.ended_at or edition.released_at or edition.written_at
    when = f"{day(at)}, {clock(at)}"
    said = {
        "asked": _("Edition %(number)s has not been released.", number=edition.number),
        "released": _("Edition %(number)s was released by %(who)s, %(when)s.", number=edition.number, who=who.email if who else "", when=when),
        "returned": _("Edition %(number)s was sent back, %(when)s: %(because)s", number=edition.number, when=when, because=edition.because or "–"),
        "withdrawn": _("Edition %(number)s was withdrawn, %(when)s: %(because)s", number=edition.number, when=when, because=edition.because),
    }  # fmt: skip
    return Problem("edition-changed", said[edition.state])


def _asked(tx: Session, edition: Edition, by: User) -> Edition:
    held = _held(tx, edition)
    if held.state != "asked":
        raise moved(tx, held)
    if held.written_by == by.id:
        raise Problem("not-allowed", _("You wrote this edition, so somebody else reads and releases it."))
    return held


def _held(tx: Session, edition: Edition) -> Edition:
    return tx.get_one(Edition, edition.id, with_for_update=True, populate_existing=True)


def _hold_walk(tx: Session, edition: Edition) -> Walk:
    """The walk as it is now: somebody may open it again or change its plan at the same moment."""
    return tx.get_one(Walk, edition.walk_id, with_for_update=True, populate_existing=True)


def _reason(because: str, *, needed: bool) -> str:
    said = because.strip()[:WORD]
    if needed and not said:
        raise Problem("invalid", _("Say why, in a word or two: whoever wrote it will ask."), errors=[])
    return said


def _let_out(tx: Session, photo_ids: Iterable[str], before: str, after: str) -> None:
    ids = sorted(photo_ids)
    for photo in tx.exec(
        select(Photo).where(col(Photo.id).in_(ids), Photo.review == before).order_by(col(Photo.id)).with_for_update()
    ).all():
        photo.review = after
    tx.flush()


def _tell(tx: Session, walk: Walk) -> None:
    """The phones hear where the report is read."""
    tx.flush()
    walk.seq = walk.changed_seq = next_seq(tx, walk.id)


def _free_slug(tx: Session, walk: Walk, on: str | None) -> str:
    """An address that people can read aloud: "aalborg-oest-2026-11-26"."""
    plain = walk.title.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    begin = "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", ascii_only)[:60].strip("-") or "vandring", on)))
    taken = set(tx.exec(select(Walk.slug).where(col(Walk.slug).startswith(begin))).all())
    return next(name for n in range(1, len(taken) + 2) if (name := begin if n == 1 else f"{begin}-{n}") not in taken)


def _counts(tx: Session, walk_id: str, report: Report, public: dict[str, Any]) -> dict[str, int]:
    """How much there is, and how much of it goes out, for whoever releases it."""
    states = [one.state for one in decided(tx, walk_id).values()]
    everything = build(tx, walk_id, sensitive=True, base_url="").observations
    photos = [photo for seen in everything for photo in seen.photos]
    return {
        "stops": len(public["stops"]),
        "notes": len(states),
        "notes_in": sum(1 + len(note["voices"]) for note in public["notes"]),
        "waiting": sum(seen.review == "waiting" for seen in report.observations),
        "sensitive": len(everything) - len(report.observations),
        "hidden": states.count("hidden"),
        "photos": len(photos),
        "photos_in": sum(len(note["photos"]) for note in public["notes"]),
        "measures": len(report.measures),
        "measures_in": len(public["measures"]),
    }


def writers(tx: Session, editions: Sequence[Edition]) -> dict[str, str]:
    """The addresses of those who wrote or released them."""
    ids = {one for edition in editions for one in (edition.written_by, edition.released_by) if one}
    return {user.id: user.email for user in tx.exec(select(User).where(col(User.id).in_(ids))).all()}
