"""People who sign in: what they may do, how they come in, and what is counted against guessing."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from app.models.columns import instant, new_id, now


class User(SQLModel, table=True):
    """A person who signs in: organiser, coordinator, partner, admin. Walkers are no users."""

    __tablename__ = "person"  # "user" is a reserved word in PostgreSQL
    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True, description="lower case")
    language: str = "da"
    created_at: datetime = Field(default_factory=now, sa_column=instant())


class Membership(SQLModel, table=True):
    """A role of a person in an organisation; in all of them where none is named."""

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(foreign_key="person.id", index=True)
    organisation_id: str | None = Field(default=None, foreign_key="organisation.id")
    role: str = Field(description="organiser coordinator partner admin")
    cleared: bool = Field(default=False, description="an organiser who may read sensitive notes")
    partner_id: str | None = Field(default=None, foreign_key="partner.id", description="of whom a partner answers for")


class SignIn(SQLModel, table=True):
    """A one-time way in: a link, or a code sent by e-mail. Used once, or too late, or guessed at too often: void."""

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(foreign_key="person.id", index=True)
    kind: str = Field(description="link or code; of an invitation: letter, letter-code")
    secret_hash: str = Field(index=True)
    expires_at: datetime = Field(sa_column=instant())
    used_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    tries: int = 0


class UserSession(SQLModel, table=True):
    """A browser that is signed in; the cookie holds the secret, the table its hash."""

    __tablename__ = "session"
    secret_hash: str = Field(primary_key=True)
    device: str = Field(default="", description="in words: Firefox, Android")
    seen_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    user_id: str = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())


class Invitation(SQLModel, table=True):
    """A person asked by e-mail to sign in. Waits here while no mail can be sent, and says why."""

    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(foreign_key="person.id", index=True)
    invited_by: str = Field(foreign_key="person.id")
    organisation_id: str | None = Field(default=None, foreign_key="organisation.id")
    walk_id: str | None = Field(default=None, foreign_key="walk.id", description="which walk to lead to")
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    sent_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    accepted_at: datetime | None = Field(default=None, sa_column=instant(null=True))
    tries: int = 0
    retry_at: datetime | None = Field(default=None, sa_column=instant(null=True))


class Passkey(SQLModel, table=True):
    """A way in by the device's own lock (WebAuthn)."""

    id: str = Field(primary_key=True, description="the credential's id, base64url")
    user_id: str = Field(foreign_key="person.id", index=True)
    public_key: str = Field(description="COSE, base64url")
    sign_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    name: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    used_at: datetime | None = Field(default=None, sa_column=instant(null=True))


class Identity(SQLModel, table=True):
    """Who a municipality's own sign-in (OpenID Connect) says a person is."""

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="person.id", index=True)


class ReadingKey(SQLModel, table=True):
    """A bearer key for reading and exports, for scripts."""

    secret_hash: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(default_factory=now, sa_column=instant())
    revoked_at: datetime | None = Field(default=None, sa_column=instant(null=True))


class FailedTry(SQLModel, table=True):
    """A failed try at a code from an address, for the limits on guessing; a challenge that was answered, once for all."""

    __table_args__ = (Index("ix_failed_try", "purpose", "address", "at"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    purpose: str = Field(description="join or sign-in")
    address: str
    at: datetime = Field(default_factory=now, sa_column=instant())
