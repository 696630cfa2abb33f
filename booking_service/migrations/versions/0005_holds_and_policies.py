"""Holds, and what a shop may limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POLICIES = (
    "reschedule_notice_minutes",
    "max_bookings_per_day",
    "max_booked_minutes_per_day",
    "max_open_bookings_per_client",
    "max_holds_per_client",
)


def upgrade() -> None:
    """Add the table, what refers to it, and the settings."""
    for name in POLICIES:
        op.add_column("shop_settings", sa.Column(name, sa.Integer))
    instant = sa.DateTime(timezone=True)
    ids = postgresql.ARRAY(sa.Uuid)
    none = sa.text("'{}'")
    op.create_table(
        "holds",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("further_provider_ids", ids, nullable=False, server_default=none),
        sa.Column("resource_ids", ids, nullable=False, server_default=none),
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.Uuid),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("starts_at", instant, nullable=False),
        sa.Column("ends_at", instant, nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer, nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="holds_provider_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name="holds_service_id_fkey"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="holds_client_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="holds_pkey"),
    )
    op.create_index("holds_starts_at_idx", "holds", ["starts_at"])
    op.create_index("holds_client_idx", "holds", ["client_id"])
    op.create_index("holds_expires_at_idx", "holds", ["expires_at"])
    op.create_foreign_key(
        "allocations_hold_id_fkey",
        "allocations",
        "holds",
        ["hold_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index("allocations_hold_idx", "allocations", ["hold_id"])
