"""A walk is led: whose it is, teams, marks before it, breaks, what phones still hold; people invited, passkeys, sign-in elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

text, whole, yes_no = sa.String(), sa.Integer(), sa.Boolean()


def upgrade() -> None:
    # Defaults in the database too: the release before this one goes on writing rows while this one starts.
    for column in (
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sharing", yes_no, nullable=False, server_default=sa.true()),
        sa.Column("marks_open", yes_no, nullable=False, server_default=sa.false()),
        sa.Column("invited", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("follows_id", text, nullable=True),
        sa.Column("follows_as", text, nullable=True),
    ):
        op.add_column("walk", column)
    op.add_column("participant", sa.Column("kind", text, nullable=False, server_default="phone"))
    op.add_column("participant", sa.Column("waiting_notes", whole, nullable=True))
    op.add_column("participant", sa.Column("waiting_photos", whole, nullable=True))
    op.add_column("session", sa.Column("device", text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    _leading()
    _people()


def _leading() -> None:
    op.create_table(
        "leading",
        sa.Column("walk_id", text, sa.ForeignKey("walk.id"), primary_key=True),
        sa.Column("user_id", text, sa.ForeignKey("person.id"), primary_key=True),
    )
    op.create_index("ix_leading_user_id", "leading", ["user_id"])
    op.create_table(
        "team",
        sa.Column("id", text, primary_key=True),
        sa.Column("walk_id", text, sa.ForeignKey("walk.id"), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("stop_ids", sa.JSON(), nullable=False),
        sa.Column("duties", sa.JSON(), nullable=False),
        sa.UniqueConstraint("walk_id", "name"),
    )
    op.create_table(
        "mark",
        sa.Column("id", text, primary_key=True),
        sa.Column("walk_id", text, sa.ForeignKey("walk.id"), nullable=False),
        sa.Column("secret_hash", text, nullable=False),
        sa.Column("valence", text, nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("note", text, nullable=False),
        sa.Column("hidden", yes_no, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_mark_walk_id", "mark", ["walk_id"])


def _people() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", text, primary_key=True),
        sa.Column("user_id", text, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("invited_by", text, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("organisation_id", text, sa.ForeignKey("organisation.id"), nullable=True),
        sa.Column("walk_id", text, sa.ForeignKey("walk.id"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", whole, nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_invitation_user_id", "invitation", ["user_id"])
    op.create_table(
        "passkey",
        sa.Column("id", text, primary_key=True),
        sa.Column("user_id", text, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("public_key", text, nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])
    op.create_table(
        "identity",
        sa.Column("issuer", text, primary_key=True),
        sa.Column("subject", text, primary_key=True),
        sa.Column("user_id", text, sa.ForeignKey("person.id"), nullable=False),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])
