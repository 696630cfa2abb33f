"""What appointments need beside a provider."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Stamped, Versioned


class Resource(Identified, Versioned, Stamped, ShopBase):
    """A chair, a room or a machine; a deleted one stays for the sake of past bookings."""

    __tablename__ = "resources"

    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)
    deleted_at: Mapped[dt.datetime | None]
