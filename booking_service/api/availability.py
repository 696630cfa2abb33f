"""``/availability``: what is free."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import flask

from booking_service.api import exchange
from booking_service.api.exchange import Json, now
from booking_service.domain.localtime import rfc3339
from booking_service.errors import InvalidInput
from booking_service.services import availability
from booking_service.services.availability import Answer
from tenants.middleware import shop_transaction

LONGEST_WINDOW = dt.timedelta(days=62)
DEFAULT_LIMIT = 1000


def get_availability(
    service_id: str,
    provider_id: list[str] | None = None,
    limit: int | None = None,
    **window: Any,
) -> flask.Response:
    """``GET /availability``; the window's ``from`` is a word of Python."""
    starts_from, starts_before = exchange.window(window["from"], window["to"])
    if starts_before - starts_from > LONGEST_WINDOW:
        raise InvalidInput.at("#/query/to", "must be at most 62 days after from")
    with shop_transaction() as session:
        answer = availability.free_slots(
            session,
            service_id=uuid.UUID(service_id),
            provider_ids=[uuid.UUID(each) for each in provider_id or ()],
            starts_from=starts_from,
            starts_before=starts_before,
            limit=limit or DEFAULT_LIMIT,
            now=now(),
        )
    return exchange.plain(serialise(answer))


def serialise(answer: Answer) -> Json:
    """An answer as the contract's ``Availability``."""
    return {
        "timezone": answer.timezone,
        "slots": [
            {
                "starts_at": rfc3339(slot.starts_at),
                "ends_at": rfc3339(slot.ends_at),
                "provider_ids": [str(provider) for provider in slot.provider_ids],
                "seats_left": slot.seats_left,
            }
            for slot in answer.slots
        ],
        "next_from": rfc3339(answer.next_from) if answer.next_from else None,
    }
