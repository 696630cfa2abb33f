"""Taking, moving and giving back time: the only writer of ``allocations``."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from booking_service.domain.availability import Offer, Reason
from booking_service.domain.ids import group_session, new_id
from booking_service.domain.localtime import instant, moment
from booking_service.errors import SlotTaken
from booking_service.models import Allocation, Booking
from booking_service.repositories import allocations, counters, locks
from booking_service.services.violations import translated

_COLUMNS = Booking.__table__.c


def _place_statement() -> Select[Any]:
    """Take the time; with it write the booking and raise the provider's counter."""
    columns = Allocation.__table__.c
    taken = (
        insert(Allocation)
        .values(
            id=bindparam("allocation_id"),
            resource_id=bindparam("provider_id"),
            blocked=bindparam("blocked"),
            session_id=bindparam("session_id"),
            seat=bindparam("seat"),
            booking_id=bindparam("id"),
        )
        .on_conflict_do_nothing()
        .returning(columns.resource_id)
        .cte("taken")
    )
    given = [bindparam(each.key, type_=each.type).label(each.key) for each in _COLUMNS]
    booked = insert(Booking).from_select(
        [each.key for each in _COLUMNS], select(*given).select_from(taken)
    )
    return (
        select(func.count())
        .select_from(taken)
        .add_cte(
            booked.cte("booked"),
            counters.raised_by(select(taken.c.resource_id)).cte("raised"),
        )
    )


_PLACE = _place_statement()


def place(session: Session, booking: Booking, offer: Offer) -> bool:
    """Take the time of a new booking and write it, both or neither.

    If the time is gone nothing is left, and another provider can be tried in the
    same transaction.

    Args:
        session: A transaction pinned to the shop.
        booking: Complete, and not in the session: one statement writes it.
        offer: Its duration and buffers.

    Returns:
        Whether the time could be taken.
    """
    seat = _seat(session, booking, offer)
    if seat is None:
        return False
    group, number = seat
    values = {column.key: getattr(booking, column.key) for column in _COLUMNS}
    allocation = {
        "allocation_id": new_id(),
        "blocked": _blocked(booking, offer),
        "session_id": group,
        "seat": number,
    }
    return bool(session.execute(_PLACE, values | allocation).scalar_one())


def relocate(
    session: Session, booking: Booking, offer: Offer, *, previous_provider: uuid.UUID
) -> None:
    """Take a booking's new time and give back the old, as one change.

    Args:
        session: A transaction pinned to the shop.
        booking: Already bears its new start and provider.
        offer: Its own duration and buffers.
        previous_provider: Who would have served.

    Raises:
        SlotTaken: The new time is gone.
    """
    seat = _seat(session, booking, offer)
    if seat is None:
        raise SlotTaken([Reason.CAPACITY])
    locks.move_between(session, {previous_provider, booking.provider_id})
    group, number = seat
    values = {
        "resource_id": booking.provider_id,
        "blocked": _blocked(booking, offer),
        "session_id": group,
        "seat": number,
    }
    with translated():
        if offer.capacity > 1:
            release(session, booking)
            row = {"id": new_id(), "booking_id": booking.id, **values}
            session.execute(insert(Allocation).values(row))
        else:
            of_booking = Allocation.booking_id == booking.id
            session.execute(update(Allocation).where(of_booking).values(values))
    counters.raise_resources(session, {previous_provider, booking.provider_id})


def release(session: Session, booking: Booking) -> None:
    """Give back all the time of a booking."""
    session.execute(delete(Allocation).where(Allocation.booking_id == booking.id))
    counters.raise_resources(session, [booking.provider_id])


def end_early(session: Session, booking: Booking, now: dt.datetime) -> None:
    """Give back what is left of a booking that is over before its time."""
    lower, upper = func.lower(Allocation.blocked), func.upper(Allocation.blocked)
    session.execute(
        update(Allocation)
        .where(Allocation.booking_id == booking.id)
        .values(blocked=func.tstzrange(lower, func.least(upper, now)))
    )
    counters.raise_resources(session, [booking.provider_id])


def _blocked(booking: Booking, offer: Offer) -> Range[dt.datetime]:
    begins, ends = offer.blocked(instant(booking.starts_at))
    return Range(moment(begins), moment(ends))


def _seat(session: Session, booking: Booking, offer: Offer) -> tuple[uuid.UUID, int] | None:
    """The session and seat to take; None if a group start is full."""
    if offer.capacity == 1:
        return booking.id, 0
    group = group_session(booking.provider_id, booking.service_id, booking.starts_at)
    locks.seat_group(session, group)
    taken = allocations.taken_seats(session, group, booking.provider_id)
    if len(taken) >= offer.capacity:
        return None
    free = next(seat for seat in range(offer.capacity) if seat not in taken)
    return group, free
