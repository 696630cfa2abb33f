"""Refusals that name what could be had instead."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from booking_service.api.exchange import Body, actor, now
from booking_service.errors import SlotRefused
from booking_service.services import alternatives, booking_changes, bookings
from booking_service.services.bookings import NewBooking
from booking_service.services.holds import NewHold
from tenants.middleware import shop_transaction


@contextmanager
def alternatives_to(wanted: NewBooking | NewHold) -> Iterator[None]:
    """Name alternatives when a booking is refused, in a transaction of their own."""
    try:
        yield
    except SlotRefused as refused:
        with shop_transaction() as session:
            alternatives.offer_alternatives(
                session,
                refused,
                service_id=wanted.service_id,
                candidates=wanted.candidates,
                starts_at=wanted.starts_at,
                actor=actor(),
                now=now(),
            )
        raise


@contextmanager
def alternatives_to_move(booking_id: uuid.UUID, changes: Body) -> Iterator[None]:
    """The same for a move."""
    try:
        yield
    except SlotRefused as refused:
        with shop_transaction() as session:
            booking = bookings.get_booking(session, booking_id=booking_id, actor=actor())
            alternatives.offer_alternatives_to_move(
                session,
                refused,
                booking=booking,
                candidates=booking_changes.moved_to(booking, changes),
                starts_at=changes.get("starts_at", booking.starts_at),
                actor=actor(),
                now=now(),
            )
        raise
