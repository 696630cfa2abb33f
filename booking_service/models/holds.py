"""Slots that are kept for a few minutes."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase
from booking_service.models.bookings import ids_column


class Hold(Identified, ShopBase):
    """One slot, kept for its holder until ``expires_at``.

    The holder is the bearer of a token; ``client_id`` is its record if it is a
    client.
    """

    __tablename__ = "holds"
    __table_args__ = (
        Index("holds_starts_at_idx", "starts_at"),
        Index("holds_client_idx", "client_id"),
        Index("holds_expires_at_idx", "expires_at"),
    )

    provider_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("providers.id"))
    further_provider_ids: Mapped[list[uuid.UUID]] = ids_column()
    resource_ids: Mapped[list[uuid.UUID]] = ids_column()
    service_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("services.id"))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clients.id"))
    role: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    expires_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]

    @property
    def provider_ids(self) -> tuple[uuid.UUID, ...]:
        """Everyone who would serve; the first one leads."""
        return self.provider_id, *self.further_provider_ids
