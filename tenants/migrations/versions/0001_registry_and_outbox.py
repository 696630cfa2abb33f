"""The registry of shops, and what a cell's shops share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _instant(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type] # options of Column


def _stamped_shop() -> sa.Column[object]:
    # The database, not the writer, says which shop a row is from.
    return sa.Column(
        "shop_role", sa.Text, nullable=False, server_default=sa.text("current_user")
    )


def upgrade() -> None:
    """Create every table of schema ``control``."""
    op.create_table(
        "shops",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("slug", sa.Text(collation="C"), nullable=False, unique=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("cell", sa.Text, nullable=False),
        sa.Column("schema", sa.Text, nullable=False, unique=True),
        sa.Column("role", sa.Text, unique=True),
        _instant("created_at", nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="shops_slug_form"
        ),
        sa.CheckConstraint(
            "status in ('provisioning', 'active', 'suspended', 'deleted')",
            name="shops_status_known",
        ),
        sa.CheckConstraint(
            "status in ('provisioning', 'deleted') or role is not null",
            name="shops_role_known",
        ),
        schema="control",
    )
    op.create_table(
        "shop_slugs",
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("shop_id", sa.Uuid, sa.ForeignKey("control.shops.id"), nullable=False),
        schema="control",
    )
    op.create_index("shop_slugs_shop_id_idx", "shop_slugs", ["shop_id"], schema="control")
    op.create_table(
        "shop_roles",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("shop_id", sa.Uuid, unique=True, comment="null: a spare"),
        sa.Column("last_event_number", sa.BigInteger, nullable=False, server_default="0"),
        comment="The roles of this cell's shops, spares included",
        schema="control",
    )
    _create_outbox()
    _create_timers()


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, primary_key=True),
        _instant("recorded_at", primary_key=True, server_default=sa.func.clock_timestamp()),
        _stamped_shop(),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        _instant("occurred_at", nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("number", sa.BigInteger, comment="per shop, given by the relay"),
        _instant("delivered_at"),
        comment="Events, written in the transaction of what they tell",
        schema="control",
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index(
        "outbox_unnumbered_idx",
        "outbox",
        ["recorded_at"],
        schema="control",
        postgresql_where=sa.text("number is null"),
    )
    op.create_index(
        "outbox_undelivered_idx",
        "outbox",
        ["shop_role", "number"],
        schema="control",
        postgresql_where=sa.text("delivered_at is null"),
    )


def _create_timers() -> None:
    op.create_table(
        "timers",
        sa.Column("id", sa.Uuid, primary_key=True),
        _stamped_shop(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("booking_id", sa.Uuid, nullable=False),
        sa.Column("schedule_version", sa.Integer, nullable=False),
        _instant("due_at", nullable=False),
        comment="What is due later, written like events",
        schema="control",
    )
    op.create_index("timers_due_at_idx", "timers", ["due_at"], schema="control")
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Uuid, nullable=False),
        _instant("expires_at", nullable=False),
        comment="Which relay works on what; a row outlives its holder by its term only",
        schema="control",
    )
