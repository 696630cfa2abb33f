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
    and_,
    any_,
    bindparam,
    case,
    cast,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Session

from booking_service.domain.localtime import Span, moment
from booking_service.domain.taken import Taken
from booking_service.models import Allocation, Booking, Hold


def _epoch(
    instant: ColumnElement[Any], rounded: Callable[..., Any] = func.ceil
) -> ColumnElement[int]:
    # Only an end can have a fraction of a second, and it still takes its second; an
    # answer that knows a hold is not true any more in the second of its expiry.
    return cast(rounded(func.extract("epoch", instant)), BigInteger)


def _blocking_statement() -> Select[Any]:
    # Of tables and not of models: rows are all that is wanted, many times a second.
    allocation, booking, hold = (model.__table__.c for model in (Allocation, Booking, Hold))

    def of_either(name: str) -> ColumnElement[Any]:
        return func.coalesce(booking[name], hold[name])

    cause = func.coalesce(allocation.booking_id, allocation.hold_id)
    start, end = func.lower(allocation.blocked), func.upper(allocation.blocked)
    before = func.make_interval(0, 0, 0, 0, 0, of_either("buffer_before_minutes"))
    after = func.make_interval(0, 0, 0, 0, 0, of_either("buffer_after_minutes"))
    begins, finishes = start + cast(before, Interval), end - cast(after, Interval)
    resources = bindparam("resources", type_=ARRAY(Uuid))
    found = (
        select(
            allocation.resource_id,
            _epoch(start).label("start"),
            _epoch(end).label("end"),
            _epoch(func.coalesce(begins, start)).label("begins"),
            _epoch(func.coalesce(finishes, end)).label("finishes"),
            # Whoever books alone has a session of its own, named like its cause.
            case(
                (
                    and_(
                        allocation.session_id != cause,
                        of_either("service_id") == bindparam("group_service"),
                    ),
                    of_either("provider_id"),
                )
            ).label("group_of"),
            _epoch(allocation.expires_at, func.floor).label("expires_at"),
        )
        .select_from(
            Allocation.__table__.outerjoin(
                Booking.__table__, booking.id == allocation.booking_id
            ).outerjoin(Hold.__table__, hold.id == allocation.hold_id)
        )
        .where(
            allocation.resource_id == any_(resources),
            allocation.blocked.overlaps(bindparam("span", type_=TSTZRANGE)),
            or_(allocation.expires_at.is_(None), allocation.expires_at > bindparam("now")),
            cause.is_distinct_from(bindparam("except_for")),
        )
        .subquery()
    )
    # One row a resource: what a thousand rows cost is in making them.
    facts = [each for each in found.c if each.name != "resource_id"]
    return select(
        found.c.resource_id,
        *(func.array_agg(each, type_=ARRAY(each.type)).label(each.name) for each in facts),
    ).group_by(found.c.resource_id)


@dataclass(frozen=True, slots=True)
class Seat:
    """A provider or a resource, taken for one seat of a group start."""

    session_id: uuid.UUID
    resource_id: uuid.UUID
    seat: int


# Nobody's id.
_NONE = uuid.UUID(int=0)
_BLOCKING = _blocking_statement()


def blocking(
    session: Session,
    resource_ids: Collection[uuid.UUID],
    window: Span,
    *,
    group_service: uuid.UUID | None,
    now: dt.datetime,
    except_for: uuid.UUID | None = None,
) -> Mapping[uuid.UUID, list[Taken]]:
    """What is taken of the time of providers and resources around a window.

    Args:
        session: A transaction pinned to the shop.
        resource_ids: Whose time.
        window: What blocks any of it is wanted.
        group_service: The service whose group starts are told apart, if any.
        now: Holds that have expired by then do not count.
        except_for: A booking that is about to move, or a hold that is cited.
    """
    rows = session.execute(
        _BLOCKING,
        {
            "resources": list(resource_ids),
            "span": Range(moment(window[0]), moment(window[1])),
            "now": now,
            "group_service": group_service or _NONE,
            "except_for": except_for or _NONE,
        },
    )
    return {
        row.resource_id: [
            Taken(
                span=(start, end),
                appointment=(begins, finishes),
                session=begins if group_of else None,
                provider_id=group_of,
                expires_at=expires_at,
            )
            for start, end, begins, finishes, group_of, expires_at in zip(
                row.start,
                row.end,
                row.begins,
                row.finishes,
                row.group_of,
                row.expires_at,
                strict=True,
            )
        ]
        for row in rows
    }


def seats(session: Session, groups: Collection[uuid.UUID]) -> Sequence[Seat]:
    """What is taken by the sessions of group starts."""
    query = select(Allocation.session_id, Allocation.resource_id, Allocation.seat)
    rows = session.execute(query.where(Allocation.session_id.in_(groups)))
    return [Seat(*row) for row in rows]


def clear_expired(
    session: Session, resource_ids: Collection[uuid.UUID], span: Span, *, now: dt.datetime
) -> bool:
    """Remove the holds in the way that have expired; say whether there were any."""
    in_the_way = select(Allocation.hold_id).where(
        Allocation.resource_id.in_(resource_ids),
        Allocation.blocked.overlaps(Range(moment(span[0]), moment(span[1]))),
        Allocation.expires_at <= now,
    )
    # One that is locked is just being cited, by a request that came in time.
    gone = select(Hold.id).where(Hold.id.in_(in_the_way)).with_for_update(skip_locked=True)
    ids = session.scalars(gone).all()
    if ids:
        session.execute(delete(Hold).where(Hold.id.in_(ids)))
    return bool(ids)
