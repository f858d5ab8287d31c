"""A walk and what walkers bring: who walks where, what they write, what they photograph."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.columns import as_json, instant, new_id, now


class Organisation(SQLModel, table=True):
    """A municipality with its partners; it holds walks."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    keeping: dict[str, int] = Field(
        default_factory=dict, sa_column=as_json()
    )  # how many days what is kept, where other than usual
    created_at: datetime = Field(default_factory=now, sa_column=instant())


class Walk(SQLModel, table=True):
    """One walk. `seq` is its newest change, handed out by `app.sync.ingest.next_seq` and by nothing else."""

    id: str = Field(default_factory=new_id, primary_key=True)
    code: str = Field(unique=True, description="8 characters of Crockford's base32, upper case, no hyphen")
    organisation_id: str | None = Field(default=None, foreign_key="organisation.id", index=True)
    title: str
    purpose: str = ""
    area: str = ""
    plan_rev: int = Field(default=0, description="grows with each change of the plan")
    state: str = Field(default="open", description="planned open closed published archived")
    starts_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    ends_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    timezone: str = "Europe/Copenhagen"
    language: str = "da"
    light: str | None = Field(default=None, description="daylight dusk dark")
    meeting_point: str = ""
    route: dict[str, Any] | None = Field(default=None, sa_column=as_json(null=True))  # GeoJSON LineString
    privacy_notice: str = ""
    contacts: str = ""
    seq: int = 0
    changed_seq: int = Field(default=0, description="the seq at which the walk itself last changed")
    closed_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    opens_at: datetime | None = Field(default=None, sa_column=instant(null=True))  # opens by itself then
    paused_at: datetime | None = Field(default=None, sa_column=instant(null=True))  # open, but having a break
    sharing: bool = Field(default=True, description="walkers see each other's notes")
    marks_open: bool = Field(default=False, description="residents may put marks on the map before the walk")
    tracks: bool = Field(default=False, description="each team's note taker may record where the team goes")
    invited: list[str] = Field(default_factory=list, sa_column=as_json())  # roles of participants
    follows_id: str | None = Field(default=None, description="the earlier walk that this one goes back to, or pairs")
    follows_as: str | None = Field(default=None, description="return pair")
    map_of: str | None = Field(
        default=None, description="what its map was cut from: the route's and the base map's mark"
    )
    map_sha256: str | None = Field(default=None, description="its map, by the content")
    map_bytes: int | None = None
    calendar: str | None = Field(
        default=None, description="what its calendar's address is made of; None: there is none"
    )
    slug: str | None = Field(
        default=None, index=True, unique=True, description="/r/{slug}: where its released report is read"
    )
    created_at: datetime = Field(default_factory=now, sa_column=instant())


class Leading(SQLModel, table=True):
    """Whose walk it is: an organiser who leads it. A walk without any is every organiser's of its organisation."""

    walk_id: str = Field(foreign_key="walk.id", primary_key=True)
    user_id: str = Field(foreign_key="person.id", primary_key=True, index=True)


