"""A walk is planned: its area, and the number of its plan, so that two people who write at once overwrite nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Defaults in the database too: the release before this one goes on making walks while this one starts.
    op.add_column("walk", sa.Column("area", sa.String(), nullable=False, server_default=""))
    op.add_column("walk", sa.Column("plan_rev", sa.Integer(), nullable=False, server_default="0"))
