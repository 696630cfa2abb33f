"""Secret addresses at which calendar programs read."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import ShopBase


class CalendarFeed(ShopBase):
    """The address of one provider's calendar; of its secret only a digest is kept."""

    __tablename__ = "calendar_feeds"

    provider_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
