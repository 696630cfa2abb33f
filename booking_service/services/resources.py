"""Chairs, rooms and machines."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from booking_service.errors import HasFutureBookings
from booking_service.models import Resource
from booking_service.repositories import bookings, locks, resources, walk_ins
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.changes import Changes, Guard, apply, touch
from booking_service.services.violations import written


def list_resources(
    session: Session, *, page: PageRequest, kind: str | None
) -> Page[Resource]:
    """The shop's resources, all or those of one kind."""
    return resources.page_of(session, page, kind=kind)


def get_resource(session: Session, *, resource_id: uuid.UUID) -> Resource:
    """One resource.

    Raises:
        NotFound: There is none with this id.
    """
    return resources.require(session, resource_id)


def create_resource(
    session: Session, *, members: Mapping[str, Any], now: dt.datetime
) -> Resource:
    """Enter a resource, which services that need its kind may take from now on."""
    locks.change_schedule(session)
    resource = Resource(created_at=now, updated_at=now, **members)
    with written(session):
        session.add(resource)
    return resource


def update_resource(
    session: Session,
    *,
    resource_id: uuid.UUID,
    changes: Changes,
    guard: Guard[Resource],
    now: dt.datetime,
) -> Resource:
    """Change a resource; what is booked stays.

    Raises:
        NotFound: There is none with this id.
    """
    locks.change_schedule(session)
    resource = resources.require(session, resource_id)
    guard(resource)
    with written(session):
        if apply(resource, changes):
            touch(resource, now)
    return resource


def delete_resource(
    session: Session, *, resource_id: uuid.UUID, guard: Guard[Resource], now: dt.datetime
) -> None:
    """Take a resource out of the shop; past bookings stay.

    Raises:
        NotFound: There is none with this id.
        HasFutureBookings: It is booked.
    """
    locks.change_schedule(session)
    resource = resources.require(session, resource_id)
    guard(resource)
    if bookings.has_future(session, now=now, resource_id=resource_id):
        raise HasFutureBookings("Move or cancel the resource's bookings first.")
    if walk_ins.any_live(session, now=now, resource_id=resource_id):
        raise HasFutureBookings("Serve or send away the resource's walk-ins first.")
    resource.deleted_at = now
    session.flush()  # the answer is given when it is written
