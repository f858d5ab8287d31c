"""What is kept and for how long, what was erased, and who looked at what; a letter that is being sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

text = sa.String()


def upgrade() -> None:
    # Defaults in the database too: the release before this one goes on writing rows while this one starts.
    op.add_column("organisation", sa.Column("keeping", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("sent", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    for table in ("participant", "observation", "photo"):
        op.add_column(table, sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "access", sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False), sa.Column("organisation_id", text, nullable=True),
        sa.Column("walk_id", text, nullable=True), sa.Column("who", text, nullable=False),
        sa.Column("what", text, nullable=False), sa.Column("about", text, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False), sa.Column("before", text, nullable=False),
        sa.Column("hash", text, nullable=False),
    )  # fmt: skip
    op.create_index("ix_access_at", "access", ["at"])
    op.create_index("ix_access_walk_id", "access", ["walk_id"])
    op.create_table(
        "erasure", sa.Column("id", text, primary_key=True), sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", text, nullable=False), sa.Column("organisation_id", text, nullable=True),
        sa.Column("walk_id", text, nullable=True), sa.Column("who", text, nullable=False),
        sa.Column("erased", sa.JSON(), nullable=False),
    )  # fmt: skip
