"""Who serves."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from booking_service.models.base import Identified, ShopBase, Stamped, Versioned
from booking_service.models.services import ServiceProvider


class Provider(Identified, Versioned, Stamped, ShopBase):
    """One who serves; a deleted one stays for the sake of past bookings."""

    __tablename__ = "providers"
    __table_args__ = (
        Index(
            "providers_subject_key",
            "subject",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)
    subject: Mapped[str | None] = mapped_column(Text)
    deleted_at: Mapped[dt.datetime | None]

    offers: Mapped[list[ServiceProvider]] = relationship(
        lazy="raise", cascade="all, delete-orphan"
    )
