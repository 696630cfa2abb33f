"""Who changed what of a booking, and when."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase


class BookingChange(Identified, ShopBase):
    """One change of one booking; the making of it is the first.

    ``before`` and ``after`` hold the members that changed, in the form of the
    contract. Without a role the service itself has made the change.
    """

    __tablename__ = "booking_changes"
    __table_args__ = (Index("booking_changes_booking_idx", "booking_id", "id"),)

    booking_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bookings.id", ondelete="CASCADE")
    )
    changed_at: Mapped[dt.datetime]
    role: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
