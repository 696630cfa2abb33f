"""Working hours as plans, each from a date on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "working_hours"


def upgrade() -> None:
    """The week that was entered becomes the first plan."""
    first = sa.Column(
        "effective_from", sa.Date, nullable=False, server_default="0001-01-01"
    )
    op.add_column(TABLE, first)
    op.drop_constraint("working_hours_pkey", TABLE, type_="primary")
    op.create_primary_key("working_hours_pkey", TABLE, ["provider_id", "effective_from"])
