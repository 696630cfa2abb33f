"""Who is served."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import Identified, ShopBase, Stamped, Versioned


class Client(Identified, Versioned, Stamped, ShopBase):
    """One who is served; ``subject`` is set where it has a login of its own.

    One who was erased keeps its id, for the sake of past bookings, and nothing else.
    """

    __tablename__ = "clients"

    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(Text)
    notification_channels: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    subject: Mapped[str | None] = mapped_column(Text, unique=True)
    erased_at: Mapped[dt.datetime | None]
