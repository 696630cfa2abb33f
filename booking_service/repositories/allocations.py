"""The time that is taken."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Interval,
    Select,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Session

from booking_service.domain.localtime import Span, moment
from booking_service.domain.taken import Taken
from booking_service.models import Allocation, Booking


def _epoch(
    instant: ColumnElement[Any], rounded: Callable[..., Any] = func.ceil
) -> ColumnElement[int]:
    # Only an end can have a fraction of a second, and it still takes its second; an
    # answer that knows a hold is not true any more in the second of its expiry.
    return cast(rounded(func.extract("epoch", instant)), BigInteger)


def _blocking_statement() -> Select[Any]:
    # Of tables and not of models: rows are all that is wanted, many times a second.
    allocation, booking = Allocation.__table__.c, Booking.__table__.c
    start, end = func.lower(allocation.blocked), func.upper(allocation.blocked)
    before = func.make_interval(0, 0, 0, 0, 0, booking.buffer_before_minutes)
    after = func.make_interval(0, 0, 0, 0, 0, booking.buffer_after_minutes)
    begins, finishes = start + cast(before, Interval), end - cast(after, Interval)
    resources = bindparam("resources", type_=ARRAY(Uuid))
    return (
        select(
            allocation.resource_id,
            _epoch(start).label("start"),
            _epoch(end).label("end"),
            _epoch(func.coalesce(begins, start)).label("begins"),
            _epoch(func.coalesce(finishes, end)).label("finishes"),
            booking.service_id,
            booking.provider_id,
            # Whoever booked alone has a session of its own, named like the booking.
            (allocation.session_id != allocation.booking_id).label("in_group"),
            _epoch(allocation.expires_at, func.floor).label("expires_at"),
        )
        .outerjoin_from(
            Allocation.__table__, Booking.__table__, booking.id == allocation.booking_id
        )
        .where(
            allocation.resource_id == any_(resources),
            allocation.blocked.overlaps(bindparam("span", type_=TSTZRANGE)),
            or_(allocation.expires_at.is_(None), allocation.expires_at > bindparam("now")),
            allocation.booking_id.is_distinct_from(bindparam("except_booking")),
        )
    )


@dataclass(frozen=True, slots=True)
class Seat:
    """A provider or a resource, taken for one seat of a group start."""

    session_id: uuid.UUID
    resource_id: uuid.UUID
    seat: int


# No booking's id.
_NONE = uuid.UUID(int=0)
_BLOCKING = _blocking_statement()


def blocking(
    session: Session,
    resource_ids: Collection[uuid.UUID],
    window: Span,
    *,
    group_service: uuid.UUID | None,
    now: dt.datetime,
    except_booking: uuid.UUID | None = None,
) -> Mapping[uuid.UUID, list[Taken]]:
    """What is taken of the time of providers and resources around a window.

    Args:
        session: A transaction pinned to the shop.
        resource_ids: Whose time.
        window: What blocks any of it is wanted.
        group_service: The service whose group starts are told apart, if any.
        now: Holds that have expired by then do not count.
        except_booking: A booking that is about to move.
    """
    rows = session.execute(
        _BLOCKING,
        {
            "resources": list(resource_ids),
            "span": Range(moment(window[0]), moment(window[1])),
            "now": now,
            "except_booking": except_booking or _NONE,
        },
    )
    found: dict[uuid.UUID, list[Taken]] = {}
    for row in rows:
        is_seat = row.in_group and row.service_id == group_service
        found.setdefault(row.resource_id, []).append(
            Taken(
                span=(row.start, row.end),
                appointment=(row.begins, row.finishes),
                session=row.begins if is_seat else None,
                provider_id=row.provider_id,
                expires_at=row.expires_at,
            )
        )
    return found


def seats(session: Session, groups: Collection[uuid.UUID]) -> Sequence[Seat]:
    """What is taken by the sessions of group starts."""
    query = select(Allocation.session_id, Allocation.resource_id, Allocation.seat)
    rows = session.execute(query.where(Allocation.session_id.in_(groups)))
    return [Seat(*row) for row in rows]
