"""Timers of other things than bookings."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Call what a timer is for as events call it; grants follow the column."""
    op.alter_column("timers", "booking_id", new_column_name="subject", schema="control")
