"""What is kept about keeping: who looked at what, what was erased and why, and how long an organisation keeps things."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.models.columns import as_json, instant, new_id, now


class Access(SQLModel, table=True):
    """One entry of the access log, chained to the one before it. Never changed; cut off from the oldest end alone.

    No foreign keys: an entry outlives what it tells of."""

    __table_args__ = (Index("ix_access_at", "at"), Index("ix_access_walk_id", "walk_id"))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False), description="1, 2, 3 …")
    at: datetime = Field(default_factory=now, sa_column=instant())
    organisation_id: str | None = None
    walk_id: str | None = None
    who: str = Field(
        description="person:<id>, key:<id> of the person whose it is, link:<id> of a partner, participant:<id>, command or server"
    )
    what: str = Field(description="in one word: read exported released redacted erased …")
    about: str = Field(default="", description="what kind of thing and which: note:<id>")
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=as_json())  # never a note's words, never a position
    before: str = Field(description="the hash of the entry before, hex")
    hash: str = Field(description="SHA-256 of `before` and this entry as canonical JSON, hex")


class Erasure(SQLModel, table=True):
    """A receipt: what was erased, when, by whom, by which rule. Counts and ids; never what was erased."""

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=instant())
    kind: str = Field(
        description="rule: by the rules on keeping; own: by a walker; blurred: a photo, for its blurred one; person: on request"
    )
    organisation_id: str | None = None
    walk_id: str | None = None
    who: str = Field(description="as in the access log")
    erased: dict[str, Any] = Field(default_factory=dict, sa_column=as_json())
