"""Resources, and bookings that take several of them or several providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
NONE = sa.text("'{}'")


def upgrade() -> None:
    """Add the table, and what refers to it."""
    op.create_table(
        "resources",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name="resources_pkey"),
    )
    kinds = postgresql.ARRAY(sa.Text)
    op.add_column(
        "services", sa.Column("resource_kinds", kinds, nullable=False, server_default=NONE)
    )
    ids = postgresql.ARRAY(sa.Uuid)
    for name in ("further_provider_ids", "resource_ids"):
        op.add_column("bookings", sa.Column(name, ids, nullable=False, server_default=NONE))
        op.create_index(
            f"bookings_{name}_idx",
            "bookings",
            [name],
            postgresql_using="gin",
            postgresql_where=sa.text(f"{name} <> '{{}}'"),
        )
