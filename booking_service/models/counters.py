"""Counters that say when what is free has changed."""

from __future__ import annotations

import uuid

from sqlalchemy import BigInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from booking_service.models.base import ShopBase

RULES = uuid.UUID(int=0)


class ScheduleCounter(ShopBase):
    """Raised whenever allocations of a resource change; absent means zero.

    The row of ``RULES`` is raised whenever the shop's rules change: its settings,
    services, providers, hours, absences and closures.
    """

    __tablename__ = "schedule_counters"

    resource_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
