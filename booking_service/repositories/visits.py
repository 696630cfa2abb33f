"""Visits, whether booked or not: what they take, and what is to come."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    cast,
    extract,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from booking_service.domain.localtime import Span, moment
from booking_service.domain.queue import FORGOTTEN, MISTAKEN
from booking_service.domain.status import Status
from booking_service.models import Allocation, Booking, WalkIn

# So many of the last visits speak for those to come.
REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a visit took of its planned duration."""

    service_id: uuid.UUID
    is_booked: bool
    ratio: float


def recorded(session: Session) -> Sequence[Recorded]:
    """The last visits whose beginning and end were stamped.

    One that took many times what was planned, or next to nothing of it, says nothing:
    it was forgotten to be finished, or stamped by mistake.
    """

    def rows(
        model: type[Booking | WalkIn], planned: ColumnElement[Any], *, booked: bool
    ) -> Select[Any]:
        took = extract("epoch", model.finished_at - model.started_at)
        ratio = cast(took / planned, Float).label("ratio")
        query = select(model.service_id, literal(booked).label("booked"), ratio)
        return (
            query.where(
                model.finished_at.is_not(None),
                (took / planned).between(MISTAKEN, FORGOTTEN),
            )
            .order_by(model.finished_at.desc())
            .limit(REMEMBERED)
        )

    length = extract("epoch", Booking.ends_at - Booking.starts_at)
    queries = (
        rows(WalkIn, WalkIn.duration_minutes * 60.0, booked=False),
        rows(Booking, length, booked=True),
    )
    everything = union_all(*(select(each.subquery()) for each in queries))
    return [Recorded(*row) for row in session.execute(everything)]


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booking or hold that takes a provider or resource.

    Attributes:
        span: Buffers included.
        service_id: Of a booking; None if it is a hold.
        starts: When the booking begins, or really began.
        duration: As planned, in seconds.
        is_under_way: It was stamped to have begun, and not to have ended.
    """

    resource_id: uuid.UUID
    span: Span
    service_id: uuid.UUID | None
    starts: int
    duration: int
    is_under_way: bool


def appointments(
    session: Session, resource_ids: Collection[uuid.UUID], window: Span
) -> Sequence[Appointment]:
    """What is booked and held of some providers and resources, by start.

    Bookings that really began and have not ended are among them, though their time may
    be over. The seats of a group start are one.
    """
    starts, ends = moment(window[0]), moment(window[1])
    in_window = Allocation.blocked.overlaps(Range(starts, ends))
    seen = _taken(resource_ids, starts).where(in_window)
    over = _taken(resource_ids, starts).where(~in_window, _is_under_way())
    found: dict[object, Appointment] = {}
    for row in session.execute(union_all(seen, over)):
        lower, upper = int(row.lower), int(row.upper)
        is_booked = row.service_id is not None
        found[row.resource_id, row.session_id] = Appointment(
            row.resource_id,
            (lower, upper),
            row.service_id,
            int(row.begins) if is_booked else lower,
            int(row.length) if is_booked else upper - lower,
            bool(row.is_under_way),
        )
    return sorted(found.values(), key=lambda each: each.span)


def _is_under_way() -> ColumnElement[bool]:
    return and_(
        Booking.started_at.is_not(None),
        Booking.finished_at.is_(None),
        Booking.status == Status.CONFIRMED,
    )


def _taken(resource_ids: Collection[uuid.UUID], now: dt.datetime) -> Select[Any]:
    begins = func.coalesce(Booking.started_at, Booking.starts_at)
    length = Booking.ends_at - Booking.starts_at
    return (
        select(
            Allocation.resource_id,
            Allocation.session_id,
            func.floor(extract("epoch", func.lower(Allocation.blocked))).label("lower"),
            func.ceil(extract("epoch", func.upper(Allocation.blocked))).label("upper"),
            Booking.service_id,
            func.floor(extract("epoch", begins)).label("begins"),
            extract("epoch", length).label("length"),
            _is_under_way().label("is_under_way"),
        )
        .outerjoin(Booking, Booking.id == Allocation.booking_id)
        .where(
            Allocation.resource_id.in_(resource_ids),
            Allocation.walk_in_id.is_(None),
            (Allocation.expires_at.is_(None)) | (Allocation.expires_at > now),
        )
    )
