"""What calendar programs are shown."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from booking_service.domain.status import Status
from booking_service.models import (
    Booking,
    CalendarFeed,
    Client,
    Provider,
    Service,
    ShopSettings,
    TimeOff,
)
from booking_service.repositories.bookings import is_served_by


@dataclass(frozen=True)
class Event:
    """A booking, with the names of what it refers to.

    Attributes:
        client: None if its client has given no name.
    """

    booking: Booking
    service: str
    provider: str
    client: str | None


def events_of(
    session: Session, provider_id: uuid.UUID, *, since: dt.datetime, limit: int
) -> Sequence[Event]:
    """A provider's bookings that were not cancelled, by start."""
    query = (
        _named()
        .where(
            is_served_by(provider_id),
            Booking.starts_at >= since,
            Booking.status != Status.CANCELLED,
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(limit)
    )
    return [_event(row) for row in session.execute(query)]


def event_of(session: Session, booking_id: uuid.UUID) -> Event:
    """A booking that is there."""
    return _event(session.execute(_named().where(Booking.id == booking_id)).one())


def absences_of(session: Session, provider_id: uuid.UUID) -> Sequence[TimeOff]:
    """A provider's absences, in the order of their making."""
    query = select(TimeOff).where(TimeOff.provider_id == provider_id)
    return session.scalars(query.order_by(TimeOff.id)).all()


def shop_name(session: Session) -> str:
    """What people call the shop."""
    return session.scalars(select(ShopSettings.name)).one()


def find_feed(session: Session, provider_id: uuid.UUID) -> CalendarFeed | None:
    """The feed of a provider; None if it has none."""
    query = select(CalendarFeed).where(CalendarFeed.provider_id == provider_id)
    return session.scalar(query.execution_options(populate_existing=True))


def find_feed_for_update(session: Session, provider_id: uuid.UUID) -> CalendarFeed | None:
    """The same, locked until the transaction ends."""
    query = select(CalendarFeed).where(CalendarFeed.provider_id == provider_id)
    return session.scalar(query.with_for_update(key_share=True))


def find_subscribed(session: Session, digest: bytes) -> uuid.UUID | None:
    """The provider to whose calendar a secret opens the way."""
    query = (
        select(Provider.id)
        .join(CalendarFeed, CalendarFeed.provider_id == Provider.id)
        .where(CalendarFeed.digest == digest, Provider.deleted_at.is_(None))
    )
    return session.scalar(query)


def _named() -> Select[Booking, str, str, str | None]:
    return (
        select(Booking, Service.name, Provider.name, Client.name)
        .join(Service, Service.id == Booking.service_id)
        .join(Provider, Provider.id == Booking.provider_id)
        .join(Client, Client.id == Booking.client_id)
    )


def _event(row: Row[Booking, str, str, str | None]) -> Event:
    booking, service, provider, client = row
    return Event(booking, service, provider, client)
