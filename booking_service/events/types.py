"""The events of a booking: past tense, frozen, facts only.

No contact details: the relay adds what a destination may know when it delivers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from booking_service.domain.actors import Actor
from booking_service.domain.localtime import rfc3339
from booking_service.models import Booking


@dataclass(frozen=True, kw_only=True)
class BookingEvent:
    """What every event of a booking tells.

    Attributes:
        provider_id: Who leads; ``provider_ids`` are all who serve.
        by: The role of who did it, or ``service``.
    """

    type: ClassVar[str]

    booking_id: uuid.UUID
    provider_id: uuid.UUID
    provider_ids: tuple[uuid.UUID, ...]
    resource_ids: tuple[uuid.UUID, ...]
    service_id: uuid.UUID
    client_id: uuid.UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    status: str
    by: str

    @classmethod
    def of(cls, booking: Booking, *, by: Actor | None, **facts: object) -> Self:
        """The event of a booking as it is now.

        Args:
            booking: After the change.
            by: Who did it; None is the service itself.
            facts: What this kind of event tells beyond.
        """
        return cls(
            booking_id=booking.id,
            provider_id=booking.provider_id,
            provider_ids=booking.provider_ids,
            resource_ids=tuple(booking.resource_ids),
            service_id=booking.service_id,
            client_id=booking.client_id,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            status=booking.status,
            by=by.role.value if by else "service",
            **facts,
        )

    def payload(self) -> Mapping[str, object]:
        """The facts in the types of JSON."""
        facts = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: _plain(fact) for name, fact in facts}


def _plain(fact: object) -> object:
    if isinstance(fact, dt.datetime):
        return rfc3339(fact)
    if isinstance(fact, tuple):
        return [_plain(each) for each in fact]
    return str(fact) if isinstance(fact, uuid.UUID) else fact


@dataclass(frozen=True, kw_only=True)
class BookingCreated(BookingEvent):
    """A booking was made; its status tells whether it still waits."""

    type = "booking.created"


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed(BookingEvent):
    """A pending booking was confirmed."""

    type = "booking.confirmed"


@dataclass(frozen=True, kw_only=True)
class BookingUpdated(BookingEvent):
    """Something other than time, provider or status changed."""

    type = "booking.updated"

    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BookingRescheduled(BookingEvent):
    """A booking moved to another time or provider."""

    type = "booking.rescheduled"

    previous_starts_at: dt.datetime
    previous_provider_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True, kw_only=True)
class BookingCancelled(BookingEvent):
    """A booking was called off."""

    type = "booking.cancelled"

    reason: str | None


@dataclass(frozen=True, kw_only=True)
class BookingCompleted(BookingEvent):
    """The client was served."""

    type = "booking.completed"


@dataclass(frozen=True, kw_only=True)
class BookingNoShow(BookingEvent):
    """The client did not come."""

    type = "booking.no_show"
