"""What is kept and for how long, what was erased, and who looked at what; a letter that is being sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

text = sa.String()

# The access log is written at its newest end and cut at its oldest, nothing else: a row may go only where the newest one says
# that it is cut away, and was written at least half a year after it (183 days, app/privacy/trail.py).
_SQLITE = (
    "CREATE TRIGGER access_is_never_changed BEFORE UPDATE ON access"
    " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
    # INSERT OR REPLACE would take a row away without asking the trigger on DELETE.
    "CREATE TRIGGER access_is_never_replaced BEFORE INSERT ON access"
    " WHEN EXISTS (SELECT 1 FROM access WHERE number = NEW.number)"
    " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
    "CREATE TRIGGER access_is_cut_at_its_old_end BEFORE DELETE ON access WHEN NOT EXISTS ("
    " SELECT 1 FROM access AS newest WHERE newest.number = (SELECT max(number) FROM access) AND newest.what = 'cut'"
    " AND json_extract(newest.detail, '$.through') >= OLD.number AND datetime(newest.at, '-183 days') > OLD.at)"
    " BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END",
)
_POSTGRESQL = (
    "CREATE FUNCTION access_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF TG_OP = 'DELETE' THEN IF EXISTS ("
    " SELECT 1 FROM access AS newest WHERE newest.number = (SELECT max(number) FROM access) AND newest.what = 'cut'"
    " AND (newest.detail->>'through')::bigint >= OLD.number AND newest.at - interval '183 days' > OLD.at)"
    " THEN RETURN OLD; END IF; END IF;"
    " RAISE EXCEPTION 'the access log is append-only'; END $$",
    "CREATE TRIGGER access_is_cut_at_its_old_end BEFORE UPDATE OR DELETE ON access"
    " FOR EACH ROW EXECUTE FUNCTION access_is_append_only()",
    "CREATE TRIGGER access_is_never_emptied BEFORE TRUNCATE ON access"
    " FOR EACH STATEMENT EXECUTE FUNCTION access_is_append_only()",
)


def upgrade() -> None:
    # Defaults in the database too: the release before this one goes on writing rows while this one starts.
    op.add_column("organisation", sa.Column("keeping", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("sent", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    for table in ("participant", "observation", "photo"):
        op.add_column(table, sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("photo", sa.Column("replaces", sa.JSON(), nullable=False, server_default="[]"))
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
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
