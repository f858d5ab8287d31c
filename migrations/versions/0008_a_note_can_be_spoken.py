"""A note can have recordings, which lie where photos lie, and the words that a reviewer has written down of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Defaults in the database too: the release before this one goes on writing rows while this one starts. A recording is `kept`,
    # never `stored`: what is stored, that release would take for a photo, and clean.
    op.add_column("photo", sa.Column("seconds", sa.Float(), nullable=True))
    op.add_column("observation", sa.Column("recording_ids", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("observation", sa.Column("spoken", sa.JSON(), nullable=False, server_default="{}"))
