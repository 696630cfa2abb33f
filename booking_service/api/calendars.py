"""``calendar.ics`` and the addresses to which calendar programs subscribe."""

from __future__ import annotations

import re
import uuid

import flask

from booking_service.api import answers, icalendars
from booking_service.api.answers import Json
from booking_service.api.exchange import actor, now
from booking_service.domain.localtime import rfc3339
from booking_service.errors import NotFound
from booking_service.models import CalendarFeed
from booking_service.services import calendars
from tenants.errors import ShopUnknown
from tenants.middleware import bind_to, current_shop, shop_transaction

# A shop's id, and the secret of one of its providers.
_TOKEN = re.compile(r"([0-9a-f]{32})-([A-Za-z0-9_-]{43})", re.ASCII)


def get_provider_calendar(provider_id: str) -> flask.Response:
    """``GET /providers/{provider_id}/calendar.ics``."""
    with shop_transaction() as session:
        found = calendars.provider_calendar(
            session, provider_id=uuid.UUID(provider_id), actor=actor(), now=now()
        )
        document = icalendars.of_provider(found)
    return answers.calendar(document)


def get_booking_calendar(booking_id: str) -> flask.Response:
    """``GET /bookings/{booking_id}/calendar.ics``."""
    with shop_transaction() as session:
        shop, event = calendars.booking_calendar(
            session, booking_id=uuid.UUID(booking_id), actor=actor()
        )
        document = icalendars.of_booking(event, shop=shop, for_client=actor().is_client)
    return answers.calendar(document)


def get_subscribed_calendar(feed_token: str) -> flask.Response:
    """``GET /calendar-feeds/{feed_token}/calendar.ics``; its address is its token."""
    parts = _TOKEN.fullmatch(feed_token)
    if parts is None:
        raise NotFound("calendar")
    try:
        bind_to(uuid.UUID(parts[1]))
        with shop_transaction() as session:
            found = calendars.subscribed_calendar(session, secret=parts[2], now=now())
            document = icalendars.of_provider(found)
    except ShopUnknown as unknown:
        raise NotFound("calendar") from unknown
    return answers.calendar(document)


def get_calendar_feed(provider_id: str) -> flask.Response:
    """``GET /providers/{provider_id}/calendar-feed``."""
    with shop_transaction() as session:
        feed = calendars.get_feed(
            session, provider_id=uuid.UUID(provider_id), actor=actor()
        )
        answer = serialise(feed)
    return answers.ok(answer)


def replace_calendar_feed(provider_id: str) -> flask.Response:
    """``PUT /providers/{provider_id}/calendar-feed``.

    No POST with a key, whose answer would be kept: nobody is to find the secret again.
    """
    with shop_transaction() as session:
        feed, secret = calendars.replace_feed(
            session,
            provider_id=uuid.UUID(provider_id),
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
        )
        path = f"/calendar-feeds/{current_shop().id.hex}-{secret}/calendar.ics"
        answer = {**serialise(feed), "path": path}
    return answers.ok(answer)


def delete_calendar_feed(provider_id: str) -> flask.Response:
    """``DELETE /providers/{provider_id}/calendar-feed``."""
    with shop_transaction() as session:
        calendars.revoke_feed(
            session,
            provider_id=uuid.UUID(provider_id),
            actor=actor(),
            guard=answers.guard(serialise),
        )
    return answers.gone()


def serialise(feed: CalendarFeed) -> Json:
    """A feed as the contract's ``CalendarFeed``; nobody can tell its address again."""
    return {
        "provider_id": str(feed.provider_id),
        "created_at": rfc3339(feed.created_at),
    }
