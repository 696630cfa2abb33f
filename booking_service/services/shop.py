"""What a shop settles for all its bookings."""

from __future__ import annotations

from sqlalchemy.orm import Session

from booking_service.models import ShopSettings
from booking_service.repositories import locks, shop
from booking_service.services.changes import Changes, Guard, apply
from booking_service.services.violations import written
from tenants.errors import InvalidShop
from tenants.provisioning import known_zones


def get_shop(session: Session) -> ShopSettings:
    """The shop's settings."""
    return shop.settings(session)


def update_shop(
    session: Session, *, changes: Changes, guard: Guard[ShopSettings]
) -> ShopSettings:
    """Change settings; what is booked stays, what is offered follows.

    Raises:
        InvalidShop: The zone is unknown.
    """
    zone = changes.get("timezone")
    if zone is not None and zone not in known_zones():
        raise InvalidShop("timezone", f"{zone!r} is not an IANA time zone")
    locks.change_schedule(session)
    settings = shop.settings(session)
    guard(settings)
    with written(session):
        apply(settings, changes)
    return settings
