"""A walk has a map: the piece of the base map that its phones keep, and where its teams went."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

text, whole = sa.String(), sa.Integer()


def upgrade() -> None:
    op.add_column("walk", sa.Column("tracks", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("walk", sa.Column("map_of", text, nullable=True))
    op.add_column("walk", sa.Column("map_sha256", text, nullable=True))
    op.add_column("walk", sa.Column("map_bytes", whole, nullable=True))
    op.create_table(
        "track",
        sa.Column("id", text, primary_key=True),
        sa.Column("walk_id", text, sa.ForeignKey("walk.id"), nullable=False),
        sa.Column("participant_id", text, sa.ForeignKey("participant.id"), nullable=False),
        sa.Column("team", text, nullable=True),
        sa.Column("rev", whole, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_track_walk_id", "track", ["walk_id"])
    op.create_index("ix_track_participant_id", "track", ["participant_id"])
