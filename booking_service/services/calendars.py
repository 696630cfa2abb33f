"""Calendars for calendar programs, and the secret addresses at which they read."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking_service.domain.actors import Actor
from booking_service.errors import NotFound
from booking_service.models import CalendarFeed, TimeOff
from booking_service.repositories import bookings, calendars, providers
from booking_service.repositories.calendars import Event
from booking_service.services.changes import Guard
from booking_service.services.identities import require_calendar, visibility

# What is older has no place in a calendar program.
KEPT = dt.timedelta(days=30)
MOST_EVENTS = 5000
SECRET_BYTES = 32


@dataclass(frozen=True)
class ProviderCalendar:
    """All that a provider's calendar shows.

    Attributes:
        name: The provider's and the shop's.
    """

    name: str
    shop: str
    events: Sequence[Event]
    absences: Sequence[TimeOff]


def provider_calendar(
    session: Session, *, provider_id: uuid.UUID, actor: Actor, now: dt.datetime
) -> ProviderCalendar:
    """A provider's calendar, for one who may see it.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    return _calendar(session, provider_id, now)


def subscribed_calendar(
    session: Session, *, secret: str, now: dt.datetime
) -> ProviderCalendar:
    """The calendar to which a secret opens the way.

    Raises:
        NotFound: It opens none, or no more.
    """
    provider_id = calendars.find_subscribed(session, _digest(secret))
    if provider_id is None:
        raise NotFound("calendar")
    return _calendar(session, provider_id, now)


def booking_calendar(
    session: Session, *, booking_id: uuid.UUID, actor: Actor
) -> tuple[str, Event]:
    """The shop's name and one booking.

    Raises:
        NotFound: There is none that the actor may see.
    """
    bookings.require(session, booking_id, visible_to=visibility(session, actor))
    return calendars.shop_name(session), calendars.event_of(session, booking_id)


def get_feed(session: Session, *, provider_id: uuid.UUID, actor: Actor) -> CalendarFeed:
    """That a provider has an address, and since when.

    Raises:
        NotFound: There is no such provider, it is another's calendar, or it has none.
    """
    require_calendar(session, actor, provider_id)
    return _required(calendars.find_feed(session, provider_id))


def replace_feed(
    session: Session,
    *,
    provider_id: uuid.UUID,
    actor: Actor,
    guard: Guard[CalendarFeed],
    now: dt.datetime,
) -> tuple[CalendarFeed, str]:
    """Make a provider's secret address; one that it had before ends to work.

    Returns:
        The feed, and the secret, of which only a digest is kept.

    Raises:
        NotFound: There is no such provider, or it is another's calendar.
    """
    require_calendar(session, actor, provider_id)
    guard(calendars.find_feed_for_update(session, provider_id))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values = {"digest": _digest(secret), "created_at": now}
    statement = insert(CalendarFeed).values(provider_id=provider_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[CalendarFeed.provider_id], set_=values
        )
    )
    return _required(calendars.find_feed(session, provider_id)), secret


def revoke_feed(
    session: Session,
    *,
    provider_id: uuid.UUID,
    actor: Actor,
    guard: Guard[CalendarFeed],
) -> None:
    """End a provider's secret address.

    Raises:
        NotFound: There is no such provider, it is another's calendar, or it has none.
    """
    require_calendar(session, actor, provider_id)
    feed = _required(calendars.find_feed_for_update(session, provider_id))
    guard(feed)
    session.delete(feed)
    session.flush()  # the answer is given when it is written


def _required(feed: CalendarFeed | None) -> CalendarFeed:
    if feed is None:
        raise NotFound("calendar feed")
    return feed


def _calendar(
    session: Session, provider_id: uuid.UUID, now: dt.datetime
) -> ProviderCalendar:
    since = now - KEPT
    return ProviderCalendar(
        name=providers.require(session, provider_id).name,
        shop=calendars.shop_name(session),
        events=calendars.events_of(session, provider_id, since=since, limit=MOST_EVENTS),
        absences=calendars.absences_of(session, provider_id),
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
