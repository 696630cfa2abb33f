"""Events and timers, written in the transaction of what they tell.

A shop's role may insert the columns named here and nothing else: it cannot read
the tables, and the database itself writes which shop a row is from.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert
from sqlalchemy.orm import Session

from booking_service.domain.ids import new_id
from booking_service.events.types import BookingEvent
from booking_service.models import Booking
from tenants.models import outbox, timers

EXPIRY = "booking.expiry"

_APPEND = insert(outbox)


def append(
    session: Session, booking: Booking, event: BookingEvent, *, at: dt.datetime
) -> None:
    """Announce what happened to a booking.

    Args:
        session: The transaction that makes it happen.
        booking: Locked or new; its ``event_sequence`` is this event's already.
        event: What happened.
        at: The request's instant.
    """
    session.execute(
        _APPEND,
        {
            "id": new_id(),
            "type": event.type,
            "subject": booking.id,
            "sequence": booking.event_sequence,
            "occurred_at": at,
            "payload": event.payload(),
        },
    )


def set_timer(
    session: Session, booking: Booking, *, kind: str, due_at: dt.datetime
) -> None:
    """Have the relay look at a booking later, unless its schedule changes first."""
    session.execute(
        insert(timers).values(
            id=new_id(),
            kind=kind,
            booking_id=booking.id,
            schedule_version=booking.schedule_version,
            due_at=due_at,
        )
    )
