"""Bookings that need attention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the flag, and an index of those that bear it."""
    flag = sa.Column(
        "needs_attention", sa.Boolean, nullable=False, server_default=sa.false()
    )
    op.add_column("bookings", flag)
    op.create_index(
        "bookings_needs_attention_idx",
        "bookings",
        ["starts_at", "id"],
        postgresql_where=sa.text("needs_attention"),
    )