class Stop(SQLModel, table=True):
    """A numbered place on the route."""

    __table_args__ = (UniqueConstraint("walk_id", "number"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id")
    number: int
    name: str
    prompt: str = ""
    lat: float | None = None
    lon: float | None = None


class Team(SQLModel, table=True):
    """A part of a large group, with its own order of the stops and who does what in it."""

    __table_args__ = (UniqueConstraint("walk_id", "name"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id")
    name: str
    stop_ids: list[str] = Field(default_factory=list, sa_column=as_json())  # in its order; empty: as the walk
    duties: dict[str, str] = Field(default_factory=dict, sa_column=as_json())  # leader notes photos time → who


class Mark(SQLModel, table=True):
    """A place that a resident marked on the map before the walk. Never one of the walk's notes."""

    id: str = Field(primary_key=True)  # minted by the browser: sent twice, it is there once
    walk_id: str = Field(foreign_key="walk.id", index=True)
    secret_hash: str = Field(description="whoever made it may take it back")
    valence: str = Field(description="safe unsafe")
    lat: float
    lon: float
    note: str = ""
    hidden: bool = Field(default=False, description="an organiser has taken it out of sight")
    created_at: datetime = Field(default_factory=now, sa_column=instant())


class Participant(SQLModel, table=True):
    """One phone in one walk. The secret is 256 random bits, so one SHA-256 of it suffices."""

    id: str = Field(primary_key=True)
    walk_id: str = Field(foreign_key="walk.id", index=True)
    secret_hash: str
    role: str = "resident"
    name: str | None = None
    team: str | None = None
    language: str = "da"
    joined_at: datetime = Field(default_factory=now, sa_column=instant())
    heard_at: datetime = Field(default_factory=now, sa_column=instant())
    kind: str = Field(default="phone", description="phone; paper: typed in afterwards; table: at the coffee table")
    waiting_notes: int | None = Field(default=None, description="what the phone said it still holds, when last heard")
    waiting_photos: int | None = None
    erased_at: datetime | None = Field(default=None, sa_column=instant(null=True))  # all that the phone made


class Track(SQLModel, table=True):
    """Where a team went, as one phone in it noted; shown by team, never by person."""

    id: str = Field(primary_key=True)  # minted by the phone
    walk_id: str = Field(foreign_key="walk.id", index=True)
    participant_id: str = Field(foreign_key="participant.id", index=True)
    team: str | None = None
    rev: int = Field(description="grows with what is added")
    deleted: bool = False
    parts: list[list[list[float]]] = Field(
        default_factory=list, sa_column=as_json()
    )  # lines of [lon, lat], gaps between
    received_at: datetime = Field(default_factory=now, sa_column=instant())


class Observation(SQLModel, table=True):
    """The newest state of a walker's note. `seq`: its newest change; `photo_ids`: the newest revision's, in order."""

    __table_args__ = (Index("ix_observation_walk_seq", "walk_id", "seq"),)
    id: str = Field(primary_key=True)
    walk_id: str = Field(foreign_key="walk.id")
    participant_id: str = Field(foreign_key="participant.id", index=True)
    rev: int
    seq: int
    first_received_at: datetime = Field(sa_column=instant())
    received_at: datetime = Field(sa_column=instant())
    deleted: bool = False
    captured_at: str = Field(description="as sent")
    captured_utc: datetime = Field(sa_column=instant())
    valence: str | None = None
    feeling: int | None = None
    factors: list[str] = Field(default_factory=list, sa_column=as_json())
    note: str = ""
    suggestion: str = ""
    fix: dict[str, Any] | None = Field(default=None, sa_column=as_json(null=True))
    pin: dict[str, Any] | None = Field(default=None, sa_column=as_json(null=True))
    stop_id: str | None = None
    photo_ids: list[str] = Field(default_factory=list, sa_column=as_json())
    recording_ids: list[str] = Field(default_factory=list, sa_column=as_json())
    flags: list[str] = Field(default_factory=list, sa_column=as_json())
    hidden: bool = Field(default=False, description="a reviewer has taken it out of sight")
    erased_at: datetime | None = Field(default=None, sa_column=instant(null=True))  # no word of it is kept
    sensitive: bool | None = Field(default=None, description="as a reviewer judged; None: as its factors say")
    # What others see in place of the walker's own: {"rev": of which, "note", "suggestion", "factors", "pin", "stop_id"}, each if changed.
    shown: dict[str, Any] | None = Field(default=None, sa_column=as_json(null=True))
    # By recording: what is said in it, as a reviewer has written it down; others read it after the note's own words.
    spoken: dict[str, str] = Field(default_factory=dict, sa_column=as_json())


class Revision(SQLModel, table=True):
    """What a phone sent once, kept for ever, with what its receipt said."""

    observation_id: str = Field(foreign_key="observation.id", primary_key=True)
    rev: int = Field(primary_key=True)
    digest: str = Field(description="SHA-256 of the content after parsing: equal content, equal digest")
    content: dict[str, Any] = Field(sa_column=as_json())
    seq: int
    received_at: datetime = Field(sa_column=instant())
    flags: list[str] = Field(default_factory=list, sa_column=as_json())


class Variant(SQLModel, table=True):
    """Another content under a revision that was already held: one copy of each, for a coordinator to see."""

    observation_id: str = Field(foreign_key="observation.id", primary_key=True)
    rev: int = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=as_json())
    received_at: datetime = Field(sa_column=instant())


class Photo(SQLModel, table=True):
    """What a note brings beside its words, from its declaration on: a photo, expected → stored → ready, or unreadable; or a recording
    (it has `seconds`), expected → kept, as it came and never cleaned."""

    __table_args__ = (Index("ix_photo_state", "state"),)
    id: str = Field(primary_key=True)
    observation_id: str = Field(foreign_key="observation.id", index=True)
    sha256: str = Field(description="hex, of the bytes as sent")
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False), description="as declared, until it has arrived")
    type: str = Field(description="as declared; of a recording that is kept, as its bytes say")
    state: str = "expected"
    stored_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    ready_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    width: int | None = None
    height: int | None = None
    tries: int = Field(default=0, description="failed tries at cleaning, for the pause before the next")
    retry_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    review: str = Field(default="unseen", description="unseen approved refused; public: in a released edition")
    blurs: list[list[float]] = Field(
        default_factory=list, sa_column=as_json()
    )  # boxes: x, y, width, height, parts of 1
    review_version: int = Field(default=0, description="grows with each decision about it")
    erased_at: datetime | None = Field(default=None, sa_column=instant(null=True))  # no byte of it is kept
    replaces: list[str] = Field(
        default_factory=list, sa_column=as_json(), description="ids of photos that go once this one is stored"
    )
    seconds: float | None = Field(default=None, description="how long a recording lasts, as declared; None: a photo")


class Agreement(SQLModel, table=True):
    """A participant's voice: "I see it so too". The row stays when the voice is taken back."""

    observation_id: str = Field(foreign_key="observation.id", primary_key=True)
    participant_id: str = Field(foreign_key="participant.id", primary_key=True)
    agrees: bool
