"""What a measure is proposed to be, from the notes it rests on: place, problem, kind, usual owner, deadline.

Hides the tables of usual deadlines and kinds. Promises a proposal that every field of can be changed, with where each
number comes from; and that of a note which is on a sensitive subject, or which nobody has released, nothing but the subject's
name goes into words that others read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from sqlmodel import Session, col, select

from app.access.notes import note_is_sensitive, shown
from app.earth import metres
from app.i18n import gettext as _
from app.i18n import language, mark
from app.models import Agreement, Observation, Participant, Review, Stop, Walk
from app.pages import distance
from app.taxonomy import factors as known_factors
from app.taxonomy import label, usual_owner

# Days until a measure should be done, each with where the number comes from; always editable.
BY_FACTOR = {
    "lighting.outage": 14,  # Aarhus mends a single lamp within 14 days (aarhus.dk)
}
BY_KIND = {
    "looked_into": 21,  # owners say what they will do at the third meeting, 2–3 weeks later (socialstyrelsen.se)
}
ELSE = 182  # six months: the municipality's own target in Kungsbacka (kungsbacka.se)
# Kinds that follow from what was seen; whatever is not here is looked into first.
UPKEEP = {"lighting.outage", "lighting.blocked", "lighting.hours", "visibility.vegetation", "visibility.hiding_place",
          "paths.footway", "paths.weather", "access.surface", "emergency.address"}  # fmt: skip
UPKEEP_CATEGORIES = {"upkeep"}
TOGETHER = {"samraad"}
POLICE = {"politi", "social"}
_WORST = ("unsafe", "mixed", None, "safe")
NEAR_M = 60.0  # notes so close to each other are about one place, and the measure stands in their middle
AT_STOP_M = 120.0  # a note so close to a stop is told of by the stop's name
AROUND_M = 3_000.0  # further away, a stop says nothing about a place
FEELS = {
    "unsafe": mark("It feels unsafe here"),
    "safe": mark("It feels safe here"),
    "mixed": mark("It feels both ways here"),
}
WORDS = 160  # characters of a note that begin the problem


@dataclass(frozen=True)
class Source:
    """A note as a measure may rest on it: `text` and `factors` as others see them; `place`: (lat, lon) or None;
    `voices`: who wrote it and who sees it so too; `role`: whose it was; `released`: somebody has let its words out."""

    id: str
    valence: str | None
    factors: tuple[str, ...]
    text: str
    suggestion: str
    place: tuple[float, float] | None
    stop: Stop | None
    voices: int
    role: str
    sensitive: bool
    released: bool
    deleted: bool
    photo_ids: tuple[str, ...]
    priority: int | None
    partner_id: str | None

    @property
    def told(self) -> bool:
        """Whether its words may go into those of a measure, which partners read."""
        return self.released and not self.sensitive


@dataclass(frozen=True)
class Proposal:
    """`owner`: a code of the taxonomy, or None; `partner_id`: whom a reviewer named already."""

    place: str
    stop_id: str | None
    lat: float | None
    lon: float | None
    problem: str
    measure: str
    kind: str
    owner: str | None
    partner_id: str | None
    deadline: date
    priority: int


def sources(tx: Session, walk: Walk, notes: Sequence[Observation]) -> list[Source]:
    """These notes of the walk, in their order. Who may read them was decided before."""
    ids = [note.id for note in notes]
    stops = {stop.id: stop for stop in tx.exec(select(Stop).where(Stop.walk_id == walk.id)).all()}
    roles = dict(tx.exec(select(Participant.id, Participant.role).where(Participant.walk_id == walk.id)).all())
    voices, reviews = dict[str, int](), dict[str, Review]()
    for at in range(0, len(ids), 500):
        some = ids[at : at + 500]
        agreed = col(Agreement.observation_id).in_(some), col(Agreement.agrees).is_(True)
        for note_id in tx.exec(select(Agreement.observation_id).where(*agreed)).all():
            voices[note_id] = voices.get(note_id, 0) + 1
        for one in tx.exec(select(Review).where(col(Review.observation_id).in_(some))).all():
            reviews[one.observation_id] = one
    return [_source(note, stops, reviews.get(note.id), 1 + voices.get(note.id, 0), roles) for note in notes]


def propose(walk_stops: Sequence[Stop], found: Sequence[Source], today: date) -> Proposal:
    """A measure that rests on these notes; at least one."""
    found = sorted(found, key=lambda one: _WORST.index(one.valence))  # what is the matter comes first
    keys = list(dict.fromkeys(key for one in found for key in one.factors))
    owner = usual_owner([key for one in found for key in one.factors])
    kind = _kind(keys, owner)
    place = _place(found)
    nearest, far = _nearest(walk_stops, place)
    stop = next((one.stop for one in found if one.stop), None) or (nearest if far <= AT_STOP_M else None)
    where = place or _point(stop)
    return Proposal(
        place=stop.name if stop else _called(place, nearest, far),
        stop_id=stop.id if stop else None,
        lat=where[0] if where else None,
        lon=where[1] if where else None,
        problem=_problem(keys, found),
        measure=next((one.suggestion for one in found if one.suggestion and one.told), "")[:500],
        kind=kind,
        owner=owner,
        partner_id=next((one.partner_id for one in found if one.partner_id), None),
        deadline=today + timedelta(days=days_for(keys, kind)),
        priority=min((one.priority for one in found if one.priority), default=2),
    )


def days_for(keys: Sequence[str], kind: str) -> int:
    """How many days such a measure usually gets: the shortest that a factor asks for, else as its kind does."""
    return min((BY_FACTOR[key] for key in keys if key in BY_FACTOR), default=BY_KIND.get(kind, ELSE))


def _kind(keys: Sequence[str], owner: str | None) -> str:
    if owner in POLICE:
        return "police"
    if owner in TOGETHER:
        return "together"
    first = keys[0] if keys else ""
    category = known_factors()[first]["category"] if first in known_factors() else ""
    return "upkeep" if first in UPKEEP or category in UPKEEP_CATEGORIES else "looked_into"


def _problem(keys: Sequence[str], found: Sequence[Source]) -> str:
    """What it is about, and how the first note that may be told begins."""
    told = [key for one in found if not one.sensitive for key in one.factors] or keys
    feels = FEELS.get(found[0].valence or "", mark("See the notes"))  # a note may be a photo alone
    about = ", ".join(label(key, language()) for key in list(dict.fromkeys(told))[:3])
    words = next((one.text for one in found if one.text and one.told), "")
    line = " ".join(words.split())
    begin = line if len(line) <= WORDS else line[:WORDS].rsplit(" ", 1)[0] + " …"
    return ". ".join(part for part in (about, begin) if part) or _(feels)


def _place(found: Sequence[Source]) -> tuple[float, float] | None:
    """Where it is: in the middle of notes close together, else where the first note is that says."""
    places = [one.place for one in found if one.place]
    if not places:
        return None
    first = places[0]
    close = [one for one in places if metres([first[1], first[0]], [one[1], one[0]]) <= NEAR_M]
    return sum(one[0] for one in close) / len(close), sum(one[1] for one in close) / len(close)


def _nearest(stops: Sequence[Stop], place: tuple[float, float] | None) -> tuple[Stop | None, float]:
    """The stop that lies nearest, and how many metres away; (None, infinity) where there is none."""
    if place is None:
        return None, inf
    far = [
        (metres([place[1], place[0]], [stop.lon, stop.lat]), stop)
        for stop in stops
        if stop.lat is not None and stop.lon is not None
    ]
    found = min(far, key=lambda one: one[0], default=None)
    return (found[1], found[0]) if found else (None, inf)


def _called(place: tuple[float, float] | None, nearest: Stop | None, far: float) -> str:
    """What a place that is no stop's is called until somebody gives it a name."""
    if place is None:
        return _("Place not known")
    if nearest is None or far > AROUND_M:
        return _("Between the stops")  # not where it was measured: a measure's place is public
    return _("%(far)s from %(stop)s", far=distance(far), stop=nearest.name)


def _point(stop: Stop | None) -> tuple[float, float] | None:
    return (stop.lat, stop.lon) if stop and stop.lat is not None and stop.lon is not None else None


def _source(
    note: Observation, stops: dict[str, Stop], review: Review | None, voices: int, roles: dict[str, str]
) -> Source:
    words = shown(note)
    pin = words.pin or words.fix
    return Source(
        id=note.id,
        valence=note.valence,
        factors=tuple(words.factors),
        text=words.note,
        suggestion=words.suggestion,
        place=(pin["lat"], pin["lon"]) if pin else None,
        stop=stops.get(words.stop_id or ""),
        voices=voices,
        role=roles.get(note.participant_id, "other"),
        sensitive=note_is_sensitive(note),
        released=review is not None and review.state == "released" and review.of_rev == note.rev,
        deleted=note.deleted,
        photo_ids=tuple(note.photo_ids),
        priority=review.priority if review else None,
        partner_id=review.partner_id if review else None,
    )
