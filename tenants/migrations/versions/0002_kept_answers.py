"""Answers kept for retries of what the platform creates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table that every shop's schema has, too."""
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("fingerprint", sa.Uuid, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("location", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        schema="control",
    )
    op.create_index(
        "kept_answers_created_at_idx", "kept_answers", ["created_at"], schema="control"
    )
