"""What the shop offers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from booking_service.errors import HasFutureBookings
from booking_service.models import Service
from booking_service.repositories import bookings, locks, services, walk_ins
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.violations import written


def list_services(session: Session, *, page: PageRequest) -> Page[Service]:
    """The shop's services."""
    return services.page_of(session, page)


def get_service(session: Session, *, service_id: uuid.UUID) -> Service:
    """One service.

    Raises:
        NotFound: There is none with this id.
    """
    return services.require(session, service_id)


def create_service(
    session: Session, *, members: Mapping[str, Any], now: dt.datetime
) -> Service:
    """Offer something new."""
    locks.change_schedule(session)
    service = Service(created_at=now, updated_at=now, **members)
    with written(session):
        session.add(service)
    return service


def update_service(
    session: Session,
    *,
    service_id: uuid.UUID,
    changes: Changes,
    guard: Guard[Service],
    now: dt.datetime,
) -> Service:
    """Change what is offered from now on; bookings keep what they were made with.

    Raises:
        NotFound: There is none with this id.
    """
    locks.change_schedule(session)
    service = services.require(session, service_id)
    guard(service)
    with written(session):
        if apply(service, changes):
            touch(service, now)
    return service


def delete_service(
    session: Session, *, service_id: uuid.UUID, guard: Guard[Service], now: dt.datetime
) -> None:
    """Offer something no longer.

    Raises:
        NotFound: There is none with this id.
        HasFutureBookings: Somebody has booked it.
    """
    locks.change_schedule(session)
    service = services.require(session, service_id)
    guard(service)
    if bookings.has_future(session, now=now, service_id=service_id):
        raise HasFutureBookings("Cancel or finish the service's bookings first.")
    if walk_ins.any_live(session, now=now, service_id=service_id):
        raise HasFutureBookings("Serve or send away the service's walk-ins first.")
    service.deleted_at = now
    for provider in services.providers_of(session, service_id):
        provider.offers = [
            each for each in provider.offers if each.service_id != service_id
        ]
        touch(provider, now)
    session.flush()  # the answer is given when it is written
