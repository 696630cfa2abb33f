"""Events and timers, written in the transaction of what they tell.

A shop's role may insert the columns named here and nothing else: it cannot read
the tables, and the database itself writes which shop a row is from.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.orm import Session

from booking_service.domain.ids import new_id
from booking_service.events.types import Event
from booking_service.models import Booking, WalkIn
from tenants.models import outbox, timers

EXPIRY = "booking.expiry"
WALK_IN_EXPIRY = "walk_in.expiry"

Timed = Booking | WalkIn


@dataclass(frozen=True)
class Once:
    """Something of which there is one event only."""

    id: uuid.UUID
    event_sequence: int = 1


Subject = Timed | Once

_APPEND = insert(outbox)


def append(session: Session, subject: Subject, event: Event, *, at: dt.datetime) -> None:
    """Announce what happened.

    Args:
        session: The transaction that makes it happen.
        subject: Locked or new; its ``event_sequence`` is this event's already.
        event: What happened.
        at: The request's instant.
    """
    session.execute(
        _APPEND,
        {
            "id": new_id(),
            "type": event.type,
            "subject": subject.id,
            "sequence": subject.event_sequence,
            "occurred_at": at,
            "payload": event.payload(),
        },
    )


def set_timer(session: Session, subject: Timed, *, kind: str, due_at: dt.datetime) -> None:
    """Have the relay look at it later, unless its schedule changes first."""
    session.execute(
        insert(timers).values(
            id=new_id(),
            kind=kind,
            subject=subject.id,
            schedule_version=subject.schedule_version,
            due_at=due_at,
        )
    )
