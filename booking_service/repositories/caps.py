"""What counts towards the caps of a day, and the limits of a client."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Uuid,
    cast,
    extract,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from booking_service.domain.localtime import Span, moment
from booking_service.domain.status import COUNTED, OPEN
from booking_service.models import Booking, Hold


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts on one local day.

    Attributes:
        minutes: Of the appointments, without buffers.
        expires_at: The second in which the first of the holds among them ends to
            count; None if there is none.
    """

    appointments: int
    minutes: int
    expires_at: int | None


@dataclass(frozen=True)
class Scope:
    """What is counted.

    Attributes:
        window: Starts lie in it.
        timezone: The shop's, whose days are counted.
        now: Holds that have expired by then do not count.
        except_for: A booking or hold that does not count either.
    """

    window: Span
    timezone: str
    now: dt.datetime
    except_for: uuid.UUID | None = None


def per_provider(
    session: Session,
    scope: Scope,
    *,
    provider_ids: Collection[uuid.UUID],
    service_id: uuid.UUID,
) -> Mapping[uuid.UUID, Mapping[dt.date, Tally]]:
    """How often a service is booked or held at each provider, day by day."""
    counted = _counted(scope)
    who = func.unnest(counted.c.provider_ids, type_=Uuid)
    server = who.table_valued("id").render_derived().lateral()
    query = (
        _tallies(counted, scope, server.c.id)
        .join_from(counted, server, true())
        .where(counted.c.service_id == service_id, server.c.id.in_(provider_ids))
    )
    found: dict[uuid.UUID, dict[dt.date, Tally]] = {}
    for provider_id, day, *tally in session.execute(query):
        found.setdefault(provider_id, {})[day] = Tally(*tally)
    return found


def of_shop(session: Session, scope: Scope) -> Mapping[dt.date, Tally]:
    """How much is booked and held in the whole shop, day by day."""
    query = _tallies(_counted(scope), scope)
    return {day: Tally(*tally) for day, *tally in session.execute(query)}


def open_bookings(
    session: Session, client_id: uuid.UUID, *, now: dt.datetime
) -> tuple[int, dt.datetime | None]:
    """How many bookings of a client are still to begin, and when the first does."""
    query = select(func.count(), func.min(Booking.starts_at)).where(
        Booking.client_id == client_id, Booking.status.in_(OPEN), Booking.starts_at > now
    )
    count, first = session.execute(query).one()
    return count, first


def live_holds(session: Session, client_id: uuid.UUID, *, now: dt.datetime) -> int:
    """How many slots a client holds."""
    query = select(func.count()).where(Hold.client_id == client_id, Hold.expires_at > now)
    return session.scalar(query) or 0


def _counted(scope: Scope) -> Subquery:
    starts, ends = (moment(instant) for instant in scope.window)

    def rows(model: type[Booking | Hold], expires_at: ColumnElement[Any]) -> Select[Any]:
        query = select(
            func.array_prepend(model.provider_id, model.further_provider_ids).label(
                "provider_ids"
            ),
            model.service_id,
            model.starts_at,
            model.ends_at,
            expires_at.label("expires_at"),
        ).where(model.starts_at >= starts, model.starts_at < ends)
        if scope.except_for is not None:
            query = query.where(model.id != scope.except_for)
        return query

    seconds = cast(func.floor(extract("epoch", Hold.expires_at)), BigInteger)
    return union_all(
        rows(Booking, cast(null(), BigInteger)).where(Booking.status.in_(COUNTED)),
        rows(Hold, seconds).where(Hold.expires_at > scope.now),
    ).subquery("counted")


def _tallies(counted: Subquery, scope: Scope, *keys: ColumnElement[Any]) -> Select[Any]:
    day = cast(func.timezone(literal(scope.timezone), counted.c.starts_at), Date)
    seconds = func.sum(extract("epoch", counted.c.ends_at - counted.c.starts_at))
    return select(
        *keys,
        day,
        func.count(),
        cast(seconds / 60, Integer),
        func.min(counted.c.expires_at),
    ).group_by(*keys, day)
