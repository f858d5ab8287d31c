"""What comes of a walk: what was decided about its notes, measures and answers, editions of the report."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.columns import as_json, instant, new_id, now


class Review(SQLModel, table=True):
    """What was decided about a note; one without it waits. What readers see instead of the walker's words is in
    Observation (`shown`, `hidden`, `sensitive`), so that whoever reads a note knows, and nobody needs to ask here."""

    observation_id: str = Field(foreign_key="observation.id", primary_key=True)
    walk_id: str = Field(foreign_key="walk.id", index=True)
    version: int = Field(description="grows with each decision: whoever decides on an older one is told")
    state: str = Field(default="waiting", description="waiting released hidden")
    because: str = Field(default="", description="why it is hidden")
    of_rev: int = Field(description="the revision of the note that was looked at; a newer one waits again")
    priority: int | None = Field(default=None, description="1 first, 2, 3")
    partner_id: str | None = Field(default=None, foreign_key="partner.id", description="whose it is to mend")
    merged_into: str | None = Field(default=None, foreign_key="observation.id", index=True)
    decided_by: str = Field(foreign_key="person.id")
    decided_at: datetime = Field(default_factory=now, sa_column=instant())


class Decision(SQLModel, table=True):
    """One step of the review, for its history and for undoing it. Never changed, but for `undone_at`."""

    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id", index=True)
    observation_id: str = Field(foreign_key="observation.id", index=True)
    photo_id: str | None = Field(default=None, foreign_key="photo.id")
    user_id: str = Field(foreign_key="person.id")
    at: datetime = Field(default_factory=now, sa_column=instant())
    what: str = Field(
        description="release hide redact place stop factors sensitive merge part priority route approve refuse blur"
    )
    together: str | None = Field(default=None, index=True, description="the same for what was decided in one step")
    before: dict[str, Any] = Field(sa_column=as_json())
    after: dict[str, Any] = Field(sa_column=as_json())
    undone_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    undone_by: str | None = Field(default=None, foreign_key="person.id")


class Partner(SQLModel, table=True):
    """Who mends things: a unit of the municipality, the police, a housing association."""

    __table_args__ = (UniqueConstraint("organisation_id", "name"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    organisation_id: str | None = Field(default=None, foreign_key="organisation.id")
    owner: str = Field(description="which of the taxonomy's owners it is")
    name: str
    email: str = ""
    calendar: str | None = Field(
        default=None, description="what its calendar's address is made of; None: there is none"
    )
    ended_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    created_at: datetime = Field(default_factory=now, sa_column=instant())


class PartnerLink(SQLModel, table=True):
    """A way in for a partner without an account: to what is routed to them, for a while. The table has the hash."""

    id: str = Field(default_factory=new_id, primary_key=True)
    partner_id: str = Field(foreign_key="partner.id", index=True)
    secret_hash: str = Field(index=True)
    created_by: str = Field(foreign_key="person.id")
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    revoked_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    used_at: datetime | None = Field(default=None, sa_column=instant(null=True))


class Measure(SQLModel, table=True):
    """What is to be done, by whom and by when, and what everyone is told of it."""

    __table_args__ = (UniqueConstraint("walk_id", "number"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id")
    number: int
    version: int = Field(default=1, description="grows with each change: whoever writes over an older one is told")
    place: str
    stop_id: str | None = None
    lat: float | None = None
    lon: float | None = None
    problem: str
    measure: str = ""
    kind: str = Field(
        default="looked_into", description="upkeep small_works project together police looked_into impossible"
    )
    partner_id: str | None = Field(default=None, foreign_key="partner.id", index=True)
    unit: str = ""
    deadline: date | None = None
    money: str = Field(default="none", description="none running applied")
    priority: int = Field(default=2, description="1 first, 2, 3")
    status: str = Field(default="proposed", description="proposed accepted doing done refused other_owner")
    reason: str = Field(default="", description="why it is not possible or was refused")
    answer: str = Field(default="", description="the public answer")
    answered_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    done_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    ticket: str = Field(default="", description="the partner's own number for it")
    proof_photo_id: str | None = None
    revisit: bool = Field(default=True, description="looked at again on the return walk")
    continues_id: str | None = Field(default=None, foreign_key="measure.id", description="of the walk before")
    created_by: str = Field(foreign_key="person.id")
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    removed_at: datetime | None = Field(default=None, sa_column=instant(null=True))


class Ground(SQLModel, table=True):
    """Which notes a measure rests on."""

    measure_id: str = Field(foreign_key="measure.id", primary_key=True)
    observation_id: str = Field(foreign_key="observation.id", primary_key=True, index=True)


class MeasureStep(SQLModel, table=True):
    """One change of a measure: who, when, which fields from what to what. Never changed."""

    id: str = Field(default_factory=new_id, primary_key=True)
    measure_id: str = Field(foreign_key="measure.id", index=True)
    at: datetime = Field(default_factory=now, sa_column=instant())
    user_id: str | None = Field(default=None, foreign_key="person.id")
    link_id: str | None = Field(
        default=None, foreign_key="partnerlink.id", description="by a partner without an account"
    )
    changes: dict[str, Any] = Field(sa_column=as_json())  # field → [before, after]


class Telling(SQLModel, table=True):
    """The report's own words, by those who write it: summary, themes, weather, journal number, follow-up and contact."""

    walk_id: str = Field(foreign_key="walk.id", primary_key=True)
    version: int = 1
    texts: dict[str, Any] = Field(default_factory=dict, sa_column=as_json())
    written_by: str = Field(foreign_key="person.id")
    written_at: datetime = Field(default_factory=now, sa_column=instant())


class Edition(SQLModel, table=True):
    """A report as it was frozen: numbered, never changed. Released by somebody else than who wrote it."""

    __table_args__ = (UniqueConstraint("walk_id", "number"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id")
    number: int
    state: str = Field(default="asked", description="asked released returned withdrawn")
    frozen: dict[str, Any] = Field(sa_column=as_json())
    sha256: str = Field(description="hex, of the frozen report as canonical JSON")
    written_by: str = Field(foreign_key="person.id")
    written_at: datetime = Field(default_factory=now, sa_column=instant())
    read: list[str] = Field(default_factory=list, sa_column=as_json())  # the changes that the second person has read
    checked: list[str] = Field(default_factory=list, sa_column=as_json())  # what the second person has looked for
    released_by: str | None = Field(default=None, foreign_key="person.id")
    released_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    ended_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    because: str = Field(default="", description="why it was returned or withdrawn")


class Takedown(SQLModel, table=True):
    """Somebody asks that something be taken out of a public report."""

    id: str = Field(default_factory=new_id, primary_key=True)
    walk_id: str = Field(foreign_key="walk.id", index=True)
    edition: int
    text: str
    contact: str = ""
    asked_at: datetime = Field(default_factory=now, sa_column=instant())
    handled_by: str | None = Field(default=None, foreign_key="person.id")
    handled_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    outcome: str = ""


class Sent(SQLModel, table=True):
    """A letter that goes out once: the key says to whom, about what, for which day."""

    key: str = Field(primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=instant())
    held_until: datetime | None = Field(
        default=None, sa_column=instant(null=True)
    )  # somebody is sending it; None: sent
