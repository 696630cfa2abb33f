"""What is offered, and by whom."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Stamped, Versioned


class Service(Identified, Versioned, Stamped, ShopBase):
    """A service; a deleted one stays for the sake of past bookings.

    An appointment takes one resource of each of its ``resource_kinds``.
    """

    __tablename__ = "services"
    __table_args__ = (
        CheckConstraint("duration_minutes between 1 and 1440", name="duration_range"),
        CheckConstraint("capacity between 1 and 1000", name="capacity_range"),
    )

    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    duration_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int] = mapped_column(default=0)
    buffer_after_minutes: Mapped[int] = mapped_column(default=0)
    slot_interval_minutes: Mapped[int | None]
    min_notice_minutes: Mapped[int | None]
    max_per_day: Mapped[int | None]
    capacity: Mapped[int] = mapped_column(default=1)
    resource_kinds: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list, server_default=text("'{}'")
    )
    price_amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    price_currency: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)
    deleted_at: Mapped[dt.datetime | None]


class ServiceProvider(ShopBase):
    """A provider offers a service."""

    __tablename__ = "service_providers"

    provider_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True
    )
    service_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("services.id", ondelete="CASCADE"), primary_key=True, index=True
    )
