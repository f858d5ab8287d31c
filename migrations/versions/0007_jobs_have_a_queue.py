"""What several servers share has a place, on PostgreSQL alone: jobs (procrastinate's tables), and what was printed lately."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    from procrastinate import __version__
    from procrastinate.schema import SchemaManager

    # As its own text, without parameters: it has percent signs in it, and many statements.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(SchemaManager.get_schema())
    # With which of the library's own changes a later migration goes on.
    cursor.execute(f"COMMENT ON TABLE procrastinate_jobs IS 'procrastinate {__version__}'")
    cursor.close()
    # Not among the tables of app/models/: nothing of it goes into a backup, or along with a move.
    op.execute(
        "CREATE TABLE printed (key text PRIMARY KEY, pdf bytea NOT NULL, asked_at timestamptz NOT NULL DEFAULT now())"
    )
