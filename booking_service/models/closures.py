"""When the whole shop is closed."""

from __future__ import annotations

from booking_service.models.base import Identified, ShopBase, Versioned
from booking_service.models.spans import Stretch, stretch_constraints


class Closure(Identified, Versioned, Stretch, ShopBase):
    """One closure of the shop."""

    __tablename__ = "closures"
    __table_args__ = stretch_constraints()
