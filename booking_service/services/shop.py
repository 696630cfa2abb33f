"""What a shop settles for all its bookings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from booking_service.models import ShopSettings
from booking_service.repositories import bookings, locks, shop
from booking_service.services.attention import Review
from booking_service.services.changes import Changes, Guard, apply
from booking_service.services.violations import written
from tenants.errors import InvalidShop
from tenants.provisioning import known_zones


def get_shop(session: Session) -> ShopSettings:
    """The shop's settings."""
    return shop.settings(session)


def update_shop(
    session: Session, *, changes: Changes, guard: Guard[ShopSettings], now: dt.datetime
) -> ShopSettings:
    """Change settings; what is booked stays, what is offered follows.

    In another zone the hours are other instants: bookings that fall outside are
    flagged.

    Raises:
        InvalidShop: The zone is unknown.
    """
    zone = changes.get("timezone")
    if zone is not None and zone not in known_zones():
        raise InvalidShop("timezone", f"{zone!r} is not an IANA time zone")
    review = Review.begin(session, provider_ids=None, now=now) if zone else None
    if review is None:
        locks.change_schedule(session)
    settings = shop.settings(session)
    guard(settings)
    with written(session):
        changed = apply(settings, changes)
    if review is not None and "timezone" in changed:
        bookings.rename_starts(session, ZoneInfo(settings.timezone), now=now)
        review.end(dry_run=False)
    return settings
