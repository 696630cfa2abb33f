"""Visits, whether booked or not: what they take, and what is to come."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    Uuid,
    and_,
    cast,
    extract,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking_service.domain.choice import Workload
from booking_service.domain.localtime import Span, moment
from booking_service.domain.queue import FORGOTTEN, MISTAKEN
from booking_service.domain.status import COUNTED, OPEN, Status
from booking_service.domain.walk_ins import WalkInStatus
from booking_service.models import Allocation, Booking, WalkIn
from booking_service.repositories.bookings import served_by_any

# What was cancelled, or whose client did not come, took no time.
_SERVED = (Status.CONFIRMED, Status.COMPLETED, WalkInStatus.DONE)
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
                model.status.in_(_SERVED),
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
        is_booked: Else it is a hold.
        starts: When the booking begins, or really began.
        duration: As planned, in seconds.
        is_under_way: It was stamped to have begun, and not to have ended.
    """

    resource_id: uuid.UUID
    span: Span
    is_booked: bool
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
        is_booked = row.booking_id is not None
        found[row.resource_id, row.session_id] = Appointment(
            row.resource_id,
            (lower, upper),
            is_booked,
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
            Booking.id.label("booking_id"),
            func.floor(extract("epoch", begins)).label("begins"),
            extract("epoch", length).label("length"),
            _is_under_way().label("is_under_way"),
        )
        .outerjoin(Booking, Booking.id == Allocation.booking_id)
        .where(
            Allocation.resource_id.in_(resource_ids),
            Allocation.walk_in_id.is_(None),
            (Allocation.expires_at.is_(None)) | (Allocation.expires_at > now),
            # What is over has given back its time.
            Booking.id.is_(None) | Booking.status.in_(OPEN),
        )
    )


def serving(session: Session, *, now: dt.datetime) -> frozenset[uuid.UUID]:
    """The providers who are with somebody, as far as that was stamped.

    Visits that were forgotten to be finished do not count.
    """
    planned = extract("epoch", Booking.ends_at - Booking.starts_at)
    walk_ins = select(WalkIn.provider_id).where(
        WalkIn.status == WalkInStatus.IN_SERVICE,
        _lasted(WalkIn.started_at, now) < WalkIn.duration_minutes * 60 * FORGOTTEN,
    )
    everyone = func.array_prepend(Booking.provider_id, Booking.further_provider_ids)
    booked = select(func.unnest(everyone, type_=Uuid)).where(
        _is_under_way(), _lasted(Booking.started_at, now) < planned * FORGOTTEN
    )
    found = session.scalars(union_all(walk_ins, booked))
    return frozenset(each for each in found if each is not None)


def _lasted(
    started_at: InstrumentedAttribute[dt.datetime | None], now: dt.datetime
) -> ColumnElement[Any]:
    """For how many seconds a visit is under way."""
    return extract("epoch", literal(now, started_at.type) - started_at)


def workloads(
    session: Session,
    provider_ids: Collection[uuid.UUID],
    *,
    day: Span,
    before: dt.datetime,
) -> Mapping[uuid.UUID, Workload]:
    """What providers have to do on a day, and since when they are idle.

    Args:
        session: A transaction pinned to the shop.
        provider_ids: Whom.
        day: The local day's span; walk-ins that began on it count like bookings.
        before: Idle time is counted from the last visit that ends by then.
    """
    starts, ends = moment(day[0]), moment(day[1])
    # Who was idle for longer than this is idle enough.
    since = starts - dt.timedelta(days=31)
    everyone = func.array_prepend(Booking.provider_id, Booking.further_provider_ids)
    booked = select(
        func.unnest(everyone, type_=Uuid).label("provider_id"),
        Booking.starts_at.label("starts"),
        Booking.ends_at.label("ends"),
    ).where(
        served_by_any(provider_ids),
        Booking.status.in_(COUNTED),
        Booking.starts_at < ends,
        Booking.starts_at >= since,
    )
    minutes = func.make_interval(0, 0, 0, 0, 0, WalkIn.duration_minutes)
    walked_in = select(
        WalkIn.provider_id,
        WalkIn.started_at,
        func.coalesce(WalkIn.finished_at, WalkIn.started_at + minutes),
    ).where(
        WalkIn.provider_id.in_(provider_ids),
        WalkIn.started_at < ends,
        WalkIn.started_at >= since,
    )
    visit = union_all(booked, walked_in).subquery("visit").c
    seconds = func.sum(extract("epoch", visit.ends - visit.starts))
    query = (
        select(
            visit.provider_id,
            cast(
                func.coalesce(seconds.filter(visit.starts >= starts), 0) / 60, Integer
            ).label("minutes"),
            func.max(visit.ends).filter(visit.ends <= before).label("idle_since"),
        )
        .where(visit.provider_id.in_(provider_ids))
        .group_by(visit.provider_id)
    )
    return {
        row.provider_id: Workload(row.minutes, row.idle_since)
        for row in session.execute(query)
    }
