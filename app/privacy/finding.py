"""A person is looked for in everything that anybody has written: by name, telephone, words.

Hides in which tables words can stand. Promises that a number is found however its digits are parted; that only walks and
people are looked through which the asker may; and that a hit says where it is. Reads only; erasing it is `redress`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from app.i18n import gettext as _
from app.i18n import mark
from app.models import (
    Decision,
    Edition,
    Mark,
    Measure,
    MeasureStep,
    Observation,
    Participant,
    Partner,
    Photo,
    Review,
    Revision,
    Stop,
    Takedown,
    Team,
    Telling,
    Track,
    User,
    Variant,
    Walk,
)
from app.privacy.erasing import parts
from app.privacy.quotes import SAID, struck

LEAST, MOST_LETTERS = 3, 100
MOST = 300  # hits on one page
AROUND = 80  # characters of an excerpt on each side
KINDS = {
    "note": mark("Note"), "name": mark("Name of somebody who walked along"), "team": mark("A team and who did what in it"),
    "mark": mark("A resident's mark"), "takedown": mark("Request to take something down"), "telling": mark("The report's own words"),
    "measure": mark("Measure"), "edition": mark("Edition of the report"), "walk": mark("The walk's plan"), "partner": mark("Partner"),
    "user": mark("Somebody who signs in"),
}  # fmt: skip
OF_WALK = ("title", "purpose", "meeting_point", "contacts", "privacy_notice")
OF_MEASURE = ("place", "problem", "measure", "unit", "reason", "answer", "ticket")
OF_TAKEDOWN = ("text", "contact", "outcome")


@dataclass(frozen=True)
class Hit:
    """One thing in which it stands. `key`: kind:id; `text`: around it; `photos`, `recordings`: ids, of a note; `phone`: whose note or name."""

    kind: str
    id: str
    walk: Walk | None
    text: str
    photos: tuple[str, ...] = ()
    phone: str = ""
    recordings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass
class Found:
    """`more`: whether there are others than these."""

    hits: list[Hit] = field(default_factory=list)
    more: bool = False


def pattern(query: str) -> re.Pattern[str] | None:
    """What finds `query`: in any case, and with anything that parts figures or words between them; None: too short to look for."""
    said = " ".join(query.split())[:MOST_LETTERS]
    if len(re.sub(r"\W", "", said)) < LEAST:
        return None
    between = r"[\s.\-/]*"
    written = []
    for one, following in zip(said, f"{said[1:]} ", strict=True):
        figures = one.isdigit() and following.isdigit()
        written.append(between if one in " .-/" else re.escape(one) + (between if figures else ""))
    return re.compile("".join(written), re.IGNORECASE)


def search(tx: Session, walks: Iterable[Walk], people: Iterable[User], sought: re.Pattern[str]) -> Found:
    """Everything of these walks and about these people in which it stands."""
    found, known = Found(), {walk.id: walk for walk in walks}
    for hit in _all(tx, known, people, sought):
        if len(found.hits) == MOST:
            found.more = True
            break
        found.hits.append(hit)
    return found


def _all(tx: Session, known: dict[str, Walk], people: Iterable[User], sought: re.Pattern[str]) -> Iterator[Hit]:
    for ids in parts(known):
        yield from _notes(tx, ids, known, sought)
        yield from _people_of(tx, ids, known, sought)
        yield from _reports(tx, ids, known, sought)
        asked = dict[str, list[str]]()
        for stop in tx.exec(select(Stop).where(col(Stop.walk_id).in_(ids)).order_by(col(Stop.number))).all():
            asked.setdefault(stop.walk_id, []).extend((stop.name, stop.prompt))
        for walk_id in ids:
            plan = [getattr(known[walk_id], name) for name in OF_WALK] + asked.get(walk_id, [])
            if around := [said for text in plan if (said := excerpt(sought, text))]:
                yield Hit("walk", walk_id, known[walk_id], " · ".join(around))
    organisations = {walk.organisation_id for walk in known.values()}
    for partner in tx.exec(select(Partner).order_by(Partner.name)).all():
        if partner.organisation_id in organisations and (said := excerpt(sought, [partner.name, partner.email])):
            yield Hit("partner", partner.id, None, said)
    for user in people:
        if said := excerpt(sought, user.email):
            yield Hit("user", user.id, None, said)


def _notes(tx: Session, ids: list[str], known: dict[str, Walk], sought: re.Pattern[str]) -> Iterator[Hit]:
    """Notes, by their words in any revision, and in what was decided about them."""
    of_walk, note = col(Observation.walk_id).in_(ids), col(Observation.id)
    said: dict[str, str] = {}
    beside: list[tuple[Any, Any]] = [
        (Revision.observation_id, Revision.content), (Variant.observation_id, Variant.content),
        (Decision.observation_id, Decision.after), (Review.observation_id, Review.because),
    ]  # fmt: skip
    for owner, column in beside:
        rows = tx.exec(select(owner, column).join(Observation, note == owner).where(of_walk)).all()
        for note_id, value in rows:
            if note_id not in said and (text := excerpt(sought, _worded(value))):
                said[note_id] = text
    written = select(Observation).where(of_walk, col(Observation.erased_at).is_(None))
    mine = tx.exec(written.order_by(col(Observation.captured_utc))).all()
    for row in mine:
        if text := excerpt(sought, [row.note, row.suggestion, row.spoken]):
            said[row.id] = text
    hits = [row for row in mine if row.id in said]
    photos, recordings = dict[str, list[str]](), dict[str, list[str]]()
    for part in parts(row.id for row in hits):
        wanted = select(Photo).where(col(Photo.observation_id).in_(part), col(Photo.erased_at).is_(None))
        for photo in tx.exec(wanted.order_by(col(Photo.id))).all():
            (photos if photo.seconds is None else recordings).setdefault(photo.observation_id, []).append(photo.id)
    for row in hits:
        yield Hit("note", row.id, known[row.walk_id], said[row.id], tuple(photos.get(row.id, ())), row.participant_id,
                  tuple(recordings.get(row.id, ())))  # fmt: skip


def _people_of(tx: Session, ids: list[str], known: dict[str, Walk], sought: re.Pattern[str]) -> Iterator[Hit]:
    teams = tx.exec(select(Team).where(col(Team.walk_id).in_(ids))).all()
    planned = {(team.walk_id, team.name) for team in teams}  # what else they are called, phones have typed
    tracked = dict[str, set[str]]()
    for track in tx.exec(select(Track).where(col(Track.walk_id).in_(ids), col(Track.team).is_not(None))).all():
        tracked.setdefault(track.participant_id, set()).add(track.team or "")
    for who in tx.exec(select(Participant).where(col(Participant.walk_id).in_(ids))).all():
        typed = {who.team or ""} | tracked.get(who.id, set())
        if said := excerpt(sought, [who.name or "", *(one for one in typed if (who.walk_id, one) not in planned)]):
            yield Hit("name", who.id, known[who.walk_id], said, phone=who.id)
    for team in teams:
        if said := excerpt(sought, [team.name, team.duties]):
            yield Hit("team", team.id, known[team.walk_id], said)
    for one in tx.exec(select(Mark).where(col(Mark.walk_id).in_(ids))).all():
        if said := excerpt(sought, one.note):
            yield Hit("mark", one.id, known[one.walk_id], said)
    for asked in tx.exec(select(Takedown).where(col(Takedown.walk_id).in_(ids))).all():
        if said := excerpt(sought, [getattr(asked, name) for name in OF_TAKEDOWN]):
            yield Hit("takedown", asked.id, known[asked.walk_id], said)


def _reports(tx: Session, ids: list[str], known: dict[str, Walk], sought: re.Pattern[str]) -> Iterator[Hit]:
    for told in tx.exec(select(Telling).where(col(Telling.walk_id).in_(ids))).all():
        if said := excerpt(sought, told.texts):
            yield Hit("telling", told.walk_id, known[told.walk_id], said)
    steps: dict[str, list[Any]] = {}
    changes = select(MeasureStep.measure_id, MeasureStep.changes).join(
        Measure, col(Measure.id) == col(MeasureStep.measure_id)
    )
    for measure_id, change in tx.exec(changes.where(col(Measure.walk_id).in_(ids))).all():
        steps.setdefault(measure_id, []).append(change)
    for one in tx.exec(select(Measure).where(col(Measure.walk_id).in_(ids)).order_by(col(Measure.number))).all():
        history = [change.get(name) for change in steps.get(one.id, []) for name in (*SAID, *OF_MEASURE)]
        if said := excerpt(sought, [*(getattr(one, name) for name in OF_MEASURE), history]):
            yield Hit("measure", one.id, known[one.walk_id], said)
    for edition in tx.exec(select(Edition).where(col(Edition.walk_id).in_(ids)).order_by(col(Edition.number))).all():
        written: list[str] = []
        struck(edition.frozen["public"], lambda text: written.append(text) or text)  # type: ignore[func-returns-value]  # noqa: B023
        if said := excerpt(sought, [*written, edition.because]):
            yield Hit(
                "edition",
                edition.id,
                known[edition.walk_id],
                f"{_('Edition %(number)s', number=edition.number)}: {said}",
            )


def _worded(value: Any) -> Any:
    """The part of a revision or a decision that somebody wrote."""
    if not isinstance(value, dict):
        return value
    return [value.get(name) or "" for name in ("note", "suggestion", "shown", "because", "spoken")]


def excerpt(sought: re.Pattern[str], value: Any) -> str:
    """What stands around the first place where it is in `value`, as JSON has it; "": it is not in it."""
    for text in texts(value):
        if hit := sought.search(text):
            start, end = max(0, hit.start() - AROUND), min(len(text), hit.end() + AROUND)
            return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    return ""


def texts(value: Any) -> Iterator[str]:
    """Every text in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)
