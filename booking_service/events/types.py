"""Events: past tense, frozen, facts only.

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
from booking_service.models import Booking, Client, WalkIn


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened.

    Attributes:
        by: The role of who did it, or ``service``.
    """

    type: ClassVar[str]

    by: str

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


def _role(actor: Actor | None) -> str:
    return actor.role.value if actor else "service"


@dataclass(frozen=True, kw_only=True)
class BookingEvent(Event):
    """What every event of a booking tells.

    Attributes:
        provider_id: Who leads; ``provider_ids`` are all who serve.
    """

    booking_id: uuid.UUID
    provider_id: uuid.UUID
    provider_ids: tuple[uuid.UUID, ...]
    resource_ids: tuple[uuid.UUID, ...]
    service_id: uuid.UUID
    client_id: uuid.UUID
    starts_at: dt.datetime
    ends_at: dt.datetime
    status: str

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
            by=_role(by),
            **facts,
        )


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


@dataclass(frozen=True, kw_only=True)
class WalkInEvent(Event):
    """What every event of a walk-in tells.

    Attributes:
        provider_id: Who serves, or is asked for; None is anyone.
    """

    walk_in_id: uuid.UUID
    service_id: uuid.UUID
    provider_id: uuid.UUID | None
    resource_ids: tuple[uuid.UUID, ...]
    client_id: uuid.UUID | None
    status: str
    joined_at: dt.datetime
    called_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None

    @classmethod
    def of(cls, walk_in: WalkIn, *, by: Actor | None, **facts: object) -> Self:
        """The event of a walk-in as it is now.

        Args:
            walk_in: After the change.
            by: Who did it; None is the service itself.
            facts: What this kind of event tells beyond.
        """
        return cls(
            walk_in_id=walk_in.id,
            service_id=walk_in.service_id,
            provider_id=walk_in.provider_id,
            resource_ids=tuple(walk_in.resource_ids),
            client_id=walk_in.client_id,
            status=walk_in.status,
            joined_at=walk_in.joined_at,
            called_at=walk_in.called_at,
            started_at=walk_in.started_at,
            finished_at=walk_in.finished_at,
            by=_role(by),
            **facts,
        )


@dataclass(frozen=True, kw_only=True)
class WalkInJoined(WalkInEvent):
    """Somebody joined the queue."""

    type = "walk_in.joined"


@dataclass(frozen=True, kw_only=True)
class WalkInCalled(WalkInEvent):
    """Its turn has come."""

    type = "walk_in.called"


@dataclass(frozen=True, kw_only=True)
class WalkInUpdated(WalkInEvent):
    """Who is to serve changed, or a call was taken back."""

    type = "walk_in.updated"

    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WalkInStarted(WalkInEvent):
    """It is being served."""

    type = "walk_in.started"


@dataclass(frozen=True, kw_only=True)
class WalkInFinished(WalkInEvent):
    """It was served."""

    type = "walk_in.finished"


@dataclass(frozen=True, kw_only=True)
class WalkInLeft(WalkInEvent):
    """It left without being served.

    Attributes:
        expired: Nobody said so; its time was over.
    """

    type = "walk_in.left"

    expired: bool


@dataclass(frozen=True, kw_only=True)
class ClientErased(Event):
    """A client was forgotten: whoever knows it by its id is to forget it, too."""

    type = "client.erased"

    client_id: uuid.UUID

    @classmethod
    def of(cls, client: Client, *, by: Actor | None) -> Self:
        """The event of a client.

        Args:
            client: Whom.
            by: Who did it; None is the service itself.
        """
        return cls(client_id=client.id, by=_role(by))
