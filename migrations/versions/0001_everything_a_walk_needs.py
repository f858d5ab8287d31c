"""Everything a walk needs: walks, participants, what they note, photos, and the people who read it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _people()
    _walks()
    _notes()
    _photos()


def _text(name: str, *more: Any, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), *more, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=null)


def _of(table: str, *, null: bool = False) -> sa.Column[Any]:
    """The column that refers to a row of `table`."""
    name = "user_id" if table == "person" else f"{table}_id"
    return sa.Column(name, sa.String(), sa.ForeignKey(f"{table}.id"), nullable=null)


def _yes_or_no(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _people() -> None:
    key = sa.PrimaryKeyConstraint
    op.create_table(
        "failedtry", _text("id"), _text("purpose"), _text("address"), _moment("at"), key("id")
    )  # fmt: skip
    op.create_index("ix_failed_try", "failedtry", ["purpose", "address", "at"])
    op.create_table(
        "organisation", _text("id"), _text("name"), _moment("created_at"), key("id"), sa.UniqueConstraint("name")
    )
    op.create_table(
        "person",
        _text("id"),
        _text("email"),
        _text("language"),
        _moment("created_at"),
        key("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "membership",
        _text("id"),
        _of("person"),
        _of("organisation", null=True),
        _text("role"),
        _yes_or_no("cleared"),
        key("id"),
    )
    op.create_index("ix_membership_user_id", "membership", ["user_id"])
    op.create_table(
        "readingkey", _text("secret_hash"), _of("person"), _moment("created_at"), _moment("revoked_at", null=True),
        key("secret_hash"),
    )  # fmt: skip
    op.create_index("ix_readingkey_user_id", "readingkey", ["user_id"])
    op.create_table(
        "session", _text("secret_hash"), _of("person"), _moment("created_at"), _moment("expires_at"), key("secret_hash")
    )
    op.create_index("ix_session_user_id", "session", ["user_id"])
    op.create_table(
        "signin", _text("id"), _of("person"), _text("kind"), _text("secret_hash"), _moment("expires_at"),
        _moment("used_at", null=True), _number("tries"), key("id"),
    )  # fmt: skip
    op.create_index("ix_signin_secret_hash", "signin", ["secret_hash"])
    op.create_index("ix_signin_user_id", "signin", ["user_id"])


def _walks() -> None:
    op.create_table(
        "walk", _text("id"), _text("code"), _of("organisation", null=True), _text("title"), _text("purpose"), _text("state"),
        _moment("starts_at", null=True), _moment("ends_at", null=True), _text("timezone"), _text("language"),
        _text("light", null=True), _text("meeting_point"), _json("route", null=True), _text("privacy_notice"),
        _text("contacts"), _number("seq"), _number("changed_seq"), _moment("closed_at", null=True), _moment("created_at"),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("code"),
    )  # fmt: skip
    op.create_index("ix_walk_organisation_id", "walk", ["organisation_id"])
    op.create_table(
        "stop", _text("id"), _of("walk"), _number("number"), _text("name"), _text("prompt"),
        sa.Column("lat", sa.Float(), nullable=True), sa.Column("lon", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("walk_id", "number"),
    )  # fmt: skip
    op.create_table(
        "participant", _text("id"), _of("walk"), _text("secret_hash"), _text("role"), _text("name", null=True),
        _text("team", null=True), _text("language"), _moment("joined_at"), _moment("heard_at"), sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("ix_participant_walk_id", "participant", ["walk_id"])


def _notes() -> None:
    op.create_table(
        "observation", _text("id"), _of("walk"), _of("participant"), _number("rev"), _number("seq"),
        _moment("first_received_at"), _moment("received_at"), _yes_or_no("deleted"), _text("captured_at"),
        _moment("captured_utc"), _text("valence", null=True), _number("feeling", null=True), _json("factors"), _text("note"),
        _text("suggestion"), _json("fix", null=True), _json("pin", null=True), _text("stop_id", null=True),
        _json("photo_ids"), _json("flags"), sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("ix_observation_participant_id", "observation", ["participant_id"])
    op.create_index("ix_observation_walk_seq", "observation", ["walk_id", "seq"])
    op.create_table(
        "revision", _of("observation"), _number("rev"), _text("digest"), _json("content"), _number("seq"),
        _moment("received_at"), _json("flags"), sa.PrimaryKeyConstraint("observation_id", "rev"),
    )  # fmt: skip
    op.create_table(
        "variant", _of("observation"), _number("rev"), _text("digest"), _json("content"), _moment("received_at"),
        sa.PrimaryKeyConstraint("observation_id", "rev", "digest"),
    )  # fmt: skip
    op.create_table(
        "agreement", _of("observation"), _of("participant"), _yes_or_no("agrees"),
        sa.PrimaryKeyConstraint("observation_id", "participant_id"),
    )  # fmt: skip


def _photos() -> None:
    op.create_table(
        "photo", _text("id"), _of("observation"), _text("sha256"), sa.Column("bytes", sa.BigInteger(), nullable=False), _text("type"), _text("state"),
        _moment("stored_at", null=True), _moment("ready_at", null=True), _number("width", null=True),
        _number("height", null=True), _number("tries"), _moment("retry_at", null=True), sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("ix_photo_observation_id", "photo", ["observation_id"])
    op.create_index("ix_photo_state", "photo", ["state"])
