"""The shop's own settings."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking_service.models import ShopSettings


def settings(session: Session) -> ShopSettings:
    """The shop's settings; every shop has them from its making on."""
    return session.scalars(select(ShopSettings)).one()
