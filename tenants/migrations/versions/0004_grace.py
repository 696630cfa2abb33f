"""Shops that are deleted, and not gone yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; those that were deleted before are gone."""
    op.add_column(
        "shops", sa.Column("purge_after", sa.DateTime(timezone=True)), schema="control"
    )
