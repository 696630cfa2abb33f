"""``/bookings``: appointments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import flask
from sqlalchemy.orm import Session

from booking_service.api import answers, exchange
from booking_service.api.answers import Json
from booking_service.api.candidates import named_in, provider_ids_in
from booking_service.api.exchange import Body, actor, now
from booking_service.api.idempotency import create_once
from booking_service.api.refusals import (
    alternatives_to,
    alternatives_to_move,
    hold_first,
    hold_lives,
)
from booking_service.api.times import parse_instant
from booking_service.domain.availability import Reason
from booking_service.domain.localtime import rfc3339, rfc3339_or_none
from booking_service.domain.status import Status
from booking_service.errors import SlotRefused
from booking_service.models import Booking
from booking_service.repositories.bookings import Filters
from booking_service.repositories.paging import Key
from booking_service.services import booking_changes, bookings
from booking_service.services.bookings import NewBooking
from booking_service.services.idempotency import Reply
from tenants.middleware import shop_transaction

# What a body says of the booking, and what is said in other words to the service.
NOT_MEMBERS = (
    "provider_id",
    "provider_ids",
    "provider_mode",
    "override",
    "hold_alternative",
)
# What may be named to book past a rule.
OVERRIDES = {
    "hours": Reason.OUTSIDE_WORKING_HOURS,
    "break": Reason.BREAK,
    "notice": Reason.NOTICE,
    "horizon": Reason.HORIZON,
    "grid": Reason.OFF_GRID,
    "cap": Reason.DAILY_CAP,
}


def list_bookings(
    client_id: str | None = None,
    provider_id: str | None = None,
    service_id: str | None = None,
    status: list[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    *,
    needs_attention: bool | None = None,
    **window: Any,
) -> flask.Response:
    """``GET /bookings``; the window's ``from`` is a word of Python."""
    filters = Filters(
        client_id=_id(client_id),
        provider_id=_id(provider_id),
        service_id=_id(service_id),
        statuses=[Status(each) for each in status or ()],
        overlaps_from=_instant(window.get("from")),
        overlaps_to=_instant(window.get("to")),
        needs_attention=needs_attention,
    )
    if "from" in window and "to" in window:
        exchange.window(window["from"], window["to"])  # in order, or refused
    page = exchange.page_request(limit, cursor, _key)
    with shop_transaction() as session:
        found = bookings.list_bookings(session, page=page, filters=filters, actor=actor())
        return answers.listed(found, serialise)


def create_booking(body: Body) -> flask.Response:
    """``POST /bookings``."""
    wanted = _wanted(body)

    def create(session: Session) -> Reply:
        booking = bookings.create_booking(session, wanted=wanted, actor=actor(), now=now())
        return answers.created(serialise(booking), location=f"/bookings/{booking.id}")

    try:
        with alternatives_to(wanted):
            return create_once(body, create, still_true=hold_lives)
    except SlotRefused as refused:
        if not body.get("hold_alternative"):
            raise
        return hold_first(refused, wanted, body)


def get_booking(booking_id: str) -> flask.Response:
    """``GET /bookings/{booking_id}``."""
    with shop_transaction() as session:
        booking = bookings.get_booking(
            session, booking_id=uuid.UUID(booking_id), actor=actor()
        )
        answer = serialise(booking)
    return answers.ok(answer)


def update_booking(booking_id: str, body: Body) -> flask.Response:
    """``PUT /bookings/{booking_id}``."""
    changes, which = _changes(body), uuid.UUID(booking_id)
    with alternatives_to_move(which, changes), shop_transaction() as session:
        booking = booking_changes.update_booking(
            session,
            booking_id=which,
            changes=changes,
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(booking)
    return answers.ok(answer)


def cancel_booking(booking_id: str, reason: str | None = None) -> flask.Response:
    """``DELETE /bookings/{booking_id}``."""
    with shop_transaction() as session:
        booking = booking_changes.cancel_booking(
            session,
            booking_id=uuid.UUID(booking_id),
            reason=reason,
            actor=actor(),
            guard=answers.guard(serialise),
            now=now(),
        )
        answer = serialise(booking)
    return answers.ok(answer)


def serialise(booking: Booking) -> Json:
    """A booking as the contract's ``Booking``."""
    return {
        "id": str(booking.id),
        "provider_id": str(booking.provider_id),
        "provider_ids": [str(each) for each in booking.provider_ids],
        "resource_ids": [str(each) for each in booking.resource_ids],
        "service_id": str(booking.service_id),
        "client_id": str(booking.client_id),
        "starts_at": rfc3339(booking.starts_at),
        "ends_at": rfc3339(booking.ends_at),
        "status": booking.status,
        "needs_attention": booking.needs_attention,
        "notes": booking.notes,
        "cancellation_reason": booking.cancellation_reason,
        "started_at": rfc3339_or_none(booking.started_at),
        "finished_at": rfc3339_or_none(booking.finished_at),
        "version": booking.version,
        "created_at": rfc3339(booking.created_at),
        "updated_at": rfc3339(booking.updated_at),
    }


def _wanted(body: Body) -> NewBooking:
    members = exchange.members(body)
    for name in NOT_MEMBERS:
        members.pop(name, None)
    return NewBooking(candidates=named_in(body), waived=_waived(body), **members)


def _changes(body: Body) -> dict[str, Any]:
    changes = exchange.members(body)
    changes.pop("provider_id", None)
    changes.pop("override", None)
    changes["waived"] = _waived(body)
    provider_ids = provider_ids_in(body)
    if provider_ids is not None:
        changes["provider_ids"] = list(dict.fromkeys(map(uuid.UUID, provider_ids)))
    return changes


def _waived(body: Body) -> frozenset[Reason]:
    """The rules that a body says shall not count."""
    return frozenset(OVERRIDES[name] for name in body.get("override", ()))


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text is not None else None


def _instant(text: str | None) -> dt.datetime | None:
    return parse_instant(text) if text is not None else None


def _key(texts: list[str]) -> Key:
    return dt.datetime.fromisoformat(texts[0]), uuid.UUID(texts[1])
