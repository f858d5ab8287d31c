"""One walk as its report: everything seen, counted and placed, in one frozen object.

Hides the tables behind `build()`; pages and exports are made from a Report alone and touch no SQL. Promises the same
number of queries however many notes there are, each note once as its newest revision says, and no participant's name:
names are never even read. Deleted notes are left out, and hidden ones; sensitive ones too, unless the reader is cleared.
Words, place and photos are what the review has made of them; merged notes are told with the one that leads them.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlmodel import Session, col, func, select

from app import models
from app.access.notes import COLUMNS, note_is_sensitive, out_of_sight, redacted, shown
from app.measures import measures, quoting
from app.measures.measures import Told
from app.problems import Problem
from app.report import tracks as ways
from app.report.tracks import Track
from app.review.decided import WAITING, Decided, decided, led_by
from app.review.personal import looks_personal
from app.sync.protocol import utc
from app.taxonomy import factors as known_factors
from app.taxonomy import is_sensitive

_OF_WALK = ("id", "title", "purpose", "area", "state", "starts_at", "ends_at", "timezone", "light", "meeting_point",
            "seq")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Photo:
    """`state`: expected stored ready unreadable. `width`, `height`: pixels of what is served, None until it is ready.
    `review`: unseen approved public."""

    id: str
    url: str
    state: str
    width: int | None = None
    height: int | None = None
    review: str = "unseen"
    mark: str = ""

    @property
    def path(self) -> str:
        """The address on this server, for pages: they may be read under another name than TRYG_BASE_URL."""
        return f"/api/v1/photos/{self.id}"

    @property
    def picture(self) -> str:
        """As `path`, another address once the photo was blurred, so that no browser shows what it kept from before."""
        return self.path + self.mark

    @property
    def thumbnail(self) -> str:
        return f"{self.path}/thumbnail{self.mark}"


@dataclass(frozen=True, slots=True)
class Stop:
    id: str
    number: int
    name: str
    prompt: str
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class OtherText:
    """What a phone sent under a revision that was already held with other content."""

    rev: int
    valence: str | None
    note: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A note. `captured_at`: the phone's clock, as sent; `received_at`: ours, of the first revision.

    `place_source`: pin gps exif stop none; `accuracy_m`: radius in metres of a measured place, else None;
    `stop`: the stop's number; `written_on`: phone paper table; `review`: waiting released merged; `merged_into`: the id of
    the note in this report that leads it; `placed`: a reviewer has put it where it is; `measures`: numbers of the measures that rest on it."""

    id: str
    captured_at: str
    captured_utc: datetime
    received_at: str
    valence: str | None
    feeling: int | None
    factors: tuple[str, ...]
    note: str
    suggestion: str
    lat: float | None
    lon: float | None
    place_source: str
    accuracy_m: float | None
    stop: int | None
    role: str
    team: str | None
    written_on: str
    photos: tuple[Photo, ...]
    flags: tuple[str, ...]
    agreements: int
    other_texts: tuple[OtherText, ...]
    sensitive: bool = False
    placed: bool = False
    review: str = "waiting"
    merged_into: str | None = None
    priority: int | None = None
    partner_id: str | None = None
    measures: tuple[int, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of its factors, each once; an unknown factor has none."""
        return _categories(self.factors)


@lru_cache(maxsize=4096)  # a page asks for them six times a note, and notes share few combinations
def _categories(factors: tuple[str, ...]) -> tuple[str, ...]:
    found = [known_factors()[key]["category"] for key in factors if key in known_factors()]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Report:
    """`walk`: what _OF_WALK names of its row; `participants`: how many of each role; `observations`: in the order they
    were captured; `measures`: by number; `tracks`: where the teams went, for the page alone."""

    walk: dict[str, Any]
    stops: tuple[Stop, ...]
    route: dict[str, Any] | None
    participants: dict[str, int]
    observations: tuple[Observation, ...]
    measures: tuple[Told, ...] = ()
    tracks: tuple[Track, ...] = ()

    def voices(self) -> dict[str, tuple[Observation, ...]]:
        """By the id of a note that leads others: the notes merged into it, each with its own words and role."""
        found: dict[str, list[Observation]] = {}
        for seen in self.observations:
            if seen.merged_into:
                found.setdefault(seen.merged_into, []).append(seen)
        return {lead: tuple(merged) for lead, merged in found.items()}

    @property
    def numbers(self) -> dict[str, Any]:
        """Notes by valence, category, stop and role ("none" where a note has none), participants by role, photos
        by state."""
        of_each = [facets(seen) for seen in self.observations]
        counted = {
            name: dict(Counter(chain.from_iterable(of_one[name] for of_one in of_each)))
            for name in ("valence", "category", "stop", "role")
        }
        states = Counter(photo.state for seen in self.observations for photo in seen.photos)
        photos = {
            "declared": states.total(),
            "received": states.total() - states["expected"],
            "ready": states["ready"],
            "unreadable": states["unreadable"],
        }
        return {
            "notes": len(self.observations),
            **counted,
            "participants": {"all": sum(self.participants.values()), "role": self.participants},
            "photos": photos,
        }


def facets(seen: Observation) -> dict[str, tuple[str, ...]]:
    """What a note is counted and filtered by; "none" where it has none."""
    return {
        "valence": (seen.valence or "none",),
        "category": seen.categories or ("none",),
        "stop": (str(seen.stop) if seen.stop is not None else "none",),
        "role": (seen.role,),
    }


def version(tx: Session, walk_id: str) -> str:
    """A short text that is another one whenever the report of the walk would be. Raises not-found (404)."""
    walk = _walk(tx, walk_id)
    of_walk = models.Participant.walk_id == walk_id
    people = tx.exec(select(models.Participant.id, models.Participant.role, models.Participant.team).where(of_walk))
    clashes = select(func.count()).select_from(models.Variant).join(
        models.Observation, col(models.Observation.id) == col(models.Variant.observation_id)
    ).where(models.Observation.walk_id == walk_id)  # fmt: skip
    facts = [walk.seq, walk.state, walk.title, sorted(map(list, people.all())), tx.exec(clashes).one(),
             measures.mark(tx, walk_id), ways.facts(tx, walk_id)]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]


def build(tx: Session, walk_id: str, *, sensitive: bool, base_url: str) -> Report:
    """The report of the walk. `sensitive`: whether the reader may see notes on sensitive matters; `base_url`: where
    photos' addresses begin, without a slash at the end. Raises not-found (404)."""
    walk = _walk(tx, walk_id)
    stops = _stops(tx, walk_id)
    people = _people(tx, walk_id)
    photos, voices, clashes = _photos(tx, walk_id, base_url), _voices(tx, walk_id), _clashes(tx, walk_id)
    planned = measures.of_walk(tx, walk_id)
    planned = planned if sensitive else quoting.outside(tx, planned)
    numbers = measures.numbers_by_note(planned)
    table = models.Observation
    kept = (table.id, table.participant_id, table.captured_at, table.captured_utc, table.first_received_at,
            table.valence, table.feeling, table.photo_ids, table.flags,
            *(getattr(table, name) for name in COLUMNS))  # fmt: skip
    rows = (
        tx.connection()
        .execute(
            select(*kept)
            .where(table.walk_id == walk_id, col(table.deleted).is_(False))
            .order_by(col(table.captured_utc), col(table.id))
        )
        .all()
    )
    by_id, review = {stop.id: stop for stop in stops}, decided(tx, walk_id)
    seen = [row for row in rows if not out_of_sight(row) and (sensitive or not note_is_sensitive(row, addresses=False))]
    # A note that was changed after it was merged waits, and stands for itself until somebody has looked at it again.
    merged = {key: made.merged_into for key, made in review.items() if made.state == "merged" and made.merged_into}
    leads = led_by([row.id for row in seen], merged)
    observations = tuple(
        _observation(
            row,
            by_id,
            people,
            photos,
            voices,
            () if redacted(row) else _allowed(clashes.get(row.id, ()), sensitive),
            review.get(row.id, WAITING),
            leads.get(row.id),
            numbers.get(row.id, ()),
        )
        for row in seen
    )
    return Report(
        walk={name: getattr(walk, name) for name in _OF_WALK},
        stops=stops,
        route=walk.route,
        participants=_walked_along(people, {row.participant_id for row in rows}),
        observations=observations,
        measures=planned,
        tracks=ways.of_walk(tx, walk_id),
    )


def _walk(tx: Session, walk_id: str) -> models.Walk:
    walk = tx.get(models.Walk, walk_id)
    if walk is None:
        raise Problem("not-found")
    return walk


def _observation(
    row: Any,
    stops: dict[str, Stop],
    people: dict[str, tuple[str, str | None, str]],
    photos: dict[str, Photo],
    voices: dict[str, int],
    other_texts: tuple[OtherText, ...],
    made: Decided,
    lead: str | None,
    numbers: tuple[int, ...],
) -> Observation:
    said = shown(row)
    stop = stops.get(said.stop_id or "")
    role, team, written_on = people[row.participant_id]
    return Observation(
        id=row.id,
        captured_at=row.captured_at,
        captured_utc=row.captured_utc,
        received_at=utc(row.first_received_at),
        valence=row.valence,
        feeling=row.feeling,
        factors=tuple(said.factors),
        note=said.note,
        suggestion=said.suggestion,
        **_place(said.pin, said.fix, stop),
        stop=stop.number if stop else None,
        role=role,
        team=team,
        written_on=written_on,
        photos=tuple(photos[photo_id] for photo_id in row.photo_ids if photo_id in photos),
        flags=tuple(row.flags),
        agreements=voices.get(row.id, 0),
        other_texts=other_texts,
        sensitive=note_is_sensitive(row),
        placed=said.placed,
        review=made.state,
        merged_into=lead,
        priority=made.priority,
        partner_id=made.partner_id,
        measures=numbers,
    )


def _place(pin: dict[str, Any] | None, fix: dict[str, Any] | None, stop: Stop | None) -> dict[str, Any]:
    """The pin, else the fix, else the stop's point. A pin has no accuracy: a person put it there."""
    if pin:
        return {"lat": pin["lat"], "lon": pin["lon"], "place_source": "pin", "accuracy_m": None}
    if fix:
        source = fix.get("source") or "gps"
        return {"lat": fix["lat"], "lon": fix["lon"], "place_source": source, "accuracy_m": fix.get("accuracy_m")}
    if stop:
        known = stop.lat is not None and stop.lon is not None
        where = {"lat": stop.lat, "lon": stop.lon} if known else {"lat": None, "lon": None}
        return {**where, "place_source": "stop", "accuracy_m": None}
    return {"lat": None, "lon": None, "place_source": "none", "accuracy_m": None}


def _stops(tx: Session, walk_id: str) -> tuple[Stop, ...]:
    table = models.Stop
    rows = tx.exec(select(table).where(table.walk_id == walk_id).order_by(col(table.number))).all()
    return tuple(Stop(row.id, row.number, row.name, row.prompt, row.lat, row.lon) for row in rows)


def _people(tx: Session, walk_id: str) -> dict[str, tuple[str, str | None, str]]:
    """Role, team and kind of each participant; never the name."""
    table = models.Participant
    rows = tx.exec(select(table.id, table.role, table.team, table.kind).where(table.walk_id == walk_id)).all()
    return {participant_id: (role, team, kind) for participant_id, role, team, kind in rows}


def _walked_along(people: dict[str, tuple[str, str | None, str]], wrote: set[str]) -> dict[str, int]:
    """How many of each role: phones, and sheets of paper with a note on them; the group at the table is in them already."""
    roles = [
        role
        for participant_id, (role, _team, kind) in people.items()
        if kind == "phone" or (kind == "paper" and participant_id in wrote)
    ]
    return {role: roles.count(role) for role in sorted(set(roles), key=lambda role: -roles.count(role))}


def _photos(tx: Session, walk_id: str, base_url: str) -> dict[str, Photo]:
    photo, note = models.Photo, models.Observation
    kept = (photo.id, photo.state, photo.width, photo.height, photo.review, photo.blurs, photo.review_version)
    rows = tx.connection().execute(
        select(*kept)  # type: ignore[call-overload]
        .join(note, col(note.id) == col(photo.observation_id))
        .where(note.walk_id == walk_id, photo.review != "refused")
    )
    return {
        row.id: Photo(
            row.id,
            f"{base_url}/api/v1/photos/{row.id}",
            row.state,
            row.width,
            row.height,
            row.review,
            f"?v={row.review_version}" if row.blurs else "",
        )
        for row in rows
    }


def _voices(tx: Session, walk_id: str) -> dict[str, int]:
    voice, note = models.Agreement, models.Observation
    counted = (
        select(voice.observation_id, func.count())
        .join(note, col(note.id) == col(voice.observation_id))
        .where(note.walk_id == walk_id, col(voice.agrees).is_(True))
        .group_by(col(voice.observation_id))
    )
    return dict(tx.exec(counted).all())


def _clashes(tx: Session, walk_id: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """The contents, each with its `rev`, that were sent under a revision already held."""
    other, note = models.Variant, models.Observation
    rows = tx.exec(
        select(other.observation_id, other.rev, other.content)
        .join(note, col(note.id) == col(other.observation_id))
        .where(note.walk_id == walk_id)
        .order_by(col(other.received_at), col(other.digest))
    )
    found: dict[str, tuple[dict[str, Any], ...]] = {}
    for observation_id, rev, content in rows:
        found[observation_id] = (*found.get(observation_id, ()), {**content, "rev": rev})
    return found


def _allowed(clashes: tuple[dict[str, Any], ...], sensitive: bool) -> tuple[OtherText, ...]:
    return tuple(
        OtherText(other["rev"], other["valence"], other["note"], other["suggestion"])
        for other in clashes
        if sensitive or not (is_sensitive(other["factors"]) or looks_personal(other["note"], other["suggestion"]))
    )
