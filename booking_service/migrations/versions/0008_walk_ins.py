"""Walk-ins, and when visits really began and ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
QUEUED = "status in ('waiting', 'called')"


def upgrade() -> None:
    """Add the table, what refers to it, the stamps and the settings."""
    op.add_column(
        "shop_settings",
        sa.Column("accepts_walk_ins", sa.Boolean, nullable=False, server_default=sa.true()),
    )
    op.add_column(
        "shop_settings",
        sa.Column("walk_in_call_minutes", sa.Integer, nullable=False, server_default="10"),
    )
    _create_walk_ins()
    op.create_foreign_key(
        "allocations_walk_in_id_fkey",
        "allocations",
        "walk_ins",
        ["walk_in_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index("allocations_walk_in_idx", "allocations", ["walk_in_id"])
    _stamp_bookings()


def _create_walk_ins() -> None:
    op.create_table(
        "walk_ins",
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.Column("provider_id", sa.Uuid),
        sa.Column(
            "resource_ids",
            postgresql.ARRAY(sa.Uuid),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
        sa.Column("client_id", sa.Uuid),
        sa.Column("name", sa.Text),
        sa.Column("duration_minutes", sa.Integer, nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("called_at", INSTANT),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.Column("first_p50", INSTANT),
        sa.Column("first_p90", INSTANT),
        sa.Column("latest_p50", INSTANT),
        sa.Column("latest_p90", INSTANT),
        sa.Column("schedule_version", sa.Integer, nullable=False),
        sa.Column("event_sequence", sa.Integer, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "status in ('waiting', 'called', 'in_service', 'done', 'left')",
            name="walk_ins_status_known",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name="walk_ins_service_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="walk_ins_provider_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name="walk_ins_client_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="walk_ins_pkey"),
    )
    op.create_index("walk_ins_joined_at_idx", "walk_ins", ["joined_at", "id"])
    live = "status in ('waiting', 'called', 'in_service')"
    op.create_index(
        "walk_ins_live_idx", "walk_ins", ["joined_at"], postgresql_where=sa.text(live)
    )
    op.create_index(
        "walk_ins_finished_at_idx",
        "walk_ins",
        ["finished_at"],
        postgresql_where=sa.text("finished_at is not null"),
    )
    op.create_index("walk_ins_client_idx", "walk_ins", ["client_id"])
    op.create_index(
        "walk_ins_one_place_key",
        "walk_ins",
        ["client_id"],
        unique=True,
        postgresql_where=sa.text(QUEUED),
    )


def _stamp_bookings() -> None:
    op.add_column("bookings", sa.Column("started_at", INSTANT))
    op.add_column("bookings", sa.Column("finished_at", INSTANT))
    op.create_check_constraint(
        "bookings_stamps_in_order", "bookings", "started_at < finished_at"
    )
    op.create_index(
        "bookings_finished_at_idx",
        "bookings",
        ["finished_at"],
        postgresql_where=sa.text("finished_at is not null"),
    )
    op.create_index(
        "bookings_in_service_idx",
        "bookings",
        ["started_at"],
        postgresql_where=sa.text("started_at is not null and finished_at is null"),
    )
