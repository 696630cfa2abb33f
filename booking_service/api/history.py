"""``/bookings/{booking_id}/history``."""

from __future__ import annotations

import uuid

import flask

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.exchange import actor
from booking_service.domain.localtime import rfc3339
from booking_service.models import BookingChange
from booking_service.services import history
from tenants.middleware import shop_transaction


def list_booking_changes(
    booking_id: str, limit: int | None = None, cursor: str | None = None
) -> flask.Response:
    """``GET /bookings/{booking_id}/history``."""
    page = exchange.page_request(limit, cursor, exchange.by_id)
    with shop_transaction() as session:
        found = history.list_changes(
            session, booking_id=uuid.UUID(booking_id), page=page, actor=actor()
        )
        return answers.listed(found, serialise)


def serialise(change: BookingChange) -> Json:
    """A change as the contract's ``BookingChange``."""
    return {
        "id": str(change.id),
        "changed_at": rfc3339(change.changed_at),
        "role": change.role,
        "subject": change.subject,
        "before": change.before,
        "after": change.after,
    }
