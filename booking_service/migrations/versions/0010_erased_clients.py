"""Clients of whom nothing is known any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nobody was erased before."""
    op.add_column("clients", sa.Column("erased_at", sa.DateTime(timezone=True)))
