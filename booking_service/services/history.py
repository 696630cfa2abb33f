"""Who changed what of a booking, and when."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.domain.ids import new_id
from booking_service.domain.localtime import rfc3339
from booking_service.models import Booking, BookingChange
from booking_service.repositories import bookings, history
from booking_service.repositories.paging import Page, PageRequest
from booking_service.services.identities import visibility

# The members whose changes are written down.
MEMBERS = (
    "starts_at",
    "ends_at",
    "provider_ids",
    "resource_ids",
    "status",
    "notes",
    "cancellation_reason",
    "started_at",
    "finished_at",
)
# What a booking was before it was made.
NOTHING: Mapping[str, Any] = {}
_RECORD = insert(cast(Table, BookingChange.__table__))


def snapshot(booking: Booking) -> Mapping[str, Any]:
    """What a booking is now, to be held against what it will be."""
    return {name: _plain(getattr(booking, name)) for name in MEMBERS}


def record(
    session: Session,
    booking: Booking,
    *,
    before: Mapping[str, Any],
    actor: Actor | None,
    now: dt.datetime,
) -> None:
    """Write down what has become of a booking, if it is another than before.

    Args:
        session: The transaction that changes it.
        booking: After the change.
        before: A snapshot, or ``NOTHING`` if it was just made.
        actor: Who did it; None is the service itself.
        now: The request's instant.
    """
    after = snapshot(booking)
    changed = [name for name in MEMBERS if before.get(name) != after[name]]
    if changed:
        values = {
            "id": new_id(),
            "booking_id": booking.id,
            "changed_at": now,
            "role": actor.role if actor else None,
            "subject": actor.subject if actor else None,
            "before": {name: before[name] for name in changed if name in before},
            "after": {name: after[name] for name in changed},
        }
        session.execute(_RECORD, values)


def list_changes(
    session: Session, *, booking_id: uuid.UUID, page: PageRequest, actor: Actor
) -> Page[BookingChange]:
    """The history of a booking, the first change first.

    Raises:
        NotFound: There is no such booking that the actor may see.
    """
    bookings.require(session, booking_id, visible_to=visibility(session, actor))
    return history.page_of(session, page, booking_id=booking_id)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return value
