"""The tables of schema ``control``: the registry, and what a cell's shops share.

The registry (``shops``, ``shop_slugs``) is used in the cell that holds the
control plane; the rest is used in every cell.
"""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "control"
SLUG_PATTERN = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class Status(StrEnum):
    """Where a shop is in its life."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class ControlBase(DeclarativeBase):
    """Base of the control plane's models."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s",
        },
    )


class ShopRecord(ControlBase):
    """One shop of the registry.

    One that is deleted has its data and its role until it is purged, which may be done
    after ``purge_after``.
    """

    __tablename__ = "shops"
    __table_args__ = (
        CheckConstraint(f"slug ~ '{SLUG_PATTERN}'", name="slug_form"),
        CheckConstraint(
            "status in ('provisioning', 'active', 'suspended', 'deleted')",
            name="status_known",
        ),
        CheckConstraint(
            "status in ('provisioning', 'deleted') or role is not null",
            name="role_known",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    slug: Mapped[str] = mapped_column(Text(collation="C"), unique=True)
    issuer: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    cell: Mapped[str] = mapped_column(Text)
    schema: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str | None] = mapped_column(Text, unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    purge_after: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class SlugRecord(ControlBase):
    """Every slug that names or ever named a shop; never deleted."""

    __tablename__ = "shop_slugs"

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    shop_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(ShopRecord.id), index=True)


shop_roles = Table(
    "shop_roles",
    ControlBase.metadata,
    Column("name", Text, primary_key=True),
    Column("shop_id", Uuid, unique=True, comment="null: a spare"),
    Column("last_event_number", BigInteger, nullable=False, server_default="0"),
    comment="The roles of this cell's shops, spares included",
)

outbox = Table(
    "outbox",
    ControlBase.metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "recorded_at",
        DateTime(timezone=True),
        primary_key=True,
        server_default=func.clock_timestamp(),
    ),
    Column("shop_role", Text, nullable=False, server_default=text("current_user")),
    Column("type", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("number", BigInteger, comment="per shop, given by the relay"),
    Column("delivered_at", DateTime(timezone=True)),
    Index(
        "outbox_unnumbered_idx",
        "recorded_at",
        postgresql_where=text("number is null"),
    ),
    Index(
        "outbox_undelivered_idx",
        "shop_role",
        "number",
        postgresql_where=text("delivered_at is null"),
    ),
    comment="Events, written in the transaction of what they tell",
    postgresql_partition_by="RANGE (recorded_at)",
    # Shops may not read the table, and RETURNING is reading.
    implicit_returning=False,
)

timers = Table(
    "timers",
    ControlBase.metadata,
    Column("id", Uuid, primary_key=True),
    Column("shop_role", Text, nullable=False, server_default=text("current_user")),
    Column("kind", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("schedule_version", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Index("timers_due_at_idx", "due_at"),
    comment="What is due later, written like events",
    implicit_returning=False,
)

leases = Table(
    "leases",
    ControlBase.metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Uuid, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    comment="Which relay works on what; a row outlives its holder by its term only",
)

kept_answers = Table(
    "kept_answers",
    ControlBase.metadata,
    Column("id", Uuid, primary_key=True),
    Column("fingerprint", Uuid, nullable=False),
    Column("status", Integer),
    Column("location", Text),
    Column("body", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("kept_answers_created_at_idx", "created_at"),
)
