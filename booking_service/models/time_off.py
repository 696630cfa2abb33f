"""When a provider is away."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Versioned
from booking_service.models.spans import Stretch, stretch_constraints


class TimeOff(Identified, Versioned, Stretch, ShopBase):
    """One absence of one provider."""

    __tablename__ = "time_off"
    __table_args__ = stretch_constraints()

    provider_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("providers.id", ondelete="CASCADE"), index=True
    )
