"""A note becomes a measure: what was decided about it, who mends it, what was answered, and what everyone may read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

text, whole, yes_no = sa.String(), sa.Integer(), sa.Boolean()


def _of(table: str, name: str, *, null: bool = False, key: bool = False) -> sa.Column:
    column = f"{table}.id"
    return sa.Column(name, text, sa.ForeignKey(column), nullable=null and not key, primary_key=key)


def _at(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.JSON(), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column:
    return sa.Column(name, text, nullable=null)


def _id() -> sa.Column:
    return sa.Column("id", text, primary_key=True)


def upgrade() -> None:
    _partners()
    # Defaults in the database too: the release before this one goes on writing rows while this one starts.
    op.add_column("observation", sa.Column("hidden", yes_no, nullable=False, server_default=sa.false()))
    op.add_column("observation", sa.Column("sensitive", yes_no, nullable=True))
    op.add_column("observation", sa.Column("shown", sa.JSON(), nullable=True))
    op.add_column("photo", sa.Column("review", text, nullable=False, server_default="unseen"))
    op.add_column("photo", sa.Column("blurs", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("photo", sa.Column("review_version", whole, nullable=False, server_default="0"))
    # An index, because SQLite adds a constraint by making the table anew, and will not let go of one that others point to.
    op.add_column("walk", sa.Column("slug", text, nullable=True))
    op.create_index("ix_walk_slug", "walk", ["slug"], unique=True)
    op.add_column("walk", sa.Column("calendar", text, nullable=True))
    with op.batch_alter_table("membership") as membership:
        membership.add_column(sa.Column("partner_id", text, nullable=True))
        membership.create_foreign_key("fk_membership_partner", "partner", ["partner_id"], ["id"])
    _review()
    _measures()
    _editions()


def _partners() -> None:
    op.create_table(
        "partner", _id(), _of("organisation", "organisation_id", null=True), _text("owner"), _text("name"), _text("email"),
        sa.Column("calendar", text, nullable=True), _at("ended_at", null=True), _at("created_at"),
        sa.UniqueConstraint("organisation_id", "name"),
    )  # fmt: skip
    op.create_table(
        "partnerlink", _id(), _of("partner", "partner_id"), _text("secret_hash"), _of("person", "created_by"),
        _at("created_at"), _at("expires_at"), _at("revoked_at", null=True), _at("used_at", null=True),
    )  # fmt: skip
    op.create_index("ix_partnerlink_partner_id", "partnerlink", ["partner_id"])
    op.create_index("ix_partnerlink_secret_hash", "partnerlink", ["secret_hash"])


def _review() -> None:
    op.create_table(
        "review", _of("observation", "observation_id", key=True), _of("walk", "walk_id"),
        sa.Column("version", whole, nullable=False), _text("state"), _text("because"),
        sa.Column("of_rev", whole, nullable=False), sa.Column("priority", whole, nullable=True), _of("partner", "partner_id", null=True),
        _of("observation", "merged_into", null=True), _of("person", "decided_by"), _at("decided_at"),
    )  # fmt: skip
    op.create_index("ix_review_walk_id", "review", ["walk_id"])
    op.create_index("ix_review_merged_into", "review", ["merged_into"])
    op.create_table(
        "decision", _id(), _of("walk", "walk_id"), _of("observation", "observation_id"),
        _of("photo", "photo_id", null=True), _of("person", "user_id"), _at("at"), _text("what"),
        _text("together", null=True), _json("before"), _json("after"), _at("undone_at", null=True),
        _of("person", "undone_by", null=True),
    )  # fmt: skip
    for name in ("walk_id", "observation_id", "together"):
        op.create_index(f"ix_decision_{name}", "decision", [name])


def _measures() -> None:
    op.create_table(
        "measure", _id(), _of("walk", "walk_id"), sa.Column("number", whole, nullable=False),
        sa.Column("version", whole, nullable=False), _text("place"), _text("stop_id", null=True),
        sa.Column("lat", sa.Float(), nullable=True), sa.Column("lon", sa.Float(), nullable=True), _text("problem"),
        _text("measure"), _text("kind"), _of("partner", "partner_id", null=True), _text("unit"),
        sa.Column("deadline", sa.Date(), nullable=True), _text("money"), sa.Column("priority", whole, nullable=False),
        _text("status"), _text("reason"), _text("answer"), _at("answered_at", null=True), _at("done_at", null=True),
        _text("ticket"), _text("proof_photo_id", null=True), sa.Column("revisit", yes_no, nullable=False),
        _of("measure", "continues_id", null=True), _of("person", "created_by"), _at("created_at"),
        _at("removed_at", null=True), sa.UniqueConstraint("walk_id", "number"),
    )  # fmt: skip
    op.create_index("ix_measure_partner_id", "measure", ["partner_id"])
    op.create_table("ground", _of("measure", "measure_id", key=True), _of("observation", "observation_id", key=True))
    op.create_index("ix_ground_observation_id", "ground", ["observation_id"])
    op.create_table(
        "measurestep", _id(), _of("measure", "measure_id"), _at("at"), _of("person", "user_id", null=True),
        _of("partnerlink", "link_id", null=True), _json("changes"),
    )  # fmt: skip
    op.create_index("ix_measurestep_measure_id", "measurestep", ["measure_id"])


def _editions() -> None:
    op.create_table(
        "telling", _of("walk", "walk_id", key=True), sa.Column("version", whole, nullable=False), _json("texts"),
        _of("person", "written_by"), _at("written_at"),
    )  # fmt: skip
    op.create_table(
        "edition", _id(), _of("walk", "walk_id"), sa.Column("number", whole, nullable=False), _text("state"),
        _json("frozen"), _text("sha256"), _of("person", "written_by"), _at("written_at"), _json("read"), _json("checked"),
        _of("person", "released_by", null=True), _at("released_at", null=True), _at("ended_at", null=True),
        _text("because"), sa.UniqueConstraint("walk_id", "number"),
    )  # fmt: skip
    op.create_table(
        "takedown", _id(), _of("walk", "walk_id"), sa.Column("edition", whole, nullable=False), _text("text"),
        _text("contact"), _at("asked_at"), _of("person", "handled_by", null=True), _at("handled_at", null=True),
        _text("outcome"),
    )  # fmt: skip
    op.create_index("ix_takedown_walk_id", "takedown", ["walk_id"])
    op.create_table("sent", sa.Column("key", text, primary_key=True), _at("at"))
