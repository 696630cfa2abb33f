"""Answers kept for retries, and counters of what changes availability."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.Uuid, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("location", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="kept_answers_pkey"),
    )
    op.create_index("kept_answers_created_at_idx", "kept_answers", ["created_at"])
    op.create_table(
        "schedule_counters",
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("resource_id", name="schedule_counters_pkey"),
    )
