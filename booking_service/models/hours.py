"""When a provider works, in the shop's wall-clock time."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Date, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import ShopBase, Versioned

# From when on the first plan holds.
ALWAYS = dt.date.min


class WorkingHours(Versioned, ShopBase):
    """A plan: a provider's week, whole, from a local date on until the next plan.

    ``hours`` is a list of ``{"weekday", "starts", "ends", "breaks"}`` in the
    form of the contract; it is always read and replaced as one.
    """

    __tablename__ = "working_hours"

    provider_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True
    )
    effective_from: Mapped[dt.date] = mapped_column(
        Date, primary_key=True, default=ALWAYS, server_default="0001-01-01"
    )
    hours: Mapped[list[Any]] = mapped_column(JSONB, default=list)


class DateOverride(Versioned, ShopBase):
    """The hours of one local date instead of the week's; none: closed."""

    __tablename__ = "date_overrides"

    provider_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    hours: Mapped[list[Any]] = mapped_column(JSONB, default=list)
