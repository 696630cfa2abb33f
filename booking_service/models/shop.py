"""What a shop has settled for all its bookings."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, SmallInteger, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import ShopBase, Versioned


class ShopSettings(Versioned, ShopBase):
    """The one row of a shop's own settings; minutes where the name says so."""

    __tablename__ = "shop_settings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text, default="EUR")
    slot_interval_minutes: Mapped[int | None]
    min_notice_minutes: Mapped[int] = mapped_column(default=0)
    booking_horizon_days: Mapped[int] = mapped_column(default=90)
    cancellation_notice_minutes: Mapped[int] = mapped_column(default=0)
    reschedule_notice_minutes: Mapped[int | None]
    max_bookings_per_day: Mapped[int | None]
    max_booked_minutes_per_day: Mapped[int | None]
    max_open_bookings_per_client: Mapped[int | None]
    max_holds_per_client: Mapped[int | None]
    hold_minutes: Mapped[int] = mapped_column(default=5)
    auto_confirm: Mapped[bool] = mapped_column(default=True)
    accepts_walk_ins: Mapped[bool] = mapped_column(default=True, server_default=true())
    walk_in_call_minutes: Mapped[int] = mapped_column(default=10, server_default="10")
